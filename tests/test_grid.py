"""The grid as a document: what is written is read again, and broken files say what is wrong."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, strategies as st
from jsonschema import Draft202012Validator

from socklab.errors import LabError
from socklab.grid import SCHEMA, SCHEMA_FILE, Difference, Grid
from socklab.hostile import CELLS, Hostile, Outcome, Position
from socklab.situations import Situation
from socklab.tcp import CLOSED, State
from tests.grids import KEPT, cell, changed, ideal, kept, part


@cache
def schema() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(
        files("socklab").joinpath(SCHEMA_FILE).read_text(encoding="utf-8")
    )
    return read


def complaints(document: object) -> list[str]:
    return [
        f"{e.json_path}: {e.message}" for e in Draft202012Validator(schema()).iter_errors(document)
    ]


def test_what_was_written_is_read_and_written_again_byte_for_byte() -> None:
    assert kept().to_json() + "\n" == KEPT.read_text(encoding="utf-8")
    assert list(kept().outcomes) == list(CELLS)


@pytest.mark.parametrize("grid", [kept(), ideal(), part(kept(), Situation.CLOSED), Grid("x")])
def test_the_document_is_what_the_schema_says(grid: Grid) -> None:
    assert complaints(json.loads(grid.to_json())) == []
    assert Grid.from_json(grid.to_json()) == grid


def test_the_schema_can_say_no() -> None:
    document = json.loads(kept().to_json())
    document["cells"][0]["becomes"] = "OPEN"
    document["cells"][1]["replies"] = ["RST"]
    del document["kernel"]
    assert len(complaints(document)) == 3


def test_the_schema_knows_every_situation_kind_place_and_state() -> None:
    fields = schema()["properties"]["cells"]["items"]["properties"]
    assert fields["situation"]["enum"] == [str(one) for one in Situation]
    assert fields["segment"]["enum"] == [str(one) for one in Hostile]
    assert fields["at"]["enum"] == [str(one) for one in Position]
    assert fields["becomes"]["enum"] == [str(one) for one in State]
    assert schema()["properties"]["schema"]["const"] == SCHEMA


def test_a_cell_has_a_line() -> None:
    lines = kept().to_json().splitlines()
    assert sum('"situation"' in line for line in lines) == len(CELLS) == len(lines) - 7


def test_a_difference_is_a_cell_with_both_outcomes() -> None:
    assert list(kept().differences(kept())) == []
    old = Outcome((), CLOSED)
    theirs = changed(kept(), cell(), old)
    assert list(kept().differences(theirs)) == [Difference(cell(), old, kept().outcomes[cell()])]


def test_only_what_both_have_is_compared() -> None:
    some = part(ideal(), Situation.TIME_WAIT)
    found = list(kept().differences(some))
    assert {one.cell.situation for one in found} == {Situation.TIME_WAIT}
    assert [one.cell for one in some.differences(kept())] == [one.cell for one in found]


def test_what_a_later_release_adds_is_passed_over() -> None:
    document = json.loads(part(kept(), Situation.CLOSED).to_json())
    document["weather"] = "calm"
    document["cells"][0]["since"] = "7.0"
    document["cells"].append({**document["cells"][1], "situation": "CLOSED again"})
    assert Grid.from_json(json.dumps(document)) == part(kept(), Situation.CLOSED)


GOOD = json.loads(part(kept(), Situation.CLOSED).to_json())


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "it is no JSON: "),
        ("[" * 100_000, "it is no JSON: "),
        ("null", "its schema is not socklab.grid/1"),
        ("[]", "its schema is not socklab.grid/1"),
        ('{"schema": "socklab.grid/2"}', "its schema is not socklab.grid/1"),
        (json.dumps({**GOOD, "schema": None}), "its schema is not socklab.grid/1"),
        (json.dumps({k: v for k, v in GOOD.items() if k != "kernel"}), "there is no 'kernel'"),
        (json.dumps({**GOOD, "cells": 5}), "it does not read: "),
        (json.dumps({**GOOD, "cells": ["x"]}), "it does not read: "),
        (json.dumps({**GOOD, "cells": [{}]}), "it does not read: there is no 'situation'"),
        (
            json.dumps({**GOOD, "cells": [{**GOOD["cells"][0], "becomes": "OPEN"}]}),
            "'OPEN' is not a valid State",
        ),
        (
            json.dumps({**GOOD, "cells": [{**GOOD["cells"][0], "replies": ["RST"]}]}),
            "'RST' is no reply such as",
        ),
        (json.dumps({**GOOD, "cells": [{**GOOD["cells"][0], "replies": 1}]}), "does not read"),
    ],
)
def test_a_broken_document_is_refused_with_its_fault(text: str, complaint: str) -> None:
    with pytest.raises(LabError) as refused:
        Grid.from_json(text)
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.sampled_from(["kernel", "ipv6", "cells", "x"]), json_values))
def test_any_document_is_read_or_refused(document: dict[str, Any]) -> None:
    with suppress(LabError):
        Grid.from_json(json.dumps({**document, "schema": SCHEMA}))


@given(
    st.fixed_dictionaries(
        {name: json_values | st.just(GOOD["cells"][0][name]) for name in GOOD["cells"][0]}
    )
)
def test_any_cell_is_read_or_refused(described: dict[str, Any]) -> None:
    with suppress(LabError):
        Grid.from_json(json.dumps({**GOOD, "cells": [described]}))
