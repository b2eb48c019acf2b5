"""Where things stand in a ladder: the lifelines, and each host's room for its notes.

With two hosts and enough columns the notes stand beside the lifelines and the wire is free
for arrows. Otherwise they stand between them, one thing a line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from socklab.views.arrows import AROUND
from socklab.views.columns import width_of, wrap
from socklab.views.rungs import Note

BESIDE = 72
"""From so many columns on, two hosts have columns of their own beside the wire."""

RICH = 120
"""From so many on, arrows may say all they know, if nothing else has to give way."""

LEAST = 14
"""The least width of a column: `[SYN-RECEIVED]`."""

MOST = 48
"""The most: beyond it the eye loses the line."""

SPARE = 16
"""How much longer than their labels arrows become where there is room."""

Label = tuple[str, str]
"""What stands on an arrow, and what is said of its fate behind its end."""


@dataclass(frozen=True, slots=True)
class Room:
    """Where a host's notes go: from a column up to another, against its right end or its left."""

    begin: int
    end: int
    flush_right: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of the lifelines, and the hosts' rooms. Both are empty where nothing fits."""

    lives: tuple[int, ...] = ()
    rooms: Mapping[str, Room] = field(default_factory=dict)
    beside: bool = False
    rich: bool = False


def plain(note: Note) -> str:
    """A note on one line."""
    return " ".join(piece.text for piece in note)


def note_lines(note: Note, width: int) -> list[Note]:
    """A note in lines of that width: its pieces stay whole where they can."""
    lines: list[Note] = []
    room = 0
    for piece in note:
        taken = width_of(piece.text) + 1
        if lines and taken <= room:
            lines[-1] = (*lines[-1], piece)
            room -= taken
            continue
        parts = wrap(piece.text, width, hang=1)
        lines += [(replace(piece, text=part),) for part in parts]
        # What follows a piece that had to be broken begins a line of its own.
        room = width - width_of(parts[0]) if len(parts) == 1 else 0
    return lines


def between(hosts: Sequence[str], left: int, width: int) -> Layout:
    """Notes between the lifelines, whatever their number; no lifelines if they get too close."""
    last = width - 1
    count = len(hosts)
    lives = [left + i * (last - left) // max(1, count - 1) for i in range(count)]
    if min((b - a for a, b in pairwise(lives)), default=width - left) < LEAST + 3:
        return Layout()
    rooms = {}
    for i, host in enumerate(hosts):
        if i < count - 1:
            rooms[host] = Room(lives[i] + 2, lives[i + 1] - 1, flush_right=False)
        elif count > 1:
            rooms[host] = Room(lives[i - 1] + 2, lives[i] - 1, flush_right=True)
        else:
            rooms[host] = Room(left + 2, width, flush_right=False)
    return Layout(tuple(lives), rooms)


def beside(
    heads: Mapping[str, str],
    notes: Sequence[Sequence[Note]],
    labels: Sequence[Label],
    rich_labels: Sequence[Label],
    left: int,
    width: int,
) -> Layout:
    """The notes of two hosts beside their lifelines, so that the wire is free for arrows.

    Args:
        heads: what stands above each host's column, by host.
        notes: each host's.
        labels: what stands on the arrows.
        rich_labels: what could stand on them.
        left: the columns of the margin.
        width: of the whole.
    """
    one, two = heads
    room = width - left - 4
    wants = [
        min(MOST, max(LEAST, width_of(head), *(width_of(plain(note)) for note in own), 0))
        for head, own in zip(heads.values(), notes, strict=True)
    ]
    rich = width >= RICH and _wire_wants(rich_labels) + sum(wants) <= room
    labels = rich_labels if rich else labels
    wire = _wire_wants(labels)
    if (spare := room - wire - sum(wants)) >= 0:
        # Room for what became of segments, too, such as which rule lost one.
        said = max(
            (width_of(f"{text} {note}") + AROUND for text, note in labels if note), default=0
        )
        wire += min(spare, max(SPARE, said - wire) if labels else 0)
    else:
        wants = _fewest_lines(room, wire, wants, notes, labels)
        wire = room - sum(wants)
    first = left + wants[0] + 1
    second = first + wire + 1
    rooms = {
        one: Room(left, first - 1, flush_right=True),
        two: Room(second + 2, second + 2 + wants[1], flush_right=False),
    }
    return Layout((first, second), rooms, beside=True, rich=rich)


def _wire_wants(labels: Sequence[Label]) -> int:
    """The columns between the lifelines with which every label stands on its arrow."""
    wants = [width_of(text) + AROUND + (5 if note == "held" else 0) for text, note in labels]
    return max([12 if labels else 2, *wants])


def _fewest_lines(
    room: int,
    wire: int,
    wants: Sequence[int],
    notes: Sequence[Sequence[Note]],
    labels: Sequence[Label],
) -> list[int]:
    """The widths of both columns, where there is too little room, that make the fewest lines."""

    def costs(own: Sequence[Note], most: int) -> list[int]:
        """The lines of a column's notes by its width."""
        counted = Counter(own)
        return [
            sum(n * len(note_lines(note, width)) for note, n in counted.items()) if width else 0
            for width in (max(width, LEAST) for width in range(most + 1))
        ]

    left_costs, right_costs = (costs(own, want) for own, want in zip(notes, wants, strict=True))
    needs = Counter(width_of(text) + AROUND for text, _ in labels)
    ranked = []
    for middle in range(min(wire, LEAST), wire + 1):
        above = sum(count for need, count in needs.items() if need > middle)
        for left in range(LEAST, min(wants[0], room - middle - LEAST) + 1):
            right = room - middle - left
            lines = above + left_costs[left] + right_costs[min(right, wants[1])]
            # Of equals the one with the longest arrows, then the most even.
            ranked.append(((lines, -middle, abs(left - right)), [left, right]))
    return min(ranked)[1]
