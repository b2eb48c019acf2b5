"""Records as JSON, and files that are whole or not there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from socklab.errors import LabError, MachineError

if TYPE_CHECKING:
    from socklab.record import Record

WRITTEN = {"--record": "the Record", "--junit": "the report"}
"""What an option writes, in a sentence."""


def to_text(records: Sequence[Record], *, several: bool) -> str:
    """The Record; or, where several labs were named, an array of Records, however many ran.

    Only ASCII, so that it can be printed anywhere.
    """
    import json

    documents = [record.to_json() for record in records]
    return json.dumps(documents if several else documents[0], indent=1)


def check(path: Path, option: str = "--record", *, force: bool = True) -> None:
    """See, before anything is run, whether this can be a file.

    Args:
        path: where to write.
        option: what named it.
        force: whether a file that exists is replaced. An empty one is anyway, since nothing is
            lost, as is what mktemp(1) makes; a device or a pipe is written to.

    Raises:
        LabError: it is a folder, its folder does not exist, nobody may look there, or it exists.
    """
    if str(path) == "-":
        more = "; --json prints the Record" if option == "--record" else ""
        raise LabError(f"{option} wants a file{more}")
    try:
        if path.is_dir():
            raise LabError(f"{option} wants a file, and {path} is a folder")
        if not path.parent.is_dir():
            raise LabError(f"{option}: there is no folder {path.parent}")
        if not force and path.is_file() and path.stat().st_size:
            raise LabError(f"{option}: {path} exists: --force replaces it")
    except OSError as refused:  # as in a folder of somebody else's, or a name that is too long
        raise LabError(f"{option}: {path}: {refused.strerror}") from refused


def apart(files: Iterable[tuple[str, Path]]) -> None:
    """See that no two options name the same file.

    Raises:
        LabError: two do.
    """
    named: dict[Path, str] = {}
    for option, path in files:
        with suppress(OSError):  # a loop of links is told when it is written
            path = path.resolve()  # noqa: PLW2901
        if path in named and not (path.exists() and not path.is_file()):
            raise LabError(f"{named[path]} and {option} name one and the same file")
        named[path] = option


def save(path: Path, content: str | bytes, option: str = "--record") -> None:
    """Write a file, beside it first and then in its place: nobody ever reads half of it.

    Args:
        path: where.
        content: what: bytes, or text with or without the newline at its end.
        option: what named it.

    Raises:
        MachineError: it can't be written, as on a full disk; what was there stays.
    """
    if isinstance(content, str):
        # A Record may have half a character in a text, which no encoding has.
        content = (content.removesuffix("\n") + "\n").encode(errors="backslashreplace")
    try:
        put_whole(path, content)
    except OSError as refused:
        what = WRITTEN.get(option, f"the file for {option}")
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
