"""Which connection something belongs to, and a short name for it where there are several.

A Record says of a segment and of a socket's state which two endpoints they concern. Of a call
it says only through which socket it went, so what that socket is connected to is read from
what followed: the SYN that connect() sent, the state that it led to, the address that accept()
gave back. A socket may have several connections, one after the other.

Everything is learnt event by event, and a name once given stays: so a ladder that is told while
its run goes on has the same names as one that is told afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

from socklab.record import Call, Event, Move, Phase, Record, Segment, State

Pair = frozenset[str]
"""The two endpoints of a connection, as `10.0.0.1:40000`."""


@dataclass(slots=True)
class _Accepted:
    """A connection that accept() gave: the peer's address, and ours, which `ss` shows."""

    host: str
    peer: str
    local: str


@dataclass(slots=True)
class _Episode:
    """What a socket is from one of its role's calls on."""

    since: int
    """The call's number."""
    what: Pair | str | None
    """A connection's two endpoints, a listener's port, or nothing that anybody has seen."""


class Connections:
    """The connections of a run. Names are empty where there is only one: nobody asks which.

    Args:
        record: whose events are known already; more may be added.
    """

    def __init__(self, record: Record | None = None) -> None:
        self._names: dict[Pair, str] = {}
        self._ends: set[str] = set()
        self._sockets = _Sockets()
        for event in record.events if record else ():
            self.add(event)

    @property
    def several(self) -> bool:
        """Whether there is more than one."""
        return len(self._names) > 1

    def add(self, event: Event) -> None:
        """Learn what an event tells of connections and of sockets."""
        match event:
            case Segment():
                pair = frozenset((event.source, event.destination))
                if event.source and event.destination:
                    opens = _is_syn(event)
                    self._meet(pair, event.source if opens else "")
            case State() if event.local and event.peer and not event.peer.endswith(":*"):
                pair = frozenset((event.local, event.peer))
                self._meet(pair, event.local if event.now == "SYN-SENT" else "")
        self._sockets.add(event)

    def _meet(self, pair: Pair, opener: str) -> None:
        """Name a connection that was not known: by the port of the end that opens it.

        Args:
            pair: its two endpoints.
            opener: which of them; empty if nobody saw it, and then it is most likely the one with
                the higher port.
        """
        if pair in self._names:
            return
        own, *others = sorted(pair, key=lambda end: (end != opener, -_port(end), end))
        # The other end serves as a name only if it has no other connection.
        ends = [own, *(end for end in others if end not in self._ends)]
        whole = "→".join(f":{_port(end)}" for end in (own, *others))
        names = [*(f":{_port(end)}" for end in ends), own, whole]
        taken = set(self._names.values())
        self._names[pair] = next((name for name in names if name not in taken), whole)
        self._ends |= pair

    def of(self, event: Segment | State) -> str:
        """The name of the connection of a segment or a socket; a listener's is its port."""
        return self.about(event) if self.several else ""

    def about(self, event: Segment | State) -> str:
        """The same, though there may be only one."""
        if isinstance(event, Segment):
            return self._names.get(frozenset((event.source, event.destination)), "")
        return self._between(event.local, event.peer)

    def between(self, local: str, peer: str) -> str:
        """The name of a connection, or of a listener, by the two endpoints of a socket."""
        return self._between(local, peer) if self.several else ""

    def _between(self, local: str, peer: str) -> str:
        own = f":{local.rpartition(':')[2]}"
        return self._names.get(frozenset((local, peer)), own)

    def of_call(self, call: Call) -> str:
        """The name of the connection that a call is about; the socket's own where it has none."""
        if not self.several:
            return ""
        found = self._sockets.at(call)
        if isinstance(found, str):
            return found
        return self._names.get(found, call.socket) if found else call.socket


