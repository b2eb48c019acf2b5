"""Random walks, as values: what many of them come to."""

from __future__ import annotations

from socklab.joint.walk import Census, Walk
from tests.joint_states import state

CLOSED = state("CLOSED", "TIME-WAIT")

WALKS = [
    Walk(1, ("call client close",), ("client ESTABLISHED → FIN-WAIT-1",), CLOSED, True),
    Walk(2, ("call server close",), ("server ESTABLISHED → FIN-WAIT-1",), CLOSED, True),
    Walk(3, ("call server close",), (), state(), False),
    Walk(4, ("call server close",), (), None, trouble="server failed"),
    Walk(5, ("call server close",), ("server LISTEN → CLOSED",), None, illegal=("server X → Y",)),
]


def test_ends_are_counted_by_both_states() -> None:
    assert Census(WALKS).ends == {"client CLOSED, server TIME-WAIT": 2}


def test_arrows_are_counted_whichever_host_s_they_are() -> None:
    assert Census(WALKS).arrows == {"ESTABLISHED → FIN-WAIT-1": 2, "LISTEN → CLOSED": 1}


def test_every_arrow_of_the_figure_is_counted_also_those_not_seen() -> None:
    figure = Census(WALKS).figure_5
    assert len(figure) == 21
    assert figure["ESTABLISHED → FIN-WAIT-1"] == 2
    assert figure["FIN-WAIT-1 → CLOSING"] == 0


def test_what_is_illegal_is_a_finding_and_a_program_that_fails_is_none() -> None:
    assert [len(list(walk.findings)) for walk in WALKS] == [0, 0, 0, 0, 1]


def test_how_often_it_was_disturbed_makes_no_difference() -> None:
    one = Walk(1, (), (), None, disturbed=2)
    assert one == Walk(1, (), (), None)
