"""Rules on the header of a lab: its docstring, line by line."""

from __future__ import annotations

import ast
import difflib
import inspect
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from socklab.lab import FIELDS, REQUIRED
from socklab.lint.finding import Finding
from socklab.lint.source import Source
from socklab.packs import name_of

COMPLETE = (*REQUIRED, "Level", "Tags")
"""What a finished lab's header has: more than a run asks for."""

LEVELS = ("1", "2", "3")

BENCHES = ("wire", "wire or loopback")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the header that begins with `word:`, and the text up to the next."""

    word: str
    text: str
    number: int

    @property
    def field(self) -> str | None:
        """The field that the word stands for, or nearly; None if it is a word like others."""
        known = {field.lower(): field for field in FIELDS}
        near = difflib.get_close_matches(self.word.lower(), known, n=1, cutoff=0.75)
        return known[near[0]] if near else None


def findings(source: Source, nexts: Collection[str]) -> Iterator[Finding]:
    """What is wrong with a header.

    Args:
        source: the lab.
        nexts: the labs that it may lead on to.
    """
    title, lines = _read(source)
    if not title:
        yield source.finding(1, "header", "it has no title: say in its first line what it shows")
    fields = {line.word: line for line in reversed(lines) if line.word in FIELDS}
    if missing := [name for name in COMPLETE if name not in fields or not fields[name].text]:
        told = f"it has no {', '.join(missing)}: write a line `{missing[0]}: …`"
        yield source.finding(1, "header", told)
    yield from _words(source, lines)
    yield from _order(source, list(fields.values()))
    yield from _values(source, fields, nexts)


def _read(source: Source) -> tuple[str, list[Line]]:
    """The title, and what begins with a word and a colon below it."""
    text = ast.get_docstring(source.tree, clean=False) or ""
    blank = text[: len(text) - len(text.lstrip())].count("\n")
    first = (source.tree.body[0].lineno if text else 1) + blank
    lines = inspect.cleandoc(text).splitlines()
    found = []
    for number, line in enumerate(lines):
        if begun := re.match(r"(\w+):(.*)", line):
            rest = lines[number + 1 :]
            end = next((n for n, after in enumerate(rest) if not after[:1].isspace()), len(rest))
            told = " ".join(" ".join([begun[2], *rest[:end]]).split())
            found.append(Line(begun[1], told, first + number))
    title = lines[0] if lines else ""
    if found and found[0].number == first:
        if found[0].field:
            title = ""
        else:
            found = found[1:]  # "Half: the client has said goodbye" is a title
    return title, found


def _words(source: Source, lines: Sequence[Line]) -> Iterator[Finding]:
    """Fields that are misspelt or written twice, and others between the fields."""
    known = [line.number for line in lines if line.word in FIELDS]
    seen: set[str] = set()
    for line in lines:
        if line.word in seen:
            yield source.finding(line.number, "field", f"{line.word} is there twice: keep one")
        elif line.word in FIELDS:
            seen.add(line.word)
        elif line.field:
            told = f"`{line.word}:` is no field: did you mean `{line.field}:`?"
            yield source.finding(line.number, "field", told)
        elif known and known[0] < line.number < known[-1]:
            told = f"`{line.word}:` is no field; a header has {', '.join(FIELDS)}"
            yield source.finding(line.number, "field", told)


def _order(source: Source, fields: Sequence[Line]) -> Iterator[Finding]:
    """The first field that stands where another should."""
    written = sorted(fields, key=lambda line: line.number)
    wanted = [name for name in FIELDS if name in {line.word for line in written}]
    for line, name in zip(written, wanted, strict=True):
        if line.word != name:
            yield source.finding(
                line.number, "field", f"{name} comes before {line.word}: {', '.join(wanted)}"
            )
            return


def _values(
    source: Source, fields: Mapping[str, Line], nexts: Collection[str]
) -> Iterator[Finding]:
    """What the fields say."""
    given = {name: line for name, line in fields.items() if line.text}
    if (line := given.get("Question")) and not line.text.endswith("?"):
        yield source.finding(line.number, "question", "it ends with no question mark: ask one")
    if (line := given.get("Level")) and line.text not in LEVELS:
        yield source.finding(line.number, "level", f"{line.text!r} is none of 1, 2 and 3")
    if (line := given.get("Bench")) and line.text not in BENCHES:
        yield source.finding(
            line.number, "bench", f"{line.text!r} is neither `wire` nor `wire or loopback`"
        )
    yield from _waits(source, given.get("Waits"))
    if line := given.get("Next"):
        if line.text == name_of(source.path):
            yield source.finding(line.number, "next", "it leads back to itself: name another lab")
        elif line.text not in nexts:
            near = difflib.get_close_matches(line.text, nexts, n=1)
            advice = f"did you mean {near[0]}?" if near else "`socklab list` shows them all"
            yield source.finding(line.number, "next", f"there is no lab {line.text!r}; {advice}")


def _waits(source: Source, line: Line | None) -> Iterator[Finding]:
    """The header and the story do not agree on whether `--slow` makes it wait."""
    asks = [
        node.lineno
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and node.attr == "slow"
    ]
    if asks and line is None:
        told = "the story asks `bench.slow`: say in a line `Waits: …` what it then waits for"
        yield source.finding(min(asks), "waits", told)
    if line is not None and not asks:
        told = "the story never asks `bench.slow`, so it waits for nothing: leave this out"
        yield source.finding(line.number, "waits", told)
