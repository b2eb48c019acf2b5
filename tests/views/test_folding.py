"""Repeats: what is alike is told once, and nothing that is not is taken for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given

from socklab.record import Fate, Record
from socklab.views.folding import FEWEST_TIMES, MOST_NAMES, Loop, folded, heading
from socklab.views.rung import Arrow, Part, Piece, Rung
from socklab.views.rungs import rungs
from tests.pages import BACK, SENT
from tests.records import records


def said(text: str, connection: str = "", host: str = "client") -> Rung:
    return Rung(0.0, connection, {host: (Piece(text),)})


def close(connection: str) -> list[Rung]:
    """How one connection ends, in three rungs; the last is about the listener."""
    return [
        said("shutdown(SHUT_WR)", connection),
        Rung(0.0, connection, arrow=Arrow(replace(SENT, fate=Fate.CARRIED), Part.WHOLE)),
        said(f"accept() = client{connection}", ":80", "server"),
    ]


def lengths(told: Sequence[Rung | Loop]) -> list[int]:
    return [each.times * len(each.rungs) if isinstance(each, Loop) else 1 for each in told]


def test_connections_that_end_alike_are_told_once() -> None:
    names = [":40000", ":40001", ":40002", ":40003"]
    before, after = said("listen(128)", ":80", "server"), said("close()", ":80", "server")
    several = [rung for name in names for rung in close(name)]
    told = folded([before, *several, after])
    assert told == [before, Loop(4, tuple(names), tuple(close(":40000"))), after]


def test_what_is_alike_but_for_one_rung_is_not_folded() -> None:
    several = [rung for n in range(3) for rung in close(f":{n}")]
    several[7] = Rung(0.0, ":2", arrow=Arrow(replace(BACK, fate=Fate.CARRIED), Part.WHOLE))
    assert folded(several) == several


def test_an_expectation_keeps_its_moment() -> None:
    several = [rung for n in range(6) for rung in close(f":{n}")]
    several[10] = replace(several[10], expect=1)
    told = folded(several)
    assert lengths(told) == [9, *[1] * 9]
    assert several[10] in told


def test_who_is_who_must_be_the_same() -> None:
    # Here one connection says all, there two take turns.
    one = [said("send()", ":1"), said("send()", ":1"), said("recv()", ":1")]
    other = [said("send()", ":1"), said("send()", ":2"), said("recv()", ":1")]
    assert lengths(folded(one * 3)) == [9]
    assert lengths(folded([*one, *other, *one])) == [1] * 9


def test_twice_is_no_pattern() -> None:
    several = [rung for n in range(FEWEST_TIMES - 1) for rung in close(f":{n}") * 1]
    assert folded(several) == several


def test_what_saves_little_is_left_as_it_is() -> None:
    copies = [said("recv(1) = b'x'")] * 4
    assert folded(copies) == copies
    assert lengths(folded(copies * 2)) == [8]


def test_the_longest_saving_wins() -> None:
    # Each half repeats by itself, and the whole more often.
    whole = [*[said("a")] * 2, *[said("b")] * 2] * 4
    assert lengths(folded(whole)) == [16]


@given(records())
def test_nothing_is_lost(record: Record) -> None:
    told = rungs(record)
    found = folded(told)
    at = 0
    for each, length in zip(found, lengths(found), strict=True):
        first = each.rungs if isinstance(each, Loop) else (each,)
        assert list(first) == told[at : at + len(first)]
        at += length
    assert at == len(told)


def test_a_loop_is_headed_by_how_often_and_on_what() -> None:
    loop = Loop(3, (":1", ":2", ":3"), ())
    assert heading(loop) == "3 times, on :1, :2, :3; the first is drawn"
    assert heading(replace(loop, connections=())) == "3 times; the first is drawn"
    many = replace(loop, times=100, connections=tuple(f":{n}" for n in range(100)))
    assert heading(many).endswith(
        f":{MOST_NAMES - 1}, and {100 - MOST_NAMES} more; the first is drawn"
    )
