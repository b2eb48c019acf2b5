"""Graphs: what they keep, as a value and as a document."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from socklab.errors import LabError, ToolError
from socklab.joint.graph import Edge, Graph, Node, Terms, ways
from socklab.joint.state import Joint
from tests.joint_states import joints, state, tuples, words

terms = st.builds(
    Terms,
    words,
    tuples,
    tuples,
    st.integers(0, 3),
    tuples,
    st.integers(1, 3),
    st.sampled_from([0.0, 0.5, 1.5]),
    st.integers(1, 99),
    st.booleans(),
)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Any graph that is one."""
    found = draw(st.lists(joints, min_size=1, max_size=4, unique_by=lambda each: each.text))
    flags = st.booleans()
    nodes = [
        Node(each, draw(tuples), draw(tuples), draw(tuples), draw(flags), draw(flags), draw(tuples))
        for each in found
    ]
    numbers = st.integers(0, len(nodes) - 1)
    edges = st.builds(Edge, numbers, words, st.none() | numbers, tuples, words, words)
    return Graph(draw(terms), nodes, draw(st.lists(edges, max_size=4)), draw(st.integers(0, 99)))


@given(graphs())
def test_a_graph_is_the_same_after_a_trip_through_json(graph: Graph) -> None:
    again = Graph.from_json(graph.to_json())
    assert again == graph
    assert again.to_json() == graph.to_json()


@given(graphs(), joints)
def test_what_is_there_already_is_not_added_again(graph: Graph, joint: Joint) -> None:
    count = len(graph.nodes)
    assert graph.add(Node(graph.nodes[-1].joint, ())) == (count - 1, False)
    known = [node.joint for node in graph.nodes]
    number, new = graph.add(Node(joint, ()))
    assert new is (joint not in known)
    assert graph.nodes[number].joint == joint


def sample() -> Graph:
    nodes = [
        Node(state(), (), ("call client close",), expanded=True),
        Node(state("FIN-WAIT-1"), ("call client close",), end=True, wrong=("a socket is left",)),
    ]
    edges = [
        Edge(0, "call client close", 1, ("client ESTABLISHED → FIN-WAIT-1",)),
        Edge(0, "call server close", 1, ("server ESTABLISHED → LISTEN",), illegal="server x"),
        Edge(0, "call client connect", None, trouble="client failed"),
    ]
    return Graph(Terms("free"), nodes, edges, 3)


def test_each_transition_has_the_way_that_shows_it_first() -> None:
    assert sample().transitions() == {
        "client ESTABLISHED → FIN-WAIT-1": ["call client close"],
        "server ESTABLISHED → LISTEN": ["call server close"],
    }


def test_what_is_wrong_is_told_once_with_the_shortest_way() -> None:
    graph = sample()
    graph.nodes.append(replace_way(graph.nodes[1], ("call client close", "call client close")))
    assert list(graph.violations()) == [
        ("server x, which neither RFC 9293 nor Linux allows", ("call server close",)),
        ("a socket is left", ("call client close",)),
    ]


def replace_way(node: Node, way: tuple[str, ...]) -> Node:
    return replace(node, way=way)


def test_a_program_that_failed_is_no_violation() -> None:
    graph = sample()
    assert list(graph.failures()) == [("client failed", ("call client connect",))]
    assert not any("client failed" in what for what, _ in graph.violations())


def test_a_graph_is_complete_when_nothing_is_left_to_try() -> None:
    graph = sample()
    assert (graph.frontier, graph.complete) == ([1], False)
    graph.nodes[1].expanded = True
    assert graph.complete


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda value: value.pop("terms"), "no graph"),
        (lambda value: value["edges"].append({"source": 0, "move": "x", "target": 9}), "no graph"),
        (lambda value: value["nodes"].append(value["nodes"][0]), "two of its nodes are the same"),
        (lambda value: value.update(schema="socklab.record/1"), "its schema is"),
        (lambda value: value["nodes"][0].pop("joint"), "no graph"),
    ],
)
def test_what_is_no_graph_is_refused(change: object, told: str) -> None:
    value = json.loads(sample().to_json())
    change(value)  # type: ignore[operator]
    with pytest.raises(LabError, match=told):
        Graph.from_json(json.dumps(value))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null"])
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(LabError, match="no graph of joint states"):
        Graph.from_json(text)


def test_a_later_version_is_not_misread() -> None:
    with pytest.raises(ToolError, match="this release reads"):
        Graph.from_json(sample().to_json().replace("socklab.graph/1", "socklab.graph/2"))


def test_what_a_later_release_has_added_is_passed_over() -> None:
    value = json.loads(sample().to_json())
    value["terms"]["weather"] = "calm"
    value["nodes"][0]["color"] = "red"
    assert Graph.from_json(json.dumps(value)) == sample()


def test_ways_are_a_script() -> None:
    assert ways(["call client close", "carry client 3 FIN"]) == (
        "call client close\ncarry client 3 FIN\n"
    )
