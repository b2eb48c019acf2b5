"""A graph of joint states as a picture, drawn without any tool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from socklab.views.columns import clean, wrap
from socklab.views.joint_graph.drawn import Arrow, Box, Drawing, Kind
from socklab.views.joint_graph.layout import Layout, Point, Size, levels, place

LINE = 16.0
"""From one line of text in a box to the next, in pixels."""

PADDING = 7.0
MARGIN = 16.0
LETTER = 7.1
"""What a letter takes at most, in pixels: generous, since fonts differ."""

SMALL = 6.0
"""What a letter of an arrow's label takes."""

HEADING = 19.0
"""From one line of the heading to the next."""

HEAD = 9.0
"""The length of an arrow's head."""

STYLE = """
.joint .paper { fill: #fff; stroke: #c8ccd2; }
.joint text { font: 12px system-ui, "Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif;
  fill: #16202c; }
.joint .about { font-size: 14px; font-weight: 650; }
.joint .legend { font-size: 12px; fill: #4c5560; }
.joint .state { font-weight: 650; }
.joint .h0 { fill: #0b57a4; }
.joint .h1 { fill: #964700; }
.joint .h2 { fill: #0b6653; }
.joint .h3 { fill: #77338f; }
.joint .wire { font-size: 11px; fill: #4c5560; }
.joint .box rect { fill: #eef2f7; stroke: #16202c; stroke-width: 1.2; }
.joint .end .inner { fill: none; }
.joint .left rect { stroke-dasharray: 5 3; }
.joint .wrong rect { stroke: #ab2118; stroke-width: 3; }
.joint .line { fill: none; stroke: #4c5560; stroke-width: 1.4; }
.joint .head { fill: #4c5560; }
.joint .label { font-size: 10.5px; text-anchor: middle; paint-order: stroke; stroke: #fff;
  stroke-width: 5px; stroke-linejoin: round; }
.joint .fault .line { stroke: #765700; stroke-dasharray: 6 4; }
.joint .fault .head { fill: #765700; }
.joint .fault .label { fill: #765700; font-style: italic; }
.joint .wrong .line { stroke: #ab2118; stroke-width: 3.5; }
.joint .wrong .head { fill: #ab2118; }
"""
"""How it looks alone; a page that it stands in has a look of its own."""


@dataclass(frozen=True, slots=True)
class _Plan:
    drawing: Drawing
    widths: Sequence[float]
    heights: Sequence[float]
    levels: Sequence[int]
    layout: Layout

    def leads_back(self, arrow: Arrow) -> bool:
        """Whether an arrow does not lead down."""
        return self.levels[arrow.target] <= self.levels[arrow.source]


def svg(drawing: Drawing, *, alone: bool = True) -> str:
    """The picture.

    Args:
        drawing: what is drawn.
        alone: whether it is a file of its own, with a title, a legend and a look.
    """
    plan = _plan(drawing)
    # An arrow that leads back goes round at the right.
    back = 60.0 if any(map(plan.leads_back, drawing.arrows)) else 0.0
    width = max(plan.layout.width + 2 * MARGIN + back, 560.0 if alone else 0.0)
    heading = list(_heading(drawing, width)) if alone else []
    top = len(heading) * HEADING + 22.0 if alone else 8.0
    height = plan.layout.height + top + MARGIN
    at = (width - back - plan.layout.width) / 2
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" class="joint"'
        + (' role="img">' if alone else ' role="group" aria-label="The graph">')
    ]
    if alone:
        lines += [
            f"<title>{_text(drawing.title)}</title>",
            f"<style>{STYLE}</style>",
            f'<rect class="paper" x="0.5" y="0.5" width="{width - 1:.0f}" '
            f'height="{height - 1:.0f}" rx="6"/>',
            *heading,
        ]
    lines.append(f'<g transform="translate({at:.1f} {top:.1f})">')
    labels = _Labels()
    lines += [line for each in range(len(drawing.arrows)) for line in _arrow(plan, each, labels)]
    lines += [line for each in range(len(drawing.boxes)) for line in _box(plan, each, alone=alone)]
    return "\n".join([*lines, "</g>", "</svg>"]) + "\n"


