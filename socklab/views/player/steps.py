"""A run as steps: what a reader takes in at once.

A step is a move and all that came of it until the next one: what was called, which segments
went, the states that followed, and what was expected. Step 0 is what was before the first move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from socklab.record import Event, Expect, Look, Move, Record, Trouble
from socklab.views.layout import plain
from socklab.views.rungs import Rung, rungs


@dataclass(frozen=True, slots=True)
class Step:
    """A move, and what came of it."""

    number: int
    begin: int
    """Where its events begin among the Record's."""
    events: Sequence[Event]
    rungs: Sequence[Rung]
    text: str
    """The move as the ladder tells it; empty before the first."""
    expects: Sequence[tuple[int, Expect]]
    """What was expected then, counted from 1 through the run."""

    @property
    def at_s(self) -> float:
        """When it began, in seconds since the run did."""
        return self.events[0].at_s if self.events else 0.0

    @property
    def move(self) -> Move | None:
        """The move; None before the first."""
        first = self.events[0] if self.events else None
        return first if isinstance(first, Move) else None

    @property
    def look(self) -> Look | None:
        """The last that `ss` showed in it; None if nobody looked."""
        return next((event for event in reversed(self.events) if isinstance(event, Look)), None)

    @property
    def troubles(self) -> list[Trouble]:
        """What ended the run in it."""
        return [event for event in self.events if isinstance(event, Trouble)]


def steps(record: Record) -> list[Step]:
    """The steps of a Record, in order; there is always the one before the first move."""
    begins = [0, *(at for at, event in enumerate(record.events) if isinstance(event, Move))]
    told = _told(record)
    expects = enumerate(record.of(Expect), start=1)
    made = []
    for number, (begin, end) in enumerate(pairwise([*begins, len(record.events)])):
        events = record.events[begin:end]
        move, rest = told[number]
        count = sum(isinstance(event, Expect) for event in events)
        due = [next(expects) for _ in range(count)]
        made.append(Step(number, begin, events, rest, move, due))
    return made


def _told(record: Record) -> list[tuple[str, list[Rung]]]:
    """What the ladder tells of each step: its move in words, and its other rungs."""
    # What `ss` showed has a place of its own in the player.
    unlooked = replace(record, events=[e for e in record.events if not isinstance(e, Look)])
    told: list[tuple[str, list[Rung]]] = [("", [])]
    for rung in rungs(unlooked, verbose=True):
        if rung.is_move:
            told.append((plain(rung.aside), []))
        else:
            told[-1][1].append(rung)
    return told
