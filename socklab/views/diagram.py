"""The state diagram of RFC 9293's figure 5 as SVG: its arrows inked, its states lit.

Laid out by hand as the RFC draws it, the coordinates as data. What is true of an arrow is told
by its line (thick, dashed, or dotted with a cross), and never by its color alone. The picture
brings its own paper, so it stands on a white page as on a dark one, and needs no font but the
reader's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from xml.sax.saxutils import escape, quoteattr

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
    State,
)
from socklab.views.columns import clean

Arrow = tuple[State, State]
"""An arrow of the figure, from a state to the next: it draws no two between the same."""

Point = tuple[float, float]


class Line(Enum):
    """How an arrow is drawn: INKED was seen, FAINT was not, CROSSED is not there to be seen."""

    INKED = "inked"
    FAINT = "faint"
    CROSSED = "crossed"


@dataclass(frozen=True, slots=True)
class Ink:
    """What is to be told of an arrow: its line, a few words beneath its name, and a tooltip.

    In a page it may lead somewhere: `link` is an address.
    """

    line: Line
    note: str = ""
    title: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an arrow goes: two points, or four of a Bézier curve; and where its name stands."""

    name: str
    points: tuple[Point, ...]
    label: Point
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Plan:
    """Where everything stands: boxes by their middles, and arrows from the edge of one to another.

    `heads` has the length of an arrow's head and half its width, by the arrow's line.
    """

    size: tuple[int, int]
    box: tuple[int, int]
    boxes: Sequence[tuple[State, Point]]
    arrows: Mapping[Arrow, Place]
    heads: Mapping[Line, tuple[int, int]]


WIDTH, HEIGHT = 1000, 1190
BOX = (180, 52)
"""Width and height of a state's box."""

BOXES: Sequence[tuple[State, Point]] = (
    (CLOSED, (500, 96)),
    (LISTEN, (500, 290)),
    (SYN_RECEIVED, (130, 440)),
    (SYN_SENT, (870, 440)),
    (ESTABLISHED, (500, 600)),
    (FIN_WAIT_1, (130, 740)),
    (CLOSE_WAIT, (870, 740)),
    (FIN_WAIT_2, (130, 930)),
    (CLOSING, (500, 930)),
    (LAST_ACK, (870, 930)),
    (TIME_WAIT, (500, 1080)),
    (CLOSED, (870, 1080)),
)
"""The states by the middles of their boxes. CLOSED stands twice, as in the RFC: it is one state."""

ARROWS: Mapping[Arrow, Place] = {
    (CLOSED, LISTEN): Place("listen()", ((474, 122), (474, 264)), (462, 188), "end"),
    (LISTEN, CLOSED): Place("close()", ((526, 264), (526, 122)), (538, 188)),
    (CLOSED, SYN_SENT): Place(
        "connect()", ((590, 84), (780, 84), (906, 200), (906, 414)), (772, 88)
    ),
    (SYN_SENT, CLOSED): Place(
        "close()", ((846, 414), (846, 250), (740, 112), (590, 108)), (806, 272), "end"
    ),
    (SYN_RECEIVED, LISTEN): Place(
        "RST", ((104, 414), (104, 310), (190, 280), (410, 280)), (178, 268), "end"
    ),
    (LISTEN, SYN_RECEIVED): Place(
        "SYN", ((452, 316), (452, 400), (360, 426), (220, 426)), (374, 352), "end"
    ),
    (LISTEN, SYN_SENT): Place(
        "send()", ((548, 316), (548, 400), (640, 426), (780, 426)), (626, 352)
    ),
    (SYN_SENT, SYN_RECEIVED): Place("SYN", ((780, 442), (220, 442)), (500, 464), "middle"),
    (SYN_RECEIVED, ESTABLISHED): Place(
        "ACK of SYN", ((220, 458), (360, 458), (452, 490), (452, 574)), (382, 520), "end"
    ),
    (SYN_SENT, ESTABLISHED): Place(
        "SYN+ACK", ((780, 458), (640, 458), (548, 490), (548, 574)), (618, 520)
    ),
    (SYN_RECEIVED, FIN_WAIT_1): Place("close()", ((80, 466), (80, 714)), (92, 586)),
    (ESTABLISHED, FIN_WAIT_1): Place(
        "close()", ((452, 626), (452, 700), (360, 728), (220, 728)), (390, 676), "end"
    ),
    (ESTABLISHED, CLOSE_WAIT): Place(
        "FIN", ((548, 626), (548, 700), (640, 728), (780, 728)), (610, 676)
    ),
    (FIN_WAIT_1, FIN_WAIT_2): Place("ACK of FIN", ((80, 766), (80, 904)), (92, 828)),
    (FIN_WAIT_1, CLOSING): Place(
        "FIN", ((220, 750), (440, 750), (544, 800), (544, 904)), (536, 806)
    ),
    (FIN_WAIT_1, TIME_WAIT): Place(
        "FIN and ACK of FIN", ((200, 766), (330, 850), (300, 1000), (410, 1066)), (306, 852)
    ),
    (CLOSE_WAIT, LAST_ACK): Place("close()", ((920, 766), (920, 904)), (908, 828), "end"),
    (FIN_WAIT_2, TIME_WAIT): Place(
        "FIN", ((80, 956), (80, 1070), (180, 1092), (410, 1092)), (176, 1034)
    ),
    (CLOSING, TIME_WAIT): Place("ACK of FIN", ((500, 956), (500, 1054)), (512, 998)),
    (LAST_ACK, CLOSED): Place("ACK of FIN", ((920, 956), (920, 1054)), (908, 998), "end"),
    (TIME_WAIT, CLOSED): Place("2 MSL timeout", ((590, 1080), (780, 1080)), (685, 1108), "middle"),
}
"""The figure's 21 arrows. Of its two words for each (`rcv SYN` over `snd SYN,ACK`) the first."""

