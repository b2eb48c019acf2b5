"""Which connection something belongs to, and a short name for it where there are several.

A Record says of a segment and of a socket's state which two endpoints they concern. Of a call
it says only through which socket it went, so what that socket is connected to is read from
what followed: the SYN that connect() sent, the address that accept() gave back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from socklab.record import Call, Move, Phase, Record, Segment, State

Pair = frozenset[str]
"""The two endpoints of a connection, as `10.0.0.1:40000`."""


class Connections:
    """The connections of a Record. Names are empty where there is only one: nobody asks which."""

    def __init__(self, record: Record) -> None:
        pairs = dict.fromkeys(_pairs(record))
        self.several = len(pairs) > 1
        ends = Counter(end for pair in pairs for end in pair)
        chosen = {pair: min(pair, key=lambda end: (ends[end], -_port(end))) for pair in pairs}
        ports = Counter(_port(end) for end in chosen.values())
        self._names = {
            pair: f":{_port(end)}" if ports[_port(end)] == 1 else end
            for pair, end in chosen.items()
        }
        self._sockets = dict(_sockets(record)) if self.several else {}

    def of(self, event: Segment | State) -> str:
        """The name of the connection of a segment or a socket; a listener's is its port."""
        if not self.several:
            return ""
        if isinstance(event, Segment):
            return self._names.get(frozenset((event.source, event.destination)), "")
        return self.between(event.local, event.peer)

    def between(self, local: str, peer: str) -> str:
        """The same by the two endpoints of a socket."""
        if not self.several:
            return ""
        own = f":{local.rpartition(':')[2]}"
        return self._names.get(frozenset((local, peer)), own)

    def of_call(self, call: Call) -> str:
        """The name of the connection that a call is about; the socket's own where it has none."""
        if not self.several:
            return ""
        found = self._sockets.get(call.socket)
        if isinstance(found, str):
            return found
        return self._names.get(found, call.socket) if found else call.socket


def _port(end: str) -> int:
    text = end.rpartition(":")[2]
    return int(text) if text.isdecimal() else 0


def _pairs(record: Record) -> Iterator[Pair]:
    for event in record.of(Segment, State):
        if isinstance(event, Segment):
            ends = (event.source, event.destination)
        else:
            ends = (event.local, event.peer)
        if all(ends) and not ends[1].endswith(":*"):
            yield frozenset(ends)


def _sockets(record: Record) -> Iterator[tuple[str, Pair | str]]:
    """What each socket of a role is: a connection's two endpoints, or a listener's port."""
    accepted: dict[str, list[Pair]] = {}
    own: dict[str, set[int]] = {}
    seen: dict[str, int] = {}
    connecting: dict[str, Call] = {}
    listening: dict[str, str] = {}
    for event in record.of(Call, Segment, Move):
        match event:
            case Move():
                connecting.clear()
            case Segment() if event.flags == "S" and event.from_ in connecting:
                call = connecting.pop(event.from_)
                yield call.socket, frozenset((event.source, event.destination))
            case Call():
                role, number = _numbered(event.socket)
                seen[role] = max(seen.get(role, 0), number)
                if event.call in ("connect", "bind", "listen"):
                    own.setdefault(role, set()).add(number)
                if event.call == "connect" and event.phase is Phase.BEGUN:
                    connecting[event.host] = event
                if event.call == "bind" and event.arguments:
                    listening[event.socket] = event.arguments[0].rpartition(":")[2]
                if event.call == "listen":
                    yield event.socket, f":{listening.get(event.socket, '?')}"
                if event.call == "accept" and isinstance(event.result, str):
                    local = _local_of(record, event.host, event.result)
                    accepted.setdefault(role, []).append(frozenset((local, event.result)))
    # A role numbers its sockets as it gets them, so those it did not make it accepted, in order.
    for role, pairs in accepted.items():
        free = [n for n in range(1, seen[role] + 1) if n not in own.get(role, set())]
        for number, pair in zip(free, pairs, strict=False):
            yield f"{role}/{number}", pair


def _numbered(socket: str) -> tuple[str, int]:
    role, _, number = socket.rpartition("/")
    return role, int(number) if number.isdecimal() else 0


def _local_of(record: Record, host: str, peer: str) -> str:
    return next((s.local for s in record.of(State) if s.host == host and s.peer == peer), "")
