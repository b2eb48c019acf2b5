"""A crew: workers side by side, a job each, and what became of every job.

`wait_all_tasks_blocked()` speaks of a whole Trio run, a network namespace is entered by a
thread, a user namespace by a whole process: so labs that run side by side each take a process.
It is forked from this one, which has everything imported. That takes some 5 ms, so the next job
gets another one: whatever a job does to its process (a crash, a hang, a thread that never ends,
a descriptor that leaks) is over with it, and costs that job alone.
"""

from __future__ import annotations

import math
import os
import select
import signal
import time
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from socklab.worker import End, Job, Result, Worker

T = TypeVar("T")

GRACE_S = 10.0
"""A watchdog: how long a worker that was told to end may take to unmake what it made, which is a
matter of milliseconds."""


class Crew(Generic[T]):
    """Does jobs side by side.

    Args:
        jobs: in the order in which they begin, but for those that sleep: they begin at once.
        at_once: how many of the others are under way at the same time.
        stop_on: signals that stop it. They are passed on to every worker, which may still
            return what it has.
        grace_s: how long a worker that was told to end may take before it is killed.
    """

    def __init__(
        self,
        jobs: Sequence[Job[T]],
        at_once: int,
        *,
        stop_on: Sequence[int] = (),
        grace_s: float = GRACE_S,
    ) -> None:
        self._sleepers = deque(job for job in jobs if job.sleeps)
        self._others = deque(job for job in jobs if not job.sleeps)
        self._at_once = at_once
        self._stop_on = stop_on
        self._grace_s = grace_s
        self._workers: list[Worker[T]] = []
        self.stopped_by: int | None = None

    @property
    def running(self) -> list[tuple[str, float]]:
        """The names of the jobs under way, and for how many seconds each has been."""
        now = time.monotonic()
        return [(worker.job.name, now - worker.began) for worker in self._workers]

    def results(self, tick_s: float | None = None) -> Generator[Result[T] | None]:
        """Do the jobs; what became of each, as they end.

        Args:
            tick_s: also give None, whenever so many seconds went by without a result.

        Raises:
            MachineError: no more processes can be had.

        Resource handling: close it, and every worker is gone, whatever it was doing.
        """
        with self._hearing() as (heard, handlers):
            try:
                while True:
                    self._begin(handlers)
                    if not self._workers:
                        return
                    ended = self._wait(heard, tick_s)
                    yield from ended
                    if not ended and tick_s is not None:
                        yield None
            finally:
                for worker in self._workers:
                    worker.kill()
                for worker in self._workers:
                    worker.result()
                self._workers.clear()

    def _begin(self, handlers: Mapping[int, Any]) -> None:
        """Begin what may begin now."""
        while self._sleepers:
            self._workers.append(Worker(self._sleepers.popleft(), handlers))
        awake = sum(not worker.job.sleeps for worker in self._workers)
        while self._others and awake < self._at_once:
            self._workers.append(Worker(self._others.popleft(), handlers))
            awake += 1

    def _wait(self, heard: int, tick_s: float | None) -> list[Result[T]]:
        """What has ended; perhaps nothing, where a tick is over or somebody had to be told."""
        poll = select.poll()
        poll.register(heard, select.POLLIN)
        by_descriptor = {}
        for worker in self._workers:
            for descriptor in worker.descriptors():
                poll.register(descriptor, select.POLLIN)
                by_descriptor[descriptor] = worker
        left_s = min(worker.deadline for worker in self._workers) - time.monotonic()
        wait_s = max(0.0, min(left_s, tick_s or math.inf))
        ready = {fd for fd, _ in poll.poll(None if wait_s == math.inf else wait_s * 1000)}
        # What has ended has ended in time, however late we come to see it.
        active = {by_descriptor[fd] for fd in ready - {heard}}
        ended = [worker for worker in active if worker.read()]
        self._workers = [worker for worker in self._workers if worker not in ended]
        results = [worker.result() for worker in ended]
        if heard in ready:
            self._stop(os.read(heard, 512))
        for worker in self._workers:
            if worker.deadline <= time.monotonic():
                worker.tell(End.HUNG, signal.SIGTERM, self._grace_s)
        return results

    def _stop(self, signals: bytes) -> None:
        """Act on signals, a byte each; those that others listen to are among them."""
        told = [signum for signum in signals if signum in self._stop_on]
        # The first one only: timeout(1) sends each twice.
        if not told or self.stopped_by is not None:
            return
        self.stopped_by = told[0]
        self._sleepers.clear()
        self._others.clear()
        for worker in self._workers:
            worker.tell(End.STOPPED, self.stopped_by, self._grace_s)

    @contextmanager
    def _hearing(self) -> Iterator[tuple[int, Mapping[int, Any]]]:
        """A descriptor from which the numbers of signals can be read, and the handlers before."""
        heard, told = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        before: dict[int, Any] = {}
        woken_before = None
        try:
            if self._stop_on:
                # By the C handler, so that no signal is missed on the way into poll().
                woken_before = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
            for signum in self._stop_on:
                # Who was started with `nohup`, or in the background of a script, is to go on.
                if signal.getsignal(signum) is not signal.SIG_IGN:
                    before[signum] = signal.signal(signum, lambda *_: None)
            yield heard, before
        finally:
            for signum, handler in before.items():
                signal.signal(signum, handler)
            if woken_before is not None:
                signal.set_wakeup_fd(woken_before)
            os.close(heard)
            os.close(told)
