"""A joint state: where both ends, the wire and the programs are, as a value.

Two runs that come to the same joint state can go on alike. So it has what decides that: each
socket's state and queues, the segments in flight, and what each program has made of its calls;
and it leaves out what no two runs share: ports that the kernel picks, times, the moves behind.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

from socklab import ss
from socklab.position import Held, Position, Program
from socklab.tcp import CLOSED, State

NONE: Mapping[str, str] = MappingProxyType({})

EPHEMERAL = 32768
"""The least port that the kernel picks by itself, as the weather pins it. Source: ip(7)"""


@dataclass(frozen=True, slots=True, order=True)
class Socket:
    """One socket as `ss` showed it.

    Args:
        state: its state's name.
        recv_q: bytes that wait to be read, or of a listener connections to be accepted.
        send_q: bytes that nobody has acknowledged, or of a listener its backlog.
        timer: the name of the timer that runs, if one does.
        held: whether a program has a descriptor of it.
        shut: which directions a program has shut down: "", "r", "w" or "rw".
        port: its own, 0 if the kernel picked it.
    """

    state: str
    recv_q: int
    send_q: int
    timer: str
    held: bool
    shut: str
    port: int

    def __str__(self) -> str:
        return self.state if self.held or self.state == "TIME-WAIT" else f"{self.state} (no owner)"


@dataclass(frozen=True, slots=True)
class Role:
    """Where a program is: what it has made of its calls, and before or in which ones it is."""

    made: tuple[str, ...]
    standing: tuple[str, ...]
    inside: tuple[str, ...]
    ended: bool
    error: str = ""
    """What its socket would tell it next (SO_ERROR), where that was asked for."""


@dataclass(frozen=True)
class Joint:
    """A joint state. Equal values can go on alike.

    Args:
        sockets: each host's, in an order that no port decides.
        wire: the segments in flight, those of each sender in the order in which they would arrive.
        roles: each program.
        faults: how many faults led here, where their number is limited.
    """

    sockets: Mapping[str, tuple[Socket, ...]]
    wire: tuple[str, ...]
    roles: Mapping[str, Role]
    faults: int = 0

    @cached_property
    def text(self) -> str:
        """All of it, as one line of JSON."""
        return json.dumps(asdict(self), separators=(",", ":"), sort_keys=True)

    @cached_property
    def key(self) -> str:
        """Names it among all others."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Joint) and self.text == other.text

    @property
    def states(self) -> dict[str, str]:
        """Each host's state, of several sockets all: `LISTEN` only where there is nothing else."""
        return {host: _states(sockets) for host, sockets in self.sockets.items()}

    @property
    def headline(self) -> str:
        """The states of both ends in one line."""
        return ", ".join(f"{host} {state}" for host, state in self.states.items())

    def __str__(self) -> str:
        flight = f"; on the wire {', '.join(self.wire)}" if self.wire else ""
        return self.headline + flight

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Joint:
        """A joint state from what `json.loads(joint.text)` gives."""
        return cls(
            {
                host: tuple(Socket(**socket) for socket in sockets)
                for host, sockets in value["sockets"].items()
            },
            tuple(value["wire"]),
            {
                name: Role(
                    tuple(role["made"]),
                    tuple(role["standing"]),
                    tuple(role["inside"]),
                    role["ended"],
                    role["error"],
                )
                for name, role in value["roles"].items()
            },
            value["faults"],
        )


def joint(position: Position, *, faults: int = 0, errors: Mapping[str, str] = NONE) -> Joint:
    """The joint state of a position.

    Args:
        position: where a run stands.
        faults: how many faults led there, where that decides what may follow.
        errors: what each role's sockets would tell next, by role.
    """
    names = _Names(position.record.hosts)
    return Joint(
        {host: _sockets(rows) for host, rows in position.sockets.items()},
        # Those of one sender wait for each other; who of two senders sent first is of no account.
        tuple(map(_in_flight, sorted(position.held, key=lambda held: held.sender))),
        {
            name: _role(program, names, errors.get(name, ""))
            for name, program in position.programs.items()
        },
        faults,
    )


def _sockets(rows: Iterable[ss.Row]) -> tuple[Socket, ...]:
    return tuple(sorted(_socket(row) for row in rows if row.state is not CLOSED))


def _socket(row: ss.Row) -> Socket:
    port = row.local.port
    fixed = port if isinstance(port, int) and port < EPHEMERAL else 0
    shut = ("r" if row.shut_receive else "") + ("w" if row.shut_send else "")
    timer = row.timer.name if row.timer else ""
    return Socket(str(row.state), row.recv_q, row.send_q, timer, bool(row.inode), shut, fixed)


def _in_flight(held: Held) -> str:
    ack = "" if held.ack is None else f" ack={held.ack}"
    length = f" len={held.payload_bytes}" if held.payload_bytes else ""
    again = " copy" if held.copy else ""
    return f"{held.sender} {held.kind} seq={held.seq}{ack}{length}{again}"


def _role(program: Program, names: _Names, error: str) -> Role:
    # Sorted: in which order it made them, the state of its sockets tells as far as it matters.
    return Role(
        tuple(sorted(names(f"{done.call} = {done.outcome}") for done in program.made)),
        tuple(map(names, program.standing)),
        tuple(map(names, program.inside)),
        program.ended,
        error,
    )


class _Names:
    """Says hosts for addresses, and nothing for ports that the kernel picked."""

    def __init__(self, hosts: Mapping[str, str]) -> None:
        self._hosts = hosts

    def __call__(self, text: str) -> str:
        for name, address in self._hosts.items():
            text = text.replace(f"[{address}]", name).replace(f"{address}:", f"{name}:")
        return re.sub(
            r":(\d{5})\b", lambda found: ":*" if int(found[1]) >= EPHEMERAL else found[0], text
        )


def _states(sockets: Sequence[Socket]) -> str:
    connections = [str(socket) for socket in sockets if socket.state != str(State.LISTEN)]
    if connections:
        return " + ".join(connections)
    return str(State.LISTEN) if sockets else str(CLOSED)
