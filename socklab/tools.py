"""The programs of iproute2 that socklab stands on: where they are and how they are run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from typing import Self

from socklab.errors import MachineError, ToolError

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Searched after the user's own PATH: plain users often lack the sbin folders."""

ENVIRONMENT = {"LC_ALL": "C", "PATH": SYSTEM_PATH}
"""All that a tool gets to see. COLUMNS, TCPDIAG_FILE, PROC_ROOT and PROC_NET_TCP would each
change what `ss` prints or where it reads from."""

PATIENCE_S = 20.0
"""A watchdog, in seconds: `ss` and `ip` take milliseconds, and nothing hangs on this value."""

HOW_TO_GET_IPROUTE2 = (
    "it comes with iproute2; cure: sudo apt-get install iproute2 (Debian, Ubuntu), "
    "sudo dnf install iproute (Fedora), sudo apk add iproute2 (Alpine) or "
    "sudo pacman -S iproute2 (Arch)"
)


@cache
def find(tool: str) -> str:
    """The path of a tool.

    Raises:
        MachineError: it is not installed, with how to get it.
    """
    folders = [folder for folder in os.environ.get("PATH", "").split(":") if folder]
    # An empty entry would mean the folder one happens to stand in.
    path = shutil.which(tool, path=":".join([*folders, SYSTEM_PATH]))
    if path is None:
        cure = HOW_TO_GET_IPROUTE2 if tool in {"ip", "ss"} else "socklab can't do without it"
        raise MachineError(f"`{tool}` is not installed: {cure}")
    return path


class Running:
    """A tool at work. It was started where the thread stood, and `output()` waits for it.

    Resource handling: as a context manager it never outlives its block, whatever goes wrong
    before its output is asked for.
    """

    def __init__(self, command: Sequence[str], text: str | None = None) -> None:
        self._command = command
        self._text = text
        try:
            self._process = subprocess.Popen(
                [find(command[0]), *command[1:]],
                stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=ENVIRONMENT,
                encoding="utf-8",
                # A process may call itself anything, and `ss -p` prints that name.
                errors="surrogateescape",
            )
        except OSError as refused:
            raise MachineError(f"`{command[0]}` can't be started: {refused.strerror}") from refused

    def output(self) -> str:
        """What the tool printed, once it has ended.

        Raises:
            ToolError: it failed or hung, with what it said.
        """
        told = " ".join(self._command)
        try:
            output, complaint = self._process.communicate(self._text, timeout=PATIENCE_S)
        except subprocess.TimeoutExpired as hung:
            raise ToolError(f"`{told}` did not end within {PATIENCE_S:.0f} s") from hung
        finally:
            self.close()
        if self._process.returncode != 0:
            reason = complaint.strip() or "no reason told"
            raise ToolError(f"`{told}` failed ({self._process.returncode}): {reason}")
        return output

    def close(self) -> None:
        """See that it has ended: killed, if it has not been waited for."""
        if self._process.returncode is None:
            self._process.kill()
        with self._process:  # Closes the pipes and reaps it.
            pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
