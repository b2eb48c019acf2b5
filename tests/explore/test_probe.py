"""Probes: the weather they are made in, and when one has to be made again."""

from __future__ import annotations

import pytest

from socklab.errors import LabError
from socklab.explore.probe import RTO_MIN, Try, probe_all, unhurried
from socklab.joint.graph import Terms
from socklab.lab import load
from socklab.packs import find
from socklab.steer.free import free_lab, start
from socklab.weather import CALM

OPEN = Terms("free", start("established"))


def test_without_timers_nothing_is_sent_again() -> None:
    lab = load(find("forgotten-close"))
    assert lab.weather[RTO_MIN] != CALM[RTO_MIN]
    explored = unhurried(lab, Terms(lab.name))
    assert explored.weather == {**lab.weather, RTO_MIN: CALM[RTO_MIN]}


def test_with_timers_a_lab_has_its_own_weather() -> None:
    lab = load(find("forgotten-close"))
    assert unhurried(lab, Terms(lab.name, timers_s=1.5)) is lab


@pytest.mark.parametrize(
    ("move", "waits"),
    [("call client close", False), ("wait client on", True), (None, False)],
)
def test_a_try_waits_if_one_of_its_moves_does(move: str | None, waits: bool) -> None:
    assert Try(0, ("call client connect",), move, 0).waits is waits
    assert Try(0, ("wait server on",), move, 0).waits


@pytest.mark.kernel
def test_a_probe_tells_where_a_move_leads_and_what_may_follow() -> None:
    (found,) = probe_all(free_lab(), OPEN, [Try(0, (), "call client close", 0)], "auto")
    assert found.joint is not None
    assert found.joint.states == {"client": "FIN-WAIT-1 (no owner)", "server": "ESTABLISHED"}
    assert found.next[0] == "carry client 3 FIN"
    assert not found.end


@pytest.mark.kernel
def test_a_probe_asks_the_sockets_what_they_would_tell() -> None:
    way = ("call client setsockopt", "call client close")
    (found,) = probe_all(free_lab(), OPEN, [Try(0, way, "carry client 3 RST", 0)], "auto")
    assert found.joint is not None
    assert found.joint.roles["server"].error == "ECONNRESET"


@pytest.mark.kernel
def test_a_way_that_can_not_be_made_is_told() -> None:
    with pytest.raises(LabError, match="a way can't be made again"):
        probe_all(free_lab(), OPEN, [Try(0, ("carry client 9 FIN",), None, 0)], "auto")


@pytest.mark.kernel
def test_a_start_that_can_not_be_made_is_told() -> None:
    with pytest.raises(LabError, match="no such start"):
        probe_all(free_lab(), Terms("free", ("call client x",)), [Try(0, (), None, 0)], "auto")
