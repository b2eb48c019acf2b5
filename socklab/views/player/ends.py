"""The connections of a run, and the ways that their two ends take through the states.

`ss` shows a listener and the connections that came of it in rows of their own: the listener stays
in LISTEN, and a connection appears in SYN-RECEIVED. In RFC 9293's figure that is one way, from
LISTEN to SYN-RECEIVED; so here a passive end begins with what its listener did.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from socklab.record import Call, Fate, Record, Segment, State
from socklab.tcp import CLOSED, LISTEN
from socklab.views.arrows import kind_of
from socklab.views.connections import Connections
from socklab.views.player.steps import Step
from socklab.views.rungs import hosts_of

Pair = frozenset[str]
"""The two endpoints of a connection."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A change of state, and the step in which it was seen."""

    step: int
    was: str
    now: str
    cause: str
    """In words: `shutdown()`, `SYN+ACK`, `a timer`; empty if nobody saw it."""
    afresh: bool = False
    """Whether another connection of the same two endpoints begins with it."""


@dataclass(slots=True)
class End:
    """One end of a connection. Its address is empty if it is only a host's listener."""

    host: str
    local: str
    turns: list[Turn] = field(default_factory=list)

    def state(self) -> str:
        """The last state that it was seen in."""
        return self.turns[-1].now if self.turns else str(CLOSED)


@dataclass(frozen=True, slots=True)
class Connection:
    """Two ends in the order of their hosts, or one that is connected to itself."""

    name: str
    """As the ladder has it; empty where there is only one."""
    ends: Sequence[End]


class Ends:
    """The connections of a Record, in the order in which they came to be.

    A run without any has one all the same, of the hosts and their listeners.
    """

    def __init__(self, record: Record, steps: Sequence[Step]) -> None:
        self._names = Connections(record)
        self._ends: dict[Pair, dict[str, End]] = {}
        self._named: dict[str, Pair] = {}
        self._listeners: dict[tuple[str, str], list[Turn]] = {}
        self._touched: list[Pair | None] = []
        for step in steps:
            self._touched.append(self._step(step))
        order = {host: number for number, host in enumerate(hosts_of(record))}

        def place(end: End) -> int:
            return order.get(end.host, len(order))

        self.connections = [
            Connection(self._name(pair), sorted(ends.values(), key=place))
            for pair, ends in self._ends.items()
        ] or [Connection("", [End(host, "", self._listened(host)) for host in record.hosts])]
        for end in (end for connection in self.connections for end in connection.ends):
            if not end.turns and end.local:
                end.turns += self._listened(end.host, _port(end.local))

    def touched(self) -> Iterator[int]:
        """For every step the connection that it is about, as an index of `connections`.

        A step that is about none, such as a bind(), is about the one before or the first.
        """
        indexes = {pair: index for index, pair in enumerate(self._ends)}
        last = 0
        for pair in self._touched:
            last = indexes[pair] if pair is not None else last
            yield last

    def _name(self, pair: Pair) -> str:
        local, peer = [*pair, *pair][:2]
        return self._names.between(local, peer)

    def _step(self, step: Step) -> Pair | None:
        """Take in what happened, and say which connection it happened to."""
        touched: list[Pair] = []
        for event in step.events:
            match event:
                case Segment() if event.source and event.destination:
                    pair = self._pair(event.source, event.destination)
                    self._end(pair, event.source, event.from_)
                    self._end(pair, event.destination, event.to)
                    touched.append(pair)
                case State() if event.peer.endswith(":*"):
                    turns = self._listeners.setdefault((event.host, _port(event.local)), [])
                    turns.append(_turn(step, event, event.was))
                case State():
                    pair = self._pair(event.local, event.peer)
                    self._changed(step, event, self._end(pair, event.local, event.host))
                    touched.append(pair)
                case Call():
                    pair_of_call = self._named.get(self._names.of_call(event))
                    touched += [pair_of_call] if pair_of_call else []
        return touched[0] if touched else None

    def _pair(self, one: str, other: str) -> Pair:
        pair = frozenset((one, other))
        if pair not in self._ends:
            self._ends[pair] = {}
            if name := self._names.between(one, other):
                self._named[name] = pair
        return pair

    def _end(self, pair: Pair, address: str, host: str) -> End:
        return self._ends[pair].setdefault(address, End(host, address))

    def _changed(self, step: Step, event: State, end: End) -> None:
        end.host = event.host  # a segment may be forged; a row of `ss` is where it is
        was, opens = event.was, event.was == str(CLOSED)
        listened = self._listeners.get((end.host, _port(event.local)), [])
        if opens and listened and listened[-1].now == str(LISTEN):
            was = str(LISTEN)
            if not end.turns:
                end.turns += listened
                opens = False
        end.turns.append(_turn(step, event, was, afresh=opens))

    def _listened(self, host: str, port: str = "") -> list[Turn]:
        """What a host's listeners did: those on a port, or all."""
        return [
            turn
            for (listening, on), turns in self._listeners.items()
            if listening == host and port in ("", on)
            for turn in turns
        ]


def _port(address: str) -> str:
    return address.rpartition(":")[2]


def _turn(step: Step, event: State, was: str, *, afresh: bool = False) -> Turn:
    return Turn(step.number, was, event.now, _cause(event.cause), afresh)


def _cause(cause: str) -> str:
    """What caused a change, as one says it: a call's name, flags of tcpdump, or a timer."""
    if cause in ("", "unseen"):
        return ""
    if cause == "timer":
        return "a timer"
    if set(cause) <= set("SFRP.UEW"):
        payload_bytes = 1 if "P" in cause else 0
        return str(kind_of(Segment(0.0, "", "", 0, cause, 0, None, payload_bytes, Fate.CARRIED)))
    return f"{cause}()" if cause.isidentifier() else cause
