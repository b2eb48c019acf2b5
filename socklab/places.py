"""Places in a lab's file, as one reads them: `labs/close/half_close.py:57`."""

from __future__ import annotations

import contextlib
import sys
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
LABS = HERE / "labs"
"""Where an installed socklab keeps its labs: inside the package, and yet not part of it."""

SITES = frozenset({"site-packages", "dist-packages"})
"""What such a folder is called, also where PYTHONPATH or a user has one of their own."""


def where() -> str:
    """The line of the story that is being told: the innermost one outside socklab itself.

    Empty where nobody tells one: a run that is replayed or steered has moves, and no story.
    """
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_between(frame.f_code.co_filename):
        frame = frame.f_back
    if frame.f_globals.get("__name__", "").startswith("trio."):
        return ""
    return f"{shown(frame.f_code.co_filename)}:{frame.f_lineno}"


def shown(filename: str) -> str:
    """A path as one reads it: of a lab from labs/ or its package on, else from where one stands."""
    path = Path(filename)
    for last in reversed(range(len(path.parts))):
        if path.parts[last] in SITES:
            return str(Path(*path.parts[last + 1 :]))
        if path.parts[last] == "labs":
            return str(Path(*path.parts[last:]))
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _is_between(filename: str) -> bool:
    """Whether a frame lies between the story and whoever asks: ours, or a `with` block's."""
    return filename == contextlib.__file__ or is_ours(filename)


@cache
def is_ours(filename: str) -> bool:
    """Whether this is a file of socklab's own, and no lab."""
    path = Path(filename)
    return HERE in path.parents and LABS not in path.parents
