"""How one run is shown: as a ladder when it is over, or rung by rung while it goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from socklab.cli.streams import ascii_only, color, put, width

if TYPE_CHECKING:
    from socklab.bench import Bench
    from socklab.lab import Lab
    from socklab.record import Record


class Showing:
    """A ladder, when the run is over.

    Args:
        verbose: whether everything is told.
        why_control: what a control takes away; empty if none is run.
    """

    def __init__(self, *, verbose: bool, why_control: str = "") -> None:
        self._verbose = verbose
        self._why_control = why_control
        self.begun = False
        self._over = False

    def watching(self, lab: Lab) -> Lab:
        """The lab as it is to be run, so that it can be shown."""
        return lab

    def rest(self, record: Record) -> None:
        """Show what of a run was not shown yet, and what it proved; once."""
        if not self._over:
            self._over = True
            self._begin()
            put(self._rest(record).removesuffix("\n"))

    def _begin(self) -> None:
        if not self.begun and self._why_control:
            put(f"Control: {self._why_control}. So this run must fail.\n")
        self.begun = True

    def _rest(self, record: Record) -> str:
        from socklab.views.ladder import ladder

        return ladder(
            record, width=width(), color=color(), verbose=self._verbose, ascii=ascii_only()
        )


class Live(Showing):
    """A ladder that grows while the run goes on."""

    def __init__(self, *, verbose: bool, why_control: str = "") -> None:
        from socklab.views.follow import Following

        super().__init__(verbose=verbose, why_control=why_control)
        self._following = Following(
            width=width(), color=color(), verbose=verbose, ascii=ascii_only()
        )

    def watching(self, lab: Lab) -> Lab:
        """The lab with a story that is watched move by move."""
        story = lab.story

        async def watched(bench: Bench) -> None:
            bench.watch = lambda: self._more(bench.record)
            await story(bench)

        return replace(lab, story=watched)

    def _more(self, record: Record) -> None:
        self._begin()
        if text := self._following.more(record):
            put(text.removesuffix("\n"))

    def _rest(self, record: Record) -> str:
        return self._following.end(record)