def _heading(drawing: Drawing, width: float) -> Iterator[str]:
    """What is drawn, and what its signs mean: a line of text each."""
    words = ["each box is a pair of states" if drawing.pairs else "each box is a joint state"]
    words.append("double border: it may end here")
    if any(arrow.kind is Kind.FAULT for arrow in drawing.arrows):
        words.append("dashed arrow: a fault of the wire")
    if any(box.left for box in drawing.boxes):
        words.append("dashed border: not all was tried")
    room = width - 2 * MARGIN
    lines = [("about", line) for line in wrap(clean(drawing.title), int(room / 8.2))]
    lines += [("legend", line) for line in wrap("; ".join(words), int(room / 6.8))]
    for number, (kind, line) in enumerate(lines, start=1):
        at = 8 + number * HEADING
        yield f'<text class="{kind}" x="{MARGIN:g}" y="{at:g}">{escape(line)}</text>'


# --- Boxes ---


def _lines_of(box: Box) -> list[str]:
    """What stands in a box below its states."""
    more = list(box.wire)
    if box.count > 1:
        more.append(f"{box.count} joint states")
    return more


def _plan(drawing: Drawing) -> _Plan:
    widths, heights = [], []
    for box in drawing.boxes:
        texts = [f"{host} {state}" for host, state in box.ends]
        letters = max(len(text) for text in (*texts, *_lines_of(box)))
        widths.append(letters * LETTER + 2 * PADDING + 14 * bool(box.wrong))
        heights.append((len(texts) + len(_lines_of(box))) * LINE + 2 * PADDING)
    size = Size(widths, heights, beside=30.0, below=68.0, bend=24.0)
    ends = [(arrow.source, arrow.target) for arrow in drawing.arrows]
    ranks = levels(len(drawing.boxes), ends)
    return _Plan(drawing, widths, heights, ranks, place(ranks, ends, size))


def _box(plan: _Plan, number: int, *, alone: bool) -> Iterator[str]:
    box, (x, y) = plan.drawing.boxes[number], plan.layout.boxes[number]
    width, height = plan.widths[number], plan.heights[number]
    kinds = ["box"]
    kinds += [name for name in ("end", "wrong", "left") if getattr(box, name)]
    button = "" if alone else f' id="b{number}" tabindex="0" role="button"'
    if not alone:
        button += f' aria-label="{_text(_spoken(box))}"'
    yield f'<g class="{" ".join(kinds)}"{button}>'
    yield f"<title>{_text(box.title)}</title>"
    left, top = x - width / 2, y - height / 2
    yield _rect(left, top, width, height, "")
    if box.end:
        yield _rect(left + 3, top + 3, width - 6, height - 6, "inner")
    at = top + PADDING + LINE * 0.74
    mark = "✗ " if box.wrong else ""
    for host, (name, state) in enumerate(box.ends):
        yield (
            f'<text x="{left + PADDING:.1f}" y="{at:.1f}" class="h{host % 4}">{mark}{_text(name)} '
            f'<tspan class="state">{_text(state)}</tspan></text>'
        )
        at, mark = at + LINE, ""
    for text in _lines_of(box):
        yield f'<text x="{left + PADDING:.1f}" y="{at:.1f}" class="wire">{_text(text)}</text>'
        at += LINE
    yield "</g>"


def _spoken(box: Box) -> str:
    told = ", ".join(f"{host} {state}" for host, state in box.ends)
    wire = f"; on the wire {', '.join(box.wire)}" if box.wire else ""
    count = f"; {box.count} joint states" if box.count > 1 else ""
    return f"{told}{wire}{count}{'; it may end here' * box.end}"


def _rect(x: float, y: float, width: float, height: float, kind: str) -> str:
    named = f' class="{kind}"' if kind else ""
    return (
        f'<rect{named} x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="5"/>'
    )


# --- Arrows ---


class _Labels:
    """Where labels stand, so that no two stand on each other."""

    def __init__(self) -> None:
        self._taken: list[tuple[float, float, float, float]] = []

    def take(self, spots: Sequence[Point], width: float, height: float) -> Point:
        """The first of these spots that is free, or where the least is covered; now taken."""
        x, y = min(spots, key=lambda spot: self._covered(spot[0], spot[1], width, height))
        self._taken.append((x, y, width, height))
        return x, y

    def _covered(self, x: float, y: float, width: float, height: float) -> float:
        return sum(
            max(0.0, (width + w) / 2 - abs(x - a)) * max(0.0, (height + h) / 2 - abs(y - b))
            for a, b, w, h in self._taken
        )


