"""Where things stand in a ladder: the lifelines, and each host's room for its notes.

With two hosts and enough columns the notes stand beside the lifelines and the wire is free
for arrows. Otherwise they stand between them, one thing a line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from socklab.views.columns import width_of, wrap
from socklab.views.rung import Note

BESIDE = 72
"""From so many columns on, two hosts have columns of their own beside the wire."""

RICH = 120
"""From so many on, arrows may say all they know, if nothing else has to give way."""

LEAST = 14
"""The least width of a column: `[SYN-RECEIVED]`."""

MOST = 60
"""The most: beyond it the eye loses the line."""

AT_EASE = 26
"""Columns between the lifelines on which `SYN+ACK seq 0 ack 1` stands on its arrow."""

IN_A_COLUMN = 20
"""Columns beside a lifeline in which `connect(server:80) …` stands on a line."""

AMPLE = 44
"""Columns beside a lifeline in which nearly every note does."""

SPARE = 16
"""How much longer than their labels arrows become where there is room."""

HELD = len("held")
"""A word on its fate that is no longer than this is worth its columns on every arrow."""


@dataclass(frozen=True, slots=True)
class Label:
    """What has to be written between the lifelines, in columns.

    What stands on an arrow, what the arrow takes besides, and what is said behind its end of
    its fate.
    """

    text: int
    around: int
    note: int = 0

    @property
    def wants(self) -> int:
        """The columns with which it stands on its arrow, with no more than a word of its fate."""
        return self.text + self.around + (self.note + 1 if 0 < self.note <= HELD else 0)

    @property
    def wants_all(self) -> int:
        """The columns with which all of it stands on its arrow."""
        return self.text + self.around + (self.note + 1 if self.note else 0)

    def cost(self, width: int) -> int:
        """About how many halves of a line it takes, between lifelines so many columns apart.

        A label that is not on its arrow reads worse than a line more.
        """
        fits = self.text + self.around <= width
        room = max(1, width - 2)
        above = 0 if fits else -(-self.text // room)
        on_it = self.note + 1 + self.around + (self.text if fits else 0)
        below = -(-self.note // room) if on_it > width else 0
        return 2 * (1 + above + below) + (not fits)


@dataclass(frozen=True, slots=True)
class Room:
    """Where a host's notes go: from a column up to another, against its right end or its left."""

    begin: int
    end: int
    flush_right: bool


@dataclass(frozen=True, slots=True)
class Margin:
    """What stands left of everything, in columns with the blank behind it; 0 where it is left out.

    From left to right: the time of a rung, the mark of an expectation, the name of a connection.
    """

    time: int = 0
    mark: int = 0
    name: int = 0

    @property
    def end(self) -> int:
        """Where the margin ends, and the first host's room begins."""
        return self.time + self.mark + self.name


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


def steady(hosts: Sequence[str], left: int, width: int) -> Layout:
    """A layout for what is not known yet: it suits most runs, and its columns never move.

    Args:
        hosts: from left to right.
        left: the columns of the margin.
        width: of the whole.
    """
    if len(hosts) != 2 or width < BESIDE:
        return between(hosts, left, width)
    room = width - left - 4
    rich = width >= RICH
    if rich:
        wire = AT_EASE + len(" [S.] len 0 win 65535")
    else:
        # Half of what a small terminal has not, so that data have room with their length.
        spare = room - AT_EASE - 2 * IN_A_COLUMN
        wire = AT_EASE + min(len(" len 1"), max(0, spare // 2))
    notes = min(2 * AMPLE, max(2 * LEAST, room - wire))
    wire = min(room - notes, wire + SPARE)
    return _in_columns(hosts, [notes - notes // 2, notes // 2], wire, left, rich=rich)


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
        said = max((label.wants_all for label in labels if label.note), default=0)
        wire += min(spare, max(SPARE, said - wire) if labels else 0)
    else:
        wants = _fewest_lines(room, wire, wants, notes, labels)
        wire = room - sum(wants)
    return _in_columns(list(heads), wants, wire, left, rich=rich)


def _in_columns(
    hosts: Sequence[str], widths: Sequence[int], wire: int, left: int, *, rich: bool
) -> Layout:
    """A host's column, a lifeline, the wire, a lifeline, the other host's column."""
    one, two = hosts
    first = left + widths[0] + 1
    second = first + wire + 1
    rooms = {
        one: Room(left, first - 1, flush_right=True),
        two: Room(second + 2, second + 2 + widths[1], flush_right=False),
    }
    return Layout((first, second), rooms, beside=True, rich=rich)


def _wire_wants(labels: Sequence[Label]) -> int:
    """The columns between the lifelines with which every label stands on its arrow."""
    return max([12 if labels else 2, *(label.wants for label in labels)])


def _fewest_lines(
    room: int,
    wire: int,
    wants: Sequence[int],
    notes: Sequence[Sequence[Note]],
    labels: Sequence[Label],
) -> list[int]:
    """The widths of both columns, where there is too little room, that make the fewest lines."""

    def cost(note: Note, width: int) -> int:
        # A piece that is broken reads worse than one that begins a line of its own.
        broken = sum(len(wrap(piece.text, width, hang=1)) - 1 for piece in note)
        return 2 * len(note_lines(note, width)) + broken

    def costs(own: Sequence[Note], most: int) -> list[int]:
        """What a column's notes cost by its width, in halves of a line."""
        counted = Counter(own)
        return [
            sum(n * cost(note, width) for note, n in counted.items())
            for width in (max(width, LEAST) for width in range(most + 1))
        ]

    left_costs, right_costs = (costs(own, want) for own, want in zip(notes, wants, strict=True))
    alike = Counter(labels)
    ranked = []
    for middle in range(min(wire, LEAST), wire + 1):
        arrows = sum(count * label.cost(middle) for label, count in alike.items())
        for left in range(LEAST, min(wants[0], room - middle - LEAST) + 1):
            right = room - middle - left
            total = arrows + left_costs[left] + right_costs[min(right, wants[1])]
            # Of equals the one with the longest arrows, then the most even.
            ranked.append(((total, -middle, abs(left - right)), [left, right]))
    return min(ranked)[1]
