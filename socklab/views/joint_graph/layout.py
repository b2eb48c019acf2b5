"""Where boxes and arrows stand: in levels, from the top down, with few crossings.

A box stands below all from which an arrow leads to it, as far as arrows do not go round in
circles. An arrow that reaches further down than the next level bends at a point in each that it
passes; those points are placed like boxes. In which order they stand is decided by where their
neighbours are, sweep by sweep, and then each is moved towards them as far as the others leave room.
After Sugiyama, Tagawa and Toda (1981).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

SWEEPS = 24

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Size:
    """What there is to place, in pixels.

    Args:
        widths: each box's.
        heights: each box's.
        beside: between two boxes.
        below: between two levels.
        bend: what an arrow takes that passes a level.
    """

    widths: Sequence[float]
    heights: Sequence[float]
    beside: float
    below: float
    bend: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands; the middles of boxes, and the points by which arrows go."""

    width: float
    height: float
    boxes: Sequence[Point]
    bends: Mapping[int, Sequence[Point]]


@dataclass(slots=True)
class _Place:
    """Something in a level: a box, or the bend of an arrow."""

    width: float
    x: float = 0.0
    above: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)


def place(ranks: Sequence[int], arrows: Sequence[tuple[int, int]], size: Size) -> Layout:
    """Place boxes and arrows.

    Args:
        ranks: each box's level, as `levels` gives it.
        arrows: from which box to which.
        size: of what is placed.
    """
    rows: list[list[int]] = [[] for _ in range(max(ranks) + 1)]
    places = [_Place(width) for width in size.widths]
    rank_of = list(ranks)
    for number, rank in enumerate(rank_of):
        rows[rank].append(number)
    chains: dict[int, list[int]] = {}
    for arrow, (source, target) in enumerate(arrows):
        before, chains[arrow] = source, []
        for rank in range(rank_of[source] + 1, rank_of[target]):
            places.append(_Place(size.bend))
            rank_of.append(rank)
            rows[rank].append(len(places) - 1)
            chains[arrow].append(len(places) - 1)
            _join(places, before, len(places) - 1)
            before = len(places) - 1
        if rank_of[before] < rank_of[target]:
            _join(places, before, target)
    _order(rows, places)
    _spread(rows, places, size.beside)
    ys = _heights(rows, places, size)
    left = min(each.x - each.width / 2 for each in places)
    right = max(each.x + each.width / 2 for each in places)
    points = [(each.x - left, ys[rank]) for each, rank in zip(places, rank_of, strict=True)]
    return Layout(
        right - left,
        ys[-1] + _tallest(rows[-1], size) / 2,
        points[: len(ranks)],
        {arrow: [points[each] for each in chain] for arrow, chain in chains.items()},
    )


def levels(count: int, arrows: Sequence[tuple[int, int]]) -> list[int]:
    """Each box's level: how many arrows lead there at most, but for those that lead back.

    Args:
        count: how many boxes there are; the first is where all begins.
        arrows: from which box to which.
    """
    after: list[list[int]] = [[] for _ in range(count)]
    for source, target in arrows:
        after[source].append(target)
    order, back = _searched(after)
    ranks = [0] * count
    for box in order:
        for target in after[box]:
            if (box, target) not in back:
                ranks[target] = max(ranks[target], ranks[box] + 1)
    return ranks


def _searched(after: Sequence[Sequence[int]]) -> tuple[list[int], set[tuple[int, int]]]:
    """The boxes, each before those that follow it; and the arrows that close a circle."""
    done: list[int] = []
    back: set[tuple[int, int]] = set()
    colors = [0] * len(after)  # 1 while its followers are searched, 2 after that
    for root in range(len(after)):
        stack = [(root, 0)] if colors[root] == 0 else []
        while stack:
            box, at = stack.pop()
            colors[box] = 1
            if at == len(after[box]):
                colors[box] = 2
                done.append(box)
                continue
            stack.append((box, at + 1))
            target = after[box][at]
            if colors[target] == 1:
                back.add((box, target))
            elif colors[target] == 0:
                stack.append((target, 0))
    return done[::-1], back


def _join(places: Sequence[_Place], upper: int, lower: int) -> None:
    places[upper].below.append(lower)
    places[lower].above.append(upper)


def _order(rows: list[list[int]], places: Sequence[_Place]) -> None:
    """Sort each level by the middle of the neighbours, downwards and upwards in turn."""
    best, fewest = [list(row) for row in rows], _crossings(rows, places)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in rows[1:] if down else rows[-2::-1]:
            spot = {each: at for other in rows for at, each in enumerate(other)}
            row.sort(key=lambda each, spot=spot, down=down: _middle(each, places, spot, down=down))  # type: ignore[misc]
        if (crossings := _crossings(rows, places)) < fewest:
            best, fewest = [list(row) for row in rows], crossings
    rows[:] = best


def _middle(
    each: int, places: Sequence[_Place], spot: Mapping[int, int], *, down: bool
) -> tuple[float, int]:
    near = places[each].above if down else places[each].below
    if not near:
        return float(spot[each]), spot[each]
    return sum(spot[other] for other in near) / len(near), spot[each]


def _crossings(rows: Sequence[Sequence[int]], places: Sequence[_Place]) -> int:
    total = 0
    for upper, lower in pairwise(rows):
        spot = {each: at for at, each in enumerate(lower)}
        ends = [sorted(spot[other] for other in places[each].below) for each in upper]
        flat = [end for group in ends for end in group]
        total += sum(
            flat[later] < flat[earlier]
            for earlier in range(len(flat))
            for later in range(earlier + 1, len(flat))
        )
    return total


def _spread(rows: Sequence[Sequence[int]], places: Sequence[_Place], beside: float) -> None:
    """Give each place an x: as near to its neighbours as those beside it let it be."""
    for row in rows:
        at = 0.0
        for each in row:
            places[each].x = at + places[each].width / 2
            at += places[each].width + beside
        for each in row:
            places[each].x -= at / 2
    for sweep in range(SWEEPS):
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            wanted = [_wanted(places[each], places) for each in row]
            _settle([places[each] for each in row], wanted, beside)


def _wanted(place: _Place, places: Sequence[_Place]) -> float:
    near = [places[other].x for other in (*place.above, *place.below)]
    return sum(near) / len(near) if near else place.x


def _settle(row: Sequence[_Place], wanted: Sequence[float], beside: float) -> None:
    """Move these to where they want to be, in their order and apart.

    Neighbours that want the same room share it: the block of them stands where its middle wants
    to be (pool adjacent violators).
    """
    blocks: list[tuple[float, int]] = []  # the sum of offsets wanted, and how many
    offsets: list[float] = []
    at = 0.0
    for number, each in enumerate(row):
        if number:
            at += (row[number - 1].width + each.width) / 2 + beside
        offsets.append(at)
        blocks.append((wanted[number] - at, 1))
        while len(blocks) > 1 and (blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]):
            total, count = blocks.pop()
            blocks[-1] = blocks[-1][0] + total, blocks[-1][1] + count
    number = 0
    for total, count in blocks:
        for _ in range(count):
            row[number].x = total / count + offsets[number]
            number += 1


def _tallest(row: Sequence[int], size: Size) -> float:
    return max((size.heights[each] for each in row if each < len(size.heights)), default=0.0)


def _heights(rows: Sequence[Sequence[int]], places: Sequence[_Place], size: Size) -> list[float]:
    """The y of each level's middle."""
    ys: list[float] = []
    at = 0.0
    for row in rows:
        tall = _tallest(row, size)
        ys.append(at + tall / 2)
        at += tall + size.below
    return ys
