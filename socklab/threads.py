"""Calls that the kernel makes wait where Trio could not: each in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

import trio

from socklab.syscalls import stands_in


class Threads:
    """A role's calls on descriptors that are made in threads, and whether they stand still."""

    def __init__(self) -> None:
        self._running: dict[threading.Thread, int] = {}

    async def run(self, call: Callable[[int], object], descriptor: int) -> None:
        """Make a call on a descriptor, and wait until it is back.

        Cancelled, the call is left alone: it ends when the kernel lets it go.
        """
        back = trio.Event()
        token = trio.lowlevel.current_trio_token()
        raised: list[OSError] = []

        def make_it() -> None:
            try:
                call(descriptor)
            except OSError as failed:
                raised.append(failed)
            with suppress(trio.RunFinishedError):  # Nobody waits any more.
                token.run_sync_soon(back.set)

        # Daemonic, and not one of Trio's: those stay a while, and a process with a thread in it
        # can't fork without risk.
        thread = threading.Thread(target=make_it, daemon=True)
        self._running[thread] = descriptor
        try:
            thread.start()
            await back.wait()
            thread.join()
        finally:
            del self._running[thread]
        if raised:
            raise raised[0]

    def stand_still(self) -> bool:
        """Whether each sleeps in its call, so that only the kernel can get it on."""
        return all(
            thread.native_id is not None and stands_in(thread.native_id, descriptor)
            for thread, descriptor in self._running.items()
        )
