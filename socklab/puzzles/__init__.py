"""Puzzles: a joint state to reach by moves, with hints; and how few moves it takes.

The puzzles are puzzles.toml, beside this module, easy ones first. In how few moves each can be
reached is not said there: the explorer has found it, and best.json keeps one such way.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from socklab.errors import LabError
from socklab.joint.goal import Goal
from socklab.moves import Move

LEVELS = (1, 2, 3)

SCHEMA = "socklab.best/1"
"""Name and version of best.json."""


@dataclass(frozen=True, slots=True)
class Puzzle:
    """One puzzle.

    Args:
        name: a word for it, such as "both-closing".
        title: a few words.
        level: from 1 to 3, as labs have theirs.
        text: what is to be reached, and what may be done to segments.
        goal: the same, for a program to tell.
        start: how far free play has got when it begins, as `steer.free.STARTS` has it.
        calls: the calls that there are, of both programs or of one: `close`, `client send`.
        hints: each tells more than the one before.
        shows: what one has seen when it is solved.
        lab: the lab that tells the story.
        begun: the moves that are made before it begins, after its start.
        most_calls: how often a program may make one and the same call.
        faults: what may be done to segments beside carrying them: drop, duplicate, reorder.
        most_faults: how often that may be done.
    """

    name: str
    title: str
    level: int
    text: str
    goal: Goal
    start: str
    calls: tuple[str, ...]
    hints: tuple[str, ...]
    shows: str
    lab: str
    begun: tuple[str, ...] = ()
    most_calls: int = 1
    faults: tuple[str, ...] = ()
    most_faults: int = 1

    @property
    def terms(self) -> dict[str, object]:
        """What decides in how few moves it can be solved."""
        told = asdict(self)
        names = ("start", "begun", "calls", "most_calls", "faults", "most_faults")
        terms: dict[str, object] = {"goal": str(self.goal)}
        for name in names:
            terms[name] = list(told[name]) if isinstance(told[name], tuple) else told[name]
        return terms


@dataclass(frozen=True, slots=True)
class Best:
    """In how few moves a puzzle can be solved, as the explorer has found.

    Args:
        way: such moves, after the puzzle's start; the first of them that it has found.
        states: how many joint states it had reached then: all that so few moves can lead to.
        runs: how many runs on fresh hosts that took.
    """

    way: tuple[str, ...]
    states: int
    runs: int

    @property
    def moves(self) -> int:
        """The fewest moves."""
        return len(self.way)


def find(name: str) -> Puzzle:
    """The puzzle of that name.

    Raises:
        LabError: there is none, with what could be meant.
    """
    known = {puzzle.name: puzzle for puzzle in puzzles()}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name.lower().replace("_", "-"), known, n=1)
    advice = f"did you mean {near[0]}?" if near else "`socklab puzzle` shows those there are"
    raise LabError(f"there is no puzzle {name!r}; {advice}")


@cache
def puzzles() -> tuple[Puzzle, ...]:
    """The puzzles of puzzles.toml, easy ones first."""
    text = files(__name__).joinpath("puzzles.toml").read_text(encoding="utf-8")
    return read(tomllib.loads(text))


def read(document: Mapping[str, Any]) -> tuple[Puzzle, ...]:
    """The puzzles of a document such as puzzles.toml.

    Raises:
        LabError: something in it is missing, or is not known, or two are called the same.
    """
    found: dict[str, Puzzle] = {}
    try:
        for told in document["puzzle"]:
            puzzle = _read(told)
            if puzzle.name in found:
                raise ValueError(f"two are called {puzzle.name}")
            found[puzzle.name] = puzzle
    except (KeyError, TypeError, ValueError, AttributeError, LabError) as problem:
        raise LabError(f"the puzzles do not read: {problem}") from problem
    return tuple(found.values())


def _read(told: Mapping[str, Any]) -> Puzzle:
    lists = ("calls", "hints", "begun", "faults")
    value: dict[str, Any] = {
        name: tuple(each) if name in lists else each for name, each in told.items()
    }
    for name in ("text", "shows"):  # they are broken over lines in the file
        value[name] = " ".join(value[name].split())
    value["goal"] = Goal.parse(value["goal"])
    puzzle = Puzzle(**value)
    if puzzle.level not in LEVELS:
        raise ValueError(f"{puzzle.name} is of level {puzzle.level}")
    if not puzzle.hints:
        raise ValueError(f"{puzzle.name} has no hint")
    for move in puzzle.begun:
        Move.parse(move)
    return puzzle


# --- How few moves it takes -------------------------------------------------------------------


@cache
def bests() -> Mapping[str, Best]:
    """What the explorer has found, by the puzzles' names, as best.json keeps it.

    A puzzle is not in it whose terms were changed since, for then nobody knows.
    """
    text = files(__name__).joinpath("best.json").read_text(encoding="utf-8")
    return from_json(text, puzzles())


def from_json(text: str, of: Iterable[Puzzle]) -> dict[str, Best]:
    """What a document such as best.json says of these puzzles, as far as it is of their terms.

    Raises:
        LabError: it is no such document.
    """
    try:
        value = json.loads(text)
        if value["schema"] != SCHEMA:
            raise ValueError(f"its schema is {value['schema']!r}")
        kept = value["best"]
        return {
            puzzle.name: Best(tuple(one["way"]), one["states"], one["runs"])
            for puzzle in of
            if (one := kept.get(puzzle.name)) is not None and one["terms"] == puzzle.terms
        }
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise LabError(f"what the explorer has found does not read: {problem}") from problem


def to_json(found: Mapping[str, Best], of: Iterable[Puzzle]) -> str:
    """A document such as best.json, with these puzzles in their order."""
    best = {
        puzzle.name: asdict(found[puzzle.name]) | {"terms": puzzle.terms}
        for puzzle in of
        if puzzle.name in found
    }
    return json.dumps({"schema": SCHEMA, "best": best}, indent=1, ensure_ascii=False) + "\n"
