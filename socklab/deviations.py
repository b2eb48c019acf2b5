"""Where Linux does otherwise than RFC 9293 section 3.10.7 demands, and which function does it.

Each was measured on Linux 6.18. A kernel that differs in a cell that none of these explains
has a habit of its own, and the grid says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from socklab.hostile import WITH_RST, WITH_SYN, Cell, Hostile, Outcome, Position
from socklab.segment_arrives import (
    ACKNOWLEDGMENT,
    AFTER_ACK,
    RESET,
    RESET_OF_NO_ACK,
    SYN_ACK,
    demanded,
)
from socklab.situations import Situation
from socklab.tcp import CLOSED, FIN_WAIT_2, SYN_RECEIVED, TIME_WAIT

_HELD_BACK: Final = (Position.AHEAD, Position.LAST)
_AFTER_FIN: Final = (Situation.CLOSE_WAIT, Situation.CLOSING, Situation.LAST_ACK)
_ORPHANS: Final = (Situation.FIN_WAIT_1_ORPHAN, Situation.FIN_WAIT_2_ORPHAN)


@dataclass(frozen=True, slots=True)
class Deviation:
    """One habit: in a sentence, with the kernel's function that has it."""

    text: str
    function: str
    explains: Callable[[Cell, Outcome], bool]

    def __str__(self) -> str:
        return f"{self.text} ({self.function})."


def _counts(cell: Cell, outcome: Outcome) -> bool:
    """Whether of a segment the acknowledgment alone was used."""
    state = cell.situation.state
    return (
        cell.kind not in (*WITH_RST, *WITH_SYN)
        and outcome.becomes is AFTER_ACK.get(state, state)
        and outcome.replies in ((), (ACKNOWLEDGMENT,))
    )


def _controls(outcome: Outcome) -> list[str]:
    return [reply.control for reply in outcome.replies]


def _reset_at_fin(cell: Cell, outcome: Outcome) -> bool:
    return (
        cell.situation in _AFTER_FIN
        and cell.kind in WITH_RST
        and cell.position is Position.BEFORE
        and outcome == Outcome((), CLOSED)
    )


def _time_wait_socket(cell: Cell, outcome: Outcome) -> bool:
    if cell.situation is not Situation.FIN_WAIT_2_ORPHAN:
        return False
    if cell.kind in WITH_RST:
        return outcome in (Outcome((), CLOSED), Outcome((ACKNOWLEDGMENT,), FIN_WAIT_2))
    return cell.kind in WITH_SYN and outcome in (
        Outcome((RESET,), CLOSED),
        Outcome((RESET_OF_NO_ACK,), CLOSED),
    )


def _no_challenge(cell: Cell, outcome: Outcome) -> bool:
    return (
        cell.situation is Situation.TIME_WAIT
        and cell.kind in WITH_RST
        and cell.position in _HELD_BACK
        and outcome == Outcome((), TIME_WAIT)
    )


def _syn_again(cell: Cell, outcome: Outcome) -> bool:
    return (
        cell.situation is Situation.SYN_RECEIVED
        and (cell.kind, cell.position) == (Hostile.SYN, Position.BEFORE)
        and outcome.becomes is SYN_RECEIVED
        and _controls(outcome) == [SYN_ACK.control]
    )


def _another_syn(cell: Cell, outcome: Outcome) -> bool:
    return (
        cell.situation is Situation.SYN_RECEIVED
        and cell.kind in WITH_SYN
        and outcome in (Outcome((RESET,), CLOSED), Outcome((RESET_OF_NO_ACK,), CLOSED))
    )


def _nobody_reads(cell: Cell, outcome: Outcome) -> bool:
    return (
        cell.situation in _ORPHANS
        and cell.kind in (Hostile.DATA, Hostile.FIN_ACK)
        and outcome == Outcome((RESET,), CLOSED)
    )


def _wider(cell: Cell, outcome: Outcome) -> bool:
    if cell.position is Position.EDGE and cell.kind in WITH_RST:
        return outcome == Outcome((ACKNOWLEDGMENT,), cell.situation.state)
    at_the_left = cell.position is Position.BEFORE and cell.kind is not Hostile.ACK
    return (at_the_left or cell.position is Position.EDGE) and _counts(cell, outcome)


def _at_once(cell: Cell, outcome: Outcome) -> bool:
    return cell.position in _HELD_BACK and _counts(cell, outcome)


def _second_fin(cell: Cell, outcome: Outcome) -> bool:
    return (
        cell.situation in _AFTER_FIN
        and (cell.kind, cell.position) == (Hostile.FIN_ACK, Position.NEXT)
        and _counts(cell, outcome)
    )


UNEXPLAINED: Final = Deviation(
    "Not as on Linux 6.18, and not as RFC 9293 has it", "no function that we know", lambda *_: True
)

LINUX: Final = (
    Deviation(
        "After the peer's FIN a RST with the number of that FIN is taken as well: some systems "
        "send it so",
        "tcp_reset_check",
        _reset_at_fin,
    ),
    Deviation(
        "What close() leaves of a socket in FIN-WAIT-2 does without RFC 5961: any RST in the "
        "window ends it, a SYN there is answered with a RST, and a RST outside with an ACK",
        "tcp_timewait_state_process",
        _time_wait_socket,
    ),
    Deviation(
        "TIME-WAIT sends no challenge ACK: a RST in the window but not at RCV.NXT is ignored",
        "tcp_timewait_state_process",
        _no_challenge,
    ),
    Deviation(
        "The peer's SYN once more gets the SYN+ACK once more, where RFC 9293 has an ACK",
        "tcp_check_req",
        _syn_again,
    ),
    Deviation(
        "Another SYN in the window of SYN-RECEIVED is answered with a RST, where RFC 9293 goes "
        "back to LISTEN in silence",
        "tcp_check_req",
        _another_syn,
    ),
    Deviation(
        "After close() the connection is reset as soon as something came that nobody will "
        "read, also ahead of its turn, where RFC 9293 would hold it (SHLD-31)",
        "tcp_rcv_state_process, tcp_timewait_state_process",
        _nobody_reads,
    ),
    Deviation(
        "The window is one wider on either side: what ends at RCV.NXT or begins at "
        "RCV.NXT+RCV.WND is let in, and its acknowledgment counts",
        "tcp_sequence",
        _wider,
    ),
    Deviation(
        "The acknowledgment in a segment ahead of its turn counts at once, where RFC 9293 would "
        "hold the whole segment (SHLD-31)",
        "tcp_ack, tcp_check_req",
        _at_once,
    ),
    Deviation(
        "A second FIN right after the first gets no answer",
        "tcp_rcv_state_process",
        _second_fin,
    ),
)
"""What is known of Linux. The first that explains a cell is its reason."""


def deviation(cell: Cell, outcome: Outcome) -> Deviation | None:
    """Why an outcome is not as RFC 9293 demands; None if it is."""
    if outcome in demanded(cell):
        return None
    return next((one for one in LINUX if one.explains(cell, outcome)), UNEXPLAINED)
