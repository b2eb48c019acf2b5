from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from socklab.flows import Flows, Sight
from socklab.packet import Flags, Packet, seq_add, seq_diff

A, B = ("10.0.0.1", 40000), ("10.0.0.2", 80)
S, SA, K, P, F, R, RA = (
    Flags.SYN,
    Flags.SYN | Flags.ACK,
    Flags.ACK,
    Flags.PSH | Flags.ACK,
    Flags.FIN | Flags.ACK,
    Flags.RST,
    Flags.RST | Flags.ACK,
)


@dataclass(frozen=True)
class Said:
    """What one end sends, in numbers relative to both ends' initial ones."""

    who: str
    flags: Flags
    seq: int
    ack: int = 0
    payload: bytes = b""


def packet(said: Said, isn: dict[str, int], ports: tuple[int, int] = (A[1], B[1])) -> Packet:
    ends = ((A[0], ports[0]), (B[0], ports[1]))
    here, there = ends if said.who == "a" else ends[::-1]
    other = "b" if said.who == "a" else "a"
    ack = seq_add(isn[other], said.ack) if said.flags & Flags.ACK else 0
    return Packet(
        here[0],
        there[0],
        here[1],
        there[1],
        said.flags,
        seq_add(isn[said.who], said.seq),
        ack,
        payload=said.payload,
    )


LIFE = [
    # what is said, which segment of its sender it is, and whether it is a copy
    (Said("a", S, 0), 1, False),
    (Said("a", S, 0), 1, True),
    (Said("b", SA, 0, 1), 1, False),
    (Said("b", SA, 0, 1), 1, True),
    (Said("a", K, 1, 1), 2, False),
    (Said("a", K, 1, 1), 3, False),  # the same words said again: an ACK is never a copy
    (Said("a", P, 1, 1, b"hello"), 4, False),
    (Said("a", P, 1, 1, b"hello"), 4, True),
    (Said("a", P, 6, 1, b" world"), 5, False),
    (Said("a", P, 1, 1, b"hello world"), 4, True),  # two in one
    (Said("a", P, 3, 1, b"llo"), 4, True),  # cut in the middle
    (Said("a", P, 9, 1, b"rld"), 5, True),
    (Said("a", P, 9, 1, b"rld!"), 6, False),  # something new is in it
    (Said("a", K, 12, 1), 7, False),  # a keepalive probe: the number before the next
    (Said("b", K, 1, 13), 2, False),
    (Said("a", F, 13, 1), 8, False),
    (Said("a", F, 13, 1), 8, True),
    (Said("b", K, 1, 14), 3, False),
    (Said("b", F, 1, 14), 4, False),
    (Said("a", K, 14, 2), 9, False),
    (Said("a", R, 14), 10, False),
    (Said("a", R, 14), 11, False),  # nor is a reset
]


@pytest.mark.parametrize("isn_a", [0, 1000, 2**32 - 3, 2**32 - 1, 2**31 - 2])
@pytest.mark.parametrize("isn_b", [0, 2**32 - 1])
def test_the_life_of_a_connection(isn_a: int, isn_b: int) -> None:
    flows, isn = Flows(), {"a": isn_a, "b": isn_b}
    for said, number, copy in LIFE:
        ack = said.ack if said.flags & Flags.ACK else None
        assert flows.sent(said.who, packet(said, isn)) == Sight(said.seq, ack, number, copy), said


def test_a_syn_and_its_answer_in_a_simultaneous_open_are_two_segments() -> None:
    flows, isn = Flows(), {"a": 7, "b": 9}
    seen = [
        flows.sent(said.who, packet(said, isn))
        for said in (
            Said("a", S, 0),
            Said("b", S, 0),
            Said("a", SA, 0, 1),
            Said("b", SA, 0, 1),
            Said("b", SA, 0, 1),
        )
    ]
    assert [(each.number, each.copy) for each in seen] == [
        (1, False),
        (1, False),
        (2, False),
        (2, False),
        (2, True),
    ]


def test_a_new_connection_on_the_same_addresses_and_ports_counts_from_its_own_beginning() -> None:
    flows = Flows()
    old, new = {"a": 1000, "b": 2000}, {"a": 500_000, "b": 7}
    for isn in (old, new):
        for said in (Said("a", S, 0), Said("b", SA, 0, 1), Said("a", K, 1, 1)):
            sight = flows.sent(said.who, packet(said, isn))
            assert (sight.seq, sight.copy) == (said.seq, False)
    # Numbers are the sender's, not the connection's: they go on.
    assert flows.sent("a", packet(Said("a", F, 1, 1), new)).number == 5
    assert flows.of(A[0]) == [(*A, *B)]


