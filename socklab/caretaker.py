"""The caretaker: who looks at a host while it lives, and aborts what sockets it leaves behind.

A closed socket whose FIN nobody acknowledges is an orphan: the kernel keeps it, and with it
the whole network namespace, for minutes. So each host has a caretaker, a shell that waits
for the end of a pipe whose other end only this process holds. However this process ends,
SIGKILL included, the pipe ends with it, and the caretaker aborts what TCP sockets are left.
The ordinary end of a host goes the same way, so the way is always tested.

Being there, the caretaker also runs `ss` when asked to. It is a small process: it starts
another in a quarter of the millisecond that Python takes, and those of all hosts do so at once.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress

from socklab.errors import ToolError
from socklab.tools import ENVIRONMENT, PATIENCE_S, find

SCRIPT = """
trap '' PIPE  # Who asked for a look may be gone when it is taken; then comes the real work.
while read -r word number; do
    case $word in
        look) "$0" "$@" </dev/null 2>/dev/null; echo "end $number $?" ;;
        idle) exit ;;
    esac
done
exec "$0" -K -a -t >/dev/null 2>&1
"""
"""For sh(1), with the path of `ss` as $0 and its options for a look as the rest. `ss -K` is
SOCK_DESTROY for every row. Source: ss(8)"""


ENDS = re.compile(rb"^end (\d+) (\d+)\n", re.MULTILINE)
"""What the caretaker writes after each look: its number, and the exit code of `ss`."""


class Caretaker:
    """A caretaker in the namespace in which this thread stands when making it.

    Args:
        look: the command for a look, `ss` and its options.
    """

    def __init__(self, look: Sequence[str] = ("ss",)) -> None:
        self._asked = 0
        self._shell = subprocess.Popen(
            [find("sh"), "-c", SCRIPT, find(look[0]), *look[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            # Ctrl-C is for us: in a session of its own the caretaker does not hear it.
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """A process in the namespace, for tools that name a namespace by one."""
        return self._shell.pid

    def ask(self) -> int:
        """Have it look; the number is what `hear` wants. Returns at once."""
        self._asked += 1
        assert self._shell.stdin is not None
        with suppress(BrokenPipeError):  # Somebody ended it; `hear` will not hear of it.
            self._shell.stdin.write(f"look {self._asked}\n".encode())
            self._shell.stdin.flush()
        return self._asked

    def hear(self, number: int) -> str | None:
        """What `ss` printed for this asking; None if it failed, or nobody is there to look.

        Raises:
            ToolError: it takes too long.
        """
        assert self._shell.stdout is not None
        descriptor = self._shell.stdout.fileno()
        readable = select.poll()
        readable.register(descriptor, select.POLLIN)
        heard = b""
        while (end := ENDS.search(heard)) is None or int(end[1]) != number:
            if end is not None:
                heard = heard[end.end() :]  # an asking that nobody listened to
                continue
            if not readable.poll(PATIENCE_S * 1000):
                raise ToolError(f"`ss` did not end within {PATIENCE_S:.0f} s")
            chunk = os.read(descriptor, 65_536)
            if not chunk:
                return None
            heard += chunk
        if int(end[2]) != 0:
            return None
        # A process may call itself anything, and `ss -p` prints that name.
        return heard[: end.start()].decode(errors="surrogateescape")

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
            os.killpg(self._shell.pid, signal.SIGKILL)  # with the `ss` that it waits for
        self._shell.wait()
        assert self._shell.stdout is not None
        self._shell.stdout.close()
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
