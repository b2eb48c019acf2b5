"""Records as JSON: on standard output, and in a file that is whole or not there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from socklab.errors import LabError, MachineError

if TYPE_CHECKING:
    from socklab.record import Record


def to_text(records: Sequence[Record], *, several: bool) -> str:
    """The Record; or, where several labs were named, an array of Records, however many ran.

    Only ASCII, so that it can be printed anywhere.
    """
    import json

    documents = [record.to_json() for record in records]
    return json.dumps(documents if several else documents[0], indent=1)


def check(path: Path) -> None:
    """See, before anything is run, whether this can be a file.

    Raises:
        LabError: it is a folder, its folder does not exist, or nobody may look there.
    """
    if str(path) == "-":
        raise LabError("--record wants a file; --json prints the Record")
    try:
        if path.is_dir():
            raise LabError(f"--record wants a file, and {path} is a folder")
        if not path.parent.is_dir():
            raise LabError(f"--record: there is no folder {path.parent}")
    except OSError as refused:  # as in a folder of somebody else's, or a name that is too long
        raise LabError(f"--record: {path}: {refused.strerror}") from refused


def save(path: Path, text: str) -> None:
    """Write a file, beside it first and then in its place: nobody ever reads half of it.

    Raises:
        MachineError: it can't be written, as on a full disk; what was there stays.
    """
    data = (text + "\n").encode()
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)  # a device or a pipe, which nothing may take the place of
            return
        target = path.resolve()  # a link stays a link
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            beside.write_bytes(data)
            beside.replace(target)
        except BaseException:
            with suppress(OSError):
                beside.unlink()
            raise
    except OSError as refused:
        raise MachineError(
            f"the Record can't be written to {path}: {refused.strerror}; "
            "cure: --record with a file elsewhere"
        ) from refused
