"""What is known of Linux: every habit shows, and explains what it says it does."""

from __future__ import annotations

from collections import Counter

from socklab.deviations import LINUX, UNEXPLAINED, deviation
from socklab.hostile import CELLS, Cell, Hostile, Outcome, Position
from socklab.situations import Situation
from socklab.tcp import CLOSED, ESTABLISHED
from tests.grids import ideal, kept


def test_every_difference_of_linux_has_its_reason_and_every_reason_its_difference() -> None:
    found = Counter(deviation(*pair) for pair in kept().outcomes.items())
    assert UNEXPLAINED not in found
    assert set(found) == {None, *LINUX}
    assert found[None] == 466


def test_what_is_as_demanded_has_no_reason() -> None:
    assert {deviation(*pair) for pair in ideal().outcomes.items()} == {None}


def test_a_habit_that_linux_does_not_have_is_unexplained() -> None:
    # As before RFC 5961: any RST in the window resets.
    cell = Cell(Situation.ESTABLISHED, Hostile.RST, Position.AHEAD)
    assert deviation(cell, Outcome((), CLOSED)) is UNEXPLAINED
    silent = Cell(Situation.ESTABLISHED, Hostile.DATA, Position.NEXT)
    assert deviation(silent, Outcome((), ESTABLISHED)) is UNEXPLAINED


def test_each_is_a_sentence_with_the_functions_that_do_it() -> None:
    for one in (*LINUX, UNEXPLAINED):
        assert str(one).endswith(f" ({one.function}).")
        assert one.text[0].isupper()
        assert not one.text.endswith(".")
    assert len({one.text for one in LINUX}) == len(LINUX)
    assert len(CELLS) == len(kept().outcomes)
