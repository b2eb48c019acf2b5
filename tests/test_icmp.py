"""ICMP: pings and what kernels answered, and messages in words."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from socklab.errors import LabError
from socklab.icmp import Unreachable, description, echo_request, is_echo_reply, unreachable
from socklab.ip import ICMP, ICMPV6, Datagram, PacketError, checksum
from socklab.packet import Flags, Other, Packet, parse

# What Linux 6.18 answered to the two pings below, and a router solicitation that it sent.
REPLY = bytes.fromhex("450000208eba00004001d8200a0000010a000002000021200007000870696e67")
REPLY_V6 = bytes.fromhex(
    "6000ddad000c3a40fd000000000000000000000000000001fd000000000000000000000000000002"
    "8100a5d40007000870696e67"
)
SOLICITATION = bytes.fromhex(
    "6000000000083afffe80000000000000d928c72cb2bff992ff0200000000000000000000000000028500308f00000000"
)
PING = echo_request("10.0.0.2", "10.0.0.1", 7, 8, b"ping")
PING_V6 = echo_request("fd00::2", "fd00::1", 7, 8, b"ping")


@pytest.mark.parametrize("data", [REPLY, REPLY_V6], ids=["ICMP", "ICMPv6"])
def test_what_a_kernel_answered_is_a_reply(data: bytes) -> None:
    assert is_echo_reply(data) == (7, 8)


@pytest.mark.parametrize(
    ("ping", "reply", "kinds"),
    [(PING, REPLY, (8, 0)), (PING_V6, REPLY_V6, (128, 129))],
    ids=["ICMP", "ICMPv6"],
)
def test_a_ping_is_the_reply_the_other_way(
    ping: bytes, reply: bytes, kinds: tuple[int, int]
) -> None:
    there, back = Datagram.parse(ping), Datagram.parse(reply)
    assert (there.source, there.destination) == (back.destination, back.source)
    assert (there.body[0], back.body[0]) == kinds
    assert there.body[4:] == back.body[4:] == b"\0\x07\0\x08ping"


@pytest.mark.parametrize("data", [PING, REPLY], ids=["ping", "reply"])
def test_the_checksum_of_icmp_covers_the_message(data: bytes) -> None:
    assert checksum(Datagram.parse(data).body) == 0


@pytest.mark.parametrize("data", [PING_V6, REPLY_V6, SOLICITATION], ids=["ping", "reply", "rs"])
def test_the_checksum_of_icmpv6_covers_the_addresses_too(data: bytes) -> None:
    assert Datagram.parse(data).body_checksum == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        PING,
        PING_V6,
        SOLICITATION,
        REPLY[:27],
        REPLY_V6[:47],
        b"\x4f" + REPLY[1:],  # its header would end behind it
        Packet("10.0.0.1", "10.0.0.2", 1, 2, Flags.SYN).build(),
        Packet("fd00::1", "fd00::2", 1, 2, Flags.SYN).build(),
    ],
)
def test_nothing_else_is_a_reply(data: bytes) -> None:
    assert is_echo_reply(data) is None


@given(st.binary(max_size=64))
def test_garbage_is_never_an_error(data: bytes) -> None:
    is_echo_reply(data)


@pytest.mark.parametrize(("identifier", "sequence"), [(65536, 0), (0, -1)])
def test_a_ping_has_two_numbers_of_16_bits(identifier: int, sequence: int) -> None:
    with pytest.raises(LabError, match=f"0 to 65535, not {identifier} and {sequence}"):
        echo_request("10.0.0.1", "10.0.0.2", identifier, sequence)


@pytest.mark.parametrize(
    ("protocol", "body", "words"),
    [
        (ICMP, b"", "ICMP"),
        (ICMP, b"\0\0", "ICMP echo reply"),
        (ICMP, b"\x08\0", "ICMP echo request"),
        (ICMP, b"\3\1", "ICMP host unreachable"),
        (ICMP, b"\3\3", "ICMP port unreachable"),
        (ICMP, b"\3\x63", "ICMP unreachable, code 99"),
        (ICMP, b"\x63\0", "ICMP type 99"),
        (ICMPV6, b"\x85", "ICMPv6"),
        (ICMPV6, b"\x01\3", "ICMPv6 address unreachable"),
        (ICMPV6, b"\x01\x63", "ICMPv6 unreachable, code 99"),
        (ICMPV6, b"\x80\0", "ICMPv6 echo request"),
        (ICMPV6, b"\x85\0", "ICMPv6 router solicitation"),
        (ICMPV6, b"\x87\0", "ICMPv6 neighbour solicitation"),
        (ICMPV6, b"\x8f\0", "MLDv2 report"),
        (ICMPV6, b"\xff\0", "ICMPv6 type 255"),
    ],
)
def test_messages_in_words(protocol: int, body: bytes, words: str) -> None:
    assert description(protocol, body) == words


def test_what_a_kernel_sends_by_itself_is_named() -> None:
    packet = parse(SOLICITATION)
    assert isinstance(packet, Other)
    assert (packet.protocol, packet.description) == ("ICMPv6", "ICMPv6 router solicitation")


@pytest.mark.parametrize(
    ("code", "words", "words_v6"),
    [
        (Unreachable.NETWORK, "network unreachable", "no route"),
        (Unreachable.HOST, "host unreachable", "address unreachable"),
        (Unreachable.PORT, "port unreachable", "port unreachable"),
        (Unreachable.PROHIBITED, "administratively prohibited", "administratively prohibited"),
    ],
)
def test_unreachables_answer_the_sender_and_quote_it(
    code: Unreachable, words: str, words_v6: str
) -> None:
    for a, b, text in (
        ("10.0.0.1", "10.0.0.2", f"ICMP {words}"),
        ("fd00::1", "fd00::2", f"ICMPv6 {words_v6}"),
    ):
        original = Packet(a, b, 1, 2, Flags.SYN).build()
        answer = parse(unreachable(original + b"padding", code))
        assert isinstance(answer, Other)
        assert (answer.source, answer.destination, answer.description) == (b, a, text)
        assert answer.data.endswith(bytes(4) + original)


@pytest.mark.parametrize(("address", "most"), [("10.0.0.{}", 576), ("fd00::{}", 1280)])
def test_a_long_original_is_quoted_as_far_as_every_path_carries(address: str, most: int) -> None:
    original = Packet(address.format(1), address.format(2), 1, 2, Flags.ACK, payload=bytes(2000))
    assert len(unreachable(original.build(), Unreachable.HOST)) == most


def test_a_router_may_say_it() -> None:
    answer = parse(unreachable(PING, Unreachable.HOST, source="10.0.0.254"))
    assert answer.source == "10.0.0.254"
    with pytest.raises(LabError, match="two addresses of one IP version"):
        unreachable(PING, Unreachable.HOST, source="fd00::1")


def test_an_original_that_is_no_packet_is_an_error() -> None:
    with pytest.raises(PacketError):
        unreachable(PING[:10], Unreachable.HOST)
