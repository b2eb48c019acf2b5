"""A Record of every lab, for tests of what is made of a run, and not of how it goes."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from socklab.cli.reading import records_in
from socklab.record import Record
from tests.commands import socklab
from tools.runs import VARIABLE


@cache
def every_lab() -> dict[str, Record]:
    """Each lab's Record by its name: of the quick ones at least, all of which passed.

    They are those in the file that SOCKLAB_RECORDS names, as .ci/run has one; else all are run.
    """
    if given := os.environ.get(VARIABLE):
        return {record.lab: record for record in records_in(Path(given))}
    with TemporaryDirectory() as folder:
        file = Path(folder, "all.json")
        done = socklab("run", "--all", "--record", file)
        assert done.returncode == 0, done.stderr
        return {record.lab: record for record in records_in(file)}
