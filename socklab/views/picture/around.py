"""What stands above and below a ladder: its title and question, the expectations, the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, groupby

from socklab.record import Expect, Record, Trouble
from socklab.views.columns import clean
from socklab.views.ending import claim, verdict_of
from socklab.views.picture import canvas as faces
from socklab.views.picture.canvas import Canvas
from socklab.views.picture.layout import EDGE
from socklab.views.picture.typeset import width_of, wrap

PILL = 17.0
"""The height of an expectation's number in its pill."""

CLAIM_LINE = 16.0
BETWEEN_COLUMNS = 20.0

PILLS = {True: "pill", False: "pill-wrong", None: "pill-open"}
"""The shape of a pill: of an expectation that was met, that was not, that could not be seen."""

Mark = tuple[str, bool | None]
"""The numbers of expectations that stand together, and whether they were met."""


def grouped(numbers: Sequence[int], expects: Sequence[Expect]) -> list[Mark]:
    """Expectations of one moment, the same verdicts together: `6–9`."""
    marks: list[Mark] = []
    for passed, group in groupby(numbers, lambda number: expects[number - 1].passed):
        first, *more = group
        marks.append((f"{first}–{more[-1]}" if more else str(first), passed))
    return marks


def pill_width(text: str) -> float:
    """How wide a pill is."""
    return max(PILL + 3, width_of(text, faces.MARK) + 12)


def draw_pill(canvas: Canvas, x: float, middle: float, mark: Mark) -> None:
    """Draw the number of an expectation, or of several."""
    text, passed = mark
    wide = pill_width(text)
    canvas.box(x, middle - PILL / 2, wide, PILL, PILLS[passed], radius=PILL / 2)
    face = faces.WRONG if passed is False else faces.MARK
    canvas.text(x + wide / 2, middle + 4, [(text, face)], "middle")


def opening(canvas: Canvas, record: Record, width: float) -> float:
    """Draw the title and the question; how far down they reach."""
    y = EDGE
    room = width - 2 * EDGE
    for line in wrap(clean(record.title or record.lab), room, faces.TITLE):
        if line:
            canvas.text(EDGE, y + 20, [(line, faces.TITLE)])
            y += 25
    if record.question:
        y += 2
        question = clean(f"Question: {record.question}")
        for line in wrap(question, room, faces.QUESTION):
            canvas.text(EDGE, y + 14, [(line, faces.QUESTION)])
            y += 19
    return y


KEY = {
    "copy": "sent again by its kernel",
    "forged": "sent by no kernel",
    "held": "held on the wire",
}
"""What the lines mean that not every reader knows; what is dropped says so itself."""

SAMPLE = 34.0
"""How long a line is whose meaning is told."""


def key(canvas: Canvas, width: float, y: float) -> float:
    """Draw what the lines mean, of those that were drawn.

    Args:
        canvas: what to draw on.
        width: of the picture.
        y: where to begin.

    Returns:
        How far down it reaches.
    """
    x = EDGE
    bottom = y
    drawn = {"copy" if shape == "lost-copy" else shape for shape in canvas.lines}
    for shape, words in KEY.items():
        if shape not in drawn:
            continue
        wide = SAMPLE + 6 + width_of(words, faces.FATE)
        if x + wide > width - EDGE:
            x, y = EDGE, bottom + 4
        middle = y + 8
        if shape == "forged":
            canvas.circle((x + 4, middle), 4, shape)
        for off in (-1.5, 1.5) if shape == "forged" else (0.0,):
            start = x + 8 * (shape == "forged")
            canvas.line((start, middle + off), (x + SAMPLE, middle + off), shape)
        canvas.text(x + SAMPLE + 6, middle + 4, [(words, faces.FATE)])
        x += wide + 22
        bottom = y + 16
    return bottom


def closing(canvas: Canvas, record: Record, width: float, y: float) -> float:
    """Draw every expectation, then a sentence that says what the run proved.

    Args:
        canvas: what to draw on.
        record: the run.
        width: of the picture.
        y: where to begin.

    Returns:
        How far down it reaches.
    """
    if expects := list(record.of(Expect)):
        y = _claims(canvas, expects, width, y) + 10
    lead = "Proved" if record.passed else "Not proved:"
    room = width - 2 * EDGE - 18
    draw_sign(canvas, EDGE + 5, y + 9, passed=record.passed)
    for number, line in enumerate(wrap(clean(verdict_of(record)), room, faces.LEAD)):
        runs = [(line, faces.VERDICT)]
        if number == 0 and line.startswith(f"{lead} "):
            runs = [(lead, faces.LEAD), (line.removeprefix(f"{lead} "), faces.VERDICT)]
        canvas.text(EDGE + 18, y + 14, runs)
        y += 19
    for trouble in record.of(Trouble):
        for advice in trouble.advice:
            for line in wrap(clean(advice), room, faces.ADVICE):
                canvas.text(EDGE + 18, y + 13, [(line, faces.ADVICE)])
                y += 16
    return y


def _claims(canvas: Canvas, expects: Sequence[Expect], width: float, y: float) -> float:
    """The expectations, in two columns if that is less tall."""
    canvas.line((EDGE, y), (width - EDGE, y), "life")
    y += 10
    pills = max(pill_width(str(number)) for number in range(1, len(expects) + 1))
    indent = pills + 22
    whole = width - 2 * EDGE
    half = (whole - BETWEEN_COLUMNS) / 2
    texts = [clean(claim(expect)) for expect in expects]
    one = [[wrap(text, whole - indent, faces.CLAIM) for text in texts]]
    two = [wrap(text, half - indent, faces.CLAIM) for text in texts]
    middle = _middle(two)
    columns = min(one, [two[:middle], two[middle:]], key=lambda each: max(map(_height, each)))
    number = 0
    for column, claims in enumerate(columns):
        x = EDGE + column * (half + BETWEEN_COLUMNS)
        at = y
        for lines in claims:
            passed = expects[number].passed
            number += 1
            mark = str(number), passed
            draw_pill(canvas, x + pills - pill_width(mark[0]), at + PILL / 2, mark)
            draw_sign(canvas, x + pills + 11, at + PILL / 2, passed=passed)
            for nth, line in enumerate(lines):
                canvas.text(x + indent, at + 13 + CLAIM_LINE * nth, [(line, faces.CLAIM)])
            at += _height([lines])
    return y + max(map(_height, columns))


def _height(claims: Sequence[Sequence[str]]) -> float:
    return sum(CLAIM_LINE * len(lines) + 4 for lines in claims)


def _middle(claims: Sequence[Sequence[str]]) -> int:
    """How many of them make the first of two columns, which is no shorter than the second."""
    half = _height(claims) / 2
    heights = accumulate(_height([lines]) for lines in claims)
    return 1 + next(number for number, height in enumerate(heights) if height >= half)


def draw_sign(canvas: Canvas, x: float, y: float, *, passed: bool | None) -> None:
    """Draw a tick, a cross, or a dash for what could not be seen."""
    if passed is None:
        canvas.path([[(x - 5, y), (x + 5, y)]], "tick")
    elif passed:
        canvas.path([[(x - 5, y), (x - 1.5, y + 4), (x + 5, y - 5)]], "tick")
    else:
        canvas.path(
            [[(x - 4.5, y - 4.5), (x + 4.5, y + 4.5)], [(x + 4.5, y - 4.5), (x - 4.5, y + 4.5)]],
            "cross",
        )
