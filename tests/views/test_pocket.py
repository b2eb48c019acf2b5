"""The figure where there is little room: the same arrows, boxes that can be read, and more ways."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import pytest

from socklab.tcp import (
    CLOSE_WAIT,
    CLOSED,
    ESTABLISHED,
    FIN_WAIT_1,
    LAST_ACK,
    LISTEN,
    TIME_WAIT,
    State,
)
from socklab.views.diagram import ARROWS, Ink, Line, Plan, drawn
from socklab.views.pocket import BOX, BOXES, HEIGHT, POCKET, WIDTH, jump

Area = tuple[float, float, float, float]
"""Left, top, right, bottom."""

NAME = 24
"""The size of an arrow's name, as panes.css has it."""


def area(middle: tuple[float, float]) -> Area:
    x, y = middle
    return x - BOX[0] / 2, y - BOX[1] / 2, x + BOX[0] / 2, y + BOX[1] / 2


def boxes() -> Iterator[tuple[str, Area]]:
    for state, middle in BOXES:
        yield str(state), area(middle)


def names() -> Iterator[tuple[str, Area]]:
    for (was, now), place in POCKET.arrows.items():
        x, y = place.label
        wide = 0.6 * NAME * len(place.name)
        left = {"start": x, "middle": x - wide / 2, "end": x - wide}[place.anchor]
        yield f"{was} {now}", (left, y - 20, left + wide, y + 5)


def overlap(one: Area, other: Area) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def on_the_edge(point: tuple[float, float], state: State) -> bool:
    """Whether a point lies on the edge of a box of this state."""
    x, y = point
    for boxed, middle in BOXES:
        left, top, right, bottom = area(middle)
        inside = left - 0.01 <= x <= right + 0.01 and top - 0.01 <= y <= bottom + 0.01
        at_side = min(abs(x - left), abs(x - right), abs(y - top), abs(y - bottom)) < 0.01
        if boxed is state and inside and at_side:
            return True
    return False


def along(points: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    for step in range(1, 100):
        t = step / 100
        weights = [1 - t, t]
        if len(points) == 4:
            weights = [(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3]
        x = sum(w * p[0] for w, p in zip(weights, points, strict=True))
        y = sum(w * p[1] for w, p in zip(weights, points, strict=True))
        yield x, y


def test_it_has_the_arrows_and_names_of_the_figure() -> None:
    assert POCKET.arrows.keys() == ARROWS.keys()
    for arrow, place in POCKET.arrows.items():
        assert place.name == ARROWS[arrow].name
    assert {state for state, _ in BOXES} == set(State)


@pytest.mark.parametrize("arrow", ARROWS, ids=lambda arrow: f"{arrow[0]} {arrow[1]}")
def test_an_arrow_goes_from_its_state_to_the_next(arrow: tuple[State, State]) -> None:
    points = POCKET.arrows[arrow].points
    assert on_the_edge(points[0], arrow[0])
    assert on_the_edge(points[-1], arrow[1])


def test_no_line_crosses_a_box() -> None:
    for (was, now), place in POCKET.arrows.items():
        for x, y in along(place.points):
            for state, (left, top, right, bottom) in boxes():
                assert not (left < x < right and top < y < bottom), f"{was} {now} in {state}"


def test_no_name_lies_on_a_box_on_another_name_or_beyond_the_paper() -> None:
    for (name, taken), (other, area) in itertools.product(names(), boxes()):
        assert not overlap(taken, area), f"{name} on {other}"
    for (name, taken), (other, area) in itertools.combinations(names(), 2):
        assert not overlap(taken, area), f"{name} on {other}"
    for name, (left, top, right, bottom) in names():
        assert left >= 0 and top >= 0 and right <= WIDTH and bottom <= HEIGHT, name


def test_the_boxes_do_not_touch() -> None:
    for (_, one), (_, other) in itertools.combinations(boxes(), 2):
        assert not overlap(one, other)


@pytest.mark.parametrize(
    "arrow", [p for p in itertools.permutations(State, 2) if p not in ARROWS], ids=str
)
def test_any_other_way_is_found_and_ends_at_its_box(arrow: tuple[State, State]) -> None:
    points = jump(arrow).points
    assert on_the_edge(points[-1], arrow[1])
    assert all(-80 < x < WIDTH + 80 and -80 < y < HEIGHT + 80 for x, y in along(points))


def test_there_and_back_are_two_ways() -> None:
    there, back = jump((ESTABLISHED, CLOSED)), jump((CLOSED, ESTABLISHED))
    assert {round(x) for x, _ in there.points[1:3]} != {round(x) for x, _ in back.points[1:3]}


def test_a_way_goes_to_the_nearer_of_the_two_boxes_of_closed() -> None:
    low, high = jump((CLOSE_WAIT, CLOSED)).points[-1], jump((ESTABLISHED, CLOSED)).points[-1]
    assert low[1] > HEIGHT / 2 > high[1]


def test_it_is_drawn_with_the_names_by_which_a_page_lights_it() -> None:
    told = "\n".join(drawn(POCKET, {(CLOSED, LISTEN): Ink(Line.INKED)}, {"server": LISTEN}))
    assert '<g class="arrow inked" data-arrow="CLOSED LISTEN">' in told
    assert '<g class="box here" data-state="LISTEN">' in told
    assert told.count("data-arrow=") == 21 and told.count("data-state=") == 12


def test_a_plan_may_have_arrows_alone() -> None:
    way = (FIN_WAIT_1, LAST_ACK)
    plan = Plan(POCKET.size, BOX, (), {way: jump(way)}, POCKET.heads)
    told = "\n".join(drawn(plan, {}, {"client": TIME_WAIT}))
    assert told.count("data-arrow=") == 1 and "data-state=" not in told
