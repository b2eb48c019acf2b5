"""`socklab explore`: try every order of moves on the real kernel, or walk among them at random."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from socklab.cli.ending import Interrupted
from socklab.cli.explore_work import Work
from socklab.cli.exploring import (
    CALLS,
    FREE,
    Draw,
    Outputs,
    calls_in,
    drawings,
    faults_in,
    graph_in,
    lab_of,
    see_same,
)
from socklab.cli.exports import Force
from socklab.cli.names import HELP, LabFolders, complete, see_jobs
from socklab.cli.options import Link
from socklab.cli.playing import LabFile
from socklab.cli.streams import ascii_only, color, width
from socklab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from socklab.joint.goal import Goal
    from socklab.joint.graph import Graph, Terms
    from socklab.lab import Lab
    from socklab.views.joint_graph.text import Paper


def explore(
    lab: Annotated[
        str | None,
        typer.Argument(metavar="[LAB]", help=HELP, autocompletion=complete, show_default=False),
    ] = None,
    free: Annotated[
        bool,
        typer.Option("--free", help="Explore free play, as is done where no lab is named."),
    ] = False,
    start: Annotated[
        str | None,
        typer.Option(
            "--start",
            metavar="NAME|FILE",
            help="Where it begins: nothing, listening, established, or a script of moves.  "
            "[default: established in free play, nothing in a lab]",
        ),
    ] = None,
    calls: Annotated[
        str | None,
        typer.Option(
            "--calls",
            metavar="CALLS",
            help="Only these calls, such as send,recv,shutdown(SHUT_WR), or all.  "
            f"[default: {','.join(CALLS)} in free play, all in a lab]",
        ),
    ] = None,
    most_calls: Annotated[
        int | None,
        typer.Option(
            "--most-calls",
            metavar="N",
            help="How often a program makes one and the same call; 0 for as often as it likes.  "
            "[default: 1 in free play, 0 in a lab]",
        ),
    ] = None,
    depth: Annotated[
        int | None,
        typer.Option(
            "--depth", metavar="N", help="At most N moves after the start.  [default: 40]"
        ),
    ] = None,
    faults: Annotated[
        str | None,
        typer.Option("--faults", metavar="FAULTS", help="Also drop,duplicate,reorder segments."),
    ] = None,
    most_faults: Annotated[
        int | None,
        typer.Option("--most-faults", metavar="N", help="At most N faults a way.  [default: 1]"),
    ] = None,
    timers: Annotated[
        float | None,
        typer.Option(
            "--timers", metavar="SECONDS", help="Also wait for timers of no more than that."
        ),
    ] = None,
    goal: Annotated[
        str | None,
        typer.Option(
            "--goal",
            metavar="GOAL",
            help="Look for the shortest way to this, such as client=CLOSING,server=CLOSING.",
        ),
    ] = None,
    save_lab: Annotated[
        Path | None,
        typer.Option("--save-lab", metavar="FILE", help="Write the way to the goal as a lab."),
    ] = None,
    random: Annotated[
        bool, typer.Option("--random", help="Draw the moves by lot instead, walk after walk.")
    ] = False,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="S", help="The first walk's seed.  [default: 1]"),
    ] = None,
    runs: Annotated[
        int | None,
        typer.Option("--runs", metavar="N", help="How many walks.  [default: 100]"),
    ] = None,
    json: Annotated[
        Path | None,
        typer.Option(
            "--json",
            metavar="FILE",
            readable=False,
            help="Write the graph as JSON, also of a search that was stopped; `-` prints it.",
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            "--resume",
            metavar="FILE",
            readable=False,
            help="Go on with the graph in this file, and keep there what is found.",
        ),
    ] = None,
    dot: Annotated[
        Path | None,
        typer.Option("--dot", metavar="FILE", help="Write the graph for Graphviz."),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Draw the graph.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page in which to look around in it."),
    ] = None,
    draw: Annotated[
        Draw,
        typer.Option(
            "--draw",
            help="What is drawn: every joint state, or each pair of the ends' states once; "
            "auto: every one if they are few.",
        ),
    ] = "auto",
    force: Force = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", "-j", metavar="N", help="Run N at a time.  [default: one for each processor]"
        ),
    ] = None,
    folders: LabFolders = None,
    ipv6: Annotated[bool, typer.Option("--ipv6", help="Give the hosts IPv6 addresses.")] = False,
    link: Link = "auto",
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Tell the way to every joint state.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print only the sums, and what is wrong.")
    ] = False,
) -> None:
    """Try every order of moves, and see what joint states there are."""
    pictures = {"dot": dot, "svg": svg, "html": html}
    searching = {"goal": goal, "json": json, "resume": resume, "save-lab": save_lab, **pictures}
    _see_apart(searching, {"seed": seed, "runs": runs}, random=random)
    if lab is not None and free:
        raise LabError("--free explores without a lab: leave it out, or the lab's name")
    if save_lab is not None and goal is None:
        raise LabError("--save-lab writes the way to a goal: --goal says which")
    see_jobs(jobs)
    wanted = _goal(goal)
    known = None if resume is None else graph_in(resume)
    if known is not None and lab is None and not free and known.terms.lab != FREE:
        lab = known.terms.lab
    loaded = lab_of(lab, folders or [])
    file = None if save_lab is None else LabFile(save_lab, force=force)
    if file is not None:
        file.check()
    kept = resume if json is None and resume is not None and str(resume) != "-" else json
    outputs = Outputs(
        [
            ("--json", kept, _to_json, force or kept is resume),
            *drawings(pictures, draw, force),
        ],
        save_lab,
    )
    work = Work(loaded, lab, jobs, link)
    asked, named = _terms(
        loaded,
        is_free=lab is None,
        random=random,
        calls=calls,
        most_calls=most_calls,
        faults=faults,
        most_faults=most_faults,
        timers=timers,
        depth=depth,
        ipv6=ipv6,
        named=[*(["lab"] if lab or free else []), *(["start"] if start is not None else [])],
    )
    if known is None or start is not None:
        begun = work.begin(start or ("established" if lab is None else "nothing"), ipv6=ipv6)
        asked = replace(asked, start=begun)
    paper = _paper()
    if random:
        raise typer.Exit(
            work.walk(asked, start, 1 if seed is None else seed, runs or 100, paper, quiet=quiet)
        )
    from socklab.joint.graph import Graph

    if known is None:
        known = Graph(asked)
    else:
        assert resume is not None
        known.terms = see_same(asked, known.terms, named, resume)
    shows = not outputs.printed
    code, signum = work.search(known, wanted, paper, shows=shows, verbose=verbose, quiet=quiet)
    if known.nodes:
        code = max(code, outputs.write(known))
    if signum is not None:
        raise Interrupted(signum)
    if file is not None and code == 0:
        assert wanted is not None
        code = work.save(known, wanted, file, quiet=quiet or not shows)
    raise typer.Exit(code)


def _see_apart(
    searching: Mapping[str, object], walking: Mapping[str, int | None], *, random: bool
) -> None:
    """See that nothing is asked of a search that only walks have, or the other way round.

    Raises:
        LabError: something is.
    """
    if random:
        for name, value in searching.items():
            if value is not None:
                raise LabError(
                    f"--{name} is for a search, and --random makes none: leave one of them out"
                )
    else:
        for name, value in walking.items():
            if value is not None:
                raise LabError(f"--{name} is for random walks: --random makes some")
    if walking["runs"] is not None and walking["runs"] < 1:
        raise LabError("--runs wants a number above 0")


def _goal(text: str | None) -> Goal | None:
    from socklab.joint.goal import Goal

    return None if text is None else Goal.parse(text)


def _terms(
    lab: Lab,
    *,
    is_free: bool,
    random: bool,
    calls: str | None,
    most_calls: int | None,
    faults: str | None,
    most_faults: int | None,
    timers: float | None,
    depth: int | None,
    ipv6: bool,
    named: Sequence[str],
) -> tuple[Terms, list[str]]:
    """The terms that were asked for, but for the start; and the fields that were named.

    Raises:
        LabError: a value can't be.
    """
    from socklab.joint.graph import Terms

    for option, value, least in (
        ("--most-calls", most_calls, 0),
        ("--depth", depth, 1),
        ("--most-faults", most_faults, 1),
    ):
        if value is not None and value < least:
            raise LabError(f"{option} wants a number of {least} at least")
    if timers is not None and not timers > 0:
        raise LabError("--timers wants seconds above 0")
    if most_faults is not None and faults is None:
        raise LabError("--most-faults limits faults: --faults says which there may be")
    usual = CALLS if is_free and not random else ()
    terms = Terms(
        lab.name,
        calls=usual if calls is None else () if calls == "all" else calls_in(calls, is_free),
        most_calls=int(is_free) if most_calls is None else most_calls,
        faults=() if faults is None else faults_in(faults),
        most_faults=1 if most_faults is None else most_faults,
        timers_s=timers or 0.0,
        depth=40 if depth is None else depth,
        ipv6=ipv6,
    )
    values = {
        "calls": calls,
        "most_calls": most_calls,
        "faults": faults,
        "most_faults": most_faults,
        "timers_s": timers,
        "depth": depth,
        "ipv6": ipv6 or None,
    }
    return terms, [*named, *(name for name, value in values.items() if value is not None)]


def _to_json(graph: Graph) -> str:
    return graph.to_json()


def _paper() -> Paper:
    from socklab.views.joint_graph.text import Paper

    return Paper(max(40, width() or 80), color(), ascii_only())
