"""`socklab replay`: make the moves of a recorded run again, and compare the two."""

from __future__ import annotations

import sys
from contextlib import nullcontext, redirect_stdout
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from socklab.cli import saving
from socklab.cli.names import LabFolders
from socklab.cli.streams import ascii_only, color, put, width
from socklab.errors import ExperimentError, LabError, SocklabError

if TYPE_CHECKING:
    from socklab.record import Record

SHOWN = 5
"""How many lines of each side are shown from where two Records part."""


def replay(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A Record, as `socklab run --record` wrote it.")
    ],
    lab: Annotated[
        str | None,
        typer.Option(
            "--lab", metavar="LAB", help="The lab's name or file, if the Record's name finds none."
        ),
    ] = None,
    folders: LabFolders = None,
    link: Annotated[
        Literal["auto", "tun", "veth"], typer.Option("--link", help="How to hold the wire.")
    ] = "auto",
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
    recorded = _read(file)

    from socklab.cli.signals import Signals
    from socklab.lab import load
    from socklab.packs import find
    from socklab.runner import replay as again
    from socklab.views.ladder import ladder

    loaded = load(find(lab or recorded.lab, folders or ()))
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
    comparison, same = _compared(file, recorded, repeated)
    if as_json:
        print(comparison, file=sys.stderr)
    else:
        put(comparison)
    if not same:
        raise typer.Exit(ExperimentError.exit_code)


def _compared(file: Path, recorded: Record, repeated: Record) -> tuple[str, bool]:
    """Where two Records part, in words; and whether they are the same in essence."""
    then, now = (record.essence(expectations=False) for record in (recorded, repeated))
    if then == now:
        return f"The same as in {file}, but for times and ports.", True
    parted = next(
        (n for n, pair in enumerate(zip(then, now, strict=False)) if pair[0] != pair[1]),
        min(len(then), len(now)),
    )
    lines = [f"Not the same as in {file}. They part here; recorded:"]
    lines += then[parted : parted + SHOWN] or ["(its end)"]
    lines.append("now:")
    lines += now[parted : parted + SHOWN] or ["(its end)"]
    return "\n".join(lines), False


def _read(file: Path) -> Record:
    """The one Record in a file.

    Raises:
        LabError: it can't be read, is no Record, or of a run that can't be replayed.
    """
    import json

    from socklab.record import Record

    try:
        recorded = Record.from_json(json.loads(file.read_text(encoding="utf-8")))
    except OSError as refused:
        raise LabError(f"{file} can't be read: {refused.strerror}") from refused
    except (ValueError, SocklabError) as problem:
        raise LabError(f"{file} is no Record of one run: {problem}") from problem
    if recorded.bench != "wire":
        raise LabError(f"{file} is of a run on loopback, where nobody held what there is to replay")
    return recorded
