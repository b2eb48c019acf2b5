"""IP datagrams: IPv4 and IPv6 headers around a body of any protocol, bytes to `Datagram` and back.

Left out: IPv4's reserved flag (RFC 3514's evil bit), which is not kept, and reassembly: a fragment
is a `Datagram` that says so.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Final

from socklab.errors import LabError, ToolError

ICMP: Final = 1
TCP: Final = 6
UDP: Final = 17
ICMPV6: Final = 58

_IPV4: Final = struct.Struct("!BBHHHBBH4s4s")
_IPV6: Final = struct.Struct("!IHBB16s16s")
_DONT_FRAGMENT, _MORE_FRAGMENTS, _OFFSET = 0x4000, 0x2000, 0x1FFF
_HOP_BY_HOP, _ROUTING, _FRAGMENT, _DESTINATION_OPTIONS = 0, 43, 44, 60


class PacketError(ToolError):
    """These bytes are not a whole, well-formed IP packet."""


def checksum(data: bytes) -> int:
    """The Internet checksum of these bytes (RFC 1071); 0 if they hold their own, right one."""
    # 2**16 is 1 modulo 2**16-1, so the ones' complement sum of all words is the remainder of the
    # whole as one number: many times as fast in Python as a loop over the words.
    total = int.from_bytes(data + bytes(len(data) & 1))
    remainder = total % 0xFFFF
    return 0xFFFF - remainder if remainder or not total else 0


def packed(source: str, destination: str) -> tuple[bytes, bytes]:
    """Two addresses as bytes, 4 each or 16 each.

    Raises:
        LabError: One is no address, or they are of different IP versions.
    """
    family = AF_INET6 if ":" in source else AF_INET
    try:
        return inet_pton(family, source), inet_pton(family, destination)
    # A NUL or a character beyond ASCII is a ValueError, anything else that is wrong an OSError.
    except (OSError, ValueError) as error:
        raise LabError(
            f"A packet needs two addresses of one IP version, not {source!r} and {destination!r}."
        ) from error


@dataclass(frozen=True, slots=True)
class Datagram:
    """One IP packet. Its numbers are taken as they are: who makes one checks their range."""

    source: bytes
    """4 or 16 bytes, as the destination: that is what tells the IP version."""
    destination: bytes
    protocol: int
    """Of the body, whatever extension headers stand before it."""
    body: bytes
    ttl: int = 64
    """Time to live, in IPv6 the hop limit."""
    tos: int = 0
    """Type of service, in IPv6 the traffic class."""
    identification: int = 0
    """IPv4 only."""
    dont_fragment: bool = True
    """IPv4 only."""
    flow_label: int = 0
    """IPv6 only."""
    options: bytes = b""
    """IPv4 only: as they stand in the header."""
    extension_headers: tuple[tuple[int, bytes], ...] = ()
    """IPv6 only: per header its protocol number, and its bytes without the next-header byte."""
    fragment_offset: int | None = None
    """Where the body begins in the whole, in bytes, if this is a fragment. Not written."""
    source_routed: bool = False
    """Whether a routing header names stops still to come, so that `destination` is but the next."""
    header_ok: bool = True
    """Whether the header's checksum was right when parsed; IPv6 has none. Not written."""

    @property
    def source_text(self) -> str:
        """The source address as text."""
        return inet_ntop(AF_INET if len(self.source) == 4 else AF_INET6, self.source)

    @property
    def destination_text(self) -> str:
        """The destination address as text."""
        return inet_ntop(AF_INET if len(self.source) == 4 else AF_INET6, self.destination)

    @property
    def length_bytes(self) -> int:
        """The length of the whole packet."""
        if len(self.source) == 4:
            return 20 + len(self.options) + len(self.body)
        return 40 + sum(1 + len(rest) for _, rest in self.extension_headers) + len(self.body)

    @property
    def body_checksum(self) -> int:
        """The checksum of the body with its pseudo-header before it; 0 if it holds a right one."""
        # The layout of IPv6 (RFC 8200 section 8.1) serves IPv4 as well: its pseudo-header has the
        # same numbers in fewer bits, and zeros count nothing.
        numbers = struct.pack("!II", len(self.body), self.protocol)
        return checksum(self.source + self.destination + numbers + self.body)

    @classmethod
    def parse(cls, data: bytes) -> Datagram:
        """The datagram at the start of these bytes; what follows its length is ignored.

        Raises:
            PacketError: The bytes are truncated or malformed.
        """
        if not data:
            raise PacketError("A packet without a single byte is no IP packet.")
        version = data[0] >> 4
        if version == 4:
            return cls._parse_ipv4(data)
        if version == 6:
            return cls._parse_ipv6(data)
        raise PacketError(f"An IP packet starts with version 4 or 6, not {version}.")

    @classmethod
    def _parse_ipv4(cls, data: bytes) -> Datagram:
        if len(data) < 20:
            raise PacketError(f"An IPv4 header has at least 20 bytes; only {len(data)} are here.")
        first, tos, total, identification, fragment, ttl, protocol, _, source, destination = (
            _IPV4.unpack_from(data)
        )
        header_bytes = (first & 0xF) << 2
        if header_bytes < 20 or total < header_bytes:
            raise PacketError(
                f"An IPv4 header of {header_bytes} bytes in a packet of {total} cannot be."
            )
        if len(data) < total:
            raise PacketError(f"This IPv4 packet has {total} bytes; only {len(data)} are here.")
        return cls(
            source,
            destination,
            protocol,
            data[header_bytes:total],
            ttl,
            tos,
            identification,
            bool(fragment & _DONT_FRAGMENT),
            0,
            data[20:header_bytes],
            (),
            (fragment & _OFFSET) << 3 if fragment & (_MORE_FRAGMENTS | _OFFSET) else None,
            False,
            not checksum(data[:header_bytes]),
        )

    @classmethod
    def _parse_ipv6(cls, data: bytes) -> Datagram:
        if len(data) < 40:
            raise PacketError(f"An IPv6 header has 40 bytes; only {len(data)} are here.")
        first, length, protocol, hop_limit, source, destination = _IPV6.unpack_from(data)
        end = 40 + length
        if len(data) < end:
            raise PacketError(f"This IPv6 packet has {end} bytes; only {len(data)} are here.")
        at = 40
        extension_headers: list[tuple[int, bytes]] = []
        fragment_offset = None
        source_routed = False
        while protocol in (_HOP_BY_HOP, _ROUTING, _FRAGMENT, _DESTINATION_OPTIONS):
            after = at + 8  # the shortest there is; the second byte counts further groups of 8
            if protocol != _FRAGMENT and after <= end:
                after += data[at + 1] << 3
            if after > end:
                raise PacketError(f"An IPv6 extension header runs past the packet's {end} bytes.")
            if protocol == _FRAGMENT:
                fragment_offset = int.from_bytes(data[at + 2 : at + 4]) & 0xFFF8
            elif protocol == _ROUTING and data[at + 3]:
                source_routed = True
            extension_headers.append((protocol, data[at + 1 : after]))
            protocol = data[at]
            at = after
            if fragment_offset:
                break  # what follows in a later fragment is the middle of something
        return cls(
            source,
            destination,
            protocol,
            data[at:end],
            hop_limit,
            first >> 20 & 0xFF,
            0,
            True,
            first & 0xF_FFFF,
            b"",
            tuple(extension_headers),
            fragment_offset,
            source_routed,
        )

    def build(self) -> bytes:
        """The bytes of this datagram, for IPv4 with the right checksum of its header.

        Raises:
            LabError: The packet is longer than its header can say, or options are of a length that
                a header cannot have.
        """
        return self._build_ipv4() if len(self.source) == 4 else self._build_ipv6()

    def _build_ipv4(self) -> bytes:
        header_bytes = 20 + len(self.options)
        if header_bytes > 60 or header_bytes % 4:
            raise LabError(f"IPv4 options take 0, 4, 8, up to 40 bytes, not {len(self.options)}.")
        total = header_bytes + len(self.body)
        if total > 0xFFFF:
            raise LabError(f"An IPv4 packet has at most 65535 bytes, not {total}.")
        header = _IPV4.pack(
            0x40 | header_bytes >> 2,
            self.tos,
            total,
            self.identification,
            _DONT_FRAGMENT if self.dont_fragment else 0,
            self.ttl,
            self.protocol,
            0,
            self.source,
            self.destination,
        )
        right = checksum(header + self.options).to_bytes(2)
        return header[:10] + right + header[12:] + self.options + self.body

    def _build_ipv6(self) -> bytes:
        protocol, body = self.protocol, self.body
        for number, rest in reversed(self.extension_headers):
            if number not in (_HOP_BY_HOP, _ROUTING, _DESTINATION_OPTIONS):
                raise LabError(
                    f"IP protocol {number} is no IPv6 extension header that can be built."
                )
            if len(rest) < 7 or len(rest) != 7 + (rest[0] << 3):
                raise LabError(
                    "An IPv6 extension header without its next-header byte starts with its length:"
                    f" 7 bytes after 0, 15 after 1, ..., not {len(rest)} bytes {rest.hex(' ')}."
                )
            protocol, body = number, bytes((protocol,)) + rest + body
        if len(body) > 0xFFFF:
            raise LabError(f"An IPv6 packet has at most 65535 bytes in it, not {len(body)}.")
        first = 6 << 28 | self.tos << 20 | self.flow_label
        return (
            _IPV6.pack(first, len(body), protocol, self.ttl, self.source, self.destination) + body
        )
