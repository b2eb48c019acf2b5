"""One row of `ss` as a value, and the names that `ss` gives to the states."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from socklab.ss.addresses import Address
from socklab.ss.info import Info, Memory
from socklab.tcp import State

SPELLINGS: Mapping[str, State] = MappingProxyType(
    {
        "ESTAB": State.ESTABLISHED,
        "SYN-SENT": State.SYN_SENT,
        "SYN-RECV": State.SYN_RECEIVED,
        "FIN-WAIT-1": State.FIN_WAIT_1,
        "FIN-WAIT-2": State.FIN_WAIT_2,
        "TIME-WAIT": State.TIME_WAIT,
        "UNCONN": State.CLOSED,  # bound and not in use, or just destroyed (-E)
        "CLOSE-WAIT": State.CLOSE_WAIT,
        "LAST-ACK": State.LAST_ACK,
        "LISTEN": State.LISTEN,
        "CLOSING": State.CLOSING,
    }
)
"""The states as `ss` prints them. Source: `sstate_name` in iproute2's misc/ss.c."""

SPELLED: Mapping[State, str] = MappingProxyType({state: text for text, state in SPELLINGS.items()})
"""The other way: what `ss` prints for a state."""

TIMERS = frozenset({"off", "on", "keepalive", "timewait", "persist", "delack", "unknown"})
"""The timers by their names in `ss`. "on" is the retransmission timer; "off" is never printed."""

# Closed before the program is done with it, as far as the kernel: nobody holds a descriptor.
_ORPHANS = frozenset({State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSING, State.LAST_ACK})
# Not yet given to a program: accept() makes the descriptor.
_UNACCEPTED = frozenset({State.ESTABLISHED, State.CLOSE_WAIT})


# Tuples, not frozen dataclasses, all three: a row is built in bulk, and `object.__setattr__`
# for each field would take a third of the time of a plain listing (400,000 rows a second).
# Fields are asked for by name; their order is no promise.
class Timer(NamedTuple):
    """The timer that runs (`-o`): `timer:(keepalive,119min,0)`."""

    name: str
    """One of `TIMERS`."""
    left_s: float
    """Seconds until it fires, as far as `ss` prints them: cut to 1 ms, 1 s or 1 min."""
    retransmissions: int
    """In a row: of data or FIN, of probes (keepalive, persist), of SYN-ACK (SYN-RECV)."""


class User(NamedTuple):
    """A process that holds the socket (`-p`), once for each descriptor."""

    name: str
    """Up to the first `)`, as `ss` reads it; else any character, blanks and quotes too."""
    pid: int
    fd: int
    tid: int | None = None
    """With -T."""
    process_context: str | None = None
    """With -Z or -z: the SELinux context."""
    socket_context: str | None = None
    """With -z."""


class Row(NamedTuple):
    """One socket as `ss` showed it. What was not asked for, or not printed, is None.

    A row with a known inode belongs to a process. `orphan` and `unaccepted` say what it
    means where it is 0.
    """

    state: State
    recv_q: int
    """Bytes received and not read, a FIN counting as one; LISTEN: connections waiting.

    Below zero where there are more than 2^31 - 1.
    """
    send_q: int
    """Bytes not yet acknowledged, our SYN and FIN counting as one; LISTEN: the backlog."""
    local: Address
    peer: Address
    text: str
    """The row as printed, without padding at the end; two or three lines without -O."""
    timer: Timer | None = None
    users: tuple[User, ...] = ()
    """Empty without -p, and where no process holds it or we may not see which."""
    uid: int | None = None
    """Owner of the socket (-e). None where `inode` is 0: such a socket has no owner."""
    inode: int | None = None
    """Of the socket (-e); 0 where no process holds a descriptor."""
    cookie: str | None = None
    """The text after `sk:` (-e): names this socket as long as it lives."""
    fwmark: int | None = None
    cgroup: str | None = None
    """Path of the cgroup (-e or --cgroup, 5.8+), or "unreachable:HEX" of one that is gone."""
    v6only: bool | None = None
    shut_receive: bool | None = None
    """Whether receiving was shut down (-e): the left of the arrows `<->` is `-`."""
    shut_send: bool | None = None
    """Whether sending was shut down (-e): the right of the arrows `<->` is `-`."""
    tos: int | None = None
    tclass: int | None = None
    class_id: int | None = None
    inet_sockopt: tuple[str, ...] | None = None
    """Options that are set (--inet-sockopt), such as "is_icsk" and "mc_loop"."""
    memory: Memory | None = None
    info: Info | None = None
    cut: bool = False
    """`ss` cut the row at 65535 bytes: users are missing, and perhaps what follows them."""

    def __repr__(self) -> str:
        """What was said, without the text: it says the same."""
        values = zip(self._fields, self, strict=True)
        said = (
            f"{name}={value!r}"
            for name, value in values
            if name != "text" and value != self._field_defaults.get(name, "always")
        )
        return f"Row({', '.join(said)})"

    @property
    def orphan(self) -> bool | None:
        """Whether the program has closed it and the kernel goes on alone; None without -e.

        A FIN-WAIT-2 whose timer is "timewait" is one too. TIME-WAIT is not: that a process
        holds it no longer says nothing about the program, for it never does.
        """
        return None if self.inode is None else self.inode == 0 and self.state in _ORPHANS

    @property
    def unaccepted(self) -> bool | None:
        """Whether it waits in its listener's queue for accept(); None without -e."""
        return None if self.inode is None else self.inode == 0 and self.state in _UNACCEPTED
