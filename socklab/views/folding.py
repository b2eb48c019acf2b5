"""Repeats folded: what goes the same way again and again is told once, with how often.

A pile of ten connections that all end alike is a pattern, and one of them shows it. Two
stretches are alike if they would be drawn alike but for times, ports and the connections'
names, and if these names stand for each other throughout: who was who in one is who in the
other. Nothing is folded in which an expectation was asked, since each of those is a moment of
its own.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from socklab.views.arrows import fate_note, label
from socklab.views.rung import Note, Rung

LONGEST = 48
"""How many rungs a stretch that repeats may have. The longest close with all its calls has 30."""

FEWEST_TIMES = 3
"""Twice is no pattern yet."""

FEWEST_SAVED = 5
"""Rungs. A frame around what is drawn once takes room, too."""

MOST_NAMES = 12
"""Nobody reads more."""

_PORT = re.compile(r":\d+\b")


@dataclass(frozen=True, slots=True)
class Loop:
    """A stretch of rungs that is told once, how many times it went, and on which connections.

    `connections` has a name for each time, where one and only one is another each time.
    """

    times: int
    connections: tuple[str, ...]
    rungs: tuple[Rung, ...]


def folded(rungs: Sequence[Rung]) -> list[Rung | Loop]:
    """The rungs in order, with a Loop in the place of each stretch that repeats."""
    numbers: dict[Hashable, int] = {}
    looks = [numbers.setdefault(_look(rung), len(numbers)) for rung in rungs]
    names = [rung.connection for rung in rungs]
    asked = [bool(rung.expect) for rung in rungs]
    told: list[Rung | Loop] = []
    at = 0
    while at < len(rungs):
        length, times = _repeat(looks, names, asked, at)
        if times:
            told.append(_loop(rungs, at, length, times))
            at += length * times
        else:
            told.append(rungs[at])
            at += 1
    return told


def _look(rung: Rung) -> Hashable:
    """What a rung looks like without its time, its ports and the name of its connection."""

    def plain(note: Note) -> Hashable:
        return tuple((_PORT.sub(":", piece.text), piece.tone) for piece in note)

    arrow = rung.arrow
    drawn: Hashable = None
    if arrow is not None:
        event = arrow.event
        kind = (label(arrow), fate_note(arrow), arrow.part, event.fate, event.from_, event.to)
        drawn = (*kind, getattr(event, "copy", False))
    notes = tuple((host, plain(note)) for host, note in rung.notes.items())
    return (drawn, notes, plain(rung.aside), rung.is_move, bool(rung.connection))


def _repeat(
    looks: Sequence[int], names: Sequence[str], asked: Sequence[bool], at: int
) -> tuple[int, int]:
    """The stretch that begins here and saves most, by its length and how often it goes."""
    best = (0, 0)
    saved = FEWEST_SAVED - 1
    most = min(LONGEST, (len(looks) - at) // FEWEST_TIMES)
    for length in range(1, most + 1):
        if asked[at + length - 1]:
            break
        if looks[at + length] != looks[at]:
            continue
        times = 1
        while _is_again(looks, names, asked, at, at + length * times, length):
            times += 1
        if times >= FEWEST_TIMES and (times - 1) * length > saved:
            best, saved = (length, times), (times - 1) * length
    return best


def _is_again(
    looks: Sequence[int],
    names: Sequence[str],
    asked: Sequence[bool],
    first: int,
    later: int,
    length: int,
) -> bool:
    """Whether what began first goes the same way again later."""
    if looks[first : first + length] != looks[later : later + length]:
        return False
    if any(asked[later : later + length]):
        return False
    pairs = set(zip(names[first : first + length], names[later : later + length], strict=True))
    return len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs})


def _loop(rungs: Sequence[Rung], at: int, length: int, times: int) -> Loop:
    rows = [
        tuple(rung.connection for rung in rungs[at + n * length : at + (n + 1) * length])
        for n in range(times)
    ]
    columns = {names for names in zip(*rows, strict=True) if len(set(names)) > 1}
    connections = columns.pop() if len(columns) == 1 else ()
    return Loop(times, connections, tuple(rungs[at : at + length]))


def heading(loop: Loop) -> str:
    """What is said of a Loop: `8 times, on :40418, :40420, …; the first is drawn`."""
    names = list(loop.connections[:MOST_NAMES])
    if more := len(loop.connections) - len(names):
        names.append(f"and {more} more")
    on = f", on {', '.join(names)}" if names else ""
    return f"{loop.times} times{on}; the first is drawn"
