"""RFC 9293 section 3.10.7 as a function: what it says where the RFC's text leaves no doubt."""

from __future__ import annotations

import pytest

from socklab.hostile import CELLS, WITH_RST, WITH_SYN, Cell, Hostile, Outcome, Position, Reply
from socklab.segment_arrives import ACKNOWLEDGMENT, demanded, is_challenge
from socklab.situations import Situation
from socklab.tcp import CLOSED, LISTEN, STEPS, SYNCHRONIZED, State


def allowed(situation: Situation, kind: Hostile, position: Position) -> set[str]:
    return {str(one) for one in demanded(Cell(situation, kind, position)).allowed}


S, H, P = Situation, Hostile, Position
AGAIN = "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>"
TAKEN = "<SEQ=SND.NXT><ACK=SEG.SEQ+SEG.LEN><CTL=ACK>"


@pytest.mark.parametrize(
    ("situation", "kind", "position", "expected"),
    [
        (S.CLOSED, H.RST, P.NEXT, {"no reply, CLOSED"}),
        (S.CLOSED, H.SYN, P.NEXT, {"<SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>, CLOSED"}),
        (S.CLOSED, H.DATA, P.NEXT, {"<SEQ=SEG.ACK><CTL=RST>, CLOSED"}),
        (S.LISTEN, H.SYN, P.NEXT, {"<SEQ=ISS><ACK=SEG.SEQ+SEG.LEN><CTL=SYN,ACK>, SYN-RECEIVED"}),
        (S.LISTEN, H.ACK, P.NEXT, {"<SEQ=SEG.ACK><CTL=RST>, LISTEN"}),
        (S.LISTEN, H.RST_ACK, P.NEXT, {"no reply, LISTEN"}),
        (S.SYN_SENT, H.RST, P.NEXT, {"no reply, SYN-SENT"}),
        (S.SYN_SENT, H.RST_ACK, P.NEXT, {"no reply, CLOSED"}),
        (S.SYN_SENT, H.SYN_ACK, P.NEXT, {f"{TAKEN}, ESTABLISHED"}),
        (S.SYN_SENT, H.FIN_ACK, P.NEXT, {"no reply, SYN-SENT"}),
        (S.SYN_RECEIVED, H.ACK, P.NEXT, {"no reply, ESTABLISHED"}),
        (S.SYN_RECEIVED, H.FIN_ACK, P.NEXT, {f"{TAKEN}, CLOSE-WAIT"}),
        (S.SYN_RECEIVED, H.SYN, P.AHEAD, {"no reply, CLOSED"}),
        (S.SYN_RECEIVED_SIMULTANEOUS, H.SYN, P.AHEAD, {f"{AGAIN}, SYN-RECEIVED"}),
        (S.ESTABLISHED, H.RST, P.BEFORE, {"no reply, ESTABLISHED"}),
        (S.ESTABLISHED, H.RST, P.NEXT, {"no reply, CLOSED"}),
        (S.ESTABLISHED, H.RST, P.AHEAD, {f"{AGAIN}, ESTABLISHED"}),
        (S.ESTABLISHED, H.RST, P.LAST, {f"{AGAIN}, ESTABLISHED"}),
        (S.ESTABLISHED, H.RST, P.EDGE, {"no reply, ESTABLISHED"}),
        (S.ESTABLISHED, H.SYN, P.BEYOND, {f"{AGAIN}, ESTABLISHED"}),
        (S.ESTABLISHED, H.DATA, P.NEXT, {f"{TAKEN}, ESTABLISHED"}),
        (S.ESTABLISHED, H.DATA, P.AHEAD, {"no reply, ESTABLISHED", f"{AGAIN}, ESTABLISHED"}),
        (S.ESTABLISHED, H.DATA, P.EDGE, {f"{AGAIN}, ESTABLISHED"}),
        (S.FIN_WAIT_1, H.ACK, P.NEXT, {"no reply, FIN-WAIT-2"}),
        (S.FIN_WAIT_1, H.FIN_ACK, P.NEXT, {f"{TAKEN}, TIME-WAIT"}),
        (S.FIN_WAIT_1_ORPHAN, H.DATA, P.NEXT, {"<SEQ=SEG.ACK><CTL=RST>, CLOSED"}),
        (S.CLOSE_WAIT, H.DATA, P.NEXT, {"no reply, CLOSE-WAIT"}),
        (S.CLOSING, H.ACK, P.NEXT, {"no reply, TIME-WAIT"}),
        (S.LAST_ACK, H.ACK, P.NEXT, {"no reply, CLOSED"}),
        (S.TIME_WAIT, H.RST, P.AHEAD, {f"{AGAIN}, TIME-WAIT"}),
        (S.TIME_WAIT, H.SYN, P.BEFORE, {f"{AGAIN}, TIME-WAIT"}),
        (
            S.TIME_WAIT,
            H.SYN,
            P.AHEAD,
            {
                f"{AGAIN}, TIME-WAIT",
                "<SEQ=ISS><ACK=SEG.SEQ+SEG.LEN><CTL=SYN,ACK>, SYN-RECEIVED",
            },
        ),
    ],
)
def test_what_the_rfc_says(
    situation: Situation, kind: Hostile, position: Position, expected: set[str]
) -> None:
    assert allowed(situation, kind, position) == expected


