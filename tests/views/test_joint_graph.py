"""What is told and drawn of a graph of joint states: text, DOT, a picture, a page."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings, strategies as st

from socklab.joint.goal import Goal
from socklab.joint.graph import Edge, Graph, Node, Terms
from socklab.joint.walk import Walk
from socklab.views.joint_graph.dot import dot
from socklab.views.joint_graph.drawn import FEW, Drawing, Kind, drawn, in_short
from socklab.views.joint_graph.goal import goal_text
from socklab.views.joint_graph.layout import Size, levels, place
from socklab.views.joint_graph.page import page
from socklab.views.joint_graph.svg import svg
from socklab.views.joint_graph.text import Paper, explored_text, told
from socklab.views.joint_graph.walks import walked_text
from tests.joint_states import GRAPHS, state
from tests.views.test_player import MARKUP

WRITE = bool(os.environ.get("SOCKLAB_WRITE_DOCS"))

SVG = "{http://www.w3.org/2000/svg}"

PICTURES = ("close", "closing", "connect")


def kept(name: str) -> Graph:
    return Graph.from_json((GRAPHS / f"{name}.json").read_text(encoding="utf-8"))


def script(way: object) -> list[str]:
    return ["# socklab play", *way]  # type: ignore[misc]


def text(graph: Graph, **more: object) -> str:
    return explored_text(graph, script, paper=Paper(), **more)  # type: ignore[arg-type]


def hostile(words: str) -> Graph:
    """A graph in which everything that a run may say is this."""
    joint = state(wire=[f"client FIN {words}"], made={"client": [f"send({words}) = 4"]})
    nodes = [
        Node(state(), (), ("call client close",), expanded=True),
        Node(joint, ("call client close",), end=True, wrong=(words,)),
    ]
    edges = [
        Edge(0, "call client close", 1, (f"client {words}",), illegal=words),
        Edge(0, "call client send", None, trouble=words),
    ]
    return Graph(Terms(words), nodes, edges, 3)


# --- Text ---


def test_text_tells_the_states_the_ends_the_changes_and_the_sums() -> None:
    shown = text(kept("close"), took_s=0.5)
    assert "Free play after 7 moves; calls: close, each once at most; no faults." in shown
    assert "\n    4       1  CLOSING (no owner)     CLOSING (no owner)     client ACK,\n" in shown
    assert "\n  client TIME-WAIT, server TIME-WAIT\n      call server close;" in shown
    assert "\n  client FIN-WAIT-1 → CLOSING\n" in shown
    assert shown.endswith("22 joint states, 26 moves between them, 27 runs, 54 runs/s: complete.\n")


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("name", ["close", "connect-two-faults"])
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    shown = explored_text(kept(name), script, paper=Paper(max(width, 80)), verbose=True)
    assert max(map(len, shown.splitlines())) <= max(width, 80)


def test_every_joint_state_has_its_way_if_that_is_asked_for() -> None:
    graph = kept("close")
    shown = " ".join(text(graph, verbose=True).split())
    for node in graph.nodes[1:]:
        assert "; ".join(node.way) in shown


def test_a_violation_stands_first_with_a_script() -> None:
    graph = hostile("bad")
    first = text(graph).splitlines()
    assert first[0] == "VIOLATION: bad, which neither RFC 9293 nor Linux allows."
    assert first[2:4] == ["  # socklab play", "  call client close"]
    assert text(graph).endswith("see above.\n")


def test_a_search_that_has_not_ended_says_what_was_left() -> None:
    graph = kept("close")
    graph.nodes[-1].expanded = False
    assert "it was stopped, and 1 joint state not followed" in " ".join(text(graph).split())
    graph.terms = replace(graph.terms, depth=6)
    assert "depth 6 was exhausted, and 1 joint state not followed" in " ".join(text(graph).split())


def test_ascii_is_enough() -> None:
    shown = explored_text(kept("connect"), script, paper=Paper(ascii_only=True), verbose=True)
    assert shown.isascii()


def test_text_of_a_run_can_not_colour_the_screen() -> None:
    assert "\x1b" not in text(hostile("\x1b[31mred\u202e"), verbose=True)


def test_terms_are_told_in_words() -> None:
    terms = Terms("half-close", faults=("drop", "reorder"), most_faults=2, timers_s=1.5, ipv6=True)
    assert told(terms) == (
        "half-close; calls: all; at most 2 faults (drop, reorder), timers of 1.5 s at most, IPv6."
    )


# --- Goals ---


def goal(name: str, graph: Graph | None = None, **more: bool) -> str:
    graph = kept("close") if graph is None else graph
    return " ".join(goal_text(graph, Goal.parse(name), script, paper=Paper(), **more).split())


def test_a_goal_is_told_with_the_shortest_way() -> None:
    assert goal("client=CLOSING,server=CLOSING") == (
        "4 moves after the start lead to client=CLOSING,server=CLOSING; there is no shorter way. "
        "# socklab play call server close call client close carry client 3 FIN carry server 2 FIN"
    )


def test_why_a_goal_was_not_reached_is_told() -> None:
    assert "all 22 joint states were tried, so it can't be." in goal("client=LISTEN")
    graph = kept("close")
    graph.nodes[-1].expanded = False
    assert "depth 40 was exhausted without it." in goal("client=LISTEN", graph)
    assert "the search was stopped." in goal("client=LISTEN", graph, stopped=True)


# --- Walks ---


def test_walks_are_told_with_the_command_that_repeats_a_finding() -> None:
    end = state("CLOSED", "TIME-WAIT")
    walks = [
        Walk(1, ("call client close",), ("client ESTABLISHED → FIN-WAIT-1",), end, True),
        Walk(2, ("call client send",), (), end, True, wrong=("4 bytes were lost",)),
        Walk(3, ("call client send",), (), end, True, wrong=("4 bytes were lost",)),
        Walk(4, ("call client recv",), (), None, trouble="client failed"),
    ]
    shown = walked_text(walks, lambda seed: f"again {seed}", paper=Paper(), took_s=2.0)
    lines = shown.splitlines()
    assert lines[:4] == [
        "VIOLATION: 4 bytes were lost.",
        "  again 2",
        "      call client send",
        "      also seed 3",
    ]
    assert "A program failed: client failed" in lines
    assert "      3  client CLOSED, server TIME-WAIT" in lines
    assert (
        " ".join(lines[-2:])
        .lstrip()
        .startswith("4 walks of 4 moves, 2 walks/s; 1 of the 21 arrows")
    )


# --- What is drawn ---


def test_few_joint_states_have_a_box_each_and_many_are_joined() -> None:
    assert not drawn(kept("close")).pairs
    assert len(kept("closing").nodes) > FEW
    joined = drawn(kept("closing"))
    assert joined.pairs
    assert sum(box.count for box in joined.boxes) == len(kept("closing").nodes)


def test_a_pair_of_states_has_one_box() -> None:
    boxes = drawn(kept("closing"), "pairs").boxes
    assert len({box.ends for box in boxes}) == len(boxes)


def test_shutdown_leads_to_the_same_pairs_of_states_as_close() -> None:
    """One closes with it as with close(), as far as TCP's states go."""
    one = {box.ends for box in drawn(kept("close"), "pairs").boxes}
    assert one == {box.ends for box in drawn(kept("closing"), "pairs").boxes}


