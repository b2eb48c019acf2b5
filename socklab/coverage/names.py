"""Which socket of a role is which row of `ss`, and which options it has.

A Record says of a call through which socket it went, by a name such as `server/2`, but not which
two addresses that socket has. So they are read from what happened: the SYN that connect()
sent, the row that listen() made, the peer that accept() gave back. A role numbers its sockets as
it gets them, so those that it did not make itself it has accepted, in their order.
"""

from __future__ import annotations

from socklab.coverage.turns import Pair, Turn
from socklab.record import Call, Phase, Record
from socklab.tcp import LISTEN

MADE_BY = frozenset({"bind", "connect", "listen"})
"""Calls on a socket that its role has made: one that it accepted can do none of them."""


class Names:
    """What is known so far of the sockets of a Record's roles."""

    def __init__(self, record: Record) -> None:
        self._hosts: dict[str, str] = {}
        self._made: set[str] = set()
        self._counts: dict[str, int] = {}
        for call in record.of(Call):
            role, number = _numbered(call.socket)
            self._hosts[call.socket] = call.host
            self._counts[role] = max(self._counts.get(role, 0), number)
            if call.call in MADE_BY:
                self._made.add(call.socket)
        self._pairs: dict[str, Pair] = {}
        self._listeners: set[str] = set()
        self._accepted: dict[str, int] = {}
        self._options: dict[str, dict[str, str]] = {}

    def learn(self, turn: Turn) -> None:
        """Take note of what a turn tells of sockets and of their options."""
        for event in turn.events:
            if not isinstance(event, Call):
                continue
            if event.phase is Phase.BEGUN:
                self._opened(turn, event)
            elif event.error is None and event.call == "accept":
                self._accept(turn, event)
            elif event.error is None and event.call == "setsockopt":
                *_, option, value = event.arguments
                self._options.setdefault(event.socket, {})[option] = value

    def _opened(self, turn: Turn, call: Call) -> None:
        if call.call == "listen":
            for change in turn.changes:
                if change.host == call.host and change.now == str(LISTEN):
                    self._listeners.add(call.socket)
                    self._pairs[call.socket] = change.local, change.peer
        elif call.socket in self._made:
            for segment in turn.sent(call.host):
                if segment.flags.startswith("S") and "." not in segment.flags:
                    self._pairs[call.socket] = segment.source, segment.destination

    def _accept(self, turn: Turn, call: Call) -> None:
        role, _ = _numbered(call.socket)
        number = self._accepted.get(role, 0) + 1
        while f"{role}/{number}" in self._made:
            number += 1
        self._accepted[role] = number
        port = self._pairs.get(call.socket, ("", ""))[0].rpartition(":")[2]
        ends = {
            (str(row.local), str(row.peer))
            for row in turn.after.get(call.host, ())
            if str(row.peer) == call.result and str(row.local).rpartition(":")[2] == port
        }
        if len(ends) == 1:
            self._hosts.setdefault(f"{role}/{number}", call.host)
            (self._pairs[f"{role}/{number}"],) = ends

    def pair(self, socket: str) -> Pair | None:
        """The two addresses of a socket; None if it has none yet, or they are not known."""
        return self._pairs.get(socket)

    def is_made(self, socket: str) -> bool:
        """Whether its role is known to have made it, and not to have accepted it."""
        return socket in self._made

    def listens(self, socket: str) -> bool:
        """Whether it is a listener."""
        return socket in self._listeners

    def socket_at(self, host: str, pair: Pair) -> str | None:
        """The socket of a host that has these two addresses, the newest of several."""
        for socket, known in reversed(self._pairs.items()):
            if known == pair and self._hosts.get(socket) == host:
                return socket
        return None

    def option(self, socket: str, option: str) -> str | None:
        """An option as it was set on a socket, or on the listener that it was accepted from.

        Nobody set it: None. The same where the host's listeners disagree: there is no telling.
        """
        own = self._options.get(socket, {})
        if option in own or socket in self._made:
            return own.get(option)
        listeners = {
            self._options.get(other, {}).get(option)
            for other in self._listeners
            if self._hosts.get(other) == self._hosts.get(socket)
        }
        return listeners.pop() if len(listeners) == 1 else None

    def is_set_on(self, host: str, option: str) -> bool:
        """Whether any socket of a host has had an option set."""
        return any(
            option in options and self._hosts.get(socket) == host
            for socket, options in self._options.items()
        )


def _numbered(socket: str) -> tuple[str, int]:
    role, _, number = socket.rpartition("/")
    return role, int(number) if number.isdecimal() else 0
