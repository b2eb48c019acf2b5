"""The ladder: a run told from top to bottom, a host on either side and the wire between them.

This is what `socklab run LAB` prints. Calls and states stand in the columns of their hosts,
segments are arrows, and the numbers in the margin are those of the expectations below. Where
there is no room for columns beside the lifelines, everything moves between them; where there
is none even there, it becomes a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from socklab.record import Expect, Fate, Record
from socklab.views import ending
from socklab.views.arrows import AROUND, draw, fate_note, label, style_of
from socklab.views.columns import Line, Style, clean, lines_of, width_of, wrap
from socklab.views.glyphs import ASCII, BOX
from socklab.views.rungs import Arrow, Note, Part, Rung, Tone, hosts_of, rungs

STYLES = {
    Tone.PLAIN: Style.PLAIN,
    Tone.ASIDE: Style.FAINT,
    Tone.STATE: Style.STRONG,
    Tone.ERROR: Style.WORSE,
}

BESIDE = 72
"""From so many columns on the two hosts have columns of their own beside the wire."""

TIMES = 100
"""From so many on there is room for times."""

RICH = 120
"""From so many on arrows may say all they know."""

LEAST = 14
"""The least width of a host's column: `[SYN-RECEIVED]`."""

MOST = 48
"""The most: beyond it the eye loses the line."""

