"""A child process that does not outlive the one that started it, however that one ends."""

from __future__ import annotations

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None)


def end_with(parent: int) -> None:
    """From now on this process gets SIGKILL when its parent is gone; at once if it is already.

    The parent is the thread that forked, so a thread that ends takes its children along. Who
    changes the uid or gid of a process undoes this, and asks for it again.

    Args:
        parent: the process that forked this one, as its own os.getpid() said.

    Source: PR_SET_PDEATHSIG in prctl(2)
    """
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # It went before that was arranged.
        os.kill(os.getpid(), signal.SIGKILL)
