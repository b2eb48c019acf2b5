"""Picking: which of many, in an order that a seed decides, and none twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import TypeVar

from socklab.quiz.moments import Asks, Moment

T = TypeVar("T")


def chance(seed: int, of: str = "") -> Random:
    """The chance that a seed gives to something, whatever else is asked before it."""
    return Random(f"{seed}/{of}")


def order(items: Iterable[T], seed: int, of: str) -> list[T]:
    """These, in the order that a seed gives them."""
    shuffled = list(items)
    chance(seed, of).shuffle(shuffled)
    return shuffled


def sample(
    found: Sequence[Moment],
    count: int,
    seed: int,
    *,
    known: Iterable[tuple[str, ...]] = (),
    asks: Iterable[Asks] = tuple(Asks),
) -> list[Moment]:
    """So many moments of a run, in the run's order; of those that are alike, one.

    No move is asked about twice while there are others, and of what can be asked of it, chance
    decides: otherwise most questions would be of the kind that there is most of.

    Args:
        found: the moments of a run, in order.
        count: how many at most.
        seed: decides which.
        known: what is `alike` of those that were asked before.
        asks: what may be asked.
    """
    wanted, seen = set(asks), set(known)
    fresh = []
    for moment in found:
        if moment.asks in wanted and moment.alike not in seen:
            seen.add(moment.alike)
            fresh.append(moment)
    lab = found[0].lab if found else ""
    by_step: dict[int, list[Moment]] = {}
    for moment in order(fresh, seed, lab):
        by_step.setdefault(moment.step, []).append(moment)
    most = max(map(len, by_step.values()), default=0)
    rounds = [of[index] for index in range(most) for of in by_step.values() if len(of) > index]
    chosen = rounds[:count]
    return [moment for moment in fresh if moment in chosen]
