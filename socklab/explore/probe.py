"""A probe: one way on a fresh bench, one move more, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import trio

from socklab.errors import ExperimentError, LabError, ToolError
from socklab.explore.choices import choices, texts
from socklab.joint.graph import Terms
from socklab.joint.invariants import wrong_at_end
from socklab.joint.state import Joint, joint
from socklab.lab import Lab
from socklab.mover import MoveRefused
from socklab.moves import Move, Verb
from socklab.steer.pilot import Pilot, steer

SHORTEST_TIMER_S = 0.8
"""The kernel sends a SYN again after a second, whatever its settings say. A run that took longer
than this may have been disturbed by that, and is made again."""

ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Try:
    """A move to try after a way, both from the start on; None tries nothing, and only looks."""

    source: int
    way: tuple[str, ...]
    move: str | None
    faults: int

    @property
    def waits(self) -> bool:
        """Whether its time is a timer's."""
        moves = (*self.way, self.move or "")
        return any(move.startswith(f"{Verb.WAIT.value} ") for move in moves)


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a try: the joint state, or the trouble that ended the run."""

    tried: Try
    joint: Joint | None
    next: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    end: bool = False
    wrong: tuple[str, ...] = ()
    trouble: str = ""
    disturbed: int = 0
    """How often it had to be made again."""


def probe_all(lab: Lab, terms: Terms, tries: Sequence[Try], link: str) -> list[Found]:
    """Make these tries one after another, in this process."""

    async def probe_each() -> list[Found]:
        return [await probe(lab, terms, each, link) for each in tries]

    return trio.run(probe_each)


async def probe(lab: Lab, terms: Terms, tried: Try, link: str) -> Found:
    """Make one try.

    Raises:
        LabError: the start can't be made.
        ToolError: the machine is too busy for it, time and again.
    """
    for disturbed in range(ATTEMPTS):
        async with steer(lab, link=link, ipv6=terms.ipv6) as pilot:
            found = await _attempt(pilot, terms, tried, disturbed)
        if found is not None:
            return found
    raise ToolError(
        f"{ATTEMPTS} times a run took longer than the kernel's first timer "
        f"({SHORTEST_TIMER_S:g} s); cure: a smaller --jobs, or a machine with less to do"
    )


async def _attempt(pilot: Pilot, terms: Terms, tried: Try, disturbed: int) -> Found | None:
    """One attempt; None if a timer of the kernel's may have had a hand in it."""
    moves = [Move.parse(text) for text in (*terms.start, *tried.way)]
    if tried.move is not None:
        moves.append(Move.parse(tried.move))
    clock, trouble = _Clock(), ""
    for stretch in _stretches(moves):
        try:
            await pilot.repeat(stretch)
        except MoveRefused as refused:
            if clock.late:
                return None
            raise LabError(f"a way could not be repeated: {refused}") from refused
        except ExperimentError as failed:
            trouble = str(failed)
        clock.see(after_wait=stretch[-1].verb is Verb.WAIT)
    if clock.late:
        return None
    if trouble:
        return Found(tried, None, trouble=trouble, disturbed=disturbed)
    position = pilot.position()
    following = choices(position, terms, tried.faults)
    reached = joint(position, faults=tried.faults if terms.faults else 0, errors=_errors(pilot))
    end = not any(not each.fault for each in following)
    return Found(
        tried,
        reached,
        tuple(texts(following)),
        tuple(texts([each for each in following if each.fault])),
        end,
        tuple(wrong_at_end(reached, faults=tried.faults > 0)) if end else (),
        disturbed=disturbed,
    )


class _Clock:
    """Sees whether a stretch between two waits took so long that a timer may have fired."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self.late = False

    def see(self, *, after_wait: bool) -> None:
        now = time.monotonic()
        # What a wait takes is its timer's time.
        self.late = self.late or (not after_wait and now - self._since > SHORTEST_TIMER_S)
        self._since = now if after_wait else self._since


def _stretches(moves: Sequence[Move]) -> Iterator[list[Move]]:
    """The moves in pieces, each wait alone."""
    stretch: list[Move] = []
    for move in moves:
        if move.verb is Verb.WAIT:
            if stretch:
                yield stretch
            yield [move]
            stretch = []
        else:
            stretch.append(move)
    if stretch:
        yield stretch


def _errors(pilot: Pilot) -> dict[str, str]:
    """What each role's sockets would tell next. Asking takes it away, so the run is over then."""
    told = {
        name: " ".join(filter(None, (each.pending_error() for each in role.sockets)))
        for name, role in pilot.bench.roles.items()
    }
    return {name: error for name, error in told.items() if error}
