"""What became of a lab that was to be run: the verdict, why, and its Record if it got that far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from socklab.errors import ExperimentError
from socklab.record import Record

FAILED = ExperimentError.exit_code

SIGNALLED = 128
"""From here on an exit code tells of the signal that ended something, as a shell counts."""


class Verdict(Enum):
    """How it went, as one says it."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "could not run"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one lab, or of its control.

    Args:
        lab: its name.
        folder: the name of the folder that its file is in.
        exit_code: what `socklab run` of this lab alone ends with; see errors.py.
        why: what it came to, if not 0: a sentence.
        record: of the run, as far as it got; None if it never began.
        took_s: from beginning to end, in seconds, with all that was made and unmade.
        printed: what the lab printed, where that was kept.
        again: the command that runs it once more and shows it.
        essence: what its Record shares with that of every other run, where that was asked for.
    """

    lab: str
    folder: str
    exit_code: int
    why: str = ""
    record: Record | None = None
    took_s: float = 0.0
    printed: str = ""
    again: str = ""
    essence: str = ""

    @property
    def verdict(self) -> Verdict:
        """How it went."""
        if self.exit_code == 0:
            return Verdict.PASSED
        if self.exit_code == FAILED:
            return Verdict.FAILED
        return Verdict.INTERRUPTED if self.exit_code >= SIGNALLED else Verdict.NOT_RUN


def exit_code_of(codes: Iterable[int]) -> int:
    """What several come to: 1 if any failed, else the worst that kept one from running, else 0."""
    known = set(codes)
    return FAILED if FAILED in known else max(known, default=0)
