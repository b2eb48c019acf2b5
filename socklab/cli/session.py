"""A session: the runs of one command, how each is shown, and the exit code they come to."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from socklab.cli import saving
from socklab.cli.ending import Interrupted, complain, name_of
from socklab.cli.streams import ascii_only, color, put, width
from socklab.errors import ExperimentError, LabError, MachineError, SocklabError, ToolError

if TYPE_CHECKING:
    from socklab.cli.signals import Signals
    from socklab.lab import Control, Lab
    from socklab.record import Record

FAILED = ExperimentError.exit_code


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for, as `run` tells it."""

    as_json: bool
    verbose: bool
    control: bool
    pause: bool
    ipv6: bool
    bench: str
    link: str


class Session:
    """The runs of one command: their Records, and the exit code they come to."""

    def __init__(self, options: Options, signals: Signals) -> None:
        self._options = options
        self._signals = signals
        self.records: list[Record] = []
        self._codes: list[int] = []

    @property
    def exit_code(self) -> int:
        """1 if any run was not as expected, else what kept one from running, else 0."""
        return FAILED if FAILED in self._codes else max(self._codes, default=0)

    def run(self, lab: Lab) -> None:
        """Run one lab and show it. What keeps it from running is told, and the next may run.

        Raises:
            Interrupted: a signal came; the Record so far is kept, and says so.
        """
        from socklab.record import Look, Trouble
        from socklab.runner import new_record

        record = new_record(lab)
        began = time.perf_counter()
        shown = False

        def end(who: str, text: str) -> None:
            record.duration_s = round(time.perf_counter() - began, 6)
            record.passed = False
            record.events.append(Trouble(record.duration_s, who, text))
            self.records.append(record)

        def show(so_far: Record) -> None:
            nonlocal shown
            shown = True
            self._show(so_far)

        try:
            shield = redirect_stdout(sys.stderr) if self._options.as_json else nullcontext()
            with shield:
                control = self._run(lab, record, show)
        except Interrupted as signal:
            end(name_of(signal.signum), "the run was interrupted")
            raise
        except SocklabError as error:
            if record.events:
                end("story" if isinstance(error, LabError) else "machine", str(error))
                if any(record.of(Look)) and not shown:
                    self._show(record)
            complain(error)
            self._codes.append(error.exit_code)
            return
        self.records.append(record)
        if not shown:
            self._show(record, control)
        self._judge(record, control)

    def _run(self, lab: Lab, record: Record, show: Callable[[Record], None]) -> Control | None:
        """Run it to its end; the control that was asked for."""
        from socklab.runner import run_lab

        options = self._options
        control = None
        if options.control:
            control = lab.control
            if control is None:
                raise LabError(f"{lab.name} has no control")
        if options.pause:
            from socklab.cli.pause import pausing

            lab = replace(lab, story=pausing(lab.story, show))
        try:
            self._signals.run(
                partial(
                    run_lab,
                    lab,
                    bench="wire" if control else options.bench,
                    link=options.link,
                    ipv6=options.ipv6,
                    control=control,
                    record=record,
                )
            )
        except ToolError as error:
            from socklab.doctor import ss_refused

            if (why := ss_refused()) is not None:
                raise MachineError(why) from error
            raise
        return control

    def _show(self, record: Record, control: Control | None = None) -> None:
        if self._options.as_json:
            return
        from socklab.views.ladder import ladder

        if control is not None:
            put(f"Control: {control.why}. So this run must fail.\n")
        text = ladder(
            record,
            width=width(),
            color=color(),
            verbose=self._options.verbose,
            ascii=ascii_only(),
        )
        put(text.removesuffix("\n"))

    def _judge(self, record: Record, control: Control | None) -> None:
        """Say what a run came to, where the ladder does not, and note its exit code."""
        from socklab.record import Trouble

        why = [trouble.text for trouble in record.of(Trouble)][-1:]
        if control is None:
            self._codes.append(0 if record.passed else FAILED)
            if self._options.as_json and not record.passed:
                complain(why[0] if why else f"{record.lab} has observed nothing that it expects")
            elif record.bench == "loopback" and self._options.bench == "auto":
                complain(
                    "no held wire can be had here, so this ran on loopback; `socklab doctor` shows "
                    "what would allow one"
                )
            return
        if why and control.fails in why[0]:
            self._codes.append(0)
            if not self._options.as_json:
                put("\nAs it should: without its cause the lab fails, so its check can say no.")
            return
        self._codes.append(FAILED)
        complain(
            f'the control of {record.lab} should fail with "{control.fails}"; observed: '
            + (why[0] if why else "it passed, so the check can't say no")
        )

    def save(self, path: Path, text: str) -> None:
        """Write the Records; if that fails it is told, and the run's own result stays."""
        try:
            saving.save(path, text)
        except MachineError as refused:
            complain(refused)
            self._codes.append(refused.exit_code)
