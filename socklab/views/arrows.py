"""An arrow: what stands on it, and how it is drawn between two lifelines."""

from __future__ import annotations

import re
from dataclasses import dataclass

from socklab.packet import Kind
from socklab.record import Fate, Other, Segment
from socklab.views.columns import Style, width_of, wrap
from socklab.views.glyphs import BOX, Glyphs
from socklab.views.rung import Arrow, Part
from socklab.views.windows import window_of

BEHIND = 4
"""What follows an arrow's label: a blank, two dashes, the head."""

WORDS = {Fate.DUPLICATED: "duplicate", Fate.INJECTED: "injected"}


def kind_of(segment: Segment) -> Kind:
    """What a segment is to people, from its flags as tcpdump writes them."""
    flags = segment.flags
    if "R" in flags:
        return Kind.RST
    if "S" in flags:
        return Kind.SYN_ACK if "." in flags else Kind.SYN
    if "F" in flags:
        return Kind.FIN
    return Kind.DATA if segment.payload_bytes else Kind.ACK


def label(arrow: Arrow, *, rich: bool = False) -> str:
    """What stands on an arrow: `FIN seq 1 ack 1`.

    An ACK flag shows in that there is an `ack`, and a window only if it is news. A `rich` one has
    the flags, the length even of nothing, and the window as it stands in the header.
    """
    event = arrow.event
    if isinstance(event, Other):
        return event.summary or event.protocol
    words = [str(kind_of(event))]
    if event.copy:
        words.append("(copy)")
    if event.fate in WORDS:
        words.append(f"({WORDS[event.fate]})")
    if rich or set(event.flags) - set("SFRP."):
        words.append(f"[{event.flags}]")
    words.append(f"seq {event.seq}")
    if event.ack is not None:
        words.append(f"ack {event.ack}")
    if rich or event.payload_bytes:
        words.append(f"len {event.payload_bytes}")
    window = window_of(event) if rich else arrow.window
    if window is not None:
        words.append(f"win {window}")
    return " ".join(words)


def in_lines(text: str, width: int) -> list[str]:
    """A label in lines of that width, in which no number is parted from its name."""
    return [line.replace("\u00a0", " ") for line in wrap(bound(text), width, hang=2)]


def bound(text: str) -> str:
    """A label that does not break between a number and its name: there are no-break spaces."""
    return re.sub(r"\b(seq|ack|len|win) (?=-?\d)", "\\1\u00a0", text)


def fate_note(arrow: Arrow, *, verbose: bool = False) -> str:
    """What became of it, where the arrow alone does not say it."""
    event = arrow.event
    if arrow.part is Part.STUB:
        return "held to the end" if arrow.kept else "held"
    by = event.by if isinstance(event, Segment) else ""
    if event.fate is Fate.DROPPED:
        return f"dropped: {by}" if by else "dropped"
    return f"by {by}" if by and verbose else ""


def style_of(arrow: Arrow) -> Style:
    """Red is lost, faint a copy, yellow what no kernel sent: all said in words as well."""
    event = arrow.event
    if event.fate is Fate.DROPPED and arrow.part is not Part.STUB:
        return Style.BAD
    if isinstance(event, Segment) and event.copy:
        return Style.FAINT
    return Style.ODD if event.fate in WORDS else Style.PLAIN


@dataclass(frozen=True, slots=True)
class Stroke:
    """A text to write between two lifelines, so many columns after the left one."""

    column: int
    text: str
    style: Style


@dataclass(frozen=True, slots=True)
class Drawing:
    """An arrow as lines of strokes; `main` is the line that the arrow itself is on."""

    lines: list[list[Stroke]]
    main: int


def draw(
    arrow: Arrow, text: str, note: str, width: int, glyphs: Glyphs, *, rightwards: bool
) -> Drawing:
    """An arrow between two lifelines.

    Args:
        arrow: what to draw.
        text: its label, clean; it goes above the arrow where it does not fit on it.
        note: what became of it, clean; it goes below where it does not fit.
        width: the columns between the lifelines.
        glyphs: what to draw with.
        rightwards: which way it goes.
    """
    style = style_of(arrow)
    body, noted = _body(arrow, text, note, width, glyphs, rightwards=rightwards)
    lines: list[list[Stroke]] = []
    if body is None:
        for part in in_lines(text, width - 2):
            column = 1 if rightwards else width - 1 - width_of(part)
            lines.append([Stroke(column, part, style)])
        body, noted = _body(arrow, "", note, width, glyphs, rightwards=rightwards)
    assert body is not None
    main = len(lines)
    lines.append([Stroke(0, body, style)])
    if note and not noted:
        for part in wrap(note, width - 2, hang=0 if rightwards else 2):
            column = width - 1 - width_of(part) if rightwards else 1
            lines.append([Stroke(column, part, style)])
    return Drawing(lines, main)


def around(arrow: Arrow) -> int:
    """The columns that an arrow takes besides its label and its note."""
    return width_of(_start(arrow, BOX.line, BOX)) + 1 + BEHIND


def _start(arrow: Arrow, line: str, glyphs: Glyphs) -> str:
    """What an arrow begins with: at a host, where it was held, or out of nowhere."""
    if arrow.event.fate is Fate.INJECTED:
        return f"  {glyphs.source}{line}"
    return glyphs.line_again * 3 if arrow.part is Part.REST else line


def _body(
    arrow: Arrow, text: str, note: str, width: int, glyphs: Glyphs, *, rightwards: bool
) -> tuple[str | None, bool]:
    """The line with the arrow, and whether the note is on it; None where the label has no room."""
    event = arrow.event
    head = glyphs.head_right if rightwards else glyphs.head_left
    line = glyphs.line
    if isinstance(event, Segment) and event.copy:
        line = glyphs.line_again
    if event.fate in WORDS:
        line = glyphs.line_forged
    start = _start(arrow, line, glyphs)
    if text:
        start += f" {text} " if rightwards else f" {text[::-1]} "
    taken = width_of(start)
    noted = False
    if arrow.part is Part.STUB or event.fate is Fate.DROPPED:
        # It ends on the wire: two thirds of the way, or as soon as its label ends.
        end = glyphs.stop if arrow.part is Part.STUB else glyphs.lost
        after = width_of(note) + 2 if note else 0
        noted = bool(note) and taken + 2 + after <= width
        fill = max(1, min(width * 2 // 3, width - 1 - (after if noted else 0)) - taken)
        body = start + line * fill + end
        if noted:
            body += f" {note if rightwards else note[::-1]}"
    else:
        body = start + line * max(1, width - 1 - taken) + head
    if width_of(body) > width:
        return (None, False) if text else (body[:width], False)
    body += " " * (width - width_of(body))
    return (body if rightwards else body[::-1]), noted
