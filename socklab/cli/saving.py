"""Records as JSON, and files that are whole or not there."""

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


def check(path: Path, option: str = "--record") -> None:
    """See, before anything is run, whether this can be a file.

    Args:
        path: where to write.
        option: what named it.

    Raises:
        LabError: it is a folder, its folder does not exist, or nobody may look there.
    """
    if str(path) == "-":
        more = "; --json prints the Record" if option == "--record" else ""
        raise LabError(f"{option} wants a file{more}")
    try:
        if path.is_dir():
            raise LabError(f"{option} wants a file, and {path} is a folder")
        if not path.parent.is_dir():
            raise LabError(f"{option}: there is no folder {path.parent}")
    except OSError as refused:  # as in a folder of somebody else's, or a name that is too long
        raise LabError(f"{option}: {path}: {refused.strerror}") from refused


def save(path: Path, text: str, option: str = "--record") -> None:
    """Write a file, beside it first and then in its place: nobody ever reads half of it.

    Args:
        path: where.
        text: what, but for the newline at its end.
        option: what named it.

    Raises:
        MachineError: it can't be written, as on a full disk; what was there stays.
    """
    try:
        put_whole(path, (text + "\n").encode())
    except OSError as refused:
        what = "the Record" if option == "--record" else "the report"
        raise MachineError(
            f"{what} can't be written to {path}: {refused.strerror}; "
            f"cure: {option} with a file elsewhere"
        ) from refused


def put_whole(path: Path, data: bytes) -> None:
    """Write a file, beside it first and then in its place; where that fails, nothing is left.

    Raises:
        OSError: it can't be written.
    """
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
