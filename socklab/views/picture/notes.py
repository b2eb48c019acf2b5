"""What stands in a host's column: calls and what they gave back as text, states in boxes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from socklab.views.picture.canvas import (
    ASIDE,
    CODE,
    ERROR,
    STATE,
    Canvas,
    Run,
    width_of_runs,
)
from socklab.views.picture.layout import GAP, Room
from socklab.views.picture.typeset import width_of, wrap
from socklab.views.rung import Note, Piece, Tone

FACES = {Tone.PLAIN: CODE, Tone.ASIDE: ASIDE, Tone.STATE: STATE, Tone.ERROR: ERROR}

LINE = 16.0
"""The height of a line of text."""

HALF = 9.0
"""Half of it, and of a state's box, with what stays free around it."""

PADDING = 6.0
"""Left and right of a state in its box."""


def width_of_note(note: Note) -> float:
    """The room that it wants, so that it stands on one line."""
    states, texts = _parts(note)
    boxes = sum(width_of(_state(piece), STATE) + 2 * PADDING for piece in states)
    told = width_of_runs([(piece.text, FACES[piece.tone]) for piece in texts])
    return boxes + (told + GAP if texts else 0.0)


def draw_note(canvas: Canvas, note: Note, room: Room, middle: float) -> float:
    """Draw a note beside a lifeline.

    Args:
        canvas: what to draw on.
        note: the note, clean.
        room: where it may stand; its lifeline is the end against which it is flushed.
        middle: the height of its first line's middle.

    Returns:
        How far down it reaches.
    """
    sign = -1 if room.flush_right else 1
    life = room.end if room.flush_right else room.begin
    states, texts = _parts(note)
    taken = 0.0
    bottom = middle + HALF
    for piece in states:
        lines = wrap(_state(piece), room.width - 2 * PADDING - taken, STATE)
        width = max(width_of(line, STATE) for line in lines) + 2 * PADDING
        left = life + taken if sign > 0 else life - taken - width
        canvas.box(
            left,
            middle - HALF + 0.5,
            width,
            2 * HALF - 1 + LINE * (len(lines) - 1),
            "box",
            radius=3,
        )
        for number, line in enumerate(lines):
            baseline = middle + 4 + LINE * number
            canvas.text(left + width / 2, baseline, [(line, STATE)], "middle")
        taken += width
        bottom = max(bottom, middle + HALF + LINE * (len(lines) - 1))
    first = room.width - taken - GAP
    if texts and taken and first < width_of_runs([(p.text, FACES[p.tone]) for p in texts]):
        # No room beside the box.
        middle, taken = bottom + HALF, 0.0
    x = life + sign * (taken + GAP)
    for number, runs in enumerate(_lines(texts, room.width - taken - GAP)):
        canvas.text(x, middle + 4 + LINE * number, runs, "end" if sign < 0 else "start")
        bottom = max(bottom, middle + HALF + LINE * number)
    return bottom


def _parts(note: Note) -> tuple[list[Piece], list[Piece]]:
    """The states of a note, and all else."""
    states = [piece for piece in note if piece.tone is Tone.STATE]
    return states, [piece for piece in note if piece.tone is not Tone.STATE]


def _state(piece: Piece) -> str:
    """A state without the brackets that stand for its box on a terminal."""
    return piece.text.removeprefix("[").removesuffix("]")


def _lines(pieces: Iterable[Piece], width: float) -> Iterator[list[Run]]:
    """Pieces in lines: each stays whole where it can."""
    line: list[Run] = []
    for piece in pieces:
        run = (piece.text, FACES[piece.tone])
        if line and width_of_runs([*line, run]) <= width:
            line.append(run)
            continue
        if line:
            yield line
        *parts, last = wrap(piece.text, width, run[1])
        yield from ([(part, run[1])] for part in parts)
        line = [(last, run[1])]
        if parts:
            # What follows a piece that had to be broken begins a line of its own.
            yield line
            line = []
    if line:
        yield line
