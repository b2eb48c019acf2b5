"""Packets: what kernels sent, what Hypothesis thinks of, and what is broken."""

from __future__ import annotations

import struct
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from socklab.errors import LabError
from socklab.ip import TCP, Datagram
from socklab.packet import (
    ACK,
    DATA,
    FIN,
    RST,
    SYN,
    SYN_ACK,
    EndOfOptions,
    FastOpenCookie,
    Flags,
    Kind,
    MalformedOptions,
    MaximumSegmentSize,
    NoOperation,
    Option,
    Packet,
    PacketError,
    RawOption,
    Sack,
    SackPermitted,
    Timestamps,
    WindowScale,
    parse,
    seq_add,
    seq_diff,
)

LINES = (Path(__file__).parent / "data/packets/linux-6.18.txt").read_text("ascii").splitlines()
CAPTURED = [line.split(" | ") for line in LINES if not line.startswith("#")]

# The SYN+ACK of a connection over lo, where Linux leaves the TCP checksum to hardware that is not.
UNFINISHED_CHECKSUM = bytes.fromhex(
    "4500003c0000400040063cba7f0000017f000001e245c8164583716f6e43efd2a052ffcbfe30"
    "00000204ffd70402080a692082548a12264a0103030a"
)


def internet_checksum(data: bytes) -> int:
    """RFC 1071 as its section 4.1 writes it, independent of what is tested."""
    total = 0
    for at in range(0, len(data), 2):
        total += int.from_bytes(data[at : at + 2].ljust(2, b"\0"))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo_header(packet: Packet, segment: bytes) -> bytes:
    addresses = ip_address(packet.source).packed + ip_address(packet.destination).packed
    layout = "!BBH" if packet.version == 4 else "!I3xB"
    fields = (0, 6, len(segment)) if packet.version == 4 else (len(segment), 6)
    return addresses + struct.pack(layout, *fields)


def a_packet(**changes: Any) -> Packet:
    return replace(Packet("10.0.0.1", "10.0.0.2", 40000, 80, Flags.ACK), **changes)


def numbers(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, 2**bits - 1)


UNASSIGNED_KINDS = st.integers(6, 255).filter(lambda kind: kind not in (8, 34))
OPTION = st.one_of(
    st.just(NoOperation()),
    st.builds(MaximumSegmentSize, numbers(16)),
    st.builds(WindowScale, numbers(8)),
    st.just(SackPermitted()),
    st.builds(
        Sack, st.lists(st.tuples(numbers(32), numbers(32)), min_size=1, max_size=4).map(tuple)
    ),
    st.builds(Timestamps, numbers(32), numbers(32)),
    st.builds(FastOpenCookie, st.binary(max_size=16)),
    st.builds(RawOption, UNASSIGNED_KINDS, st.binary(max_size=38)),
    st.builds(RawOption, st.just(2), st.binary(max_size=1)),  # in a length that it cannot have
)


@st.composite
def option_tuples(draw: st.DrawFn) -> tuple[Option, ...]:
    """Options that fill their words, as parsing finds them; the fill is written out."""
    options: list[Option] = []
    length = 0
    for option in draw(st.lists(OPTION, max_size=8)):
        if length + len(option.encode()) <= 40:
            options.append(option)
            length += len(option.encode())
    missing = -length % 4
    if missing and draw(st.booleans()):
        options.append(EndOfOptions(draw(st.binary(min_size=missing - 1, max_size=missing - 1))))
    elif missing:
        options += [NoOperation()] * missing
    return tuple(options)


COMMON: dict[str, st.SearchStrategy[Any]] = {
    "source_port": numbers(16),
    "destination_port": numbers(16),
    "flags": numbers(12).map(Flags),
    "seq": numbers(32),
    "ack": numbers(32),
    "window": numbers(16),
    "payload": st.binary(max_size=64),
    "options": option_tuples(),
    "urgent": numbers(16),
    "ttl": numbers(8),
    "tos": numbers(8),
}
IPV4_ADDRESS = st.ip_addresses(v=4).map(str)
# inet_ntop writes ::1.2.3.4 for what the module ipaddress writes ::102:304; here as inet_ntop does.
IPV6_ADDRESS = st.ip_addresses(v=6, network="fd00::/8").map(str)
EXTENSION_HEADER = st.tuples(
    st.sampled_from([0, 60]),
    st.integers(0, 2).flatmap(
        lambda n: st.binary(min_size=6 + 8 * n, max_size=6 + 8 * n).map(
            lambda rest: bytes((n,)) + rest
        )
    ),
)
PACKET = st.one_of(
    st.builds(
        Packet,
        source=IPV4_ADDRESS,
        destination=IPV4_ADDRESS,
        identification=numbers(16),
        dont_fragment=st.booleans(),
        ip_options=st.integers(0, 10).flatmap(lambda n: st.binary(min_size=4 * n, max_size=4 * n)),
        **COMMON,
    ),
    st.builds(
        Packet,
        source=IPV6_ADDRESS,
        destination=IPV6_ADDRESS,
        flow_label=numbers(20),
        extension_headers=st.lists(EXTENSION_HEADER, max_size=2).map(tuple),
        **COMMON,
    ),
)


