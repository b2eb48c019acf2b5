"""The ladder as HTML: a list of steps, each with its rungs between the lifelines.

What a sighted reader sees by place, which host and which way, is there in words for everybody
else. Nothing is said by color alone: a line is whole, dashed, double or broken off, and what
became of a segment stands on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from socklab.record import Fate, Record, Segment
from socklab.views.arrows import WORDS, fate_note, label
from socklab.views.ending import claim
from socklab.views.glyphs import BOX
from socklab.views.player.steps import Step
from socklab.views.player.text import escaped
from socklab.views.rungs import Arrow, Note, Part, Rung, Tone, hosts_of

HEAD = '<svg class="head" viewBox="0 0 10 10" aria-hidden="true"><path d="M0 0 10 5 0 10z"/></svg>'
LOST = '<svg class="lost" viewBox="0 0 10 10" aria-hidden="true"><path d="M1 1 9 9M9 1 1 9"/></svg>'

TONES: Mapping[Tone, str] = {
    Tone.PLAIN: "call",
    Tone.ASIDE: "aside",
    Tone.STATE: "state",
    Tone.ERROR: "error",
}


def heads(record: Record) -> str:
    """The names of the hosts, each above its lifeline, with its address."""
    return "".join(
        f'<p class="host {_host(number)}"><b>{escaped(host)}</b>'
        f' <span class="address">{escaped(record.hosts.get(host, ""))}</span></p>'
        for number, host in enumerate(hosts_of(record))
    )


def ladder(record: Record, steps: Sequence[Step]) -> Iterator[str]:
    """Every step in which something is to be seen, as an item of a list."""
    drawing = _Drawing(hosts_of(record))
    for step in steps:
        if step.number or step.rungs or step.expects or step.troubles:
            yield "".join(drawing.step(step))


def lanes(count: int) -> str:
    """Rules for the columns of so many hosts, where notes stand between the lifelines.

    A page's style is allowed by its hash, so no element has a style of its own.
    """
    columns = max(1, count - 1)
    rules = [
        f".rung, .lives {{ grid-template-columns: repeat({columns}, minmax(0, 1fr)); }}",
        f".heads {{ grid-template-columns: repeat({2 * columns}, minmax(0, 1fr)); }}",
    ]
    for number in range(count):
        # Its name stands above its lifeline, in the middle of two halves of a column.
        first, last = max(1, 2 * number), min(2 * number + 2, 2 * columns + 1)
        rules.append(f".heads .at{number} {{ grid-column: {first} / {last}; }}")
        rules += [
            f".rung .arrow.f{number} {{ grid-column-start: {number + 1}; }}",
            f".rung .arrow.t{number} {{ grid-column-end: {number + 1}; }}",
            f".rung .note.at{number} {{ grid-column: {min(number + 1, columns)}; }}",
        ]
    if count > 1:
        rules.append(f".rung .note.at{count - 1} {{ text-align: right; }}")
    return "\n".join(rules)


def _host(number: int) -> str:
    """The classes of a host: its color, of which there are four, and where it stands."""
    return f"h{number % 4} at{number}"


class _Drawing:
    """Steps between the lifelines of these hosts."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self._hosts = hosts
        self._number = {host: number for number, host in enumerate(hosts)}
        self._lives = f'<div class="lives" aria-hidden="true">{"<i></i>" * (len(hosts) - 1)}</div>'

    def step(self, step: Step) -> Iterator[str]:
        number = step.number
        told = escaped(step.text) or "before the first move"
        yield f'<li class="step" id="step-{number}">{self._lives}'
        yield f'<div class="move"><a href="#step-{number}" title="Step {number}">{number}</a> '
        yield f"<code>{told}</code>"
        connections = dict.fromkeys(rung.connection for rung in step.rungs if rung.connection)
        for connection in connections:
            yield f'<span class="connection">{escaped(connection)}</span>'
        if step.expects:
            yield f'<span class="marks">{"".join(_marks(step))}</span>'
        yield '</div><div class="rungs">'
        named = next(iter(connections), "")
        for rung in step.rungs:
            if rung.arrow and rung.connection not in ("", named):
                named = rung.connection
                yield f'<p class="connection">{escaped(named)}</p>'
            if rung.notes or rung.arrow:
                yield from self._rung(rung)
        for trouble in step.troubles:
            yield f'<p class="trouble"><b>{escaped(trouble.who)}:</b> {escaped(trouble.text)}</p>'
        yield "</div></li>"

    def _rung(self, rung: Rung) -> Iterator[str]:
        yield '<div class="rung">'
        sender = rung.arrow.event.from_ if rung.arrow else ""
        # In the order in which it is read: who sends, what, and what that does to its receiver.
        notes = dict(rung.notes)
        if sender in notes:
            yield self._note(sender, notes.pop(sender))
        if rung.arrow:
            yield self._arrow(rung.arrow)
        for host, note in notes.items():
            yield self._note(host, note)
        yield "</div>"

    def _note(self, host: str, note: Note) -> str:
        words = " ".join(_piece(piece.text, piece.tone) for piece in note)
        classes = f"note {_host(self._number.get(host, 0))}"
        return f'<p class="{classes}"><span class="unseen">{escaped(host)}: </span>{words}</p>'

    def _arrow(self, arrow: Arrow) -> str:
        event = arrow.event
        start, end = self._way(event.from_, event.to)
        text = label(arrow)
        text += f" from {event.from_}" * (event.from_ not in self._number)
        text += f" to {event.to}" * (event.to not in self._number)
        note = fate_note(arrow)
        told = f'<span class="label">{escaped(text)}</span>'
        if note:
            told += f'<span class="fate">, {escaped(note)}</span>'
        way = f"{escaped(event.from_)} to {escaped(event.to)}: "
        low, high = sorted((start, end))
        classes = f"arrow f{low} t{high} {'right' if start < end else 'left'}"
        return (
            f'<div class="{classes}{_kind(arrow)}"><p><span class="unseen">{way}</span>{told}</p>'
            f"{_shaft(arrow) if start != end else ''}</div>"
        )

    def _way(self, sender: str, receiver: str) -> tuple[int, int]:
        """Between which lifelines it goes; the same twice where there is but one."""
        start, end = self._number.get(sender, -1), self._number.get(receiver, -1)
        last = len(self._hosts) - 1
        if end in (-1, start):
            end = start + 1 if start < last else max(start - 1, 0)
        if start == -1:
            start = end - 1 if end > 0 else min(end + 1, max(last, 0))
        return start, end


