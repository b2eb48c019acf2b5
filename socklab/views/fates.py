"""What became of each packet, told in lines: when, why, and in which states its ends were then.

A segment's way is in a Record as several events. Here they are one packet again, with a line for
each thing that happened to it:

    sent (call client shutdown): client FIN-WAIT-1, server ESTABLISHED
    carried at 0.195999 s (carry client 3 FIN): client FIN-WAIT-1, server CLOSE-WAIT

States are those at the end of the turn: once the move had all its consequences, and `ss` had
looked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from socklab.record import Event, Fate, Move, Other, Record, Segment, State
from socklab.views.journeys import Journeys

Packet = Segment | Other

WORDS = {
    Fate.SENT: "sent",
    Fate.CARRIED: "carried",
    Fate.DROPPED: "dropped",
    Fate.DUPLICATED: "given once more, and still on the wire",
    Fate.INJECTED: "injected",
}

CLOSED, LISTEN = "CLOSED", "LISTEN"


def fates(record: Record) -> Iterator[tuple[Packet, list[str]]]:
    """Every packet in the order in which it came to be, and what became of it.

    A segment is there when it was sent; when it was injected or given once more, which no kernel
    did, as a packet of its own. What is not TCP goes on at once, and is there with its fate.

    Args:
        record: of the run.

    Yields:
        The event with which the packet came to be, and lines of text.
    """
    told = _Telling(record)
    for index, event in enumerate(record.events):
        if isinstance(event, Other):
            yield event, [told.line(index, event, in_its_time=True)]
        elif isinstance(event, Segment) and told.comes_to_be(index, event):
            yield event, list(told.lines(index, event))


class _Telling:
    """What is to be said of the packets of a Record; events are told by their index."""

    def __init__(self, record: Record) -> None:
        self._events = record.events
        self._hosts = record.hosts
        self._journeys = Journeys(record.events, ())
        self._fates: dict[int, list[int]] = {}
        for index, event in enumerate(record.events):
            if isinstance(event, Segment) and (begin := self._journeys.sent_at(index)) is not None:
                self._fates.setdefault(begin, []).append(index)
        self._moves: dict[int, str] = {}
        self._states: dict[int, str] = {}
        self._look_at_turns(record.events)

    def _look_at_turns(self, events: Sequence[Event]) -> None:
        """Note of each packet which move it came with, and the states when that was done."""
        ends = _Ends(list(self._hosts))
        move = ""
        waiting: list[tuple[int, Segment]] = []

        def settle() -> None:
            for index, segment in waiting:
                self._states[index] = ends.of(segment)
            waiting.clear()

        for index, event in enumerate(events):
            match event:
                case Move():
                    settle()
                    move = event.text
                case State():
                    ends.changed(event)
                case Segment():
                    self._moves[index] = move
                    waiting.append((index, event))
                case Other():
                    self._moves[index] = move
        settle()

    def comes_to_be(self, index: int, event: Segment) -> bool:
        """Whether a packet begins here; a fate whose beginning nobody saw is one, too."""
        if event.fate in (Fate.SENT, Fate.INJECTED, Fate.DUPLICATED):
            return True
        return self._journeys.sent_at(index) is None

    def lines(self, index: int, event: Segment) -> Iterator[str]:
        """All that there is to say of the packet that begins here."""
        yield self.line(index, event, in_its_time=True)
        if event.fate is not Fate.SENT:
            return
        for later in self._fates.get(index, ()):
            fate = self._events[later]
            assert isinstance(fate, Segment)
            yield self.line(later, fate, in_its_time=False)
        if self._journeys.held(index):
            yield "held to the end of the run"

    def line(self, index: int, event: Packet, *, in_its_time: bool) -> str:
        """One thing that happened to a packet.

        Args:
            index: of the event.
            event: what happened.
            in_its_time: whether the reader sees already when.
        """
        words = WORDS[event.fate]
        if isinstance(event, Segment) and event.copy and event.fate is Fate.SENT:
            words = "sent again, a copy"
        when = "" if in_its_time else f" at {event.at_s:.6f} s"
        by = event.by if isinstance(event, Segment) else ""
        why = by or self._moves.get(index, "")
        states = self._states.get(index, "")
        return words + when + (f" ({why})" if why else "") + (f": {states}" if states else "")


class _Ends:
    """The states of sockets, as far as a Record has told them."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self._hosts = hosts
        self._states: dict[tuple[str, str, str], str] = {}
        self._listening: set[tuple[str, str]] = set()

    def changed(self, state: State) -> None:
        """A socket changed its state."""
        if state.peer.endswith(":*"):
            port = state.host, state.local.rpartition(":")[2]
            (self._listening.add if state.now == LISTEN else self._listening.discard)(port)
        else:
            self._states[state.host, state.local, state.peer] = state.now

    def of(self, segment: Segment) -> str:
        """The states of a segment's sender and receiver, always in the order of the hosts.

        Of an address that no host has, there is nothing to tell.
        """
        ends = {
            segment.to: (segment.destination, segment.source),
            segment.from_: (segment.source, segment.destination),
        }
        opens = "S" in segment.flags
        return ", ".join(
            f"{host} {self._state(host, *ends[host], opens=opens)}"
            for host in self._hosts
            if host in ends
        )

    def _state(self, host: str, local: str, peer: str, *, opens: bool) -> str:
        known = self._states.get((host, local, peer))
        listens = (host, local.rpartition(":")[2]) in self._listening
        # Where a connection was, its end is CLOSED; a SYN asks the listener, all the same.
        if listens and (known is None or (known == CLOSED and opens)):
            return LISTEN
        return known or CLOSED
