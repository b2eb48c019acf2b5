"""`socklab puzzle`: bring both ends to where they are asked to be, by moves."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from socklab.cli import saving
from socklab.cli.ending import complain
from socklab.cli.exports import Force
from socklab.cli.options import AsJson, Link
from socklab.cli.streams import put, width
from socklab.errors import ExperimentError, LabError, MachineError

if TYPE_CHECKING:
    from socklab.cli.kept import Kept
    from socklab.cli.puzzle_solving import Solving
    from socklab.puzzles import Puzzle


def _names(incomplete: str) -> list[tuple[str, str]]:
    from socklab.puzzles import puzzles

    return [(each.name, each.title) for each in puzzles() if each.name.startswith(incomplete)]


def puzzle(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="Which puzzle. Without, those there are, and which are solved.",
            autocompletion=_names,
            show_default=False,
        ),
    ] = None,
    following: Annotated[
        bool, typer.Option("--next", help="Take the first puzzle that is not solved.")
    ] = False,
    script: Annotated[
        Path | None,
        typer.Option(
            "--script",
            metavar="FILE",
            readable=False,  # one that is not is told as all other mistakes are
            help="Judge the moves of a text file or of a Record; `-` is standard input.",
        ),
    ] = None,
    hints: Annotated[
        bool, typer.Option("--hints", help="Print what is asked for, and all the hints.")
    ] = False,
    solution: Annotated[
        bool, typer.Option("--solution", help="Print the fewest moves, as a script.")
    ] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Forget that this puzzle is solved.")
    ] = False,
    reset_all: Annotated[bool, typer.Option("--reset-all", help="Forget what was solved.")] = False,
    as_json: AsJson = False,
    record: Annotated[
        Path | None,
        typer.Option("--record", metavar="FILE", help="Write the Record of a script's run."),
    ] = None,
    force: Force = False,
    link: Link = "auto",
) -> None:
    """Bring both ends to a pair of states, in as few moves as you can."""
    asked = {
        "--script": script is not None,
        "--hints": hints,
        "--solution": solution,
        "--reset": reset,
        "--reset-all": reset_all,
    }
    _check(name, [option for option, given in asked.items() if given], following=following)
    if script is None and record is not None:
        raise LabError("--record writes the run of a script: give --script FILE")
    if as_json and (name or following or reset_all) and script is None:
        raise LabError("--json prints the list of all puzzles, or what a script came to")
    if record is not None:
        saving.check(record, force=force)

    from socklab.cli.kept import Kept

    kept = Kept()
    if reset_all:
        _forget(None, kept)
        return
    if following:
        found = _next(kept)
    elif name is None:
        _list(kept, as_json=as_json)
        return
    else:
        from socklab.puzzles import find

        found = find(name)
    if found is None:
        put("All puzzles are solved: `socklab puzzle` shows them, --reset-all begins again.")
    elif reset:
        _forget(found, kept)
    elif hints:
        put("\n".join(_hints(found)))
    elif solution:
        _solution(found, link)
    elif script is not None:
        raise typer.Exit(_judge(_solving(found, kept, link), script, record, as_json=as_json))
    else:
        raise typer.Exit(_on_screen(_solving(found, kept, link)))


def _check(name: str | None, asked: list[str], *, following: bool) -> None:
    """See that what is asked for goes together.

    Raises:
        LabError: it does not.
    """
    if len(asked) > 1:
        raise LabError(f"{asked[0]} and {asked[1]} ask for different things: leave one of them out")
    if name and following:
        raise LabError("--next picks the puzzle: leave it out, or the puzzle's name")
    if asked == ["--reset-all"] and (name or following):
        raise LabError("--reset-all forgets all puzzles: leave the name out, or take --reset")
    if asked and asked != ["--reset-all"] and not (name or following):
        raise LabError(f"{asked[0]} of which puzzle? `socklab puzzle` shows their names")
    if asked == ["--reset"] and following:
        raise LabError("--next picks a puzzle that is not solved: there is nothing to reset")


# --- Progress ---------------------------------------------------------------------------------


def _list(kept: Kept, *, as_json: bool) -> None:
    from socklab.cli.puzzle_list import document, lines
    from socklab.puzzles import bests, puzzles

    progress = kept.read()
    if as_json:
        put(json.dumps(document(puzzles(), bests(), progress), indent=1))
    else:
        put("\n".join(lines(puzzles(), bests(), progress, width())))
    if kept.problem:
        complain(kept.problem)


def _next(kept: Kept) -> Puzzle | None:
    from socklab.cli.puzzle_list import next_of
    from socklab.puzzles import puzzles

    progress = kept.read()
    if kept.problem:
        complain(kept.problem)
    return next_of(puzzles(), progress)


def _forget(found: Puzzle | None, kept: Kept) -> None:
    from socklab.puzzles.progress import Progress

    try:
        if found is None:
            _ = kept.change(lambda _: Progress())
            put("No puzzle is solved any more.")
        else:
            name = found.name
            _ = kept.change(lambda progress: progress.without(name))
            put(f"{name} is not solved any more.")
    except MachineError as refused:
        raise MachineError(f"what was solved is not forgotten: {refused}") from refused
    if kept.put_aside:
        complain(kept.put_aside)


# --- One puzzle -------------------------------------------------------------------------------


def _solving(found: Puzzle, kept: Kept, link: str) -> Solving:
    from socklab.cli.puzzle_solving import Solving
    from socklab.puzzles import bests

    return Solving(found, bests().get(found.name), kept, link)


def _hints(found: Puzzle) -> list[str]:
    from socklab.cli.puzzle_solving import rules, wrapped

    columns = width()
    lines = [found.title, "", *wrapped(found.text, columns), *wrapped(rules(found), columns), ""]
    for number, hint in enumerate(found.hints, 1):
        lines += wrapped(hint, columns, "   ", f"{number}. ")
    return lines


def _solution(found: Puzzle, link: str) -> None:
    from socklab.cli.puzzle_judging import solution
    from socklab.cli.puzzle_solving import moves, wrapped
    from socklab.cli.signals import Signals
    from socklab.puzzles import bests

    best = bests().get(found.name)
    if best is None:
        raise LabError(f"nobody knows the fewest moves of {found.name} yet")
    columns = width()
    lines = [
        *wrapped(
            f"{found.title}: {moves(best.moves)}, and the explorer has tried all that is "
            f"shorter: {best.runs} runs to {best.states} joint states.",
            columns,
            "# ",
            "# ",
        ),
        f"# socklab puzzle {found.name} --script FILE",
    ]
    with Signals():
        for choice, after in solution(found, best, link=link):
            states = ", ".join(f"{host} {state}" for host, state in after.states.items())
            lines += ["", *wrapped(f"{choice.told}: {states}", columns, "# ", "# ")]
            lines.append(str(choice.move))
    put("\n".join(lines))


def _judge(solving: Solving, script: Path, record: Path | None, *, as_json: bool) -> int:
    """Judge a script; an exit code."""
    from socklab.cli.playing import steps_in
    from socklab.cli.puzzle_judging import document, judge
    from socklab.cli.puzzle_solving import moves, wrapped
    from socklab.cli.signals import Signals

    steps = steps_in(script)
    with Signals():
        verdict = judge(solving, steps)
    if as_json:
        put(json.dumps(document(solving, verdict), indent=1))
    elif verdict.solved:
        if verdict.unmade:
            was = "was" if verdict.unmade == 1 else "were"
            put(f"{moves(verdict.unmade)} after the one that solved it {was} not made.")
        put("\n".join(_praise(solving)))
    else:
        put("\n".join(wrapped(f"{solving.puzzle.name}: not solved: {verdict.why}", width())))
    for warning in solving.warnings:
        complain(warning)
    if record is not None:
        saving.save(record, saving.to_text([verdict.record], several=False))
    return 0 if verdict.solved else ExperimentError.exit_code


def _on_screen(solving: Solving) -> int:
    """Play it on this terminal; an exit code."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise LabError(
            "a puzzle is played on a terminal, and this is none; --script FILE judges the moves "
            "of a file, and --script - those on standard input"
        )
    try:
        from socklab.play import run_app
        from socklab.play.goal import Goal
    except ModuleNotFoundError as missing:
        raise MachineError(
            f"to play needs {missing.name}, which is not installed: `pip install {missing.name}`; "
            "--script FILE does without"
        ) from missing
    from dataclasses import replace

    from socklab.steer.free import free_lab

    puzzle = solving.puzzle
    code = run_app(
        replace(free_lab(), title=puzzle.title),
        start=solving.start,
        link=solving.link,
        goal=Goal(
            puzzle.text,
            solving.check,
            puzzle.hints,
            None if solving.best is None else solving.best.moves,
            solving.verbs,
        ),
        limit=solving.limit,
    )
    if solving.way is not None:
        put("\n".join([*_praise(solving), *_next_lines(solving)]))
    for warning in solving.warnings:
        complain(warning)
    return code


def _next_lines(solving: Solving) -> list[str]:
    from socklab.cli.puzzle_list import next_of
    from socklab.puzzles import puzzles

    following = next_of(puzzles(), solving.kept.read())
    if solving.not_kept or following is None:
        return []
    return [f"Next: `socklab puzzle {following.name}`"]


def _praise(solving: Solving) -> list[str]:
    from socklab.cli.puzzle_solving import wrapped

    columns = width()
    return [
        *wrapped(f"{solving.told}.", columns),
        *wrapped(f"{solving.puzzle.shows} {solving.next_step}", columns),
    ]
