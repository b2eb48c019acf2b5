"""`socklab show`: what a lab asks, and its file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from socklab.cli.names import LabName
from socklab.cli.streams import put, width
from socklab.errors import LabError
from socklab.lab import find, header_of


def show(
    lab: LabName,
    source: Annotated[
        bool, typer.Option("--source", help="Print the lab's file instead, as it is.")
    ] = False,
) -> None:
    """Show what a lab asks, what there is to see, and its source."""
    path = find(lab)
    title, header = header_of(path)
    if source:
        try:
            put(path.read_text(encoding="utf-8").removesuffix("\n"))
        except OSError as refused:
            raise LabError(f"{path} can't be read: {refused.strerror}") from refused
        return
    import textwrap

    columns = width()
    lines = [*textwrap.wrap(title, columns, break_on_hyphens=False), ""]
    rows = {**header, "File": _from_here(path)}
    for name, text in rows.items():
        lines += textwrap.wrap(
            text,
            columns,
            initial_indent=f"{name + ':':<10}",
            subsequent_indent=" " * 10,
            break_long_words=False,
            break_on_hyphens=False,
        )
    lines += [
        "",
        f"socklab run {lab}",
        f"socklab show {lab} --source > mine.py   # a copy to change: socklab run ./mine.py",
    ]
    put("\n".join(lines))


def _from_here(path: Path) -> str:
    """A path as one would type it from where one stands."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):  # elsewhere, or where one stands is gone
        return str(path)
