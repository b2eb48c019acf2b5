"""A session: a run in a process of its own, steered from outside, a move and an answer at a time.

Whoever steers may be busy with other things: an event loop with a screen, a prompt that waits for
a key. The bench has its process, with nothing in it but the run, so it can also be thrown away
and made anew: to undo a move is to make the moves before it on a fresh bench.
"""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Self

import trio

from socklab import weather
from socklab.errors import ExperimentError, MachineError, SocklabError, ToolError
from socklab.lab import Lab
from socklab.mover import MoveRefused
from socklab.moves import Move
from socklab.position import Position
from socklab.steer.pilot import Pilot, steer
from socklab.worker import Job, Worker

if TYPE_CHECKING:
    from types import TracebackType

CANCEL, REFRESH, END = "cancel", "refresh", "end"
"""What a session asks of its run, beside a Move to make and a list of them to begin anew with."""


class Session:
    """A run that is steered: `position` is where it stands.

    Args:
        lab: whose programs, hosts and weather there are.
        start: the moves that are made first, and never undone.
        link: "tun", "veth" or "auto".
        ipv6: whether the hosts have IPv6 addresses.
        patient: whether a SYN waits for hours, not for two minutes, as long as a person thinks.
        limit: takes each position and gives it back with the choices that are allowed.

    Raises:
        MachineError: this machine can't run it, with the cure.
        MoveRefused: a move of the start can't be made.

    Resource handling: close it, or use it in a `with` block. It forks, so it is made before this
    process has more than one thread, or a Trio run.
    """

    def __init__(
        self,
        lab: Lab,
        *,
        start: Sequence[Move] = (),
        link: str = "auto",
        ipv6: bool = False,
        patient: bool = False,
        limit: Callable[[Position], Position] = lambda position: position,
    ) -> None:
        self._limit = limit
        if patient:
            lab = replace(lab, weather=weather.patient(lab.weather))
        self._start = [str(move) for move in start]
        self._asked, theirs = Pipe()
        # Of a terminal's Ctrl-C it hears nothing: whoever steers does, and ends it.
        work = partial(trio.run, partial(_serve, lab, list(start), theirs, link=link, ipv6=ipv6))
        self._worker: Worker[None] | None = Worker(
            Job("session", partial(_alone, self._asked, work), math.inf), {}
        )
        theirs.close()
        try:
            self.position: Position = self._answer()
        except BaseException:
            self.close()
            raise
        if self.position.trouble:
            self.close()
            raise MoveRefused(f"the start can't be made: {self.position.trouble}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def make(self, move: Move) -> Position:
        """Make a move; where the run stands then.

        A run that failed has `trouble`, and can go on with `undo` only.

        Raises:
            MoveRefused: it can't be made here, and nothing has happened.
        """
        return self._ask(move)

    def undo(self, count: int = 1) -> Position:
        """Take moves back: those before them are made again, on a fresh bench."""
        least = len(self._start)
        made = self.position.made
        kept = made[: max(least, len(made) - count)]
        return self._ask([Move.parse(text) for text in kept])

    def restart(self) -> Position:
        """Take all moves back, but for those of the start."""
        return self.undo(len(self.position.made))

    @property
    def undoable(self) -> int:
        """How many moves can be taken back."""
        return len(self.position.made) - len(self._start)

    def refresh(self) -> Position:
        """See what timers have done meanwhile."""
        return self._ask(REFRESH)

    def cancel(self) -> None:
        """End a move that takes its time, from another thread: `make` comes back without it."""
        with suppress(OSError):
            self._asked.send(CANCEL)

    def kill(self) -> None:
        """End the run at once, from another thread: what is being asked of it raises ToolError."""
        worker = self._worker
        if worker is not None:
            with suppress(ProcessLookupError):  # it was quicker
                worker.kill()

    def close(self) -> None:
        """End the run and its process; what it has made is unmade."""
        if self._worker is None:
            return
        with suppress(OSError):
            self._asked.send(END)
        self._asked.close()
        worker, self._worker = self._worker, None
        worker.result()

    def _ask(self, request: object) -> Position:
        if self._worker is None:
            raise ToolError("this session is closed")
        # One that has gone may have said why before.
        with suppress(OSError):
            self._asked.send(request)
        self.position = self._answer()
        return self.position

    def _answer(self) -> Position:
        try:
            answer: Any = self._asked.recv()
        except (EOFError, OSError):
            raise self._lost() from None
        if isinstance(answer, SocklabError):
            raise answer
        return self._limit(answer)

    def _lost(self) -> ToolError:
        """What to say when the process has gone."""
        assert self._worker is not None
        worker, self._worker = self._worker, None
        self._asked.close()
        result = worker.result()
        last = (result.printed.strip().splitlines() or ["without a word"])[-1]
        return ToolError(f"the run's process {result.how or 'ended'}: {last}")


def _alone(others: Connection, work: Any) -> None:
    """Runs in the session's process."""
    others.close()  # or the end of who asks would never be heard
    for signum in (signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    work()


async def _serve(
    lab: Lab, moves: list[Move] | None, connection: Connection, *, link: str, ipv6: bool
) -> None:
    """Answer until told to end; each time with a position, or with an error."""
    while moves is not None:
        try:
            async with steer(lab, link=link, ipv6=ipv6) as pilot:
                moves = await _one_run(pilot, moves, connection)
        except SocklabError as refused:
            with suppress(OSError):
                connection.send(type(refused)(str(refused)))
            return


async def _one_run(
    pilot: Pilot, moves: Sequence[Move], connection: Connection
) -> list[Move] | None:
    """Steer one bench; the moves with which to begin the next one, or None at the end."""
    trouble = ""
    try:
        for move in moves:
            await pilot.make(move)
    except ExperimentError as failed:
        trouble = str(failed)
    connection.send(pilot.position(trouble))
    while True:
        await trio.lowlevel.wait_readable(connection.fileno())
        try:
            request: Any = connection.recv()
        except (EOFError, OSError):
            return None
        match request:
            case "end":
                return None
            case "cancel":  # what it was to end has ended by itself
                continue
            case list():
                return request
        try:
            if request == REFRESH:
                if not trouble:
                    await pilot.notice()
            elif not await _made(pilot, request, connection):
                return [Move.parse(text) for text in pilot.bench.record.moves()][:-1]
        except MoveRefused as refused:
            connection.send(MoveRefused(str(refused)))
            continue
        except MachineError as refused:  # `ss -K` is; the run goes on
            connection.send(MachineError(str(refused)))
            continue
        except ExperimentError as failed:
            trouble = str(failed)
        connection.send(pilot.position(trouble))


async def _made(pilot: Pilot, move: Move, connection: Connection) -> bool:
    """Make a move, unless it is cancelled before it is done."""
    cancelled = False
    failed: Exception | None = None

    async with trio.open_nursery() as nursery:

        async def hear() -> None:
            nonlocal cancelled
            await trio.lowlevel.wait_readable(connection.fileno())
            cancelled = True
            nursery.cancel_scope.cancel()

        nursery.start_soon(hear)
        try:
            await pilot.make(move)
        except Exception as error:  # raised below, out of the nursery's group
            failed = error
        nursery.cancel_scope.cancel()
    if failed is not None:
        raise failed
    return not cancelled
