"""A role's child process: it holds the descriptors that it has inherited, until it is killed."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from socklab import program
from socklab.calls import Caller

HOLDS = ("cat",)
"""A program that does nothing: it reads what nobody writes."""


class Child:
    """A process that was forked from a role's; made by `Role.fork`."""

    def __init__(self, role: Caller, descriptors: Sequence[int]) -> None:
        self._role = role
        self._process = program.start(HOLDS, descriptors)

    async def kill(self) -> None:
        """End it with SIGKILL: no handler runs, the kernel closes what it held.

        Source: signal(7)
        """

        async def act() -> None:
            self._process.kill()
            # Not awaited: who settles knows of Trio's tasks and of packets, not of a process that
            # dies. It is gone, its descriptors closed, before anything else happens.
            self._process.wait()

        await self._role.perform("", "kill", ("SIGKILL",), act)

    def end(self) -> None:
        """End it, unrecorded, if it still runs: for the end of a run."""
        with self._process:
            self._process.send_signal(signal.SIGKILL)
