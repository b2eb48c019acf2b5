"""The situations: every state is among them, and each has its way."""

from __future__ import annotations

import pytest

from socklab.errors import LabError
from socklab.situations import WAYS, Situation, Step
from socklab.tcp import State


def test_every_state_is_met_and_some_in_two_ways() -> None:
    assert {one.state for one in Situation} == set(State)
    twice = [str(one) for one in Situation if one.manner]
    assert twice == ["SYN-RECEIVED simultaneous", "FIN-WAIT-1 orphan", "FIN-WAIT-2 orphan"]


def test_every_situation_has_a_way_of_its_own() -> None:
    assert list(WAYS) == list(Situation)
    told = [(one.state, WAYS[one]) for one in Situation]
    assert len(set(told)) == len(told)
    assert {step for way in WAYS.values() for step in way} == set(Step)


def test_a_program_holds_what_it_opened_and_has_not_closed() -> None:
    for one, way in WAYS.items():
        opened = Step.CONNECT in way or Step.ACCEPT in way
        expected = opened and Step.CLOSE not in way and one is not Situation.TIME_WAIT
        assert one.held is expected, one


def test_received_something_begins_with_the_peers_syn() -> None:
    for one, way in WAYS.items():
        assert one.received_something is (Step.SYN in way), one


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ESTABLISHED", [Situation.ESTABLISHED]),
        ("time_wait", [Situation.TIME_WAIT]),
        ("Fin-Wait-2", [Situation.FIN_WAIT_2, Situation.FIN_WAIT_2_ORPHAN]),
        ("fin-wait-2 orphan", [Situation.FIN_WAIT_2_ORPHAN]),
        ("FIN-WAIT-1-ORPHAN", [Situation.FIN_WAIT_1_ORPHAN]),
        ("syn received simultaneous", [Situation.SYN_RECEIVED_SIMULTANEOUS]),
    ],
)
def test_a_state_is_found_by_its_name(text: str, found: list[Situation]) -> None:
    assert Situation.of(text) == found


def test_an_unknown_state_gets_the_nearest() -> None:
    with pytest.raises(LabError, match="Did you mean ESTABLISHED"):
        Situation.of("establishd")
