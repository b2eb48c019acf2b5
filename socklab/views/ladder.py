"""The ladder: a run told from top to bottom, a host on either side and the wire between them.

This is what `socklab run LAB` prints. Calls and states stand in the columns of their hosts,
segments are arrows, and the numbers in the margin are those of the expectations below. The
columns are as wide as this run needs them; see layout.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from socklab.record import Expect, Record
from socklab.views import ending
from socklab.views.arrows import around
from socklab.views.columns import Line, width_of
from socklab.views.glyphs import ASCII, BOX
from socklab.views.layout import BESIDE, Label, Layout, Margin, beside, between
from socklab.views.page import Page
from socklab.views.rungs import Arrow, Rung, hosts_of, rungs
from socklab.views.words import Words

TIMES = 100
"""From so many columns on there is room for times."""

MARKS = 32
"""From so many on there is room for the numbers of the expectations."""

NARROWEST = 8
"""Less than this many columns are not asked for by anything that shows text."""


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
    width = max(width, NARROWEST)
    words = Words(hosts_of(record), record.hosts, verbose=verbose, ascii_only=ascii)
    lines = _lines(record, width, words)
    return "".join(line.render(color=color) + "\n" for line in lines)


def has_times(width: int, *, verbose: bool) -> bool:
    """Whether a ladder of that width has the times of its rungs."""
    return width >= (BESIDE if verbose else TIMES)


def _lines(record: Record, width: int, words: Words) -> Iterator[Line]:
    told = [words.rung(rung) for rung in rungs(record, verbose=words.verbose)]
    yield from ending.opening(record, width, words.clean)
    if told:
        margin = _margin(record, told, width, words)
        layout = _layout(told, margin.end, width, words)
        page = Page(width, margin, layout, words, list(record.of(Expect)))
        yield from page.heads()
        for rung in told:
            yield from page.rung(rung)
        yield Line(width)
    yield from ending.closing(record, width, ASCII if words.ascii_only else BOX, words.clean)


def _margin(record: Record, told: Sequence[Rung], width: int, words: Words) -> Margin:
    last_s = max(rung.at_s for rung in told)
    expects = sum(1 for _ in record.of(Expect))
    met = (ASCII if words.ascii_only else BOX).met
    longest = max(width_of(rung.connection) for rung in told)
    return Margin(
        time=len(f"{last_s:.3f} s ") if has_times(width, verbose=words.verbose) else 0,
        mark=len(f"{met}{expects} ") if expects and width >= MARKS else 0,
        name=longest + 1 if 0 < longest < width // 4 else 0,
    )


def _layout(told: Sequence[Rung], left: int, width: int, words: Words) -> Layout:
    arrows = [rung.arrow for rung in told if rung.arrow]
    if arrows and len(words.hosts) < 2:
        return Layout()  # an arrow needs two lifelines
    if len(words.hosts) != 2 or width < BESIDE:
        return between(words.hosts, left, width)
    return beside(
        {host: words.host(host) for host in words.hosts},
        [[rung.notes[host] for rung in told if host in rung.notes] for host in words.hosts],
        [_label(arrow, words) for arrow in arrows],
        [_label(arrow, words, rich=True) for arrow in arrows],
        left,
        width,
    )


def _label(arrow: Arrow, words: Words, *, rich: bool = False) -> Label:
    text, fate = words.label(arrow, rich=rich), words.fate(arrow)
    return Label(width_of(text), around(arrow), width_of(fate))
