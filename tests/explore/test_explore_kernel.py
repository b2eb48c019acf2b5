"""The real kernel, explored: the same from run to run, on both links, and as committed.

After a change that is meant, SOCKLAB_WRITE_DOCS=1 writes the graphs anew; read the diff.
"""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from socklab.explore.begin import established, moves_of
from socklab.explore.search import Search
from socklab.explore.walk import Walks
from socklab.joint.goal import Goal
from socklab.joint.graph import Graph, Terms
from socklab.joint.walk import Walk
from socklab.lab import load
from socklab.link import LinkKind
from socklab.packs import find
from socklab.steer.free import free_lab, start
from tests.joint_states import GRAPHS
from tests.stand import must_have

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning"),
]

WRITE = bool(os.environ.get("SOCKLAB_WRITE_DOCS"))

CLOSE = Terms("free", start("established"), ("close",), 1)


def explore(terms: Terms, *, link: str = "auto", goal: str = "", at_once: int = 2) -> Graph:
    looked_for = Goal.parse(goal) if goal else None
    return Search(free_lab(), Graph(terms), at_once=at_once, link=link).run(looked_for)


def committed(name: str) -> Graph:
    return Graph.from_json((GRAPHS / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", sorted(GRAPHS.glob("*.json")), ids=lambda file: file.stem)
def test_the_graph_is_the_committed_one(file: Path) -> None:
    graph = explore(committed(file.name).terms)
    if WRITE:
        file.write_text(graph.to_json(), encoding="utf-8")
    else:
        assert graph.to_json() == file.read_text(encoding="utf-8")
    assert graph.complete
    assert not list(graph.violations())
    assert not list(graph.failures())


@pytest.mark.parametrize("link", ["tun", "veth"])
@pytest.mark.parametrize("at_once", [1, 3])
def test_close_in_all_orders_is_the_same_on_every_link(link: str, at_once: int) -> None:
    must_have(LinkKind(link))
    graph = explore(CLOSE, link=link, at_once=at_once)
    assert graph.to_json() == committed("close.json").to_json()


def test_close_in_all_orders_is_the_same_over_ipv6() -> None:
    graph = explore(replace(CLOSE, ipv6=True))
    graph.terms = CLOSE
    assert graph.to_json() == committed("close.json").to_json()


def test_closing_ends_in_three_ways() -> None:
    ends = {node.joint.headline for node in committed("closing.json").nodes if node.end}
    assert ends == {
        "client CLOSED, server TIME-WAIT",
        "client TIME-WAIT, server LISTEN",
        "client TIME-WAIT, server TIME-WAIT",
    }


def test_a_lost_syn_is_sent_again_by_its_timer() -> None:
    again = ("call client connect", "drop client 1 SYN", "wait client on")
    (node,) = (node for node in committed("connect.json").nodes if node.way == again)
    assert node.joint.wire == ("client SYN seq=0 copy",)


def test_a_goal_is_reached_by_a_shortest_way() -> None:
    graph = explore(CLOSE, goal="client=CLOSING,server=CLOSING")
    node = next(graph.reached(Goal.parse("client=CLOSING,server=CLOSING")))
    assert len(node.way) == 4
    assert not graph.complete


def test_a_stopped_search_goes_on_as_if_it_had_not_been() -> None:
    graph = Graph(CLOSE)

    def stop(depth: int, tries: int, done: int) -> None:
        if depth == 3 and done == 0:
            signal.raise_signal(signal.SIGUSR1)

    first = Search(free_lab(), graph, at_once=2, stop_on=[signal.SIGUSR1], watch=stop)
    first.run()
    assert first.stopped_by == signal.SIGUSR1
    assert graph.frontier
    again = Graph.from_json(graph.to_json())
    Search(free_lab(), again, at_once=2).run()
    assert again.to_json() == committed("close.json").to_json()


def test_a_lab_s_programs_are_explored_and_one_that_fails_is_told() -> None:
    lab = load(find("half-close"))
    graph = Search(lab, Graph(Terms(lab.name)), at_once=2).run()
    assert graph.complete
    assert not list(graph.violations())
    (failure,) = graph.failures()
    assert failure[0].startswith("client failed: ConnectionRefusedError")
    assert failure[1][0] == "call client connect"


def test_a_lab_can_begin_where_its_connection_is_open() -> None:
    lab = load(find("half-close"))
    moves, stopped = moves_of(lab, [established(lab)])
    assert stopped is None
    assert moves[-1].startswith("carry client ")
    graph = Search(lab, Graph(Terms(lab.name, moves, depth=1)), at_once=2).run()
    assert graph.nodes[0].joint.states["client"] == "ESTABLISHED"
    assert not list(graph.failures())


def test_a_lab_that_shortens_its_timers_is_explored_without_any() -> None:
    """Its weather sends again within milliseconds whatever is held, over and over."""
    lab = load(find("forgotten-close"))
    moves, _ = moves_of(lab, [established(lab)])
    graph = Search(lab, Graph(Terms(lab.name, moves, depth=4)), at_once=2).run()
    flights = [segment for node in graph.nodes for segment in node.joint.wire]
    assert flights
    assert not any(segment.endswith(" copy") for segment in flights)


# --- Random walks ---

CALLS = ("close", "shutdown(SHUT_WR)", "send", "recv")


def walk(seeds: range, terms: Terms, *, at_once: int = 2) -> list[Walk]:
    return list(Walks(free_lab(), terms, seeds, at_once=at_once).run())


def test_a_seed_gives_the_same_moves_and_the_same_end() -> None:
    terms = replace(CLOSE, calls=CALLS)
    one = walk(range(10, 16), terms)
    assert [each.seed for each in one] == list(range(10, 16))
    assert one == walk(range(10, 16), terms, at_once=3)
    assert walk(range(13, 14), terms) == [one[3]]
    assert len({each.moves for each in one}) > 1


@pytest.mark.parametrize("name", ["closing", "connect-two-faults"])
def test_every_walk_stays_in_the_graph_that_a_search_found(name: str) -> None:
    """So what a search does not follow, since it has been there, leads nowhere new."""
    graph = committed(f"{name}.json")
    known = {node.joint: node for node in graph.nodes}
    for each in walk(range(1, 13), graph.terms):
        assert each.ended
        assert each.end is not None
        assert known[each.end].end
        assert set(each.changes) <= graph.transitions().keys()
        assert not list(each.findings)


def test_a_finding_is_there_again_with_its_seed() -> None:
    terms = replace(CLOSE, calls=("send", "close"))
    found = [each for each in walk(range(1, 25), terms) if any(each.findings)]
    assert found
    (again,) = walk(range(found[0].seed, found[0].seed + 1), terms)
    assert again == found[0]
    assert "bytes that" in next(again.findings)
