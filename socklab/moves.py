"""Moves: everything that can happen next, as values and as lines of text.

A move names what it lets happen, not how it came to be: the call of a role by its name, a
segment by its sender and its number among that sender's segments. A list of moves, a line
each, is therefore enough to play a run again.

    call client shutdown
    carry client 3 FIN
    drop server 2 ACK
    wait client timewait
    destroy client ESTABLISHED
    cut client server
    join client server
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from socklab.errors import LabError
from socklab.icmp import Unreachable
from socklab.packet import Packet
from socklab.tcp import State


class OnTheWire(Protocol):
    """What a move must know of a segment to name it."""

    @property
    def sender(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def copy(self) -> bool: ...
    @property
    def packet(self) -> Packet: ...


class Verb(Enum):
    """What a move does; the comment says what follows it in the text."""

    CALL = "call"  # role, call
    CARRY = "carry"  # host, number, kind
    DROP = "drop"  # host, number, kind
    DUPLICATE = "duplicate"  # host, number, kind
    POSTPONE = "postpone"  # host, number, kind
    DELAY = "delay"  # host, number, kind, seconds
    UNREACHABLE = "unreachable"  # host, number, kind, why
    INJECT = "inject"  # host, kind, then key=value
    DESTROY = "destroy"  # host, state
    WAIT = "wait"  # host, timer
    CUT = "cut"  # hosts
    JOIN = "join"  # hosts


ON_SEGMENTS = frozenset(
    {Verb.CARRY, Verb.DROP, Verb.DUPLICATE, Verb.POSTPONE, Verb.DELAY, Verb.UNREACHABLE}
)
"""The moves that decide the fate of a segment which is on the wire."""

ON_THE_WIRE = frozenset({Verb.CUT, Verb.JOIN})
"""The moves that are made on the wire itself: what these hosts send is lost, or no longer."""


@dataclass(frozen=True, slots=True)
class Move:
    """One move. `str()` writes it, `Move.parse` reads it.

    `who` is a role for a call and otherwise a host; `what` a call, a segment's kind, a timer
    or a state; `number` the segment's; `more` what else the move needs, as text. What is made on
    the wire itself has no `what`, and `more` has the hosts beside `who`.
    """

    verb: Verb
    who: str
    what: str
    number: int = 0
    copy: bool = False
    more: str = ""

    def __str__(self) -> str:
        words = [self.verb.value, self.who]
        if self.verb in ON_SEGMENTS:
            words.append(str(self.number))
        if self.what:
            words.append(self.what)
        if self.copy:
            words.append("copy")
        if self.more:
            words.append(self.more)
        return " ".join(words)

    @classmethod
    def parse(cls, text: str) -> Move:
        """The move that a line of text stands for.

        Raises:
            LabError: the line is no move.
        """
        try:
            verb_word, who, *words = text.split()
            verb = Verb(verb_word)
            number = int(words.pop(0)) if verb in ON_SEGMENTS else 0
            what = "" if verb in ON_THE_WIRE else words.pop(0)
            copy = bool(words) and verb in ON_SEGMENTS and words[0] == "copy"
            more = " ".join(words[copy:])
            if verb is Verb.DELAY:
                float(more)
            elif verb is Verb.UNREACHABLE:
                Unreachable[more.upper()]
            elif verb is Verb.DESTROY:
                State(what)
            elif more and verb is not Verb.INJECT and verb not in ON_THE_WIRE:
                raise ValueError(more)
            return cls(verb, who, what, number, copy, more)
        except (ValueError, IndexError, KeyError) as problem:
            verbs = ", ".join(verb.value for verb in Verb)
            raise LabError(
                f"{text!r} is not a move: one begins with {verbs}, then says who and what, "
                "such as `call client shutdown` or `carry client 3 FIN`"
            ) from problem

    @property
    def hosts(self) -> tuple[str, ...]:
        """Of a move on the wire itself, all the hosts that it concerns."""
        return (self.who, *self.more.split())

    @classmethod
    def on(cls, verb: Verb, segment: OnTheWire, more: str = "") -> Move:
        """The move that decides this segment's fate."""
        kind = str(segment.packet.kind)
        return cls(verb, segment.sender, kind, segment.number, segment.copy, more)
