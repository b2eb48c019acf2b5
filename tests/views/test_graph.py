"""Steps as a graph: the language is Graphviz's, and nothing in a name leaves its quotes."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from socklab.coverage import FIGURE_5, coverage
from socklab.record import Record
from socklab.tcp import CLOSED, CLOSING, LINUX_STEPS, STEPS, State
from socklab.views.coverage import inks
from socklab.views.diagram import Ink, Line
from socklab.views.graph import dot, observed
from tests.pages import CALL, SENT, STATE, record_of
from tests.records import NASTY, kept, kept_names, records

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


def edges(text: str, name: str = "tcp") -> dict[tuple[str, str], dict[str, str]]:
    """The edges of a graph and their attributes; fails where the text is no graph."""
    words = list(tokens(text))
    assert words[:3] == ["digraph", name, "{"]
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


# --- What one run went through ------------------------------------------------------------------


def taken(record: Record) -> dict[tuple[str, str], str]:
    """The causes of the edges of a run by their states, which begin with the number of the host."""
    found = edges(observed(record), "observed")
    return {ends: attributes["label"].strip() for ends, attributes in found.items()}


def test_a_run_has_the_path_of_each_end_numbered_in_order() -> None:
    assert taken(kept("half-close")) == {
        ("0 CLOSED", "0 SYN-SENT"): "2: connect()",
        ("0 SYN-SENT", "0 ESTABLISHED"): "4: SYN+ACK",
        ("0 ESTABLISHED", "0 FIN-WAIT-1"): "6: shutdown()",
        ("0 FIN-WAIT-1", "0 FIN-WAIT-2"): "8: ACK",
        ("0 FIN-WAIT-2", "0 TIME-WAIT"): "10: FIN",
        ("1 CLOSED", "1 LISTEN"): "1: listen()",
        ("1 LISTEN", "1 SYN-RECEIVED"): "3: SYN",
        ("1 SYN-RECEIVED", "1 ESTABLISHED"): "5: ACK",
        ("1 ESTABLISHED", "1 CLOSE-WAIT"): "7: FIN",
        ("1 CLOSE-WAIT", "1 LAST-ACK"): "9: close()",
        ("1 LAST-ACK", "1 CLOSED"): "11: ACK",
    }


def test_hosts_have_a_cluster_each_in_their_order_and_ends_that_are_left_a_double_border() -> None:
    text = observed(kept("half-close"))
    assert re.findall(r'graph \[label="(\w+)"', text) == ["client", "server"]
    assert re.findall(r'"(.+)" \[label=".+", peripheries=2\]', text) == [
        "0 TIME-WAIT",
        "1 CLOSED",
        "1 LISTEN",
    ]


def test_an_edge_that_was_taken_often_says_how_often() -> None:
    changes = [replace(STATE, local=f"10.0.0.1:{port}") for port in range(40000, 40010)]
    (label,) = taken(record_of(CALL, *changes)).values()
    assert label == "1, 2, 3, 4, 6 more: shutdown()"


def test_every_cause_has_a_line_of_its_own() -> None:
    causes = ("timer", "S.", "FP.", "P.", "R", "ICMP host unreachable", "")
    changes = [replace(STATE, cause=cause) for cause in causes]
    (label,) = taken(record_of(CALL, SENT, *changes)).values()
    words = [line.strip().partition(": ")[2] for line in label.split("\\n")]
    assert words == ["timer", "SYN+ACK", "FIN", "data", "RST", "ICMP host unreachable", "unseen"]


def test_who_calls_connect_does_not_come_out_of_a_listener() -> None:
    listens = replace(STATE, peer="0.0.0.0:*", was="CLOSED", now="LISTEN", cause="listen")
    calls = replace(STATE, was="CLOSED", now="SYN-SENT", cause="connect")
    accepts = replace(STATE, was="CLOSED", now="SYN-RECEIVED", cause="S")
    record = record_of(replace(CALL, call="listen"), replace(CALL, call="connect"), listens, calls)
    assert ("0 CLOSED", "0 SYN-SENT") in taken(record)
    assert ("0 LISTEN", "0 SYN-RECEIVED") in taken(record_of(listens, accepts))
    gone = replace(listens, was="LISTEN", now="CLOSED")
    assert ("0 CLOSED", "0 SYN-RECEIVED") in taken(record_of(listens, gone, accepts))


def test_a_run_in_which_nothing_changed_says_so() -> None:
    assert "made: no end changed its state" in observed(record_of(CALL))
    assert taken(Record("", "wire", "tun", {})) == {}


@given(records())
def test_the_graph_of_any_record_is_a_graph(record: Record) -> None:
    for attributes in edges(observed(record), "observed").values():
        assert set(attributes) == {"label", "tooltip"}


@given(st.one_of(st.text(), st.sampled_from(NASTY), st.sampled_from(['"', "\\", '\\"', "<b>"])))
def test_a_hostile_name_stays_within_its_quotes(name: str) -> None:
    change = replace(STATE, host=name, local=name, now=name, cause=name)
    record = record_of(change, title=name, hosts={name: "10.0.0.1"})
    assert len(edges(observed(record), "observed")) == 1


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_draws_the_graph_of_a_run() -> None:
    hostile = [record_of(replace(STATE, now=name, cause=name), title=name) for name in NASTY]
    for record in [*map(kept, kept_names()), *hostile, Record("", "wire", "tun", {})]:
        drawn = subprocess.run(
            ["dot", "-Tsvg"],
            input=observed(record),
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        assert drawn.stderr == ""
        assert drawn.stdout.count('class="edge"') == len(taken(record))
