"""A probe: one way on a fresh bench, one move more, and what came of it."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import trio

from socklab.errors import ExperimentError, LabError, ToolError
from socklab.explore.choices import choices, texts, unsettled
from socklab.joint.graph import Terms
from socklab.joint.invariants import wrong_at_end
from socklab.joint.state import Joint, joint
from socklab.lab import Lab
from socklab.look import ImpossibleTransition
from socklab.mover import MoveRefused
from socklab.moves import Move, Verb
from socklab.steer.pilot import Pilot, steer
from socklab.weather import CALM

SHORTEST_TIMER_S = 0.8
"""The kernel sends a SYN again after a second, whatever its settings say. A run that took longer
than this may have been disturbed by that, and is made again."""

RTO_MIN = "net/ipv4/tcp_rto_min_us"
"""The setting that keeps retransmissions away."""

ATTEMPTS = 5

BUSY = (
    f"{ATTEMPTS} times a run took longer than the kernel's first timer "
    f"({SHORTEST_TIMER_S:g} s); cure: a smaller --jobs, or a machine with less to do"
)


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
    """What came of a try: the joint state, or what ended the run: trouble, or an illegal change."""

    tried: Try
    joint: Joint | None
    next: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    end: bool = False
    wrong: tuple[str, ...] = ()
    trouble: str = ""
    illegal: str = ""
    disturbed: int = 0
    """How often it had to be made again."""


def probe_all(
    lab: Lab, terms: Terms, tries: Sequence[Try], link: str, stop_on: Sequence[int] = ()
) -> list[Found]:
    """Make these tries one after another, in this process.

    Args:
        lab: whose programs, hosts and weather there are.
        terms: what is searched.
        tries: what to try.
        link: "tun", "veth" or "auto".
        stop_on: signals that end it: what was found until then is what comes back.
    """
    return trio.run(partial(_probe_each, lab, terms, tries, link, stop_on))


async def _probe_each(
    lab: Lab, terms: Terms, tries: Sequence[Try], link: str, stop_on: Sequence[int]
) -> list[Found]:
    found: list[Found] = []
    with trio.CancelScope() as scope, hearing(stop_on, scope):
        for each in tries:
            # One at a time, for what a signal leaves.
            found.append(await probe(lab, terms, each, link))  # noqa: PERF401
    return found


@contextmanager
def hearing(stop_on: Sequence[int], scope: trio.CancelScope) -> Iterator[None]:
    """For the length of the block these signals cancel a scope of this Trio run."""
    token = trio.lowlevel.current_trio_token()
    before: dict[int, Any] = {}
    try:
        for signum in stop_on:
            before[signum] = signal.signal(
                signum, lambda *_: token.run_sync_soon(scope.cancel, idempotent=True)
            )
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


async def probe(lab: Lab, terms: Terms, tried: Try, link: str) -> Found:
    """Make one try.

    Raises:
        LabError: the start can't be made.
        ToolError: the machine is too busy for it, time and again.
    """
    lab = unhurried(lab, terms)
    refused: MoveRefused | None = None
    for disturbed in range(ATTEMPTS):
        async with steer(lab, link=link, ipv6=terms.ipv6) as pilot:
            try:
                found = await _attempt(pilot, terms, tried, disturbed)
            except MoveRefused as error:
                # What a timer has sent again, and when, may go differently by some milliseconds.
                found, refused = None, error
                if not tried.way and tried.move is None:
                    break
        if found is not None:
            return found
    if refused is not None:
        what = "a way can't be made again" if tried.way or tried.move else "no such start"
        raise LabError(f"{what}: {refused}") from refused
    raise ToolError(BUSY)


def unhurried(lab: Lab, terms: Terms) -> Lab:
    """The lab as it is explored: where no timers are waited for, none sends anything again.

    A lab may shorten the kernel's timer for retransmissions, so as to wait for it. While a search
    holds a segment it would fire, sooner or later.
    """
    if terms.timers_s:
        return lab
    return replace(lab, weather={**lab.weather, RTO_MIN: CALM[RTO_MIN]})


async def _attempt(pilot: Pilot, terms: Terms, tried: Try, disturbed: int) -> Found | None:
    """One attempt; None if a timer of the kernel's may have had a hand in it."""
    moves = [Move.parse(text) for text in (*terms.start, *tried.way)]
    if tried.move is not None:
        moves.append(Move.parse(tried.move))
    clock, trouble, illegal = _Clock(), "", ""
    for stretch in _stretches(moves):
        try:
            await pilot.repeat(stretch)
        except MoveRefused:
            if clock.late:
                return None
            raise
        except ImpossibleTransition as seen:
            illegal = str(seen)
        except ExperimentError as failed:
            trouble = str(failed)
        clock.see(after_wait=stretch[-1].verb is Verb.WAIT)
        if trouble or illegal:
            break
    if clock.late:
        return None
    if trouble or illegal:
        return Found(tried, None, trouble=trouble, illegal=illegal, disturbed=disturbed)
    position = pilot.position()
    if tried.waits and unsettled(position):
        return None
    following = choices(position, terms, tried.faults)
    reached = joint(position, faults=tried.faults if terms.faults else 0, errors=errors(pilot))
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


def errors(pilot: Pilot) -> dict[str, str]:
    """What each role's sockets would tell next. Asking takes it away, so the run is over then."""
    told = {
        name: " ".join(filter(None, (each.pending_error() for each in role.sockets)))
        for name, role in pilot.bench.roles.items()
    }
    return {name: error for name, error in told.items() if error}