def test_arrows_of_faults_are_told_from_others() -> None:
    kinds = {arrow.moves[0]: arrow.kind for arrow in drawn(kept("connect")).arrows}
    assert kinds["client's SYN lost"] is Kind.FAULT
    assert kinds["client's SYN twice"] is Kind.FAULT
    assert kinds["client's SYN"] is Kind.PLAIN


@pytest.mark.parametrize(
    ("move", "short"),
    [
        ("call client close", "client close()"),
        ("call client shutdown(SHUT_WR)", "client shutdown(WR)"),
        ("carry server 2 SYN+ACK copy", "server's SYN+ACK copy"),
        ("drop client 3 FIN", "client's FIN lost"),
        ("duplicate client 3 FIN", "client's FIN twice"),
        ("wait server on", "server's timer (on)"),
    ],
)
def test_a_move_is_short_on_an_arrow(move: str, short: str) -> None:
    assert in_short(move) == short


def drawings() -> list[Drawing]:
    whole = [drawn(kept(name)) for name in PICTURES]
    return [*whole, drawn(kept("connect-two-faults"), "joint"), drawn(hostile("<b>&\"'\x1b"))]


@pytest.mark.parametrize("drawing", drawings(), ids=lambda each: each.title[:24])
def test_a_picture_has_every_box_and_every_arrow(drawing: Drawing) -> None:
    root = ET.fromstring(svg(drawing))
    groups = [
        group.get("class", "").split()[0] for group in root.iter(f"{SVG}g") if group.get("class")
    ]
    assert groups.count("box") == len(drawing.boxes)
    assert groups.count("arrow") == len(drawing.arrows)
    ends = [group for group in root.iter(f"{SVG}g") if "end" in group.get("class", "").split()]
    assert len(ends) == sum(box.end for box in drawing.boxes)