def _kind(arrow: Arrow) -> str:
    event = arrow.event
    kinds = {
        " held": arrow.part is Part.STUB,
        " rest": arrow.part is Part.REST,
        " dropped": event.fate is Fate.DROPPED and arrow.part is not Part.STUB,
        " again": isinstance(event, Segment) and event.copy,
        " forged": event.fate in WORDS,
        " sourceless": event.fate is Fate.INJECTED,
    }
    return "".join(kind for kind, so in kinds.items() if so)


def _shaft(arrow: Arrow) -> str:
    """The line itself, in the order in which the segment went."""
    event = arrow.event
    parts = ""
    if event.fate is Fate.INJECTED:
        parts += '<i class="gap"></i><i class="source"></i>'
    elif arrow.part is Part.REST:
        parts += '<i class="waited"></i>'
    parts += '<i class="line"></i>'
    if arrow.part is Part.STUB:
        parts += '<i class="stop"></i><i class="gap"></i>'
    elif event.fate is Fate.DROPPED:
        parts += f'{LOST}<i class="gap"></i>'
    else:
        parts += HEAD
    return f'<div class="shaft" aria-hidden="true">{parts}</div>'


def _piece(text: str, tone: Tone) -> str:
    if tone is Tone.STATE:
        text = text.removeprefix("[").removesuffix("]")  # it has a frame of its own
    return f'<span class="{TONES[tone]}">{escaped(text)}</span>'


def _marks(step: Step) -> Iterator[str]:
    """A link to each of the expectations of a step."""
    for number, expect in step.expects:
        kind, glyph = mark(expect.passed)
        told = escaped(claim(expect))
        yield f'<a class="mark {kind}" href="#expect-{number}" title="{told}">{glyph}{number}</a>'


def mark(passed: bool | None) -> tuple[str, str]:
    """Whether it was met: the name of a class, and a glyph."""
    if passed is None:
        return "unobserved", BOX.not_observed
    return ("met", BOX.met) if passed else ("unmet", BOX.not_met)