def _arrow(plan: _Plan, number: int, labels: _Labels) -> Iterator[str]:
    arrow = plan.drawing.arrows[number]
    if plan.leads_back(arrow):
        curves = _round(plan, arrow)
    else:
        curves = _down(plan, number, arrow)
    (end_x, end_y), before = curves[-1][-1], curves[-1][-2]
    path = f"M{_at(curves[0][0])}" + "".join(
        f"C{_at(a)} {_at(b)} {_at(c)}" for _, a, b, c in curves
    )
    name = "" if arrow.kind is Kind.PLAIN else f" {arrow.kind.value}"
    yield f'<g class="arrow{name}" data-ends="{arrow.source} {arrow.target}">'
    yield f"<title>{_text(arrow.title)}</title>"
    yield f'<path class="line" d="{path}"/>'
    yield f'<path class="head" d="{_head(before, (end_x, end_y))}"/>'
    texts = arrow.label
    width, height = max(map(len, texts)) * SMALL, len(texts) * 12.0
    # Beside the arrow's middle, or as near to it as there is room.
    spots = [
        _on(curve, share)
        for share in (0.5, 0.4, 0.6, 0.3, 0.7)
        for curve in (curves[0], curves[-1])
    ]
    x, y = labels.take(spots, width, height)
    for line, text in enumerate(texts):
        at = y + 12.0 * (line - (len(texts) - 1) / 2) + 3.5
        yield f'<text class="label" x="{x:.1f}" y="{at:.1f}">{_text(text)}</text>'
    yield "</g>"


Curve = tuple[Point, Point, Point, Point]
"""A cubic one: where it begins, two points that pull, where it ends."""


def _down(plan: _Plan, number: int, arrow: Arrow) -> list[Curve]:
    """From the lower edge of a box to the upper edge of another, by the bends between them."""
    (x, y), (to_x, to_y) = plan.layout.boxes[arrow.source], plan.layout.boxes[arrow.target]
    begin = _port(plan, arrow, arrow.source, x), y + plan.heights[arrow.source] / 2
    end = _port(plan, arrow, arrow.target, to_x), to_y - plan.heights[arrow.target] / 2 - 1
    points = [begin, *plan.layout.bends[number], end]
    curves = []
    for (a, b), (c, d) in pairwise(points):
        pull = (d - b) * 0.45
        curves.append(((a, b), (a, b + pull), (c, d - pull), (c, d)))
    return curves


def _port(plan: _Plan, arrow: Arrow, box: int, x: float) -> float:
    """Where on a box's edge an arrow stands, so that not all stand on one point."""
    own = [
        other
        for other in plan.drawing.arrows
        if (other.source if box == arrow.source else other.target) == box
        and not plan.leads_back(other)
    ]
    far = {
        id(other): plan.layout.boxes[other.target if box == arrow.source else other.source][0]
        for other in own
    }
    own.sort(key=lambda other: far[id(other)])
    step = min(22.0, plan.widths[box] * 0.8 / max(1, len(own)))
    place_of = next(at for at, other in enumerate(own) if other is arrow)
    return x + step * (place_of - (len(own) - 1) / 2)


def _round(plan: _Plan, arrow: Arrow) -> list[Curve]:
    """From the right edge of a box round to that of one that is not below it."""
    (x, y), (to_x, to_y) = plan.layout.boxes[arrow.source], plan.layout.boxes[arrow.target]
    begin = x + plan.widths[arrow.source] / 2, y
    end = to_x + plan.widths[arrow.target] / 2 + 1, to_y
    out = max(begin[0], end[0]) + 44
    return [(begin, (out, y), (out, to_y), end)]


def _on(curve: Curve, share: float) -> Point:
    """A point on a curve, where so much of it is behind."""
    rest = 1 - share
    parts = rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3
    return (
        sum(part * x for part, (x, _) in zip(parts, curve, strict=True)),
        sum(part * y for part, (_, y) in zip(parts, curve, strict=True)),
    )


def _head(before: Point, end: Point) -> str:
    dx, dy = end[0] - before[0], end[1] - before[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    dx, dy = dx / length * HEAD, dy / length * HEAD
    back = end[0] - dx, end[1] - dy
    left = back[0] - dy * 0.4, back[1] + dx * 0.4
    right = back[0] + dy * 0.4, back[1] - dx * 0.4
    return f"M{_at(end)}L{_at(left)}L{_at(right)}z"


def _at(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def _text(text: str) -> str:
    """A text as XML has it: clean, but for its lines."""
    return escape("\n".join(map(clean, text.split("\n"))))
