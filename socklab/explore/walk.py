"""Random walks: moves drawn by lot, until nothing may follow; each walk again from its seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial

import trio

from socklab.crew import Crew
from socklab.errors import ExperimentError, LabError, SocklabError, ToolError
from socklab.explore.choices import choices, unsettled
from socklab.explore.probe import ATTEMPTS, BUSY, SHORTEST_TIMER_S, errors, hearing, unhurried
from socklab.joint.changes import between
from socklab.joint.graph import Terms
from socklab.joint.invariants import wrong_at_end
from socklab.joint.state import Joint, joint
from socklab.joint.walk import Walk
from socklab.lab import Lab
from socklab.look import ImpossibleTransition
from socklab.mover import MoveRefused
from socklab.moves import Move
from socklab.steer.pilot import Pilot, steer
from socklab.tcp import State
from socklab.worker import End, Job

PATIENCE_S = 300.0
"""A watchdog for a batch of walks, in seconds; a walk takes some tenths of one."""

BATCH = 5
"""How many walks a process makes before it is put away."""

OPENING = frozenset({str(State.SYN_SENT), str(State.SYN_RECEIVED)})
"""States whose timer the kernel starts with a second, whatever its settings say."""


async def walk(lab: Lab, terms: Terms, seed: int, link: str) -> Walk:
    """Make one walk: both hosts are looked at after each move, and all is checked.

    Raises:
        LabError: the start can't be made.
        ToolError: the machine is too busy for it, time and again.
    """
    lab = unhurried(lab, terms)
    for disturbed in range(ATTEMPTS):
        async with steer(lab, link=link, ipv6=terms.ipv6) as pilot:
            try:
                await pilot.repeat([Move.parse(text) for text in terms.start])
            except ExperimentError as refused:
                raise LabError(f"the start can't be made: {refused}") from refused
            made = await _Walker(pilot, terms, seed).go(disturbed)
        if made is not None:
            return made
    raise ToolError(BUSY)


class _Walker:
    """Draws the moves of one run."""

    def __init__(self, pilot: Pilot, terms: Terms, seed: int) -> None:
        self._pilot = pilot
        self._terms = terms
        self._seed = seed
        self._lots = random.Random(seed)
        self._moves: list[str] = []
        self._changes: list[str] = []
        self._illegal: list[str] = []
        self._faults = 0
        self._opening_since: float | None = None

    async def go(self, disturbed: int) -> Walk | None:
        """Walk; None if a timer of the kernel's may have had a hand in it."""
        here, trouble, ended = self._here(), "", False
        while len(self._moves) < self._terms.depth:
            following = choices(self._pilot.position(), self._terms, self._faults)
            # As in a search: where only a fault may follow, all that had to come has come.
            if ended := all(each.fault for each in following):
                break
            drawn = self._lots.choice(following)
            self._moves.append(str(drawn.move))
            self._faults += drawn.fault
            try:
                await self._pilot.make(drawn.move)
            except MoveRefused as refused:
                if self._is_late():
                    return None
                raise LabError(f"a choice could not be made: {refused}") from refused
            except ImpossibleTransition as seen:
                self._illegal.append(str(seen))
                break
            except ExperimentError as failed:
                trouble = str(failed)
                break
            if self._is_late(waited=drawn.waits):
                return None
            if drawn.waits and unsettled(self._pilot.position()):
                return None
            there = self._here()
            for change in between(here, there):
                self._changes.append(str(change))
                if not change.legal:
                    self._illegal.append(str(change))
            here = there
        return self._told(trouble, disturbed, ended=ended)

    def _told(self, trouble: str, disturbed: int, *, ended: bool) -> Walk:
        end: Joint | None = None
        wrong: tuple[str, ...] = ()
        if not trouble and not self._illegal:
            end = self._here(errors(self._pilot) if ended else {})
            wrong = tuple(wrong_at_end(end, faults=self._faults > 0)) if ended else ()
        return Walk(
            self._seed,
            tuple(self._moves),
            tuple(self._changes),
            end,
            ended,
            wrong,
            tuple(self._illegal),
            trouble,
            disturbed,
        )

    def _here(self, told: dict[str, str] | None = None) -> Joint:
        faults = self._faults if self._terms.faults else 0
        return joint(self._pilot.position(), faults=faults, errors=told or {})

    def _is_late(self, *, waited: bool = False) -> bool:
        """Whether a connection has been opening for so long that its timer may have fired."""
        now = trio.current_time()
        late = (
            not waited
            and self._opening_since is not None
            and now - self._opening_since > SHORTEST_TIMER_S
        )
        states = {socket.state for each in self._here().sockets.values() for socket in each}
        if not states & OPENING:
            self._opening_since = None
        elif self._opening_since is None or waited:
            self._opening_since = now
        return late


class Walks:
    """Walks side by side.

    Args:
        lab: whose programs, hosts and weather there are.
        terms: what may be done.
        seeds: one for each walk.
        at_once: how many processes work at the same time.
        link: "tun", "veth" or "auto".
        stop_on: signals that end them; `stopped_by` has the one that did.
    """

    def __init__(
        self,
        lab: Lab,
        terms: Terms,
        seeds: Sequence[int],
        *,
        at_once: int,
        link: str = "auto",
        stop_on: Sequence[int] = (),
    ) -> None:
        self.stopped_by: int | None = None
        self._lab = lab
        self._terms = terms
        self._seeds = seeds
        self._at_once = at_once
        self._link = link
        self._stop_on = stop_on

    def run(self) -> Iterator[Walk]:
        """The walks, in the order of their seeds, each as soon as those before it are done.

        Raises:
            LabError: the start can't be made.
            MachineError: this machine can't run it, with the cure.
            ToolError: a process crashed or hung.
        """
        size = max(1, min(BATCH, len(self._seeds) // (2 * self._at_once)))
        batches = [self._seeds[at : at + size] for at in range(0, len(self._seeds), size)]
        jobs = [
            Job(f"seeds {each[0]} to {each[-1]}", partial(self._work, each), PATIENCE_S)
            for each in batches
        ]
        which = {id(job): number for number, job in enumerate(jobs)}
        crew = Crew(jobs, self._at_once, stop_on=self._stop_on)
        done: dict[int, list[Walk]] = {}
        told = 0
        with closing(crew.results()) as results:
            for result in results:
                if result is None:
                    continue
                self.stopped_by = crew.stopped_by
                value = result.value
                if isinstance(value, SocklabError):
                    raise value
                if value is None and result.end is not End.STOPPED:
                    last = (result.printed.strip().splitlines() or ["without a word"])[-1]
                    raise ToolError(f"a process of the walks {result.how}: {last}")
                done[which[id(result.job)]] = value or []
                while told in done:
                    yield from done.pop(told)
                    told += 1
        self.stopped_by = crew.stopped_by
        for number in sorted(done):
            yield from done[number]

    def _work(self, seeds: Sequence[int]) -> list[Walk] | SocklabError:
        """What a process does; what is in its way comes back as well."""
        try:
            return trio.run(self._walk_all, seeds)
        except SocklabError as refused:
            return type(refused)(str(refused))

    async def _walk_all(self, seeds: Sequence[int]) -> list[Walk]:
        made: list[Walk] = []
        with trio.CancelScope() as scope, hearing(self._stop_on, scope):
            for seed in seeds:
                # One at a time, for what a signal leaves.
                made.append(await walk(self._lab, self._terms, seed, self._link))  # noqa: PERF401
        return made
