"""What a picture is drawn on: lines, boxes and texts, and in the end the text of an SVG file.

The looks are in one style sheet, of classes alone, which is what programs for slides and
documents understand of CSS. All that is not text is drawn: arrow heads, crosses and ticks are
paths, since not every font has them.

Text of a Record is data. It comes clean (see columns.py), and is escaped here and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from enum import IntEnum
from xml.sax.saxutils import escape, quoteattr

from socklab.views.picture.typeset import MONO, SANS, Face, is_plain, width_of

Point = tuple[float, float]
Run = tuple[str, Face]
"""Clean text, and how it is set."""

INK, GREY, BLUE, RED, BROWN = "#16202c", "#4c5560", "#0b4f9e", "#b3261e", "#7a4300"
PAPER, TINT, RULE = "#ffffff", "#eef2f7", "#c8ccd2"

TITLE = Face("title", 18, bold=True)
QUESTION = Face("question", 14)
HOST = Face("host", 14, bold=True)
ADDRESS = Face("address", 12)
KIND = Face("kind", 12.5, bold=True)
LABEL = Face("label", 12.5)
FATE = Face("fate", 11.5)
STATE = Face("state", 11.5, bold=True)
CODE = Face("code", 12.5, mono=True)
ERROR = Face("error", 12.5, bold=True, mono=True)
ASIDE = Face("aside", 12)
NAME = Face("name", 11.5, mono=True)
MARK = Face("mark", 11.5, bold=True)
WRONG = Face("wrong", 11.5, bold=True)
CLAIM = Face("claim", 12.5)
VERDICT = Face("verdict", 13.5)
LEAD = Face("lead", 13.5, bold=True)
ADVICE = Face("advice", 11.5, mono=True)

FACES = {
    TITLE: INK,
    QUESTION: GREY,
    HOST: INK,
    ADDRESS: GREY,
    KIND: INK,
    LABEL: INK,
    FATE: GREY,
    STATE: INK,
    CODE: INK,
    ERROR: RED,
    ASIDE: GREY,
    NAME: GREY,
    MARK: INK,
    WRONG: RED,
    CLAIM: INK,
    VERDICT: INK,
    LEAD: INK,
    ADVICE: INK,
}

SHAPES = {
    "life": f"stroke:{RULE};stroke-width:2",
    "line": f"stroke:{INK};stroke-width:1.4;fill:none",
    "copy": f"stroke:{GREY};stroke-width:1.4;stroke-dasharray:6 4;fill:none",
    "forged": f"stroke:{BROWN};stroke-width:1.2;fill:none",
    "lost": f"stroke:{RED};stroke-width:1.4;fill:none",
    "lost-copy": f"stroke:{RED};stroke-width:1.4;stroke-dasharray:6 4;fill:none",
    "stop": f"stroke:{INK};stroke-width:2",
    "cross": f"stroke:{RED};stroke-width:2.2;fill:none",
    "tick": f"stroke:{INK};stroke-width:2;fill:none",
    "held": f"stroke:{GREY};stroke-width:1.4;stroke-dasharray:1.5 3.5;fill:none",
    "box": f"stroke:{INK};stroke-width:1.2;fill:{TINT}",
    "band": f"fill:{TINT}",
    "frame": f"stroke:{GREY};stroke-width:1.2;fill:none",
    "frame-head": f"stroke:{GREY};stroke-width:1.2;fill:{TINT}",
    "pill": f"stroke:{INK};stroke-width:1.2;fill:{PAPER}",
    "pill-open": f"stroke:{GREY};stroke-width:1.2;stroke-dasharray:3 2;fill:{PAPER}",
    "pill-wrong": f"stroke:{RED};stroke-width:2;fill:{PAPER}",
    "mask": f"fill:{PAPER}",
}

HEADS = {"line": INK, "copy": GREY, "forged": BROWN, "lost": RED, "lost-copy": RED}
"""What the head of a line of this class is filled with."""

HEAD_LENGTH, HEAD_HALF = 10.0, 4.0


class Layer(IntEnum):
    """What lies upon what: the higher on the lower."""

    GROUND = 0
    BACK = 1
    FRONT = 2
    TEXT = 3


class Canvas:
    """A picture being drawn; y grows downwards, all lengths are in pixels of the viewBox.

    Args:
        prefix: what the names of its classes begin with: an SVG may stand within a page.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._layers: list[list[str]] = [[] for _ in Layer]
        self.lines: set[str] = set()
        """The shapes of the lines that were drawn."""

    def text(self, x: float, y: float, runs: Sequence[Run], anchor: str = "start") -> None:
        """A line of text on a baseline, in one or several faces with a blank between them.

        Programs differ in where they begin a line of several faces that does not begin at its
        left. Such a line is broken into elements, each placed for the widest font.
        """
        runs = _joined(runs)
        if anchor == "middle" and len(runs) > 1:
            x += width_of(*runs[0]) - width_of_runs(runs) / 2
            self.text(x, y, runs[:1], "end")
            self.text(x + width_of(" ", runs[1][1]), y, runs[1:])
            return
        if anchor == "end" and len(runs) > 1:
            self.text(x, y, runs[-1:], "end")
            self.text(x - width_of_runs([("", runs[0][1]), runs[-1]]), y, runs[:-1], "end")
            return
        place = f'x="{_n(x)}" y="{_n(y)}"'
        if anchor != "start":
            place += f' text-anchor="{anchor}"'
        if not all(is_plain(text) for text, _ in runs):
            # Nobody knows how wide a font makes it; so it is told how wide it is.
            wide = width_of_runs(runs)
            place += f' textLength="{_n(wide)}" lengthAdjust="spacingAndGlyphs"'
        if len(runs) == 1:
            text, face = runs[0]
            element = f"<text {place} {self._class(face.name)}>{escape(text)}</text>"
        else:
            spans = [
                f"<tspan {self._class(face.name)}>{' ' if n else ''}{escape(text)}</tspan>"
                for n, (text, face) in enumerate(runs)
            ]
            element = f"<text {place}>{''.join(spans)}</text>"
        self._put(Layer.TEXT, element)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        shape: str,
        layer: Layer = Layer.FRONT,
        radius: float = 0.0,
    ) -> None:
        """A rectangle by its upper left corner."""
        size = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
        rounded = f' rx="{_n(radius)}"' if radius else ""
        self._put(layer, f"<rect {size}{rounded} {self._class(shape)}/>")

    def line(self, start: Point, end: Point, shape: str, layer: Layer = Layer.FRONT) -> None:
        """A straight line."""
        self.lines.add(shape)
        ends = f'x1="{_n(start[0])}" y1="{_n(start[1])}" x2="{_n(end[0])}" y2="{_n(end[1])}"'
        self._put(layer, f"<line {ends} {self._class(shape)}/>")

    def path(self, data: Iterable[Sequence[Point]], shape: str, layer: Layer = Layer.FRONT) -> None:
        """Straight lines from point to point, in one or several pieces."""
        pieces = ("M " + " L ".join(f"{_n(x)} {_n(y)}" for x, y in piece) for piece in data)
        self._put(layer, f'<path d="{" ".join(pieces)}" {self._class(shape)}/>')

    def circle(self, middle: Point, radius: float, shape: str) -> None:
        """A circle."""
        place = f'cx="{_n(middle[0])}" cy="{_n(middle[1])}" r="{_n(radius)}"'
        self._put(Layer.FRONT, f"<circle {place} {self._class(shape)}/>")

    def head(self, start: Point, tip: Point, shape: str) -> None:
        """The head of an arrow that comes from a point."""
        far = math.dist(start, tip) or 1.0
        dx, dy = (tip[0] - start[0]) / far, (tip[1] - start[1]) / far
        x, y = tip[0] - dx * HEAD_LENGTH, tip[1] - dy * HEAD_LENGTH
        corners = (tip, (x - dy * HEAD_HALF, y + dx * HEAD_HALF))
        other = (x + dy * HEAD_HALF, y - dx * HEAD_HALF)
        points = " ".join(f"{_n(px)},{_n(py)}" for px, py in (*corners, other))
        self._put(Layer.FRONT, f'<polygon points="{points}" {self._class(f"head-{shape}")}/>')

    def svg(self, width: float, height: float, title: str, description: str) -> str:
        """The text of the file.

        Args:
            width: of the picture.
            height: of the picture.
            title: what it shows.
            description: what it says, for those who do not see it.
        """
        size = f'width="{_n(width)}" height="{_n(height)}"'
        opening = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" '
            f'{size} role="img" aria-label={quoteattr(title)} class="{self._prefix}" '
            'xml:space="preserve">'
        )
        return "\n".join(
            [
                opening,
                f"<title>{escape(title)}</title>",
                f"<desc>{escape(description)}</desc>",
                f"<style>{self._style()}</style>",
                f'<rect {size} fill="{PAPER}"/>',
                *(part for layer in self._layers for part in layer),
                "</svg>\n",
            ]
        )

    def _put(self, layer: Layer, element: str) -> None:
        self._layers[layer].append(element)

    def _class(self, name: str) -> str:
        return f'class="{self._prefix}-{name}"'

    def _style(self) -> str:
        rules = {face.name: _set_in(face, ink) for face, ink in FACES.items()}
        rules |= SHAPES
        rules |= {f"head-{name}": f"fill:{ink}" for name, ink in HEADS.items()}
        return "\n".join(f".{self._prefix}-{name}{{{rule}}}" for name, rule in rules.items())


def _joined(runs: Sequence[Run]) -> list[Run]:
    """Runs of which no two neighbours have the same face."""
    joined: list[Run] = []
    for text, face in runs:
        if joined and joined[-1][1] == face:
            joined[-1] = (f"{joined[-1][0]} {text}", face)
        else:
            joined.append((text, face))
    return joined


def width_of_runs(runs: Sequence[Run]) -> float:
    """The most room that a line takes, in pixels."""
    blanks = sum(width_of(" ", face) for _, face in runs[1:])
    return blanks + sum(width_of(text, face) for text, face in runs)


def _set_in(face: Face, ink: str) -> str:
    rule = f"font-family:{MONO if face.mono else SANS};font-size:{_n(face.size)}px;fill:{ink}"
    if face.bold:
        rule += ";font-weight:bold"
    if face in (ASIDE, QUESTION):
        rule += ";font-style:italic"
    return rule


def _n(number: float) -> str:
    """A number as it is written: no finer than a tenth of a pixel."""
    return f"{number:.1f}".removesuffix(".0")
