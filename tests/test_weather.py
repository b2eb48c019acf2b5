from __future__ import annotations

import os
from pathlib import Path

import pytest

from socklab import host, weather
from socklab.errors import LabError, MachineError
from socklab.link import LinkKind
from socklab.namespaces import new_namespace
from socklab.tools import Running
from socklab.weather import (
    CALM,
    FROZEN_RTO_US,
    MIDDLE,
    PATIENT,
    Pin,
    but,
    patient,
    pin,
    rto_min_by_route,
)
from tests.stand import made

WEATHERS = {"calm": CALM, "middle": MIDDLE, "patient": PATIENT}


@pytest.mark.parametrize("weather", WEATHERS.values(), ids=WEATHERS.keys())
def test_every_pin_has_a_value_and_a_reason(weather: dict[str, Pin]) -> None:
    assert [name for name, each in weather.items() if not (each.value and each.why)] == []


def test_but_changes_what_it_names_and_nothing_else() -> None:
    changed = but(tcp_fin_timeout=0, tcp_sack="0")
    assert changed["net/ipv4/tcp_fin_timeout"] == Pin("0", "asked for by the lab")
    assert changed["net/ipv4/tcp_sack"] == Pin("0", "asked for by the lab")
    names = {"net/ipv4/tcp_fin_timeout", "net/ipv4/tcp_sack"}
    assert {k: v for k, v in changed.items() if k not in names} == {
        k: v for k, v in CALM.items() if k not in names
    }
    assert CALM["net/ipv4/tcp_fin_timeout"].value == "60"


def test_but_remembers_since_when_there_is_such_a_setting() -> None:
    assert but(tcp_rto_min_us=1000)["net/ipv4/tcp_rto_min_us"].since == "6.11"


def test_but_can_be_said_of_another_weather() -> None:
    twice = but(but(tcp_fin_timeout=7), tcp_syncookies=2)
    assert twice["net/ipv4/tcp_fin_timeout"].value == "7"
    assert twice["net/ipv4/tcp_syncookies"].value == "2"


def test_a_patient_weather_keeps_what_a_lab_pins() -> None:
    assert patient(CALM).items() >= CALM.items()
    assert patient(CALM)["net/ipv4/tcp_syn_retries"].value == "127"
    hurried = but(tcp_syn_retries=1)
    assert patient(hurried)["net/ipv4/tcp_syn_retries"] == hurried["net/ipv4/tcp_syn_retries"]


@pytest.mark.kernel
@pytest.mark.parametrize(
    "weather",
    [CALM, but(tcp_rto_min_us=1000, tcp_fin_timeout=0), patient(CALM)],
    ids=["calm", "but", "patient"],
)
def test_what_was_asked_for_is_in_force_on_both_hosts(weather: dict[str, Pin]) -> None:
    asked = {name.replace("/", "."): " ".join(each.value.split()) for name, each in weather.items()}
    with made(LinkKind.VETH, weather=weather) as (hosts, _):
        for each in hosts:
            in_force = dict(each.weather)
            lacking = {name for name, value in in_force.items() if value == "absent"}
            assert lacking <= {k.replace("/", ".") for k, v in weather.items() if v.since}
            assert {k: v for k, v in in_force.items() if k not in lacking} == {
                k: v for k, v in asked.items() if k not in lacking
            }
            with each.entered():
                told = Path("/proc/sys/net/ipv4/tcp_fin_timeout").read_text().strip()
            assert told == asked["net.ipv4.tcp_fin_timeout"]


@pytest.mark.kernel
def test_the_machines_own_settings_are_left_alone() -> None:
    def read() -> str:
        return Path("/proc/sys/net/ipv4/tcp_early_retrans").read_text()

    before = read()
    with made(LinkKind.VETH) as (hosts, _):
        assert hosts[0].weather["net.ipv4.tcp_early_retrans"] == "0"
        assert read() == before
    assert read() == before


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"tcp_fin_timeout": "soon"}, "net.ipv4.tcp_fin_timeout can't be 'soon'"),
        ({"tcp_congestion_control": "warp"}, "net.ipv4.tcp_congestion_control can't be 'warp'"),
    ],
)
def test_a_value_that_the_kernel_refuses_is_the_labs_mistake(
    changes: dict[str, str], told: str
) -> None:
    namespace = new_namespace()
    with namespace.entered(), pytest.raises(LabError) as refused:
        pin(but({}, **changes))
    namespace.close()
    assert str(refused.value).startswith(told)


def test_a_setting_that_no_kernel_has_is_told_by_its_name() -> None:
    with pytest.raises(MachineError) as refused:
        pin(but({}, tcp_fin_timout=0))
    assert str(refused.value) == (
        "this kernel has no setting net.ipv4.tcp_fin_timout: its name is wrong, "
        f"or it is newer than Linux {os.uname().release}"
    )


def test_a_setting_that_came_later_may_be_absent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(weather, "SYSCTLS", tmp_path)
    newer = {
        "net/ipv4/tcp_rto_min_us": Pin("1", "", since="6.11"),
        "net/ipv6/conf/all/accept_ra": Pin("0", ""),
    }
    assert set(pin(newer).values()) == {"absent"}


def test_a_read_only_proc_sys_has_its_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(weather, "SYSCTLS", tmp_path)
    (tmp_path / "setting").mkdir()  # can't be opened for writing, not even by root
    with pytest.raises(MachineError, match="--security-opt systempaths=unconfined"):
        pin({"setting": Pin("1", "")})


@pytest.mark.parametrize(
    ("asked_us", "in_force", "told"),
    [
        (FROZEN_RTO_US, "absent", " rto_min 60000ms"),
        (1000, "absent", " rto_min 1ms"),
        (1, "absent", " rto_min 1ms"),
        (FROZEN_RTO_US, str(FROZEN_RTO_US), ""),
    ],
)
def test_a_route_stands_in_for_the_setting_that_freezes(
    asked_us: int, in_force: str, told: str
) -> None:
    weather = but(tcp_rto_min_us=asked_us)
    assert rto_min_by_route(weather, {"net.ipv4.tcp_rto_min_us": in_force}) == told
    assert rto_min_by_route({}, {}) == ""


@pytest.mark.kernel
def test_where_the_setting_is_absent_the_route_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def as_before_6_11(asked: dict[str, Pin]) -> dict[str, str]:
        name = "net/ipv4/tcp_rto_min_us"
        others = {k: v for k, v in asked.items() if k != name}
        return pin(others) | ({"net.ipv4.tcp_rto_min_us": "absent"} if name in asked else {})

    monkeypatch.setattr(host, "pin", as_before_6_11)
    with made(LinkKind.VETH) as (hosts, _):
        with hosts[0].entered():
            routes = Running(("ip", "-4", "route", "show", "10.0.0.0/24"))
        assert "rto_min lock 1min" in routes.output() or "rto_min lock 60s" in routes.output()