def test_a_reset_without_a_connection_begins_none() -> None:
    flows, isn = Flows(), {"a": 1000, "b": 0}
    flows.sent("a", packet(Said("a", S, 0), isn))
    sight = flows.sent("b", packet(Said("b", RA, 0, 1), isn))
    assert sight == Sight(0, 1, 1, False)
    assert flows.of(B[0]) == []
    # What the port answers when somebody listens there later is a beginning of its own.
    assert flows.sent("b", packet(Said("b", SA, 0, 1), {"a": 1000, "b": 77})).seq == 0


def test_the_number_in_an_acknowledgment_stays_absolute_until_its_peer_is_known() -> None:
    assert Flows().sent("a", packet(Said("a", K, 1, 5), {"a": 0, "b": 10})).ack == 15


def test_what_nobody_saw_begin_counts_from_its_first_byte() -> None:
    flows, isn = Flows(), {"a": 1000, "b": 2000}
    assert flows.sent("a", packet(Said("a", P, 50, 9, b"abc"), isn)).seq == 1
    assert flows.sent("a", packet(Said("a", P, 53, 9, b"def"), isn)).seq == 4
    assert flows.sent("a", packet(Said("a", P, 50, 9, b"abc"), isn)) == Sight(1, 2009, 1, True)


def test_relative_takes_no_note() -> None:
    flows, isn = Flows(), {"a": 1000, "b": 2000}
    for said in (Said("a", S, 0), Said("b", SA, 0, 1)):
        flows.sent(said.who, packet(said, isn))
    injected = packet(Said("a", P, 1, 1, b"forged"), isn)
    assert flows.relative(injected) == (1, 1)
    # The kernel's own first byte is neither a copy of the forged one nor numbered after it.
    assert flows.sent("a", packet(Said("a", P, 1, 1, b"genuine"), isn)) == Sight(1, 1, 2, False)


def test_absolute_is_the_inverse_of_relative() -> None:
    flows, isn = Flows(), {"a": 2**32 - 2, "b": 2000}
    for said in (Said("a", S, 0), Said("b", SA, 0, 1)):
        flows.sent(said.who, packet(said, isn))
    key = flows.of(A[0])[0]
    assert key == (*A, *B)
    assert flows.absolute(key, 5, 1) == (3, 2001)
    assert flows.absolute(key, 0, None) == (2**32 - 2, 0)
    with pytest.raises(KeyError):
        flows.absolute((*B, "10.0.0.3", 1), 0, None)


def test_the_connections_of_an_address_come_in_the_order_in_which_it_began() -> None:
    flows, isn = Flows(), {"a": 1, "b": 2}
    for port in (3, 1, 2):
        flows.sent("a", packet(Said("a", S, 0), isn, (port, 80)))
    assert [key[1] for key in flows.of(A[0])] == [3, 1, 2]
    assert flows.of("10.0.0.9") == []


@given(
    isn=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(1, 5000), min_size=2, max_size=20),
    again=st.data(),
)
def test_bytes_sent_before_are_a_copy_however_they_are_cut(
    isn: int, cuts: list[int], again: st.DataObject
) -> None:
    flows = Flows()
    flows.sent("a", packet(Said("a", S, 0), {"a": isn, "b": 0}))
    begins = [1]
    for length in cuts:
        sight = flows.sent(
            "a", packet(Said("a", P, begins[-1], 1, bytes(length)), {"a": isn, "b": 0})
        )
        assert (sight.seq, sight.copy) == (begins[-1], False)
        begins.append(begins[-1] + length)
    first = again.draw(st.integers(1, begins[-1] - 1))
    last = again.draw(st.integers(first + 1, begins[-1]))
    sight = flows.sent("a", packet(Said("a", P, first, 1, bytes(last - first)), {"a": isn, "b": 0}))
    holds = next(n for n, (lo, hi) in enumerate(pairwise(begins), 2) if lo <= first < hi)
    assert sight == Sight(first, seq_diff(1, 0), holds, True)
    # And the next segment is the next.
    fin = flows.sent("a", packet(Said("a", F, begins[-1], 1), {"a": isn, "b": 0}))
    assert (fin.number, fin.copy) == (len(cuts) + 2, False)


@given(isn=st.integers(0, 2**32 - 1), offset=st.integers(-(2**31) + 1, 2**31 - 1))
def test_relative_numbers_wrap_around_with_the_header(isn: int, offset: int) -> None:
    flows = Flows()
    flows.sent("a", packet(Said("a", S, 0), {"a": isn, "b": 0}))
    seq, _ = flows.relative(packet(Said("a", R, offset), {"a": isn, "b": 0}))
    assert seq == offset
