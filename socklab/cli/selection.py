"""Which labs are to be run: those that were named, or all that there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from socklab.errors import LabError
from socklab.lab import header_of, tagged
from socklab.packs import find, shelf


@dataclass(frozen=True, slots=True)
class Selected:
    """A lab that is to be run.

    Args:
        asked: what to call it on the command line.
        path: its file.
        slow: whether it takes seconds in which it waits for the kernel.
    """

    asked: str
    path: Path
    slow: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """Labs to run, how many slow ones were left out, and which could not even be looked at."""

    labs: list[Selected]
    left_out: int = 0
    problems: tuple[LabError, ...] = ()


def named(names: Sequence[str], folders: Sequence[Path], *, slow: bool) -> Selection:
    """The labs of these names and paths, slow or not.

    Raises:
        LabError: there is no such lab, with the nearest name.
    """
    return Selection([_selected(name, find(name, folders), slow) for name in names])


def every(tags: Sequence[str], folders: Sequence[Path], *, slow: bool) -> Selection:
    """All labs there are, or those with one of these tags; the slow ones only if asked for.

    Raises:
        LabError: no lab has such a tag, with the nearest; or nothing would be left to run.
    """
    known = shelf(folders)
    found = [_selected(name, path, slow) for name, path in tagged(known.labs, tags).items()]
    labs = [lab for lab in found if slow or not lab.slow]
    if not labs:
        if found:
            raise LabError("these labs are slow ones, left out by default; --slow runs them, too")
        raise LabError("there are no labs")
    return Selection(labs, len(found) - len(labs), known.problems)


def _selected(asked: str, path: Path, slow: bool) -> Selected:
    """A lab, and whether it is slow; what is wrong with its file is told when it is to be run."""
    try:
        header = header_of(path)[1]
    except LabError:
        return Selected(asked, path)
    return Selected(asked, path, bool(header.get("Slow") or (slow and header.get("Waits"))))
