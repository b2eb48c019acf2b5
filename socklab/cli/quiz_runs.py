"""The runs behind a quiz: one that chooses what to ask, and later one that decides.

Nothing runs while somebody thinks: a bench that stood there would have timers, and an answer's
worth must not hang on how long it took.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, redirect_stdout, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from socklab.cli.ending import Interrupted
from socklab.errors import (
    ExperimentError,
    LabError,
    MachineError,
    SocklabError,
    ToolError,
)
from socklab.lab import Lab, load
from socklab.moves import Move, Verb
from socklab.packs import find
from socklab.record import Expect, Record, Trouble

if TYPE_CHECKING:
    from socklab.bench import Bench
    from socklab.lab import Story

LONG_S = 1.0
"""How long a story may wait for timers, in seconds, before a quiz loses its patience with it."""

PATIENCE_S = 60.0
PATIENCE_SLOW_S = 300.0
"""Watchdogs, as those of labs that run side by side."""


class LongWait(Exception):
    """A story is about to wait for longer than a quiz does."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A lab, and the Record of the run that chooses what to ask."""

    lab: Lab
    record: Record


class Runs:
    """Runs of labs, each lab's first one kept.

    Args:
        slow: whether they may wait for timers that take real seconds.
        link: "tun", "veth" or "auto".
        folders: where else labs are.
        notice: is told of what takes its time.
    """

    def __init__(
        self,
        *,
        slow: bool = False,
        link: str = "auto",
        folders: Sequence[Path] = (),
        notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.slow = slow
        self._link = link
        self._folders = folders
        self._notice = notice
        self._chosen: dict[str, Chosen | SocklabError] = {}

    def choose(self, name: str) -> Chosen:
        """The run of a lab that chooses what to ask.

        Raises:
            MachineError: no lab can run here.
            LabError: there is no such lab, or it does not load.
            ExperimentError: it does not go here as it expects.
            Interrupted: a signal came.
        """
        if name not in self._chosen:
            try:
                self._chosen[name] = self._choose(name)
            except SocklabError as refused:
                self._chosen[name] = refused
        chosen = self._chosen[name]
        if isinstance(chosen, SocklabError):
            raise chosen
        return chosen

    def _choose(self, name: str) -> Chosen:
        with redirect_stdout(sys.stderr):  # a lab may print what it likes
            lab = load(find(name, self._folders))
        if self.slow and (lab.slow or lab.header.get("Waits")):
            self._notice(f"{lab.name} waits for the kernel's timers, which takes up to a minute")
        result = _in_a_process(partial(_run, lab, slow=self.slow, link=self._link), slow=self.slow)
        if isinstance(result, MachineError):
            from socklab.doctor import examine

            if examine().ok:  # so it is this lab alone, as where `ss -K` is refused
                raise ExperimentError(str(result))
        if isinstance(result, SocklabError):
            raise result
        if why := _why_not(result):
            raise ExperimentError(f"{lab.name} does not go here as it expects: {why}")
        return Chosen(lab, result)

    def decide(self, chosen: Chosen, step: int) -> Record | str:
        """The run that decides: the moves of the first one again, on a fresh bench.

        Returns:
            Its Record up to a move, which is counted from 1; or why it did not come so far.

        Raises:
            MachineError: no bench can be had any more.
            Interrupted: a signal came.
        """
        from socklab.mover import MoveRefused
        from socklab.steer.session import Session

        planned = chosen.record.moves()[:step]
        with Session(chosen.lab, link=self._link) as session:
            position = session.position
            while len(position.made) < step:
                # A cut wire makes moves of itself, so a move may bring more than one.
                count = len(position.made)
                try:
                    position = session.make(Move.parse(planned[count]))
                except MoveRefused as refused:
                    return f"this run went another way: {refused}"
                if position.trouble:
                    return f"this run went another way: {position.trouble}"
                if list(position.made[:step]) != planned[: len(position.made)]:
                    return f"this run went another way: it made `{position.made[-1]}`"
            return position.record


def _in_a_process(
    work: Callable[[], Record | SocklabError], *, slow: bool
) -> Record | SocklabError:
    """What work gives back, done in a process of its own.

    Raises:
        Interrupted: a signal came.
    """
    from socklab.cli.signals import ENDING
    from socklab.crew import Crew
    from socklab.worker import Job

    patience_s = PATIENCE_SLOW_S if slow else PATIENCE_S
    crew: Crew[Record | SocklabError] = Crew([Job("lab", work, patience_s)], 1, stop_on=ENDING)
    with closing(crew.results()) as results:
        ended = [result for result in results if result is not None]
    if crew.stopped_by is not None:
        raise Interrupted(crew.stopped_by)
    (result,) = ended
    if result.value is None:
        return ExperimentError(f"its process {result.how}")
    return result.value


def _run(lab: Lab, *, slow: bool, link: str) -> Record | SocklabError:
    """Runs in a process of its own."""
    from socklab.cli.signals import Signals
    from socklab.runner import run_lab

    patience_s = math.inf if slow else LONG_S
    lab = replace(lab, story=up_to_a_long_wait(lab.story, patience_s))
    try:
        with Signals() as signals:
            return signals.run(partial(run_lab, lab, bench="wire", link=link, slow=slow))
    except Interrupted as signal:
        return ExperimentError(str(signal))
    except SocklabError as refused:
        families = (MachineError, LabError, ToolError, ExperimentError)
        family = next(family for family in families if isinstance(refused, family))
        return family(str(refused))  # as any of them may be sent through a pipe


def up_to_a_long_wait(story: Story, patience_s: float) -> Story:
    """The same story, but it ends before it has waited for longer than this for timers.

    Args:
        story: what to tell.
        patience_s: how long it may wait in all, in seconds.
    """

    async def told(bench: Bench) -> None:
        waited_s = 0.0

        def see() -> None:
            nonlocal waited_s
            waited_s += _waits_s(bench)
            if waited_s > patience_s:
                raise LongWait

        bench.watch = see
        with suppress(LongWait):
            await story(bench)

    return told


def _waits_s(bench: Bench) -> float:
    """How long the move that is about to be made waits, in seconds."""
    move = Move.parse(bench.record.moves()[-1])
    if move.verb is Verb.DELAY:
        return float(move.more)
    if move.verb is not Verb.WAIT:
        return 0.0
    rows = bench.seen.rows.get(move.who, ())
    timers = [row.timer.left_s for row in rows if row.timer and row.timer.name == move.what]
    return min(timers, default=0.0)


def _why_not(record: Record) -> str:
    """Why a run is none to ask about; empty if it is."""
    troubles = [trouble.text for trouble in record.of(Trouble)]
    missed = [str(expect.where) for expect in record.of(Expect) if expect.passed is False]
    return (troubles or missed or [""])[0]
