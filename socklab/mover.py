"""The mover: makes one move, settles, looks and records. Whoever moves anything ends here.

To settle is to wait, without a clock, until every role stands before a call, is blocked inside
one or has ended, and the wire is quiet.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import trio

from socklab import hints
from socklab.craft import Crafted
from socklab.errors import ExperimentError, MachineError
from socklab.forgotten import promised
from socklab.icmp import Unreachable
from socklab.moves import ON_SEGMENTS, ON_THE_WIRE, Move, Verb
from socklab.observer import Observer
from socklab.places import where
from socklab.record import Move as MoveEvent
from socklab.ss import Row
from socklab.tcp import State
from socklab.wire import Segment, Verdict

PATIENCE_S = 20.0
"""A watchdog beyond a timer's own time, in seconds."""


class MoveRefused(ExperimentError):
    """The story asks for a move that can't be made here.

    No such call waits, or no such segment is on the wire: the experiment went another way.
    """


class Mover(Observer):
    """What makes moves on what an observer sees."""

    sabotage: Callable[[Segment], bool] | None = None
    """A control's doing: which of the segments that the story carries are lost instead."""

    without: str = ""
    """A control's doing: how the moves begin that are not made."""

    watch: Callable[[], object] | None = None
    """Called before each move is made, when the Record ends with it: all that came of those before
    it is there, and stays as it is."""

    _injected: Segment

    @promised
    async def make(self, move: Move, by: str = "") -> None:
        """Make one move, settle, look and record: every other way to move ends here.

        Raises:
            MoveRefused: it can't be made here.
            RoleFailed: a role raised an error.
            ImpossibleTransition: a socket changed its state as TCP does not.
        """
        await self._act(move, by)
        await self.settle()

    async def _act(self, move: Move, by: str) -> None:
        if move.verb is Verb.CARRY and self._sabotaged(move):
            move, by = replace(move, verb=Verb.DROP), "the control"
        act = self._prepare(move, by)
        if self._write(move):
            await act()

    def _write(self, move: Move) -> bool:
        """Write down that a move is being made; whether it is, for a control may leave it out."""
        if self.without and str(move).startswith(self.without):
            return False
        self._recorder.add(MoveEvent(self._recorder.now(), str(move), where()))
        if self.watch is not None:
            self.watch()
        return True

    def _sabotaged(self, move: Move) -> bool:
        """Whether a control loses the segment that this move would carry."""
        loses = self.sabotage
        return loses is not None and any(
            Move.on(move.verb, segment) == move and loses(segment) for segment in self.wire.held
        )

    def _prepare(self, move: Move, by: str) -> Callable[[], Awaitable[None]]:
        """What making a move does; refused here, a move leaves no trace."""
        if move.verb is Verb.CALL:
            role = self._role(move.who)
            call = next((c for c in role.standing if c.answers_to(move.what)), None)
            if call is None:
                raise self._refuse(f"{move.who} can't {move.what}(): {role.whereabouts()}")
            return _at_once(call.let_go)
        if move.verb in ON_SEGMENTS:
            segment = next(
                (s for s in self.wire.held if Move.on(move.verb, s, move.more) == move), None
            )
            if segment is None:
                raise self._refuse(
                    f"`{move}` finds no such segment; {hints.on_the_wire(self.wire)}"
                )
            return self._fate(move, segment, by)
        if move.verb is Verb.INJECT:
            packet = Crafted.parse(move.what, move.more).packet(
                self.wire.flows, self._host(move.who).address.text
            )
            self._injected = self.wire.forge(packet)
            return _at_once(lambda: self.wire.inject(packet))
        if move.verb in ON_THE_WIRE:
            hosts = [self._host(name).name for name in move.hosts]
            act = self.wire.sever if move.verb is Verb.CUT else self.wire.join
            return _at_once(lambda: act(*hosts))
        rows = self._rows(move.who)
        if move.verb is Verb.DESTROY:
            if not any(row.state is State(move.what) for row in rows):
                raise self._refuse(f"no socket of {move.who} is in {move.what}")
            return lambda: self._destroy(move.who, State(move.what))
        if not any(row.timer and row.timer.name == move.what for row in rows):
            raise self._refuse(f"no timer {move.what!r} runs on {move.who}")
        return lambda: self._until_fired(move.who, move.what)

    def _fate(self, move: Move, segment: Segment, by: str) -> Callable[[], Awaitable[None]]:
        if move.verb is Verb.DELAY:
            return lambda: self._carry_later(segment, float(move.more))
        decide: Callable[[], object] = {
            Verb.CARRY: lambda: self.wire.carry(segment, by),
            Verb.DROP: lambda: self.wire.drop(segment, by),
            Verb.DUPLICATE: lambda: self.wire.duplicate(segment),
            Verb.POSTPONE: lambda: self.wire.postpone(segment),
            Verb.UNREACHABLE: lambda: self.wire.unreachable(
                segment, Unreachable[move.more.upper()]
            ),
        }[move.verb]
        return _at_once(decide)

    async def _carry_later(self, segment: Segment, after_s: float) -> None:
        since = self._recorder.activity
        await trio.sleep(after_s)  # Time itself is what this move lets pass.
        await self.settle(since)
        self.wire.carry(segment)

    async def _destroy(self, host: str, state: State) -> None:
        """Let ss(8) destroy every socket that the last look saw in a state."""
        # ss(8) names states in its filter as it does in its rows, but for three.
        named = {State.LISTEN: "listening", State.SYN_RECEIVED: "syn-recv"}
        word = named.get(state, state.value.lower())
        command = ("ss", "-K", "-H", "-n", "-t", "state", word)
        since = self._recorder.activity
        # Its exit code says little: of a request it tells EINVAL, and destroys it.
        await self._host(host).run(command, check=False)
        await self._quiet(since)
        if any(row.state is state for row in self._take_look().rows[host]):
            raise MachineError(
                "`ss -K` destroys no socket here: the kernel lacks CONFIG_INET_DIAG_DESTROY, "
                "or this process may not"
            )

    async def _until_fired(self, host: str, timer: str) -> None:
        """Until a timer that ran at the last look runs no more as it did then.

        Most timers make themselves heard on the wire; the end of TIME-WAIT or of an orphan
        changes nothing but a row of `ss`, so there is nothing to await but the time that the
        row itself says is left.
        """

        def running(rows: Sequence[Row]) -> dict[tuple[Any, ...], Row]:
            return {
                (row.local, row.peer, row.state, row.timer.retransmissions): row
                for row in rows
                if row.timer and row.timer.name == timer
            }

        since = self._recorder.activity
        before = now = running(self._rows(host))
        left_s = min(row.timer.left_s for row in before.values() if row.timer)
        with trio.move_on_after(2 * left_s + PATIENCE_S) as watchdog:
            while before.keys() <= now.keys():
                left_s = min(now[key].timer.left_s for key in before if now[key].timer)  # type: ignore[union-attr]
                # The kernel rounds a timer up to its wheel's next tick, 4 ms and more.
                await trio.sleep(max(left_s, 0.004))
                # Only asked, not recorded: what the timer has done may not have reached a role
                # yet, and its call is to be told before the state that ended it.
                now = running(self._take_look().rows[host])
        if watchdog.cancelled_caught:
            raise self._refuse(f"the timer {timer!r} of {host} did not fire in its time")
        await self._quiet(since)

    # --- Settle ---

    async def settle(self, since: int | None = None) -> None:
        """Until nothing moves that is not held; then look, and do what the rules have decided.

        Args:
            since: the event from which on what was written is put in order; by default, now.
        """
        await self._quiet(since)
        self._look()
        while self.wire.decided:
            segment, verdict, rule = self.wire.decided.pop(0)
            verb = Verb.CARRY if verdict is Verdict.PASS else Verb.DROP
            await self._act(Move.on(verb, segment), rule)
            await self._quiet()
            self._look()

    def _refuse(self, why: str) -> MoveRefused:
        here = where()
        return MoveRefused(f"{here}: {why}" if here else why)


def _at_once(act: Callable[[], object]) -> Callable[[], Awaitable[None]]:
    async def acting() -> None:
        act()

    return acting
