"""A worker: one job in a process of its own, from its fork to its end.

A process that forks has one thread and no Trio run under way, or its child might wait for ever
for a lock that nobody in it holds. Source: fork(2)

However the process that forked it ends, SIGKILL included, a worker ends with it. It leads a
process group of its own, so that Ctrl-C in a terminal does not reach it: who forked it is told,
and tells it.
"""

from __future__ import annotations

import faulthandler
import gc
import math
import os
import pickle
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, NoReturn, TypeVar

from socklab.errors import MachineError
from socklab.parent import end_with

T = TypeVar("T")

PRINTED_BYTES = 100_000
"""How much of what a job prints is kept: its end."""


class End(Enum):
    """How a job ended."""

    DONE = "done"
    CRASHED = "crashed"
    """Its process ended and gave nothing back."""
    HUNG = "hung"
    """It lost its caller's patience, and was told to end."""
    STOPPED = "stopped"
    """It was told to end for a reason of its caller's."""


@dataclass(frozen=True, slots=True)
class Job(Generic[T]):
    """Something to do in a process of its own.

    Args:
        name: for whoever watches.
        work: what to do. What it returns comes back, pickled. On a signal it should end soon,
            and may return what it has.
        patience_s: when it counts as hung, in seconds.
        sleeps: whether it spends its time waiting, and needs no processor to itself.
    """

    name: str
    work: Callable[[], T]
    patience_s: float
    sleeps: bool = False


@dataclass(frozen=True, slots=True)
class Result(Generic[T]):
    """What became of a job.

    Args:
        job: which.
        end: how it ended.
        value: what `work` returned, also after it was told to end; None if nothing came back.
        how: where nothing came back, how its process ended, such as "was killed by SIGKILL".
        took_s: from fork to end, in seconds.
        printed: what it wrote on standard output and error; of much, the end.
    """

    job: Job[T]
    end: End
    value: T | None
    how: str
    took_s: float
    printed: str


class Worker(Generic[T]):
    """A job's process; to make one begins the job.

    Args:
        job: what to do.
        handlers: those of signals that the job is to have in the place of this process's.

    Raises:
        MachineError: no more processes can be had.

    Resource handling: `result()` ends it. Whoever makes one calls that once, at last.
    """

    def __init__(self, job: Job[T], handlers: Mapping[int, Any]) -> None:
        self.job = job
        self.began = time.monotonic()
        self.deadline = self.began + job.patience_s
        """When somebody has to do something about it."""
        self._told: End | None = None
        self._value = bytearray()
        self._printed = bytearray()
        with ExitStack() as undo:
            try:
                self._value_fd, value = _pipe(undo)
                self._printed_fd, printed = _pipe(undo)
                self.pid = _fork(job, value, printed, handlers)
                undo.callback(os.waitpid, self.pid, 0)
                undo.callback(os.kill, self.pid, signal.SIGKILL)
                self._ended_fd = os.pidfd_open(self.pid)
            except OSError as refused:
                raise MachineError(
                    f"no more processes can be started side by side: {refused.strerror}; "
                    "cure: a smaller --jobs"
                ) from refused
            undo.pop_all()
        os.close(value)
        os.close(printed)
        os.set_blocking(self._value_fd, False)
        os.set_blocking(self._printed_fd, False)
        self._unread = {self._value_fd, self._printed_fd}

    def descriptors(self) -> Iterator[int]:
        """What to poll for: that it ended, or wrote something."""
        yield self._ended_fd
        yield from self._unread

    def read(self) -> bool:
        """Take what it has written; whether it has ended."""
        # In this order: once it has ended, nothing more is written.
        ended = bool(select.select([self._ended_fd], [], [], 0)[0])
        for descriptor, kept in ((self._value_fd, self._value), (self._printed_fd, self._printed)):
            if descriptor in self._unread and not _drain(descriptor, kept):
                self._unread.discard(descriptor)
        del self._printed[:-PRINTED_BYTES]
        return ended

    def tell(self, why: End, signum: int, grace_s: float) -> None:
        """Tell it to end within a time. Who has been told before is killed."""
        if self._told is not None:
            self.kill()
            return
        self._told = why
        self.deadline = time.monotonic() + grace_s
        os.kill(self.pid, signum)

    def kill(self) -> None:
        """End it, and whatever it has started, at once."""
        self._told = self._told or End.STOPPED
        self.deadline = math.inf
        os.kill(self.pid, signal.SIGKILL)

    def result(self) -> Result[T]:
        """What became of it, once it has ended; and the end of whatever it has left behind."""
        select.select([self._ended_fd], [], [])
        self.read()
        with suppress(ProcessLookupError):  # it may not have come to have a group
            os.killpg(self.pid, signal.SIGKILL)
        # Only now: until it is reaped, nobody else can have its number.
        _, status = os.waitpid(self.pid, 0)
        took_s = time.monotonic() - self.began
        for descriptor in (self._ended_fd, self._value_fd, self._printed_fd):
            os.close(descriptor)
        code = os.waitstatus_to_exitcode(status)
        printed = self._printed.decode(errors="replace")
        if code != 0 or not self._value:
            end = self._told or End.CRASHED
            return Result(self.job, end, None, _told_of(code), took_s, printed)
        end = self._told or End.DONE
        return Result(self.job, end, pickle.loads(self._value), "", took_s, printed)


def _drain(descriptor: int, into: bytearray) -> bool:
    """Read what there is; whether there may be more one day."""
    with suppress(BlockingIOError):
        while chunk := os.read(descriptor, 65_536):
            into += chunk
        return False
    return True


def _told_of(code: int) -> str:
    """How a process ended."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:  # most real-time signals have no name there
        return f"was killed by signal {-code}"


def _pipe(undo: ExitStack) -> tuple[int, int]:
    """A pipe: to read from, to write to."""
    ends = os.pipe()
    for end in ends:
        undo.callback(os.close, end)
    return ends


def _fork(job: Job[Any], value: int, printed: int, handlers: Mapping[int, Any]) -> int:
    """Begin a job in a new process; its number."""
    parent = os.getpid()
    # Nothing may come to the child before it has handlers of its own.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid == 0:
            _be(job, parent, value, printed, handlers, mask)
        return pid
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _be(
    job: Job[Any],
    parent: int,
    value: int,
    printed: int,
    handlers: Mapping[int, Any],
    mask: set[int | signal.Signals],
) -> NoReturn:
    """Runs in the new process, and ends with it."""
    code = 1
    try:
        end_with(parent)
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for signum, handler in handlers.items():
            signal.signal(signum, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        gc.freeze()  # what was the parent's is not ours to finalise
        _redirect(printed)
        data = pickle.dumps(job.work())
        with open(value, "wb") as back:
            back.write(data)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _redirect(printed: int) -> None:
    """Read nothing from anywhere, and write what is printed to one place."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, descriptor in enumerate((nothing, printed, printed)):
        os.dup2(descriptor, number)
    # What stands there now may be anything, such as a test's.
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(  # noqa: SIM115
        1, "w", closefd=False, encoding="utf-8", errors="backslashreplace", buffering=1
    )
    sys.stderr = sys.stdout
    faulthandler.enable()  # says where a segmentation fault was
