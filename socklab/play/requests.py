"""Requests: what a player has asked of a run, done one after the other beside the screen.

A run answers when it stands still again, in milliseconds or, where it waits for a timer, in a
minute. It is asked in a thread, so that the screen lives on; and by one at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from socklab.errors import SocklabError
from socklab.moves import Move
from socklab.play.words import seconds
from socklab.position import Position


class Run(Protocol):
    """What is played: `steer.session.Session`, or in a test something like it."""

    position: Position

    def make(self, move: Move) -> Position:
        """Make a move; where the run stands then."""

    def undo(self, count: int = 1) -> Position:
        """Take moves back."""

    def restart(self) -> Position:
        """Take all moves back."""

    def refresh(self) -> Position:
        """See what timers have done meanwhile."""

    def cancel(self) -> None:
        """End a long move, from another thread."""

    def kill(self) -> None:
        """End the run at once, from another thread."""

    @property
    def undoable(self) -> int:
        """How many moves can be taken back."""


@dataclass(frozen=True, slots=True)
class Request:
    """Something to ask of a run.

    Args:
        told: what it is, in words.
        act: asks it; in a thread.
        left_s: of a wait for a timer, what is left on it, in seconds.
        quiet: whether nobody asked for it, so that nobody has to be told.
    """

    told: str
    act: Callable[[], Position]
    left_s: float | None = None
    quiet: bool = False

    def progress(self, gone_s: float) -> str:
        """How far it is, in words.

        Args:
            gone_s: how long it has been under way, in seconds.
        """
        if self.left_s is None:
            return f"{self.told} … {gone_s:.0f} s"
        return f"{self.told}: {seconds(self.left_s, gone_s)} left. Esc stops waiting."


class Requests:
    """The requests that wait, and the one that is under way.

    Args:
        run: what is asked.
        done: called with a request, where the run stood before, and where it led to.
        refused: called with a request and why it was not done. What waited behind it is
            forgotten: it was meant for another position.
    """

    def __init__(
        self,
        run: Run,
        done: Callable[[Request, Position, Position], None],
        refused: Callable[[Request, SocklabError], None],
    ) -> None:
        self._run = run
        self._done = done
        self._refused = refused
        self._waiting: asyncio.Queue[Request] = asyncio.Queue()
        self.under_way: Request | None = None
        """None while the run stands still."""

    def ask(self, request: Request) -> None:
        """Have something done when its turn comes."""
        self._waiting.put_nowait(request)

    def forget(self) -> None:
        """Let nothing be done any more of what waits."""
        while not self._waiting.empty():
            self._waiting.get_nowait()
            self._waiting.task_done()

    @property
    def idle(self) -> bool:
        """Whether nothing is under way, and nothing waits."""
        return self.under_way is None and self._waiting.empty()

    async def standstill(self) -> None:
        """Until all that was asked for is done, or forgotten."""
        await self._waiting.join()

    async def serve(self) -> None:
        """Do what is asked, for ever."""
        while True:
            request = self.under_way = await self._waiting.get()
            before = self._run.position
            try:
                position = await asyncio.to_thread(request.act)
            except SocklabError as refused:
                self.under_way = None
                self.forget()
                self._refused(request, refused)
            else:
                self.under_way = None
                self._done(request, before, position)
            self._waiting.task_done()