class _Sockets:
    """What the sockets of the roles are, call by call."""

    def __init__(self) -> None:
        self._episodes: dict[str, list[_Episode]] = {}
        self._connecting: tuple[str, _Episode] | None = None
        """A connect() that began with the last move: on which host, and what it begins."""
        self._bound: dict[str, str] = {}
        self._locals: dict[tuple[str, str], str] = {}
        """The address that a host's last connection with a peer has at its own end."""
        self._accepted: dict[str, list[_Accepted]] = {}
        """What accept() gave to each role, in order."""
        self._unseen: list[_Accepted] = []
        """What of that `ss` has not shown yet."""
        self._own: dict[str, set[int]] = {}
        """The numbers of the sockets that a role has made, as far as it has used them."""
        self._seen: dict[str, int] = {}
        self._given: dict[str, Pair] | None = None
        """The sockets that accept() made, worked out when somebody asks."""

    def add(self, event: Event) -> None:
        match event:
            case Move():
                self._connecting = None
            case Segment() if _is_syn(event):
                self._leads_to(event.from_, frozenset((event.source, event.destination)))
            case State() if not event.peer.endswith(":*"):
                self._shown(event)
            case Call():
                role, number = _numbered(event.socket)
                self._given = None
                self._seen[role] = max(self._seen.get(role, 0), number)
                if event.phase is Phase.BEGUN:
                    self._begun(event)
                else:
                    self._returned(event)

    def _shown(self, state: State) -> None:
        if state.was == "CLOSED" and state.cause == "connect":
            # One with Fast Open sends its SYN later.
            self._leads_to(state.host, frozenset((state.local, state.peer)))
        self._locals[state.host, state.peer] = state.local
        for accepted in self._unseen[:]:
            if (accepted.host, accepted.peer) == (state.host, state.peer):
                accepted.local = state.local
                self._unseen.remove(accepted)
                self._given = None

    def _leads_to(self, host: str, pair: Pair) -> None:
        if self._connecting is not None and self._connecting[0] == host:
            self._connecting[1].what = pair
            self._connecting = None

    def _begun(self, call: Call) -> None:
        role, number = _numbered(call.socket)
        if call.call in ("connect", "bind", "listen"):
            self._own.setdefault(role, set()).add(number)
        if call.call == "bind" and call.arguments:
            self._bound[call.socket] = call.arguments[0].rpartition(":")[2]
        if call.call in ("connect", "listen"):
            listens = call.call == "listen"
            what = f":{self._bound.get(call.socket, '?')}" if listens else None
            episode = _Episode(call.number, what)
            self._episodes.setdefault(call.socket, []).append(episode)
            self._connecting = None if listens else (call.host, episode)

    def _returned(self, call: Call) -> None:
        if call.call == "accept" and isinstance(call.result, str):
            role, _ = _numbered(call.socket)
            local = self._locals.get((call.host, call.result), "")
            accepted = _Accepted(call.host, call.result, local)
            self._accepted.setdefault(role, []).append(accepted)
            if not local:
                self._unseen.append(accepted)
        episodes = self._episodes.get(call.socket, [])
        if call.call == "connect" and call.error and len(episodes) > 1 and not episodes[-1].what:
            episodes.pop()  # It has led to nothing: the socket is what it was.

    def at(self, call: Call) -> Pair | str | None:
        """What the socket of a call is then: a connection's endpoints, or a listener's port."""
        episodes = self._episodes.get(call.socket, [])
        begun = [episode for episode in episodes if episode.since <= call.number]
        if begun:
            return begun[-1].what
        if episodes:  # What comes before its first connection is for the sake of that.
            return next((episode.what for episode in episodes if episode.what), None)
        if self._given is None:
            self._given = self._by_accept()
        return self._given.get(call.socket)

    def _by_accept(self) -> dict[str, Pair]:
        # A role numbers its sockets as it gets them: what it did not make it accepted, in order.
        given: dict[str, Pair] = {}
        for role, accepted in self._accepted.items():
            own = self._own.get(role, set())
            free = [n for n in range(1, self._seen[role] + 1) if n not in own]
            for number, each in zip(free, accepted, strict=False):
                given[f"{role}/{number}"] = frozenset((each.local, each.peer))
        return given


def _is_syn(segment: Segment) -> bool:
    return "S" in segment.flags and "." not in segment.flags


def _port(end: str) -> int:
    text = end.rpartition(":")[2]
    return int(text) if text.isdecimal() else 0


def _numbered(socket: str) -> tuple[str, int]:
    role, _, number = socket.rpartition("/")
    return role, int(number) if number.isdecimal() else 0
