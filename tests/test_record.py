"""The Record as a document, as what two runs share, and as a story."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from socklab.errors import ToolError
from socklab.lab import load
from socklab.packs import find
from socklab.record import (
    EVENTS,
    SCHEMA,
    SCHEMA_FILE,
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
    told,
    verdict,
)
from socklab.runner import run_lab
from socklab.schema import Misfit, NewerError
from socklab.tcp import State as TcpState
from tests.records import HOSTS, kept, kept_names, records


@cache
def schema() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(
        files("socklab").joinpath(SCHEMA_FILE).read_text(encoding="utf-8")
    )
    return read


def complaints(document: object) -> list[str]:
    """What the schema has against a document."""
    return [
        f"{e.json_path}: {e.message}" for e in Draft202012Validator(schema()).iter_errors(document)
    ]


def record_of(*events: Event) -> Record:
    return Record("made", "wire", "tun", dict(HOSTS), events=list(events))


SENT = Segment(
    0.1, "client", "server", 1, "S", 0, None, 0, Fate.SENT, False, "",
    "10.0.0.1:40000", "10.0.0.2:80", "45",
)  # fmt: skip
BEGUN = Call(0.1, "client", "client", "client/1", 1, "send", ("b'x'",), Phase.BEGUN)
MET = Expect(0.2, {"client": "ESTABLISHED"}, {"client": "ESTABLISHED"}, True)
NOT_MET = replace(MET, observed={"client": "SYN-SENT"}, passed=False)
NOT_SEEN = replace(MET, observed={}, passed=None, note="not observable here")
ONE_OF_EACH: tuple[Event, ...] = (
    Move(0.1, "call client send"),
    BEGUN,
    SENT,
    Other(0.1, "server", "client", "ICMP", "ICMP host unreachable", Fate.CARRIED, "45"),
    Look(0.2, {"client": ("ESTAB 0 0 10.0.0.1:40000 10.0.0.2:80",), "server": ()}),
    State(0.2, "client", "10.0.0.1:40000", "10.0.0.2:80", "CLOSED", "SYN-SENT", "connect"),
    MET,
    Trouble(0.3, "story", "it broke", ("try again",)),
)


# --- As JSON ------------------------------------------------------------------------------------


@given(records())
def test_any_record_comes_back_from_its_json(record: Record) -> None:
    assert Record.from_json(json.loads(json.dumps(record.to_json()))) == record


@pytest.mark.parametrize("name", kept_names())
def test_a_real_record_comes_back_from_its_json(name: str) -> None:
    record = kept(name)
    assert Record.from_json(json.loads(json.dumps(record.to_json()))) == record


def test_events_come_back_as_immutable_as_they_were() -> None:
    record = record_of(*ONE_OF_EACH)
    again = Record.from_json(json.loads(json.dumps(record.to_json())))
    assert again.events == list(ONE_OF_EACH)
    [look] = again.of(Look)
    assert look.rows["client"] == ("ESTAB 0 0 10.0.0.1:40000 10.0.0.2:80",)


def test_a_document_shares_nothing_with_its_record() -> None:
    record = record_of()
    document = record.to_json()
    document["machine"]["kernel"] = "0.01"
    assert record.machine == {}


@pytest.mark.parametrize(
    "document",
    [{}, {"schema": "socklab.record/0"}, {"schema": "socklab.grid/1"}, [], None, "a Record"],
)
def test_what_is_of_another_schema_is_refused_by_name(document: Any) -> None:
    with pytest.raises(ToolError, match=f"not a Record of schema {SCHEMA}"):
        Record.from_json(document)


def test_what_a_newer_socklab_wrote_says_so() -> None:
    with pytest.raises(NewerError, match=r"wrote it, as socklab\.record/2, and this one reads"):
        Record.from_json(record_of().to_json() | {"schema": "socklab.record/2"})


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"events": [{"at_s": 0.0, "kind": "rumour"}]}, 'events[0].kind: "rumour", where one of'),
        ({"events": [{"at_s": 0.0}]}, "events[0] has no kind"),
        ({"events": [{"kind": "move"}]}, "events[0] has no at_s"),
        ({"events": None}, "events: null, where a list belongs"),
        ({"hosts": {"client": "10.0.0.1"}}, 'hosts.client: "10.0.0.1", where an object belongs'),
        ({"hosts": {"client": {}}}, "hosts.client has no address"),
        ({"hosts": []}, "hosts: a list, where an object belongs"),
        ({"bench": "sea"}, 'bench: "sea", where one of wire, loopback belongs'),
        ({"weather": {"a b": 1}}, 'weather["a b"]: 1, where text belongs'),
    ],
)
def test_a_broken_document_is_refused_with_the_place(broken: dict[str, Any], told: str) -> None:
    with pytest.raises(Misfit) as refused:
        Record.from_json(record_of().to_json() | broken)
    assert str(refused.value).startswith(told)


@pytest.mark.parametrize("name", ["lab", "bench", "link", "hosts"])
def test_what_every_release_wrote_may_not_be_missing(name: str) -> None:
    document = record_of().to_json()
    del document[name]
    with pytest.raises(Misfit, match=f"^it has no {name}$"):
        Record.from_json(document)


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: event.kind)
def test_what_the_schema_refuses_in_an_event_is_not_read(event: Event) -> None:
    for name in record_of(event).to_json()["events"][0]:
        document = record_of(event).to_json()
        document["events"][0][name] = [[]]  # fits no field
        with pytest.raises(Misfit, match=rf"^events\[0\]\.{name}"):
            Record.from_json(document)


def test_a_document_of_an_earlier_release_reads_without_the_fields_that_are_new() -> None:
    document = record_of(SENT, MET).to_json()
    del document["weather"], document["events"][0]["by"], document["events"][1]["note"]
    assert Record.from_json(document) == record_of(SENT, MET)


def test_a_document_of_a_later_release_reads_with_fields_that_are_unknown() -> None:
    document = record_of(SENT).to_json() | {"mood": "calm"}
    document["events"][0]["colour"] = "red"
    assert Record.from_json(document) == record_of(SENT)


# --- The schema ---------------------------------------------------------------------------------


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


@given(records())
def test_any_record_is_as_the_schema_says(record: Record) -> None:
    assert complaints(json.loads(json.dumps(record.to_json()))) == []


@pytest.mark.parametrize("name", kept_names())
def test_a_kept_record_is_as_the_schema_says(name: str) -> None:
    assert complaints(kept(name).to_json()) == []


@pytest.mark.kernel
async def test_a_record_of_a_run_is_as_the_schema_says() -> None:
    record = await run_lab(load(find("half-close")), bench="wire")
    document = json.loads(json.dumps(record.to_json()))
    assert complaints(document) == []
    assert {event["kind"] for event in document["events"]} >= {
        "call", "segment", "state", "expect", "look", "move",
    }  # fmt: skip


def objects(node: Any, place: str = "$") -> list[tuple[str, dict[str, Any]]]:
    """Every schema of an object with named fields in a schema, and where it is."""
    found = []
    if isinstance(node, dict):
        if node.get("type") == "object" and "properties" in node:
            found.append((place, node))
        for key, value in node.items():
            found += objects(value, f"{place}.{key}")
    return found


def test_the_schema_describes_every_field_and_allows_no_other() -> None:
    assert len(objects(schema())) == 1 + len(EVENTS) + 1  # the document, each event, a host
    for place, node in objects(schema()):
        assert node["additionalProperties"] is False, place
        assert set(node["required"]) == set(node["properties"]), place
        for name, field in node["properties"].items():
            target = field.get("$ref", "").rpartition("/")[2]
            described = field if "description" in field else schema()["$defs"][target]
            assert described["description"].endswith("."), f"{place}.{name}"


def test_the_schema_knows_the_states_fates_phases_and_events_that_there_are() -> None:
    defined = schema()["$defs"]
    assert set(defined["state_name"]["enum"]) == {state.value for state in TcpState}
    assert set(defined["fate"]["enum"]) == {fate.value for fate in Fate}
    phases = defined["call"]["properties"]["phase"]["enum"]
    assert set(phases) == {phase.value for phase in Phase}
    kinds = {one["$ref"].rpartition("/")[2] for one in defined["event"]["oneOf"]}
    assert kinds == set(EVENTS)


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: event.kind)
def test_the_schema_refuses_an_event_with_a_field_too_many_or_too_few(event: Event) -> None:
    document = record_of(event).to_json()
    assert complaints(document) == []
    for field in list(document["events"][0]):
        lacking = record_of(event).to_json()
        del lacking["events"][0][field]
        assert complaints(lacking), f"without {field}"
    document["events"][0]["mood"] = "calm"
    assert complaints(document)


@pytest.mark.parametrize(
    ("event", "field", "wrong"),
    [
        (SENT, "flags", "FIN"),
        (SENT, "fate", "lost"),
        (SENT, "raw", "0x45"),
        (SENT, "payload_bytes", -1),
        (SENT, "copy", None),
        (ONE_OF_EACH[5], "now", "FIN_WAIT_1"),
        (ONE_OF_EACH[5], "was", "ESTAB"),
        (BEGUN, "result", 1),
        (BEGUN, "error", "EPIPE"),
        (replace(BEGUN, phase=Phase.RETURNED, error="EPIPE"), "result", 1),
        (MET, "passed", "yes"),
        (MET, "at_s", -1),
    ],
)
def test_the_schema_refuses_a_wrong_value(event: Event, field: str, wrong: object) -> None:
    document = record_of(event).to_json()
    assert complaints(document) == []
    document["events"][0][field] = wrong
    assert complaints(document)


# --- What two runs share ------------------------------------------------------------------------


def test_the_essence_of_two_runs_is_the_same_but_for_ports_times_and_looks() -> None:
    def run(port: int, at_s: float, *more: Event) -> list[str]:
        end = f"10.0.0.1:{port}"
        return record_of(
            replace(SENT, source=end, at_s=at_s, raw=f"{port:04x}"),
            *more,
            State(at_s, "client", end, "10.0.0.2:80", "CLOSED", "SYN-SENT", "connect"),
        ).essence()

    later = run(51234, 2.5, Look(2.4, {"client": ()}), replace(SENT, copy=True))
    assert run(40000, 0.1) == later
    assert len(later) == 2
    assert ":port1" in later[0] and ":port1" in later[1]


def test_the_essence_tells_two_ports_apart() -> None:
    one = record_of(SENT, replace(SENT, source="10.0.0.1:40001"))
    same = record_of(SENT, SENT)
    assert one.essence() != same.essence()


@pytest.mark.parametrize(
    "other",
    [
        replace(SENT, fate=Fate.DROPPED),
        replace(SENT, seq=1),
        replace(SENT, flags="S."),
        replace(SENT, number=2),
    ],
)
def test_the_essence_keeps_what_a_run_decides(other: Segment) -> None:
    assert record_of(SENT).essence() != record_of(other).essence()


# --- The story ----------------------------------------------------------------------------------


def test_a_story_tells_each_event_that_a_reader_asks_for() -> None:
    assert record_of(*ONE_OF_EACH, replace(SENT, copy=True, by="a rule")).story() == [
        "   0.100 s  client            send(b'x')",
        "   0.100 s  client → server   S   seq 0 len 0  sent",
        "   0.100 s  server → client   ICMP host unreachable  carried",
        "   0.200 s  client            CLOSED → SYN-SENT",
        "   0.200 s  expected          client ESTABLISHED",
        "   0.300 s  story             it broke",
        "   0.100 s  client → server   S   seq 0 len 0  sent (copy) by a rule",
    ]


def test_a_story_tells_what_a_call_gave_back_or_its_error() -> None:
    returned = replace(BEGUN, phase=Phase.RETURNED)
    story = record_of(replace(returned, result=0), replace(returned, error="EPIPE")).story()
    assert [line.rpartition("  ")[2] for line in story] == ["send() = 0", "send() = EPIPE"]


def test_moves_are_kept_in_order() -> None:
    assert record_of(Move(0, "one"), BEGUN, Move(0, "two")).moves() == ["one", "two"]


def test_an_expectation_is_told_in_words() -> None:
    assert told({"client": "FIN-WAIT-2", "server": "CLOSED"}) == "client FIN-WAIT-2, server CLOSED"


@pytest.mark.parametrize(
    ("events", "passed"),
    [
        ((), False),
        ((SENT,), False),
        ((MET,), True),
        ((MET, NOT_MET), False),
        ((NOT_MET, MET), False),
        ((MET, NOT_SEEN), True),
        ((NOT_SEEN,), False),
    ],
)
def test_a_run_has_passed_if_something_was_observed_and_nothing_refused(
    events: tuple[Event, ...], passed: bool
) -> None:
    assert verdict(events) is passed
