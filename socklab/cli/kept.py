"""Progress in puzzles, as it is kept: a file in the state folder of its user.

Source: XDG Base Directory Specification, $XDG_STATE_HOME
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from socklab.cli.saving import put_whole
from socklab.errors import LabError, MachineError, ToolError
from socklab.puzzles.progress import Progress

FILE = "puzzles.json"

LOCK = "puzzles.lock"
"""Who writes holds it: of two that solve something at once, neither takes the other's away."""

ASIDE = "aside"


class Kept:
    """The progress of whoever runs this.

    Args:
        folder: where it is; the user's otherwise.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self.problem = ""
        """Why what is there can't be read, in a sentence; empty if it can."""
        self.put_aside = ""
        """What became of what could not be read, when something was written, in a sentence."""

    def read(self) -> Progress:
        """What was solved; nothing if that can't be read, and `problem` tells why."""
        self.problem = ""
        try:
            path = self._place() / FILE
        except MachineError as nowhere:
            self.problem = f"progress in puzzles is not kept: {nowhere}"
            return Progress()
        try:
            return _read(path)
        except OSError as refused:
            self.problem = f"progress in puzzles can't be read from {path}: {refused.strerror}"
        except (LabError, ToolError) as problem:
            self.problem = (
                f"progress in puzzles can't be read from {path}: {problem}; "
                "with the next change it is kept aside under another name"
            )
        return Progress()

    def change(self, change: Callable[[Progress], Progress]) -> Progress:
        """Change what is kept, as it is now: another process may have changed it, too.

        Raises:
            MachineError: it can't be kept, and why.
        """
        try:
            folder = self._place()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _locked(folder / LOCK):
                path = folder / FILE
                try:
                    before = _read(path)
                except (LabError, ToolError) as problem:
                    before = Progress()
                    self.put_aside = (
                        "what was kept of puzzles before could not be read, and is now "
                        f"{_put_aside(path)}: {problem}"
                    )
                after = change(before)
                if after != before or self.put_aside:
                    put_whole(path, after.to_json().encode())
                return after
        except OSError as refused:
            where = f"{refused.filename}: " if refused.filename else ""
            raise MachineError(f"{where}{refused.strerror}") from refused

    def _place(self) -> Path:
        """The folder.

        Raises:
            MachineError: this user has none.
        """
        return self._folder if self._folder is not None else state_folder()


def state_folder() -> Path:
    """Where programs keep what is to be there the next time: ~/.local/state/socklab.

    Raises:
        MachineError: nobody knows where this user is at home.
    """
    from platformdirs import user_state_path

    try:
        folder = user_state_path("socklab", appauthor=False)
    except RuntimeError as homeless:
        raise MachineError(
            "this user has no home; cure: XDG_STATE_HOME with a folder"
        ) from homeless
    if not folder.is_absolute():  # an older platformdirs takes whatever HOME says
        raise MachineError(f"{folder} is no path from the root; cure: XDG_STATE_HOME with a folder")
    return folder


def _read(path: Path) -> Progress:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Progress()
    try:
        text = data.decode()
    except UnicodeDecodeError as problem:
        raise LabError("it is no text") from problem
    return Progress.from_json(text)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _put_aside(path: Path) -> Path:
    """Give a file another name, which none has; the lock is held."""
    number, aside = 1, path.with_name(f"{path.name}.{ASIDE}")
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.{ASIDE}-{number}")
    return path.rename(aside)
