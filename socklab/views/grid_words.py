"""The grid in words: an outcome in one or two, what they mean, and what is to be said below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from socklab.deviations import LINUX, UNEXPLAINED, Deviation, deviation
from socklab.grid import Grid
from socklab.hostile import WITH_RST, WITH_SYN, Cell, Outcome, Reply
from socklab.segment_arrives import ACCEPTED, ACKNOWLEDGMENT, is_challenge

NOTHING = "nothing"
CHALLENGE = "ACK?"
AGAIN = "dup ACK"
TAKEN = "ACK"
MARK = "*"

MEANINGS = {
    NOTHING: "no reply",
    TAKEN: "<ACK=SEG.SEQ+SEG.LEN>: the segment was taken, and is acknowledged",
    AGAIN: "<SEQ=SND.NXT><ACK=RCV.NXT>: what is expected is said again",
    CHALLENGE: (
        "the same in answer to a RST or a SYN, a challenge ACK (RFC 5961): a peer that meant it "
        "answers with a RST at RCV.NXT; who only guessed never sees it"
    ),
    MARK: "RFC 9293 §3.10.7 has another outcome; how Linux differs stands below",
}
"""What the short words mean."""

HOW_TO_READ = (
    "Places count from RCV.NXT, and WND is the window. The line under a reply names the state "
    "afterwards, where it is another."
)

ASKED: Mapping[str, Callable[[Cell], bool]] = {
    "CLOSED, LISTEN and SYN-SENT have received nothing, so there is no RCV.NXT: the places are "
    "around a number of our choice, and make no difference (§3.10.7.1 to 3).": lambda cell: (
        not cell.situation.received_something
    ),
    "RST: at RCV.NXT it ends the connection, elsewhere in the window it gets a challenge ACK, "
    "outside nothing (§3.10.7.4, RFC 5961 §3.2).": lambda cell: (
        cell.situation.received_something and cell.kind in WITH_RST
    ),
    "SYN: a challenge ACK, wherever it is (§3.10.7.4, RFC 5961 §4.2); SYN-RECEIVED after "
    "listen() goes back to LISTEN instead, and TIME-WAIT may open anew "
    "(§3.6.1 MAY-2).": lambda cell: cell.situation.received_something and cell.kind in WITH_SYN,
    "All else: outside the window an ACK; at RCV.NXT it is taken; ahead of it, it waits for its "
    "turn (§3.10.7.4 SHLD-31).": lambda cell: (
        cell.situation.received_something and cell.kind not in (*WITH_RST, *WITH_SYN)
    ),
}
"""What RFC 9293 asks, a sentence each, and of which cells."""


def in_short(cell: Cell, outcome: Outcome) -> str:
    """What came back, in a word or two."""
    return ", ".join(_reply(cell, outcome, reply) for reply in outcome.replies) or NOTHING


def _reply(cell: Cell, outcome: Outcome, reply: Reply) -> str:
    if reply == ACKNOWLEDGMENT:
        return CHALLENGE if is_challenge(cell, outcome) else AGAIN
    if reply == ACCEPTED:
        return TAKEN
    control = reply.control.replace(",", "+") or "no flag"
    # An ACK with numbers that have no word of their own is told with them.
    return str(reply) if control == TAKEN else control


def meanings(grid: Grid) -> Iterator[tuple[str, str]]:
    """The words of a grid that need telling, with their meaning."""
    used = {in_short(*pair) for pair in grid.outcomes.items()}
    if reasons(grid):
        used.add(MARK)
    for word, meaning in MEANINGS.items():
        if word in used:
            yield word, meaning


def asked(grid: Grid) -> Iterator[str]:
    """What RFC 9293 asks of the cells of a grid, a sentence each."""
    for sentence, concerns in ASKED.items():
        if any(map(concerns, grid.outcomes)):
            yield sentence


def reasons(grid: Grid) -> list[tuple[Deviation, int]]:
    """Where a grid is not as RFC 9293 has it: each habit, and in how many cells it shows."""
    found = Counter(deviation(*pair) for pair in grid.outcomes.items())
    return [(one, found[one]) for one in (*LINUX, UNEXPLAINED) if one in found]
