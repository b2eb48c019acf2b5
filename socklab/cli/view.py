"""`socklab view`: show a run from its Record, or write it as something else; on any system."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from socklab.cli import saving
from socklab.cli.exports import Exports, Force, only_one_printed, with_files
from socklab.cli.reading import OfSeveral, chosen, read
from socklab.cli.streams import ascii_only, color, put, width
from socklab.errors import LabError

if TYPE_CHECKING:
    from socklab.outcome import Outcome
    from socklab.record import Record

SIGNALS = ("Ctrl-C", "SIGTERM", "SIGHUP")
"""Who a Record says it was that ended an interrupted run; see ending.name_of."""


@with_files(after="as_json")
def view(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            readable=False,  # one that is not is told as all other mistakes are
            help="A Record, as `socklab run --record` wrote it; `-` is standard input.",
        ),
    ],
    lab: OfSeveral = None,
    as_ladder: Annotated[
        bool, typer.Option("--ladder", help="Print the ladder, also where a file is written.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the Record as JSON instead.")
    ] = False,
    force: Force = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every move, and what ss showed after it.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print one line: how it went, and why.")
    ] = False,
    **files: Path | None,
) -> None:
    """Show a recorded run, or write it as something else."""
    exports = Exports(files, force=force)
    flags = {"--ladder": as_ladder or verbose, "--json": as_json, "--quiet": quiet}
    printed = [option for option, given in flags.items() if given] + exports.printed
    only_one_printed(printed)

    records, is_array = read(file)
    shown = chosen(records, lab, file)
    if exports.options and len(shown) > 1:
        raise LabError(
            f"{exports.options[0]} shows one run, and {file} has {len(shown)}: --lab says which"
        )
    code = exports.save(shown[0])
    if as_json:
        put(saving.to_text(shown, several=is_array and lab is None))
    elif quiet:
        _brief(shown)
    elif exports.printed:
        code = max(code, exports.put(shown[0]))
    elif printed or not exports.options:
        _ladders(shown, verbose=verbose)
    raise typer.Exit(code)


def _brief(records: Sequence[Record]) -> None:
    """A line for each, as `socklab run --quiet` has them."""
    from socklab.views.brief import brief

    names = max(len(record.lab) for record in records)
    columns = width() if sys.stdout.isatty() else None
    for record in records:
        outcome = _outcome(record)
        put(brief(outcome, names=names, width=columns, color=color(), ascii=ascii_only()))


def _outcome(record: Record) -> Outcome:
    """What became of a run, as far as its Record tells."""
    from socklab.outcome import FAILED, SIGNALLED, Outcome
    from socklab.record import Trouble
    from socklab.views.ending import verdict_of

    # Of a run without a story nothing is expected: only what went wrong is.
    if record.passed or (record.replay and not any(record.of(Trouble))):
        return Outcome(record.lab, "", 0, record=record, took_s=record.duration_s)
    ended_by = [trouble.who for trouble in record.of(Trouble)][-1:]
    code = SIGNALLED if ended_by and ended_by[0] in SIGNALS else FAILED
    why = verdict_of(record).removeprefix("Not proved: ")
    return Outcome(record.lab, "", code, why, record, record.duration_s)


def _ladders(records: Sequence[Record], *, verbose: bool) -> None:
    from socklab.views.ladder import ladder

    for number, record in enumerate(records):
        if number:
            put("")
        text = ladder(record, width=width(), color=color(), verbose=verbose, ascii=ascii_only())
        put(text.removesuffix("\n"))
