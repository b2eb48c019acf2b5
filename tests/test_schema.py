"""Documents checked against our schemas: as JSON Schema says, but patient, and with the place."""

from __future__ import annotations

import copy
import json
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, strategies as st
from jsonschema import Draft202012Validator

from socklab.record import SCHEMA_FILE, Record
from socklab.schema import Check, Misfit, compiled, place_of, shown
from tests.records import kept, kept_names, records

EVENT = {
    "type": "object",
    "properties": {
        "kind": {"const": "move"},
        "at_s": {"type": "number", "minimum": 0},
        "raw": {"type": "string", "pattern": "^([0-9a-f]{2})*$"},
    },
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "bench": {"enum": ["wire", "loopback"]},
        "passed": {"type": ["boolean", "null"]},
        "weather": {"type": "object", "additionalProperties": {"type": "string"}},
        "events": {"type": "array", "items": {"oneOf": [{"$ref": "#/$defs/move"}]}},
    },
    "required": ["bench"],
    "additionalProperties": False,
    "$defs": {"move": EVENT},
}


@cache
def of_records() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(files("socklab").joinpath(SCHEMA_FILE).read_text("utf-8"))
    return read


@cache
def our_check() -> Check:
    return compiled(of_records())


def misfit(document: object, schema: dict[str, Any] = SCHEMA) -> str:
    """What is wrong with a document; empty if nothing is."""
    try:
        compiled(schema)(document)
    except Misfit as wrong:
        return str(wrong)
    return ""


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"bench": "wire", "passed": None, "weather": {"a": "b"}, "events": []}, ""),
        ([], "a list, where an object belongs"),
        ({"bench": "sea"}, 'bench: "sea", where one of wire, loopback belongs'),
        ({"bench": ["wire"]}, "bench: a list, where one of wire, loopback belongs"),
        ({"passed": 1}, "passed: 1, where true or false or null belongs"),
        ({"weather": {"net.ipv4": 1}}, 'weather["net.ipv4"]: 1, where text belongs'),
        ({"events": {}}, "events: an object, where a list belongs"),
        ({"events": [{"kind": "move"}, 3]}, "events[1]: 3, where an object belongs"),
        ({"events": [{}]}, "events[0] has no kind"),
        ({"events": [{"kind": "rumour"}]}, 'events[0].kind: "rumour", where "move" belongs'),
        (
            {"events": [{"kind": "move", "at_s": "1"}]},
            'events[0].at_s: "1", where a number belongs',
        ),
        ({"events": [{"kind": "move", "at_s": True}]}, "events[0].at_s: true, where a number"),
        (
            {"events": [{"kind": "move", "at_s": -1}]},
            "events[0].at_s: -1, where a number from 0 on",
        ),
        ({"events": [{"kind": "move", "at_s": float("nan")}]}, "events[0].at_s: NaN, where"),
        ({"events": [{"kind": "move", "at_s": 10**400}]}, "events[0].at_s: 1000000000"),
        ({"events": [{"kind": "move", "raw": "0x45"}]}, 'events[0].raw: "0x45", where text of'),
    ],
)
def test_a_misfit_is_told_with_its_place(document: object, told: str) -> None:
    assert misfit(document).startswith(told)
    assert bool(misfit(document)) == bool(told)


def test_a_field_may_be_missing_and_another_unknown() -> None:
    assert misfit({"mood": "calm"}) == ""


def test_what_is_shown_of_a_value_is_one_short_line_whatever_is_in_it() -> None:
    for value in ("x" * 100, "\x1b[31m\n", "日本", 10**5000, {"a": 1}, None):
        assert shown(value).replace("…", "").isascii() and shown(value).isprintable()
        assert len(shown(value)) <= 40


def test_a_place_is_written_as_one_would_look_it_up() -> None:
    assert place_of(["events", 12, "fate"]) == "events[12].fate"
    assert place_of([3, "weather", "net.ipv4"]) == '[3].weather["net.ipv4"]'
    assert place_of(["\x1b"]) == '["\\u001b"]'


def test_a_keyword_that_is_not_known_is_an_error_and_not_passed_over() -> None:
    with pytest.raises(NotImplementedError, match="maxLength"):
        compiled({"type": "string", "maxLength": 3})


@given(records())
def test_every_record_fits(record: Record) -> None:
    our_check()(json.loads(json.dumps(record.to_json())))


# --- The same as JSON Schema says ---------------------------------------------------------------


def patient(schema: Any) -> Any:
    """A schema that asks for no field and allows every other."""
    if isinstance(schema, dict):
        return {
            key: patient(value)
            for key, value in schema.items()
            if key != "required" and not (key == "additionalProperties" and value is False)
        }
    return [patient(each) for each in schema] if isinstance(schema, list) else schema


@cache
def validator() -> Draft202012Validator:
    return Draft202012Validator(patient(of_records()))


def places(document: Any, steps: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    found = [steps] if steps else []
    if isinstance(document, dict):
        for name, value in document.items():
            found += places(value, (*steps, name))
    if isinstance(document, list):
        for index, value in enumerate(document):
            found += places(value, (*steps, index))
    return found


@cache
def small(name: str) -> str:
    """A kept Record as JSON, with one event of each kind, and a call that failed."""
    document = kept(name).to_json()
    kinds = {event["kind"] + str(event.get("error")): event for event in document["events"]}
    return json.dumps(document | {"events": list(kinds.values())})


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**6),
    st.floats(-2, 2, allow_nan=False).filter(lambda x: not x.is_integer()),
    st.text(max_size=3),
    st.sampled_from(["wire", "carried", "begun", "move", "45", "S.", "CLOSED", [], {}, [1], ["x"]]),
)


@given(st.data(), st.sampled_from(kept_names()), values)
def test_a_changed_record_is_refused_exactly_where_the_schema_refuses_it(
    data: st.DataObject, name: str, value: object
) -> None:
    document = json.loads(small(name))
    *path, last = data.draw(st.sampled_from(places(document)))
    target = document
    for step in path:
        target = target[step]
    target[last] = copy.deepcopy(value)
    try:
        our_check()(document)
        ours = True
    except Misfit:
        ours = False
    assert ours is validator().is_valid(document)
