"""In how few moves each puzzle is solved: as best.json says, on the real kernel.

`SOCKLAB_WRITE_BEST=1 python -m pytest tests/puzzles/test_best.py` solves anew those puzzles of
which best.json does not know, or whose terms were changed, and writes it; with
SOCKLAB_WRITE_BEST=all, all of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import socklab.puzzles
from socklab.explore.limit import Limit
from socklab.explore.solve import solve, terms_of
from socklab.joint.goal import Goal
from socklab.joint.state import joint
from socklab.moves import Move
from socklab.position import Position
from socklab.puzzles import Puzzle, bests, find, puzzles, to_json
from socklab.steer.free import free_lab
from socklab.steer.session import Session

FILE = Path(socklab.puzzles.__file__).with_name("best.json")

WRITE = os.environ.get("SOCKLAB_WRITE_BEST", "")

PROCESSES = 2

FEW = 60
"""A search of so many runs is made again each time: some seconds for all of them. What a longer one
has found was found when best.json was written."""

KNOWN = dict(bests()) if FILE.exists() else {}

NAMES = [puzzle.name for puzzle in puzzles()]

SHORT = [name for name, best in KNOWN.items() if best.runs <= FEW]

pytestmark = pytest.mark.kernel


if WRITE:

    @pytest.mark.parametrize("name", NAMES)
    def test_a_puzzle_is_solved_and_best_json_written(name: str) -> None:
        if WRITE == "all" or name not in KNOWN:
            best = solve(find(name), at_once=PROCESSES)
            assert best is not None, "it can't be solved"
            KNOWN[name] = best
            FILE.write_text(to_json(KNOWN, puzzles()), encoding="utf-8")


def test_of_each_puzzle_it_is_known_in_how_few_moves() -> None:
    assert list(KNOWN) == NAMES, "SOCKLAB_WRITE_BEST=1 finds out, and writes best.json"


@pytest.mark.parametrize("name", NAMES)
def test_the_best_way_is_allowed_and_leads_to_the_goal_with_its_last_move(name: str) -> None:
    puzzle = find(name)
    goals = [puzzle.goal.met(joint(each)) for each in positions(puzzle, KNOWN[name].way)]
    assert goals == [False] * KNOWN[name].moves + [True]


def positions(puzzle: Puzzle, way: tuple[str, ...]) -> Iterator[Position]:
    """Where a way leads, move by move, with a look at both hosts after each."""
    terms = terms_of(puzzle)
    start = list(map(Move.parse, terms.start))
    with Session(free_lab(), start=start, limit=Limit(terms)) as session:
        yield session.position
        for text in way:
            move = Move.parse(text)
            assert session.position.choice(move), f"{text} is not allowed"
            yield session.make(move)


@pytest.mark.parametrize("name", SHORT)
def test_the_explorer_finds_no_shorter_way(name: str) -> None:
    best = solve(find(name), at_once=PROCESSES)
    assert best is not None
    assert best.moves == KNOWN[name].moves


def test_a_goal_that_no_way_reaches_is_told() -> None:
    # A FIN from CLOSE-WAIT acknowledges the other one, so its receiver can't be in CLOSING.
    goal = Goal.parse("client=CLOSING,server=LAST-ACK")
    impossible = replace(find("both-closing"), goal=goal, calls=("client close", "server close"))
    assert solve(impossible, at_once=PROCESSES) is None


def test_a_search_that_ends_too_early_finds_nothing() -> None:
    assert solve(find("half-way"), at_once=PROCESSES, depth=2) is None


def test_without_a_fault_a_puzzle_that_needs_one_is_not_solved() -> None:
    puzzle = replace(find("forgotten-for-ever"), faults=())
    assert solve(puzzle, at_once=PROCESSES) is None
