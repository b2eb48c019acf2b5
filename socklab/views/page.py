"""A page of a ladder: rungs become lines, in columns that were decided before.

With columns of their own the notes stand beside the lifelines, and the wire between them is free
for arrows. Where there is no room for that, everything moves between the lifelines, one thing a
line; and where there are none, it becomes a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from socklab.record import Expect, Fate
from socklab.views.arrows import draw, label, style_of
from socklab.views.columns import Line, Style, lines_of, width_of
from socklab.views.ending import mark
from socklab.views.glyphs import ASCII, BOX
from socklab.views.layout import Layout, Margin, Room, note_lines, plain
from socklab.views.rung import Arrow, Note, Part, Rung, Tone
from socklab.views.words import Words

STYLES = {
    Tone.PLAIN: Style.PLAIN,
    Tone.ASIDE: Style.FAINT,
    Tone.STATE: Style.STRONG,
    Tone.ERROR: Style.WORSE,
}

At = Callable[[int], Line]
"""A rung's line by its number; it is made when it is first asked for."""


class Page:
    """Where the rungs of a ladder become lines, one after the other.

    Args:
        width: in columns; no line is wider.
        margin: what stands left of everything.
        layout: where the lifelines are.
        words: how things are called.
        expects: the expectations of the run, which may grow; rungs point at them by number.
    """

    def __init__(
        self, width: int, margin: Margin, layout: Layout, words: Words, expects: Sequence[Expect]
    ) -> None:
        self._width = width
        self._margin = margin
        self._layout = layout
        self._words = words
        self._hosts = words.hosts
        self._expects = expects
        self._glyphs = ASCII if words.ascii_only else BOX
        self._named = ""

    def heads(self) -> Iterator[Line]:
        """The names of the hosts, with their addresses where all of them fit."""
        if not self._layout.lives:
            return
        line = Line(self._width)
        rooms = {host: self._head_room(room) for host, room in self._layout.rooms.items()}
        # Between lifelines the last two names share what is between them.
        share = 1 if self._layout.beside or len(self._hosts) == 1 else 2
        whole = all(
            width_of(self._words.host(host)) * share <= end - begin
            for host, (begin, end) in rooms.items()
        )
        for host, (begin, end) in rooms.items():
            name = self._words.clean(host)
            text = self._words.host(host) if whole else name
            flush_right = self._layout.rooms[host].flush_right
            column = max(end - width_of(text), 0) if flush_right else begin
            line.put(column, text, Style.FAINT)
            line.put(column, name, Style.STRONG)
        yield line

    def _head_room(self, room: Room) -> tuple[int, int]:
        """From where to where a host's name may stand above its column."""
        if not self._layout.beside:
            return room.begin - 2, room.end + 1
        # Nothing else stands in this line's margin, or behind its last column.
        return (0, room.end) if room.flush_right else (room.begin, self._width)

    def rung(self, rung: Rung) -> Iterator[Line]:
        """The lines of the next rung, whose words are clean."""
        if not self._layout.lives:
            made = self._listed(rung)
        elif rung.aside:
            made = self._across(rung)
        elif self._layout.beside:
            made = self._side_by_side(rung)
        else:
            made = self._stacked(rung)
        yield from self._with_margin(rung, made or [self._blank()])

    def _blank(self) -> Line:
        line = Line(self._width)
        for column in self._layout.lives:
            line.put(column, self._glyphs.life, Style.FAINT)
        return line

    def _with_margin(self, rung: Rung, lines: Sequence[Line]) -> Sequence[Line]:
        """The time where a rung begins, and where it ends the mark of what was expected then."""
        margin = self._margin
        if margin.time:
            text = f"{rung.at_s:.3f} s".rjust(margin.time - 1)
            lines[0].put(0, text, Style.FAINT)
        # What has no name says nothing of connections, unless it is a call.
        is_about_it = bool(rung.notes or rung.connection)
        if margin.name and is_about_it and rung.connection != self._named:
            # Once for all the rungs that follow on the same connection.
            self._named = rung.connection
            lines[0].put(margin.time + margin.mark, self._short(rung.connection), Style.FAINT)
        if margin.mark and rung.expect:
            sign, style = mark(self._expects[rung.expect - 1], self._glyphs)
            last = 0 if self._layout.beside else -1
            lines[last].put(margin.time, f"{sign}{rung.expect}", style)
        return lines

    def _short(self, name: str) -> str:
        """A connection's name, or as much of its end as there is room for."""
        if width_of(name) < self._margin.name:
            return name
        start = max(name.rfind(":"), name.rfind("/"), 0)
        return name[start:][: self._margin.name - 1]

    def _across(self, rung: Rung) -> Sequence[Line]:
        """What belongs to no column: a move as a rule over what it lets happen, a look."""
        left = self._margin.end
        if rung.is_move:
            text = plain(rung.aside)
            # As long as the ladder is wide, which may be less than the terminal.
            end = max((room.end for room in self._layout.rooms.values()), default=self._width)
            rest = max(0, end - left - width_of(text) - 4)
            ruled = f"{self._glyphs.rule * 2} {text} {self._glyphs.rule * rest}".rstrip()
            return lines_of(ruled, self._width, Style.FAINT, indent=left, hang=3)
        lines = []
        for number, pieces in enumerate(note_lines(rung.aside, self._width - left - 3)):
            line = Line(self._width)
            _put_pieces(line, left + (3 if number else 0), pieces)
            lines.append(line)
        return lines

    def _side_by_side(self, rung: Rung) -> list[Line]:
        """Notes at the sides, the arrow between them."""
        lines: list[Line] = []

        def at(number: int) -> Line:
            while len(lines) <= number:
                lines.append(self._blank())
            return lines[number]

        main = 0
        if rung.arrow is not None:
            main = self._put_arrow(rung.arrow, at)
        for host, note in rung.notes.items():
            self._put_note(host, note, at, main)
        return lines

    def _stacked(self, rung: Rung) -> list[Line]:
        """One thing a line: what the sender says, the arrow, what the receiver says."""
        lines: list[Line] = []

        def at_from(base: int) -> At:
            def at(number: int) -> Line:
                while len(lines) <= base + number:
                    lines.append(self._blank())
                return lines[base + number]

            return at

        sender = rung.arrow.event.from_ if rung.arrow else ""
        if sender in rung.notes:
            self._put_note(sender, rung.notes[sender], at_from(len(lines)), 0)
        if rung.arrow is not None:
            self._put_arrow(rung.arrow, at_from(len(lines)))
        for host, note in rung.notes.items():
            if host != sender:
                self._put_note(host, note, at_from(len(lines)), 0)
        return lines

    def _put_arrow(self, arrow: Arrow, at: At) -> int:
        event = arrow.event
        lives = self._layout.lives
        start = self._hosts.index(event.from_) if event.from_ in self._hosts else -1
        end = self._hosts.index(event.to) if event.to in self._hosts else -1
        if end in (-1, start):
            end = start + 1 if start + 1 < len(self._hosts) else start - 1
        if start == -1:
            start = end - 1 if end > 0 else end + 1
        begin, stop = sorted((lives[start], lives[end]))
        rightwards = start < end
        drawing = draw(
            arrow,
            self._words.label(arrow, rich=self._layout.rich),
            self._words.fate(arrow),
            stop - begin - 1,
            self._glyphs,
            rightwards=rightwards,
        )
        if arrow.part is not Part.REST and event.fate is not Fate.INJECTED:
            tee = self._glyphs.from_left if rightwards else self._glyphs.from_right
            at(drawing.main).put(lives[start], tee, Style.FAINT)
        for number, strokes in enumerate(drawing.lines):
            line = at(number)
            for stroke in strokes:
                line.put(begin + 1 + stroke.column, stroke.text, stroke.style)
        return drawing.main

    def _put_note(self, host: str, note: Note, at: At, first: int) -> None:
        room = self._layout.rooms[host]
        for number, pieces in enumerate(note_lines(note, room.end - room.begin)):
            width = width_of(plain(pieces))
            _put_pieces(
                at(first + number), room.end - width if room.flush_right else room.begin, pieces
            )

    def _listed(self, rung: Rung) -> Sequence[Line]:
        """Without lifelines: who, and what."""
        sender = rung.arrow.event.from_ if rung.arrow else ""
        notes = dict(rung.notes)
        texts = []
        if rung.aside:
            texts.append((plain(rung.aside), Style.FAINT))
        if sender in notes:
            texts.append((self._said(sender, notes.pop(sender)), Style.PLAIN))
        if rung.arrow is not None:
            event = rung.arrow.event
            note = self._words.fate(rung.arrow)
            told = label(rung.arrow) + (f", {note}" if note else "")
            way = f"{event.from_} → {event.to}: {told}"
            texts.append((self._words.clean(way), style_of(rung.arrow)))
        texts += [(self._said(host, note), Style.PLAIN) for host, note in notes.items()]
        return [
            line
            for text, style in texts
            for line in lines_of(text, self._width, style, indent=self._margin.end, hang=2)
        ]

    def _said(self, host: str, note: Note) -> str:
        return f"{self._words.clean(host)}: {plain(note)}"


def _put_pieces(line: Line, column: int, pieces: Note) -> None:
    for piece in pieces:
        line.put(column, piece.text, STYLES[piece.tone])
        column += width_of(piece.text) + 1
