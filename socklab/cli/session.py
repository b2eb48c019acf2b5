"""A session: labs one after the other, each shown as a ladder, and what they come to."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from socklab.cli.attempt import Options, attempt
from socklab.cli.brief import put_brief
from socklab.cli.ending import Interrupted, complain
from socklab.cli.report import Finished
from socklab.cli.showing import Live, Showing
from socklab.cli.streams import put
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
    session = Session(options, signals, names=max((len(lab.name) for lab in loaded), default=0))
    stopped_by = None
    try:
        for number, (selected, lab) in enumerate(zip(labs, loaded, strict=True)):
            if number and not (options.as_json or options.quiet):
                put("")
            session.run(lab, selected.asked)
    except Interrupted as signal:
        stopped_by = signal.signum
    took_s = time.perf_counter() - began
    not_begun = len(labs) - len(session.outcomes)
    return Finished(session.outcomes, len(labs) > 1, took_s, not_begun, stopped_by)


class Session:
    """The runs of one command, and their outcomes.

    Args:
        options: how the labs are run and shown.
        signals: those that end a run.
        names: the columns of the longest lab's name.
    """

    def __init__(self, options: Options, signals: Signals, *, names: int) -> None:
        self._options = options
        self._signals = signals
        self._names = names
        self.outcomes: list[Outcome] = []

    def run(self, lab: Lab, asked: str) -> None:
        """Run one lab and show it. What keeps it from running is told, and the next may run.

        Args:
            lab: which.
            asked: what the caller calls it.

        Raises:
            Interrupted: a signal came; the Record so far is kept, and says so.
        """
        showing = self._showing(lab)
        lab = showing.watching(lab)
        if self._options.pause:
            from socklab.cli.pause import pausing

            lab = replace(lab, story=pausing(lab.story, partial(self._show, showing)))
        outcome = attempt(lab, self._options, self._signals, asked=asked)
        self.outcomes.append(outcome)
        record = outcome.record
        if outcome.verdict is Verdict.INTERRUPTED:
            if showing.begun and record is not None:
                self._show(showing, record)
            raise Interrupted(outcome.exit_code - SIGNALLED)
        if record is not None and (showing.begun or self._worth_showing(outcome)):
            self._show(showing, record)
        self._tell(outcome)

    def _showing(self, lab: Lab) -> Showing:
        why = lab.control.why if self._options.control and lab.control else ""
        kind = Live if self._options.follow else Showing
        return kind(verbose=self._options.verbose, why_control=why)

    def _show(self, showing: Showing, record: Record) -> None:
        if not (self._options.as_json or self._options.quiet):
            showing.rest(record)

    def _worth_showing(self, outcome: Outcome) -> bool:
        from socklab.record import Look

        assert outcome.record is not None
        # What kept a lab from running says all there is, unless the lab got somewhere before.
        return outcome.verdict is not Verdict.NOT_RUN or any(outcome.record.of(Look))

    def _tell(self, outcome: Outcome) -> None:
        """Say what a run came to, where the ladder does not."""
        options, record = self._options, outcome.record
        if options.quiet:
            put_brief(outcome, options, names=self._names)
        elif outcome.verdict is Verdict.NOT_RUN:
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
