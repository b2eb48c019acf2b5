"""Segments on a ladder: what becomes of one, and what it is called."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from socklab.packet import Flags, Packet
from socklab.record import Fate, Move, Other, Segment
from socklab.views.arrows import in_lines
from socklab.views.ladder import ladder
from tests.pages import BACK, CALL, CARRIED, CARRY, DROPPED, SENT, rows
from tests.records import kept


def test_a_segment_that_goes_on_at_once_is_one_arrow() -> None:
    lines = rows(SENT, CARRY, CARRIED)
    assert len(lines) == 1
    assert "├─ FIN seq 1 ack 1 ──" in lines[0] and lines[0].endswith("►│")


def test_a_segment_that_waits_while_something_happens_is_a_stub_and_an_arrow() -> None:
    close = replace(CALL, host="server", role="server", call="close", arguments=())
    stub, call, arrow = rows(SENT, Move(0.1, "call server close"), close, CARRY, CARRIED)
    assert "├─ FIN seq 1 ack 1 ─┤ held" in stub or "┤ held" in stub
    assert "close()" in call
    assert "│╌╌╌ FIN seq 1 ack 1 ─" in arrow and arrow.endswith("►│")


def test_a_segment_that_nobody_decided_is_held_to_the_end() -> None:
    assert "held to the end" in "\n".join(rows(SENT, width=200))
    assert "held to the end" in " ".join(" ".join(rows(SENT, width=40)).split())


def test_a_burst_that_goes_in_its_order_has_no_stubs() -> None:
    second = replace(SENT, number=4, seq=2)
    lines = rows(SENT, second, CARRY, CARRIED, CARRY, replace(second, fate=Fate.CARRIED))
    assert len(lines) == 2
    assert "held" not in "\n".join(lines)


def test_a_segment_that_is_overtaken_was_held() -> None:
    second = replace(SENT, number=4, seq=2)
    lines = rows(SENT, second, CARRY, replace(second, fate=Fate.CARRIED), CARRY, CARRIED)
    assert ["seq 1" in lines[0], "seq 2" in lines[1], "seq 1" in lines[2]] == [True] * 3
    assert "held" in lines[0]


def test_a_lost_segment_does_not_arrive() -> None:
    [line] = rows(SENT, CARRY, DROPPED)
    assert "✗ dropped" in line and "►" not in line


def test_a_rule_that_lost_a_segment_is_named() -> None:
    text = "\n".join(rows(SENT, replace(DROPPED, by="the first FIN is lost"), width=200))
    assert "✗ dropped: the first FIN is lost" in text


def test_an_arrow_points_to_its_receiver() -> None:
    [line] = rows(BACK, CARRY, replace(BACK, fate=Fate.CARRIED))
    assert re.fullmatch(r" *│◄─+ ACK seq 1 ack 2 ─┤", line)


def test_a_copy_says_so_and_is_drawn_broken() -> None:
    copy = replace(SENT, copy=True)
    [line] = rows(copy, CARRY, replace(copy, fate=Fate.CARRIED))
    assert "├╌ FIN (copy) seq 1 ack 1 ╌" in line


def test_an_injected_segment_begins_on_the_wire() -> None:
    [line] = rows(replace(SENT, fate=Fate.INJECTED, flags="R", ack=None))
    assert "│  ○═ RST (injected) seq 1 ═" in line


def test_a_duplicate_says_so_and_what_it_was_made_from_goes_on_later() -> None:
    twin, later = rows(SENT, CARRY, replace(SENT, fate=Fate.DUPLICATED), CARRY, CARRIED)
    assert "├═ FIN (duplicate) seq 1 ack 1 ═" in twin
    assert "│╌╌╌ FIN seq 1 ack 1 ─" in later


def test_an_icmp_error_is_an_arrow_with_its_words() -> None:
    [line] = rows(
        Other(0.1, "server", "client", "ICMP", "ICMP host unreachable", Fate.CARRIED), width=100
    )
    assert re.search(r"│◄─+ ICMP host unreachable ─┤", line)


def test_what_goes_to_nobody_says_whereto() -> None:
    report = Other(0.1, "server", "ff02::16", "ICMPv6", "MLDv2 report", Fate.DROPPED)
    text = "\n".join(rows(report, width=120))
    assert "MLDv2 report to ff02::16" in text and "✗" in text


@pytest.mark.parametrize(
    ("flags", "payload_bytes", "words"),
    [
        ("S", 0, "SYN seq 1"),
        ("S.", 0, "SYN+ACK seq 1"),
        (".", 0, "ACK seq 1"),
        ("P.", 9, "data seq 1 ack 1 len 9"),
        (".", 9, "data seq 1 ack 1 len 9"),
        ("FP.", 9, "FIN seq 1 ack 1 len 9"),
        ("R.", 0, "RST seq 1"),
        ("SEW", 0, "SYN [SEW] seq 1"),
    ],
)
def test_a_segment_is_called_what_people_call_it(
    flags: str, payload_bytes: int, words: str
) -> None:
    segment = replace(CARRIED, flags=flags, payload_bytes=payload_bytes)
    assert f" {words} " in rows(segment)[0]


def test_a_wide_arrow_has_the_flags_the_length_and_the_window() -> None:
    text = ladder(kept("half-close"), width=120)
    assert re.search(r"─ SYN \[S\] seq 0 len 0 win \d+ ─", text)


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (40, ["data (copy) seq 1 ack 1 len 5"]),
        (28, ["data (copy) seq 1 ack 1", "  len 5"]),
        (22, ["data (copy) seq 1", "  ack 1 len 5"]),
        (15, ["data (copy)", "  seq 1 ack 1", "  len 5"]),
    ],
)
def test_a_label_that_is_broken_keeps_a_number_with_its_name(width: int, lines: list[str]) -> None:
    assert in_lines("data (copy) seq 1 ack 1 len 5", width) == lines


# --- Windows ------------------------------------------------------------------------------------


def news(window: int, fate: Fate = Fate.SENT, *, number: int = 1, flags: str = ".") -> Segment:
    """The server tells the client of a window."""
    bits = Flags.RST if flags == "R" else Flags.ACK
    packet = Packet("10.0.0.2", "10.0.0.1", 80, 40000, bits, number, 7, window=window)
    return replace(BACK, fate=fate, number=number, flags=flags, raw=packet.build().hex())


def test_a_closed_window_is_told_and_the_one_that_opens_it() -> None:
    told = rows(
        *(news(10), news(10, Fate.CARRIED)),
        *(news(0, number=2), news(0, Fate.CARRIED, number=2)),
        *(news(5, number=3), news(5, Fate.CARRIED, number=3)),
        *(news(6, number=4), news(6, Fate.CARRIED, number=4)),
        width=90,
    )
    assert [re.findall(r"win \d+", line) for line in told] == [[], ["win 0"], ["win 5"], []]


def test_a_window_that_opens_on_a_lost_segment_is_news_again() -> None:
    told = rows(
        *(news(0), news(0, Fate.CARRIED)),
        *(news(5, number=2), news(5, Fate.DROPPED, number=2)),
        *(news(5, number=3), news(5, Fate.CARRIED, number=3)),
        width=90,
    )
    assert [re.findall(r"win \d+", line) for line in told] == [["win 0"], ["win 5"], ["win 5"]]


def test_a_window_is_told_where_it_was_held_and_where_it_goes_on() -> None:
    stub, _, rest = rows(news(0), CALL, news(0, Fate.CARRIED), width=90)
    assert "win 0" in stub and "win 0" in rest


def test_the_window_of_a_reset_means_nothing() -> None:
    [line] = rows(news(0, flags="R"), news(0, Fate.CARRIED, flags="R"), width=90)
    assert "win" not in line
