"""socklab: labs for TCP sockets on the real kernel.

Two real Linux hosts, the wire between them held, the programs on them stopped before each
socket call; a story lets one thing happen at a time, and `ss` says what became of it.

What a lab imports stands here, and nothing deeper is promised:

- the bench and its words: `Bench`, `Role`, `Control`, `row`, `linger`, `but`;
- the eleven states of RFC 9293: `CLOSED` … `TIME_WAIT`;
- the kinds of segments: `SYN`, `SYN_ACK`, `ACK`, `DATA`, `FIN`, `RST`;
- rules on the wire, and its answers: `Verdict`, `Segment`, `Unreachable`;
- options that Python's socket module does not name: `TCP_REPAIR`, `TCP_FASTOPEN_CONNECT`;
- for programs of one's own: `open_bench`, and `socklab.ss.parse`, the parser of ss(8).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from socklab import ss
    from socklab.bench import Bench
    from socklab.expect import row
    from socklab.icmp import Unreachable
    from socklab.lab import Control
    from socklab.packet import ACK, DATA, FIN, RST, SYN, SYN_ACK
    from socklab.role import Role
    from socklab.runner import open_bench
    from socklab.sockets import Socket
    from socklab.sockopt import TCP_FASTOPEN_CONNECT, TCP_REPAIR, linger
    from socklab.tcp import (
        CLOSE_WAIT,
        CLOSED,
        CLOSING,
        ESTABLISHED,
        FIN_WAIT_1,
        FIN_WAIT_2,
        LAST_ACK,
        LISTEN,
        SYN_RECEIVED,
        SYN_SENT,
        TIME_WAIT,
        State,
    )
    from socklab.weather import but
    from socklab.wire import Segment, Verdict

# Importing socklab must cost nothing: `socklab --help` needs no Trio, a reader of Records no
# Linux. So each name is fetched from its module when it is first asked for.
_HOMES = {
    "bench": ("Bench",),
    "expect": ("row",),
    "icmp": ("Unreachable",),
    "lab": ("Control",),
    "packet": ("ACK", "DATA", "FIN", "RST", "SYN", "SYN_ACK"),
    "role": ("Role",),
    "runner": ("open_bench",),
    "sockets": ("Socket",),
    "sockopt": ("TCP_FASTOPEN_CONNECT", "TCP_REPAIR", "linger"),
    "tcp": (
        "CLOSED",
        "CLOSE_WAIT",
        "CLOSING",
        "ESTABLISHED",
        "FIN_WAIT_1",
        "FIN_WAIT_2",
        "LAST_ACK",
        "LISTEN",
        "SYN_RECEIVED",
        "SYN_SENT",
        "TIME_WAIT",
        "State",
    ),
    "weather": ("but",),
    "wire": ("Segment", "Verdict"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "ACK",
    "CLOSED",
    "CLOSE_WAIT",
    "CLOSING",
    "DATA",
    "ESTABLISHED",
    "FIN",
    "FIN_WAIT_1",
    "FIN_WAIT_2",
    "LAST_ACK",
    "LISTEN",
    "RST",
    "SYN",
    "SYN_ACK",
    "SYN_RECEIVED",
    "SYN_SENT",
    "TCP_FASTOPEN_CONNECT",
    "TCP_REPAIR",
    "TIME_WAIT",
    "Bench",
    "Control",
    "Role",
    "Segment",
    "Socket",
    "State",
    "Unreachable",
    "Verdict",
    "but",
    "linger",
    "open_bench",
    "row",
    "ss",
]


def __getattr__(name: str) -> Any:
    if name == "ss":
        return import_module("socklab.ss")
    if name not in _HOME:
        raise AttributeError(f"module 'socklab' has no attribute {name!r}")
    value = getattr(import_module(f"socklab.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
