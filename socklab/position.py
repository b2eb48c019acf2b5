"""A position: where a run stands between two moves, for whoever chooses the next one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from socklab import ss
from socklab.moves import Move, Verb
from socklab.record import Record
from socklab.tcp import CLOSED, State


@dataclass(frozen=True, slots=True)
class Choice:
    """A move that could be made next.

    Args:
        move: the move.
        told: what it does, in words.
        left_s: of a wait, what is left on the timer, in seconds.
    """

    move: Move
    told: str
    left_s: float | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A segment that is on the wire; as `record.Segment` has it, before its fate."""

    sender: str
    receiver: str
    number: int
    copy: bool
    flags: str
    kind: str
    seq: int
    ack: int | None
    payload_bytes: int

    def __str__(self) -> str:
        ack = "" if self.ack is None else f" ack={self.ack}"
        length = f" len={self.payload_bytes}" if self.payload_bytes else ""
        again = " (copy)" if self.copy else ""
        return f"{self.sender} → {self.receiver} {self.kind} seq={self.seq}{ack}{length}{again}"


@dataclass(frozen=True, slots=True)
class Done:
    """A call that a program has made: what it was, and what it came to."""

    socket: str
    call: str
    outcome: str
    """What it gave back, its error, or "blocked"."""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """Where one role is: the calls it stands before, those it is inside of, those it has made."""

    host: str
    standing: tuple[str, ...]
    inside: tuple[str, ...]
    made: tuple[Done, ...]
    ended: bool


@dataclass(frozen=True, slots=True)
class Position:
    """Where a run stands.

    Args:
        made: the moves up to here, a line of text each.
        choices: what can be done next, what a story would do first at the top.
        rows: each host's sockets, as `ss` printed them.
        held: what is on the wire, in the order in which it would arrive.
        programs: where each role is, by its name.
        record: all that has happened.
        trouble: what ended the run, if something did: then there are no choices.
    """

    made: tuple[str, ...]
    choices: tuple[Choice, ...]
    rows: Mapping[str, tuple[str, ...]]
    held: tuple[Held, ...]
    programs: Mapping[str, Program]
    record: Record = field(repr=False)
    trouble: str = ""

    @property
    def sockets(self) -> dict[str, list[ss.Row]]:
        """Each host's sockets, read."""
        return {host: ss.parse("\n".join(rows)) for host, rows in self.rows.items()}

    @property
    def states(self) -> dict[str, State]:
        """Each host's state: of its connection if it has one, of its listener if not."""
        return {host: state_of(rows) for host, rows in self.sockets.items()}

    def choice(self, move: Move) -> Choice | None:
        """The choice that makes a move, if it can be made."""
        return next((choice for choice in self.choices if choice.move == move), None)


def state_of(rows: list[ss.Row]) -> State:
    """One state for a host: its oldest connection's, or LISTEN, or CLOSED."""
    states = [row.state for row in rows if row.state is not CLOSED]
    connected = [state for state in states if state is not State.LISTEN]
    return (connected or states or [CLOSED])[0]


def tell(move: Move, held: Held | None = None, left_s: float | None = None) -> str:
    """A move in words.

    Args:
        move: the move.
        held: of a move on a segment, the segment.
        left_s: of a wait, what is left on the timer, in seconds.
    """
    if move.verb is Verb.CALL:
        return f"{move.who} calls {move.what if '(' in move.what else move.what + '()'}"
    if held is not None:
        again = "a copy of " if held.copy else ""
        ack = "" if held.ack is None else f" ack={held.ack}"
        length = f" len={held.payload_bytes}" if held.payload_bytes else ""
        segment = f"{again}{held.sender}'s {held.kind} (seq={held.seq}{ack}{length})"
        told = {
            Verb.CARRY: f"carry {segment} to {held.receiver}",
            Verb.DROP: f"drop {segment}",
            Verb.DUPLICATE: f"carry {segment} to {held.receiver}, and keep it",
            Verb.POSTPONE: f"let everything else overtake {segment}",
        }
        return told.get(move.verb, str(move))
    if move.verb is Verb.WAIT:
        left = "" if left_s is None else f" {left_s:g} s"
        return f"wait{left} until {move.who}'s timer `{move.what}` fires"
    return str(move)
