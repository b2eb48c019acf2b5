"""A session: labs one after the other, each shown as a ladder, and what they come to."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from dataclasses import replace
from typing import TYPE_CHECKING

from socklab.cli.attempt import Options, attempt
from socklab.cli.ending import Interrupted, complain
from socklab.cli.report import Finished
from socklab.cli.streams import ascii_only, color, put, width
from socklab.lab import load
from socklab.outcome import SIGNALLED, Outcome, Verdict

if TYPE_CHECKING:
    from socklab.cli.selection import Selected
    from socklab.cli.signals import Signals
    from socklab.lab import Lab
    from socklab.record import Record


def one_by_one(labs: Sequence[Selected], options: Options, signals: Signals) -> Finished:
    """Run labs one after the other, and show each.

    Raises:
        LabError: one of them can't be loaded; then none is run.
    """
    began = time.perf_counter()
    # A lab may print what it likes, but not into a document.
    with redirect_stdout(sys.stderr) if options.as_json else nullcontext():
        loaded = [load(lab.path) for lab in labs]
    session = Session(options, signals)
    stopped_by = None
    try:
        for number, (selected, lab) in enumerate(zip(labs, loaded, strict=True)):
            if number and not options.as_json:
                put("")
            session.run(lab, selected.asked)
    except Interrupted as signal:
        stopped_by = signal.signum
    took_s = time.perf_counter() - began
    not_begun = len(labs) - len(session.outcomes)
    return Finished(session.outcomes, len(labs) > 1, took_s, not_begun, stopped_by)


class Session:
    """The runs of one command, and their outcomes."""

    def __init__(self, options: Options, signals: Signals) -> None:
        self._options = options
        self._signals = signals
        self.outcomes: list[Outcome] = []

    def run(self, lab: Lab, asked: str) -> None:
        """Run one lab and show it. What keeps it from running is told, and the next may run.

        Args:
            lab: which.
            asked: what the caller calls it.

        Raises:
            Interrupted: a signal came; the Record so far is kept, and says so.
        """
        shown = False

        def show(so_far: Record) -> None:
            nonlocal shown
            shown = True
            self._show(so_far)

        why_control = lab.control.why if self._options.control and lab.control else ""
        if self._options.pause:
            from socklab.cli.pause import pausing

            lab = replace(lab, story=pausing(lab.story, show))
        outcome = attempt(lab, self._options, self._signals, asked=asked)
        self.outcomes.append(outcome)
        if outcome.verdict is Verdict.INTERRUPTED:
            raise Interrupted(outcome.exit_code - SIGNALLED)
        if not shown and outcome.record is not None and self._worth_showing(outcome):
            self._show(outcome.record, why_control)
        self._tell(outcome)

    def _worth_showing(self, outcome: Outcome) -> bool:
        from socklab.record import Look

        assert outcome.record is not None
        # What kept a lab from running says all there is, unless the lab got somewhere before.
        return outcome.verdict is not Verdict.NOT_RUN or any(outcome.record.of(Look))

    def _show(self, record: Record, why_control: str = "") -> None:
        if self._options.as_json:
            return
        from socklab.views.ladder import ladder

        if why_control:
            put(f"Control: {why_control}. So this run must fail.\n")
        text = ladder(
            record,
            width=width(),
            color=color(),
            verbose=self._options.verbose,
            ascii=ascii_only(),
        )
        put(text.removesuffix("\n"))

    def _tell(self, outcome: Outcome) -> None:
        """Say what a run came to, where the ladder does not."""
        options, record = self._options, outcome.record
        if outcome.verdict is Verdict.NOT_RUN:
            complain(outcome.why)
        elif options.control:
            if outcome.why:
                complain(outcome.why)
            elif not options.as_json:
                put("\nAs it should: without its cause the lab fails, so its check can say no.")
        elif outcome.why and options.as_json:
            complain(outcome.why)
        elif record is not None and record.bench == "loopback" and options.bench == "auto":
            complain(
                "no held wire can be had here, so this ran on loopback; `socklab doctor` shows "
                "what would allow one"
            )
