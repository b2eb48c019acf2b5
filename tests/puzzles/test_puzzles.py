"""Puzzles: how they are written down, found and read."""

from __future__ import annotations

import json
import textwrap
from dataclasses import replace
from typing import Any

import pytest

from socklab.errors import LabError
from socklab.explore.choices import FAULTS
from socklab.explore.solve import terms_of
from socklab.packs import catalogue
from socklab.puzzles import Best, Puzzle, bests, find, from_json, puzzles, read, to_json
from socklab.steer.free import STARTS

ALL = puzzles()

GOAL_LINES = (2, 78)
"""Lines and columns that the smallest screen has for a goal."""


def told(**changes: Any) -> dict[str, Any]:
    """A document with one puzzle."""
    puzzle = {
        "name": "one",
        "title": "One",
        "level": 1,
        "text": "Do\n  it.",
        "goal": "client=CLOSING",
        "start": "nothing",
        "calls": ["close"],
        "hints": ["So."],
        "shows": "This.",
        "lab": "handshake",
    }
    return {"puzzle": [puzzle | changes]}


def test_there_are_enough_and_easy_ones_come_first() -> None:
    assert len(ALL) >= 25
    levels = [puzzle.level for puzzle in ALL]
    assert levels == sorted(levels)
    assert set(levels) == {1, 2, 3}


def test_within_the_second_level_those_with_few_moves_come_first() -> None:
    best = [bests()[puzzle.name].moves for puzzle in ALL if puzzle.level == 2]
    assert best == sorted(best)


def test_no_two_are_the_same() -> None:
    assert len({str(puzzle.terms) for puzzle in ALL}) == len(ALL)
    assert len({puzzle.title for puzzle in ALL}) == len(ALL)


@pytest.mark.parametrize("puzzle", ALL, ids=lambda puzzle: puzzle.name)
def test_all_that_a_puzzle_names_is_there(puzzle: Puzzle) -> None:
    assert puzzle.lab in catalogue()
    assert puzzle.start in STARTS
    assert set(puzzle.faults) <= set(FAULTS)
    assert terms_of(puzzle).start == (*STARTS[puzzle.start], *puzzle.begun)


@pytest.mark.parametrize("puzzle", ALL, ids=lambda puzzle: puzzle.name)
def test_the_text_fits_on_a_small_screen_and_tells_of_faults(puzzle: Puzzle) -> None:
    lines, columns = GOAL_LINES
    assert len(textwrap.wrap(f"Goal: {puzzle.text}", columns, break_on_hyphens=False)) <= lines
    words = {"drop": "lost", "duplicate": "twice", "reorder": "overtake"}
    for fault, word in words.items():
        assert (word in puzzle.text) == (fault in puzzle.faults)


def test_no_best_way_is_the_answer_to_two_puzzles() -> None:
    ways = [bests()[puzzle.name].way for puzzle in ALL]
    assert len(set(ways)) == len(ways)
    assert min(map(len, ways)) >= 2


def test_a_puzzle_is_found_by_its_name_and_a_typo_is_told() -> None:
    assert find("both-closing").title == "Goodbye! Goodbye!"
    with pytest.raises(LabError, match="no puzzle 'both_closin'; did you mean both-closing"):
        find("both_closin")
    with pytest.raises(LabError, match="no puzzle 'xyzzy'; `socklab puzzle` shows"):
        find("xyzzy")


def test_a_puzzle_is_read() -> None:
    (puzzle,) = read(told(faults=["drop"], begun=["call server bind"]))
    assert (puzzle.text, puzzle.faults, puzzle.begun) == (
        "Do it.",
        ("drop",),
        ("call server bind",),
    )
    assert (str(puzzle.goal), puzzle.most_calls, puzzle.most_faults) == ("client=CLOSING", 1, 1)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({}, "puzzle"),
        (told(level=4), "one is of level 4"),
        (told(hints=[]), "one has no hint"),
        (told(colour="red"), "colour"),
        (told(text=3), "the puzzles do not read"),
        (told(goal="client=CLOSIN"), "CLOSIN"),
        (told(begun=["sing"]), "'sing' is not a move"),
        ({"puzzle": told()["puzzle"] * 2}, "two are called one"),
    ],
    ids=str,
)
def test_what_does_not_read_is_told(document: dict[str, Any], why: str) -> None:
    with pytest.raises(LabError, match=why):
        read(document)


def test_a_missing_field_is_told() -> None:
    document = told()
    del document["puzzle"][0]["goal"]
    with pytest.raises(LabError, match="goal"):
        read(document)


# --- What the explorer has found --------------------------------------------------------------


def test_what_was_found_is_read_as_it_was_written() -> None:
    (puzzle,) = read(told())
    found = {"one": Best(("call client close",), 2, 3)}
    assert from_json(to_json(found, [puzzle]), [puzzle]) == found


def test_of_a_puzzle_that_was_changed_nothing_is_known() -> None:
    (puzzle,) = read(told())
    text = to_json({"one": Best(("call client close",), 2, 3)}, [puzzle])
    for changed in (
        replace(puzzle, most_calls=2),
        replace(puzzle, faults=("drop",)),
        replace(puzzle, calls=("close", "send")),
    ):
        assert from_json(text, [changed]) == {}
    assert from_json(text, [replace(puzzle, text="Do it now.")]) != {}


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"schema": "socklab.best/2"})])
def test_what_is_no_such_document_is_told(text: str) -> None:
    with pytest.raises(LabError, match="does not read"):
        from_json(text, ALL)
