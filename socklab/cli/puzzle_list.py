"""The puzzles as a list: what they are called, how few moves they take, and which are solved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from socklab.cli.puzzle_solving import wrapped
from socklab.puzzles import Best, Puzzle
from socklab.puzzles.progress import Progress

LEVELS = {1: "one thing to know", 2: "an order to find", 3: "something that surprises"}

BESIDE = 24
"""Columns that a title needs to stand beside its puzzle's name."""


def next_of(puzzles: Sequence[Puzzle], progress: Progress) -> Puzzle | None:
    """The first that is not solved; None if all are."""
    return next((each for each in puzzles if progress.moves(each.name) is None), None)


def lines(
    puzzles: Sequence[Puzzle], bests: Mapping[str, Best], progress: Progress, columns: int
) -> Iterator[str]:
    """The list, level by level.

    Args:
        puzzles: all of them, easy ones first.
        bests: in how few moves they can be solved, by their names.
        progress: which are solved.
        columns: how wide it may be.
    """
    longest = max(len(puzzle.name) for puzzle in puzzles)
    following = next_of(puzzles, progress)
    level = 0
    yield f"{'':{longest + 3}}  best  yours"
    for puzzle in puzzles:
        if puzzle.level != level:
            level = puzzle.level
            yield f"Level {level}: {LEVELS[level]}"
        best, yours = bests.get(puzzle.name), progress.moves(puzzle.name)
        mark = "✓" if yours is not None else "→" if puzzle is following else " "
        counts = f"{best.moves if best else '-':>4}  {'' if yours is None else yours:>5}"
        head = f" {mark} {puzzle.name:<{longest}}  {counts}  "
        if columns - len(head) >= BESIDE:
            yield from wrapped(puzzle.title, columns, " " * len(head), head)
        else:  # no room beside the name
            yield head.rstrip()
            yield from wrapped(puzzle.title, columns, "   ")
    yield ""
    yield from wrapped(summary(puzzles, bests, progress), columns)
    if following is not None:
        yield from wrapped(f"Next: `socklab puzzle {following.name}`", columns)


def summary(puzzles: Sequence[Puzzle], bests: Mapping[str, Best], progress: Progress) -> str:
    """How many are solved."""
    solved = [each.name for each in puzzles if progress.moves(each.name) is not None]
    if not solved:
        return f"None of {len(puzzles)} puzzles is solved yet."
    shortest = [
        name for name in solved if name in bests and progress.moves(name) == bests[name].moves
    ]
    if len(solved) == len(puzzles):
        told = f"All {len(puzzles)} puzzles are solved"
    else:
        told = f"{len(solved)} of {len(puzzles)} puzzles solved"
    return f"{told}, {len(shortest)} in the fewest moves."


def document(
    puzzles: Sequence[Puzzle], bests: Mapping[str, Best], progress: Progress
) -> dict[str, Any]:
    """What `--json` prints."""
    following = next_of(puzzles, progress)
    return {
        "puzzles": [_row(each, bests.get(each.name), progress) for each in puzzles],
        "solved": sum(progress.moves(each.name) is not None for each in puzzles),
        "next": None if following is None else following.name,
    }


def _row(puzzle: Puzzle, best: Best | None, progress: Progress) -> dict[str, Any]:
    return {
        "name": puzzle.name,
        "title": puzzle.title,
        "level": puzzle.level,
        "text": puzzle.text,
        "goal": str(puzzle.goal),
        "start": puzzle.start,
        "begun": list(puzzle.begun),
        "calls": list(puzzle.calls),
        "most_calls": puzzle.most_calls,
        "faults": list(puzzle.faults),
        "most_faults": puzzle.most_faults,
        "lab": puzzle.lab,
        "best": None if best is None else best.moves,
        "yours": progress.moves(puzzle.name),
    }
