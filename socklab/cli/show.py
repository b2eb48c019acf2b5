"""`socklab show`: what a lab asks, and its file."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from socklab.cli.names import LabFolders, LabName, from_here
from socklab.cli.streams import put, width
from socklab.errors import LabError
from socklab.lab import header_of
from socklab.packs import find


def show(
    lab: LabName,
    folders: LabFolders = None,
    source: Annotated[
        bool, typer.Option("--source", help="Print the lab's file instead, as it is.")
    ] = False,
) -> None:
    """Show what a lab asks, what there is to see, and its source."""
    path = find(lab, folders or ())
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
    rows = {**header, "File": from_here(path)}
    for name, text in rows.items():
        lines += textwrap.wrap(
            text,
            columns,
            initial_indent=f"{name + ':':<10}",
            subsequent_indent=" " * 10,
            break_long_words=False,
            break_on_hyphens=False,
        )
    # A folder that was given would have to be given again.
    named = shlex.quote(from_here(path)) if folders else lab
    lines += [
        "",
        f"socklab run {named}",
        f"socklab show {named} --source > mine.py   # a copy to change: socklab run ./mine.py",
    ]
    put("\n".join(lines))
