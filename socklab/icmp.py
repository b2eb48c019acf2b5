"""ICMP and ICMPv6: what a message says in words, pings, and "destination unreachable"."""

from __future__ import annotations

import struct
from enum import Enum
from typing import Final

from socklab.errors import LabError
from socklab.ip import ICMP, ICMPV6, Datagram, checksum, packed

_ICMP_TYPES: Final = {
    0: "echo reply",
    3: "unreachable",
    4: "source quench",
    5: "redirect",
    8: "echo request",
    11: "time exceeded",
    12: "parameter problem",
}
_ICMP_UNREACHABLE: Final = {
    0: "network unreachable",
    1: "host unreachable",
    2: "protocol unreachable",
    3: "port unreachable",
    4: "fragmentation needed",
    9: "network prohibited",
    10: "host prohibited",
    13: "administratively prohibited",
}
_ICMPV6_TYPES: Final = {
    1: "unreachable",
    2: "packet too big",
    3: "time exceeded",
    4: "parameter problem",
    128: "echo request",
    129: "echo reply",
    130: "multicast listener query",
    131: "multicast listener report",
    132: "multicast listener done",
    133: "router solicitation",
    134: "router advertisement",
    135: "neighbour solicitation",
    136: "neighbour advertisement",
    137: "redirect",
}
_ICMPV6_UNREACHABLE: Final = {
    0: "no route",
    1: "administratively prohibited",
    3: "address unreachable",
    4: "port unreachable",
}


def description(protocol: int, body: bytes) -> str:
    """A message in words, such as `ICMP host unreachable` or `ICMPv6 neighbour solicitation`."""
    name = "ICMP" if protocol == ICMP else "ICMPv6"
    if len(body) < 2:
        return name
    kind, code = body[0], body[1]
    if protocol == ICMP:
        types, unreachable_type, codes = _ICMP_TYPES, 3, _ICMP_UNREACHABLE
    elif kind == 143:
        return "MLDv2 report"  # rather than ICMPv6 and a long name: nobody calls it otherwise
    else:
        types, unreachable_type, codes = _ICMPV6_TYPES, 1, _ICMPV6_UNREACHABLE
    if kind == unreachable_type:
        return f"{name} {codes.get(code) or f'unreachable, code {code}'}"
    return f"{name} {types.get(kind) or f'type {kind}'}"


def _message(source: bytes, destination: bytes, kind: int, code: int, rest: bytes) -> bytes:
    """The IP packet of a message; `rest` is what follows its checksum."""
    protocol = ICMP if len(source) == 4 else ICMPV6
    body = bytes((kind, code, 0, 0)) + rest
    datagram = Datagram(source, destination, protocol, body)
    # Only ICMPv6 counts a pseudo-header (RFC 4443 section 2.3).
    right = checksum(body) if protocol == ICMP else datagram.body_checksum
    body = bytes((kind, code)) + right.to_bytes(2) + rest
    return Datagram(source, destination, protocol, body).build()


def echo_request(
    source: str, destination: str, identifier: int, sequence: int, payload: bytes = b""
) -> bytes:
    """The bytes of a ping, ICMP or ICMPv6 by the addresses.

    Args:
        source: Address as text.
        destination: Address as text, of the same IP version.
        identifier: 0 to 65535; the reply brings it back.
        sequence: 0 to 65535; the reply brings it back.
        payload: What the reply brings back as well.

    Raises:
        LabError: The addresses are none or do not fit each other, or a number is out of range.
    """
    packed_source, packed_destination = packed(source, destination)
    if not (0 <= identifier <= 0xFFFF and 0 <= sequence <= 0xFFFF):
        raise LabError(
            f"A ping's identifier and sequence are 0 to 65535, not {identifier} and {sequence}."
        )
    rest = struct.pack("!HH", identifier, sequence) + payload
    kind = 8 if len(packed_source) == 4 else 128
    return _message(packed_source, packed_destination, kind, 0, rest)


def is_echo_reply(data: bytes) -> tuple[int, int] | None:
    """The identifier and sequence number, if these bytes are the reply to a ping; else None.

    Looks at a few bytes only, verifies no checksum and never raises, so that it can be asked about
    every packet of a wire.
    """
    if len(data) >= 28 and data[0] >> 4 == 4 and data[9] == ICMP:
        at, reply = (data[0] & 0xF) << 2, 0
    elif len(data) >= 48 and data[0] >> 4 == 6 and data[6] == ICMPV6:
        at, reply = 40, 129
    else:
        return None
    if len(data) < at + 8 or data[at] != reply:
        return None
    return int.from_bytes(data[at + 4 : at + 6]), int.from_bytes(data[at + 6 : at + 8])


class Unreachable(Enum):
    """Why a packet cannot be delivered: the code in ICMP, the code in ICMPv6.

    Source: RFC 792, RFC 1812 section 5.2.7.1, RFC 4443 section 3.1.
    """

    NETWORK = (0, 0)
    HOST = (1, 3)
    PORT = (3, 4)
    PROHIBITED = (13, 1)


def unreachable(original: bytes, code: Unreachable, source: str | None = None) -> bytes:
    """The bytes of an ICMP or ICMPv6 "destination unreachable" that answers a packet.

    Args:
        original: The packet that could not be delivered; its sender gets the answer.
        code: Why not.
        source: The address that says so, as text; the original's destination if None.

    Raises:
        PacketError: `original` is truncated or malformed.
        LabError: `source` is no address of the original's IP version.
    """
    datagram = Datagram.parse(original)
    sender, destination = packed(
        datagram.destination_text if source is None else source, datagram.source_text
    )
    # As much of the original as fits into what every path carries: 576 bytes less 28 of headers
    # (RFC 1812 section 4.3.2.3), 1280 less 48 (RFC 4443 section 2.4).
    whole = original[: datagram.length_bytes]
    if len(sender) == 4:
        return _message(sender, destination, 3, code.value[0], bytes(4) + whole[:548])
    return _message(sender, destination, 1, code.value[1], bytes(4) + whole[:1232])