def test_every_cell_has_a_demand_and_a_source() -> None:
    for cell in CELLS:
        demand = demanded(cell)
        assert demand.allowed
        assert len(set(demand.allowed)) == len(demand.allowed)
        assert demand.source.startswith("RFC 9293 §3."), cell


def test_a_reset_is_never_answered_with_a_reset() -> None:
    for cell in CELLS:
        if cell.kind in WITH_RST:
            for outcome in demanded(cell).allowed:
                assert not any("RST" in reply.control for reply in outcome.replies), cell


def test_nobody_replies_twice() -> None:
    assert {len(one.replies) for cell in CELLS for one in demanded(cell).allowed} == {0, 1}


def test_without_a_window_the_place_makes_no_difference() -> None:
    for situation in (S.CLOSED, S.LISTEN, S.SYN_SENT):
        for kind in Hostile:
            found = [demanded(Cell(situation, kind, place)) for place in Position]
            assert found == found[:1] * len(found)


def test_a_blind_guess_never_ends_a_synchronized_connection() -> None:
    # RFC 5961: only a RST at RCV.NXT does, and a SYN does not at all.
    for cell in CELLS:
        if cell.situation.state in SYNCHRONIZED and cell.kind in (*WITH_RST, *WITH_SYN):
            ends = any(one.becomes is CLOSED for one in demanded(cell).allowed)
            assert ends is (cell.kind in WITH_RST and cell.position is P.NEXT), cell


def test_every_change_of_state_is_a_step_of_the_rfc() -> None:
    known = {(step.state, step.next) for step in STEPS}
    # Two steps at once: the ACK of a SYN, and the FIN with it.
    known |= {(State.SYN_RECEIVED, State.CLOSE_WAIT)}
    # A connection that goes back to LISTEN is told as CLOSED.
    known |= {(was, CLOSED) for was, now in known if now is LISTEN}
    for cell in CELLS:
        for outcome in demanded(cell).allowed:
            was, now = cell.situation.state, outcome.becomes
            assert was is now or (was, now) in known, cell


def test_a_challenge_is_what_is_expected_said_to_a_rst_or_a_syn() -> None:
    again = (ACKNOWLEDGMENT,)
    for kind in Hostile:
        cell = Cell(S.ESTABLISHED, kind, P.AHEAD)
        doubted = kind in (*WITH_RST, *WITH_SYN)
        assert is_challenge(cell, Outcome(again, State.ESTABLISHED)) is doubted
        assert not is_challenge(cell, Outcome(again, CLOSED))
        assert not is_challenge(cell, Outcome((), State.ESTABLISHED))
        assert not is_challenge(cell, Outcome((Reply("SEG.ACK", None, "RST"),), State.ESTABLISHED))
