"""Packets that are no TCP segments: what they are called, and where they end."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, strategies as st

from socklab.ip import Datagram
from socklab.packet import Flags, Other, Packet, PacketError, parse

ADDRESSES = (b"\n\0\0\1", b"\n\0\0\2")
PACKET = Packet("10.0.0.1", "10.0.0.2", 40000, 80, Flags.ACK)


def test_a_packet_that_is_not_tcp_says_what_it_is() -> None:
    data = bytearray(PACKET.build())
    data[9] = 17
    assert parse(bytes(data)) == Other(
        "10.0.0.1", "10.0.0.2", "UDP", "UDP from port 40000 to 80", bytes(data)
    )
    with pytest.raises(PacketError, match=r"no TCP packet but UDP from port 40000 to 80\."):
        Packet.parse(bytes(data))


@pytest.mark.parametrize(
    ("protocol", "body", "name", "description"),
    [
        (1, b"\3\1", "ICMP", "ICMP host unreachable"),
        (2, b"", "IGMP", "IGMP"),
        (17, b"\0", "UDP", "UDP"),
        (99, b"", "IP protocol 99", "IP protocol 99"),
    ],
)
def test_others_have_a_name(protocol: int, body: bytes, name: str, description: str) -> None:
    data = Datagram(*ADDRESSES, protocol, body).build()
    # Ethernet pads what is shorter than its frame; the packet ends before.
    assert parse(data + bytes(6)) == Other("10.0.0.1", "10.0.0.2", name, description, data)


@pytest.mark.parametrize(
    ("fragment", "offset"), [(0x2000, 0), (0x2001, 8), (0x0002, 16)], ids=["first", "next", "last"]
)
def test_an_ipv4_fragment_is_no_segment(fragment: int, offset: int) -> None:
    data = bytearray(PACKET.build())
    data[6:8] = fragment.to_bytes(2)
    packet = parse(bytes(data))
    assert isinstance(packet, Other)
    assert packet.description == f"TCP fragment at byte {offset}"


@pytest.mark.parametrize("offset", [0, 1480])
def test_an_ipv6_fragment_is_no_segment(offset: int) -> None:
    data = bytearray(Packet("fd00::1", "fd00::2", 1, 2, Flags.SYN).build())
    data[4:6] = (28).to_bytes(2)
    data[6] = 44
    data[40:40] = struct.pack("!BBHI", 6, 0, offset | 1, 7)
    packet = parse(bytes(data))
    assert isinstance(packet, Other)
    assert (packet.description, packet.data) == (f"TCP fragment at byte {offset}", bytes(data))


@pytest.mark.parametrize(
    ("segments_left", "description"),
    [(0, None), (1, "source-routed TCP")],
    ids=["done", "under way"],
)
def test_a_source_route_counts_until_it_is_done(
    segments_left: int, description: str | None
) -> None:
    route = bytes((2, 0, segments_left)) + bytes(20)
    data = Packet("fd00::1", "fd00::2", 1, 2, Flags.SYN, extension_headers=((43, route),)).build()
    packet = parse(data)
    assert (packet.description if isinstance(packet, Other) else None) == description


@given(st.binary(max_size=60))
def test_whatever_is_not_tcp_is_described_or_refused(body: bytes) -> None:
    for protocol in (1, 17):
        packet = parse(Datagram(bytes(4), bytes(4), protocol, body).build())
        assert isinstance(packet, Other)
        assert packet.description.startswith(packet.protocol)