STYLE = """
.states .paper { fill: #fff; stroke: #c8ccd2; }
.states text { font-family: system-ui, "Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans",
  sans-serif; fill: #16202c; paint-order: stroke; stroke: #fff; stroke-width: 4px;
  stroke-linejoin: round; }
.states .heading { font-size: 22px; font-weight: 700; }
.states .name { font-size: 18px; font-weight: 600; }
.states .note { font-size: 14px; }
.states .box rect { fill: #eef2f7; stroke: #16202c; stroke-width: 2; }
.states .box text { font-size: 19px; font-weight: 700; text-anchor: middle; stroke: none; }
.states .here rect { fill: #ffdf80; stroke-width: 4; }
.states .box .host { font-size: 15px; font-weight: 400; }
.states .line { fill: none; stroke-linecap: butt; }
.states .inked .line { stroke: #0b4f9e; stroke-width: 4; }
.states .inked .head { fill: #0b4f9e; }
.states .faint .line { stroke: #6b7480; stroke-width: 1.6; stroke-dasharray: 9 6; }
.states .faint .head { fill: #fff; stroke: #6b7480; stroke-width: 1.6; }
.states .crossed .line { stroke: #6b7480; stroke-width: 2.6; stroke-dasharray: 0 7;
  stroke-linecap: round; }
.states .crossed .head { fill: #6b7480; }
.states .cross { stroke: #b3261e; stroke-width: 4; fill: none; }
.states .faint text, .states .crossed text { fill: #4c5560; font-weight: 400; }
"""

HEADS = {Line.INKED: (16, 6), Line.FAINT: (12, 5), Line.CROSSED: (11, 5)}
"""The length and half the width of an arrow's head."""

FIGURE = Plan((WIDTH, HEIGHT), BOX, BOXES, ARROWS, HEADS)
"""The figure at the size of a page."""


def diagram(
    inks: Mapping[Arrow, Ink],
    here: Mapping[str, State] | None = None,
    *,
    heading: Sequence[str] = (),
    legend: bool = True,
) -> str:
    """The figure as the text of an SVG file.

    Args:
        inks: how arrows are drawn; one that is not named is faint, and without a note.
        here: the states that hosts are in, by the host: their boxes are lit, and named.
        heading: what the picture is of: the first line is its title.
        legend: whether it says what the lines mean.

    Raises:
        KeyError: an arrow that the figure does not have.
    """
    unknown = inks.keys() - ARROWS.keys()
    if unknown:
        raise KeyError(f"the figure has no arrow from {' to '.join(map(str, unknown.pop()))}")
    height = HEIGHT if legend else HEIGHT - 60
    title = heading[0] if heading else "The states of a TCP connection, RFC 9293 figure 5"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'role="img" width="{WIDTH}" height="{height}" class="states">',
        f"<title>{_text(title)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="paper" x="1" y="1" width="{WIDTH - 2}" height="{height - 2}" rx="12"/>',
        *_heading(heading),
    ]
    parts += drawn(FIGURE, inks, here or {})
    if legend:
        parts += _legend()
    return "\n".join([*parts, "</svg>"]) + "\n"


