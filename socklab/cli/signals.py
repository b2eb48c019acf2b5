"""Signals that end a run (Ctrl-C, SIGTERM, SIGHUP), and everything it had made with it."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any, Self, TypeVar

import trio

from socklab.cli.ending import Interrupted

T = TypeVar("T")

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """While this context lasts, these signals raise `Interrupted` in what runs.

    Trio waits for most of a run: then the run is cancelled, and its tasks clean up. A role that
    computes and never awaits can't be cancelled; there `Interrupted` is raised where the code
    stands, as Trio does with KeyboardInterrupt. Both are the same from outside.
    """

    def __init__(self) -> None:
        self._before: dict[signal.Signals, Any] = {}
        self._received: list[int] = []
        self._running = False
        self._cancel: Callable[[], None] | None = None

    def __enter__(self) -> Self:
        for signum in ENDING:
            # Who was started with `nohup`, or in the background of a script, is to go on.
            if signal.getsignal(signum) is not signal.SIG_IGN:
                self._before[signum] = signal.signal(signum, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for signum, before in self._before.items():
            signal.signal(signum, before)

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        self._received.append(signum)
        if not self._running:
            raise Interrupted(signum)
        if self._cancel is None:
            return  # Trio is on its way up; `run` asks as soon as it is there.
        if trio.lowlevel.currently_ki_protected():
            self._cancel()
        else:
            raise Interrupted(signum)

    def run(self, main: Callable[[], Awaitable[T]]) -> T:
        """`trio.run(main)`, which a signal ends.

        Raises:
            Interrupted: a signal came.
        """

        async def cancellable() -> T | None:
            with trio.CancelScope() as scope:
                token = trio.lowlevel.current_trio_token()
                self._cancel = lambda: token.run_sync_soon(scope.cancel)
                if self._received:
                    scope.cancel()
                return await main()
            return None

        self._running = True
        try:
            result = trio.run(cancellable)
        except BaseException as error:
            # In a group, perhaps, and with what the tasks made of it.
            if self._received:
                raise Interrupted(self._received[0]) from error
            raise
        finally:
            self._running, self._cancel = False, None
        if self._received:
            raise Interrupted(self._received[0])
        return result  # type: ignore[return-value]
