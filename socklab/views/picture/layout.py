"""Where things stand in a picture: the margin, the lifelines, and each host's room for its notes.

As in the ladder of the terminal: two hosts have their notes at their outer sides, so that the
wire between them is free for arrows; where there are more, notes stand between the lifelines,
one thing below the other.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PAGE = 760.0
"""How wide a picture is, in pixels. On A4 between margins of 20 mm (482 points), the smallest
text, of 11.5 pixels, is then 7.3 points high."""

EDGE = 20.0
"""What stays empty around everything."""

GAP = 9.0
"""Between a lifeline and a note without a box."""

LEAST_NOTE = 124.0
"""The least room for notes: SYN-RECEIVED in its box."""

LEAST_WIRE = 150.0
GOOD_WIRE = 250.0
"""From here on an arrow looks like one; notes may be broken for it."""

MOST_WIRE = 360.0
"""Beyond it the eye loses the line."""

PER_LINE = 25.0
"""How much longer arrows have to get to be worth one more line, in pixels."""

LEAST_BETWEEN = 176.0
"""The least between two of many lifelines; where that is too much for a page, it is wider."""


@dataclass(frozen=True, slots=True)
class Room:
    """Where a host's notes go: from one x up to another, against its right end or its left."""

    begin: float
    end: float
    flush_right: bool

    @property
    def width(self) -> float:
        """How wide it is."""
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class Layout:
    """The width of the picture, where its parts begin, the lifelines and the hosts' rooms.

    `marks` is where the numbers of expectations stand, `names` where those of connections do, and
    `left` and `right` are the ends of the ladder.
    """

    width: float
    marks: float
    names: float
    left: float
    right: float
    lives: tuple[float, ...]
    rooms: Mapping[str, Room]
    beside: bool


def lay_out(
    notes: Mapping[str, Sequence[float]],
    labels: Sequence[float],
    marks: float,
    names: float,
) -> Layout:
    """A layout in which little has to be broken into lines.

    Args:
        notes: the width of each note, by the names of the hosts from left to right.
        labels: the width of each arrow's label.
        marks: the width of the column for numbers of expectations.
        names: that of the names of connections.
    """
    hosts = list(notes)
    left = EDGE + marks + names
    right = PAGE - EDGE
    if len(hosts) == 2:
        one, two = hosts
        widths = _share(right - left, notes[one], notes[two], labels)
        first, second = left + widths[0], left + widths[0] + widths[1]
        lives: tuple[float, ...] = (first, second)
        rooms = {
            one: Room(left, first, flush_right=True),
            two: Room(second, right, flush_right=False),
        }
    else:
        side = 60.0  # half of a host's name in its box
        count = len(hosts)
        right = max(right, left + 2 * side + (count - 1) * LEAST_BETWEEN)
        between = (right - left - 2 * side) / max(1, count - 1)
        lives = tuple(left + side + n * between for n in range(count))
        rooms = {
            host: Room(lives[n], lives[n + 1] if n + 1 < count else right, flush_right=False)
            for n, host in enumerate(hosts)
        }
        if count > 1:
            rooms[hosts[-1]] = Room(lives[-2], lives[-1], flush_right=True)
    return Layout(right + EDGE, EDGE, EDGE + marks, left, right, lives, rooms, len(hosts) == 2)


def _share(
    room: float, one: Sequence[float], two: Sequence[float], labels: Sequence[float]
) -> tuple[float, float, float]:
    """The widths of the first host's notes, of the wire, and of the second host's notes."""
    wants = [max(LEAST_NOTE, *own, 0.0) for own in (one, two)]
    wire = min(MOST_WIRE, max(GOOD_WIRE, *labels)) if labels else LEAST_WIRE
    spare = room - wire - sum(wants)
    if spare >= 0:
        wider = min(spare / 2, MOST_WIRE - wire)
        aside = (spare - wider) / 2
        return wants[0] + aside, wire + wider, wants[1] + aside
    return _fewest_lines(room, wire, wants, (one, two), labels)


def _fewest_lines(
    room: float,
    wire: float,
    wants: Sequence[float],
    notes: Sequence[Sequence[float]],
    labels: Sequence[float],
) -> tuple[float, float, float]:
    """The widths that break the fewest lines, to about one in ten."""

    def lines(widths: Mapping[float, int], room: float) -> int:
        return sum(count * math.ceil(width / room) for width, count in widths.items())

    counted = [Counter(own) for own in notes]
    needs = Counter(labels)
    ranked = []
    for tenth in range(11):
        middle = wire - tenth * (wire - LEAST_WIRE) / 10
        rest = room - middle
        for part in range(21):
            left = LEAST_NOTE + part * (rest - 2 * LEAST_NOTE) / 20
            right = rest - left
            cost = lines(counted[0], left) + lines(counted[1], right) + lines(needs, middle)
            cost += round((wire - middle) / PER_LINE)
            uneven = abs(min(left, wants[0]) - min(right, wants[1]))
            ranked.append(((cost, -middle, uneven), (left, middle, right)))
    return min(ranked)[1]
