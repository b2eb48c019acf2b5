"""Hostile segments: kinds, places, cells, and how an outcome is written."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from socklab.errors import LabError
from socklab.hostile import (
    CELLS,
    WITH_RST,
    WITH_SYN,
    Cell,
    Hostile,
    Outcome,
    Position,
    Reply,
)
from socklab.packet import Flags
from socklab.situations import Situation
from socklab.tcp import CLOSED, ESTABLISHED


def test_the_grid_is_every_situation_by_every_kind_by_every_place() -> None:
    assert len(CELLS) == len(set(CELLS)) == len(Situation) * len(Hostile) * len(Position) == 588


def test_the_places_are_in_order_and_next_to_both_edges() -> None:
    offsets = [place.offset(64_240) for place in Position]
    assert offsets == [-1, 0, 100, 64_239, 64_240, 64_340]


def test_a_kind_is_what_its_flags_say() -> None:
    for kind in Hostile:
        assert (kind in WITH_RST) is bool(kind.flags & Flags.RST)
        assert (kind in WITH_SYN) is bool(kind.flags & Flags.SYN)
        assert (kind is Hostile.DATA) is bool(kind.payload)


@pytest.mark.parametrize("kind", Hostile)
def test_a_kind_is_found_in_any_spelling(kind: Hostile) -> None:
    for text in (kind.text, kind.text.lower(), f" {kind.text.replace('+', '-')} "):
        assert Hostile.named(text) is kind


def test_an_unknown_kind_is_told_what_there_is() -> None:
    with pytest.raises(LabError, match=r"'FIN' is no kind of segment in the grid; there are RST,"):
        Hostile.named("FIN")


def test_a_cell_and_an_outcome_say_what_they_are() -> None:
    cell = Cell(Situation.FIN_WAIT_2_ORPHAN, Hostile.SYN_ACK, Position.LAST)
    assert str(cell) == "FIN-WAIT-2 orphan, SYN+ACK at RCV.NXT+RCV.WND-1"
    assert str(Outcome((), CLOSED)) == "no reply, CLOSED"
    reset = Outcome((Reply("SEG.ACK", None, "RST"),), ESTABLISHED)
    assert str(reset) == "<SEQ=SEG.ACK><CTL=RST>, ESTABLISHED"


NAMES = st.from_regex(r"[A-Z0-9.+-]+", fullmatch=True)


@given(NAMES, st.none() | NAMES, st.from_regex(r"[A-Z,]*", fullmatch=True))
def test_a_reply_is_read_as_it_is_written(seq: str, ack: str | None, control: str) -> None:
    reply = Reply(seq, ack, control)
    assert Reply.parse(str(reply)) == reply


@given(st.text().filter(lambda text: not text.startswith("<SEQ=")))
def test_what_is_no_reply_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(LabError) as refused:
        Reply.parse(text)
    assert repr(text) in str(refused.value)
