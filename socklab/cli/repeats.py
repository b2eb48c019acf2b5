"""Runs of the same labs, again and again: one outcome for each lab, and whether all were alike."""

from __future__ import annotations

from dataclasses import replace
from itertools import zip_longest

from socklab.outcome import FAILED, Outcome, Verdict


class Repeats:
    """The runs of some labs, as they end.

    Of each lab the first run that passed is kept, and the first that was not like it.

    Args:
        labs: how many labs there are.
        times: how often each is run.
    """

    def __init__(self, labs: int, times: int) -> None:
        self._times = times
        self._usual: list[Outcome | None] = [None] * labs
        self._odd: list[Outcome | None] = [None] * labs
        self._odd_count = [0] * labs
        self._took_s = [0.0] * labs

    def add(self, lab: int, outcome: Outcome) -> None:
        """A run of a lab has ended."""
        self._took_s[lab] += outcome.took_s
        if outcome.verdict is Verdict.PASSED:
            usual = self._usual[lab] = self._usual[lab] or outcome
            if outcome.essence == usual.essence:
                return
            outcome = replace(outcome, exit_code=FAILED, why=_parting(usual, outcome))
        self._odd_count[lab] += 1
        self._odd[lab] = self._odd[lab] or outcome

    def outcomes(self) -> list[Outcome]:
        """Of each lab that was run, the first run that went wrong, or else the first."""
        return [
            self._outcome(lab, run)
            for lab, (odd, usual) in enumerate(zip(self._odd, self._usual, strict=True))
            if (run := odd or usual) is not None
        ]

    def _outcome(self, lab: int, run: Outcome) -> Outcome:
        run = replace(run, took_s=self._took_s[lab])
        if run.verdict is Verdict.PASSED or self._times == 1:
            return run
        return replace(run, why=f"{self._odd_count[lab]:,} of {self._times:,} runs: {run.why}")


def _parting(usual: Outcome, other: Outcome) -> str:
    """Where a run is not like another one, in a sentence."""
    then, now = next(
        (then, now)
        for then, now in zip_longest(
            usual.essence.splitlines(), other.essence.splitlines(), fillvalue="its end"
        )
        if then != now
    )
    return f"not like the first, which had {then} where this one has {now}"
