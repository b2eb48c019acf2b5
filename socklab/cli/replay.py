"""`socklab replay`: make the moves of a recorded run again, and compare the two."""

from __future__ import annotations

import sys
from contextlib import nullcontext, redirect_stdout
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from socklab.cli import saving
from socklab.cli.names import LabFolders
from socklab.cli.options import Link
from socklab.cli.reading import chosen, records_in, told_as
from socklab.cli.streams import ascii_only, color, put, width
from socklab.errors import ExperimentError, LabError

if TYPE_CHECKING:
    from socklab.record import Record


def replay(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            readable=False,  # one that is not is told as all other mistakes are
            help="A Record, as `socklab run --record` wrote it; `-` is standard input.",
        ),
    ],
    lab: Annotated[
        str | None,
        typer.Option(
            "--lab",
            metavar="LAB",
            help="Of a file with several Records, that of this lab; or its number, from 1. A path "
            "to the lab's file, if its name finds none.",
        ),
    ] = None,
    folders: LabFolders = None,
    link: Link = "auto",
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every move, and what ss showed after it.")
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print the Record of the replay as JSON instead; how the two compare is then told "
            "on standard error.",
        ),
    ] = False,
) -> None:
    """Make the moves of a recorded run again, and say whether it went the same way."""
    recorded, found_by = _asked(file, lab)

    from socklab.cli.signals import Signals
    from socklab.lab import load
    from socklab.packs import find
    from socklab.runner import replay as again
    from socklab.views.comparison import Comparison
    from socklab.views.ladder import ladder
    from socklab.views.side_by_side import side_by_side

    loaded = load(find(found_by, folders or ()))
    ipv6 = any(":" in address for address in recorded.hosts.values())
    # A lab may print what it likes, but not into a document.
    apart = redirect_stdout(sys.stderr) if as_json else nullcontext()
    with Signals() as signals, apart:
        repeated = signals.run(partial(again, loaded, recorded.moves(), link=link, ipv6=ipv6))
    if as_json:
        put(saving.to_text([repeated], several=False))
    else:
        text = ladder(repeated, width=width(), color=color(), verbose=verbose, ascii=ascii_only())
        put(text.removesuffix("\n") + "\n")
    compared = Comparison(_moved(recorded), repeated)
    if compared.same:
        told = f"The same as in {told_as(file)}, but for times and ports."
    else:
        names = told_as(file), "now"
        told = side_by_side(compared, names, width=width(), color=color(), ascii=ascii_only())
    if as_json:
        print(told.removesuffix("\n"), file=sys.stderr)
    else:
        put(told.removesuffix("\n"))
    if not compared.same:
        raise typer.Exit(ExperimentError.exit_code)


def _asked(file: Path, lab: str | None) -> tuple[Record, str]:
    """The Record whose moves are made again, and what finds its lab: a name or a path.

    Raises:
        LabError: it can't be read, or is of a run that can't be replayed; or which is not said.
    """
    from socklab.packs import is_path, name_of

    records = records_in(file)
    if len(records) == 1:
        recorded, found_by = records[0], lab or records[0].lab
    else:
        path = lab if lab and is_path(lab) else None
        several = chosen(records, name_of(Path(path)) if path else lab, file)
        if len(several) > 1:
            raise LabError(
                f"a replay makes the moves of one run, and {told_as(file)} has "
                f"{len(several)}: --lab says which"
            )
        recorded, found_by = several[0], path or several[0].lab
    if recorded.bench != "wire":
        raise LabError(
            f"{told_as(file)} is of a run on loopback, where nobody held what there is to replay"
        )
    return recorded, found_by


def _moved(record: Record) -> Record:
    """A Record without what its story said, which a replay of its moves does not ask again."""
    from dataclasses import replace

    from socklab.record import Event, Expect, Trouble

    events: list[Event] = [
        event
        for event in record.events
        if not isinstance(event, Expect)
        and not (isinstance(event, Trouble) and event.who == "story")
    ]
    return replace(record, events=events)
