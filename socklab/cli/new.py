"""`socklab new`: a lab to start from."""

from __future__ import annotations

import re
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from socklab.cli.saving import put_whole
from socklab.cli.streams import put
from socklab.errors import LabError, MachineError
from socklab.packs import labs_folder, shelf

TEMPLATE = "_template.py"
"""A lab like any other, beside socklab's own; what is named so is in no catalogue."""

TITLED = '"""Template: '
"""How it begins; the new lab's name takes the place of the word."""

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="What to call it, such as who-speaks-first.")
    ],
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Where to put it.", show_default=False)
    ] = Path(),
    force: Annotated[
        bool, typer.Option("--force", help="Write it even if there is such a file.")
    ] = False,
) -> None:
    """Write a lab to start from: it runs, has a control, and says what to change."""
    wanted = _named(name)
    path = folder / f"{wanted.replace('-', '_')}.py"
    _check(wanted, path, force=force)
    template = (labs_folder() / TEMPLATE).read_text(encoding="utf-8")
    title = wanted.replace("-", " ").capitalize()
    _write(path, template.replace(TITLED, f'"""{title}: ', 1))
    told = shlex.quote(str(path) if path.is_absolute() else f"./{path}")
    put(
        f"{path} is a lab, and runs as it is. Change it, and look again:\n"
        f"  socklab run {told}\n"
        f"  socklab run {told} --control\n"
        f"  socklab lint {told}"
    )


def _named(name: str) -> str:
    """The name with dashes.

    Raises:
        LabError: it is none, with one that is.
    """
    wanted = name.replace("_", "-")
    if NAME.fullmatch(wanted):
        return wanted
    told = f"{name!r} is no name for a lab: it is words of a to z and 0 to 9, joined by dashes"
    file = re.sub(r"[^a-z0-9]+", "-", Path(name.removesuffix(".py")).name.lower()).strip("-")
    if "/" in name:
        told += ", and --folder says where to put it"
    raise LabError(f"{told}; did you mean {file}?" if NAME.fullmatch(file) else told)


def _check(name: str, path: Path, *, force: bool) -> None:
    """See that nothing is in the way.

    Raises:
        LabError: a file, or another lab with this name.
    """
    try:
        if path.parent.exists() and not path.parent.is_dir():
            raise LabError(f"--folder: {path.parent} is no folder")
        if not path.parent.parent.is_dir():
            raise LabError(f"--folder: there is no folder {path.parent.parent}")
        if path.exists() and not force:
            raise LabError(f"{path} is there already; --force writes it anew")
    except OSError as refused:  # as in a folder of somebody else's, or a name that is too long
        raise LabError(f"{path}: {refused.strerror}") from refused
    other = shelf().labs.get(name)
    if other is not None and other.resolve() != path.resolve():
        raise LabError(f"there is a lab {name} already, {other}; take another name")


def _write(path: Path, text: str) -> None:
    """Write the lab, and make its folder if there is none.

    Raises:
        MachineError: it can't be written, as on a full disk; nothing is left behind.
    """
    made = not path.parent.exists()
    try:
        path.parent.mkdir(exist_ok=True)
        put_whole(path, text.encode())
    except OSError as refused:
        if made:
            with suppress(OSError):
                path.parent.rmdir()
        raise MachineError(
            f"the lab can't be written to {path}: {refused.strerror}; "
            "cure: --folder with a folder elsewhere"
        ) from refused
