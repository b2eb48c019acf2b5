"""The arguments and options that name labs, which a shell can complete."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from socklab.errors import LabError
from socklab.lab import header_of, tags_of
from socklab.packs import shelf


def complete(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The labs whose name begins so, each with its title.

    For a path there are none, and the shell completes files.
    """
    labs = _labs(ctx)
    return [(name, _title(path)) for name, path in labs.items() if name.startswith(incomplete)]


def complete_tag(ctx: typer.Context, incomplete: str) -> list[str]:
    """The tags that begin so; what was typed stays as it is, in whichever case."""
    begun = incomplete.lower()
    every = set().union(*map(tags_of, _labs(ctx).values()))
    return sorted(incomplete + tag[len(begun) :] for tag in every if tag.startswith(begun))


def _labs(ctx: typer.Context) -> dict[str, Path]:
    try:
        return shelf([Path(folder) for folder in ctx.params.get("folders") or ()]).labs
    except LabError:
        return {}


def _title(path: Path) -> str:
    try:
        return header_of(path)[0]
    except LabError:
        return ""


HELP = "A lab's name, as `socklab list` shows it, or a path to a lab's file."

LabName = Annotated[str, typer.Argument(metavar="LAB", help=HELP, autocompletion=complete)]

LabFolders = Annotated[
    list[Path] | None,
    typer.Option(
        "--labs",
        metavar="DIR",
        readable=False,  # one that is not is told as all other mistakes are
        help="A folder with more labs; may be given again. Those of SOCKLAB_LABS are there, too.",
    ),
]
"""What a command calls `folders`, and gives to `packs.find` or `packs.shelf`."""

LabTags = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        metavar="TAG",
        help="Only labs with this tag, or in a folder of that name; may be given again.",
        autocompletion=complete_tag,
    ),
]


Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        metavar="N",
        help="Run N at a time.  [default: one for each processor, and all the slow ones]",
    ),
]
"""How many labs run side by side."""


def see_jobs(jobs: int | None) -> None:
    """See, before anything is run, that so many labs can run at a time.

    Raises:
        LabError: it is no number above 0.
    """
    if jobs is not None and jobs < 1:
        raise LabError("--jobs wants a number above 0")


def from_here(path: Path) -> str:
    """A path as one would type it from where one stands."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):  # elsewhere, or where one stands is gone
        return str(path)
