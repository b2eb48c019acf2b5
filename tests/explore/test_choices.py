"""Choices: what is tried next, and what counts as a fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from socklab.explore.choices import FAULTS, choices, unsettled
from socklab.joint.graph import Terms
from socklab.moves import Move
from socklab.position import Choice, Done, Held, Position, Program
from socklab.record import Record

ALL = Terms("free", faults=FAULTS, most_faults=1)


def held(sender: str, number: int, kind: str, *, copy: bool = False) -> Held:
    receiver = "server" if sender == "client" else "client"
    return Held(sender, receiver, number, copy, ".", kind, 1, 1, 0)


def position(
    *moves: str, wire: tuple[Held, ...] = (), left: tuple[float, ...] = (), made: str = ""
) -> Position:
    """A position in which these moves can be made; of waits, what is left on each timer."""
    lefts = iter(left)
    told = tuple(
        Choice(Move.parse(text), text, next(lefts) if text.startswith("wait ") else None)
        for text in moves
    )
    calls = (Done("s1", made, "0"),) if made else ()
    programs = {name: Program(name, (), (), calls, False) for name in ("client", "server")}
    return Position((), told, {}, wire, programs, Record("free", "wire", "tun", {}))


def texts(position: Position, terms: Terms = ALL, faults: int = 0) -> list[str]:
    return [str(each.move) for each in choices(position, terms, faults)]


TWO = (held("client", 3, "data"), held("client", 4, "FIN"))

ON_TWO = tuple(
    f"{verb} client {number} {kind}"
    for verb in ("carry", "drop", "duplicate", "postpone")
    for number, kind in ((3, "data"), (4, "FIN"))
)


def test_without_faults_only_the_oldest_segment_arrives() -> None:
    assert texts(position(*ON_TWO, wire=TWO), Terms("free")) == ["carry client 3 data"]


def test_with_faults_the_oldest_is_lost_or_doubled_and_a_later_one_arrives_early() -> None:
    found = choices(position(*ON_TWO, wire=TWO), ALL, 0)
    assert [(str(each.move), each.fault) for each in found] == [
        ("carry client 3 data", False),
        ("carry client 4 FIN", True),
        ("drop client 3 data", True),
        ("duplicate client 3 data", True),
    ]


@pytest.mark.parametrize(
    ("fault", "more"),
    [
        ("drop", ["drop client 3 data"]),
        ("duplicate", ["duplicate client 3 data"]),
        ("reorder", ["carry client 4 FIN"]),
    ],
)
def test_each_fault_can_be_had_alone(fault: str, more: list[str]) -> None:
    terms = replace(ALL, faults=(fault,))
    assert texts(position(*ON_TWO, wire=TWO), terms) == ["carry client 3 data", *more]


def test_when_their_number_is_used_up_there_are_no_more() -> None:
    assert texts(position(*ON_TWO, wire=TWO), ALL, faults=1) == ["carry client 3 data"]
    terms = replace(ALL, most_faults=2)
    assert len(texts(position(*ON_TWO, wire=TWO), terms, faults=1)) == 4


def test_what_two_hosts_have_sent_does_not_wait_for_each_other() -> None:
    wire = (held("server", 2, "FIN"), held("client", 3, "FIN"))
    here = position("carry server 2 FIN", "carry client 3 FIN", wire=wire)
    assert texts(here, Terms("free")) == ["carry client 3 FIN", "carry server 2 FIN"]


def test_a_copy_waits_for_its_original() -> None:
    wire = (held("client", 1, "SYN"), held("client", 1, "SYN", copy=True))
    here = position("carry client 1 SYN", "carry client 1 SYN copy", wire=wire)
    assert texts(here, Terms("free")) == ["carry client 1 SYN"]
    assert [each.fault for each in choices(here, ALL, 0)] == [False, True]


# --- Calls ---


def test_a_call_is_made_as_often_as_the_terms_have_it() -> None:
    here = position("call client close", made="close()")
    assert texts(here, Terms("free", most_calls=0)) == ["call client close"]
    assert texts(here, Terms("free", most_calls=1)) == []
    assert texts(here, Terms("free", most_calls=2)) == ["call client close"]


def test_calls_that_differ_in_their_argument_are_counted_apart() -> None:
    here = position(
        "call client shutdown(SHUT_WR)", "call client shutdown(SHUT_RD)", made="shutdown(SHUT_WR)"
    )
    assert texts(here, Terms("free", most_calls=1)) == ["call client shutdown(SHUT_RD)"]


@pytest.mark.parametrize(
    ("calls", "found"),
    [
        ((), ["call client close", "call client shutdown(SHUT_WR)"]),
        (("close",), ["call client close"]),
        (("shutdown",), ["call client shutdown(SHUT_WR)"]),
        (("shutdown(SHUT_WR)",), ["call client shutdown(SHUT_WR)"]),
        (("shutdown(SHUT_RD)",), []),
        (("socket",), ["call client socket"]),
    ],
)
def test_only_the_calls_asked_for_are_made(calls: tuple[str, ...], found: list[str]) -> None:
    here = position("call client close", "call client shutdown(SHUT_WR)", "call client socket")
    assert texts(here, Terms("free", calls=calls)) == found


# --- Timers ---

TIMED = replace(ALL, timers_s=1.5)


def test_a_timer_is_waited_for_within_the_terms_and_when_the_wire_is_empty() -> None:
    here = position("wait client on", left=(1.0,))
    assert texts(here, TIMED) == ["wait client on"]
    assert texts(here, ALL) == []
    assert texts(position("wait client on", left=(2.0,)), TIMED) == []
    busy = position("wait client on", left=(1.0,), wire=(held("server", 1, "ACK"),))
    assert texts(busy, TIMED) == []


@pytest.mark.parametrize("left", [(1.0, 1.003), (1.003, 1.0), (1.0, 1.0)])
def test_of_timers_that_fire_together_there_is_one_move(left: tuple[float, float]) -> None:
    here = position("wait client on", "wait server on", left=left)
    assert texts(here, TIMED) == ["wait server on"]


def test_timers_that_are_far_apart_can_each_be_waited_for() -> None:
    here = position("wait client on", "wait server on", left=(0.5, 1.4))
    assert texts(here, TIMED) == ["wait client on", "wait server on"]


def test_a_position_is_unsettled_while_a_timer_is_about_to_fire() -> None:
    assert unsettled(position("wait client on", left=(0.05,)))
    assert not unsettled(position("wait client on", left=(0.9,)))
