"""Claims are judged by what runs came to, and by nothing else."""

from __future__ import annotations

import pytest

from socklab.claims import Claim, Evidence, Judged, Verdict, judge, labs_of, read, said
from socklab.errors import LabError
from socklab.packs import catalogue
from socklab.record import Event, Expect, Move, Record

FOR = Evidence("close", ("client FIN-WAIT-1", "wire FIN"), after="call client close")
AGAINST = Evidence("close", ("client TIME-WAIT",))
ELSEWHERE = Evidence("abort", ("client CLOSED",), slow=True)
CLAIM = Claim(1, "close() sends a FIN", "It does.", (FOR,), (AGAINST, ELSEWHERE))


def run(lab: str, *events: Event) -> Record:
    return Record(lab, "wire", "tun", {}, machine={"kernel": "6.18"}, events=list(events))


def move(text: str) -> Move:
    return Move(0, text)


def expect(passed: bool | None = True, **said: str) -> Expect:
    return Expect(0, said, said, passed)


CLOSED = (
    move("call client close"),
    expect(client="FIN-WAIT-1", server="ESTABLISHED", wire="FIN"),
)


def verdict(*records: Record) -> Verdict:
    (judged,) = judge([CLAIM], records)
    return judged.verdict


def test_a_claim_is_true_where_only_what_speaks_for_it_was_met() -> None:
    assert verdict(run("close", *CLOSED)) is Verdict.TRUE


def test_a_claim_is_false_where_only_what_speaks_against_it_was_met() -> None:
    assert verdict(run("close", expect(client="TIME-WAIT"))) is Verdict.FALSE
    assert verdict(run("abort", expect(client="CLOSED"))) is Verdict.FALSE


def test_a_claim_is_partly_true_where_both_were_met() -> None:
    assert verdict(run("close", *CLOSED), run("abort", expect(client="CLOSED"))) is Verdict.PARTLY


@pytest.mark.parametrize(
    "record",
    [
        run("close"),
        run("other", *CLOSED),
        run("close", CLOSED[0], expect(False, client="FIN-WAIT-1", wire="FIN")),
        run("close", CLOSED[0], expect(None, client="FIN-WAIT-1", wire="FIN")),
        run("close", CLOSED[0], expect(client="FIN-WAIT-1")),
        run("close", CLOSED[0], expect(client="FIN-WAIT-1"), expect(wire="FIN")),
        run("close", CLOSED[0], expect(client="FIN-WAIT-1 orphan", wire="FIN")),
        run("close", CLOSED[1]),
        run("close", CLOSED[0], move("carry client 3 FIN"), CLOSED[1]),
    ],
    ids=[
        "nothing",
        "another lab's",
        "not met",
        "not observable",
        "only half of it",
        "halves of two",
        "something else",
        "before the move",
        "after another move",
    ],
)
def test_a_claim_is_undecided_where_nothing_was_met(record: Record) -> None:
    assert verdict(record) is Verdict.UNDECIDED


def test_a_move_may_be_told_by_a_pattern() -> None:
    fin = Evidence("close", ("server CLOSE-WAIT",), after="carry client * FIN")
    assert fin.met(run("close", move("carry client 3 FIN"), expect(server="CLOSE-WAIT")))
    assert not fin.met(run("close", move("carry server 3 FIN"), expect(server="CLOSE-WAIT")))


def test_what_was_not_met_is_told() -> None:
    (judged,) = judge([CLAIM], [run("close", *CLOSED)])
    assert judged.missing == [AGAINST, ELSEWHERE]
    assert judged.kernels == ("6.18",)
    assert Judged(CLAIM, frozenset()).verdict is Verdict.UNDECIDED


def test_labs_are_named_once_and_slow_ones_apart() -> None:
    assert labs_of([CLAIM, CLAIM]) == ["close", "abort"]
    assert labs_of([CLAIM], slow=False) == ["close"]


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"claim": [{"says": "x"}]},
        {"claim": [{"says": "x", "answer": "y", "for": [{"lab": "close"}]}]},
        {"claim": [{"says": "x", "answer": "y", "for": [{"shows": [], "lab": "x", "when": 1}]}]},
    ],
)
def test_claims_that_do_not_read_are_a_mistake(broken: object) -> None:
    with pytest.raises(LabError, match="the claims do not read"):
        read(broken)  # type: ignore[arg-type]


def test_every_claim_can_be_decided_and_names_labs_there_are() -> None:
    names = catalogue().keys()
    for claim in said():
        assert claim.evidence, claim.says
        assert {each.lab for each in claim.evidence} <= names, claim.says
        assert claim.says.endswith(".")
        assert claim.answer.endswith(".")
        assert "\n" not in claim.answer
