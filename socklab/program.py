"""A program run on a host: started where this thread stands, and never left behind."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Sequence

import trio

from socklab.errors import MachineError, ToolError

PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None)


def _die_with_parent() -> None:
    """Runs in the new process: SIGKILL it when the thread that started it is gone."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a program in the namespace where this thread stands, its three streams piped.

    Raises:
        MachineError: there is no such program, or it may not be run.
    """
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Safe although Trio is imported: nothing here has started a thread.
            preexec_fn=_die_with_parent,
        )
    except OSError as refused:
        raise MachineError(f"`{command[0]}` can't be started: {refused.strerror}") from refused


async def finish(
    process: subprocess.Popen[bytes], *, input: bytes, check: bool
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
    stdin, stdout, stderr = (
        trio.lowlevel.FdStream(os.dup(stream.fileno()))
        for stream in (process.stdin, process.stdout, process.stderr)
    )
    printed = {stdout: b"", stderr: b""}

    async def feed() -> None:
        async with stdin:
            try:
                await stdin.send_all(input)
            except trio.BrokenResourceError:
                pass  # It ended without reading all: its own business.

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
        process.args, process.returncode, printed[stdout], printed[stderr]
    )
    if check and done.returncode != 0:
        told = done.stderr.decode(errors="replace").strip() or "no reason told"
        raise ToolError(f"`{' '.join(map(str, process.args))}` failed ({done.returncode}): {told}")
    return done


async def _ended(process: subprocess.Popen[bytes]) -> None:
    """Until the process has ended: its streams may close long before it does."""
    handle = os.pidfd_open(process.pid)
    try:
        await trio.lowlevel.wait_readable(handle)
    finally:
        os.close(handle)
    process.wait()
