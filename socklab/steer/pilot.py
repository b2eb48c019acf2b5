"""A pilot: makes the moves that somebody chooses on a bench, and tells where that leads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from socklab.bench import Bench
from socklab.calls import Call
from socklab.lab import Lab
from socklab.moves import Move, Verb
from socklab.position import Choice, Done, Held, Position, Program, tell
from socklab.record import Record
from socklab.role import Role
from socklab.runner import new_record, open_bench
from socklab.wire import Segment

NEEDS_A_LOOK = frozenset({Verb.WAIT, Verb.DESTROY})
"""Moves that ask the last look what they are about."""


class Pilot:
    """Steers one run. `bench` is what it steers, for those who want to know more of it."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    async def make(self, move: Move) -> None:
        """Make a move.

        Raises:
            MoveRefused: it can't be made here, and nothing has happened.
            ExperimentError: what came of it ends the run.
        """
        await self.bench.make(move)

    async def repeat(self, moves: Sequence[Move]) -> None:
        """Make known moves, quickly: without a look after each, but one at the end.

        Of what happened meanwhile the Record has calls and segments, but no states.

        Raises:
            MoveRefused: one can't be made.
        """
        bench = self.bench
        try:
            for move in moves:
                bench.looking = False
                if move.verb in NEEDS_A_LOOK:
                    bench.look_again()
                await bench.make(move)
        finally:
            bench.look_again()

    async def notice(self) -> None:
        """See what timers have done since the last move, while somebody was thinking."""
        await self.bench.settle()

    def position(self, trouble: str = "") -> Position:
        """Where the run stands."""
        bench = self.bench
        rows = bench.seen.rows
        return Position(
            tuple(bench.record.moves()),
            () if trouble else tuple(map(self._choice, bench.moves())),
            {name: tuple(row.text for row in rows.get(name, ())) for name in bench.hosts},
            tuple(map(held, bench.wire.held)),
            {name: program(role) for name, role in bench.roles.items()},
            bench.record,
            trouble,
        )

    def _choice(self, move: Move) -> Choice:
        segment = next((s for s in self.bench.wire.held if Move.on(move.verb, s) == move), None)
        left_s = None
        if move.verb is Verb.WAIT:
            timers = [row.timer for row in self.bench.seen.rows.get(move.who, ()) if row.timer]
            left_s = min(timer.left_s for timer in timers if timer.name == move.what)
        told = tell(move, None if segment is None else held(segment), left_s)
        return Choice(move, told, left_s)


@asynccontextmanager
async def steer(
    lab: Lab, *, link: str = "auto", ipv6: bool = False, record: Record | None = None
) -> AsyncIterator[Pilot]:
    """A lab's bench with a pilot in the place of its story.

    Args:
        lab: whose programs, hosts and weather there are.
        link: "tun", "veth" or "auto".
        ipv6: whether the hosts have IPv6 addresses.
        record: where to write; a new Record otherwise.

    Raises:
        MachineError: this machine can't run it, with the cure.
    """
    record = record or new_record(lab)
    async with open_bench(
        lab.roles, link=link, ipv6=ipv6, weather=lab.weather, hosts=lab.hosts, record=record
    ) as bench:
        yield Pilot(bench)


def held(segment: Segment) -> Held:
    """A segment on the wire, as a value."""
    packet = segment.packet
    return Held(
        segment.sender,
        segment.receiver,
        segment.number,
        segment.copy,
        packet.flag_text,
        str(packet.kind),
        segment.seq,
        segment.ack,
        len(packet.payload),
    )


def program(role: Role) -> Program:
    """Where a role is, as a value."""
    return Program(
        role.host.name,
        tuple(map(str, role.standing)),
        tuple(map(str, role.inside)),
        tuple(map(_done, (call for call in role.calls if call.begun))),
        role.ended,
    )


def _done(call: Call) -> Done:
    return Done(call.socket, str(call), call.outcome, call.error is not None)