@pytest.mark.parametrize(
    ("flag_text", "data"),
    [pytest.param(flags, bytes.fromhex(text), id=what) for what, flags, text in CAPTURED],
)
def test_what_a_kernel_sent_is_written_back_the_same(flag_text: str, data: bytes) -> None:
    packet = Packet.parse(data)
    assert packet.build() == data
    assert packet.flag_text == flag_text
    assert packet.checksum_ok


def test_a_captured_syn_is_read_whole() -> None:
    assert Packet.parse(bytes.fromhex(CAPTURED[0][2])) == Packet(
        source="10.0.0.1",
        destination="10.0.0.2",
        source_port=5001,
        destination_port=80,
        flags=Flags.SYN | Flags.ECE | Flags.CWR,
        seq=2725289766,
        window=64240,
        options=(
            MaximumSegmentSize(1460),
            SackPermitted(),
            Timestamps(2050315494, 0),
            NoOperation(),
            WindowScale(10),
        ),
        tos=0x10,
        identification=49268,
    )


def test_what_linux_acknowledges_selectively_is_read() -> None:
    acks = [bytes.fromhex(text) for what, _, text in CAPTURED if "SACK" in what]
    blocks = [packet.option(Sack) for packet in map(Packet.parse, acks)]
    assert blocks == [Sack(((111, 116),)), Sack(((121, 126), (111, 116)))] * 2


def test_a_checksum_left_to_hardware_is_not_ok_and_is_mended() -> None:
    packet = Packet.parse(UNFINISHED_CHECKSUM)
    assert not packet.checksum_ok
    assert Packet.parse(packet.build()) == replace(packet, checksum_ok=True)


@given(PACKET)
def test_what_is_written_reads_the_same(packet: Packet) -> None:
    assert Packet.parse(packet.build()) == packet


@given(PACKET, st.binary(min_size=1, max_size=32))
def test_bytes_after_the_packet_are_ignored(packet: Packet, trailer: bytes) -> None:
    assert Packet.parse(packet.build() + trailer) == packet


@given(PACKET, st.data())
def test_a_truncated_packet_is_an_error(packet: Packet, data: st.DataObject) -> None:
    whole = packet.build()
    with pytest.raises(PacketError, match=r"^.+\.$"):
        parse(whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(st.binary(max_size=120))
def test_garbage_is_read_or_refused(data: bytes) -> None:
    try:
        parse(data)
    except PacketError as error:
        assert str(error).endswith(".")  # noqa: PT017  (no error is as good)


@given(PACKET, st.data())
def test_a_damaged_packet_is_read_or_refused(packet: Packet, data: st.DataObject) -> None:
    whole = bytearray(packet.build())
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=4)):
        whole[at] = data.draw(numbers(8))
    try:
        again = parse(bytes(whole))
    except PacketError:
        return
    if isinstance(again, Packet):
        assert Packet.parse(again.build()) == replace(again, checksum_ok=True)


@given(PACKET)
def test_checksums_are_those_of_the_rfc(packet: Packet) -> None:
    data = packet.build()
    segment_bytes = (
        20 + sum(len(option.encode()) for option in packet.options) + len(packet.payload)
    )
    segment = data[-segment_bytes:]
    assert internet_checksum(pseudo_header(packet, segment) + segment) == 0
    if packet.version == 4:
        assert internet_checksum(data[: (data[0] & 0xF) * 4]) == 0


@given(PACKET, st.data())
def test_one_wrong_bit_in_the_payload_spoils_the_checksum(
    packet: Packet, data: st.DataObject
) -> None:
    whole = bytearray(replace(packet, payload=b"payload").build())
    whole[-1 - data.draw(st.integers(0, 6))] ^= 1 << data.draw(st.integers(0, 7))
    assert not Packet.parse(bytes(whole)).checksum_ok


def test_a_wrong_ipv4_header_checksum_is_noticed() -> None:
    data = bytearray(a_packet().build())
    data[8] -= 1  # the time to live, which the TCP checksum does not cover
    packet = Packet.parse(bytes(data))
    assert (packet.ttl, packet.checksum_ok) == (63, False)


