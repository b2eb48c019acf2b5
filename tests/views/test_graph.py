"""Steps as a graph: the language is Graphviz's, and nothing in a name leaves its quotes."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import given, strategies as st

from socklab.coverage import FIGURE_5, coverage
from socklab.tcp import CLOSED, CLOSING, LINUX_STEPS, STEPS, State
from socklab.views.coverage import inks
from socklab.views.diagram import Ink, Line
from socklab.views.graph import dot
from tests.records import NASTY, kept

TOKEN = re.compile(
    r"""\s+ | (?P<id>"(?:[^"\\]|\\.)*" | [A-Za-z_][A-Za-z0-9_]* | -?[0-9.]+)
        | (?P<edge>->) | (?P<mark>[{}\[\];=,])""",
    re.VERBOSE,
)
"""What DOT is made of, as far as it is written here. Source: The DOT Language, graphviz.org"""


def tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        assert match is not None, f"no token: {text[at : at + 40]!r}"
        at = match.end()
        if match.lastgroup:
            yield match[0]


def edges(text: str) -> dict[tuple[str, str], dict[str, str]]:
    """The edges of a graph and their attributes; fails where the text is no graph."""
    words = list(tokens(text))
    assert words[:3] == ["digraph", "tcp", "{"]
    assert words[-1] == "}"
    assert words.count("{") == words.count("}")
    assert words.count("[") == words.count("]")
    found = {}
    for at, word in enumerate(words):
        if word == "->":
            attributes = words[at + 3 : words.index("]", at)]
            pairs = [attributes[n : n + 3] for n in range(0, len(attributes), 4)]
            assert all(between == "=" for _, between, _ in pairs)
            assert all(comma == "," for comma in attributes[3::4])
            found[words[at - 1].strip('"'), words[at + 1].strip('"')] = {
                name: value.strip('"') for name, _, value in pairs
            }
    return found


def test_it_has_an_edge_for_each_arrow() -> None:
    drawn = edges(dot(inks(coverage([kept("half-close")]), slow=False)))
    assert set(drawn) == {(str(step.state), str(step.next)) for step in FIGURE_5}
    assert drawn["CLOSED", "LISTEN"]["label"] == "listen(): half-close"
    assert drawn["CLOSED", "LISTEN"]["style"] == "bold"
    assert drawn["CLOSING", "TIME-WAIT"]["style"] == "dashed"
    assert drawn["LISTEN", "SYN-SENT"]["style"] == "dotted"


def test_steps_between_the_same_states_share_an_edge() -> None:
    seen = coverage([kept("half-close"), kept("mishaps")])
    drawn = edges(dot(inks(seen, STEPS + LINUX_STEPS, slow=False)))
    states = {(str(step.state), str(step.next)) for step in STEPS + LINUX_STEPS}
    assert set(drawn) == states
    closed = drawn["ESTABLISHED", "CLOSED"]
    assert closed["style"] == "bold"
    assert closed["label"].endswith("not seen")
    assert len(closed["label"].split("\\n")) == 2
    unseen = [s for s in STEPS + LINUX_STEPS if (s.state, s.next) == (CLOSING, CLOSED)]
    assert drawn["CLOSING", "CLOSED"]["label"] == f"{len(unseen)} not seen"


def test_every_state_is_a_node() -> None:
    assert {f'  "{state}";' for state in State} <= set(dot({}).splitlines())


@given(st.one_of(st.text(), st.sampled_from(NASTY), st.sampled_from(['"', "\\", '\\"', "a\\\nb"])))
def test_a_name_stays_within_its_quotes(name: str) -> None:
    drawn = edges(dot({FIGURE_5[0]: Ink(Line.INKED, name, name)}))
    assert len(drawn) == 1
    assert set(drawn["CLOSED", "LISTEN"]) == {"label", "tooltip", "style", "penwidth", "color"}


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_draws_it() -> None:
    for steps in (FIGURE_5, STEPS + LINUX_STEPS):
        text = dot(inks(coverage([kept("half-close")]), steps, slow=False))
        drawn = subprocess.run(
            ["dot", "-Tsvg"], input=text, capture_output=True, encoding="utf-8", check=True
        )
        assert drawn.stderr == ""
        assert "<svg" in drawn.stdout
