"""The argument LAB, which a shell can complete."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from socklab.errors import LabError
from socklab.lab import catalogue, header_of


def complete(incomplete: str) -> list[tuple[str, str]]:
    """The labs whose name begins so, each with its title.

    For a path there are none, and the shell completes files.
    """
    try:
        labs = catalogue()
    except LabError:
        return []
    return [(name, _title(path)) for name, path in labs.items() if name.startswith(incomplete)]


def _title(path: Path) -> str:
    try:
        return header_of(path)[0]
    except LabError:
        return ""


HELP = "A lab's name, as `socklab list` shows it, or a path to a lab's file."

LabName = Annotated[str, typer.Argument(metavar="LAB", help=HELP, autocompletion=complete)]
LabNames = Annotated[
    list[str], typer.Argument(metavar="LAB...", help=HELP, autocompletion=complete)
]