Plan = tuple[list[int], dict[str, tuple[int, int, bool]]]
"""The columns of the lifelines, and each host's room: from, to, and whether it is flush right."""

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
        self.rungs = rungs(record, verbose=verbose)
        self.expects: list[Expect] = list(record.of(Expect))
        self.rich = False
        timed = width >= (TIMES if not verbose else BESIDE)
        last_s = max((rung.at_s for rung in self.rungs), default=0.0)
        self.time_width = len(f"{last_s:.3f} s") + 1 if timed else 0
        digits = len(str(len(self.expects)))
        mark = len(self.glyphs.met)
        self.mark_width = mark + digits + 1 if self.expects and width >= 32 else 0
        self.left = self.time_width + self.mark_width
        self.beside = len(self.hosts) == 2 and width >= BESIDE
        self.lives, self.columns = self._beside() if self.beside else self._between()

    # --- Where things go ---

    def _between(self) -> Plan:
        """The notes between the lifelines, any number of them; nothing if there is no room."""
        last = self.width - 1
        count = len(self.hosts)
        lives = [self.left + i * (last - self.left) // max(1, count - 1) for i in range(count)]
        gaps = [b - a for a, b in zip(lives, [*lives[1:], self.width], strict=True)]
        if count > 1 and min(gaps[:-1]) < LEAST:
            return [], {}
        rooms = {}
        for i, host in enumerate(self.hosts):
            if i == count - 1 and count > 1:
                rooms[host] = (lives[i - 1] + 2, lives[i] - 1, True)
            else:
                rooms[host] = (lives[i] + 2, lives[i] + gaps[i] - 1, False)
        return lives, rooms

    def _beside(self) -> Plan:
        """The notes of two hosts beside their lifelines, so that the wire is free for arrows."""
        one, two = self.hosts
        room = self.width - self.left - 4
        arrows = [rung.arrow for rung in self.rungs if rung.arrow]
        # Best with every note on a line of its own, else with every piece of a note on one.
        whole, pieces = (
            [self._needs(host, whole=whole) for host in (one, two)] for whole in (True, False)
        )
        self.rich = self.width >= RICH and sum(whole) <= room - self._wire_needs(arrows, rich=True)
        wire = min(self._wire_needs(arrows, rich=self.rich), room - 2 * LEAST)
        wants = next((w for w in (whole, pieces) if sum(w) <= room - wire), None)
        if wants is None:
            half = (room - wire) // 2
            narrow = min(*pieces, half)
            wants = [narrow, room - wire - narrow]
            if pieces[0] > pieces[1]:
                wants.reverse()
        # What is over goes to the wire first, but not more than an arrow can use.
        spare = room - wire - sum(wants)
        wire += min(spare, 16 if arrows else 0)
        first = self.left + wants[0] + 1
        second = first + wire + 1
        return [first, second], {
            one: (self.left, first - 1, True),
            two: (second + 2, second + 2 + wants[1], False),
        }

    def _needs(self, host: str, *, whole: bool) -> int:
        """How wide a host's column would like to be."""
        texts = [self._name(host)]
        for rung in self.rungs:
            words = [self._clean(piece.text) for piece in rung.notes.get(host, ())]
            texts += [" ".join(words)] if whole else words
        return min(MOST, max(LEAST, *map(width_of, texts)))

    def _wire_needs(self, arrows: Sequence[Arrow], *, rich: bool) -> int:
        needs = [12 if arrows else 2]
        for arrow in arrows:
            note = self._clean(fate_note(arrow)) if arrow.part is Part.STUB else ""
            needs.append(width_of(self._label(arrow, rich=rich)) + AROUND + width_of(note))
        return max(needs)

    def _label(self, arrow: Arrow, *, rich: bool) -> str:
        text = label(arrow, rich=rich)
        event = arrow.event
        if event.from_ not in self.hosts:
            text += f" from {event.from_}"
        if event.to not in self.hosts:
            text += f" to {event.to}"
        return self._clean(text)

    def _clean(self, text: str) -> str:
        return clean(text, ascii_only=self.ascii_only)

    def _name(self, host: str) -> str:
        return self._clean(f"{host} {self.record.hosts.get(host, '')}".strip())

    # --- Lines ---

    def lines(self) -> Iterator[Line]:
        yield from ending.opening(self.record, self.width, self._clean)
        if self.rungs:
            if self.lives:
                yield from self._heads()
            for rung in self.rungs:
                yield from self._rung(rung) if self.lives else self._listed(rung)
            yield Line(self.width)
        yield from ending.closing(self.record, self.width, self.glyphs, self._clean)

    def _blank(self) -> Line:
        line = Line(self.width)
        for column in self.lives:
            line.put(column, self.glyphs.life, Style.FAINT)
        return line

    def _heads(self) -> Iterator[Line]:
        line = Line(self.width)
        room = {host: end - begin for host, (begin, end, _) in self.columns.items()}
        # Between lifelines the last two names share what is between them.
        share = 1 if self.beside or len(self.hosts) == 1 else 2
        whole = all(width_of(self._name(host)) * share <= room[host] for host in self.hosts)
        for host in self.hosts:
            begin, end, flush_right = self.columns[host]
            if not self.beside:
                begin, end = (begin - 2, end + 1)
            name = self._clean(host)
            text = self._name(host) if whole else name
            column = end - width_of(text) if flush_right else begin
            line.put(max(column, 0), text, Style.FAINT)
            line.put(max(column, 0), name, Style.STRONG)
        yield line

    def _rung(self, rung: Rung) -> Iterator[Line]:
        if rung.aside:
            made = self._across(rung)
        else:
            made = self._side_by_side(rung) if self.beside else self._stacked(rung)
        yield from self._with_margin(rung, made or [self._blank()])

    def _with_margin(self, rung: Rung, made: Sequence[Line]) -> Iterator[Line]:
        """The time where a rung begins, and where it ends the mark of what was expected then."""
        lines = list(made) or [Line(self.width)]
        if self.time_width:
            text = f"{rung.at_s:.3f} s".rjust(self.time_width - 1)
            lines[0].put(0, text, Style.FAINT)
        if self.mark_width:
            for expect in rung.expects:
                mark, style = ending.mark(self.expects[expect - 1], self.glyphs)
                last = 0 if self.beside else -1
                lines[last].put(self.time_width, f"{mark}{expect}", style)
        yield from lines

    def _across(self, rung: Rung) -> Sequence[Line]:
        """What belongs to no column: a move as a rule over what it lets happen, a look."""
        if rung.is_move:
            text = " ".join(self._clean(piece.text) for piece in rung.aside)
            rest = max(0, self.width - self.left - width_of(text) - 4)
            ruled = f"{self.glyphs.rule * 2} {text} {self.glyphs.rule * rest}".rstrip()
            return lines_of(ruled, self.width, Style.FAINT, indent=self.left, hang=3)
        lines = []
        for number, parts in enumerate(self._note_lines(rung.aside, self.width - self.left - 3)):
            line = Line(self.width)
            column = self.left + (3 if number else 0)
            for text, style in parts:
                line.put(column, text, style)
                column += width_of(text)
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
        begin, stop = sorted((self.lives[start], self.lives[end]))
        rightwards = start < end
        drawing = draw(
            arrow,
            self._label(arrow, rich=self.rich),
            self._clean(fate_note(arrow, verbose=self.verbose)),
            stop - begin - 1,
            self.glyphs,
            rightwards=rightwards,
        )
        if arrow.part is not Part.REST and event.fate is not Fate.INJECTED:
            tee = self.glyphs.from_left if rightwards else self.glyphs.from_right
            at(drawing.main).put(self.lives[start], tee, Style.FAINT)
        for number, strokes in enumerate(drawing.lines):
            line = at(number)
            for stroke in strokes:
                line.put(begin + 1 + stroke.column, stroke.text, stroke.style)
        return drawing.main

    def _put_note(self, host: str, note: Note, at: At, first: int) -> None:
        begin, end, flush_right = self.columns[host]
        for number, parts in enumerate(self._note_lines(note, end - begin)):
            width = sum(width_of(text) for text, _ in parts)
            column = end - width if flush_right else begin
            for text, style in parts:
                at(first + number).put(column, text, style)
                column += width_of(text)

    def _note_lines(self, note: Note, width: int) -> list[list[tuple[str, Style]]]:
        """A note in lines: its pieces stay whole where they can."""
        lines: list[list[tuple[str, Style]]] = []
        room = 0
        for piece in note:
            text, style = self._clean(piece.text), STYLES[piece.tone]
            if lines and width_of(text) + 1 <= room:
                lines[-1].append((f" {text}", style))
                room -= width_of(text) + 1
                continue
            parts = wrap(text, width, hang=1)
            lines += [[(part, style)] for part in parts]
            room = width - width_of(parts[0]) if len(parts) == 1 else 0
        return lines

    def _listed(self, rung: Rung) -> Iterator[Line]:
        """Without lifelines: who, and what."""
        sender = rung.arrow.event.from_ if rung.arrow else ""
        notes = dict(rung.notes)
        texts = []
        if rung.aside:
            texts.append((" ".join(piece.text for piece in rung.aside), Style.FAINT))
        if sender in notes:
            texts.append((self._said(sender, notes.pop(sender)), Style.PLAIN))
        if rung.arrow is not None:
            event = rung.arrow.event
            note = fate_note(rung.arrow, verbose=self.verbose)
            told = label(rung.arrow) + (f", {note}" if note else "")
            texts.append((f"{event.from_} → {event.to}: {told}", style_of(rung.arrow)))
        texts += [(self._said(host, note), Style.PLAIN) for host, note in notes.items()]
        made = [
            line
            for text, style in texts
            for line in lines_of(self._clean(text), self.width, style, indent=self.left, hang=2)
        ]
        yield from self._with_margin(rung, made)

    def _said(self, host: str, note: Note) -> str:
        return f"{host}: " + " ".join(piece.text for piece in note)
