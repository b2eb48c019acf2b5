"""IPv4 and IPv6 packets with TCP in them, bytes to `Packet` and back.

`parse(data)` reads what a TUN device or a packet socket without its Ethernet header hands over: a
`Packet` if it is TCP, else an `Other` that can say in words what it is. `Packet.build()` writes the
bytes again, with right checksums; for a packet of a kernel they are the same bytes.
`dataclasses.replace(packet, ...)` crafts a variant.

A fragment is an `Other`, since a segment in pieces is not a segment yet; so is an IPv6 packet that
still has a source route to follow. The layers stand in modules of their own and are offered here
too: `ip` (headers, checksums), `options` (TCP's), `icmp` (pings, unreachables).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum, IntFlag
from typing import Final, TypeVar

from socklab import icmp
from socklab.errors import LabError
from socklab.icmp import Unreachable, echo_request, is_echo_reply, unreachable
from socklab.ip import ICMP, ICMPV6, TCP, UDP, Datagram, PacketError, packed
from socklab.options import (
    EndOfOptions,
    FastOpenCookie,
    MalformedOptions,
    MaximumSegmentSize,
    NoOperation,
    Option,
    RawOption,
    Sack,
    SackPermitted,
    Timestamps,
    WindowScale,
    parse_options,
)

__all__ = [
    "ACK",
    "DATA",
    "FIN",
    "RST",
    "SYN",
    "SYN_ACK",
    "EndOfOptions",
    "FastOpenCookie",
    "Flags",
    "Kind",
    "MalformedOptions",
    "MaximumSegmentSize",
    "NoOperation",
    "Option",
    "Other",
    "Packet",
    "PacketError",
    "RawOption",
    "Sack",
    "SackPermitted",
    "Timestamps",
    "Unreachable",
    "WindowScale",
    "echo_request",
    "is_echo_reply",
    "parse",
    "seq_add",
    "seq_diff",
    "unreachable",
]

_TCP_HEADER: Final = struct.Struct("!HHIIHHHH")
_OptionT = TypeVar("_OptionT", bound=Option)

# --- Sequence numbers (RFC 9293 section 3.4): 32 bits that wrap around. ---


def seq_add(seq: int, count: int) -> int:
    """The sequence number `count` after `seq` (before it, if negative), modulo 2**32."""
    return (seq + count) & 0xFFFF_FFFF


def seq_diff(later: int, earlier: int) -> int:
    """How far `later` is after `earlier`, from -2**31 to 2**31-1; negative if it is before it."""
    return ((later - earlier + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000


class Flags(IntFlag):
    """The control bits of the TCP header; the three reserved bits above AE are kept, unnamed."""

    FIN = 0x001
    SYN = 0x002
    RST = 0x004
    PSH = 0x008
    ACK = 0x010
    URG = 0x020
    ECE = 0x040
    CWR = 0x080
    AE = 0x100


_TCPDUMP_LETTERS: Final = tuple(zip((1, 2, 4, 8, 16, 32, 64, 128, 256), "FSRP.UEWe", strict=True))


class Kind(Enum):
    """What a segment is to people: the first that fits of RST, SYN+ACK, SYN, FIN, data, ACK.

    So a FIN may carry payload and a RST an ACK, while an ACK carries nothing else.
    """

    SYN = "SYN"
    SYN_ACK = "SYN+ACK"
    ACK = "ACK"
    DATA = "data"
    FIN = "FIN"
    RST = "RST"

    def __str__(self) -> str:
        return self.value


SYN: Final = Kind.SYN
SYN_ACK: Final = Kind.SYN_ACK
ACK: Final = Kind.ACK
DATA: Final = Kind.DATA
FIN: Final = Kind.FIN
RST: Final = Kind.RST

_LIMITS: Final = (
    ("source_port", 0xFFFF),
    ("destination_port", 0xFFFF),
    ("flags", 0xFFF),
    ("seq", 0xFFFF_FFFF),
    ("ack", 0xFFFF_FFFF),
    ("window", 0xFFFF),
    ("urgent", 0xFFFF),
    ("ttl", 0xFF),
    ("tos", 0xFF),
    ("identification", 0xFFFF),
    ("flow_label", 0xF_FFFF),
)


@dataclass(frozen=True, slots=True)
class Packet:
    """One TCP segment in its IP packet.

    Raises:
        LabError: A number does not fit its field in the header; `seq_add` wraps around for you.
    """

    source: str
    """Address as text, such as `10.0.0.1` or `fd00::1`; both addresses are of one IP version."""
    destination: str
    source_port: int
    destination_port: int
    flags: Flags
    seq: int = 0
    """Absolute sequence number."""
    ack: int = 0
    """Absolute acknowledgment number; means something only with `Flags.ACK`."""
    window: int = 65535
    """The field as it stands in the header, not scaled."""
    payload: bytes = b""
    options: tuple[Option, ...] = ()
    urgent: int = 0
    ttl: int = 64
    """Time to live, in IPv6 the hop limit."""
    tos: int = 0
    """Type of service, in IPv6 the traffic class: six bits of DSCP, then two of ECN."""
    identification: int = 0
    """IPv4 only."""
    dont_fragment: bool = True
    """IPv4 only."""
    flow_label: int = 0
    """IPv6 only."""
    ip_options: bytes = b""
    """IPv4 only: the options as they stand in the header, a multiple of 4 bytes."""
    extension_headers: tuple[tuple[int, bytes], ...] = ()
    """IPv6 only: per header its protocol number, and its bytes without the next-header byte."""
    checksum_ok: bool = True
    """Whether the checksums were right when it was parsed; `build()` writes right ones anyway."""

    def __post_init__(self) -> None:
        for name, limit in _LIMITS:
            value = getattr(self, name)
            if not 0 <= value <= limit:
                raise LabError(f"A packet's {name} is 0 to {limit}, not {int(value)}.")

    @classmethod
    def parse(cls, data: bytes) -> Packet:
        """The TCP packet in these bytes; what follows its length (Ethernet's padding) is ignored.

        Raises:
            PacketError: The bytes are truncated, malformed or not TCP.
        """
        packet = parse(data)
        if isinstance(packet, Other):
            raise PacketError(f"This is no TCP packet but {packet.description}.")
        return packet

    def build(self) -> bytes:
        """The bytes of this packet, from the first of the IP header, with right checksums.

        Options whose length is no multiple of 4 are followed by zeros, as RFC 9293 asks.

        Raises:
            LabError: An address is none or the two are of different IP versions, the options do
                not fit their 40 bytes, or the packet its 65535.
        """
        try:
            options = b"".join([option.encode() for option in self.options])
        except struct.error as error:
            raise LabError(
                f"A number in {self.options} does not fit its field: {error}."
            ) from error
        options += bytes(-len(options) % 4)
        if len(options) > 40:
            raise LabError(f"TCP options take at most 40 bytes, not {len(options)}.")
        source, destination = packed(self.source, self.destination)
        head = _TCP_HEADER.pack(
            self.source_port,
            self.destination_port,
            self.seq,
            self.ack,
            (20 + len(options)) << 10 | self.flags,
            self.window,
            0,
            self.urgent,
        )
        rest = options + self.payload
        unsigned = Datagram(source, destination, TCP, head + rest)
        checksum = unsigned.body_checksum.to_bytes(2)
        return Datagram(
            source,
            destination,
            TCP,
            head[:16] + checksum + head[18:] + rest,
            self.ttl,
            self.tos,
            self.identification,
            self.dont_fragment,
            self.flow_label,
            self.ip_options,
            self.extension_headers,
        ).build()

    @property
    def version(self) -> int:
        """The IP version, 4 or 6."""
        return 6 if ":" in self.source else 4

    @property
    def kind(self) -> Kind:
        """What this segment is to people."""
        flags = int(self.flags)
        if flags & 0x04:
            return RST
        if flags & 0x02:
            return SYN_ACK if flags & 0x10 else SYN
        if flags & 0x01:
            return FIN
        return DATA if self.payload else ACK

    @property
    def flag_text(self) -> str:
        """The flags as tcpdump writes them: `S`, `S.`, `.`, `P.`, `F.`, `R`; `none` without any."""
        flags = int(self.flags)
        return "".join([letter for bit, letter in _TCPDUMP_LETTERS if flags & bit]) or "none"

    @property
    def sequence_length(self) -> int:
        """How many sequence numbers it takes: its payload bytes, and one each for SYN and FIN."""
        flags = int(self.flags)
        return len(self.payload) + (flags >> 1 & 1) + (flags & 1)

    def option(self, kind: type[_OptionT]) -> _OptionT | None:
        """The first option of this class, or None."""
        for option in self.options:
            if isinstance(option, kind):
                return option
        return None


@dataclass(frozen=True, slots=True)
class Other:
    """A packet that is not a TCP segment: ICMP, UDP, a fragment."""

    source: str
    destination: str
    protocol: str
    """`ICMP`, `ICMPv6`, `UDP`, ...; `IP protocol 99` for one without a name here."""
    description: str
    """What it is, in words: `ICMP host unreachable`, `ICMPv6 neighbour solicitation`."""
    data: bytes
    """The whole IP packet."""


def parse(data: bytes) -> Packet | Other:
    """The packet in these bytes, from the first of the IP header.

    What follows the length that the IP header tells (Ethernet's padding) is ignored.

    Raises:
        PacketError: The bytes are truncated or malformed.
    """
    datagram = Datagram.parse(data)
    if datagram.protocol != TCP or datagram.fragment_offset is not None or datagram.source_routed:
        return _other(datagram, data)
    segment = datagram.body
    if len(segment) < 20:
        raise PacketError(f"A TCP header has at least 20 bytes; only {len(segment)} are here.")
    source_port, destination_port, seq, ack, offset_and_flags, window, _, urgent = (
        _TCP_HEADER.unpack_from(segment)
    )
    header_bytes = offset_and_flags >> 12 << 2
    if not 20 <= header_bytes <= len(segment):
        raise PacketError(
            f"A TCP header of {header_bytes} bytes in a segment of {len(segment)} cannot be."
        )
    return Packet(
        datagram.source_text,
        datagram.destination_text,
        source_port,
        destination_port,
        Flags(offset_and_flags & 0xFFF),
        seq,
        ack,
        window,
        segment[header_bytes:],
        parse_options(segment[20:header_bytes]),
        urgent,
        datagram.ttl,
        datagram.tos,
        datagram.identification,
        datagram.dont_fragment,
        datagram.flow_label,
        datagram.options,
        datagram.extension_headers,
        datagram.header_ok and not datagram.body_checksum,
    )


_PROTOCOLS: Final = {
    ICMP: "ICMP",
    2: "IGMP",
    TCP: "TCP",
    UDP: "UDP",
    41: "IPv6",
    47: "GRE",
    50: "ESP",
    51: "AH",
    ICMPV6: "ICMPv6",
    59: "empty IPv6 packet",
    132: "SCTP",
}


def _other(datagram: Datagram, data: bytes) -> Other:
    protocol, body = datagram.protocol, datagram.body
    name = _PROTOCOLS.get(protocol) or f"IP protocol {protocol}"
    if datagram.fragment_offset is not None:
        description = f"{name} fragment at byte {datagram.fragment_offset}"
    elif datagram.source_routed:
        description = f"source-routed {name}"
    elif protocol in (ICMP, ICMPV6):
        description = icmp.description(protocol, body)
    elif protocol == UDP and len(body) >= 4:
        description = f"UDP from port {int.from_bytes(body[:2])} to {int.from_bytes(body[2:4])}"
    else:
        description = name
    return Other(
        datagram.source_text,
        datagram.destination_text,
        name,
        description,
        data[: datagram.length_bytes],
    )
