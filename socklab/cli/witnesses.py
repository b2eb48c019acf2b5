"""Labs run for what their Records witness: side by side, and on a held wire or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from socklab.cli.ending import Interrupted, complain
from socklab.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from socklab.cli.selection import Selection
    from socklab.record import Record


def witnesses(
    selection: Selection,
    *,
    slow: bool,
    jobs: int | None,
    link: str,
    folders: Sequence[Path] = (),
) -> tuple[list[Record], list[int]]:
    """Run labs side by side: their Records, and the exit codes that they came to.

    Args:
        selection: which; what is wrong with others is told.
        slow: whether their stories may wait for what they otherwise only show to be under way.
        jobs: how many at a time; None: one for each processor, and all the slow ones.
        link: "tun", "veth" or "auto".
        folders: where else labs were looked for, to be told with the command that runs one again.

    Raises:
        MachineError: no wire can be held here.
        Interrupted: a signal came.
    """
    from socklab.cli.attempt import Options
    from socklab.cli.many import Manner, run_many
    from socklab.doctor import examine

    if not (mine := examine()).ok:
        why = next((check.found for check in mine.checks if check.needed and not check.ok), "")
        raise MachineError(
            f"labs witness on a held wire, and none can be had here: {why}; "
            "`socklab doctor` shows what would allow one"
        )
    options = Options(slow=slow, bench="wire", link=link, folders=tuple(folders))
    finished = run_many(selection.labs, options, Manner(jobs))
    if finished.stopped_by is not None:
        raise Interrupted(finished.stopped_by)
    failed = [outcome.lab for outcome in finished.outcomes if outcome.exit_code != 0]
    if failed:
        complain(f"not all went as its lab expects: {', '.join(failed)}")
    for problem in selection.problems:
        complain(problem)
    codes = [outcome.exit_code for outcome in finished.outcomes]
    codes += [problem.exit_code for problem in selection.problems]
    return [each.record for each in finished.outcomes if each.record is not None], codes
