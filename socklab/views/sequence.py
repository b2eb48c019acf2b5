"""A Record as a sequence diagram in the language of Mermaid, which GitHub and many wikis draw.

What happened is told by the rungs of the ladder. Calls and states are notes at their hosts, and
packets arrows: dashed is a copy, an arrow with a cross was lost. What no kernel sent comes from
the wire, which then is a participant of its own.

Text of a Record is data: whatever could mean something to Mermaid or to a browser is written as
the number of its character.

Source: https://mermaid.js.org/syntax/sequenceDiagram.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from socklab.record import Fate, Other, Record, Segment
from socklab.views.arrows import WORDS, fate_note, label
from socklab.views.columns import clean, wrap
from socklab.views.ending import verdict_of
from socklab.views.folding import Loop, folded, heading
from socklab.views.rung import Arrow, Note, Part, Rung
from socklab.views.rungs import hosts_of, rungs

NOTE_COLUMNS = 44
"""How wide a note may get, in characters: GitHub shows the whole diagram as wide as its page."""

ACROSS_COLUMNS = 34
"""The same for a note across two participants, which does not move them apart."""

SIMPLE = re.compile(r"[a-z][a-z0-9]*")
"""Names that may stand in the text as they are, but for those that Mermaid reads as a word."""

TAKEN = frozenset(
    {"activate", "actor", "alt", "and", "as", "autonumber", "box", "break", "create", "critical"}
    | {"deactivate", "destroy", "else", "end", "left", "link", "links", "loop", "note", "off"}
    | {"opt", "option", "over", "par", "participant", "properties", "details", "rect", "right"}
    | {"sequencediagram", "title", "wire", "wrap", "nowrap"}
)

_ESCAPED = re.compile(r"""[#;<>"%{}$\\`&~^|ﬂ¶]""")
"""The last two are what Mermaid itself writes for a number's # and ; while it works."""

_LEADING = re.compile(r"(?i)^(?=(no)?wrap:)|^(?=:)")


def mermaid(record: Record) -> str:
    """A run as a sequence diagram.

    What goes the same way three times or more is told once, in a loop that says how often. Sites
    draw texts of up to some size only; GitHub's limit is 50,000 characters.

    Args:
        record: the run.

    Returns:
        Lines of Mermaid's language, without the fence that goes around them in Markdown.
    """
    return "\n".join(_Sequence(record).lines()) + "\n"


def escaped(text: str) -> str:
    """A text on one line, with nothing in it that means something to Mermaid.

    A blank alone could not be told from nothing, so it is written as one that stays.
    """
    told = _ESCAPED.sub(lambda match: f"#{ord(match[0])};", clean(text).strip())
    if _LEADING.match(told):
        told = f"#{ord(told[0])};{told[1:]}"
    return told or "#160;"


class _Sequence:
    """One diagram being written."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.told = folded(rungs(record))
        self.ids = _ids(self._participants())
        self._named = ""
        self._pending: list[str] = []
        """What is said at a host and not written yet: it may become one note with what follows."""
        self._at = ""

    def _participants(self) -> list[str]:
        """Hosts, and whatever else packets come from or go to; the wire in the middle of two."""
        names = hosts_of(self.record)
        arrows = [rung.arrow for rung in self._rungs() if rung.arrow]
        for arrow in arrows:
            ends = (arrow.event.to,) if _is_forged(arrow) else (arrow.event.from_, arrow.event.to)
            names += [end for end in dict.fromkeys(ends) if end not in names]
        if any(map(_is_forged, arrows)):
            names.insert(1 if len(names) == 2 else len(names), "")
        return names

    def _rungs(self) -> Iterator[Rung]:
        for each in self.told:
            yield from each.rungs if isinstance(each, Loop) else (each,)

    def lines(self) -> Iterator[str]:
        """The lines of the text."""
        yield "sequenceDiagram"
        # Not `title`: Mermaid draws that beyond the diagram, where it is cut off.
        if title := self.record.title or self.record.lab:
            yield f"    accTitle: {escaped(title)}"
        if self.record.question:
            yield f"    accDescr: {escaped(self.record.question)}"
        for name, known in self.ids.items():
            yield f"    participant {known} as {self._shown(name)}"
        for each in self.told:
            if isinstance(each, Loop):
                yield from self._written()
                yield f"    loop {escaped(heading(each))}"
                for rung in each.rungs:
                    yield from (f"    {line}" for line in self._rung(rung))
                yield from (f"    {line}" for line in self._written())
                yield "    end"
            else:
                yield from self._rung(each)
        yield from self._written()
        yield self._across(verdict_of(self.record))

    def _shown(self, name: str) -> str:
        if not name:
            return "the wire"
        address = self.record.hosts.get(name, "")
        return escaped(name) + (f"<br/>{escaped(address)}" if address else "")

    def _rung(self, rung: Rung) -> Iterator[str]:
        if rung.aside:
            yield from self._written()
            yield self._across(" ".join(piece.text for piece in rung.aside))
            return
        sender = rung.arrow.event.from_ if rung.arrow else ""
        notes = dict(rung.notes)
        if sender in notes:
            yield from self._note(sender, notes.pop(sender), rung.connection)
        if rung.arrow is not None:
            yield from self._written()
            yield self._arrow(rung.arrow, rung.connection)
            self._named = rung.connection
        for host, note in notes.items():
            yield from self._note(host, note, rung.connection)

    def _note(self, host: str, note: Note, connection: str) -> Iterator[str]:
        """Say something at a host; it is written once something happens elsewhere."""
        if host != self._at:
            yield from self._written()
        text = " ".join(piece.text for piece in note)
        if connection != self._named:
            # Once for all that follows on the same connection.
            self._named = connection
            text = f"{connection} {text}".strip()
        self._at = host
        self._pending += [escaped(line) for line in wrap(clean(text), NOTE_COLUMNS)]

    def _written(self) -> Iterator[str]:
        if self._pending:
            yield f"    Note {self._side(self._at)}: {'<br/>'.join(self._pending)}"
        self._pending = []
        self._at = ""

    def _side(self, host: str) -> str:
        """Notes stand at the outer side of the first host and of all others at their right."""
        first = host == next(iter(self.ids)) and len(self.ids) > 1
        return f"{'left' if first else 'right'} of {self.ids[host]}"

    def _across(self, text: str) -> str:
        ends = list(self.ids.values())
        over = ends[0] if len(ends) == 1 else f"{ends[0]},{ends[-1]}"
        columns = ACROSS_COLUMNS * max(1, min(len(ends) - 1, 2))
        lines = [escaped(line) for line in wrap(clean(text), columns)]
        return f"    Note over {over}: {'<br/>'.join(lines)}"

    def _arrow(self, arrow: Arrow, connection: str) -> str:
        event = arrow.event
        words = [label(arrow)]
        if connection:
            words.append(f"({connection})")
        text = " ".join(words)
        if fate := fate_note(arrow):
            text += f", {fate}"
        elif arrow.part is Part.REST:
            text += ", held until now"
        if arrow.part is Part.STUB:
            # Between the two, since that is where it is.
            side = "left" if self._is_right_of(event.from_, event.to) else "right"
            return f"    Note {side} of {self.ids[event.from_]}: {escaped(text)}"
        start = self.ids["" if _is_forged(arrow) else event.from_]
        return f"    {start}{_line(event)}{self.ids[event.to]}: {escaped(text)}"

    def _is_right_of(self, one: str, other: str) -> bool:
        order = list(self.ids)
        return order.index(one) > order.index(other)


def _is_forged(arrow: Arrow) -> bool:
    """Whether no kernel sent it."""
    return arrow.event.fate in WORDS


def _line(event: Segment | Other) -> str:
    """Mermaid's sign for an arrow: dashed for a copy, with a cross for what was lost."""
    dashes = "--" if isinstance(event, Segment) and event.copy else "-"
    return dashes + ("x" if event.fate is Fate.DROPPED else ">>")


def _ids(names: Sequence[str]) -> Mapping[str, str]:
    """What participants are called in the text: their names where these are plain words."""
    ids: dict[str, str] = {}
    for number, name in enumerate(names or ["socklab"], start=1):
        plain = SIMPLE.fullmatch(name) and name not in TAKEN and not re.fullmatch(r"h\d+", name)
        ids[name] = name if plain else "wire" if not name else f"h{number}"
    return ids
