"""The two addresses of a row, in every way in which `ss` has written them.

127.0.0.1:22   0.0.0.0%eth0:22   *:22        IPv4, a device after the percent sign
[::1]:22       [fe80::1]%eth0:22             IPv6 since iproute2 4.13
::1:22         fe80::1%eth0:22               IPv6 before
[::ffff:10.0.0.1]:22                         an IPv4 peer of an IPv6 socket
localhost:ssh                                with -r, and without -n
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from socklab.ss.errors import Unreadable


# A tuple, not a frozen dataclass: a row has two, and built from a tuple it takes 0.14 us
# where the dataclass takes 0.7 us (measured, Python 3.11).
class Address(NamedTuple):
    """One end of a socket: a host, a port and the device it is bound to."""

    host: str
    """As printed, without brackets: "10.0.0.1", "::1", "::ffff:10.0.0.1", a name with -r.

    "*" is any address: of IPv6 and IPv4 both since iproute2 4.14, of IPv4 before 4.13.
    """

    port: int | None
    """0 to 65535. None for `*` (no port) and where the port is said by name."""

    interface: str | None = None
    """The device after the percent sign, such as "eth0"; local addresses only."""

    service: str | None = None
    """The port's name, such as "https": `ss` without -n."""

    def __str__(self) -> str:
        """The address as a current `ss` writes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        device = "" if self.interface is None else f"%{self.interface}"
        port = self.service or ("*" if self.port is None else self.port)
        return f"{host}{device}:{port}"


_ADDRESS = re.compile(
    r"""
    (?: (\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})        # IPv4
      | \[ ([0-9a-f:]*:[0-9a-f:.]*) \]              # IPv6 in brackets
      | ([0-9a-f]*:[0-9a-f:]*:[0-9a-f.]*)           # IPv6 without them
      | (\*)                                        # any
      | ([A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)  # a name
    )
    (?: % ([^:/%\s]+) )?                            # a device; its name can hold ] ( " , *
    : (?: (\d{1,5}) | (\*) | (\d*[A-Za-z][\w.+-]*) )   # what follows the last colon
    """,
    re.ASCII | re.VERBOSE,
)
# The one form that long listings are made of, read in half the time.
_plain = re.compile(r"(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}):(\d{1,5})", re.ASCII).fullmatch
_fullmatch = _ADDRESS.fullmatch
_new: Callable[[type[Address], tuple[object, ...]], Address] = tuple.__new__


def parse_address(text: str) -> Address:
    """The address that `ss` wrote as `text`.

    Raises:
        Unreadable: it is none.
    """
    match = _plain(text)
    if match is not None and (number := int(match[2])) <= 65535:
        return _new(Address, (match[1], number, None, None))
    match = _fullmatch(text)
    if match is None:
        raise Unreadable(f"{text!r} is not an address and a port")
    ipv4, bracketed, bare, any_, name, interface, port, _, service = match.groups()
    host = ipv4 or bracketed or bare or any_ or name
    if port is None:
        return _new(Address, (host, None, interface, service))
    number = int(port)
    if number > 65535:
        raise Unreadable(f"port {number} of {text!r} is over 65535")
    return _new(Address, (host, number, interface, None))
