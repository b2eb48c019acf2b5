"""What a run leaves behind: a summary or a document, files, and an exit code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from socklab.cli import saving
from socklab.cli.ending import complain
from socklab.cli.streams import ascii_only, color, put, width
from socklab.errors import MachineError
from socklab.outcome import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from socklab.cli.attempt import Options
    from socklab.cli.exports import Exports
    from socklab.outcome import Outcome
    from socklab.record import Record


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of the labs that ran.

    Args:
        outcomes: of each.
        several: whether more than one was to run, so that a document is an array.
        took_s: from beginning to end, in seconds.
        not_begun: how many never came to run.
        stopped_by: the signal that ended it early, if one did.
    """

    outcomes: Sequence[Outcome]
    several: bool
    took_s: float
    not_begun: int = 0
    stopped_by: int | None = None

    @property
    def only_record(self) -> Record | None:
        """The Record, where one lab was to run and got so far."""
        return self.outcomes[0].record if len(self.outcomes) == 1 else None

    def text(self) -> str | None:
        """Their Records as JSON; None where a single one was to run, and there is none."""
        records = [outcome.record for outcome in self.outcomes if outcome.record is not None]
        if not records and not self.several:
            return None
        return saving.to_text(records, several=self.several)


def keep(finished: Finished, began: str, exports: Exports) -> int:
    """Write the files that were asked for; what is in the way is told, and its exit code given.

    Args:
        finished: what there is to tell.
        began: when, as ISO 8601 writes it, to the second.
        exports: what goes where.
    """
    codes = []
    if exports.record is not None and (text := finished.text()) is not None:
        codes.append(_save(exports.record, text, "--record"))
    if (record := finished.only_record) is not None:
        codes.append(exports.save(record))
    if exports.junit is not None:
        from socklab.views.junit import junit as to_xml

        xml = to_xml(finished.outcomes, took_s=finished.took_s, began=began)
        codes.append(_save(exports.junit, xml, "--junit"))
    return max(codes, default=0)


def _save(path: Path, text: str, option: str) -> int:
    try:
        saving.save(path, text, option)
    except MachineError as refused:  # the run's own result stays
        complain(refused)
        return refused.exit_code
    return 0


def summarise(finished: Finished, options: Options, *, left_out: int, times: int) -> None:
    """Print what became of many labs; with --verbose, the ladders of those that failed, too."""
    from socklab.views.ladder import ladder
    from socklab.views.summary import summary

    if options.verbose:
        for outcome in finished.outcomes:
            if outcome.verdict is not Verdict.PASSED and outcome.record is not None:
                put(
                    ladder(
                        outcome.record,
                        width=width(),
                        color=color(),
                        verbose=True,
                        ascii=ascii_only(),
                    )
                )
    put(
        summary(
            finished.outcomes,
            took_s=finished.took_s,
            left_out=left_out,
            not_begun=finished.not_begun,
            times=times,
            controls=options.control,
            width=width(),
            color=color(),
            ascii=ascii_only(),
        ).removesuffix("\n")
    )
    _on_loopback(finished.outcomes, options)


def _on_loopback(outcomes: Sequence[Outcome], options: Options) -> None:
    """Say so, if labs ran on loopback because no wire can be held."""
    records = [outcome.record for outcome in outcomes if outcome.record is not None]
    count = sum(record.bench == "loopback" for record in records)
    if count and options.bench == "auto":
        complain(
            f"no held wire can be had here, so {count} of these ran on loopback; `socklab doctor` "
            "shows what would allow one"
        )
