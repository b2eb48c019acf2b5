from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from socklab import program
from socklab.errors import MachineError, ToolError
from tests.stand import PATIENCE_S, children, open_descriptors


async def run(*command: str, stdin: bytes = b"", check: bool = True) -> tuple[int, bytes, bytes]:
    done = await program.finish(program.start(command), stdin=stdin, check=check)
    return done.returncode, done.stdout, done.stderr


async def test_a_program_is_fed_and_both_its_streams_are_collected() -> None:
    echo = "cat; echo to stderr >&2; exit 3"
    assert await run("sh", "-c", echo, stdin=b"to stdin", check=False) == (
        3,
        b"to stdin",
        b"to stderr\n",
    )


async def test_more_than_a_pipe_holds_goes_through_both_ways() -> None:
    much = bytes(range(256)) * 8192
    assert await run("cat", stdin=much) == (0, much, b"")


async def test_a_program_that_does_not_read_its_input_is_no_failure() -> None:
    assert await run("true", stdin=bytes(1_000_000)) == (0, b"", b"")


async def test_a_failing_program_is_told_with_its_own_words() -> None:
    with pytest.raises(ToolError) as failed:
        await run("sh", "-c", "echo no such luck >&2; exit 4")
    assert str(failed.value) == "`sh -c echo no such luck >&2; exit 4` failed (4): no such luck"
    with pytest.raises(ToolError, match=r"`false` failed \(1\): no reason told"):
        await run("false")


def test_a_missing_program_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MachineError) as missing:
        program.start(("no-such-program",))
    assert str(missing.value) == "`no-such-program` can't be started: No such file or directory"
    (tmp_path / "data").touch()
    with pytest.raises(MachineError, match="can't be started: Permission denied"):
        program.start((str(tmp_path / "data"),))


async def test_a_program_that_closes_its_streams_is_waited_for_all_the_same() -> None:
    # It goes on until its own signal arrives: no clock is in it.
    script = "exec <&- >&- 2>&-; kill -TERM $$; exit 0"
    assert await run("sh", "-c", script, check=False) == (-signal.SIGTERM, b"", b"")


async def test_cancelled_it_is_killed_and_nothing_is_left() -> None:
    descriptors, processes = open_descriptors(), children()
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            process = program.start(("sleep", "1000"))
            nursery.start_soon(partial(program.finish, process, stdin=b"", check=True))
            await wait_all_tasks_blocked()
            scope.cancel()
    assert process.returncode == -signal.SIGKILL
    assert (open_descriptors(), children()) == (descriptors, processes)


async def test_nothing_is_left_of_many() -> None:
    await run("true")
    descriptors, processes = open_descriptors(), children()
    for _ in range(20):
        await run("cat", stdin=b"x")
    assert (open_descriptors(), children()) == (descriptors, processes)


STARTS_ONE = """
import sys
from socklab import program
print(program.start(("sleep", "1000")).pid, flush=True)
sys.stdin.read()
"""


def test_a_program_dies_with_a_process_that_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_ONE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as parent:
        assert parent.stdout is not None
        pidfd = os.pidfd_open(int(parent.stdout.readline()))
        assert not select.select([pidfd], [], [], 0)[0]
        parent.kill()
        ended = select.select([pidfd], [], [], PATIENCE_S)[0]
        os.close(pidfd)
    assert ended, "the program outlived its parent"
