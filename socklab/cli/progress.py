"""How far a run of many labs is, on standard error: a bar on a terminal, else a line a lab."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from socklab.outcome import Outcome, Verdict
from socklab.views.columns import clean

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

Running = Sequence[tuple[str, float]]
"""The labs under way, and for how many seconds each has been."""

TICK_S = 0.5
"""How often a bar is drawn anew while nothing ends."""

NAMED = 2
"""How many of the labs under way a bar names."""


def line(outcome: Outcome) -> str:
    """What became of a lab, on one line."""
    told = f"{outcome.verdict.value:<13} {outcome.lab}  {outcome.took_s:.2f} s"
    return clean(f"{told}  {outcome.why}" if outcome.why else told)


class Nothing:
    """No word on how far it is: whoever asked to be spared gets what came of it in the end."""

    tick_s: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def began(self, running: Running) -> None:
        """Labs are under way."""

    def ended(self, outcome: Outcome) -> None:
        """A lab has ended."""


class Lines(Nothing):
    """A line for each lab that has ended: for logs, and whoever reads along with a pipe."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._ended = 0

    def ended(self, outcome: Outcome) -> None:
        """Print a line of it."""
        self._ended += 1
        digits = len(str(self._total))
        print(f"{self._ended:{digits}}/{self._total} {line(outcome)}", file=sys.stderr, flush=True)


class Bar(Lines):
    """A bar that goes when all is done; what has not passed is told above it, and stays."""

    tick_s = TICK_S

    def __init__(self, total: int) -> None:
        super().__init__(total)
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._bar: RichProgress = Progress(
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
            console=Console(stderr=True, highlight=False),
            # Rich would draw from a thread, and who forks has none.
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task("", total=total)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def began(self, running: Running) -> None:
        """Show who is under way, the longest first: it is the one that is waited for."""
        longest = sorted(running, key=lambda each: -each[1])
        names = [f"{clean(name)} {s:.0f} s" if s >= 1 else clean(name) for name, s in longest]
        if len(names) > NAMED:
            names[NAMED:] = [f"and {len(names) - NAMED} more"]
        self._bar.update(self._task, description=", ".join(names), refresh=True)

    def ended(self, outcome: Outcome) -> None:
        """Count it, and tell of it if it has not passed."""
        self._bar.advance(self._task)
        if outcome.verdict is not Verdict.PASSED:
            self._bar.print(line(outcome), markup=False, soft_wrap=True)


def progress(total: int, *, quiet: bool = False) -> Nothing:
    """A bar where there is somebody to look at it, else lines; nothing where that is asked for."""
    if quiet:
        return Nothing()
    looked_at = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return Bar(total) if looked_at else Lines(total)