@pytest.mark.parametrize(
    ("flags", "payload", "kind", "text", "sequence_length"),
    [
        (Flags.SYN, b"", SYN, "S", 1),
        (Flags.SYN, b"early", SYN, "S", 6),
        (Flags.SYN | Flags.ECE | Flags.CWR, b"", SYN, "SEW", 1),
        (Flags.SYN | Flags.ACK, b"", SYN_ACK, "S.", 1),
        (Flags.SYN | Flags.FIN, b"", SYN, "FS", 2),
        (Flags.ACK, b"", ACK, ".", 0),
        (Flags.ACK | Flags.AE, b"", ACK, ".e", 0),
        (Flags(0), b"", ACK, "none", 0),
        (Flags.ACK, b"x", DATA, ".", 1),
        (Flags.PSH | Flags.ACK, b"hello", DATA, "P.", 5),
        (Flags.PSH | Flags.ACK | Flags.URG, b"!", DATA, "P.U", 1),
        (Flags.FIN | Flags.ACK, b"", FIN, "F.", 1),
        (Flags.FIN | Flags.PSH | Flags.ACK, b"bye", FIN, "FP.", 4),
        (Flags.RST, b"", RST, "R", 0),
        (Flags.RST | Flags.ACK, b"", RST, "R.", 0),
        (Flags.RST | Flags.SYN | Flags.FIN, b"why", RST, "FSR", 5),
    ],
)
def test_what_a_segment_is_to_people(
    flags: Flags, payload: bytes, kind: Kind, text: str, sequence_length: int
) -> None:
    packet = a_packet(flags=flags, payload=payload)
    assert (packet.kind, packet.flag_text) == (kind, text)
    assert packet.sequence_length == sequence_length


def test_kinds_are_written_for_people() -> None:
    assert [str(kind) for kind in Kind] == ["SYN", "SYN+ACK", "ACK", "data", "FIN", "RST"]


@given(numbers(32), st.integers(-(2**31), 2**31 - 1))
def test_sequence_numbers_wrap_around(seq: int, count: int) -> None:
    assert seq_diff(seq_add(seq, count), seq) == count


@pytest.mark.parametrize(
    ("later", "earlier", "difference"),
    [(5, 3, 2), (3, 5, -2), (0, 2**32 - 1, 1), (2**32 - 1, 0, -1), (2**31, 0, -(2**31))],
)
def test_differences_of_sequence_numbers_have_a_sign(
    later: int, earlier: int, difference: int
) -> None:
    assert seq_diff(later, earlier) == difference


def test_options_are_found_by_their_class() -> None:
    packet = a_packet(options=(MaximumSegmentSize(1460), SackPermitted()))
    assert packet.option(MaximumSegmentSize) == MaximumSegmentSize(1460)
    assert packet.option(WindowScale) is None


def test_options_are_filled_up_with_zeros() -> None:
    packet = a_packet(options=(WindowScale(7),))
    assert Packet.parse(packet.build()).options == (WindowScale(7), EndOfOptions())


def test_malformed_options_are_kept() -> None:
    packet = a_packet(options=(NoOperation(), MalformedOptions(b"\2\x09\5")))
    assert Packet.parse(packet.build()) == packet


@pytest.mark.parametrize(
    ("field", "value", "limit"),
    [
        ("source_port", 65536, 65535),
        ("destination_port", -1, 65535),
        ("flags", 0x1000, 4095),
        ("seq", 2**32, 2**32 - 1),
        ("ack", -1, 2**32 - 1),
        ("window", 65536, 65535),
        ("urgent", 65536, 65535),
        ("ttl", 256, 255),
        ("tos", 256, 255),
        ("identification", 65536, 65535),
        ("flow_label", 2**20, 2**20 - 1),
    ],
)
def test_a_number_that_does_not_fit_is_told_with_its_limit(
    field: str, value: int, limit: int
) -> None:
    with pytest.raises(LabError) as caught:
        a_packet(**{field: value})
    assert str(caught.value) == f"A packet's {field} is 0 to {limit}, not {value}."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "fd00::1"}, "two addresses of one IP version, not 'fd00::1' and '10.0.0.2'"),
        ({"destination": "server"}, "two addresses of one IP version, not '10.0.0.1' and 'server'"),
        ({"destination": "10.0.0.2\0"}, "two addresses of one IP version"),
        ({"options": (MaximumSegmentSize(70000),)}, "does not fit its field"),
        ({"options": (Timestamps(1, 2),) * 5}, "TCP options take at most 40 bytes, not 52"),
        ({"ip_options": b"123"}, "IPv4 options take 0, 4, 8, up to 40 bytes, not 3"),
        ({"ip_options": bytes(44)}, "IPv4 options take 0, 4, 8, up to 40 bytes, not 44"),
        ({"payload": bytes(65536)}, "An IPv4 packet has at most 65535 bytes, not 65576"),
    ],
)
def test_what_cannot_be_built_is_told(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(LabError) as caught:
        a_packet(**changes).build()
    assert message in str(caught.value)


@pytest.mark.parametrize("offset", [0, 4, 6, 15])
def test_a_tcp_header_that_cannot_be_is_an_error(offset: int) -> None:
    data = bytearray(a_packet().build())
    data[32] = offset << 4
    with pytest.raises(PacketError, match=f"A TCP header of {4 * offset} bytes in a segment of 20"):
        parse(bytes(data))


def test_a_segment_shorter_than_a_header_is_an_error() -> None:
    data = Datagram(b"\n\0\0\1", b"\n\0\0\2", TCP, bytes(19)).build()
    with pytest.raises(PacketError, match=r"at least 20 bytes; only 19 are here\."):
        parse(data)
