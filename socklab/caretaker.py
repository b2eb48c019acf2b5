"""The caretaker: the last one in a host, who sees that no socket outlives its lab.

A closed socket whose FIN nobody acknowledges is an orphan: the kernel keeps it, and with it
the whole network namespace, for minutes. So each host has a caretaker, a shell that waits
for the end of a pipe whose other end only this process holds. However this process ends,
SIGKILL included, the pipe ends with it, and the caretaker aborts what TCP sockets are left.
The ordinary end of a host goes the same way, so the way is always tested.
"""

from __future__ import annotations

import os
import select
import subprocess
from contextlib import suppress

from socklab.errors import ToolError
from socklab.tools import ENVIRONMENT, PATIENCE_S, find

SCRIPT = 'read word; test "$word" = idle || exec "$0" -K -a -t'
"""`ss -K` is SOCK_DESTROY for every row. Source: ss(8)"""


class Caretaker:
    """A caretaker in the namespace in which this thread stands when making it."""

    def __init__(self) -> None:
        self._shell = subprocess.Popen(
            [find("sh"), "-c", SCRIPT, find("ss")],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            # Ctrl-C is for us: in a session of its own the caretaker does not hear it.
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """A process in the namespace, for tools that name a namespace by one."""
        return self._shell.pid

    def dismiss(self, *, idle: bool) -> None:
        """Tell it to finish; with `idle` there was never a socket to see to."""
        assert self._shell.stdin is not None
        with suppress(BrokenPipeError):  # Somebody ended it before us.
            try:
                self._shell.stdin.write(b"idle\n" if idle else b"")
            finally:
                self._shell.stdin.close()

    def wait(self) -> None:
        """Until it has gone, and with it the last socket.

        Raises:
            ToolError: it does not end.
        """
        ended = _ends(self._shell.pid, PATIENCE_S)
        if not ended:
            self._shell.kill()
        self._shell.wait()
        if not ended:
            raise ToolError(f"a host's caretaker did not end within {PATIENCE_S:.0f} s")


def _ends(pid: int, within_s: float) -> bool:
    """Wait for a process's end. Popen.wait(timeout) would look, and sleep, and look again."""
    handle = os.pidfd_open(pid)
    try:
        ended = select.poll()
        ended.register(handle, select.POLLIN)
        return bool(ended.poll(within_s * 1000))
    finally:
        os.close(handle)
