"""The rungs of a ladder: a Record told top to bottom, before anybody decides how it looks.

A rung is what a reader takes in at once: an arrow, with the state that it puts its receiver
in; or a call and what it gave back; or a change of state. Most of telling well is putting
together what the Record, being exact, keeps apart:

- a segment that goes on as soon as it was sent is one arrow. One that had to wait while
  something else happened is two: a stub where it was sent, and the arrow where it went on;
- a call that returns before the next move is told with what it returned, and a result that
  says nothing but "it worked" is not told at all;
- a state stands beside the arrow that brought it about.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from socklab.record import (
    Call,
    Expect,
    Fate,
    Look,
    Move,
    Other,
    Phase,
    Record,
    Segment,
    State,
    Trouble,
)
from socklab.views.connections import Connections
from socklab.views.journeys import Journeys, Returns
from socklab.views.looks import tell_look

WORTH_TELLING = ("wait", "postpone", "delay", "destroy")
"""Moves that leave no event of their own to see them by."""

TIMERS = {
    "on": "retransmission",
    "keepalive": "keepalive",
    "timewait": "timewait",  # also that of an orphan in FIN-WAIT-2
    "persist": "persist",
}
"""What ss(8) means by the name of a timer."""


class Tone(Enum):
    """What a piece of text is."""

    PLAIN = auto()
    ASIDE = auto()
    STATE = auto()
    ERROR = auto()


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words that stay together if they can."""

    text: str
    tone: Tone = Tone.PLAIN


Note = tuple[Piece, ...]
"""What stands in a host's column."""


class Part(Enum):
    """How much of a segment's way an arrow shows."""

    WHOLE = auto()
    """From its sender to its end."""
    STUB = auto()
    """From its sender onto the wire, where it is held."""
    REST = auto()
    """From the wire, where it was held, to its end."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """A packet on its way."""

    event: Segment | Other
    part: Part
    kept: bool = False
    """Of a stub: whether it was held to the end of the run."""


@dataclass(slots=True)
class Rung:
    """What is read at once, on one connection. `expect` counts expectations from 1."""

    at_s: float
    connection: str = ""
    """Its name, where there are several."""
    notes: dict[str, Note] = field(default_factory=dict)
    arrow: Arrow | None = None
    aside: Note = ()
    """What belongs to no host: a move in words, or a look."""
    is_move: bool = False
    expect: int = 0
    is_state: bool = False
    """Whether all that is told so far is a state."""


def rungs(record: Record, *, verbose: bool = False) -> list[Rung]:
    """The rungs of a Record, in order.

    Args:
        record: what is told.
        verbose: whether every move, and what changed in the rows of `ss`, is told too.
    """
    return _Telling(record, verbose).told


def hosts_of(record: Record) -> list[str]:
    """Every host that something happens on: those of the Record first, in its order."""
    found = dict.fromkeys(record.hosts)
    for event in record.of(Call, State):
        found[event.host] = None
    if not record.hosts:
        for event in record.of(Segment, Other):
            found[event.from_] = found[event.to] = None
    return list(found)


def named(text: str, hosts: Mapping[str, str]) -> str:
    """An endpoint with its host's name instead of its address, where the address says which."""
    address, colon, port = text.rpartition(":")
    names = [name for name, own in hosts.items() if own == address.strip("[]")]
    return f"{names[0]}:{port}" if colon and len(names) == 1 else text


