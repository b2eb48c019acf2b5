"""The bench: what a story holds in its hands.

A story makes moves. After each the bench settles: it waits, without a clock, until every
role stands before a call, is blocked inside one or has ended, and the wire is quiet. Then it
looks at both hosts with `ss` and writes down what changed. So an expectation never asks what
the state will be, only what the last look showed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import trio

from socklab import hints
from socklab.craft import Crafted
from socklab.errors import ExperimentError, LabError
from socklab.expect import Expected, concerned, met, tell, wanted
from socklab.forgotten import promised
from socklab.moves import ON_SEGMENTS, Move, Verb
from socklab.observer import Observer, one
from socklab.packet import Kind, Packet
from socklab.record import Move as MoveEvent
from socklab.role import Call
from socklab.ss import Row
from socklab.wire import Rule, Segment, Verdict

Which = Kind | Segment | Callable[[Segment], bool]
"""How a story points at a segment: by its kind (the oldest such), itself, or a question."""

PATIENCE_S = 20.0
"""A watchdog beyond a timer's own time, in seconds."""


class MoveRefused(ExperimentError):
    """The story asks for a move that can't be made here.

    No such call waits, or no such segment is on the wire: the experiment went another way.
    """


class Bench(Observer):
    """Hosts, wire, moves, looks and expectations of one run; made by `runner.open_bench`.

    Moves name whom they concern by keyword: a role for calls, and the sending host for
    segments: `call(client="shutdown")`, `carry(server=ACK)`.
    """

    sabotage: Callable[[Segment], bool] | None = None
    """A control's doing: which of the segments that the story carries are lost instead."""

    # --- Moves ---

    @promised
    async def call(self, **who: str) -> Call:
        """Let a role make the call before which it stands: `call(client="shutdown")`.

        Returns:
            The call; `returned` tells whether it came back or is blocked inside.

        Raises:
            MoveRefused: the role stands before another call, or none.
        """
        name, call_name = one(who)
        role = self._role(name)
        if not any(call.name == call_name for call in role.standing):
            raise self._refuse(f"{name} can't {call_name}(): {role.whereabouts()}")
        await self.make(Move(Verb.CALL, name, call_name))
        return next(call for call in reversed(role.calls) if call.name == call_name and call.begun)

    @promised
    async def carry(self, *, copy: bool = False, **who: Which) -> Segment:
        """Give a segment that is on the wire to its receiver: `carry(client=FIN)`.

        Args:
            copy: take one that the kernel sent again; without it only originals are taken.
            who: the host that sent it, and which it is.

        Raises:
            MoveRefused: no such segment is on the wire.
        """
        return await self._decide(Verb.CARRY, who, copy)

    @promised
    async def drop(self, *, copy: bool = False, **who: Which) -> Segment:
        """Lose a segment that is on the wire; otherwise like `carry`."""
        return await self._decide(Verb.DROP, who, copy)

    @promised
    async def duplicate(self, *, copy: bool = False, **who: Which) -> Segment:
        """Give a segment to its receiver and keep it on the wire; otherwise like `carry`."""
        return await self._decide(Verb.DUPLICATE, who, copy)

    @promised
    async def postpone(self, *, copy: bool = False, **who: Which) -> Segment:
        """Let all that is on the wire overtake a segment; otherwise like `carry`."""
        return await self._decide(Verb.POSTPONE, who, copy)

    @promised
    async def delay(self, *, after_s: float, copy: bool = False, **who: Which) -> Segment:
        """Keep a segment on the wire for some real time, then carry it; otherwise like `carry`."""
        return await self._decide(Verb.DELAY, who, copy, more=f"{after_s:g}")

    @promised
    async def inject(
        self,
        *,
        seq: int,
        ack: int | None = None,
        payload: bytes = b"",
        window: int = 65535,
        connection: int = 1,
        **who: Kind,
    ) -> Segment:
        """Give a host's peer a segment that the host never sent: `inject(client=RST, seq=1)`.

        Args:
            seq: its sequence number, relative to the connection's initial one.
            ack: its acknowledgment number, relative; without one it carries no ACK.
            payload: its bytes.
            window: the window field as it stands in the header.
            connection: on which of the host's connections, counted from 1 as they began.
            who: the host it claims to come from, and its kind.
        """
        host, kind = one(who)
        crafted = Crafted(kind, seq, ack, payload, window, connection)
        await self.make(Move(Verb.INJECT, self._host(host).name, str(kind), more=str(crafted)))
        return self._injected

    @promised
    async def wait(self, **who: str) -> None:
        """Let time pass until a host's timer has fired: `wait(client="timewait")`.

        Args:
            who: the host, and the timer as `ss -o` names it.

        Raises:
            MoveRefused: no such timer runs there.
        """
        host, timer = one(who)
        if not any(row.timer and row.timer.name == timer for row in self._rows(host)):
            raise self._refuse(f"no timer {timer!r} runs on {host}")
        await self.make(Move(Verb.WAIT, host, timer))

    @promised
    async def flow(self, until: Callable[[], bool] | None = None, **states: Expected) -> None:
        """Let everything flow, one move at a time, until something is so: the dull parts.

        Segments go before calls: no program hurries on while something is on its way. Segments
        go in the order of the wire, roles in the order of the lab's file. After each move both
        hosts are looked at, as after any other.

        Args:
            until: asked after each move; see `stands_before`.
            states: as in `expect`, what the hosts must show. With both, both must be so; with
                neither, until nothing can move any more.

        Raises:
            MoveRefused: nothing can move any more, and it is still not so.
        """
        goal = {self._host(name).name: wanted(expected) for name, expected in states.items()}

        def reached() -> bool:
            if until is None and not goal:
                return False
            return (until is None or until()) and all(
                met(concerned(self._rows(name), sockets), sockets) for name, sockets in goal.items()
            )

        while not reached():
            ahead = [move for move in self.moves() if move.verb in (Verb.CALL, Verb.CARRY)]
            if not ahead:
                if until is None and not goal:
                    return
                told = ", ".join(f"{name} {tell(sockets)}" for name, sockets in goal.items())
                raise self._refuse(
                    f"nothing can move any more, and not yet {told or 'so'}: "
                    f"{hints.roles(self.roles, goal)}"
                )
            await self.make(ahead[0])

    def stands_before(self, **who: str) -> Callable[[], bool]:
        """A question for `flow`: whether a role stands before a call, `client="shutdown"`."""
        name, call_name = one(who)
        role = self._role(name)
        return lambda: any(call.name == call_name for call in role.standing)

    def moves(self) -> list[Move]:
        """What could happen next, in the order in which `flow` would choose."""
        # Copies last: most only say again what is being answered already.
        carried = [Move.on(Verb.CARRY, segment) for segment in self.wire.held if not segment.copy]
        again = [Move.on(Verb.CARRY, segment) for segment in self.wire.held if segment.copy]
        calls = {
            Move(Verb.CALL, role.name, call.name): None
            for role in self.roles.values()
            for call in role.standing
        }
        otherwise = [
            Move.on(verb, segment)
            for verb in (Verb.DROP, Verb.DUPLICATE, Verb.POSTPONE)
            for segment in self.wire.held
        ]
        timers = [
            Move(Verb.WAIT, name, timer)
            for name, rows in self._seen.rows.items()
            for timer in sorted({row.timer.name for row in rows if row.timer})
        ]
        return [*carried, *calls, *again, *otherwise, *timers]

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
        self._recorder.add(MoveEvent(self._recorder.now(), str(move)))
        await act()

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
            call = next((c for c in role.standing if c.name == move.what), None)
            if call is None:
                raise self._refuse(f"{move.who} can't {move.what}(): {role.whereabouts()}")
            return _at_once(call.go.set)
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
            return _at_once(lambda: self._inject(packet))
        return lambda: self._until_fired(move.who, move.what)

    def _fate(self, move: Move, segment: Segment, by: str) -> Callable[[], Awaitable[None]]:
        if move.verb is Verb.DELAY:
            return lambda: self._carry_later(segment, float(move.more))
        decide = {
            Verb.CARRY: lambda: self.wire.carry(segment, by),
            Verb.DROP: lambda: self.wire.drop(segment, by),
            Verb.DUPLICATE: lambda: self.wire.duplicate(segment),
            Verb.POSTPONE: lambda: self.wire.postpone(segment),
        }[move.verb]
        return _at_once(decide)

    async def _decide(
        self, verb: Verb, who: Mapping[str, Which], copy: bool, more: str = ""
    ) -> Segment:
        host, which = one(who)
        sender = self._host(host).name
        if not isinstance(which, Kind | Segment) and not callable(which):
            raise LabError(
                f"{hints.where()}: {verb.value}: {which!r} points at no segment; give its kind, "
                f"such as {host}=DATA, the segment itself, or a function that picks it"
            )
        segment = next(
            (s for s in self.wire.held if s.sender == sender and _is(s, which, copy)), None
        )
        if segment is None:
            asked = which.value if isinstance(which, Kind) else "such segment"
            again = " copy of a" if copy else ""
            raise self._refuse(
                f"{verb.value}: no{again} {asked} from {host} is on the wire; "
                f"{hints.on_the_wire(self.wire)}"
            )
        await self.make(Move.on(verb, segment, more))
        return segment

    async def _carry_later(self, segment: Segment, after_s: float) -> None:
        since = self._recorder.activity
        await trio.sleep(after_s)  # Time itself is what this move lets pass.
        await self.settle(since)
        self.wire.carry(segment)

    def _inject(self, packet: Packet) -> None:
        self._injected = self.wire.inject(packet)

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

    # --- Rules ---

    def rule(self, rule: Rule, name: str = "") -> AbstractContextManager[None]:
        """Judge what is sent within a `with` block; the newest rule is asked first."""
        return self.wire.rule(rule, name or getattr(rule, "__name__", "a rule").replace("_", " "))

    def cut(self, *hosts: str) -> AbstractContextManager[None]:
        """Lose everything that these hosts send within a `with` block."""
        return self.wire.cut(*(self._host(name).name for name in hosts))

    def _refuse(self, why: str) -> MoveRefused:
        return MoveRefused(f"{hints.where()}: {why}")


def _is(segment: Segment, which: Which, copy: bool) -> bool:
    if isinstance(which, Segment):
        return segment is which
    if segment.copy is not copy:
        return False
    return segment.packet.kind is which if isinstance(which, Kind) else which(segment)


def _at_once(act: Callable[[], object]) -> Callable[[], Awaitable[None]]:
    async def acting() -> None:
        act()

    return acting
