"""`socklab coverage`: which arrows of the state diagram labs have seen taken, on real ends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from socklab.cli import saving
from socklab.cli.ending import complain
from socklab.cli.exports import Force, only_one_printed
from socklab.cli.names import Jobs, LabFolders, LabTags, see_jobs
from socklab.cli.options import AsJson, Link
from socklab.cli.streams import ascii_only, color, put, width
from socklab.errors import ExperimentError, LabError, ToolError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from socklab.coverage import Coverage
    from socklab.record import Record


def coverage(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE...",
            readable=False,  # one that is not is told as all other mistakes are
            help="Records, as `socklab run --record` wrote them; `-` is standard input. Without "
            "any, all labs are run.",
        ),
    ] = None,
    slow: Annotated[
        bool,
        typer.Option("--slow", help="Also run slow labs, and expect the arrow that takes 60 s."),
    ] = False,
    require: Annotated[
        bool,
        typer.Option(
            "--require",
            help="Fail if an arrow of figure 5 is lost. Where all labs are run, it always does.",
        ),
    ] = False,
    all_steps: Annotated[
        bool,
        typer.Option("--all-steps", help="Show also the steps that figure 5 does not draw."),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Name every lab, and not the first three.")
    ] = False,
    as_json: AsJson = False,
    svg: Annotated[
        Path | None,
        typer.Option(
            "--svg",
            metavar="FILE",
            readable=False,
            help="Draw figure 5, with what was seen inked.",
        ),
    ] = None,
    dot: Annotated[
        Path | None,
        typer.Option(
            "--dot", metavar="FILE", readable=False, help="Write the same as a graph for Graphviz."
        ),
    ] = None,
    force: Force = False,
    tags: LabTags = None,
    folders: LabFolders = None,
    jobs: Jobs = None,
    link: Link = "auto",
) -> None:
    """Show which arrows of the state diagram labs have seen taken."""
    pictures = {"--svg": svg, "--dot": dot}
    _check(pictures, files or [], tags or [], as_json=as_json, force=force, jobs=jobs)
    codes: list[int] = []
    if files:
        from socklab.cli.reading import records_in

        records = [record for file in files for record in records_in(file)]
    else:
        from socklab.cli.selection import every
        from socklab.cli.witnesses import witnesses

        selected = every(tags or [], folders or [], slow=slow)
        records, codes = witnesses(selected, slow=slow, jobs=jobs, link=link, folders=folders or [])
    counted = _count(records)
    lost = counted.lost(slow=slow) if require or not (files or tags) else []
    _show(counted, pictures, slow=slow, all_steps=all_steps, verbose=verbose, as_json=as_json)
    for step in lost:
        from socklab.coverage import wanted

        complain(
            f"no lab witnesses {step.state} → {step.next} on {step.on}: it takes {wanted(step)}"
        )
        codes.append(ExperimentError.exit_code)
    from socklab.outcome import exit_code_of

    raise typer.Exit(exit_code_of(codes))


def _check(
    pictures: dict[str, Path | None],
    files: Sequence[Path],
    tags: Sequence[str],
    *,
    as_json: bool,
    force: bool,
    jobs: int | None,
) -> None:
    """See, before anything is run, that what was asked for can be.

    Raises:
        LabError: it can't.
    """
    if files and tags:
        raise LabError("--tag chooses labs to run: leave it out, or leave out the files")
    see_jobs(jobs)
    printed = [option for option, path in pictures.items() if str(path) == "-"]
    if as_json:
        printed.append("--json")
    only_one_printed(printed)
    drawn = [(option, path) for option, path in pictures.items() if path and str(path) != "-"]
    for option, path in drawn:
        saving.check(path, option, force=force)
    saving.apart(drawn)


def _count(records: Sequence[Record]) -> Coverage:
    from socklab.coverage import Coverage
    from socklab.ss import SsError

    counted = Coverage()
    for record in records:
        try:
            counted.add(record)
        except SsError as problem:
            raise ToolError(f"a look in the Record of {record.lab}: {problem}") from problem
    return counted


def _show(
    counted: Coverage,
    pictures: dict[str, Path | None],
    *,
    slow: bool,
    all_steps: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    from socklab.views.coverage import table

    drawn = {option: path for option, path in pictures.items() if path is not None}
    for option, path in drawn.items():
        text = _draw(option, counted, slow=slow, all_steps=all_steps)
        if str(path) == "-":
            put(text.removesuffix("\n"))
        else:
            saving.save(path, text.removesuffix("\n"), option)
    if as_json:
        import json

        put(json.dumps(counted.to_json(), indent=1))
    elif "-" not in map(str, drawn.values()):
        text = table(
            counted,
            slow=slow,
            all_steps=all_steps,
            verbose=verbose,
            width=width(),
            color=color(),
            ascii=ascii_only(),
        )
        put(text.removesuffix("\n"))


def _draw(option: str, counted: Coverage, *, slow: bool, all_steps: bool) -> str:
    from socklab.coverage import FIGURE_5
    from socklab.tcp import LINUX_STEPS, STEPS
    from socklab.views.coverage import heading, inks
    from socklab.views.diagram import diagram
    from socklab.views.graph import dot

    if option == "--dot":
        return dot(inks(counted, STEPS + LINUX_STEPS if all_steps else FIGURE_5, slow=slow))
    drawn = {(step.state, step.next): ink for step, ink in inks(counted, slow=slow).items()}
    return diagram(drawn, heading=heading(counted))
