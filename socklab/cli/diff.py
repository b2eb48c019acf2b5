"""`socklab diff`: where did two runs part?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from socklab.cli.options import AsJson
from socklab.cli.reading import OfSeveral, chosen, records_in
from socklab.cli.streams import ascii_only, color, put, width
from socklab.errors import ExperimentError, LabError

if TYPE_CHECKING:
    from socklab.record import Record
    from socklab.views.comparison import Comparison


def diff(
    one: Annotated[
        Path,
        typer.Argument(
            metavar="A",
            readable=False,  # one that is not is told as all other mistakes are
            help="A Record, as `socklab run --record` wrote it.",
        ),
    ],
    other: Annotated[
        Path,
        typer.Argument(
            metavar="B", readable=False, help="The one to compare with; `-` is standard input."
        ),
    ],
    lab: OfSeveral = None,
    times: Annotated[bool, typer.Option("--times", help="Compare times, too.")] = False,
    ports: Annotated[
        bool, typer.Option("--ports", help="Compare the ports that the kernel picked, too.")
    ] = False,
    copies: Annotated[
        bool, typer.Option("--copies", help="Compare what the kernel sent again, too.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show all from where they part.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show where two runs part, step by step and side by side."""
    if str(one) == str(other) == "-":
        raise LabError("standard input is one file: give a second one")
    mine, theirs = (chosen(records_in(file), lab, file) for file in (one, other))

    from socklab.views.comparison import Comparison
    from socklab.views.steps import Counted

    counted = Counted(times=times, ports=ports, copies=copies)
    names = str(one), str(other)
    if len(mine) == len(theirs) == 1:
        compared = Comparison(mine[0], theirs[0], counted)
        same = compared.same
        if as_json:
            _put_json(compared.to_json())
        else:
            _put_side_by_side(compared, names, verbose=verbose)
    else:
        pairs = Pairs(mine, theirs)
        all_compared = {lab: Comparison(*pair, counted) for lab, pair in pairs.both.items()}
        same = all(each.same for each in all_compared.values()) and not any(pairs.only)
        if as_json:
            _put_json([each.to_json() for each in all_compared.values()])
        else:
            _put_overview(all_compared, names, pairs.only)
    if not same:
        raise typer.Exit(ExperimentError.exit_code)


class Pairs:
    """The Records of two files, each with that of the same lab in the other.

    Where a lab has several, the second has a number behind its name, and is paired with the second.
    """

    def __init__(self, mine: Sequence[Record], theirs: Sequence[Record]) -> None:
        one, other = _by_lab(mine), _by_lab(theirs)
        self.both = {lab: (record, other[lab]) for lab, record in one.items() if lab in other}
        self.only = [lab for lab in one if lab not in other], [x for x in other if x not in one]


def _by_lab(records: Sequence[Record]) -> dict[str, Record]:
    found: dict[str, Record] = {}
    counts: Counter[str] = Counter()
    for record in records:
        counts[record.lab] += 1
        number = f" {counts[record.lab]}" if counts[record.lab] > 1 else ""
        found[record.lab + number] = record
    return found


def _put_json(document: object) -> None:
    import json

    put(json.dumps(document, indent=1))


def _put_side_by_side(compared: Comparison, names: tuple[str, str], *, verbose: bool) -> None:
    from socklab.views.side_by_side import side_by_side

    text = side_by_side(
        compared, names, width=width(), color=color(), verbose=verbose, ascii=ascii_only()
    )
    put(text.removesuffix("\n"))


def _put_overview(
    compared: Mapping[str, Comparison],
    names: tuple[str, str],
    only: tuple[Sequence[str], Sequence[str]],
) -> None:
    from socklab.views.side_by_side import overview

    text = overview(compared, names, only=only, width=width(), color=color(), ascii=ascii_only())
    put(text.removesuffix("\n"))
