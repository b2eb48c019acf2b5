"""SEGMENT ARRIVES: what RFC 9293 section 3.10.7 demands for each cell of the grid.

The RFC's text as a function: its steps stand here in its order, with its words for what is
sent. Where it leaves a choice (a MAY, or a text that can be read in two ways) all of it is
allowed, so that what differs from this differs from any reading. RFC 5961's answers to blind
attacks, which RFC 9293 includes, are demanded: Linux has implemented them since 3.6.

"Return to the LISTEN state" is told as CLOSED: the connection is gone, and its listener, which
has a row of its own on Linux, never left LISTEN.

Left out: what the grid never injects, that is bad acknowledgment numbers, options, urgent data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from socklab.hostile import WITH_RST, WITH_SYN, Cell, Hostile, Outcome, Position, Reply
from socklab.situations import Situation
from socklab.tcp import (
    CLOSE_WAIT,
    CLOSED,
    CLOSING,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    LAST_ACK,
    LISTEN,
    SYN_RECEIVED,
    SYN_SENT,
    TIME_WAIT,
    State,
)


@dataclass(frozen=True, slots=True)
class Demand:
    """Every outcome that is allowed, and the section that says so."""

    allowed: tuple[Outcome, ...]
    source: str

    def __contains__(self, outcome: Outcome) -> bool:
        return outcome in self.allowed


ACKNOWLEDGMENT: Final = Reply("SND.NXT", "RCV.NXT", "ACK")
"""What is expected, said again; in answer to a RST or a SYN it is called a challenge ACK."""
ACCEPTED: Final = Reply("SND.NXT", "SEG.SEQ+SEG.LEN", "ACK")
"""The acknowledgment of a segment that was taken."""
RESET: Final = Reply("SEG.ACK", None, "RST")
RESET_OF_NO_ACK: Final = Reply("0", "SEG.SEQ+SEG.LEN", "RST,ACK")
SYN_ACK: Final = Reply("ISS", "SEG.SEQ+SEG.LEN", "SYN,ACK")

AFTER_ACK: Final[Mapping[State, State]] = MappingProxyType(
    {
        SYN_RECEIVED: ESTABLISHED,
        FIN_WAIT_1: FIN_WAIT_2,
        CLOSING: TIME_WAIT,
        LAST_ACK: CLOSED,
    }
)
"""Where an acknowledgment of all that was sent leads; from every other state it leads nowhere."""

_IN_WINDOW: Final = (Position.NEXT, Position.AHEAD, Position.LAST)


def demanded(cell: Cell) -> Demand:
    """What RFC 9293 allows to happen in a cell."""
    match cell.situation.state:
        case State.CLOSED:
            return _closed(cell.kind)
        case State.LISTEN:
            return _listen(cell.kind)
        case State.SYN_SENT:
            return _syn_sent(cell.kind)
        case state:
            return _other(cell, state)


def is_challenge(cell: Cell, outcome: Outcome) -> bool:
    """Whether the reply is a challenge ACK: what is expected, said to whoever sent a RST or SYN.

    Source: RFC 5961 sections 3.2 and 4.2
    """
    doubtful = cell.kind in WITH_RST or cell.kind in WITH_SYN
    return doubtful and outcome == Outcome((ACKNOWLEDGMENT,), cell.situation.state)


def _demand(source: str, becomes: State, *choices: Reply | None) -> Demand:
    """The same state with any of these replies; None is silence."""
    replies = [() if reply is None else (reply,) for reply in choices]
    return Demand(tuple(Outcome(reply, becomes) for reply in replies), source)


def _closed(kind: Hostile) -> Demand:
    answer = None if kind in WITH_RST else RESET_OF_NO_ACK if kind is Hostile.SYN else RESET
    return _demand("RFC 9293 §3.10.7.1", CLOSED, answer)


def _listen(kind: Hostile) -> Demand:
    source = "RFC 9293 §3.10.7.2"
    if kind in WITH_RST:
        return _demand(source, LISTEN, None)
    if kind is Hostile.SYN:
        return _demand(source, SYN_RECEIVED, SYN_ACK)
    return _demand(source, LISTEN, RESET)


def _syn_sent(kind: Hostile) -> Demand:
    source = "RFC 9293 §3.10.7.3"
    match kind:
        case Hostile.RST_ACK:
            return _demand(source, CLOSED, None)
        case Hostile.SYN:
            return _demand(source, SYN_RECEIVED, SYN_ACK)
        case Hostile.SYN_ACK:
            return _demand(source, ESTABLISHED, ACCEPTED)
        case _:  # a RST that acknowledges nothing, or neither SYN nor RST: dropped
            return _demand(source, SYN_SENT, None)


def _other(cell: Cell, state: State) -> Demand:
    source = "RFC 9293 §3.10.7.4"
    kind, position = cell.kind, cell.position
    reopens = state is TIME_WAIT and kind is Hostile.SYN and position is not Position.BEFORE
    if reopens:
        # MAY-2. Its condition, an initial sequence number above the last, shows in no word.
        may = Outcome((SYN_ACK,), SYN_RECEIVED)
        return Demand((Outcome((ACKNOWLEDGMENT,), TIME_WAIT), may), "RFC 9293 §3.6.1 MAY-2")

    # First: the sequence number. All our segments have a length of 0 or 1, for which the
    # acceptability tests come to the same.
    if position not in _IN_WINDOW:
        if kind in WITH_RST:
            return _demand(source, state, None)
        if cell == Cell(Situation.SYN_RECEIVED_SIMULTANEOUS, Hostile.SYN_ACK, Position.BEFORE):
            # It repeats the number of the peer's SYN, and yet figure 7 ends with it.
            return _demand("RFC 9293 §3.5 figure 7", ESTABLISHED, ACKNOWLEDGMENT, None)
        return _demand(source, state, ACKNOWLEDGMENT)

    # Second: the RST bit.
    if kind in WITH_RST:
        if position is Position.NEXT:
            return _demand(source, CLOSED, None)
        return _demand(f"{source}, RFC 5961 §3.2", state, ACKNOWLEDGMENT)

    # Fourth: the SYN bit.
    if kind in WITH_SYN:
        if cell.situation is Situation.SYN_RECEIVED:
            return _demand(source, CLOSED, None)
        return _demand(f"{source}, RFC 5961 §4.2", state, ACKNOWLEDGMENT)

    # "Segments with higher beginning sequence numbers SHOULD be held for later processing."
    if position is not Position.NEXT:
        return _demand(f"{source} SHLD-31, MAY-13", state, None, ACKNOWLEDGMENT)

    # Fifth: the ACK field, which acknowledges all that was sent.
    after = AFTER_ACK.get(state, state)
    if state is LAST_ACK:
        return _demand(source, CLOSED, None)
    if state is TIME_WAIT:
        # "The only thing that can arrive in this state is a retransmission of the remote FIN.
        # Acknowledge it": what of anything else is not said.
        return _demand(source, TIME_WAIT, ACKNOWLEDGMENT, None, ACCEPTED)
    if kind is Hostile.ACK:
        return _demand(source, after, None)

    # Seventh: the text.
    if kind is Hostile.DATA:
        if cell.situation in (Situation.FIN_WAIT_1_ORPHAN, Situation.FIN_WAIT_2_ORPHAN):
            return _demand("RFC 9293 §3.6.1 SHLD-3", CLOSED, RESET)
        if after in (ESTABLISHED, FIN_WAIT_2):
            return _demand(source, after, ACCEPTED)
        return _demand(source, after, None)  # after a FIN there should be none: ignored

    # Eighth: the FIN bit.
    closes = {ESTABLISHED: CLOSE_WAIT, FIN_WAIT_2: TIME_WAIT}
    return _demand(source, closes.get(after, after), ACCEPTED)
