"""The ladder: a run told from top to bottom, a host on either side and the wire between them.

This is what `socklab run LAB` prints. Calls and states stand in the columns of their hosts,
segments are arrows, and the numbers in the margin are those of the expectations below. Where
there is no room for columns beside the lifelines, everything moves between them; where there
is none even there, it becomes a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from socklab.record import Expect, Fate, Record
from socklab.views import ending
from socklab.views.arrows import draw, fate_note, label, style_of
from socklab.views.columns import Line, Style, clean, lines_of, width_of
from socklab.views.glyphs import ASCII, BOX
from socklab.views.layout import BESIDE, Layout, beside, between, note_lines, plain
from socklab.views.rungs import Arrow, Note, Part, Rung, Tone, hosts_of, rungs

STYLES = {
    Tone.PLAIN: Style.PLAIN,
    Tone.ASIDE: Style.FAINT,
    Tone.STATE: Style.STRONG,
    Tone.ERROR: Style.WORSE,
}

TIMES = 100
"""From so many columns on there is room for times."""

MARKS = 32
"""From so many on there is room for the numbers of the expectations."""

At = Callable[[int], Line]
"""A rung's line by its number; it is made when it is first asked for."""


def ladder(
    record: Record,
    *,
    width: int = 80,
    color: bool = False,
    verbose: bool = False,
    ascii: bool = False,  # noqa: A002 - the word that a caller would look for
) -> str:
    """A run as a ladder, and what it proved.

    Args:
        record: the run.
        width: of the terminal in columns; no line is wider. From 20 on it reads well.
        color: whether to colour with SGR sequences; nothing is said by colour alone.
        verbose: whether to tell every move, what `ss` showed after it, and times.
        ascii: whether to draw with ASCII alone, and to escape everything else.

    Returns:
        Lines of text, each with its line feed. Control characters in the Record are escaped.
    """
    page = _Page(record, max(width, 8), verbose=verbose, ascii_only=ascii)
    return "".join(line.render(color=color) + "\n" for line in page.lines())


