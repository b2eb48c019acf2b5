"""Steps: what is told of a run so that two runs can be compared, and what is left out of that."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given

from socklab.record import (
    Call,
    Event,
    Expect,
    Fate,
    Look,
    Move,
    Other,
    Phase,
    Record,
    Segment,
    State,
    Trouble,
)
from socklab.views.steps import Counted, steps
from tests.records import HOSTS, kept, kept_names, records

FIN = Segment(
    0.1, "client", "server", 3, "F.", 1, 1, 0, Fate.SENT, False, "",
    "10.0.0.1:40000", "10.0.0.2:80", "45",
)  # fmt: skip
CALL = Call(0.1, "client", "client", "client/1", 1, "connect", ("server:80",), Phase.BEGUN)
STATE = State(0.1, "client", "10.0.0.1:40000", "10.0.0.2:80", "CLOSED", "SYN-SENT", "connect")
MET = Expect(0.2, {"client": "CLOSED"}, {"client": "CLOSED"}, True, "here.py:3")


def told(
    *events: Event, several: bool = False, hosts: dict[str, str] = HOSTS, **more: bool
) -> list[str]:
    record = Record("made", "wire", "tun", dict(hosts), events=list(events))
    return [step.text for step in steps(record, Counted(**more), several=several)]


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (Move(0.1, "carry client 3 FIN"), "carry client 3 FIN"),
        (CALL, "client/1 connect(server:80)"),
        (replace(CALL, phase=Phase.RETURNED, result=0), "client/1 connect() = 0"),
        (replace(CALL, phase=Phase.RETURNED, error="EPIPE"), "client/1 connect() = EPIPE"),
        (replace(CALL, socket=""), "client connect(server:80)"),
        (FIN, "client 3 FIN seq 1 ack 1 → server, sent"),
        (replace(FIN, flags="FP."), "client 3 FIN [FP.] seq 1 ack 1 → server, sent"),
        (
            replace(FIN, flags="P.", payload_bytes=5, fate=Fate.DROPPED),
            "client 3 data seq 1 ack 1 len 5 → server, dropped",
        ),
        (
            Other(0.1, "server", "client", "ICMP", "ICMP host unreachable", Fate.CARRIED),
            "server → client ICMP host unreachable, carried",
        ),
        (STATE, "client CLOSED → SYN-SENT by connect"),
        (MET, "expected client CLOSED: met"),
        (
            replace(MET, observed={"client": "LISTEN"}, passed=False),
            "expected client CLOSED; observed client LISTEN",
        ),
        (replace(MET, passed=None, note="why"), "expected client CLOSED: not observed, why"),
        (Trouble(0.1, "story", "it broke", ("try again",)), "story: it broke"),
    ],
)
def test_a_step_says_what_happened(event: Event, text: str) -> None:
    assert told(event) == [text]


def test_a_look_is_no_step_and_a_copy_is_one_if_copies_count() -> None:
    copy = replace(FIN, copy=True)
    assert told(Look(0.1, {}), copy) == []
    assert told(copy, copies=True) == ["client 3 FIN seq 1 ack 1 → server (copy), sent"]


def test_of_several_connections_a_step_says_which() -> None:
    assert told(FIN, STATE, several=True) == [
        "client 3 FIN seq 1 ack 1 → server (client:port1 → server:80), sent",
        "client CLOSED → SYN-SENT by connect (client:port1 – server:80)",
    ]
    assert told(FIN, ports=True) == [
        "client 3 FIN seq 1 ack 1 → server (client:40000 → server:80), sent"
    ]


def test_ports_are_numbered_as_they_appear() -> None:
    back = replace(FIN, source="10.0.0.1:40001")
    assert told(Move(0, ":51234"), FIN, back, FIN, several=True)[1:] == [
        "client 3 FIN seq 1 ack 1 → server (client:port2 → server:80), sent",
        "client 3 FIN seq 1 ack 1 → server (client:port3 → server:80), sent",
        "client 3 FIN seq 1 ack 1 → server (client:port2 → server:80), sent",
    ]


def test_times_stand_before_steps_if_they_count() -> None:
    assert told(FIN, times=True) == ["0.100000 s client 3 FIN seq 1 ack 1 → server, sent"]
    assert told(Trouble(0, "story", "timer: 0.28 s left")) == ["story: timer: some s left"]
    assert "0.28 s left" in told(Trouble(0, "story", "timer: 0.28 s left"), times=True)[0]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("10.0.0.1", "client"),
        ("10.0.0.12 and 10.0.0.1.5 and 110.0.0.1", "10.0.0.12 and 10.0.0.1.5 and 110.0.0.1"),
        ("from 10.0.0.2.", "from server."),
        ("0.0.0.0:*", "*:*"),
        ("[::]:80", "*:80"),
    ],
)
def test_addresses_are_told_as_hosts(text: str, plain: str) -> None:
    assert told(Trouble(0, "x", text)) == [f"x: {plain}"]


def test_a_run_on_ipv6_is_told_as_one_on_ipv4() -> None:
    hosts = {"client": "fd00::1", "server": "fd00::2"}
    texts = ("[fd00::1]:40000", "fd00::2 answers", "fd00::12")
    assert [line for x in texts for line in told(Trouble(0, "x", x), hosts=hosts)] == [
        "x: client:port1",
        "x: server answers",
        "x: fd00::12",
    ]


def test_a_host_may_be_called_anything() -> None:
    assert told(Trouble(0, "x", "10.0.0.1"), hosts={r"\1\g<0>": "10.0.0.1"}) == [r"x: \1\g<0>"]


@given(records())
def test_of_two_runs_that_are_the_same_in_essence_all_steps_are(record: Record) -> None:
    other = replace(
        record,
        link="veth",
        events=[replace(e, at_s=e.at_s + 1) for e in record.events if not isinstance(e, Look)],
    )
    assert record.essence() == other.essence()
    mine, theirs = (steps(r, Counted(), several=True) for r in (record, other))
    assert [step.text for step in mine] == [step.text for step in theirs]


@pytest.mark.parametrize("name", kept_names())
def test_every_event_that_the_essence_has_is_a_step(name: str) -> None:
    record = kept(name)
    found = steps(record, Counted(), several=False)
    assert len(found) == len(record.essence())
    assert "" not in [step.text for step in found]
    assert [step.text for step in found if step.is_move] == [
        re.sub(r":\d{4,5}\b", ":port", move) for move in record.moves()
    ]


@pytest.mark.parametrize("name", [n for n in kept_names() if "loopback" not in n])
def test_the_steps_tell_apart_what_the_essence_tells_apart(name: str) -> None:
    # Each line of the essence changed in one value changes a step.
    record = kept(name)
    before = [step.text for step in steps(record, Counted(), several=True)]
    for number, event in enumerate(record.events):
        if isinstance(event, Segment) and not event.copy:
            for change in ({"seq": 77}, {"flags": "SEW"}, {"fate": Fate.DUPLICATED}, {"number": 9}):
                events = list(record.events)
                events[number] = replace(event, **change)
                if events == record.events:
                    continue
                changed = steps(replace(record, events=events), Counted(), several=True)
                assert [step.text for step in changed] != before, json.dumps(change, default=str)
