"""The search, over kernels that are tables: shortest ways, pruning, limits, and being stopped."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings

from socklab.errors import LabError, MachineError, ToolError
from socklab.explore.probe import Found, Try
from socklab.explore.search import BATCH, Prober, Search
from socklab.joint.goal import Goal
from socklab.joint.graph import Graph, Terms
from socklab.lab import Lab
from socklab.steer.free import free_lab
from tests.joint_states import Kernel, kernels, places, walked

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")

DIAMOND = Kernel(
    {
        "start": {"call client a": "left", "call server a": "right"},
        "left": {"call server a": "both", "call client slow": "end"},
        "right": {"call client a": "both"},
        "both": {"call client b": "end"},
        "end": {},
    }
)
"""Two orders that lead to the same, and a shorter way round it."""

LOSSY = Kernel(
    {
        "start": {"carry client 1 SYN": "got", "drop client 1 SYN": "lost"},
        "got": {"carry server 1 ACK": "end", "drop server 1 ACK": "lost"},
        "lost": {},
        "end": {},
    },
    faults=frozenset({"drop client 1 SYN", "drop server 1 ACK"}),
)

LADDER = Kernel({f"p{n}": {"call client x": f"p{n + 1}"} for n in range(8)} | {"p8": {}}, "p0")


def search(
    kernel: Prober, terms: Terms | None = None, *, at_once: int = 1, goal: str = ""
) -> Graph:
    graph = Graph(terms or Terms("free"))
    looked_for = Goal.parse(goal) if goal else None
    return Search(free_lab(), graph, at_once=at_once, prober=kernel).run(looked_for)


def test_the_first_way_to_a_place_is_a_shortest() -> None:
    assert {place: len(way) for place, way in places(search(DIAMOND)).items()} == {
        "start": 0,
        "left": 1,
        "right": 1,
        "both": 2,
        "end": 2,
    }


def test_orders_that_lead_to_the_same_are_followed_once() -> None:
    graph = search(DIAMOND)
    assert len(graph.nodes) == 5
    assert len(graph.edges) == 6
    assert graph.runs == 1 + len(graph.edges)
    assert graph.complete


@settings(max_examples=15, deadline=None)
@given(kernels())
def test_all_places_are_found_each_at_its_distance(kernel: Kernel) -> None:
    graph = search(kernel)
    assert {place: len(way) for place, way in places(graph).items()} == dict(walked(kernel))
    assert len(graph.edges) == sum(len(kernel.table[place]) for place in places(graph))


@settings(max_examples=10, deadline=None)
@given(kernels())
def test_how_many_work_at_once_makes_no_difference(kernel: Kernel) -> None:
    assert search(kernel, at_once=3).to_json() == search(kernel).to_json()


@pytest.mark.parametrize("depth", [1, 3, 8, 9])
def test_no_way_is_longer_than_the_depth(depth: int) -> None:
    graph = search(LADDER, Terms("free", depth=depth))
    assert len(graph.nodes) == min(depth, 8) + 1
    assert graph.complete is (depth > 7)


def test_a_greater_depth_goes_on_where_a_smaller_one_ended() -> None:
    graph = search(LADDER, Terms("free", depth=3))
    graph.terms = replace(graph.terms, depth=40)
    again = Graph.from_json(graph.to_json())
    assert Search(free_lab(), again, at_once=1, prober=LADDER).run().to_json() == (
        search(LADDER).to_json()
    )


def test_faults_end_where_their_number_does() -> None:
    none = search(LOSSY, Terms("free"))
    one = search(LOSSY, Terms("free", faults=("drop",), most_faults=1))
    assert {node.joint.faults for node in none.nodes} == {0}
    assert [(node.joint.wire[0], node.joint.faults) for node in one.nodes] == [
        ("start", 0),
        ("got", 0),
        ("lost", 1),
        ("end", 0),
    ]


def test_a_goal_ends_the_search_at_its_level() -> None:
    class Seen(Kernel):
        def probe(self, terms: Terms, tried: Try) -> Found:
            found = super().probe(terms, tried)
            joint = found.joint
            assert joint is not None
            wire = ("client FIN seq=1",) if joint.wire == ("p3",) else (f"client {joint.wire[0]}",)
            return replace(found, joint=replace(joint, wire=wire))

    graph = search(Seen(LADDER.table, "p0"), goal="wire=FIN")
    node = next(graph.reached(Goal.parse("wire=FIN")))
    assert len(node.way) == 3
    assert len(graph.nodes) == 4
    assert not graph.complete


def test_a_goal_that_names_nobody_is_told_before_anything_is_followed() -> None:
    with pytest.raises(LabError, match="did you mean client"):
        search(DIAMOND, goal="clint=CLOSED")


def test_a_program_that_fails_ends_its_way_alone() -> None:
    kernel = replace(DIAMOND, fails=frozenset({"call client slow"}))
    graph = search(kernel)
    assert [(what, len(way)) for what, way in graph.failures()] == [
        ("call client slow made the client fail", 2)
    ]
    assert list(graph.violations()) == []
    assert len(places(graph)["end"]) == 3


def test_what_is_wrong_at_an_end_is_a_violation_with_its_way() -> None:
    kernel = replace(DIAMOND, wrong={"end": ("it is wrong",), "both": ("never told: no end",)})
    assert list(search(kernel).violations()) == [
        ("it is wrong", ("call client a", "call client slow"))
    ]


def test_a_change_that_tcp_does_not_have_is_a_violation() -> None:
    class Broken(Kernel):
        def probe(self, terms: Terms, tried: Try) -> Found:
            found = super().probe(terms, tried)
            joint = found.joint
            assert joint is not None
            name = "LISTEN" if joint.wire == ("p2",) else "ESTABLISHED"
            (client,) = joint.sockets["client"]
            sockets = {**joint.sockets, "client": (replace(client, state=name),)}
            return replace(found, joint=replace(joint, sockets=sockets))

    told = list(search(Broken(LADDER.table, "p0")).violations())
    assert [(what.partition(",")[0], len(way)) for what, way in told] == [
        ("client ESTABLISHED → LISTEN", 2),
        ("client LISTEN → ESTABLISHED", 3),
    ]


# --- Being stopped ---


class Stopping(Kernel):
    """Tells the search to stop once so many tries are made; what is under way is lost."""

    def __call__(
        self, lab: Lab, terms: Terms, tries: Sequence[Try], link: str, stop_on: Sequence[int]
    ) -> list[Found]:
        found = super().__call__(lab, terms, tries, link, stop_on)
        if any(each.tried.move == "call client x" and len(each.tried.way) == 4 for each in found):
            os.kill(os.getppid(), signal.SIGUSR1)
            return found[: len(found) // 2]
        return found


WIDE = Kernel(
    {
        "p0": {f"call client {n}": f"q{n}" for n in range(40)},
        **{f"q{n}": {"call client x": f"r{n % 7}"} for n in range(40)},
        **{f"r{n}": {"call client y": "end"} for n in range(7)},
        "end": {},
    },
    "p0",
)


def test_a_search_that_was_stopped_and_resumed_gives_the_same_byte_for_byte() -> None:
    graph = Graph(Terms("free"))
    stopped = Search(
        free_lab(), graph, at_once=1, stop_on=[signal.SIGUSR1], prober=Stopping(LADDER.table, "p0")
    )
    stopped.run()
    assert stopped.stopped_by == signal.SIGUSR1
    assert 1 < len(graph.nodes) < 9
    again = Graph.from_json(graph.to_json())
    Search(free_lab(), again, at_once=2, prober=LADDER).run()
    assert again.to_json() == search(LADDER).to_json()


@pytest.mark.parametrize("kept", [1, 5, 26, 41, 60])
def test_a_level_of_which_only_a_part_was_made_is_resumed(kept: int) -> None:
    """As a stopped search leaves it: the tries of so many nodes, in their order."""
    whole = search(WIDE)
    part = Graph(whole.terms)
    search_of_part = Search(free_lab(), part, at_once=1, prober=WIDE)
    search_of_part._begin()
    for _ in range(kept):
        if level := search_of_part._level():
            search_of_part._follow(level[:1])
    again = Graph.from_json(part.to_json())
    Search(free_lab(), again, at_once=1, prober=WIDE).run()
    assert again.to_json() == whole.to_json()


def test_more_tries_than_a_batch_are_all_made() -> None:
    assert len(WIDE.table["p0"]) > BATCH
    assert len(search(WIDE).nodes) == 1 + 40 + 7 + 1


# --- What is in the way ---


def refusing(error: Exception) -> Prober:
    def probe(
        lab: Lab, terms: Terms, tries: Sequence[Try], link: str, stop_on: Sequence[int]
    ) -> list[Found]:
        if tries[0].move is None:
            return DIAMOND(lab, terms, tries, link, stop_on)
        raise error

    return probe


@pytest.mark.parametrize("error", [MachineError("no TUN device"), LabError("no such move")])
def test_what_a_process_refuses_is_refused_here(error: Exception) -> None:
    with pytest.raises(type(error), match=str(error)):
        search(refusing(error))


def test_a_process_that_crashes_is_told_with_its_last_words() -> None:
    with pytest.raises(ToolError, match="ZeroDivisionError: by zero"):
        search(refusing(ZeroDivisionError("by zero")))


def test_a_start_that_ends_the_run_is_told() -> None:
    def failing(
        lab: Lab, terms: Terms, tries: Sequence[Try], link: str, stop_on: Sequence[int]
    ) -> list[Found]:
        return [Found(each, None, trouble="the client failed") for each in tries]

    with pytest.raises(LabError, match="the start can't be made: the client failed"):
        search(failing)


def test_a_watch_is_told_of_each_level_and_its_tries() -> None:
    told: list[tuple[int, int, int]] = []
    graph = Graph(Terms("free"))
    Search(
        free_lab(),
        graph,
        at_once=1,
        prober=LADDER,
        watch=lambda *each: told.append(each),
    ).run()
    assert [(level, done) for level, _, done in told if level < 3] == [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
        (2, 0),
        (2, 1),
    ]
