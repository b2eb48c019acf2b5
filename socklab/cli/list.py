"""`socklab list`: which labs there are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from socklab.cli.ending import complain
from socklab.cli.streams import put, width
from socklab.errors import LabError
from socklab.lab import catalogue, header_of


def list_labs(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead.")] = False,
) -> None:
    """Show the labs there are, folder by folder."""
    labs, broken = _headers(catalogue())
    if as_json:
        import json

        put(json.dumps([_described(*lab) for lab in labs], indent=2))
    else:
        put("\n".join(_lines(labs, width())) or "there are no labs")
    for problem in broken:
        complain(problem)
    if broken:
        raise typer.Exit(LabError.exit_code)


Described = tuple[str, Path, str, dict[str, str]]
"""A lab's name, file, title and header."""


def _headers(found: dict[str, Path]) -> tuple[list[Described], list[LabError]]:
    """What the labs say of themselves, and what is wrong with those that do not."""
    labs: list[Described] = []
    broken: list[LabError] = []
    for name, path in found.items():
        try:
            labs.append((name, path, *header_of(path)))
        except LabError as problem:
            broken.append(problem)
    return labs, broken


def _described(name: str, path: Path, title: str, header: dict[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "folder": path.parent.name,
        "path": str(path),
        "title": title,
        **{field.lower(): text for field, text in header.items()},
    }


def _lines(labs: list[Described], columns: int) -> list[str]:
    import textwrap

    lines: list[str] = []
    folder = ""
    longest = max((len(name) for name, *_ in labs), default=0)
    for name, path, title, _ in labs:
        if path.parent.name != folder:
            lines += ["", f"{path.parent.name}/"] if folder else [f"{path.parent.name}/"]
            folder = path.parent.name
        beside = 2 + longest + 2
        if columns - beside >= 24:
            start, rest = f"  {name:<{longest}}  ", " " * beside
        else:  # no room beside the name
            lines.append(f"  {name}")
            start = rest = "      "
        lines += textwrap.wrap(
            title,
            columns,
            initial_indent=start,
            subsequent_indent=rest,
            break_on_hyphens=False,  # TIME-WAIT is one word
        )
    return lines
