"""How the code of a lab is laid out: what fits stands in one line, what does not is folded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

WIDTH = 100
"""Columns of a lab's file."""

INDENT = "    "


def called(head: str, arguments: Sequence[str], indent: str = INDENT) -> str:
    """A call, folded as `ruff format` would.

    Args:
        head: what is called, with what stands before it: `await bench.call`.
        arguments: its arguments, each as text.
        indent: what the line begins with.
    """
    told = ", ".join(arguments)
    if len(line := f"{indent}{head}({told})") <= WIDTH:
        return line
    if len(inner := f"{indent}{INDENT}{told}") <= WIDTH:
        return f"{indent}{head}(\n{inner}\n{indent})"
    return one_a_line(f"{indent}{head}(", arguments, indent)


def one_a_line(head: str, arguments: Iterable[str], indent: str = "") -> str:
    """A parenthesis with an argument in each line."""
    lines = "".join(f"{indent}{INDENT}{argument},\n" for argument in arguments)
    return f"{head}\n{lines}{indent})"


def imported(module: str, names: Iterable[str]) -> str:
    """`from module import …`, its names in the order of `ruff`: constants, classes, the rest."""
    ordered = sorted(set(names), key=_rank)
    if len(line := f"from {module} import {', '.join(ordered)}") <= WIDTH:
        return line
    return one_a_line(f"from {module} import (", ordered)


def _rank(name: str) -> tuple[int, str]:
    known_as = name.partition(" as ")[0]
    if known_as.isupper():
        return 0, name.lower()
    return (1 if known_as[:1].isupper() else 2), name.lower()


def keyword(name: str, text: str) -> str:
    """A keyword argument that is a text, in a line of its own; a long text in several pieces."""
    told = f"{name}={string(text)}"
    if len(told) + len(INDENT) + 1 <= WIDTH:
        return told
    room = WIDTH - 2 * len(INDENT)
    pieces = [""]
    for word in text.split(" "):
        longer = f"{pieces[-1]} {word}" if pieces[-1] else word
        # A piece that is not the last one ends with a blank.
        if pieces[-1] and len(string(longer)) >= (room + 1 if longer == text else room):
            pieces.append(word)
        else:
            pieces[-1] = longer
    pieces = [f"{piece} " for piece in pieces[:-1]] + pieces[-1:]
    lines = "".join(f"{INDENT * 2}{string(piece)}\n" for piece in pieces)
    return f"{name}=(\n{lines}{INDENT})"


def string(text: str) -> str:
    """A text as a lab writes it, in double quotes."""
    told = repr(text)
    return f'"{told[1:-1]}"' if told[0] == "'" and '"' not in text else told


def literal(data: bytes) -> str:
    """Bytes as a lab writes them, in double quotes."""
    told = repr(data)
    return f'b"{told[2:-1]}"' if told[1] == "'" and '"' not in told else told
