"""Hostile segments: what can be thrown at a socket, where in its window, and what came of it.

A cell of the grid is a socket in some situation, a segment of some kind, and the place of its
sequence number. All else about the segment is right: it acknowledges all that was sent, its
checksum is good, and data is a single byte, so that it lies wholly where it is put. What comes
back is told in the words of RFC 9293, such as `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`, which are
the same on every machine, whatever its numbers are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from socklab.errors import LabError
from socklab.packet import Flags
from socklab.situations import Situation
from socklab.tcp import State


class Hostile(Enum):
    """A kind of segment, by its control bits."""

    RST = ("RST", Flags.RST)
    RST_ACK = ("RST+ACK", Flags.RST | Flags.ACK)
    SYN = ("SYN", Flags.SYN)
    SYN_ACK = ("SYN+ACK", Flags.SYN | Flags.ACK)
    FIN_ACK = ("FIN+ACK", Flags.FIN | Flags.ACK)
    ACK = ("ACK", Flags.ACK)
    DATA = ("data", Flags.PSH | Flags.ACK)

    def __init__(self, text: str, flags: Flags) -> None:
        self.text = text
        self.flags = flags

    def __str__(self) -> str:
        return self.text

    @property
    def payload(self) -> bytes:
        """One byte of data, or none."""
        return b"!" if self is Hostile.DATA else b""

    @classmethod
    def named(cls, text: str) -> Hostile:
        """The kind with this name in any case, with a plus or a dash.

        Raises:
            LabError: there is none, with what there is.
        """
        plain = text.strip().upper().replace("-", "+").replace("_", "+")
        for kind in cls:
            if kind.text.upper() == plain:
                return kind
        names = ", ".join(kind.text for kind in cls)
        raise LabError(f"{text!r} is no kind of segment in the grid; there are {names}")


WITH_RST: Final = (Hostile.RST, Hostile.RST_ACK)
WITH_SYN: Final = (Hostile.SYN, Hostile.SYN_ACK)


class Position(Enum):
    """Where a segment's sequence number is, from just before the window to well behind it."""

    BEFORE = "RCV.NXT-1"
    NEXT = "RCV.NXT"
    AHEAD = "RCV.NXT+100"
    LAST = "RCV.NXT+RCV.WND-1"
    EDGE = "RCV.NXT+RCV.WND"
    BEYOND = "RCV.NXT+RCV.WND+100"

    def __str__(self) -> str:
        return self.value

    def offset(self, window: int) -> int:
        """How far it is from RCV.NXT, with a window of so many bytes."""
        return {
            Position.BEFORE: -1,
            Position.NEXT: 0,
            Position.AHEAD: 100,
            Position.LAST: window - 1,
            Position.EDGE: window,
            Position.BEYOND: window + 100,
        }[self]


@dataclass(frozen=True, slots=True)
class Cell:
    """One segment at one place against one socket."""

    situation: Situation
    kind: Hostile
    position: Position

    def __str__(self) -> str:
        return f"{self.situation}, {self.kind} at {self.position}"


_REPLY: Final = re.compile(r"<SEQ=([^>]+)>(?:<ACK=([^>]+)>)?<CTL=([A-Z,]*)>")


@dataclass(frozen=True, slots=True)
class Reply:
    """A segment that came back, in the notation of RFC 9293: `<SEQ=SEG.ACK><CTL=RST>`.

    RCV.NXT and SND.NXT are the socket's before the segment came, SEG.SEQ, SEG.ACK and SEG.LEN
    are the segment's.
    """

    seq: str
    ack: str | None
    control: str

    def __str__(self) -> str:
        acknowledges = "" if self.ack is None else f"<ACK={self.ack}>"
        return f"<SEQ={self.seq}>{acknowledges}<CTL={self.control}>"

    @classmethod
    def parse(cls, text: str) -> Reply:
        """The reply that is written so.

        Raises:
            LabError: none is.
        """
        read = _REPLY.fullmatch(text)
        if read is None:
            raise LabError(f"{text!r} is no reply such as <SEQ=SEG.ACK><CTL=RST>")
        return cls(read[1], read[2], read[3])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back, and the state in which the connection then is; CLOSED where it is gone."""

    replies: tuple[Reply, ...]
    becomes: State

    def __str__(self) -> str:
        return f"{' '.join(map(str, self.replies)) or 'no reply'}, {self.becomes}"


CELLS: Final = tuple(
    Cell(situation, kind, position)
    for situation in Situation
    for kind in Hostile
    for position in Position
)
"""Every cell, in the order of the grid."""
