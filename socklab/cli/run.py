"""`socklab run`: run labs, show what happened, and say whether it was as expected."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from socklab.cli.ending import Interrupted, complain
from socklab.cli.exports import Exports, Force, with_files
from socklab.cli.names import HELP, Jobs, LabFolders, LabTags, complete
from socklab.cli.options import Link
from socklab.cli.streams import put
from socklab.errors import LabError


@with_files(after="record")
def run(
    labs: Annotated[
        list[str] | None, typer.Argument(metavar="LAB...", help=HELP, autocompletion=complete)
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Run all labs, side by side, and sum up.")
    ] = False,
    tags: LabTags = None,
    slow: Annotated[
        bool,
        typer.Option(
            "--slow", help="Also run slow labs; where a lab can wait for the kernel, let it."
        ),
    ] = False,
    folders: LabFolders = None,
    jobs: Jobs = None,
    repeat: Annotated[
        int | None,
        typer.Option("--repeat", metavar="N", help="Run each N times, and see that all are alike."),
    ] = None,
    watchdog: Annotated[
        float | None,
        typer.Option(
            "--watchdog",
            metavar="SECONDS",
            help="Stop a lab that runs for longer.  [default: 60, and 300 for slow labs]",
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print the Record as JSON instead; of several labs, an array of them."
        ),
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record", metavar="FILE", help="Write the same JSON to a file, whatever is printed."
        ),
    ] = None,
    html_dir: Annotated[
        Path | None,
        typer.Option(
            "--html-dir",
            metavar="DIR",
            readable=False,  # one that is not is told as all other mistakes are
            help="Write a site: a page for each lab, and an index to find one by.",
        ),
    ] = None,
    junit: Annotated[
        Path | None,
        typer.Option("--junit", metavar="FILE", help="Write a report for CI, in JUnit's XML."),
    ] = None,
    force: Force = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every move, and what ss showed after it.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Show the ladder rung by rung, as it grows.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print one line for each lab.")
    ] = False,
    control: Annotated[
        bool,
        typer.Option("--control", help="Take the lab's cause away, and see that it then fails."),
    ] = False,
    pause: Annotated[
        bool,
        typer.Option("--pause", help="Where a run fails, keep its hosts to look at until Enter."),
    ] = False,
    ipv6: Annotated[bool, typer.Option("--ipv6", help="Give the hosts IPv6 addresses.")] = False,
    bench: Annotated[
        Literal["auto", "wire", "loopback"],
        typer.Option("--bench", help="Run on a held wire, or on this machine's loopback."),
    ] = "auto",
    link: Link = "auto",
    **files: Path | None,
) -> None:
    """Run labs and show each as a ladder, or run many side by side and sum up."""
    side_by_side = everything or bool(tags) or {jobs, repeat, watchdog} != {None}
    _check_selection(labs or [], everything=everything or bool(tags))
    for option, number in (("--jobs", jobs), ("--repeat", repeat), ("--watchdog", watchdog)):
        if number is not None and not number > 0:
            raise LabError(f"{option} wants a number above 0")
    if pause and side_by_side:
        raise LabError("--pause keeps the hosts of one run: name a lab, and no number of jobs")
    if pause and not sys.stdin.isatty():
        raise LabError("--pause waits for Enter, and standard input is no terminal")
    if follow and side_by_side:
        raise LabError("--follow shows one run at a time: name labs, and no number of jobs")
    exports = Exports(files, force=force, record=record, junit=junit, site=html_dir)
    shown = {"--quiet": quiet, "--follow": follow, "--verbose": verbose, "--json": as_json}
    _check_showing(shown | dict.fromkeys(exports.printed, True))
    if control and bench == "loopback":
        raise LabError("--control needs a held wire: leave out --bench loopback")
    if control and html_dir is not None:
        raise LabError("--html-dir shows labs, and not their controls: leave out --control")

    # A typo is told before anything is imported that runs a lab.
    from socklab.cli import selection

    if labs:
        selected = selection.named(labs, folders or (), slow=slow)
    else:
        selected = selection.every(tags or (), folders or (), slow=slow)
    exports.check_count(len(selected.labs))

    from socklab.cli.attempt import Options
    from socklab.cli.brief import put_brief
    from socklab.cli.report import keep, summarise
    from socklab.cli.signals import Signals
    from socklab.outcome import exit_code_of

    options = Options(
        as_json or bool(exports.printed),
        verbose,
        slow,
        control,
        pause,
        ipv6,
        bench,
        link,
        tuple(folders or ()),
        follow=follow,
        quiet=quiet,
    )
    began = time.strftime("%Y-%m-%dT%H:%M:%S")
    with Signals() as signals:
        if side_by_side:
            from socklab.cli.many import Manner, run_many

            finished = run_many(selected.labs, options, Manner(jobs, watchdog, repeat or 1))
        else:
            from socklab.cli.session import one_by_one

            finished = one_by_one(selected.labs, options, signals)
        codes = [outcome.exit_code for outcome in finished.outcomes]
        if as_json and finished.stopped_by is None and (text := finished.text()) is not None:
            put(text)
        elif exports.printed:
            if finished.stopped_by is None and finished.only_record is not None:
                codes.append(exports.put(finished.only_record))
        elif side_by_side and quiet:
            names = max((len(outcome.lab) for outcome in finished.outcomes), default=0)
            for outcome in finished.outcomes:
                put_brief(outcome, options, names=names)
        elif side_by_side and not as_json:
            summarise(finished, options, left_out=selected.left_out, times=repeat or 1)
        codes.append(keep(finished, began, exports))
        if exports.site is not None:
            from socklab.cli.site import put_site

            codes.append(put_site(exports.site, finished, selected, options, began))
    for problem in selected.problems:
        complain(problem)
        codes.append(problem.exit_code)
    if finished.stopped_by is not None:
        raise Interrupted(finished.stopped_by)
    raise typer.Exit(exit_code_of(codes))


def _check_selection(labs: list[str], *, everything: bool) -> None:
    """See that the labs were named, or described.

    Raises:
        LabError: neither, or both.
    """
    if labs and everything:
        raise LabError("--all and --tag choose the labs: leave them out, or leave out the names")
    if not labs and not everything:
        raise LabError("which lab? `socklab list` shows them, and --all runs them all")


def _check_showing(asked: Mapping[str, bool]) -> None:
    """See that the options that say what is shown do not say different things.

    Args:
        asked: each, and whether it was given.

    Raises:
        LabError: two do.
    """
    given = [option for option, is_given in asked.items() if is_given]
    if "--quiet" not in given and "--verbose" in given:
        given.remove("--verbose")  # It tells more of whatever is shown.
    if len(given) > 1:
        raise LabError(f"{given[0]} and {given[1]} ask for different things: leave one of them out")
