"""The rungs of a ladder: a Record told top to bottom, before anybody decides how it looks.

A rung is what a reader takes in at once: an arrow, with the state that it puts its receiver
in; or a call and what it gave back; or a change of state. Most of telling well is putting
together what the Record, being exact, keeps apart:

- a segment that goes on as soon as it was sent is one arrow. One that had to wait while
  something else happened is two: a stub where it was sent, and the arrow where it went on;
- a call that returns before the next move is told with what it returned, and a result that
  says nothing but "it worked" is not told at all;
- a state stands beside the arrow that brought it about.

So what an event looks like depends on those after it. Who tells a run while it goes on waits
until that is known: see `Telling`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

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
from socklab.views.journeys import Journeys, Returns
from socklab.views.looks import tell_look, timer_left
from socklab.views.rung import Arrow, Note, Part, Piece, Rung, Tone
from socklab.views.windows import Windows

__all__ = [  # what a rung is made of, too
    "Arrow",
    "Note",
    "Part",
    "Piece",
    "Rung",
    "Telling",
    "Tone",
    "hosts_of",
    "named",
    "rungs",
]

WORTH_TELLING = ("wait", "postpone", "delay", "destroy", "cut", "join")
"""Moves that leave no event of their own to see them by."""

TIMERS = {
    "on": "retransmission",
    "keepalive": "keepalive",
    "timewait": "timewait",  # also that of an orphan in FIN-WAIT-2
    "persist": "persist",
}
"""What ss(8) means by the name of a timer."""


def rungs(record: Record, *, verbose: bool = False) -> list[Rung]:
    """The rungs of a Record, in order.

    Args:
        record: what is told.
        verbose: whether every move, and what changed in the rows of `ss`, is told too.
    """
    telling = Telling(record, verbose=verbose)
    for event in record.events:
        telling.hear(event)
    telling.tell(ended=True)
    return telling.told


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


class Telling:
    """A run being told, event by event: `told` grows, and its first `final` rungs stay as they are.

    Args:
        record: whose hosts and bench are known; its events may be still to come.
        verbose: as in `rungs`.
        live: whether the end is not known. Then nothing is told of a segment that is held but
            that it is, and an expectation has a rung of its own after a move that takes time.
    """

    def __init__(self, record: Record, *, verbose: bool = False, live: bool = False) -> None:
        self.told: list[Rung] = []
        self.final = 0
        self._record = record
        self._verbose = verbose
        self._live = live
        self._hosts = hosts_of(record)
        self._events: list[Event] = []
        self._next = 0
        self._connections = Connections()
        self._journeys = Journeys((), WORTH_TELLING)
        self._calls = Returns()
        self._windows = Windows()
        self._landed: dict[str, Rung] = {}
        self._look: Look | None = None
        self._expects = 0
        self._host_of: dict[str, str] = {}
        self._past_the_wire: set[tuple[str, str]] = set()

    def hear(self, event: Event) -> None:
        """Learn of the next event, without telling it yet."""
        self._events.append(event)
        self._connections.add(event)
        self._journeys.add(event)
        self._calls.add(event)
        self._windows.add(event)
        if isinstance(event, Call):
            self._host_of[event.role] = event.host

    def tell(self, *, ended: bool) -> None:
        """Tell what was heard, as far as it is known how.

        Args:
            ended: whether that is all; if not, the last event must be a move, for then all that
                the one before has led to is there.
        """
        end = len(self._events) if ended else self._journeys.decided
        for index in range(self._next, end):
            self._tell(index, self._events[index])
        self._next = max(self._next, end)
        if ended:
            self.final = len(self.told)

    def _is_over(self, rung: Rung) -> bool:
        """Whether nothing is added to a rung any more, though it is the last."""
        return self._live and rung.is_move

    def _tell(self, index: int, event: Event) -> None:
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
                self._expects += 1
                self._expect(event, self._expects)
            case Trouble():
                self._trouble(event)

    def _add(self, rung: Rung) -> Rung:
        self.told.append(rung)
        return rung

    def _move(self, move: Move) -> None:
        self._landed.clear()
        if self._verbose or move.text.partition(" ")[0] in WORTH_TELLING:
            text = move.text + _gloss(move.text, self._left(move.text) if self._live else "")
            self._add(Rung(move.at_s, aside=(Piece(text, Tone.ASIDE),), is_move=True))
        # To the last rung an expectation may still be added, and to a state what it sent.
        last_too = bool(self.told) and self._is_over(self.told[-1])
        self.final = max(self.final, len(self.told) - (not last_too), 0)

    def _left(self, move: str) -> str:
        """How long a move will wait, as the last look told; empty if it waits for no timer."""
        verb, _, rest = move.partition(" ")
        if verb != "wait" or self._look is None:
            return ""
        host, _, timer = rest.partition(" ")
        return timer_left(self._look.rows.get(host, ()), timer)

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
        if call.role != call.host:  # Its column says whose call it is otherwise.
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
            result = named(result, self._record.hosts)
        return (Piece(f"= {result}"),)

    def _segment(self, index: int, segment: Segment) -> None:
        about = self._connections.about(segment)
        window = self._windows.worth_telling(segment)
        if segment.fate is Fate.SENT:
            if self._journeys.waited(index):
                kept = self._journeys.kept(index) and not self._live
                self._arrow(Arrow(segment, Part.STUB, kept, window), about)
        else:
            part = Part.REST if self._journeys.on_the_wire(index) else Part.WHOLE
            self._arrow(Arrow(segment, part, window=window), about)

    def _arrow(self, arrow: Arrow, about: str) -> None:
        event = arrow.event
        last = self.told[-1] if self.told else None
        goes_out = arrow.part is Part.WHOLE and event.fate is not Fate.INJECTED
        if (
            goes_out
            and last is not None
            and last.is_state
            and _belong_together(last.about, about)
            and event.from_ in last.notes
            and not last.expect
        ):
            # The state that its sender went into by sending it stands at its tail.
            rung = last
            rung.arrow = arrow
            rung.is_state = False
        else:
            rung = self._add(Rung(event.at_s, self._name(about), arrow=arrow, about=about))
        if arrow.part is Part.STUB:
            self._landed[event.from_] = rung
        elif event.fate is not Fate.DROPPED:
            self._landed[event.to] = rung

    def _name(self, about: str) -> str:
        return about if self._connections.several else ""

    def _state(self, state: State) -> None:
        about = self._connections.about(state)
        note: Note = (Piece(f"[{state.now}]", Tone.STATE),)
        # On loopback nobody saw what arrived, so "nothing did" is not what it says there.
        if state.cause == "timer" and self._record.bench == "wire":
            note = (*note, Piece("by a timer", Tone.ASIDE))
        if self._is_past_the_wire(state):
            note = (*note, Piece("over lo, past the wire", Tone.ASIDE))
        landed = self._landed.get(state.host)
        if (
            landed is not None
            and landed.arrow is not None
            and state.host not in landed.notes
            and _belong_together(landed.about, about)
            and not landed.expect
        ):
            landed.notes[state.host] = note
            if not landed.about:
                landed.connection, landed.about = self._name(about), about
            return
        notes = {state.host: note}
        self._add(Rung(state.at_s, self._name(about), notes, is_state=True, about=about))

    def _is_past_the_wire(self, state: State) -> bool:
        """Whether both ends of a connection have one address, and nobody has been told yet."""
        ends = state.local.rpartition(":")[0], state.peer.rpartition(":")[0]
        if self._record.bench != "wire" or not ends[0] or ends[0] != ends[1]:
            return False
        if state.peer.endswith(":*") or (pair := (state.local, state.peer)) in self._past_the_wire:
            return False
        self._past_the_wire |= {pair, (state.peer, state.local)}
        return True

    def _expect(self, expect: Expect, number: int) -> None:
        # One mark a rung: the margin has no room for more.
        if not self.told or self.told[-1].expect or self._is_over(self.told[-1]):
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
        if host in self._hosts:
            # Only what it is: all of it stands at the end.
            short = trouble.text.partition(":")[0]
            who = () if trouble.who == host else (Piece(f"{trouble.who}:", Tone.ASIDE),)
            self._add(Rung(trouble.at_s, notes={host: (*who, Piece(short, Tone.ERROR))}))


def _belong_together(one: str, other: str) -> bool:
    """Whether both may be about one connection; what is not TCP says of none that it is."""
    return one == other or not one or not other


def _gloss(move: str, left: str) -> str:
    """What is to be added to a move for those who do not know the names of ss(8).

    Args:
        move: its text.
        left: how long it will wait, if it is still to be made and that is known.
    """
    verb, _, rest = move.partition(" ")
    if verb == "destroy":
        return ": by `ss -K`"
    if verb in ("cut", "join"):
        who = "they send" if " " in rest else "it sends"
        return f": nothing that {who} arrives" if verb == "cut" else f": what {who} arrives again"
    timer = TIMERS.get(rest.rpartition(" ")[2], "")
    if verb != "wait" or not timer:
        return ""
    return f": until its {timer} timer " + (f"fires, in {left}" if left else "has fired")


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
