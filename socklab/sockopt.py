"""Socket options as people know them: their names and values. Source: socket(7), tcp(7)."""

from __future__ import annotations

import socket as stdlib
import struct

_NOT_OPTIONS = ("SO_J1939_", "SO_VM_SOCKETS_", "IP_DEFAULT_MULTICAST_", "IP_RECVRETOPTS")
"""Names in Python's socket module that begin as an option's and have one's number: other
families' options, a default's value, and an older word for IP_RETOPTS."""


TCP_REPAIR, TCP_FASTOPEN_CONNECT, TCP_RTO_MAX_MS, TCP_RTO_MIN_US = 19, 30, 44, 45
"""Options of linux/tcp.h that Python's socket module does not name."""

_UNNAMED = {
    TCP_REPAIR: "TCP_REPAIR",
    TCP_FASTOPEN_CONNECT: "TCP_FASTOPEN_CONNECT",
    TCP_RTO_MAX_MS: "TCP_RTO_MAX_MS",
    TCP_RTO_MIN_US: "TCP_RTO_MIN_US",
}


def name_of(level: int, option: int) -> tuple[str, str]:
    """An option's level and name as C writes them, numbers where Python has no name."""
    prefixes = {
        stdlib.SOL_SOCKET: ("SOL_SOCKET", "SO_"),
        stdlib.IPPROTO_TCP: ("IPPROTO_TCP", "TCP_"),
        stdlib.IPPROTO_IP: ("IPPROTO_IP", "IP_"),
        stdlib.IPPROTO_IPV6: ("IPPROTO_IPV6", "IPV6_"),
    }
    level_name, prefix = prefixes.get(level, (str(level), ""))
    names = (
        name
        for name in dir(stdlib)
        if prefix
        and name.startswith(prefix)
        and not name.startswith(_NOT_OPTIONS)
        and getattr(stdlib, name) == option
    )
    unnamed = _UNNAMED.get(option) if level == stdlib.IPPROTO_TCP else None
    return level_name, unnamed or next(names, str(option))


def flags(given: int) -> tuple[str, ...]:
    """The flags of send() and recv() as an argument to be shown; none where there are none."""
    return (str(stdlib.MsgFlag(given).name or given),) if given else ()


def tell(level: int, option: int, value: bytes) -> str:
    """A value that is a structure: told by its fields where we know it, else in hexadecimal."""
    if (level, option) == (stdlib.SOL_SOCKET, stdlib.SO_LINGER) and len(value) == struct.calcsize(
        "ii"
    ):
        on, seconds = struct.unpack("ii", value)
        return f"{{l_onoff={on}, l_linger={seconds}}}"
    return value.hex()


def linger(seconds: int) -> bytes:
    """The value of SO_LINGER that makes close() wait so long for its data; 0 makes it a reset."""
    return struct.pack("ii", 1, seconds)
