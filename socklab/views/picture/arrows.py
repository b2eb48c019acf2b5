"""An arrow of a picture: its line, what stands above it, and what became of it.

Arrows fall a little, as time goes downwards. A packet that is held ends on the wire, at a bar. A
dotted line leads from there to where it goes on: so one sees for how long it was under way, and
what overtook it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from socklab.record import Fate, Segment
from socklab.views.arrows import WORDS, bound
from socklab.views.picture.canvas import (
    FATE,
    KIND,
    LABEL,
    Canvas,
    Layer,
    Point,
    Run,
    width_of_runs,
)
from socklab.views.picture.typeset import width_of, wrap
from socklab.views.rung import Arrow, Part, Rung

FALL = 8.0
"""How far an arrow falls from one lifeline to the other, in pixels."""

PAD = 12.0
"""What stays free at both ends of a label: an arrow's head."""

LABEL_LINE, FATE_LINE = 15.0, 14.0
"""The heights of lines."""

LANES = (0.6, 0.68, 0.76, 0.52)
"""Where packets are held, as parts of their way: so several at once are told apart."""

KEPT = 0.5
"""Where a packet is held to the end: there is more to be said beyond it."""

CUT = 2 / 3
"""How far a lost packet comes."""

SOURCE = 0.16
"""Where a packet begins that no host sent."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where an arrow can go: from its sender's lifeline to its receiver's, a bit downwards."""

    start: float
    end: float
    top: float

    @property
    def sign(self) -> int:
        """1 to the right, -1 to the left."""
        return 1 if self.end > self.start else -1

    def at(self, part: float) -> Point:
        """The point at which so much of the way is done."""
        return self.start + part * (self.end - self.start), self.top + part * FALL


@dataclass(frozen=True, slots=True)
class Placed:
    """The heights at which an arrow leaves and arrives, and how far down all of it reaches."""

    tail: float
    head: float
    bottom: float


class Wire:
    """What is held on the wire while a picture is drawn from top to bottom.

    Args:
        rungs: all that will be drawn.
        lives: the lifelines.
    """

    def __init__(self, rungs: Sequence[Rung], lives: Sequence[float]) -> None:
        self._lives = lives
        self._goes_on = set(_that_go_on(rungs))
        self._held: list[tuple[Segment, float, Point]] = []

    def lane(self, arrow: Arrow) -> float:
        """At which part of its way a packet is held, or goes on."""
        if arrow.part is Part.REST:
            found = (lane for held, lane, _ in self._held if held == _as_sent(arrow.event))
            return next(found, LANES[0])
        taken = {lane for held, lane, _ in self._held if held.from_ == arrow.event.from_}
        return next((lane for lane in LANES if lane not in taken), LANES[0])

    def goes_on(self, arrow: Arrow, canvas: Canvas, point: Point) -> None:
        """A packet goes on from here; draw for how long it was held."""
        for number, (held, _, since) in enumerate(self._held):
            if held == _as_sent(arrow.event):
                canvas.line(since, point, "held", Layer.GROUND)
                del self._held[number]
                return

    def holds(self, arrow: Arrow, lane: float, point: Point) -> None:
        """A packet is held here, if it ever goes on."""
        if id(arrow) in self._goes_on and isinstance(arrow.event, Segment):
            self._held.append((_as_sent(arrow.event), lane, point))

    def crosses(self, begin: float, end: float) -> bool:
        """Whether a packet is held between two places, or a lifeline goes through."""
        held = (point[0] for *_, point in self._held)
        return any(begin - 4 < x < end + 4 for x in (*held, *self._lives))


def _as_sent(event: object) -> Segment:
    """A segment as it was sent: whatever became of it, it is the same."""
    assert isinstance(event, Segment)
    return replace(event, at_s=0.0, fate=Fate.SENT, by="")


def _that_go_on(rungs: Sequence[Rung]) -> Iterator[int]:
    """The arrows, by their identity, whose packet goes on later from where they leave it."""
    waiting: dict[Segment, list[int]] = {}
    for rung in rungs:
        arrow = rung.arrow
        if arrow is None or not isinstance(arrow.event, Segment):
            continue
        queue = waiting.setdefault(_as_sent(arrow.event), [])
        if arrow.part is Part.REST and queue:
            yield queue.pop(0)
        if _leaves_it(arrow):
            queue.append(id(arrow))


def _leaves_it(arrow: Arrow) -> bool:
    """Whether a packet is on the wire after this: it was held, or only its double went on."""
    return arrow.part is Part.STUB or arrow.event.fate is Fate.DUPLICATED


