"""Forging: the numbers of a cell's segment, and the words for what comes back."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from socklab.forgery import Ends, Numbers, forge, told
from socklab.hostile import CELLS, Cell, Hostile, Position
from socklab.packet import Flags, Packet, seq_add, seq_diff
from socklab.situations import Situation

ENDS = Ends("10.0.0.2", 10_000, "10.0.0.1", 80)
NUMBERS = Numbers(snd_nxt=2_000, rcv_nxt=7_000, rcv_wnd=1_000)

AGAIN = "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>"
TAKEN = "<SEQ=SND.NXT><ACK=SEG.SEQ+SEG.LEN><CTL=ACK>"

any_number = st.integers(0, 2**32 - 1)


def cell(
    kind: Hostile,
    position: Position = Position.NEXT,
    situation: Situation = Situation.ESTABLISHED,
) -> Cell:
    return Cell(situation, kind, position)


def answer(flags: Flags, seq: int, ack: int = 0) -> Packet:
    return Packet(ENDS.host, ENDS.peer, ENDS.host_port, ENDS.peer_port, flags, seq, ack)


def words(asked: Cell, back: Packet, numbers: Numbers = NUMBERS) -> str:
    return str(told(back, forge(asked, ENDS, numbers), asked, numbers))


def test_all_but_the_place_is_right() -> None:
    packet = forge(cell(Hostile.DATA, Position.LAST), ENDS, NUMBERS)
    assert (packet.source, packet.source_port) == ("10.0.0.2", 10_000)
    assert (packet.destination, packet.destination_port) == ("10.0.0.1", 80)
    assert (packet.flags, packet.seq, packet.ack) == (Flags.PSH | Flags.ACK, 7_999, 2_000)
    assert packet.sequence_length == 1
    assert Packet.parse(packet.build()) == packet


def test_who_acknowledges_nothing_has_no_number_for_it() -> None:
    for kind in (Hostile.RST, Hostile.SYN):
        assert forge(cell(kind), ENDS, NUMBERS).ack == 0


@given(st.sampled_from(CELLS), any_number, any_number, st.integers(102, 65_535))
def test_numbers_wrap_around(asked: Cell, snd: int, rcv: int, window: int) -> None:
    numbers = Numbers(snd, rcv, window)
    packet = forge(asked, ENDS, numbers)
    assert seq_diff(packet.seq, rcv) == asked.position.offset(window)
    assert packet.sequence_length <= 1


CASES = [
    # what the socket expects, said again
    (
        cell(Hostile.RST, Position.LAST),
        Flags.ACK,
        2_000,
        7_000,
        AGAIN,
    ),
    # the segment acknowledged
    (cell(Hostile.DATA), Flags.ACK, 2_000, 7_001, TAKEN),
    # a number that is both is called by the connection's name ...
    (
        cell(Hostile.DATA, Position.BEFORE),
        Flags.ACK,
        2_000,
        7_000,
        AGAIN,
    ),
    # ... but in a reset by the segment's
    (cell(Hostile.FIN_ACK), Flags.RST, 2_000, 0, "<SEQ=SEG.ACK><CTL=RST>"),
    (
        cell(Hostile.SYN, situation=Situation.CLOSED),
        Flags.RST | Flags.ACK,
        0,
        7_001,
        "<SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>",
    ),
    (
        cell(Hostile.SYN, Position.BEFORE, Situation.LISTEN),
        Flags.SYN | Flags.ACK,
        123,
        7_000,
        "<SEQ=ISS><ACK=SEG.SEQ+SEG.LEN><CTL=SYN,ACK>",
    ),
    (
        cell(Hostile.SYN, Position.BEFORE, Situation.SYN_RECEIVED),
        Flags.SYN | Flags.ACK,
        1_999,
        7_000,
        "<SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>",
    ),
    # numbers that nobody expects are told by their distance, or as they stand
    (cell(Hostile.ACK), Flags.ACK, 2_005, 6_998, "<SEQ=SND.NXT+5><ACK=RCV.NXT-2><CTL=ACK>"),
    (cell(Hostile.RST), Flags.RST, 1_999, 0, "<SEQ=SND.NXT-1><CTL=RST>"),
    (
        cell(Hostile.ACK, situation=Situation.LISTEN),
        Flags.RST | Flags.ACK,
        77,
        78,
        "<SEQ=77><ACK=78><CTL=RST,ACK>",
    ),
    (cell(Hostile.ACK), Flags(0), 2_000, 0, "<SEQ=SND.NXT><CTL=>"),
    (
        cell(Hostile.ACK),
        Flags.FIN | Flags.PSH | Flags.ACK,
        2_000,
        7_000,
        "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=FIN,PSH,ACK>",
    ),
]


@pytest.mark.parametrize(
    ("asked", "flags", "seq", "ack", "expected"), CASES, ids=[case[-1] for case in CASES]
)
def test_an_answer_is_told_in_the_words_of_the_rfc(
    asked: Cell, flags: Flags, seq: int, ack: int, expected: str
) -> None:
    assert words(asked, answer(flags, seq, ack)) == expected


@given(any_number, any_number)
def test_the_words_do_not_depend_on_the_numbers(snd: int, rcv: int) -> None:
    numbers = Numbers(snd, rcv, 1_000)
    again = answer(Flags.ACK, snd, rcv)
    assert words(cell(Hostile.SYN), again, numbers) == AGAIN
    taken = answer(Flags.ACK, snd, seq_add(rcv, 1))
    assert words(cell(Hostile.DATA), taken, numbers) == TAKEN
