"""A Record as a picture for slides and documents: the ladder as a time-sequence diagram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from socklab.record import Expect, Record
from socklab.views.columns import clean
from socklab.views.ending import verdict_of
from socklab.views.folding import Loop, folded, heading
from socklab.views.picture.around import (
    closing,
    draw_pill,
    draw_sign,
    grouped,
    key,
    opening,
    pill_width,
)
from socklab.views.picture.arrows import PAD, Wire, draw
from socklab.views.picture.canvas import ADDRESS, ASIDE, HOST, KIND, NAME, Canvas, Layer
from socklab.views.picture.layout import EDGE, Layout, lay_out
from socklab.views.picture.notes import HALF, draw_note, width_of_note
from socklab.views.picture.typeset import width_of, wrap
from socklab.views.rung import Arrow, Rung
from socklab.views.rungs import hosts_of, rungs
from socklab.views.words import Words

BETWEEN = 3.0
"""What stays free between two rungs."""

MOST_NAME = 130.0
"""The most room for the name of a connection."""

MOST_HEAD = 140.0, 120.0
"""The most room for the name of a host: of two, and of any other number."""

TALL = 1000.0
"""A ladder that is taller, in pixels, has the names of its hosts at its end, too: a page of A4 is
about as tall."""


@dataclass(slots=True)
class _Row:
    """A rung, and the expectations that were asked then; or a Loop, which has none."""

    told: Rung | Loop
    marks: list[int] = field(default_factory=list)


def svg(record: Record) -> str:
    """A run as a picture: a time-sequence diagram of calls, segments and states.

    It is 760 pixels wide, which on A4 is legible in print, and as tall as it has to be. What goes
    the same way three times or more is drawn once, in a frame that says how often.

    Args:
        record: the run.

    Returns:
        The text of an SVG file. It needs nothing from elsewhere, fonts aside, and its text can be
        selected. Control characters in the Record are escaped.
    """
    return _Page(record).draw()


class _Page:
    """One picture being drawn."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.canvas = Canvas("ladder")
        self.hosts = hosts_of(record)
        self.expects: list[Expect] = list(record.of(Expect))
        self.words = Words(self.hosts, record.hosts)
        told = folded([self.words.rung(rung) for rung in rungs(record)])
        self.rows = _rows(told)
        self.rungs = [
            rung for each in told for rung in (each.rungs if isinstance(each, Loop) else (each,))
        ]
        self.layout = self._lay_out()
        self.wire = Wire(self.rungs, self.layout.lives)
        self._named = ""

    def _lay_out(self) -> Layout:
        marks = [text for row in self.rows for text, _ in grouped(row.marks, self.expects)]
        names = [rung.connection for rung in self.rungs if rung.connection]
        notes = {
            host: [width_of_note(rung.notes[host]) for rung in self.rungs if host in rung.notes]
            for host in self.hosts
        }
        labels = [self.words.label(rung.arrow) for rung in self.rungs if rung.arrow]
        return lay_out(
            notes,
            [width_of(label, KIND) + 2 * PAD for label in labels],
            max((pill_width(text) + 8 for text in marks), default=0.0),
            min(MOST_NAME, max((width_of(name, NAME) + 8 for name in names), default=0.0)),
        )

    def draw(self) -> str:
        """The text of the file."""
        width = self.layout.width
        y = opening(self.canvas, self.record, width)
        if self.rows:
            y = self._ladder(y + 14 if y > EDGE else y) + 14
            y = key(self.canvas, width, y) + 6
        y = closing(self.canvas, self.record, width, y + 4)
        title = clean(self.record.title or self.record.lab) or "A run of socklab"
        told = [self.record.question, verdict_of(self.record)]
        return self.canvas.svg(width, y + EDGE, title, clean(" ".join(filter(None, told))))

    def _ladder(self, top: float) -> float:
        """Draw the lifelines and everything on them; how far down they reach."""
        begin = y = self._heads(top)
        y += 8
        for row in self.rows:
            if isinstance(row.told, Loop):
                y = self._loop(row.told, y)
            else:
                y = self._row(row.told, row.marks, y)
        y += 6
        for x in self.layout.lives:
            self.canvas.line((x, begin), (x, y), "life", Layer.GROUND)
        return self._heads(y) if y - begin > TALL else y

    def _heads(self, y: float) -> float:
        """Draw the hosts' names and addresses, in boxes at their lifelines."""
        most = MOST_HEAD[not self.layout.beside]
        heads = []
        for host in self.hosts:
            lines = [(line, HOST) for line in wrap(clean(host), most - 16, HOST)]
            if address := clean(self.record.hosts.get(host, "")):
                lines += [(line, ADDRESS) for line in wrap(address, most - 16, ADDRESS)]
            heads.append(lines)
        height = max((16 * len(lines) for lines in heads), default=0) + 9
        for x, lines in zip(self.layout.lives, heads, strict=True):
            wide = max(80.0, *(width_of(text, face) + 16 for text, face in lines))
            self.canvas.box(x - wide / 2, y, wide, height, "box", radius=3)
            for number, line in enumerate(lines):
                self.canvas.text(x, y + 16 + 16 * number, [line], "middle")
        return y + height

    def _loop(self, loop: Loop, y: float) -> float:
        """Draw what repeats once, in a frame."""
        left = self.layout.names - 4
        right = self.layout.right + 8
        lines = wrap(clean(heading(loop)), right - left - 16, ASIDE)
        top = y = y + 4
        self.canvas.box(left, y, right - left, 16 * len(lines) + 5, "frame-head", Layer.BACK)
        for line in lines:
            self.canvas.text(left + 8, y + 14, [(line, ASIDE)])
            y += 16
        y += 9
        for rung in loop.rungs:
            y = self._row(rung, (), y)
        self.canvas.box(left, top, right - left, y + 3 - top, "frame", Layer.BACK, radius=3)
        # What follows is on a connection of its own.
        self._named = ""
        return y + 9

    def _row(self, rung: Rung, marks: Sequence[int], y: float) -> float:
        """Draw a rung with what stands in the margin beside it; where the next begins."""
        if rung.aside:
            middle, last, bottom = self._band(rung, y)
        elif self.layout.beside:
            middle, last, bottom = self._side_by_side(rung, y)
        else:
            middle, last, bottom = self._stacked(rung, y)
        if rung.connection != self._named and not rung.aside:
            # Once for all the rungs that follow on the same connection.
            self._named = rung.connection
            room = self.layout.left - self.layout.names
            for number, line in enumerate(wrap(rung.connection, room, NAME)):
                baseline = middle + 4 + 14 * number
                self.canvas.text(self.layout.names, baseline, [(line, NAME)])
                bottom = max(bottom, baseline + 4)
        for mark in grouped(marks, self.expects):
            draw_pill(self.canvas, self.layout.marks, last, mark)
            if mark[1] is False:
                draw_sign(self.canvas, self.layout.marks - 9, last, passed=False)
            bottom = max(bottom, last + HALF + 1)
            last += 2 * HALF + 2
        return bottom + BETWEEN

    def _band(self, rung: Rung, y: float) -> tuple[float, float, float]:
        """Draw what belongs to no host across all: a move, such as waiting for a timer."""
        left, right = self.layout.left, self.layout.right
        text = " ".join(piece.text for piece in rung.aside)
        lines = wrap(text, right - left - 20, ASIDE)
        height = 15 * len(lines) + 7
        self.canvas.box(left, y + 2, right - left, height, "band", Layer.BACK, radius=3)
        for number, line in enumerate(lines):
            baseline = y + 17 + 15 * number
            self.canvas.text((left + right) / 2, baseline, [(line, ASIDE)], "middle")
        return y + 13, y + 13, y + height + 4

    def _side_by_side(self, rung: Rung, y: float) -> tuple[float, float, float]:
        """Draw notes at the sides, the arrow between them."""
        tail = head = y + HALF + 1
        bottom = y + 2 * HALF + 1
        if rung.arrow is not None:
            tail, head, bottom = self._arrow(rung.arrow, y)
        for host, note in rung.notes.items():
            middle = tail if rung.arrow and host == rung.arrow.event.from_ else head
            bottom = max(bottom, draw_note(self.canvas, note, self.layout.rooms[host], middle))
        return tail, head, bottom

    def _stacked(self, rung: Rung, y: float) -> tuple[float, float, float]:
        """Draw one thing below the other: what the sender says, the arrow, what others say."""
        first = last = y + HALF + 1
        bottom = y
        sender = rung.arrow.event.from_ if rung.arrow else ""
        notes = dict(rung.notes)
        if sender in notes:
            bottom = draw_note(self.canvas, notes.pop(sender), self.layout.rooms[sender], last)
        if rung.arrow is not None:
            _, last, bottom = self._arrow(rung.arrow, bottom)
        for host, note in notes.items():
            last = bottom + HALF + 1
            bottom = draw_note(self.canvas, note, self.layout.rooms[host], last)
        return first, last, max(bottom, y + 2 * HALF + 1)

    def _arrow(self, arrow: Arrow, y: float) -> tuple[float, float, float]:
        """Draw an arrow. What comes from nowhere, or goes there, does so beyond the next host."""
        lives = dict(zip(self.hosts, self.layout.lives, strict=True))
        event = arrow.event
        start, end = lives.get(event.from_), lives.get(event.to)
        if start is None and end is None:
            start, end = self._ends()
        elif end is None or end == start:
            assert start is not None
            end = self._next_to(start)
        elif start is None:
            start = self._next_to(end)
        label, fate = self.words.label(arrow), self.words.fate(arrow)
        placed = draw(self.canvas, self.wire, arrow, label, fate, start, end, y)
        return placed.tail, placed.head, placed.bottom

    def _ends(self) -> tuple[float, float]:
        lives = self.layout.lives
        return (lives[0], lives[1]) if len(lives) > 1 else (self.layout.left, self.layout.right)

    def _next_to(self, x: float) -> float:
        """The lifeline to the right of one, or to its left; an end of the page if it is alone."""
        lives = self.layout.lives
        if len(lives) == 1:
            return self.layout.right
        number = lives.index(x)
        return lives[number + 1 if number + 1 < len(lives) else number - 1]


def _rows(told: Sequence[Rung | Loop]) -> list[_Row]:
    """Rungs with what is asked then; one with nothing but that is one with the rung before it."""
    rows: list[_Row] = []
    for each in told:
        if isinstance(each, Loop):
            rows.append(_Row(each))
            continue
        asked = [each.expect] if each.expect else []
        blank = not (each.arrow or each.notes or each.aside)
        if blank and rows and isinstance(rows[-1].told, Rung):
            rows[-1].marks += asked
        else:
            rows.append(_Row(each, asked))
    return rows