@pytest.mark.parametrize("drawing", drawings(), ids=lambda each: each.title[:24])
def test_no_box_stands_on_another_or_beyond_the_edge(drawing: Drawing) -> None:
    root = ET.fromstring(svg(drawing))
    width = float(root.get("width", "0"))
    boxes = [
        tuple(float(rect.get(name, "0")) for name in ("x", "y", "width", "height"))
        for group in root.iter(f"{SVG}g")
        if "box" in group.get("class", "").split()
        for rect in group.findall(f"{SVG}rect")[:1]
    ]
    for number, (x, y, w, h) in enumerate(boxes):
        assert x >= -0.1
        assert x + w <= width
        for a, b, c, d in boxes[:number]:
            assert x + w <= a or a + c <= x or y + h <= b or b + d <= y


@pytest.mark.parametrize("name", PICTURES)
def test_the_committed_picture_is_what_is_drawn(name: str) -> None:
    file = GRAPHS / f"{name}.svg"
    picture = svg(drawn(kept(name)))
    if WRITE:
        file.write_text(picture, encoding="utf-8")
    else:
        assert file.read_text(encoding="utf-8") == picture


@pytest.mark.parametrize("drawing", drawings(), ids=lambda each: each.title[:24])
def test_graphviz_takes_what_is_written_for_it(drawing: Drawing) -> None:
    written = dot(drawing)
    assert written.count(" -> ") >= len(drawing.arrows)
    if shutil.which("dot") is None:
        pytest.skip("there is no Graphviz")
    done = subprocess.run(
        ["dot", "-Tplain"], check=True, input=written.encode(), capture_output=True
    )
    lines = done.stdout.decode().splitlines()
    assert sum(line.startswith("node ") for line in lines) == len(drawing.boxes)
    assert sum(line.startswith("edge ") for line in lines) == len(drawing.arrows)


# --- Where it stands ---


def test_a_box_stands_below_all_that_lead_to_it() -> None:
    assert levels(4, [(0, 1), (0, 3), (1, 2), (2, 3)]) == [0, 1, 2, 3]


def test_arrows_that_go_round_in_circles_end_somewhere() -> None:
    assert levels(3, [(0, 1), (1, 2), (2, 1), (2, 2)]) == [0, 1, 2]


@settings(deadline=None)
@given(st.integers(1, 12), st.data())
def test_any_graph_has_a_place_for_everything(count: int, data: st.DataObject) -> None:
    numbers = st.integers(0, count - 1)
    arrows = data.draw(st.lists(st.tuples(numbers, numbers), max_size=20))
    ranks = levels(count, arrows)
    size = Size([50.0] * count, [30.0] * count, 20.0, 40.0, 10.0)
    layout = place(ranks, arrows, size)
    assert len(layout.boxes) == count
    for (x, y), rank in zip(layout.boxes, ranks, strict=True):
        assert -0.01 <= x - 25 <= x + 25 <= layout.width + 0.01
        assert y == 15 + rank * 70
    for number, (source, target) in enumerate(arrows):
        assert len(layout.bends[number]) == max(0, ranks[target] - ranks[source] - 1)


# --- The page ---


@pytest.mark.parametrize("name", ["close", "closing"])
def test_a_page_has_all_its_data_and_asks_for_nothing(name: str) -> None:
    made = page(kept(name))
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', made)
    assert found is not None
    data = json.loads(found[1])
    assert len(data["nodes"]) == len(kept(name).nodes)
    assert sum(len(node["edges"]) for node in data["nodes"]) == len(kept(name).edges)
    assert [node["before"] for node in data["nodes"]].count(None) == 1
    assert not re.search(r'(src|href)="(?!#)', made)


class Outline(HTMLParser):
    """The elements of a page, each with the names of its attributes."""

    def __init__(self, made: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(made)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


@pytest.mark.parametrize("words", MARKUP)
def test_text_of_a_run_is_never_markup(words: str) -> None:
    assert Outline(page(hostile(words))).found == Outline(page(hostile("harmless"))).found
