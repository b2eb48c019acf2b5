"""A limit: what a player may do is what a search would try, and no timer makes a difference."""

from __future__ import annotations

from dataclasses import replace

from socklab.explore.limit import Limit
from socklab.joint.graph import Terms
from socklab.moves import Move
from socklab.position import Choice, Held, Position
from socklab.record import Record

FIN, DATA = (
    Held("client", "server", number, False, "", kind, 1, 1, 0)
    for number, kind in ((4, "FIN"), (3, "data"))
)

START = ("call server listen",)

MOVES = (
    "carry client 3 data",
    "carry client 4 FIN",
    "drop client 3 data",
    "drop client 4 FIN",
    "duplicate client 3 data",
    "postpone client 3 data",
    "wait client on",
)


def position(*made: str, held: tuple[Held, ...] = (DATA, FIN)) -> Position:
    choices = tuple(Choice(Move.parse(text), "") for text in MOVES)
    return Position((*START, *made), choices, {}, held, {}, Record("free", "wire", "tun", {}))


def allowed(limit: Limit, where: Position) -> list[str]:
    return [str(choice.move) for choice in limit(where).choices]


def test_without_faults_segments_arrive_in_their_order() -> None:
    assert allowed(Limit(Terms("free", START)), position()) == ["carry client 3 data"]


def test_a_fault_may_be_made_as_often_as_the_terms_say() -> None:
    limit = Limit(Terms("free", START, faults=("drop",)))
    assert allowed(limit, position()) == ["carry client 3 data", "drop client 3 data"]
    after = position("drop client 3 data", held=(FIN,))
    assert limit.faults(after.made) == 1
    assert allowed(limit, after) == ["carry client 4 FIN"]


def test_to_overtake_is_a_fault_and_to_carry_what_is_next_is_none() -> None:
    limit = Limit(Terms("free", START, faults=("reorder",)))
    assert allowed(limit, position()) == ["carry client 3 data", "carry client 4 FIN"]
    assert limit.faults((*START, "carry client 3 data")) == 0
    assert limit.faults((*START, "carry client 4 FIN")) == 1


def test_a_fault_that_is_taken_back_may_be_made_again() -> None:
    limit = Limit(Terms("free", START, faults=("drop",)))
    _ = limit(position())
    _ = limit(position("drop client 3 data", held=(FIN,)))
    assert "drop client 3 data" in allowed(limit, position())


def test_what_the_kernel_has_sent_again_is_not_there() -> None:
    copy = replace(DATA, copy=True)
    limit = Limit(Terms("free", START, faults=("drop",)))
    where = position(held=(copy, FIN))
    where = replace(
        where,
        choices=(
            Choice(Move.parse("carry client 4 FIN"), ""),
            Choice(Move.parse("carry client 3 data copy"), ""),
            Choice(Move.parse("drop client 3 data copy"), ""),
        ),
    )
    assert allowed(limit, where) == ["carry client 4 FIN"]
    assert limit(where).held == (FIN,)


def test_calls_may_be_those_of_one_program() -> None:
    moves = ("call client send", "call server send", "call server shutdown(SHUT_WR)")
    where = replace(
        position(held=()), choices=tuple(Choice(Move.parse(text), "") for text in moves)
    )
    for calls, left in {
        ("send",): moves[:2],
        ("client send",): moves[:1],
        ("server shutdown(SHUT_WR)", "server send"): moves[1:],
        ("client shutdown(SHUT_WR)",): (),
    }.items():
        assert allowed(Limit(Terms("free", START, calls=calls)), where) == list(left)
