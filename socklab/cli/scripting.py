"""A run that a script steers, as `socklab play --script` makes and shows it."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from functools import partial
from typing import TYPE_CHECKING

from socklab.cli import saving
from socklab.cli.ending import Interrupted, complain, name_of
from socklab.cli.streams import ascii_only, color, put, width
from socklab.errors import ExperimentError, MachineError, SocklabError
from socklab.observer import RoleFailed
from socklab.record import Trouble
from socklab.runner import new_record
from socklab.steer.free import NAME as FREE
from socklab.steer.scripted import play

if TYPE_CHECKING:
    from socklab.cli.exports import Exports
    from socklab.cli.playing import LabFile
    from socklab.cli.signals import Signals
    from socklab.lab import Lab
    from socklab.moves import Move
    from socklab.script import Step


class Scripted:
    """The run, and what it comes to: `codes` has the exit codes that were met on the way.

    Args:
        lab: whose programs, hosts and weather there are.
        signals: those that end it.
        link: "tun", "veth" or "auto".
        ipv6: whether the hosts have IPv6 addresses.
        document: whether standard output is to be one, and nothing else.
    """

    def __init__(
        self, lab: Lab, signals: Signals, *, link: str, ipv6: bool, document: bool
    ) -> None:
        self._lab = lab
        self._signals = signals
        self._link = link
        self._ipv6 = ipv6
        self._document = document
        self.record = new_record(lab)
        self.record.replay = True  # of moves from elsewhere no story expects anything
        if lab.name == FREE:
            self.record.source = ""
        self.codes = [0]
        self.interrupted: Interrupted | None = None

    def run(self, steps: Sequence[Step], start: Sequence[Move]) -> None:
        """Make the moves. What ends them early is written down, and its exit code kept.

        Raises:
            SocklabError: nothing has happened, since it can't begin.
        """
        began = time.perf_counter()
        make = partial(
            play, self._lab, steps, self.record, start=start, link=self._link, ipv6=self._ipv6
        )
        try:
            # A lab may print what it likes, but not into a document.
            with redirect_stdout(sys.stderr) if self._document else nullcontext():
                self._signals.run(make)
        except Interrupted as interrupted:
            self.interrupted = interrupted
            self._end(began, name_of(interrupted.signum), "the run was interrupted")
        except SocklabError as error:
            if not self.record.events:
                raise
            self.codes.append(error.exit_code)
            if not isinstance(error, RoleFailed):  # that is in the Record already
                self._end(began, "story", str(error))
        self.record.duration_s = round(time.perf_counter() - began, 6)

    def _end(self, began: float, who: str, text: str) -> None:
        self.record.events.append(Trouble(round(time.perf_counter() - began, 6), who, text))

    @property
    def _failed(self) -> bool:
        return any(self.record.of(Trouble))

    def show(self, *, verbose: bool) -> None:
        """Print the ladder, which ends with what the moves came to."""
        from socklab.views.ladder import ladder

        text = ladder(
            self.record, width=width(), color=color(), verbose=verbose, ascii=ascii_only()
        )
        put(text.removesuffix("\n"))

    def tell(self) -> None:
        """Say what ended the moves early, if nothing else does, or somebody else is to blame."""
        blame = max(self.codes) > ExperimentError.exit_code
        if self._failed and self.interrupted is None and (self._document or blame):
            complain([trouble.text for trouble in self.record.of(Trouble)][-1])

    def keep(self, exports: Exports) -> None:
        """Write the files that were asked for; what is in the way is told, and its code kept."""
        self.codes.append(exports.save(self.record))
        if exports.record is None:
            return
        try:
            saving.save(exports.record, saving.to_text([self.record], several=False))
        except MachineError as refused:  # the run's own result stays
            complain(refused)
            self.codes.append(refused.exit_code)

    def write(self, file: LabFile) -> None:
        """Write what was played as a lab; why it can't be is told, and its exit code kept.

        Args:
            file: where.

        Raises:
            Interrupted: a signal came while the lab was tried; it is not written.
        """
        from socklab.steer.draft import write_lab

        if self._failed:
            complain(f"{file.path} is not written: a lab is made of a run that went to its end")
            return
        try:
            written = self._signals.run(
                partial(
                    write_lab,
                    self.record,
                    file.name,
                    leads_to=file.leads_to(self._lab.name),
                    link=self._link,
                )
            )
            file.save(written)
        except SocklabError as refused:
            complain(refused)
            self.codes.append(refused.exit_code)
            return
        if not self._document:
            put(f"\n{file.told(written)}")
