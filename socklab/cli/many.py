"""Labs side by side: a process each, progress while they run, and what became of each."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

from socklab.cli.attempt import Options, attempt, folder_of
from socklab.cli.ending import BUG, Interrupted, bug
from socklab.cli.progress import progress
from socklab.cli.repeats import Repeats
from socklab.cli.report import Finished
from socklab.cli.selection import Selected
from socklab.cli.signals import ENDING, Signals
from socklab.crew import Crew
from socklab.errors import SocklabError
from socklab.lab import load
from socklab.outcome import FAILED, SIGNALLED, Outcome, Verdict
from socklab.packs import name_of
from socklab.record import Record, Trouble
from socklab.worker import End, Job, Result

PATIENCE_S = 60.0
"""A watchdog, in seconds: a lab takes a tenth of one, and no verdict hangs on this value."""

PATIENCE_SLOW_S = 300.0
"""The same where labs wait for the kernel: it never makes them wait for longer than 65 s."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How labs are run side by side.

    Args:
        at_once: how many; None: one for each processor, and besides all the slow ones, which
            need none.
        patience_s: how long one may take, in seconds; None: long enough.
        times: how often each is run.
    """

    at_once: int | None = None
    patience_s: float | None = None
    times: int = 1


def run_many(labs: Sequence[Selected], options: Options, manner: Manner) -> Finished:
    """Run labs side by side.

    Raises:
        MachineError: no more processes can be had.
    """
    import socklab.runner  # noqa: F401 - once, and not in each process again

    began = time.perf_counter()
    numbers_and_jobs = list(_jobs(labs, options, manner))
    jobs = [job for _, job in numbers_and_jobs]
    which = {id(job): number for number, job in numbers_and_jobs}
    crew = Crew(jobs, manner.at_once or len(os.sched_getaffinity(0)), stop_on=ENDING)
    repeats = Repeats(len(labs), manner.times)
    with (
        progress(len(jobs), quiet=options.quiet) as shown,
        closing(crew.results(shown.tick_s)) as results,
    ):
        for result in results:
            if result is not None:
                number = which[id(result.job)]
                outcome = _outcome(result, labs[number], options, crew.stopped_by)
                repeats.add(number, outcome)
                shown.ended(outcome)
            shown.began(crew.running)
    took_s = time.perf_counter() - began
    outcomes = repeats.outcomes()
    return Finished(outcomes, True, took_s, len(labs) - len(outcomes), crew.stopped_by)


def _jobs(
    labs: Sequence[Selected], options: Options, manner: Manner
) -> Iterator[tuple[int, Job[Outcome]]]:
    """Each lab's number and job, as often as asked for."""
    # With a number that was asked for, that is how many run, and not one more.
    sleeps = manner.at_once is None and manner.times == 1
    slow_first = sorted(range(len(labs)), key=lambda number: not labs[number].slow)
    for _ in range(manner.times):
        for number in slow_first:
            lab = labs[number]
            patience_s = PATIENCE_SLOW_S if lab.slow or options.slow else PATIENCE_S
            yield (
                number,
                Job(
                    lab.asked,
                    partial(_work, lab, options, compare=manner.times > 1),
                    manner.patience_s or patience_s,
                    sleeps=sleeps and lab.slow,
                ),
            )


def _work(lab: Selected, options: Options, *, compare: bool) -> Outcome:
    """What a process does: load a lab and run it. However that goes, there is an outcome."""
    try:
        with Signals() as signals:
            outcome = attempt(load(lab.path), options, signals, asked=lab.asked)
    except SocklabError as error:
        return _no_run(lab, options, error.exit_code, str(error))
    except Interrupted as signal:
        return _no_run(lab, options, signal.exit_code, "the run was interrupted")
    except Exception as error:
        return _no_run(lab, options, BUG, bug(error))
    if compare and outcome.record is not None:
        outcome = replace(outcome, essence="\n".join(outcome.record.essence()))
    return outcome


def _no_run(lab: Selected, options: Options, code: int, why: str) -> Outcome:
    again = options.command(lab.asked)
    return Outcome(name_of(lab.path), folder_of(lab.path), code, why, again=again)


def _outcome(
    result: Result[Outcome], lab: Selected, options: Options, stopped_by: int | None
) -> Outcome:
    """What became of a lab, from what became of its process."""
    outcome = result.value
    if outcome is None and result.end is End.STOPPED and stopped_by is not None:
        code = SIGNALLED + stopped_by
        outcome = _no_run(lab, options, code, "the run was interrupted, and its process killed")
    elif outcome is None and result.end is End.HUNG:
        why = f"{_too_long(result)} and did not stop when told to, so its process was killed"
        outcome = _no_run(lab, options, FAILED, why)
    elif outcome is None:
        why = f"its process {result.how}{_place(result.printed, lab)}"
        outcome = _no_run(lab, options, FAILED, why)
    elif result.end is End.HUNG and outcome.verdict is Verdict.INTERRUPTED:
        outcome = _hung(outcome, f"{_too_long(result)}, so it was stopped")
    return replace(outcome, took_s=result.took_s, printed=result.printed)


def _place(printed: str, lab: Selected) -> str:
    """Where in the lab's file its process crashed, if it could still say so.

    Source: the Python manual, faulthandler
    """
    _, crash, stack = printed.partition("Fatal Python error: ")
    line = re.search(rf'File ".*{re.escape(lab.path.name)}", line (\d+)', stack)
    return f", at {lab.path.name}:{line[1]}" if crash and line else ""


def _too_long(result: Result[Outcome]) -> str:
    return f"it was still running after {result.job.patience_s:g} s"


def _hung(outcome: Outcome, why: str) -> Outcome:
    """The outcome of a lab that was stopped because it hung, with what happened last."""
    record = outcome.record
    if record is not None:
        *events, told = record.events  # that it was interrupted
        record = replace(record, events=[*events, Trouble(told.at_s, "watchdog", why)])
        if last := _last(record):
            why = f"{why}; the last that happened: {last}"
    return replace(outcome, exit_code=FAILED, why=why, record=record)


def _last(record: Record) -> str:
    """What happened last before the trouble, as the story tells it."""
    story = record.story()[:-1]
    return " ".join(story[-1].split()) if story else ""
