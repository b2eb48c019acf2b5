"""A Record as turns: what happened between two looks, and what `ss` showed before and after.

There is one move in a turn at most, so what changed in it has one cause.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from socklab import ss
from socklab.record import Call, Event, Fate, Look, Move, Other, Phase, Record, Segment, State
from socklab.ss import Row
from socklab.tcp import LISTEN

Pair = tuple[str, str]
"""The two addresses of a socket, local and peer, as `10.0.0.1:40000`."""

GIVEN = (Fate.CARRIED, Fate.DUPLICATED, Fate.INJECTED)
"""The fates of a segment that reached its receiver."""

Rows = Mapping[str, tuple[Row, ...]]


@dataclass(frozen=True, slots=True)
class Turn:
    """What happened between two looks."""

    before: Rows
    after: Rows
    events: tuple[Event, ...]
    changes: tuple[State, ...]
    most_s: float
    """No more time than this lay between the two looks: a timer with more left did not run out."""

    @property
    def move(self) -> str:
        """The move that was made; empty where a timer or the end of a delay had its turn."""
        return next((event.text for event in self.events if isinstance(event, Move)), "")

    def arrived(self, host: str) -> list[Segment]:
        """The segments that reached a host."""
        return [
            event
            for event in self.events
            if isinstance(event, Segment) and event.fate in GIVEN and event.to == host
        ]

    def given(self, host: str, pair: Pair) -> list[Segment]:
        """The segments that reached one end of a connection."""
        return [each for each in self.arrived(host) if (each.destination, each.source) == pair]

    def sent(self, host: str, pair: Pair | None = None) -> list[Segment]:
        """The segments that a host put on the wire, or one end of a connection of its."""
        return [
            event
            for event in self.events
            if isinstance(event, Segment)
            and event.fate is Fate.SENT
            and event.from_ == host
            and (pair is None or (event.source, event.destination) == pair)
        ]

    def messages(self, host: str) -> list[Other]:
        """What reached a host that is not TCP."""
        return [
            event
            for event in self.events
            if isinstance(event, Other) and event.fate in GIVEN and event.to == host
        ]

    def begun(self, host: str) -> list[Call]:
        """The calls that a host's roles began."""
        return [
            event
            for event in self.events
            if isinstance(event, Call) and event.phase is Phase.BEGUN and event.host == host
        ]

    def returned(self, call: Call) -> Call | None:
        """How a call came back, if it did within this turn."""
        for event in self.events:
            if (
                isinstance(event, Call)
                and event.phase is Phase.RETURNED
                and (event.role, event.number) == (call.role, call.number)
            ):
                return event
        return None


def turns(record: Record) -> Iterator[Turn]:
    """The turns of a Record, in order. What came after its last look belongs to none.

    Raises:
        SsError: a row of a look does not read.
    """
    before: Rows = {}
    events: list[Event] = []
    last_s = known_s = 0.0
    waiting: tuple[Look, tuple[Event, ...]] | None = None
    changes: list[State] = []

    def turn(look: Look, within: tuple[Event, ...]) -> Turn:
        return Turn(before, _rows(look), within, tuple(changes), max(0.0, look.at_s - known_s))

    for event in record.events:
        if waiting is not None and not isinstance(event, State):
            yield (ended := turn(*waiting))
            before, known_s = ended.after, last_s
            waiting, changes = None, []
        if isinstance(event, Look):
            waiting, events = (event, tuple(events)), []
        elif isinstance(event, State):
            changes.append(event)
        else:
            events.append(event)
            last_s = event.at_s
    if waiting is not None:
        yield turn(*waiting)


def row_of(rows: Rows, host: str, pair: Pair) -> Row | None:
    """The row of a connection's end; None where it has none: it is CLOSED."""
    return next((r for r in rows.get(host, ()) if (str(r.local), str(r.peer)) == pair), None)


def listener_of(rows: Rows, host: str, local: str) -> Row | None:
    """The row of the listener that a segment to an address reaches, if no connection has it."""
    address, _, port = local.rpartition(":")
    for row in rows.get(host, ()):
        host_of_row, _, port_of_row = str(row.local).rpartition(":")
        if (
            row.state is LISTEN
            and port_of_row == port
            and host_of_row in (address, "0.0.0.0", "[::]", "*")
        ):
            return row
    return None


def _rows(look: Look) -> Rows:
    return {host: _parsed(texts) for host, texts in look.rows.items()}


@lru_cache(maxsize=256)
def _parsed(texts: tuple[str, ...]) -> tuple[Row, ...]:
    # Most looks show of a host what the one before did.
    return tuple(ss.parse("\n".join(texts)))
