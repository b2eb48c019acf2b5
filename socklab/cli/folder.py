"""A folder of files that is whole or not there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from socklab.errors import LabError, MachineError


def check(path: Path, option: str, *, force: bool) -> None:
    """See, before anything is run, whether this can be a folder of ours.

    Args:
        path: where to write; it need not be there, but the folder that it is in.
        option: what named it.
        force: whether files that are in it may be replaced.

    Raises:
        LabError: it is a file, has files in it, may not be written to, or can't be made.
    """
    try:
        if str(path) == "-" or (path.exists() and not path.is_dir()):
            raise LabError(f"{option} wants a folder, and {path} is none")
        if path.is_dir():
            if not force and any(path.iterdir()):
                raise LabError(
                    f"{option}: there are files in {path}: --force replaces those that are "
                    "written, and leaves the others"
                )
            within = path
        else:
            within = path.parent
        if not within.is_dir():
            raise LabError(f"{option}: there is no folder {within}")
        if not os.access(within, os.W_OK | os.X_OK):
            raise LabError(f"{option}: nothing can be written in {within}")
    except OSError as refused:  # as in a folder of somebody else's, or a name that is too long
        raise LabError(f"{option}: {path}: {refused.strerror}") from refused


def save(path: Path, files: Iterable[tuple[str, str]], option: str) -> None:
    """Write a folder of files, beside it first: on a full disk nothing there has changed.

    A folder that is not there yet appears with all of them at once. In one that is there each file
    takes its place whole, the last one last: it is the one that leads to the others. They come from
    a folder in it, since what is beside it may be another disk.

    Args:
        path: where.
        files: the name and the text of each; they may be made one by one.
        option: what named it.

    Raises:
        MachineError: it can't be written.

    Resource handling: however it ends, nothing is left of the folder beside.
    """
    target = path.resolve()  # a link stays a link
    exists = target.is_dir()
    beside = (target if exists else target.parent) / f".{target.name}.{os.getpid()}"
    names = []
    try:
        beside.mkdir()
        for name, text in files:
            # A Record may have half a character in a text, which no encoding has.
            (beside / name).write_bytes(text.encode(errors="backslashreplace"))
            names.append(name)
        if exists:
            for name in names:
                (beside / name).replace(target / name)
        else:
            beside.rename(target)
    except OSError as refused:
        raise MachineError(
            f"the site can't be written to {path}: {refused.strerror}; "
            f"cure: {option} with a folder elsewhere"
        ) from refused
    finally:
        shutil.rmtree(beside, ignore_errors=True)
