"""A ladder of a run that goes on: all that has happened so far, in columns that stay.

It has the rungs of the ladder that is told afterwards. What is told of the last moves may still
change with the next one: a segment that goes on at once turns out not to have been held.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from socklab.record import Record
from socklab.views.columns import Line, width_of
from socklab.views.ladder import NARROWEST, has_times
from socklab.views.layout import Margin, steady
from socklab.views.page import Page
from socklab.views.rungs import Rung, Telling, hosts_of
from socklab.views.words import Words

TIME = len("99.999 s ")
"""Columns; from 100 s on a time takes the blank behind it, too."""


class Unfinished:
    """A ladder in the making, as a whole each time; what is as it was is not drawn again.

    Args:
        width: in columns; no line is wider.
        verbose: as for `ladder`.
        ascii: as for `ladder`.
    """

    def __init__(
        self,
        *,
        width: int = 80,
        verbose: bool = False,
        ascii: bool = False,  # noqa: A002
    ) -> None:
        self._width = max(width, NARROWEST)
        self._verbose = verbose
        self._ascii_only = ascii
        self._margin = Margin()
        self._drawn: list[tuple[Rung, Sequence[Line]]] = []

    def lines(self, record: Record) -> list[Line]:
        """The names of the hosts above their columns, and the rungs so far.

        Args:
            record: the run so far. It may be another one than before, as after an undo.
        """
        telling = Telling(record, verbose=self._verbose, live=True)
        for event in record.events:
            telling.hear(event)
        telling.tell(ended=True)
        words = Words(
            hosts_of(record), record.hosts, verbose=self._verbose, ascii_only=self._ascii_only
        )
        rungs = list(_named_once(map(words.rung, telling.told)))
        if (margin := self._margin_of(rungs)) != self._margin:
            self._margin = margin
            self._drawn.clear()
        layout = steady(words.hosts, margin.end, self._width)

        def page() -> Page:
            return Page(self._width, margin, layout, words, ())

        for number, rung in enumerate(rungs):
            if number == len(self._drawn) or self._drawn[number][0] != rung:
                # A page of its own: it has nothing to remember of the rungs before.
                self._drawn[number:] = [(rung, list(page().rung(rung)))]
        del self._drawn[len(rungs) :]
        return [*page().heads(), *(line for _, lines in self._drawn for line in lines)]

    def _margin_of(self, rungs: Sequence[Rung]) -> Margin:
        longest = max((width_of(rung.connection) for rung in rungs), default=0)
        return Margin(
            time=TIME if has_times(self._width, verbose=self._verbose) else 0,
            name=longest + 1 if 0 < longest < self._width // 4 else 0,
        )


def _named_once(rungs: Iterator[Rung]) -> Iterator[Rung]:
    """Rungs that name their connection only where it is another one than before."""
    named = ""
    for rung in rungs:
        if rung.connection == named:
            yield replace(rung, connection="")
            continue
        if rung.notes or rung.connection:
            named = rung.connection
        yield rung