class _Telling:
    """One pass over the events; `told` grows."""

    def __init__(self, record: Record, verbose: bool) -> None:
        self.record = record
        self.told: list[Rung] = []
        self._verbose = verbose
        self._connections = Connections(record)
        self._journeys = Journeys(record.events, WORTH_TELLING)
        self._calls = Returns(record.events)
        self._landed: dict[str, Rung] = {}
        self._look: Look | None = None
        roles: dict[str, dict[str, None]] = {}
        for call in record.of(Call):
            roles.setdefault(call.host, {})[call.role] = None
        self._host_of = {role: host for host, names in roles.items() for role in names}
        self._alone = {role for names in roles.values() if len(names) == 1 for role in names}
        expects = 0
        for index, event in enumerate(record.events):
            match event:
                case Move():
                    self._move(event)
                case Call():
                    self._call(index, event)
                case Segment():
                    self._segment(index, event)
                case Other():
                    self._arrow(Arrow(event, Part.WHOLE), "")
                case Look():
                    self._looked(event)
                case State():
                    self._state(event)
                case Expect():
                    expects += 1
                    self._expect(event, expects)
                case Trouble():
                    self._trouble(event)

    def _add(self, rung: Rung) -> Rung:
        self.told.append(rung)
        return rung

    def _move(self, move: Move) -> None:
        self._landed.clear()
        if self._verbose or move.text.partition(" ")[0] in WORTH_TELLING:
            text = move.text + _gloss(move.text)
            self._add(Rung(move.at_s, aside=(Piece(text, Tone.ASIDE),), is_move=True))

    def _call(self, index: int, call: Call) -> None:
        if call.phase is Phase.BEGUN:
            arguments = ", ".join(call.arguments)
            returned = self._calls.returned_at_once(index)
            text = f"{call.call}({arguments})" + ("" if returned else " …")
            pieces = [Piece(text), *(self._outcome(returned, call) if returned else ())]
        elif self._calls.told_with_its_beginning(index):
            return
        else:
            pieces = [Piece(f"…{call.call}()"), *self._outcome(call, None)]
        if call.role not in self._alone:
            pieces.insert(0, Piece(f"{call.role}:", Tone.ASIDE))
        connection = self._connections.of_call(call)
        self._add(Rung(call.at_s, connection, {call.host: tuple(pieces)}))

    def _outcome(self, returned: Call, begun: Call | None) -> Sequence[Piece]:
        """What a call gave back; nothing if that is just what its caller hoped for."""
        if returned.error is not None:
            return (Piece(f"= -1 {returned.error}", Tone.ERROR),)
        if begun is not None and _as_hoped(returned.result, begun):
            return ()
        result = returned.result
        if returned.call == "accept" and isinstance(result, str):
            result = named(result, self.record.hosts)
        return (Piece(f"= {result}"),)

    def _segment(self, index: int, segment: Segment) -> None:
        connection = self._connections.of(segment)
        if segment.fate is Fate.SENT:
            if self._journeys.waited(index):
                kept = self._journeys.kept(index)
                self._arrow(Arrow(segment, Part.STUB, kept), connection)
        else:
            part = Part.REST if self._journeys.on_the_wire(index) else Part.WHOLE
            self._arrow(Arrow(segment, part), connection)

    def _arrow(self, arrow: Arrow, connection: str) -> None:
        event = arrow.event
        last = self.told[-1] if self.told else None
        goes_out = arrow.part is Part.WHOLE and event.fate is not Fate.INJECTED
        if (
            goes_out
            and last is not None
            and last.is_state
            and last.connection == connection
            and event.from_ in last.notes
            and not last.expect
        ):
            # The state that its sender went into by sending it stands at its tail.
            rung = last
            rung.arrow = arrow
            rung.is_state = False
        else:
            rung = self._add(Rung(event.at_s, connection, arrow=arrow))
        if arrow.part is Part.STUB:
            self._landed[event.from_] = rung
        elif event.fate is not Fate.DROPPED:
            self._landed[event.to] = rung

    def _state(self, state: State) -> None:
        connection = self._connections.of(state)
        note: Note = (Piece(f"[{state.now}]", Tone.STATE),)
        # On loopback nobody saw what arrived, so "nothing did" is not what it says there.
        if state.cause == "timer" and self.record.bench == "wire":
            note = (*note, Piece("by a timer", Tone.ASIDE))
        landed = self._landed.get(state.host)
        if (
            landed is not None
            and landed.arrow is not None
            and state.host not in landed.notes
            and landed.connection == connection
            and not landed.expect
        ):
            landed.notes[state.host] = note
            return
        self._add(Rung(state.at_s, connection, {state.host: note}, is_state=True))

    def _expect(self, expect: Expect, number: int) -> None:
        # One mark a rung: the margin has no room for more.
        if not self.told or self.told[-1].expect:
            self._add(Rung(expect.at_s))
        self.told[-1].expect = number

    def _looked(self, look: Look) -> None:
        if self._verbose:
            for host, words in tell_look(look, self._look, self._connections.between):
                pieces = (f"ss {host}", *words)
                self._add(Rung(look.at_s, aside=tuple(Piece(w, Tone.ASIDE) for w in pieces)))
        self._look = look

    def _trouble(self, trouble: Trouble) -> None:
        host = self._host_of.get(trouble.who, trouble.who.partition("_")[0])
        if host in hosts_of(self.record):
            # Only what it is: all of it stands at the end.
            short = trouble.text.partition(":")[0]
            who = () if trouble.who in self._alone else (Piece(f"{trouble.who}:", Tone.ASIDE),)
            self._add(Rung(trouble.at_s, notes={host: (*who, Piece(short, Tone.ERROR))}))


def _gloss(move: str) -> str:
    """What is to be added to a move for those who do not know the names of ss(8)."""
    verb, _, rest = move.partition(" ")
    if verb == "destroy":
        return ": by `ss -K`"
    timer = TIMERS.get(rest.rpartition(" ")[2], "")
    return f": until its {timer} timer has fired" if verb == "wait" and timer else ""


def _as_hoped(result: str | int | None, begun: Call) -> bool:
    """Whether a result tells nothing: 0, or a send() that took all it was given."""
    if begun.call == "send" and begun.arguments:
        return isinstance(result, int) and result == _length(begun.arguments[0])
    return result in (0, None)


def _length(shown: str) -> int:
    """How many bytes an argument stands for: `b'…'`, or `4096 bytes`. -1 if it does not say."""
    count, _, unit = shown.partition(" ")
    if unit == "bytes" and count.isdecimal():
        return int(count)
    try:
        value = ast.literal_eval(shown)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return -1
    return len(value) if isinstance(value, bytes) else -1
