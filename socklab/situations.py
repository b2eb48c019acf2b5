"""Situations: the states in which a socket can be met, and how a connection comes into each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from socklab.tcp import State


class Situation(Enum):
    """A state, and how the socket came there where that makes a difference; a row of the grid.

    `held` tells whether a program has a descriptor of the connection's socket.
    """

    CLOSED = (State.CLOSED, "", "no socket on this port", False)
    LISTEN = (State.LISTEN, "", "listen()", False)
    SYN_SENT = (State.SYN_SENT, "", "connect()", True)
    SYN_RECEIVED = (State.SYN_RECEIVED, "", "a SYN to a listener", False)
    SYN_RECEIVED_SIMULTANEOUS = (State.SYN_RECEIVED, "simultaneous", "connect() on both ends", True)
    ESTABLISHED = (State.ESTABLISHED, "", "accept()", True)
    FIN_WAIT_1 = (State.FIN_WAIT_1, "", "shutdown(SHUT_WR)", True)
    FIN_WAIT_1_ORPHAN = (State.FIN_WAIT_1, "orphan", "close()", False)
    FIN_WAIT_2 = (State.FIN_WAIT_2, "", "shutdown(SHUT_WR), and its FIN acknowledged", True)
    FIN_WAIT_2_ORPHAN = (State.FIN_WAIT_2, "orphan", "close(), and its FIN acknowledged", False)
    CLOSE_WAIT = (State.CLOSE_WAIT, "", "the peer's FIN", True)
    CLOSING = (State.CLOSING, "", "shutdown(SHUT_WR) on both ends at once", True)
    LAST_ACK = (State.LAST_ACK, "", "the peer's FIN, then shutdown(SHUT_WR)", True)
    TIME_WAIT = (State.TIME_WAIT, "", "shutdown(SHUT_WR), then the peer's FIN; it listens", False)

    def __init__(self, state: State, manner: str, how: str, held: bool) -> None:
        self.state = state
        self.manner = manner
        self.how = how
        self.held = held

    def __str__(self) -> str:
        return f"{self.state} {self.manner}".rstrip()

    @property
    def received_something(self) -> bool:
        """Whether a peer's SYN has come, so that there are a RCV.NXT and a window."""
        return self.state not in (State.CLOSED, State.LISTEN, State.SYN_SENT)

    @classmethod
    def of(cls, text: str) -> list[Situation]:
        """The situations of a state by its name in any spelling: FIN-WAIT-2 gives two.

        Raises:
            LabError: no state has that name.
        """
        plain = "-".join(text.replace("_", " ").replace("-", " ").upper().split())
        exactly = [one for one in cls if str(one).upper().replace(" ", "-") == plain]
        if exactly and exactly[0].manner:
            return exactly
        wanted = State.named(text)
        return [one for one in cls if one.state is wanted]


class Step(Enum):
    """What is done with every connection of a batch on its way into a situation."""

    CONNECT = "the program calls connect()"
    SYN = "we send our SYN"
    ACK = "we acknowledge all that was sent"
    ACCEPT = "the program calls accept()"
    SHUTDOWN = "the program calls shutdown(SHUT_WR)"
    CLOSE = "the program calls close()"
    FIN = "we send our FIN, which acknowledges all that was sent"
    FIN_CROSSING = "we send our FIN, as if the program's had not come yet"


_OPEN = (Step.SYN, Step.ACK, Step.ACCEPT)

WAYS: Mapping[Situation, tuple[Step, ...]] = MappingProxyType(
    {
        Situation.CLOSED: (),
        Situation.LISTEN: (),
        Situation.SYN_SENT: (Step.CONNECT,),
        Situation.SYN_RECEIVED: (Step.SYN,),
        Situation.SYN_RECEIVED_SIMULTANEOUS: (Step.CONNECT, Step.SYN),
        Situation.ESTABLISHED: _OPEN,
        Situation.FIN_WAIT_1: (*_OPEN, Step.SHUTDOWN),
        Situation.FIN_WAIT_1_ORPHAN: (*_OPEN, Step.CLOSE),
        Situation.FIN_WAIT_2: (*_OPEN, Step.SHUTDOWN, Step.ACK),
        Situation.FIN_WAIT_2_ORPHAN: (*_OPEN, Step.CLOSE, Step.ACK),
        Situation.CLOSE_WAIT: (*_OPEN, Step.FIN),
        Situation.CLOSING: (*_OPEN, Step.SHUTDOWN, Step.FIN_CROSSING),
        Situation.LAST_ACK: (*_OPEN, Step.FIN, Step.SHUTDOWN),
        Situation.TIME_WAIT: (*_OPEN, Step.SHUTDOWN, Step.ACK, Step.FIN),
    }
)
"""How a connection comes into each situation."""
