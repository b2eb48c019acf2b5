"""A ladder that is told while its run goes on, rung by rung.

It has the rungs of the ladder that is told afterwards, in their order, and the same end. What it
can't have is columns as wide as the run turns out to need: it decides them before it knows, and
keeps them. And it names connections from the second one on.
"""

from __future__ import annotations

from collections.abc import Iterator

from socklab.record import Expect, Move, Record
from socklab.views import ending
from socklab.views.columns import Line, width_of
from socklab.views.glyphs import ASCII, BOX
from socklab.views.ladder import MARKS, NARROWEST, has_times
from socklab.views.layout import BESIDE, Margin, steady
from socklab.views.page import Page
from socklab.views.rungs import Telling, hosts_of
from socklab.views.words import Words

LONGEST_MARK = len("99 ")
LONGEST_TIME = len("99.999 s ")
LONGEST_NAME = len(":65535 ")


class Following:
    """A ladder in the making. What was given back stays as it is.

    Args:
        width: of the terminal in columns; no line is wider.
        color: as for `ladder`.
        verbose: as for `ladder`.
        ascii: as for `ladder`.
    """

    def __init__(
        self,
        *,
        width: int = 80,
        color: bool = False,
        verbose: bool = False,
        ascii: bool = False,  # noqa: A002
    ) -> None:
        self._width = max(width, NARROWEST)
        self._color = color
        self._verbose = verbose
        self._ascii_only = ascii
        self._glyphs = ASCII if ascii else BOX
        self._heard = 0
        self._written = 0
        self._expects: list[Expect] = []
        self._begun: tuple[Telling, Page, Words] | None = None

    def more(self, record: Record) -> str:
        """What has become certain since it was asked last, as lines of text.

        Args:
            record: the run so far. Its last event is a move that is about to be made, so that all
                that came of the one before is there.
        """
        return self._text(self._more(record))

    def end(self, record: Record) -> str:
        """The rest, and what the run proved.

        Args:
            record: the whole run.
        """
        return self._text(self._end(record))

    def _text(self, lines: Iterator[Line]) -> str:
        return "".join(line.render(color=self._color) + "\n" for line in lines)

    def _more(self, record: Record) -> Iterator[Line]:
        if self._begun is None:
            words = Words(
                hosts_of(record),
                dict(record.hosts),
                verbose=self._verbose,
                ascii_only=self._ascii_only,
            )
            yield from ending.opening(record, self._width, words.clean)
            margin = self._margin()
            layout = steady(words.hosts, margin.end, self._width)
            page = Page(self._width, margin, layout, words, self._expects)
            self._begun = Telling(record, verbose=self._verbose, live=True), page, words
        telling, _, _ = self._begun
        for event in record.events[self._heard :]:
            self._heard += 1
            telling.hear(event)
            if isinstance(event, Expect):
                self._expects.append(event)
            # Asked at every move, as it is while a run goes on, it always tells the same.
            if isinstance(event, Move):
                telling.tell(ended=False)
                yield from self._certain()

    def _certain(self) -> Iterator[Line]:
        assert self._begun is not None
        telling, page, words = self._begun
        for rung in telling.told[self._written : telling.final]:
            if not self._written:
                yield from page.heads()
            self._written += 1
            yield from page.rung(words.rung(rung))

    def _end(self, record: Record) -> Iterator[Line]:
        yield from self._more(record)
        assert self._begun is not None
        telling, _, words = self._begun
        telling.tell(ended=True)
        yield from self._certain()
        if self._written:
            yield Line(self._width)
        yield from ending.closing(record, self._width, self._glyphs, words.clean)

    def _margin(self) -> Margin:
        marks = width_of(self._glyphs.met) + LONGEST_MARK
        return Margin(
            time=LONGEST_TIME if has_times(self._width, verbose=self._verbose) else 0,
            mark=marks if self._width >= MARKS else 0,
            name=LONGEST_NAME if self._width >= BESIDE else 0,
        )
