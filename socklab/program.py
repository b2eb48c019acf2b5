"""A program run on a host: started where this thread stands, and never left behind."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import trio

from socklab.errors import MachineError, ToolError
from socklab.parent import end_with


def start(command: Sequence[str], descriptors: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """Start a program in the namespace where this thread stands, its three streams piped.

    Args:
        command: the program and its arguments.
        descriptors: those of ours that it inherits.

    Raises:
        MachineError: there is no such program, or it may not be run.
    """
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=descriptors,
            # Safe although Trio is imported: nothing here has started a thread.
            preexec_fn=partial(end_with, os.getpid()),  # noqa: PLW1509
        )
    except OSError as refused:
        # A folder of PATH that may not be read would make of a missing program a forbidden one.
        missing = "/" not in command[0] and shutil.which(command[0]) is None
        why = os.strerror(errno.ENOENT) if missing else refused.strerror
        raise MachineError(f"`{command[0]}` can't be started: {why}") from refused


async def finish(
    process: subprocess.Popen[bytes], *, stdin: bytes, check: bool
) -> subprocess.CompletedProcess[bytes]:
    """Feed a program that `start` started, read it to its end and collect it.

    Cancelled, it kills the program first.

    Raises:
        ToolError: with `check`, its exit code was not 0; the message has what it said.
    """
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    # Each stream gets a descriptor of Trio's own; Popen's objects are closed with `with`.
    to_it, stdout, stderr = (
        trio.lowlevel.FdStream(os.dup(stream.fileno()))
        for stream in (process.stdin, process.stdout, process.stderr)
    )
    printed = {stdout: bytearray(), stderr: bytearray()}

    async def feed() -> None:
        async with to_it:
            with suppress(trio.BrokenResourceError):  # It may end without reading all.
                await to_it.send_all(stdin)

    async def collect(stream: trio.lowlevel.FdStream) -> None:
        async with stream:
            async for chunk in stream:
                printed[stream] += chunk

    process.stdin.close()
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(feed)
            nursery.start_soon(collect, stdout)
            nursery.start_soon(collect, stderr)
        await _ended(process)
    finally:
        with process:
            if process.poll() is None:
                process.kill()
    done = subprocess.CompletedProcess(
        process.args, process.returncode, bytes(printed[stdout]), bytes(printed[stderr])
    )
    if check and done.returncode != 0:
        command = process.args if isinstance(process.args, Sequence) else [process.args]
        told_as = " ".join(map(str, command))
        told = done.stderr.decode(errors="replace").strip() or "no reason told"
        raise ToolError(f"`{told_as}` failed ({done.returncode}): {told}")
    return done


async def _ended(process: subprocess.Popen[bytes]) -> None:
    """Until the process has ended: its streams may close long before it does."""
    handle = os.pidfd_open(process.pid)
    try:
        await trio.lowlevel.wait_readable(handle)
    finally:
        os.close(handle)
    process.wait()