def draw(
    canvas: Canvas,
    wire: Wire,
    arrow: Arrow,
    label: str,
    fate: str,
    start: float,
    end: float,
    y: float,
) -> Placed:
    """Draw an arrow between two lifelines.

    Args:
        canvas: what to draw on.
        wire: what is held on the wire.
        arrow: what to draw.
        label: what stands above it, clean.
        fate: what became of it, clean.
        start: the sender's lifeline.
        end: the receiver's.
        y: the top of all of it.
    """
    room = abs(end - start) - 2 * PAD
    lines = [line.replace("\u00a0", " ") for line in wrap(bound(label), room, KIND)]
    way = Way(start, end, y + LABEL_LINE * len(lines) + 3)
    begin, stop = _extent(wire, arrow)
    _label(canvas, wire, way, lines, (begin, stop))
    shape = _shape(arrow)
    _line(canvas, way, shape, begin, stop, headed=stop == 1)
    if arrow.part is Part.REST:
        canvas.circle(way.at(begin), 2.2, f"head-{shape}")
        if isinstance(arrow.event, Segment):
            wire.goes_on(arrow, canvas, way.at(begin))
    elif arrow.event.fate is Fate.INJECTED:
        canvas.circle(way.at(SOURCE), 4, shape)
    bottom = way.top + FALL + 6
    if arrow.part is Part.STUB:
        x, height = way.at(stop)
        canvas.line((x, height - 4), (x, height + 4), "stop")
        wire.holds(arrow, stop, way.at(stop))
    elif arrow.event.fate is Fate.DROPPED:
        _cross(canvas, way.at(stop))
    elif _leaves_it(arrow):
        lane = begin if arrow.part is Part.REST else wire.lane(arrow)
        canvas.circle(way.at(lane), 2.2, f"head-{shape}")
        wire.holds(arrow, lane, way.at(lane))
    if fate:
        bottom = max(bottom, _fate(canvas, wire, way, fate, stop))
    return Placed(way.top, way.top + FALL, bottom)


def _extent(wire: Wire, arrow: Arrow) -> tuple[float, float]:
    """From which part of its way an arrow is drawn, and to which."""
    lane = wire.lane(arrow) if isinstance(arrow.event, Segment) else LANES[0]
    begin = lane if arrow.part is Part.REST else 0.0
    if arrow.kept:
        return begin, KEPT
    if arrow.event.fate is Fate.INJECTED:
        begin = SOURCE
    if arrow.part is Part.STUB:
        return begin, lane
    if arrow.event.fate is Fate.DROPPED:
        return begin, max(CUT, begin + 0.14)
    return begin, 1.0


def _shape(arrow: Arrow) -> str:
    """The class of its line: nothing is said by that alone."""
    event = arrow.event
    copy = isinstance(event, Segment) and event.copy
    if event.fate is Fate.DROPPED and arrow.part is not Part.STUB:
        return "lost-copy" if copy else "lost"
    if event.fate in WORDS:
        return "forged"
    return "copy" if copy else "line"


def _label(
    canvas: Canvas, wire: Wire, way: Way, lines: Sequence[str], extent: tuple[float, float]
) -> None:
    """What stands above the line: what kind of packet it is first."""
    left, right = sorted((way.start, way.end))
    middle = (way.at(extent[0])[0] + way.at(extent[1])[0]) / 2
    for number, line in enumerate(lines):
        kind, _, rest = line.partition(" ") if number == 0 else ("", "", line)
        runs: list[Run] = [(kind, KIND)] if kind else []
        runs += [(rest, LABEL)] if rest else []
        if not runs:
            continue  # a packet that is not TCP may have no word to it
        half = width_of_runs(runs) / 2
        x = min(max(middle, left + PAD + half), right - PAD - half)
        nearest = x - half if way.sign > 0 else x + half
        part = abs(nearest - way.start) / (right - left)
        baseline = way.at(part)[1] - 4.5 - LABEL_LINE * (len(lines) - 1 - number)
        _mask(canvas, wire, (x - half, x + half), baseline)
        canvas.text(x, baseline, runs, "middle")


def _mask(canvas: Canvas, wire: Wire, ends: tuple[float, float], baseline: float) -> None:
    """Where there is a line behind a text, the text is in front of it."""
    begin, end = min(ends), max(ends)
    if wire.crosses(begin, end):
        canvas.box(begin - 3, baseline - 11, end - begin + 6, 15, "mask", Layer.BACK)


def _line(canvas: Canvas, way: Way, shape: str, begin: float, stop: float, *, headed: bool) -> None:
    start, tip = way.at(begin), way.at(stop)
    if shape == "forged":
        start = (start[0] + 4 * way.sign, start[1]) if begin == SOURCE else start
        for off in (-1.5, 1.5):
            end = (tip[0] - 8 * way.sign, tip[1] + off)
            canvas.line((start[0], start[1] + off), end, shape)
    else:
        canvas.line(start, (tip[0] - 5 * way.sign, tip[1]) if headed else tip, shape)
    if headed:
        canvas.head(start, tip, shape)


def _cross(canvas: Canvas, middle: Point) -> None:
    x, y = middle
    canvas.path([[(x - 5, y - 5), (x + 5, y + 5)], [(x + 5, y - 5), (x - 5, y + 5)]], "cross")


def _fate(canvas: Canvas, wire: Wire, way: Way, fate: str, stop: float) -> float:
    """What became of it, beyond its end if there is room; how far down that reaches."""
    x, y = way.at(stop)
    beyond = abs(way.end - x) - 10 - 8
    anchor = "start" if way.sign > 0 else "end"
    if (wide := width_of(fate, FATE)) <= beyond:
        at = x + 10 * way.sign
        _mask(canvas, wire, (at, at + wide * way.sign), y + 4)
        canvas.text(at, y + 4, [(fate, FATE)], anchor)
        return y + 8
    anchor = "end" if way.sign > 0 else "start"
    at = way.end - 8 * way.sign
    baseline = way.top + FALL + 1
    for line in wrap(fate, abs(way.end - way.start) - 16, FATE):
        baseline += FATE_LINE
        _mask(canvas, wire, (at, at - width_of(line, FATE) * way.sign), baseline)
        canvas.text(at, baseline, [(line, FATE)], anchor)
    return baseline + 4
