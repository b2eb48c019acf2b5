"""Solving: in how few moves a puzzle can be solved, as the search finds it."""

from __future__ import annotations

from collections.abc import Sequence

from socklab.explore.search import Search, Watch
from socklab.joint.graph import Graph, Terms
from socklab.puzzles import Best, Puzzle
from socklab.steer.free import NAME, free_lab, start

DEPTH = 20
"""How many moves are tried at most. Arbitrary: far more than anybody would call a puzzle."""


def terms_of(puzzle: Puzzle, depth: int = DEPTH) -> Terms:
    """What may be done in a puzzle, as a search and a limit take it.

    Raises:
        LabError: there is no such start.
    """
    return Terms(
        NAME,
        start=(*start(puzzle.start), *puzzle.begun),
        calls=puzzle.calls,
        most_calls=puzzle.most_calls,
        faults=puzzle.faults,
        most_faults=puzzle.most_faults,
        depth=depth,
    )


def solve(
    puzzle: Puzzle,
    *,
    at_once: int,
    depth: int = DEPTH,
    link: str = "auto",
    stop_on: Sequence[int] = (),
    watch: Watch | None = None,
) -> Best | None:
    """The fewest moves that solve a puzzle; None if none do, up to that depth.

    Args:
        puzzle: which.
        at_once: how many processes work at the same time.
        depth: how many moves are tried at most.
        link: "tun", "veth" or "auto".
        stop_on: signals that stop it; then nothing is known, either.
        watch: is told how far it is.

    Raises:
        MachineError: this machine can't run it, with the cure.
        ToolError: a process of the search crashed or hung.
    """
    terms = terms_of(puzzle, depth)
    search = Search(
        free_lab(), Graph(terms), at_once=at_once, link=link, stop_on=stop_on, watch=watch
    )
    graph = search.run(puzzle.goal)
    node = next(graph.reached(puzzle.goal), None)
    return None if node is None else Best(node.way, len(graph.nodes), graph.runs)
