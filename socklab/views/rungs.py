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
    Event,
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
from socklab.views.looks import tell_look

WORTH_TELLING = ("wait", "postpone", "delay")
"""Moves that leave no event of their own to see them by."""


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
    """A packet on its way. `connection` names which one where there are several."""

    event: Segment | Other
    part: Part
    connection: str = ""
    kept: bool = False
    """Of a stub: whether it was held to the end of the run."""


@dataclass(slots=True)
class Rung:
    """What is read at once. `expects` counts the Record's expectations from 1."""

    at_s: float
    notes: dict[str, Note] = field(default_factory=dict)
    arrow: Arrow | None = None
    aside: Note = ()
    """What belongs to no host: a move in words, or a look."""
    is_move: bool = False
    expects: list[int] = field(default_factory=list)
    only_states_of: str = ""
    """The connection, if all that is told so far is its new state at one end."""


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
        self._journeys = _Journeys(record.events)
        self._calls = _Calls(record.events)
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
                    self._arrow(Arrow(event, Part.WHOLE))
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
            self._add(Rung(move.at_s, aside=(Piece(move.text, Tone.ASIDE),), is_move=True))

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
        if name := self._connections.of_call(call):
            pieces.insert(0, Piece(name, Tone.ASIDE))
        if call.role not in self._alone:
            pieces.insert(0, Piece(f"{call.role}:", Tone.ASIDE))
        self._add(Rung(call.at_s, {call.host: tuple(pieces)}))

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
                self._arrow(Arrow(segment, Part.STUB, connection, kept))
        else:
            part = Part.REST if self._journeys.on_the_wire(index) else Part.WHOLE
            self._arrow(Arrow(segment, part, connection))

    def _arrow(self, arrow: Arrow) -> None:
        event = arrow.event
        last = self.told[-1] if self.told else None
        goes_out = arrow.part is Part.WHOLE and event.fate is not Fate.INJECTED
        if (
            goes_out
            and last is not None
            and last.only_states_of == f"{event.from_} {arrow.connection}"
            and not last.expects
        ):
            # The state that its sender went into by sending it stands at its tail.
            rung = last
            rung.arrow = arrow
            rung.only_states_of = ""
        else:
            rung = self._add(Rung(event.at_s, arrow=arrow))
        if arrow.part is Part.STUB:
            self._landed[event.from_] = rung
        elif event.fate is not Fate.DROPPED:
            self._landed[event.to] = rung

    def _state(self, state: State) -> None:
        connection = self._connections.of(state)
        note: Note = (Piece(f"[{state.now}]", Tone.STATE),)
        if connection:
            note = (Piece(connection, Tone.ASIDE), *note)
        if state.cause == "timer":
            note = (*note, Piece("by a timer", Tone.ASIDE))
        landed = self._landed.get(state.host)
        if (
            landed is not None
            and landed.arrow is not None
            and state.host not in landed.notes
            and landed.arrow.connection == connection
            and not landed.expects
        ):
            landed.notes[state.host] = note
            return
        self._add(Rung(state.at_s, {state.host: note}, only_states_of=f"{state.host} {connection}"))

    def _expect(self, expect: Expect, number: int) -> None:
        # One mark a rung: the margin has no room for more.
        if not self.told or self.told[-1].expects:
            self._add(Rung(expect.at_s))
        self.told[-1].expects.append(number)

    def _looked(self, look: Look) -> None:
        if self._verbose:
            for host, words in tell_look(look, self._look, self._connections.between):
                pieces = (f"ss {host}", *words)
                self._add(Rung(look.at_s, aside=tuple(Piece(w, Tone.ASIDE) for w in pieces)))
        self._look = look

    def _trouble(self, trouble: Trouble) -> None:
        host = self._host_of.get(trouble.who, trouble.who.partition("_")[0])
        if host in hosts_of(self.record):
            who = () if trouble.who in self._alone else (Piece(f"{trouble.who}:", Tone.ASIDE),)
            self._add(Rung(trouble.at_s, {host: (*who, Piece(trouble.text, Tone.ERROR))}))


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


class _Calls:
    """Which call returned before the next move."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._ends: dict[int, Call] = {}
        self._told: set[int] = set()
        begun: dict[tuple[str, int], int] = {}
        for index, event in enumerate(events):
            match event:
                case Move():
                    begun.clear()
                case Call(phase=Phase.BEGUN):
                    begun[event.role, event.number] = index
                case Call():
                    beginning = begun.pop((event.role, event.number), None)
                    if beginning is not None:
                        self._ends[beginning] = event
                        self._told.add(index)

    def returned_at_once(self, beginning: int) -> Call | None:
        return self._ends.get(beginning)

    def told_with_its_beginning(self, end: int) -> bool:
        return end in self._told


class _Journeys:
    """From where each segment was sent to what became of it, and whether it waited between."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events
        self._ends: dict[int, int] = {}
        """Where it was sent, and where it first went on."""
        self._begins: dict[int, int] = {}
        """The other way, for every fate of it."""
        self._waited: set[int] = set()
        sent: dict[tuple[object, ...], list[int]] = {}
        for index, event in enumerate(events):
            if not isinstance(event, Segment) or event.fate is Fate.INJECTED:
                continue
            queue = sent.setdefault(_identity(event), [])
            if event.fate is Fate.SENT:
                queue.append(index)
            elif queue:
                self._begins[index] = queue[0]
                self._ends.setdefault(queue[0], index)
                if event.fate is not Fate.DUPLICATED:
                    queue.pop(0)
        unfinished = {index for queue in sent.values() for index in queue} - self._ends.keys()
        self._kept = unfinished
        self._waited = unfinished | {
            begin for begin, end in self._ends.items() if self._is_visible_between(begin, end)
        }

    def _is_visible_between(self, begin: int, end: int) -> bool:
        mine = self._events[begin]
        assert isinstance(mine, Segment)
        for index in range(begin + 1, end):
            match self._events[index]:
                case Call(phase=Phase.BEGUN):
                    return True
                case Move(text=text) if text.partition(" ")[0] in WORTH_TELLING:
                    return True
                case Segment(fate=Fate.SENT):
                    continue
                case Segment() as other:
                    # A burst goes in its order: waiting for one's turn in it is not telling.
                    before = self._begins.get(index, index) < begin
                    if not (before and other.from_ == mine.from_):
                        return True
                case Other() | Trouble():
                    return True
        return False

    def waited(self, begin: int) -> bool:
        return begin in self._waited

    def kept(self, begin: int) -> bool:
        return begin in self._kept

    def on_the_wire(self, end: int) -> bool:
        """Whether the reader has been shown already that this segment is on the wire."""
        begin = self._begins.get(end)
        return begin is not None and (begin in self._waited or self._ends[begin] != end)


def _identity(segment: Segment) -> tuple[object, ...]:
    return (
        segment.from_,
        segment.source,
        segment.destination,
        segment.number,
        segment.copy,
        segment.flags,
        segment.seq,
        segment.ack,
        segment.payload_bytes,
        segment.raw,
    )
