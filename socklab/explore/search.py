"""The search: breadth first over joint states, so the first way to one is a shortest.

A level is what so many moves lead to. All that may follow from it is tried side by side, each on
a fresh bench, and put together in one order: that of the level and of the moves. So what a search
finds does not hang on which process was done first, nor on having been interrupted and resumed.
"""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial

from socklab.crew import Crew
from socklab.errors import LabError, SocklabError, ToolError
from socklab.explore.probe import Found, Try, probe_all
from socklab.joint.changes import between
from socklab.joint.goal import Goal
from socklab.joint.graph import Edge, Graph, Node, Terms
from socklab.lab import Lab
from socklab.worker import End, Job, Result

PATIENCE_S = 300.0
"""A watchdog for a batch of tries, in seconds; a try takes some hundredths of one."""

BATCH = 25
"""How many tries a process makes before it is put away: to fork takes as long as one of them."""

SLEEPERS = 16
"""How many processes wait for timers at the same time."""

Prober = Callable[[Lab, Terms, Sequence[Try], str, Sequence[int]], list[Found]]
"""Makes tries one after another; as `probe_all`."""

Watch = Callable[[int, int, int], object]
"""Is told how far a search is: the level's number, its tries, and how many of them are done."""


class Search:
    """Looks for all joint states that a lab's programs can come to.

    Args:
        lab: whose programs, hosts and weather there are.
        graph: what is known already; one with its terms only, to begin with.
        at_once: how many processes work at the same time.
        link: "tun", "veth" or "auto".
        stop_on: signals that stop it; `stopped_by` has the one that did.
        watch: is told how far it is.
        prober: makes tries, in a process of its own each time.
    """

    def __init__(
        self,
        lab: Lab,
        graph: Graph,
        *,
        at_once: int,
        link: str = "auto",
        stop_on: Sequence[int] = (),
        watch: Watch | None = None,
        prober: Prober = probe_all,
    ) -> None:
        self.graph = graph
        self.stopped_by: int | None = None
        self._prober = prober
        self._lab = lab
        self._at_once = at_once
        self._link = link
        # Who was started with `nohup`, or in the background of a script, is to go on.
        self._stop_on = [each for each in stop_on if signal.getsignal(each) is not signal.SIG_IGN]
        self._watch = watch or (lambda *_: None)

    def run(self, goal: Goal | None = None) -> Graph:
        """Search until there is nothing left to try, or the terms' depth or the goal is reached.

        Raises:
            LabError: the start can't be made, or the goal names what is not there.
            MachineError: this machine can't run it, with the cure.
            ToolError: a process of the search crashed or hung.
        """
        with self._hearing():
            if not self.graph.nodes:
                self._begin()
            while self.stopped_by is None and not self._is_reached(goal):
                level = self._level()
                if not level:
                    break
                self._follow(level)
        return self.graph

    @contextmanager
    def _hearing(self) -> Iterator[None]:
        """For the length of the block a signal ends the search, and not what is being written."""

        def hear(signum: int, _: object) -> None:
            self.stopped_by = self.stopped_by or signum

        before = {signum: signal.signal(signum, hear) for signum in self._stop_on}
        try:
            yield
        finally:
            for signum, handler in before.items():
                signal.signal(signum, handler)

    def _follow(self, level: Sequence[int]) -> None:
        """Try all that may follow from these nodes, and put it into the graph."""
        tries = [each for number in level for each in self._tries(number)]
        depth = len(self.graph.nodes[level[0]].way) + 1
        found = {(each.tried.source, each.tried.move): each for each in self._make(tries, depth)}
        for number in level:
            if not self._expand(number, found):
                break

    def _is_reached(self, goal: Goal | None) -> bool:
        return goal is not None and next(self.graph.reached(goal), None) is not None

    def _begin(self) -> None:
        for found in self._make([Try(-1, (), None, 0)], 0):
            if found.joint is None:
                raise LabError(f"the start can't be made: {found.trouble or found.illegal}")
            self.graph.runs += 1
            self.graph.add(_node((), found))

    def _level(self) -> list[int]:
        """The nodes from which the next moves are tried: all that are as near as the nearest."""
        nodes, frontier = self.graph.nodes, self.graph.frontier
        if not frontier:
            return []
        depth = len(nodes[frontier[0]].way)
        if depth >= self.graph.terms.depth:
            return []
        return [number for number in frontier if len(nodes[number].way) == depth]

    def _tries(self, number: int) -> Iterator[Try]:
        node = self.graph.nodes[number]
        for move in node.next:
            faults = node.joint.faults + (move in node.faults)
            yield Try(number, node.way, move, faults)

    def _expand(self, number: int, found: dict[tuple[int, str | None], Found]) -> bool:
        """Put what followed from a node into the graph; whether all of it was tried."""
        graph, node = self.graph, self.graph.nodes[number]
        if any((number, move) not in found for move in node.next):
            return False
        for move in node.next:
            each = found[number, move]
            if each.joint is None:
                edge = Edge(number, move, None, trouble=each.trouble, illegal=each.illegal)
            else:
                changes = between(node.joint, each.joint)
                target, _ = graph.add(_node((*node.way, move), each))
                illegal = "; ".join(str(change) for change in changes if not change.legal)
                edge = Edge(number, move, target, tuple(map(str, changes)), illegal=illegal)
            graph.edges.append(edge)
            graph.runs += 1
        node.expanded = True
        return True

    def _make(self, tries: Sequence[Try], depth: int) -> list[Found]:
        """What came of these tries; of all of them, unless it was stopped."""
        if self.stopped_by is not None:
            return []
        jobs = list(self._jobs(tries, depth))
        crew = Crew(jobs, self._at_once, stop_on=self._stop_on)
        made: list[Found] = []
        self._watch(depth, len(tries), 0)
        with closing(crew.results()) as results:
            for result in results:
                if result is not None:
                    made += _found(result)
                    self._watch(depth, len(tries), len(made))
        self.stopped_by = crew.stopped_by or self.stopped_by
        return made

    def _jobs(self, tries: Sequence[Try], depth: int) -> Iterator[Job[list[Found] | SocklabError]]:
        awake = [each for each in tries if not each.waits]
        waiting = [each for each in tries if each.waits]
        # So many that no process is idle while another one has a whole batch to make.
        size = max(1, min(BATCH, -(-len(awake) // (4 * self._at_once))))
        batches = [(awake[at : at + size], False) for at in range(0, len(awake), size)]
        batches += [(waiting[at::SLEEPERS], True) for at in range(min(SLEEPERS, len(waiting)))]
        for number, (batch, sleeps) in enumerate(batches):
            work = partial(self._work, batch)
            yield Job(f"level {depth}, batch {number}", work, PATIENCE_S, sleeps=sleeps)

    def _work(self, tries: Sequence[Try]) -> list[Found] | SocklabError:
        """What a process does; what is in its way comes back as well."""
        # It ends before there is much to collect, and to look for it takes a twentieth of its time.
        gc.disable()
        try:
            return self._prober(self._lab, self.graph.terms, tries, self._link, self._stop_on)
        except SocklabError as refused:
            return type(refused)(str(refused))


def _found(result: Result[list[Found] | SocklabError]) -> list[Found]:
    value = result.value
    if isinstance(value, SocklabError):
        raise value
    if value is not None:
        return value
    if result.end is End.STOPPED:
        return []
    last = (result.printed.strip().splitlines() or ["without a word"])[-1]
    raise ToolError(f"a process of the search {result.how}: {last}")


def _node(way: tuple[str, ...], found: Found) -> Node:
    assert found.joint is not None
    # Where nothing may follow, there is nothing left to try.
    return Node(found.joint, way, found.next, found.faults, not found.next, found.end, found.wrong)
