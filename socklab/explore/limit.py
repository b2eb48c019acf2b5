"""A limit: whoever steers a run has the moves that a search would try, and no others."""

from __future__ import annotations

from dataclasses import replace

from socklab.explore.choices import choices
from socklab.joint.graph import Terms
from socklab.position import Position


class Limit:
    """Takes each position of a run, and gives it back with only the choices that are allowed.

    What the kernel has sent again while somebody was thinking is not there: a search is quicker
    than any timer, and to be slow is no fault. So it is neither shown nor offered.

    Args:
        terms: what may be done. The run begins with the moves of its start.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._faults: dict[tuple[str, ...], int] = {}
        self._offered: dict[tuple[str, ...], frozenset[str]] = {}

    def __call__(self, position: Position) -> Position:
        """The position with what is allowed there."""
        first = tuple(held for held in position.held if not held.copy)
        position = replace(position, held=first)
        following = choices(position, self._terms, self.faults(position.made))
        self._offered[position.made] = frozenset(str(each.move) for each in following if each.fault)
        allowed = {each.move for each in following if not each.move.copy}
        return replace(
            position, choices=tuple(each for each in position.choices if each.move in allowed)
        )

    def faults(self, made: tuple[str, ...]) -> int:
        """How many of a run's moves were faults.

        Which one is a fault is known of the position before it, so that must have been seen; a
        way that is taken back has been.
        """
        if len(made) <= len(self._terms.start):
            return 0
        if made not in self._faults:
            before, last = made[:-1], made[-1]
            fault = last in self._offered.get(before, ())
            self._faults[made] = self.faults(before) + fault
        return self._faults[made]
