"""Progress in puzzles: the fewest moves stay, and a document is read or told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from socklab.errors import LabError, ToolError
from socklab.puzzles.progress import SCHEMA, Progress

SHORT, LONG = ("call client close",), ("call client recv", "call client close")


def test_the_fewest_moves_stay() -> None:
    progress = Progress().with_way("one", LONG)
    assert (progress.moves("one"), progress.moves("two")) == (2, None)
    progress = progress.with_way("one", SHORT)
    assert progress.with_way("one", LONG).ways == {"one": SHORT}


def test_one_is_forgotten_and_the_others_are_not() -> None:
    progress = Progress({"one": SHORT, "two": LONG})
    assert progress.without("one").without("three").ways == {"two": LONG}


@given(st.dictionaries(st.text(), st.lists(st.text()).map(tuple)))
def test_a_document_is_read_as_it_was_written(ways: dict[str, tuple[str, ...]]) -> None:
    assert Progress.from_json(Progress(ways).to_json()) == Progress(ways)


def test_what_a_later_release_has_added_is_no_obstacle() -> None:
    value = {"schema": SCHEMA, "solved": {"one": {"way": ["x"], "on": "Monday"}}, "more": 1}
    assert Progress.from_json(json.dumps(value)).ways == {"one": ("x",)}


def test_a_newer_version_is_told() -> None:
    with pytest.raises(ToolError, match=r"socklab\.puzzles/2, and this release reads"):
        Progress.from_json('{"schema": "socklab.puzzles/2"}')


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"schema": "socklab.graph/1"},
        {"schema": SCHEMA},
        {"schema": SCHEMA, "solved": []},
        {"schema": SCHEMA, "solved": {"one": 3}},
        {"schema": SCHEMA, "solved": {"one": {"way": "call"}}},
        {"schema": SCHEMA, "solved": {"one": {"way": [1]}}},
    ],
    ids=str,
)
def test_what_is_no_progress_is_told(value: Any) -> None:
    with pytest.raises(LabError, match="no list of solved puzzles"):
        Progress.from_json(json.dumps(value))


@pytest.mark.parametrize("text", ["", "{", "\0", "[" * 100_000])
def test_what_is_no_json_is_told(text: str) -> None:
    with pytest.raises(LabError, match="no list of solved puzzles"):
        Progress.from_json(text)
