"""Calls, states and moves on a ladder: what is told of them, and what goes without saying."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from socklab.record import Fate, Move, Other, Phase
from socklab.views.ladder import ladder
from tests.pages import CALL, CARRIED, CARRY, MET, RETURNED, SENT, STATE, record_of, rows


def test_a_call_that_does_what_it_should_is_told_without_its_result() -> None:
    assert [line.split() for line in rows(CALL, RETURNED)] == [["shutdown(SHUT_WR)", "│", "│"]]


def test_a_call_that_blocks_is_told_again_when_it_returns() -> None:
    recv = replace(CALL, call="recv", arguments=("100",))
    lines = rows(recv, CARRY, replace(recv, phase=Phase.RETURNED, result="b'still here'"))
    assert "recv(100) … │" in lines[0]
    assert "…recv() = b'still here' │" in lines[1]


def test_an_error_is_told_as_c_tells_it() -> None:
    failed = replace(RETURNED, result=None, error="ENOTCONN")
    assert "shutdown(SHUT_WR) = -1 ENOTCONN" in rows(CALL, failed)[0]


@pytest.mark.parametrize(
    ("argument", "result", "told"),
    [
        ("b'four'", 4, "send(b'four') │"),
        ("b'four'", 3, "send(b'four') = 3 │"),
        ("4096 bytes", 4096, "send(4096 bytes) │"),
        ("4096 bytes", 4000, "send(4096 bytes) = 4000 │"),
        ("something", 4, "send(something) = 4 │"),
    ],
)
def test_a_send_tells_its_result_where_it_was_cut_short(
    argument: str, result: int, told: str
) -> None:
    send = replace(CALL, call="send", arguments=(argument,))
    assert told in rows(send, replace(send, phase=Phase.RETURNED, result=result))[0]


def test_accept_tells_a_host_by_its_name() -> None:
    accept = replace(CALL, host="server", role="server", call="accept", arguments=())
    accepted = replace(accept, phase=Phase.RETURNED, result="10.0.0.1:40000")
    assert "accept() = client:40000" in rows(accept, accepted)[0]


def test_a_state_stands_at_the_end_of_the_arrow_that_brought_it() -> None:
    server = replace(STATE, host="server", now="CLOSE-WAIT", cause="F.")
    [line] = rows(SENT, STATE, CARRY, CARRIED, server)
    assert "[FIN-WAIT-1] ├─ FIN" in line and line.endswith("►│ [CLOSE-WAIT]")


def test_a_state_does_not_move_past_an_expectation() -> None:
    server = replace(STATE, host="server", now="CLOSE-WAIT", cause="F.")
    text = ladder(record_of(SENT, STATE, MET, CARRY, CARRIED, server))
    state, arrow = (line for line in text.splitlines() if "│" in line)
    assert state.startswith("✓1 ") and "[FIN-WAIT-1]" in state
    assert "─ FIN" in arrow and "[CLOSE-WAIT]" in arrow


def test_a_state_that_a_timer_brought_says_so_but_not_on_loopback() -> None:
    timed = replace(STATE, now="CLOSED", cause="timer")
    assert "[CLOSED] by a timer" in ladder(record_of(timed))
    assert "by a timer" not in ladder(record_of(timed, bench="loopback"))


def test_time_that_passes_is_told_though_nothing_else_shows_it() -> None:
    [line] = rows(Move(0.1, "wait client timewait"))
    assert "wait client timewait: until its timewait timer has fired" in line
    assert rows(CALL, Move(0.1, "call client shutdown")) == rows(CALL)


def test_a_destroyed_socket_is_told_by_the_command_that_does_it() -> None:
    [line] = rows(Move(0.1, "destroy client ESTABLISHED"))
    assert "destroy client ESTABLISHED: by `ss -K`" in line


@pytest.mark.parametrize(
    ("move", "told"),
    [
        ("cut client server", "cut client server: nothing that they send arrives"),
        ("cut server", "cut server: nothing that it sends arrives"),
        ("join client server", "join client server: what they send arrives again"),
    ],
)
def test_a_cut_wire_is_told_though_nobody_sends(move: str, told: str) -> None:
    [line] = rows(Move(0.1, move))
    assert line.startswith(f"── {told}")


def test_what_is_on_the_wire_when_it_is_cut_was_held() -> None:
    lines = rows(SENT, Move(0.1, "cut client"), CARRY, CARRIED)
    assert "held" in lines[0] and "cut client" in lines[1] and "►" in lines[2]


def test_a_connection_of_a_host_with_itself_is_past_the_wire() -> None:
    itself = replace(STATE, local="10.0.0.1:4000", peer="10.0.0.1:4000", now="ESTABLISHED")
    first, later = rows(itself, replace(itself, now="TIME-WAIT"))
    assert "[ESTABLISHED] over lo, past the wire │" in first
    assert "lo" not in later
    assert "lo" not in "".join(rows(replace(itself, peer="10.0.0.1:*")))
    assert "lo" not in ladder(record_of(itself, bench="loopback")).split("\n\n")[1]


def test_the_state_that_an_icmp_error_brought_stands_beside_it() -> None:
    report = Other(0.1, "server", "client", "ICMP", "ICMP host unreachable", Fate.INJECTED)
    closed = replace(STATE, was="SYN-SENT", now="CLOSED", cause="ICMP host unreachable")
    other = replace(CARRIED, source="10.0.0.1:40001")
    lines = rows(other, Move(0.1, "unreachable client 1 SYN host"), report, closed)
    assert re.match(r" *:40000 +\[CLOSED\] │◄═+ ICMP host unreachable ═○", lines[1])
