"""Which events reached a socket, in which state, and where segments lay."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from socklab.coverage import Column, Position, Reached, coverage
from socklab.coverage.numbers import Numbers
from socklab.packet import Flags, WindowScale, seq_add
from socklab.record import Fate
from socklab.tcp import CLOSED, FIN_WAIT_1, FIN_WAIT_2, TIME_WAIT, State as TcpState
from tests.records import kept
from tests.telling import (
    CLIENT,
    FIN,
    SERVER,
    SYN,
    SYN_ACK,
    Telling,
    from_client,
    from_server,
    in_fin_wait_1,
    row,
    timed_out,
)


def test_events_are_counted_in_the_state_that_they_found() -> None:
    counted = coverage([kept("half-close")])

    def columns(state: TcpState) -> list[str]:
        return [str(column) for column in Column if counted.cell(state, column)]

    assert {str(state): columns(state) for state in TcpState if columns(state)} == {
        "LISTEN": ["SYN"],
        "SYN-SENT": ["SYN+ACK"],
        "SYN-RECEIVED": ["ACK", "in window"],
        "ESTABLISHED": ["FIN", "in window", "shutdown()"],
        "FIN-WAIT-1": ["ACK", "in window"],
        "FIN-WAIT-2": ["data", "FIN", "in window"],
        "CLOSE-WAIT": ["ACK", "in window", "close()"],
        "LAST-ACK": ["ACK", "in window"],
    }


def test_a_segment_to_nobody_finds_closed() -> None:
    telling = Telling()
    telling.segment(SYN, Fate.INJECTED)
    telling.look()
    assert coverage([telling.record]).events == {Reached(CLOSED, Column.SYN): ["made"]}


def test_close_counts_where_it_changes_nothing() -> None:
    time_wait = row("TIME-WAIT", ino=0, timer="timewait,59sec,0")
    telling = in_fin_wait_1()
    telling.look(client=[time_wait])
    telling.call("close")
    telling.look(client=[time_wait])
    telling.call("close", socket="client/2")  # of whom nothing is known
    telling.look(client=[time_wait])
    counted = coverage([telling.record])
    assert counted.cell(TIME_WAIT, Column.CLOSE) == ["made"]
    assert counted.cell(CLOSED, Column.CLOSE) == []


def test_a_timer_counts_where_it_fired() -> None:
    counted = coverage([timed_out(3)])
    assert counted.cell(FIN_WAIT_1, Column.TIMEOUT) == ["made"]
    telling = in_fin_wait_1()
    telling.segment(FIN, Fate.SENT, copy=True)
    telling.look(client=[row("FIN-WAIT-1")])
    assert coverage([telling.record]).cell(FIN_WAIT_1, Column.TIMEOUT) == ["made"]
    telling = in_fin_wait_1()
    telling.segment(from_server(Flags.ACK, 501, 101), Fate.CARRIED)
    telling.segment(FIN, Fate.SENT, copy=True)  # it was asked for
    telling.look(client=[row("FIN-WAIT-1")])
    assert coverage([telling.record]).cell(FIN_WAIT_1, Column.TIMEOUT) == []


def test_of_two_timers_of_a_name_one_may_fire() -> None:
    two = [
        row("TIME-WAIT", ino=0, timer="timewait,1sec,0"),
        row("FIN-WAIT-2", "10.0.0.1:40001", ino=0, timer="timewait,59sec,0", sk="2"),
    ]
    telling = Telling(client=two)
    telling.move("wait client timewait")
    telling.look(client=two[1:])
    counted = coverage([telling.record])
    assert counted.cell(TIME_WAIT, Column.TIMEOUT) == ["made"]
    assert counted.cell(FIN_WAIT_2, Column.TIMEOUT) == []


def numbers_of(window: int, scales: tuple[int | None, int | None] = (None, None)) -> Numbers:
    """A client that has acknowledged all up to 501, and offers a window."""
    numbers = Numbers()
    pair = (CLIENT, SERVER)

    def offered(scale: int | None) -> tuple[WindowScale, ...]:
        return () if scale is None else (WindowScale(scale),)

    numbers.learn([(pair, replace(SYN, options=offered(scales[0])))])
    numbers.learn([(pair[::-1], replace(SYN_ACK, options=offered(scales[1])))])
    numbers.learn([(pair, from_client(Flags.ACK, 101, 501, window=window))])
    return numbers


@pytest.mark.parametrize(
    ("seq", "payload", "window", "position"),
    [
        # RFC 9293 section 3.10.7.4, the four cases of the acceptability test.
        (501, 0, 0, Position.IN_WINDOW),
        (502, 0, 0, Position.BEYOND),
        (500, 0, 0, Position.OLD),
        (501, 0, 10, Position.IN_WINDOW),
        (510, 0, 10, Position.IN_WINDOW),
        (511, 0, 10, Position.BEYOND),
        (500, 0, 10, Position.OLD),
        (501, 1, 0, Position.BEYOND),
        (501, 20, 10, Position.IN_WINDOW),
        (510, 1, 10, Position.IN_WINDOW),
        (511, 1, 10, Position.BEYOND),
        (491, 10, 10, Position.OLD),
        (491, 11, 10, Position.IN_WINDOW),
    ],
)
def test_a_position_is_the_acceptability_test_of_the_rfc(
    seq: int, payload: int, window: int, position: Position
) -> None:
    packet = from_server(Flags.ACK, seq, 101, payload=bytes(payload))
    assert numbers_of(window).position((CLIENT, SERVER), packet) is position


@pytest.mark.parametrize(
    ("scales", "edge"), [((None, None), 10), ((3, None), 10), ((None, 3), 10), ((3, 0), 80)]
)
def test_a_window_is_scaled_if_both_ends_offered_it(
    scales: tuple[int | None, int | None], edge: int
) -> None:
    numbers = numbers_of(10, scales)
    inside, outside = (
        from_server(Flags.ACK, 501 + offset, 101, payload=b"x") for offset in (edge - 1, edge)
    )
    assert numbers.position((CLIENT, SERVER), inside) is Position.IN_WINDOW
    assert numbers.position((CLIENT, SERVER), outside) is Position.BEYOND


def test_the_window_of_a_syn_is_not_scaled() -> None:
    numbers = Numbers()
    pair = (CLIENT, SERVER)
    offered = (WindowScale(3),)
    numbers.learn([(pair, replace(SYN, options=offered))])
    numbers.learn([(pair[::-1], replace(SYN_ACK, options=offered, window=10))])
    inside, outside = (from_client(Flags.ACK, seq, 501, payload=b"x") for seq in (110, 111))
    assert numbers.position(pair[::-1], inside) is Position.IN_WINDOW
    assert numbers.position(pair[::-1], outside) is Position.BEYOND


def test_a_reset_says_nothing_of_what_was_received() -> None:
    numbers = numbers_of(10)
    numbers.learn([((CLIENT, SERVER), from_client(Flags.RST | Flags.ACK, 101, 9000))])
    awaited = from_server(Flags.ACK, 501, 101, payload=b"x")
    assert numbers.position((CLIENT, SERVER), awaited) is Position.IN_WINDOW


def test_an_end_that_has_acknowledged_nothing_has_no_window() -> None:
    numbers = Numbers()
    numbers.learn([((CLIENT, SERVER), SYN)])
    assert numbers.position((CLIENT, SERVER), SYN_ACK) is None
    # A new connection of the same addresses and ports begins with nothing again.
    numbers = numbers_of(10)
    numbers.learn([((CLIENT, SERVER), replace(SYN, seq=7000))])
    assert numbers.position((CLIENT, SERVER), SYN_ACK) is None


@given(st.integers(0, 2**32 - 1), st.integers(-1000, 1000), st.integers(0, 20), st.integers(0, 500))
def test_positions_do_not_mind_where_numbers_wrap_around(
    base: int, offset: int, payload: int, window: int
) -> None:
    def position(shift: int) -> Position | None:
        numbers = Numbers()
        pair = (CLIENT, SERVER)
        numbers.learn([(pair, SYN)])
        acknowledges = from_client(Flags.ACK, 101, shift, window=window)
        numbers.learn([(pair, acknowledges)])
        packet = from_server(Flags.ACK, seq_add(shift, offset), 101, payload=bytes(payload))
        return numbers.position(pair, packet)

    assert position(base) is position(2000)
