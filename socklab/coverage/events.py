"""Events: which ones reached a socket, and in which state they found it.

It shows what is exercised and what is not, beyond the changes of state: most of what TCP must do
right is to stay where it is.

A segment's position is told by numbers that stand in the packets of the run: what the end has
acknowledged, and where the window ends that it has offered. An end that has acknowledged nothing
yet (LISTEN, SYN-SENT) has no window, so there a segment counts by its kind alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from socklab.coverage.ends import Scene
from socklab.coverage.evidence import told
from socklab.coverage.numbers import Position, packet_of
from socklab.coverage.turns import Rows, Turn, listener_of, row_of
from socklab.packet import Kind
from socklab.record import Call
from socklab.ss import Row
from socklab.tcp import CLOSED, LISTEN, Cause, State


class Column(Enum):
    """A kind of event, or where a segment lay: a column of the table."""

    SYN = "SYN"
    SYN_ACK = "SYN+ACK"
    ACK = "ACK"
    DATA = "data"
    FIN = "FIN"
    RST = "RST"
    OLD = "old"
    IN_WINDOW = "in window"
    BEYOND = "beyond"
    CLOSE = "close()"
    SHUTDOWN = "shutdown()"
    TIMEOUT = "timeout"

    def __str__(self) -> str:
        return self.value


_OF_KIND = {kind: Column(kind.value) for kind in Kind}
_OF_POSITION = {position: Column(position.value) for position in Position}


@dataclass(frozen=True, slots=True)
class Reached:
    """An event reached a socket that was in a state; of a segment, also where it lay."""

    state: State
    event: Column
    position: Position | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns in which it counts."""
        return (self.event,) if self.position is None else (self.event, _OF_POSITION[self.position])


def reached(scene: Scene) -> Iterator[Reached]:
    """The events of a turn, and the states in which they found a socket."""
    for host in scene.turn.after:
        yield from _segments(scene, host)
        for call in scene.turn.begun(host):
            state = _state_at(scene, call) if call.call in ("close", "shutdown") else None
            if state is not None:
                yield Reached(state, Column(f"{call.call}()"))
        for state in _timeouts(scene, host):
            yield Reached(state, Column.TIMEOUT)


def _segments(scene: Scene, host: str) -> Iterator[Reached]:
    turn = scene.turn
    for segment in turn.arrived(host):
        packet = packet_of(segment)
        if packet is None:
            continue
        pair = segment.destination, segment.source
        row = row_of(turn.before, host, pair)
        if row is not None:
            yield Reached(row.state, _OF_KIND[packet.kind], scene.numbers.position(pair, packet))
        else:
            listener = listener_of(turn.before, host, segment.destination)
            yield Reached(CLOSED if listener is None else LISTEN, _OF_KIND[packet.kind])


def _state_at(scene: Scene, call: Call) -> State | None:
    """The state of the socket that close() or shutdown() was called on; None if unknown.

    The row that the call changed is its socket's; where it changed none, it is found by name.
    """
    turn = scene.turn
    held = [row for row in turn.before.get(call.host, ()) if row.inode]
    changed = [row for row in held if _essence(row) not in map(_essence, turn.after[call.host])]
    if len(changed) == 1:
        return changed[0].state
    pair = scene.names.pair(call.socket)
    if pair is None:
        return CLOSED if scene.names.is_made(call.socket) else None
    row = row_of(turn.before, call.host, pair)
    return CLOSED if row is None else row.state


def _essence(row: Row) -> tuple[object, ...]:
    """What close() and shutdown() change of a row: its holder, its state, its two directions."""
    ends = str(row.local), str(row.peer), row.cookie
    return *ends, row.inode, row.state, row.shut_receive, row.shut_send


def _timeouts(scene: Scene, host: str) -> set[State]:
    """The states in which a timer of a host's socket fired.

    It was waited for, or made the socket send something again, or ended it.
    """
    turn = scene.turn
    fired = _waited_for(turn, host)
    for segment in turn.sent(host):
        pair = segment.source, segment.destination
        row = row_of(turn.before, host, pair)
        alone = not turn.begun(host) and not turn.given(host, pair)
        if segment.copy and alone and row is not None:
            fired.add(row.state)
    for change in turn.changes:
        happened = scene.happened(change) if change.host == host else None
        step = None if happened is None else told(happened)
        if step is not None and step.on.cause is Cause.TIMER:
            fired.add(step.state)
    return fired


def _waited_for(turn: Turn, host: str) -> set[State]:
    match turn.move.split():
        case ["wait", who, timer] if who == host:
            before, after = (_running(rows, host, timer) for rows in (turn.before, turn.after))
            return {state for key, state in before.items() if key not in after}
    return set()


def _running(rows: Rows, host: str, timer: str) -> dict[tuple[object, ...], State]:
    """The sockets on which a timer runs; one that has fired runs no more, or as another."""
    return {
        (row.local, row.peer, row.state, row.timer.retransmissions): row.state
        for row in rows.get(host, ())
        if row.timer is not None and row.timer.name == timer
    }
