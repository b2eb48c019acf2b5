"""Records from files, as `run` writes them: one, or an array of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from socklab.errors import LabError, SocklabError

if TYPE_CHECKING:
    from socklab.record import Record


def records_in(file: Path) -> list[Record]:
    """The Records in a file; those on standard input for `-`.

    Raises:
        LabError: it can't be read, or has something else in it.
    """
    import json

    from socklab.record import Record

    name = "standard input" if str(file) == "-" else str(file)
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as refused:
        raise LabError(f"{name} can't be read: {refused.strerror}") from refused
    try:
        document = json.loads(data)
        documents = document if isinstance(document, list) else [document]
        return [Record.from_json(each) for each in documents]
    except (ValueError, RecursionError, SocklabError) as problem:
        raise LabError(
            f"{name} has no Record in it, as `socklab run --record` writes one: {problem}"
        ) from problem