class _Page:
    """One ladder being laid out."""

    def __init__(self, record: Record, width: int, *, verbose: bool, ascii_only: bool) -> None:
        self.record = record
        self.width = width
        self.verbose = verbose
        self.ascii_only = ascii_only
        self.glyphs = ASCII if ascii_only else BOX
        self.hosts = hosts_of(record)
        self.rungs = [self._cleaned(rung) for rung in rungs(record, verbose=verbose)]
        self.expects: list[Expect] = list(record.of(Expect))
        self._margins()
        self._named = ""
        self.layout = self._lay_out()

    def _cleaned(self, rung: Rung) -> Rung:
        def clean_note(note: Note) -> Note:
            return tuple(replace(piece, text=self._clean(piece.text)) for piece in note)

        return replace(
            rung,
            connection=self._clean(rung.connection),
            notes={host: clean_note(note) for host, note in rung.notes.items()},
            aside=clean_note(rung.aside),
        )

    def _margins(self) -> None:
        """What stands left of everything: the time, the mark, and the connection's name."""
        timed = self.width >= (BESIDE if self.verbose else TIMES)
        last_s = max((rung.at_s for rung in self.rungs), default=0.0)
        self.mark_column = len(f"{last_s:.3f} s ") if timed else 0
        marks = len(f"{self.glyphs.met}{len(self.expects)} ")
        self.marked = bool(self.expects) and self.width >= MARKS
        self.name_column = self.mark_column + (marks if self.marked else 0)
        longest = max((width_of(rung.connection) for rung in self.rungs), default=0)
        self.naming = 0 < longest < self.width // 4
        self.left = self.name_column + (longest + 1 if self.naming else 0)

    def _lay_out(self) -> Layout:
        arrows = [rung.arrow for rung in self.rungs if rung.arrow]
        if arrows and len(self.hosts) < 2:
            return Layout()  # an arrow needs two lifelines
        if len(self.hosts) != 2 or self.width < BESIDE:
            return between(self.hosts, self.left, self.width)
        return beside(
            {host: self._name(host) for host in self.hosts},
            [
                [rung.notes[host] for rung in self.rungs if host in rung.notes]
                for host in self.hosts
            ],
            [(self._label(arrow, rich=False), self._fate(arrow)) for arrow in arrows],
            [(self._label(arrow, rich=True), self._fate(arrow)) for arrow in arrows],
            self.left,
            self.width,
        )

    def _label(self, arrow: Arrow, *, rich: bool) -> str:
        text = label(arrow, rich=rich)
        event = arrow.event
        if event.from_ not in self.hosts:
            text += f" from {event.from_}"
        if event.to not in self.hosts:
            text += f" to {event.to}"
        return self._clean(text)

    def _fate(self, arrow: Arrow) -> str:
        return self._clean(fate_note(arrow, verbose=self.verbose))

    def _clean(self, text: str) -> str:
        return clean(text, ascii_only=self.ascii_only)

    def _name(self, host: str) -> str:
        return self._clean(f"{host} {self.record.hosts.get(host, '')}".strip())

    # --- Lines ---

    def lines(self) -> Iterator[Line]:
        yield from ending.opening(self.record, self.width, self._clean)
        if self.rungs:
            if self.layout.lives:
                yield self._heads()
            for rung in self.rungs:
                yield from self._rung(rung) if self.layout.lives else self._listed(rung)
            yield Line(self.width)
        yield from ending.closing(self.record, self.width, self.glyphs, self._clean)

    def _blank(self) -> Line:
        line = Line(self.width)
        for column in self.layout.lives:
            line.put(column, self.glyphs.life, Style.FAINT)
        return line

    def _heads(self) -> Line:
        """The names of the hosts, with their addresses where all of them fit."""
        line = Line(self.width)
        rooms = self.layout.rooms
        # Between lifelines the last two names share what is between them.
        share = 1 if self.layout.beside or len(self.hosts) == 1 else 2
        whole = all(
            width_of(self._name(host)) * share <= room.end - room.begin
            for host, room in rooms.items()
        )
        for host, room in rooms.items():
            begin, end = room.begin, room.end
            if not self.layout.beside:
                begin, end = begin - 2, end + 1
            name = self._clean(host)
            text = self._name(host) if whole else name
            column = end - width_of(text) if room.flush_right else begin
            line.put(max(column, 0), text, Style.FAINT)
            line.put(max(column, 0), name, Style.STRONG)
        return line

    def _rung(self, rung: Rung) -> Iterator[Line]:
        if rung.aside:
            made = self._across(rung)
        else:
            made = self._side_by_side(rung) if self.layout.beside else self._stacked(rung)
        yield from self._with_margin(rung, made or [self._blank()])

    def _with_margin(self, rung: Rung, made: Sequence[Line]) -> Iterator[Line]:
        """The time where a rung begins, and where it ends the mark of what was expected then."""
        lines = list(made) or [Line(self.width)]
        if self.mark_column:
            text = f"{rung.at_s:.3f} s".rjust(self.mark_column - 1)
            lines[0].put(0, text, Style.FAINT)
        if self.naming and rung.connection != self._named and not rung.aside:
            # Once for all the rungs that follow on the same connection.
            self._named = rung.connection
            lines[0].put(self.name_column, rung.connection, Style.FAINT)
        if self.marked and rung.expect:
            sign, style = ending.mark(self.expects[rung.expect - 1], self.glyphs)
            last = 0 if self.layout.beside else -1
            lines[last].put(self.mark_column, f"{sign}{rung.expect}", style)
        yield from lines

    def _across(self, rung: Rung) -> Sequence[Line]:
        """What belongs to no column: a move as a rule over what it lets happen, a look."""
        if rung.is_move:
            text = plain(rung.aside)
            # As long as the ladder is wide, which may be less than the terminal.
            end = max((room.end for room in self.layout.rooms.values()), default=self.width)
            rest = max(0, end - self.left - width_of(text) - 4)
            ruled = f"{self.glyphs.rule * 2} {text} {self.glyphs.rule * rest}".rstrip()
            return lines_of(ruled, self.width, Style.FAINT, indent=self.left, hang=3)
        lines = []
        for number, pieces in enumerate(note_lines(rung.aside, self.width - self.left - 3)):
            line = Line(self.width)
            _put_pieces(line, self.left + (3 if number else 0), pieces)
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
        start = self.hosts.index(event.from_) if event.from_ in self.hosts else -1
        end = self.hosts.index(event.to) if event.to in self.hosts else -1
        if end in (-1, start):
            end = start + 1 if start + 1 < len(self.hosts) else start - 1
        if start == -1:
            start = end - 1 if end > 0 else end + 1
        begin, stop = sorted((self.layout.lives[start], self.layout.lives[end]))
        rightwards = start < end
        drawing = draw(
            arrow,
            self._label(arrow, rich=self.layout.rich),
            self._fate(arrow),
            stop - begin - 1,
            self.glyphs,
            rightwards=rightwards,
        )
        if arrow.part is not Part.REST and event.fate is not Fate.INJECTED:
            tee = self.glyphs.from_left if rightwards else self.glyphs.from_right
            at(drawing.main).put(self.layout.lives[start], tee, Style.FAINT)
        for number, strokes in enumerate(drawing.lines):
            line = at(number)
            for stroke in strokes:
                line.put(begin + 1 + stroke.column, stroke.text, stroke.style)
        return drawing.main

    def _put_note(self, host: str, note: Note, at: At, first: int) -> None:
        room = self.layout.rooms[host]
        for number, pieces in enumerate(note_lines(note, room.end - room.begin)):
            width = width_of(plain(pieces))
            _put_pieces(
                at(first + number), room.end - width if room.flush_right else room.begin, pieces
            )

    def _listed(self, rung: Rung) -> Iterator[Line]:
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
            note = self._fate(rung.arrow)
            told = label(rung.arrow) + (f", {note}" if note else "")
            way = f"{event.from_} → {event.to}: {told}"
            texts.append((self._clean(way), style_of(rung.arrow)))
        texts += [(self._said(host, note), Style.PLAIN) for host, note in notes.items()]
        made = [
            line
            for text, style in texts
            for line in lines_of(text, self.width, style, indent=self.left, hang=2)
        ]
        yield from self._with_margin(rung, made)

    def _said(self, host: str, note: Note) -> str:
        return f"{self._clean(host)}: {plain(note)}"


def _put_pieces(line: Line, column: int, pieces: Note) -> None:
    for piece in pieces:
        line.put(column, piece.text, STYLES[piece.tone])
        column += width_of(piece.text) + 1
