"""RFC 9293's figure 5 for where there is little room: beside a ladder, twice in a column.

The boxes stand as in the figure at the size of a page, and the same arrows go between them. But
the boxes take all the room, so that the names of the states can be read at a quarter of a page's
width; what an arrow is called is in its tooltip, and shown where there is room after all.

A run takes ways that the figure leaves out, such as an ESTABLISHED that a RST ends. `jump` finds
a curve for any of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from socklab.tcp import (
    CLOSE_WAIT,
    CLOSED,
    CLOSING,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    LAST_ACK,
    LISTEN,
    SYN_RECEIVED,
    SYN_SENT,
    TIME_WAIT,
)
from socklab.views.diagram import ARROWS, Arrow, Line, Place, Plan, Point

WIDTH, HEIGHT = 1000, 1020
BOX = (300, 78)
HEAD = (22, 10)
LEFT, MIDDLE, RIGHT = 156, 500, 844
"""The columns: the middles of their boxes."""

BOXES = (
    (CLOSED, (MIDDLE, 44)),
    (LISTEN, (MIDDLE, 192)),
    (SYN_RECEIVED, (LEFT, 344)),
    (SYN_SENT, (RIGHT, 344)),
    (ESTABLISHED, (MIDDLE, 496)),
    (FIN_WAIT_1, (LEFT, 648)),
    (CLOSE_WAIT, (RIGHT, 648)),
    (FIN_WAIT_2, (LEFT, 800)),
    (CLOSING, (MIDDLE, 800)),
    (LAST_ACK, (RIGHT, 800)),
    (TIME_WAIT, (MIDDLE, 948)),
    (CLOSED, (RIGHT, 948)),
)

_WAYS: Mapping[Arrow, tuple[tuple[Point, ...], Point, str]] = {
    (CLOSED, LISTEN): (((470, 83), (470, 153)), (458, 124), "end"),
    (LISTEN, CLOSED): (((530, 153), (530, 83)), (542, 124), "start"),
    (CLOSED, SYN_SENT): (((650, 30), (860, 30), (920, 160), (920, 305)), (868, 82), "start"),
    (SYN_SENT, CLOSED): (((836, 305), (836, 150), (760, 62), (650, 58)), (770, 152), "end"),
    (SYN_RECEIVED, LISTEN): (((80, 305), (80, 220), (180, 172), (350, 172)), (112, 212), "end"),
    (LISTEN, SYN_RECEIVED): (((350, 212), (270, 212), (230, 250), (230, 305)), (276, 264), "start"),
    (LISTEN, SYN_SENT): (((650, 192), (740, 192), (776, 250), (776, 305)), (736, 264), "end"),
    (SYN_SENT, SYN_RECEIVED): (((694, 332), (306, 332)), (500, 366), "middle"),
    (SYN_RECEIVED, ESTABLISHED): (
        ((230, 383), (230, 450), (270, 482), (350, 482)),
        (268, 426),
        "start",
    ),
    (SYN_SENT, ESTABLISHED): (((770, 383), (770, 450), (730, 482), (650, 482)), (732, 426), "end"),
    (SYN_RECEIVED, FIN_WAIT_1): (((80, 383), (80, 609)), (92, 504), "start"),
    (ESTABLISHED, FIN_WAIT_1): (
        ((350, 510), (270, 510), (230, 542), (230, 609)),
        (268, 578),
        "start",
    ),
    (ESTABLISHED, CLOSE_WAIT): (
        ((650, 510), (730, 510), (770, 542), (770, 609)),
        (732, 578),
        "end",
    ),
    (FIN_WAIT_1, FIN_WAIT_2): (((80, 687), (80, 761)), (92, 732), "start"),
    (FIN_WAIT_1, CLOSING): (((306, 640), (470, 640), (626, 676), (626, 761)), (560, 660), "start"),
    (FIN_WAIT_1, TIME_WAIT): (
        ((250, 687), (350, 730), (310, 880), (400, 909)),
        (338, 732),
        "start",
    ),
    (CLOSE_WAIT, LAST_ACK): (((920, 687), (920, 761)), (908, 732), "end"),
    (FIN_WAIT_2, TIME_WAIT): (((80, 839), (80, 920), (180, 950), (350, 950)), (120, 900), "start"),
    (CLOSING, TIME_WAIT): (((520, 839), (520, 909)), (532, 882), "start"),
    (LAST_ACK, CLOSED): (((920, 839), (920, 909)), (908, 882), "end"),
    (TIME_WAIT, CLOSED): (((650, 948), (694, 948)), (672, 1012), "middle"),
}

POCKET = Plan(
    (WIDTH, HEIGHT),
    BOX,
    BOXES,
    {
        arrow: Place(ARROWS[arrow].name, points, label, anchor)
        for arrow, (points, label, anchor) in _WAYS.items()
    },
    dict.fromkeys(Line, HEAD),
)
"""The figure without a legend: the page around it says what the lines mean."""


def jump(arrow: Arrow, name: str = "") -> Place:
    """A way between two states that the figure does not have.

    It goes from the middle of one box to the edge of the other, and is to be drawn before the
    boxes, which then hide its beginning. It bends to its right, so that there and back are two.
    """
    start, end = _middle(arrow, 0), _middle(arrow, 1)
    dx, dy = end[0] - start[0], end[1] - start[1]
    far = math.hypot(dx, dy) or 1.0
    # In its own column it has to go around what stands between.
    aside = BOX[0] * 0.72 if dx == 0 else 70.0
    across = -dy / far * aside, dx / far * aside
    bends = [
        (start[0] + dx * part + across[0], start[1] + dy * part + across[1]) for part in (0.3, 0.7)
    ]
    return Place(name, (start, bends[0], bends[1], _edge(end, bends[1])), bends[0], "middle")


def _middle(arrow: Arrow, which: int) -> Point:
    """Of a state that has two boxes, the one that is nearer to the other state."""
    at = [middle for state, middle in BOXES if state is arrow[which]]
    others = [middle for state, middle in BOXES if state is arrow[1 - which]]
    return min(at, key=lambda middle: min(math.dist(middle, other) for other in others))


def _edge(middle: Point, seen_from: Point) -> Point:
    """Where the way from a point to the middle of a box meets its edge."""
    dx, dy = seen_from[0] - middle[0], seen_from[1] - middle[1]
    scale = max(abs(dx) / (BOX[0] / 2), abs(dy) / (BOX[1] / 2)) or 1.0
    return middle[0] + dx / scale, middle[1] + dy / scale