def drawn(plan: Plan, inks: Mapping[Arrow, Ink], here: Mapping[str, State]) -> Iterator[str]:
    """Arrows and boxes as elements of SVG, without the paper around them.

    Each names what it is, so that a page can light it: `data-arrow` has two states with a blank
    between, `data-state` one.

    Args:
        plan: where they stand.
        inks: how arrows are drawn; one that is not named is faint, and without a note.
        here: the states that hosts are in, by the host.
    """
    for arrow, place in plan.arrows.items():
        yield from _arrow(arrow, place, inks.get(arrow, Ink(Line.FAINT)), plan.heads)
    for state, middle in plan.boxes:
        names = [host for host, at in here.items() if at is state]
        yield from _box(state, middle, plan.box, names)


def _heading(lines: Sequence[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        style = "note" if number else "heading"
        yield f'<text class="{style}" x="28" y="{44 + 24 * number}">{_text(line)}</text>'


def _arrow(
    arrow: Arrow, place: Place, ink: Ink, heads: Mapping[Line, tuple[int, int]]
) -> Iterator[str]:
    was, now = arrow
    about = ink.title or ink.note
    if ink.link:
        yield f"<a href={quoteattr(clean(ink.link))}>"
    yield f'<g class="arrow {ink.line.value}" data-arrow="{was} {now}">'
    told = f"{was} → {now}: {place.name}" + (f". {about}" if about else "")
    yield f"<title>{_text(told)}</title>"
    yield from _line(place.points, ink.line, heads)
    x, y = place.label
    anchor = f'text-anchor="{place.anchor}"'
    yield f'<text class="name" x="{x}" y="{y}" {anchor}>{_text(place.name)}</text>'
    if ink.note:
        yield f'<text class="note" x="{x}" y="{y + 18}" {anchor}>{_text(ink.note)}</text>'
    yield "</g>"
    if ink.link:
        yield "</a>"


def _line(
    points: Sequence[Point], line: Line, heads: Mapping[Line, tuple[int, int]] = HEADS
) -> Iterator[str]:
    """An arrow's line, which ends where its head begins."""
    (x, y), (before_x, before_y) = points[-1], points[-2]
    length, half = heads[line]
    far = math.dist(points[-1], points[-2])
    dx, dy = (x - before_x) / far, (y - before_y) / far
    base = x - dx * length, y - dy * length
    path = "C" if len(points) == 4 else "L"
    through = " ".join(_told(point) for point in (*points[1:-1], base))
    yield f'<path class="line" d="M {_told(points[0])} {path} {through}"/>'
    corners = (
        points[-1],
        (base[0] - dy * half, base[1] + dx * half),
        (base[0] + dy * half, base[1] - dx * half),
    )
    yield f'<polygon class="head" points="{" ".join(map(_told, corners))}"/>'
    if line is Line.CROSSED:
        x, y = _middle(points)
        yield f'<path class="cross" d="M {x - 9:g} {y - 9:g} l 18 18 m 0 -18 l -18 18"/>'


def _middle(points: Sequence[Point]) -> Point:
    """The middle of a line, or of a Bézier curve."""
    weights = (1, 3, 3, 1) if len(points) == 4 else (1, 1)
    total = sum(weights)
    x = sum(w * px for w, (px, _) in zip(weights, points, strict=True)) / total
    y = sum(w * py for w, (_, py) in zip(weights, points, strict=True)) / total
    return x, y


def _text(text: str) -> str:
    """A text as XML has it, which knows no control characters, however they are written."""
    return escape(clean(text))


def _told(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"


def _box(state: State, middle: Point, size: tuple[int, int], hosts: Sequence[str]) -> Iterator[str]:
    (x, y), (width, height) = middle, size
    yield f'<g class="box{" here" if hosts else ""}" data-state="{state}">'
    yield (
        f'<rect x="{x - width / 2:g}" y="{y - height / 2:g}" width="{width}" height="{height}" '
        'rx="9"/>'
    )
    yield f'<text x="{x:g}" y="{y - 3 if hosts else y + 7:g}">{state}</text>'
    if hosts:
        told = _text(" and ".join(hosts))
        yield f'<text class="host" x="{x:g}" y="{y + 17:g}">{told}</text>'
    yield "</g>"


LEGEND = (
    (Line.INKED, "seen on a real end"),
    (Line.FAINT, "not seen"),
    (Line.CROSSED, "not there on Linux"),
)


def _legend() -> Iterator[str]:
    y = HEIGHT - 34
    for number, (line, words) in enumerate(LEGEND):
        x = 60 + 320 * number
        yield f'<g class="{line.value}">'
        yield from _line(((x, y), (x + 84, y)), line)
        yield f'<text class="note" x="{x + 98}" y="{y + 5}">{words}</text>'
        yield "</g>"
