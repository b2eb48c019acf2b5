"""One attempt at a lab: run it, or its control, and say what it came to."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from socklab.cli.ending import Interrupted, name_of
from socklab.errors import LabError, MachineError, SocklabError, ToolError
from socklab.outcome import FAILED, Outcome
from socklab.record import Record, Trouble

if TYPE_CHECKING:
    from socklab.cli.signals import Signals
    from socklab.lab import Control, Lab


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for, as `run` tells it."""

    as_json: bool = False
    verbose: bool = False
    slow: bool = False
    control: bool = False
    pause: bool = False
    ipv6: bool = False
    bench: str = "auto"
    link: str = "auto"
    folders: tuple[Path, ...] = ()
    follow: bool = False
    quiet: bool = False

    def command(self, lab: str) -> str:
        """The command that runs a lab in this way and shows it."""
        return shlex.join(["socklab", "run", *self._flags(), lab])

    def _flags(self) -> Iterator[str]:
        for flag in ("slow", "control", "ipv6"):
            if getattr(self, flag):
                yield f"--{flag}"
        for choice in ("bench", "link"):
            if (chosen := getattr(self, choice)) != "auto":
                yield from (f"--{choice}", chosen)
        for folder in self.folders:
            yield from ("--labs", str(folder))


def attempt(lab: Lab, options: Options, signals: Signals, *, asked: str = "") -> Outcome:
    """Run a lab once, as the options say.

    Args:
        lab: which.
        options: how.
        signals: those that end it; it then comes to the exit code of an interruption.
        asked: what its caller calls it, if not by its name.
    """
    from socklab.runner import new_record

    record = new_record(lab)
    began = time.perf_counter()

    def outcome(code: int, why: str = "", kept: Record | None = record) -> Outcome:
        took_s = time.perf_counter() - began
        again = options.command(asked or lab.name)
        return Outcome(lab.name, folder_of(lab.path), code, why, kept, took_s, again=again)

    def end(who: str, text: str) -> None:
        record.duration_s = round(time.perf_counter() - began, 6)
        record.passed = False
        record.events.append(Trouble(record.duration_s, who, text))

    try:
        control = lab.control if options.control else None
        if options.control and control is None:
            raise LabError(f"{lab.name} has no control")
        # A lab may print what it likes, but not into a document.
        with redirect_stdout(sys.stderr) if options.as_json else nullcontext():
            _run(lab, options, signals, control, record)
    except Interrupted as signal:
        why = "the run was interrupted"
        end(name_of(signal.signum), why)
        return outcome(signal.exit_code, why)
    except SocklabError as error:
        if not record.events:
            return outcome(error.exit_code, str(error), None)
        end("story" if isinstance(error, LabError) else "machine", str(error))
        return outcome(error.exit_code, str(error))
    return outcome(*_judge(record, control))


def folder_of(path: Path) -> str:
    """The name of the folder that a lab's file is in."""
    return path.absolute().parent.name


def _run(
    lab: Lab, options: Options, signals: Signals, control: Control | None, record: Record
) -> None:
    from socklab.runner import run_lab

    try:
        signals.run(
            partial(
                run_lab,
                lab,
                bench="wire" if control else options.bench,
                link=options.link,
                ipv6=options.ipv6,
                slow=options.slow,
                control=control,
                record=record,
            )
        )
    except ToolError as error:
        from socklab.doctor import ss_refused

        if (why := ss_refused()) is not None:
            raise MachineError(why) from error
        raise


def _judge(record: Record, control: Control | None) -> tuple[int, str]:
    """What a run to its end came to: an exit code, and a sentence if it is not 0."""
    why = [trouble.text for trouble in record.of(Trouble)][-1:]
    if control is None:
        if record.passed:
            return 0, ""
        return FAILED, why[0] if why else f"{record.lab} has observed nothing that it expects"
    if why and control.fails in why[0]:
        return 0, ""
    return FAILED, (
        f'the control of {record.lab} should fail with "{control.fails}"; observed: '
        + (why[0] if why else "it passed, so the check can't say no")
    )
