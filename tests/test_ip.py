"""IP headers: what is malformed, what cannot be built, and the checksum."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from socklab.errors import LabError
from socklab.ip import UDP, Datagram, PacketError, checksum

IPV4 = Datagram(b"\n\0\0\1", b"\n\0\0\2", UDP, b"body")
IPV6 = Datagram(b"\xfd" + bytes(14) + b"\1", b"\xfd" + bytes(14) + b"\2", UDP, b"body")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "A packet without a single byte is no IP packet."),
        (b"\x50", "An IP packet starts with version 4 or 6, not 5."),
        (b"\x45" + bytes(18), "An IPv4 header has at least 20 bytes; only 19 are here."),
        (b"\x44" + bytes(19), "An IPv4 header of 16 bytes in a packet of 0 cannot be."),
        (b"\x45\0\0\x13" + bytes(16), "An IPv4 header of 20 bytes in a packet of 19 cannot be."),
        (b"\x46\0\0\x14" + bytes(16), "An IPv4 header of 24 bytes in a packet of 20 cannot be."),
        (b"\x45\0\0\x15" + bytes(16), "This IPv4 packet has 21 bytes; only 20 are here."),
        (b"\x60" + bytes(38), "An IPv6 header has 40 bytes; only 39 are here."),
        (b"\x60\0\0\0\0\1" + bytes(34), "This IPv6 packet has 41 bytes; only 40 are here."),
        (
            b"\x60" + bytes(39),  # next header 0 is hop-by-hop, which is not there
            "An IPv6 extension header runs past the packet's 40 bytes.",
        ),
        (
            b"\x60\0\0\0\0\x08" + bytes(34) + b"\6\1" + bytes(6),
            "An IPv6 extension header runs past the packet's 48 bytes.",
        ),
    ],
)
def test_malformed_headers_are_told_in_a_sentence(data: bytes, message: str) -> None:
    with pytest.raises(PacketError) as caught:
        Datagram.parse(data)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("datagram", "message"),
    [
        (
            Datagram(IPV6.source, IPV6.destination, UDP, bytes(65536)),
            "An IPv6 packet has at most 65535 bytes in it, not 65536.",
        ),
        (
            Datagram(IPV6.source, IPV6.destination, UDP, b"", extension_headers=((44, bytes(7)),)),
            "IP protocol 44 is no IPv6 extension header that can be built.",
        ),
        (
            Datagram(IPV6.source, IPV6.destination, UDP, b"", extension_headers=((0, b"\0\1"),)),
            "An IPv6 extension header without its next-header byte starts with its length:"
            " 7 bytes after 0, 15 after 1, ..., not 2 bytes 00 01.",
        ),
        (
            Datagram(IPV6.source, IPV6.destination, UDP, b"", extension_headers=((0, b"\1" * 7),)),
            "An IPv6 extension header without its next-header byte starts with its length:"
            " 7 bytes after 0, 15 after 1, ..., not 7 bytes 01 01 01 01 01 01 01.",
        ),
    ],
)
def test_what_no_header_can_say_is_told(datagram: Datagram, message: str) -> None:
    with pytest.raises(LabError) as caught:
        datagram.build()
    assert str(caught.value) == message


@pytest.mark.parametrize("datagram", [IPV4, IPV6], ids=["IPv4", "IPv6"])
def test_a_datagram_reads_as_it_was_written(datagram: Datagram) -> None:
    data = datagram.build()
    assert Datagram.parse(data + b"padding") == datagram
    assert datagram.length_bytes == len(data)


def test_addresses_are_text_of_their_version() -> None:
    assert (IPV4.source_text, IPV4.destination_text) == ("10.0.0.1", "10.0.0.2")
    assert (IPV6.source_text, IPV6.destination_text) == ("fd00::1", "fd00::2")


def test_the_checksum_of_the_example_in_rfc_1071() -> None:
    assert checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF - 0xDDF2


@pytest.mark.parametrize(
    ("data", "expected"), [(b"", 0xFFFF), (bytes(4), 0xFFFF), (b"\xff" * 2, 0)]
)
def test_the_checksum_of_nothing_is_all_ones(data: bytes, expected: int) -> None:
    assert checksum(data) == expected


@given(st.binary(max_size=99))
def test_the_checksum_is_the_complement_of_the_sum_of_words(data: bytes) -> None:
    total = sum(int.from_bytes(data[at : at + 2].ljust(2, b"\0")) for at in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    assert checksum(data) == 0xFFFF - total
