"""`--html-dir`: what a site needs besides the labs' Records, and how it comes into its folder."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from socklab.cli import folder
from socklab.cli.ending import Interrupted, complain
from socklab.cli.signals import ENDING, Signals
from socklab.cli.version import version
from socklab.crew import Crew
from socklab.errors import LabError, MachineError, SocklabError
from socklab.lab import header_of, in_reading_order
from socklab.packs import name_of, shelf
from socklab.worker import Job

if TYPE_CHECKING:
    from socklab.cli.attempt import Options
    from socklab.cli.report import Finished
    from socklab.cli.selection import Selection
    from socklab.grid import Grid
    from socklab.outcome import Outcome
    from socklab.views.site import Entry

OPTION = "--html-dir"

PATIENCE_S = 120.0
"""A watchdog for the grid, which takes half a second."""


def put_site(
    where: Path, finished: Finished, selected: Selection, options: Options, began: str
) -> int:
    """Write the site; what is in the way is told, and its exit code given.

    An interrupted run has none, so that half of the labs never take the place of all.

    Args:
        where: the folder.
        finished: what became of the labs.
        selected: which they were.
        options: how they were run.
        began: when, as ISO 8601 writes it, to the second.

    Raises:
        Interrupted: a signal came; the folder is as it was.
    """
    if finished.stopped_by is not None:
        complain(f"the run was interrupted, so no site is written to {where}")
        return 0
    if not any(outcome.record for outcome in finished.outcomes):
        complain(f"{OPTION} has nothing to show: no lab ran, so no site is written to {where}")
        return 0
    from socklab.claims.document import observed
    from socklab.views.site import Site, pages

    site = Site(
        _entries(finished.outcomes, selected, options.folders),
        grid=_grid(options),
        observed=observed(),
        slow=options.slow,
        left_out=selected.left_out,
        made=f"Made by socklab {version()}, {began.replace('T', ' ')}.",
    )
    try:
        folder.save(where, pages(site), OPTION)
    except MachineError as refused:  # the run's own result stays
        complain(refused)
        return refused.exit_code
    return 0


def _entries(
    outcomes: Sequence[Outcome], selected: Selection, folders: Sequence[Path]
) -> list[Entry]:
    """Each lab with its title and header, also where there is no Record that has them.

    They are in reading order, which leads on through labs that did not run.
    """
    from socklab.cli.attempt import folder_of
    from socklab.views.site import Entry

    files = {(name_of(lab.path), folder_of(lab.path)): lab.path for lab in selected.labs}
    paths = {name_of(lab.path): lab.path for lab in selected.labs}
    with suppress(LabError):  # what is wrong with packs was told when labs were looked for
        paths = shelf(folders).labs | paths
    nexts = {}
    for name, path in paths.items():
        with suppress(LabError):  # then that is why it did not run
            nexts[name] = header_of(path)[1]["Next"]
    order = {name: number for number, name in enumerate(in_reading_order(nexts))}
    entries = []
    for outcome in sorted(outcomes, key=lambda outcome: order.get(outcome.lab, len(order))):
        entry = Entry(outcome)
        with suppress(LabError, KeyError):
            entry = Entry(outcome, *header_of(files[outcome.lab, outcome.folder]))
        entries.append(entry)
    return entries


def _grid(options: Options) -> Grid | str:
    """The grid on this machine; or why there is none, as a sentence.

    Raises:
        Interrupted: a signal came.
    """
    job = Job("the grid", partial(_besiege, options.link, ipv6=options.ipv6), PATIENCE_S)
    crew = Crew([job], 1, stop_on=ENDING)
    with closing(crew.results()) as results:
        (result,) = (result for result in results if result is not None)
    if crew.stopped_by is not None:
        raise Interrupted(crew.stopped_by)
    if result.value is None:
        return f"They were not tried to the end: the process that did {result.how}."
    return result.value


def _besiege(link: str, *, ipv6: bool) -> Grid | str:
    """What a process of its own does, so that this one enters no namespace."""
    from socklab.siege import besiege

    try:
        with Signals() as signals:
            return signals.run(partial(besiege, link=link, ipv6=ipv6))
    except SocklabError as refused:
        return f"They were not tried: {refused}."
    except Interrupted as signal:
        return str(signal)
