"""`socklab claims`: what is said of opening and closing connections, put to a kernel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from socklab.cli.ending import complain
from socklab.cli.names import Jobs, see_jobs
from socklab.cli.options import AsJson, Link
from socklab.cli.streams import ascii_only, put, width
from socklab.errors import ExperimentError, LabError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from socklab.claims import Claim, Judged
    from socklab.record import Record


def claims(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE...",
            readable=False,  # one that is not is told as all other mistakes are
            help="Judge by these Records, as `socklab run --record` wrote them.",
        ),
    ] = None,
    run: Annotated[
        bool, typer.Option("--run", help="Put the claims to this kernel, which takes a minute.")
    ] = False,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="With --run: leave out what takes real seconds."),
    ] = False,
    number: Annotated[
        list[int] | None,
        typer.Option("--number", "-n", metavar="N", help="Only this claim; may be given again."),
    ] = None,
    as_json: AsJson = False,
    jobs: Jobs = None,
    link: Link = "auto",
) -> None:
    """Show what books and blogs say of TCP connections, and whether it is so.

    Without --run and without FILE, as it was when this version of socklab was made.
    """
    if run and files:
        raise LabError("--run makes Records of its own: leave it out, or leave out the files")
    if quick and not run:
        raise LabError("--quick leaves out what --run would wait for: say --run, too")
    see_jobs(jobs)
    chosen = _chosen(number or [])
    codes: list[int] = []
    if run:
        records, codes = _run(chosen, quick=quick, jobs=jobs, link=link)
        judged = _judge(chosen, records)
    elif files:
        from socklab.cli.reading import records_in

        judged = _judge(chosen, [record for file in files for record in records_in(file)])
    else:
        from socklab.claims.document import observed

        judged = [each for each in observed() if each.claim in chosen]
    if as_json:
        import json

        from socklab.claims.document import to_json

        put(json.dumps(to_json(judged), indent=1))
    else:
        from socklab.views.claims import text

        put(text(judged, width=width(), ascii_only=ascii_only()))
    if run:
        codes += _missed(judged, quick=quick)
    from socklab.outcome import exit_code_of

    raise typer.Exit(exit_code_of(codes))


def _chosen(numbers: Sequence[int]) -> list[Claim]:
    from socklab.claims import said

    every = said()
    for number in numbers:
        if not 1 <= number <= len(every):
            raise LabError(f"there is no claim {number}; they go from 1 to {len(every)}")
    return [claim for claim in every if not numbers or claim.number in numbers]


def _judge(chosen: Sequence[Claim], records: Sequence[Record]) -> list[Judged]:
    from socklab.claims import judge

    return judge(chosen, records)


def _run(
    chosen: Sequence[Claim], *, quick: bool, jobs: int | None, link: str
) -> tuple[list[Record], list[int]]:
    """Run the labs that decide these claims, side by side: their Records, and exit codes."""
    from socklab.claims import labs_of
    from socklab.cli.selection import Selection, named
    from socklab.cli.witnesses import witnesses

    selected = named(labs_of(chosen, slow=not quick), [], slow=not quick)
    labs = [lab for lab in selected.labs if not (quick and lab.slow)]
    return witnesses(Selection(labs), slow=not quick, jobs=jobs, link=link)


def _missed(judged: Sequence[Judged], *, quick: bool) -> list[int]:
    """Tell what evidence was not met; it has the exit code of an expectation that was not met."""
    codes = []
    for each in judged:
        for evidence in each.missing:
            if quick and evidence.lab in _slow(judged):
                continue
            complain(f"claim {each.claim.number}: this run did not show {evidence}")
            codes.append(ExperimentError.exit_code)
    return codes


def _slow(judged: Sequence[Judged]) -> set[str]:
    """The labs of this evidence that --quick leaves out, in whole or in part."""
    from socklab.cli.selection import named

    names = {evidence.lab: None for each in judged for evidence in each.claim.evidence}
    return {lab.asked for lab in named(list(names), [], slow=True).labs if lab.slow}
