from __future__ import annotations

import os
import select
import signal
import subprocess
import sys

import pytest

from tests.stand import PATIENCE_S

BEGIN = """
import os, signal, sys
from socklab.parent import end_with
reading, writing = os.pipe()
"""

# The child says its number when it is ready, and then waits for ever.
FORKS = (
    BEGIN
    + """
parent = os.getpid()
if os.fork() == 0:
    end_with(parent)
    if {other_user}:
        try:
            os.setresuid(65534, 65534, 65534)
        except OSError:
            sys.exit(0)
        end_with(parent)
    print(os.getpid(), flush=True)
    signal.pause()
os.wait()
"""
)

# The parent ends before the child asks: the child may only ask once it is somebody else's.
ASKS_TOO_LATE = (
    BEGIN
    + """
parent = os.getpid()
if os.fork() == 0:
    os.close(writing)
    os.read(reading, 1)
    while os.getppid() == parent:
        pass
    end_with(parent)
    print("outlived", flush=True)
"""
)


@pytest.mark.parametrize("other_user", [False, True], ids=["same user", "another user"])
def test_a_child_ends_with_a_parent_that_is_killed(other_user: bool) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FORKS.format(other_user=other_user)],
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as parent:
        assert parent.stdout is not None
        if not (number := parent.stdout.readline()) and other_user:
            pytest.skip("only root can become another user, where there is one")
        child = os.pidfd_open(int(number))
        assert not select.select([child], [], [], 0)[0]
        parent.kill()
        ended = select.select([child], [], [], PATIENCE_S)[0]
        if not ended:
            signal.pidfd_send_signal(child, signal.SIGKILL)
        os.close(child)
    assert ended, "the child outlived its parent"


def test_a_child_whose_parent_has_gone_ends_at_once() -> None:
    # It holds the pipe as long as it lives, so the end of what it says is its end.
    done = subprocess.run(
        [sys.executable, "-c", ASKS_TOO_LATE],
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        timeout=PATIENCE_S,
    )
    assert done.stdout == ""
