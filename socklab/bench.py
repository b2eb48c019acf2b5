"""The bench: what a story holds in its hands.

A story makes moves. After each the bench settles: it waits, without a clock, until every
role stands before a call, is blocked inside one or has ended, and the wire is quiet. Then it
looks at both hosts with `ss` and writes down what changed. So an expectation never asks what
the state will be, only what the last look showed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from socklab import hints
from socklab.calls import Call
from socklab.craft import Crafted
from socklab.errors import LabError
from socklab.expect import Expected, concerned, met, tell, wanted
from socklab.forgotten import promised
from socklab.icmp import Unreachable
from socklab.mover import Mover
from socklab.moves import Move, Verb
from socklab.observer import one
from socklab.packet import Kind
from socklab.places import where
from socklab.tcp import State
from socklab.wire import Rule, Segment

Which = Kind | Segment | Callable[[Segment], bool]
"""How a story points at a segment: by its kind (the oldest such), itself, or a question."""


class Bench(Mover):
    """Hosts, wire, moves, looks and expectations of one run; made by `runner.open_bench`.

    Moves name whom they concern by keyword: a role for calls, and the sending host for
    segments: `call(client="shutdown")`, `carry(server=ACK)`.
    """

    slow: bool = False
    """Whether the story may wait for what it otherwise only shows to be under way."""

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
        call = next((call for call in role.standing if call.answers_to(call_name)), None)
        if call is None:
            raise self._refuse(f"{name} can't {call_name}(): {role.whereabouts()}")
        await self.make(Move(Verb.CALL, name, call_name))
        return call

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
    async def unreachable(
        self, *, why: Unreachable = Unreachable.HOST, copy: bool = False, **who: Which
    ) -> Segment:
        """Lose a segment and tell its sender so by ICMP; otherwise like `carry`.

        Args:
            why: what the message says: NETWORK, HOST, PORT or PROHIBITED.
            copy: as in `carry`.
            who: as in `carry`.

        Source: RFC 792, RFC 4443 section 3.1
        """
        return await self._decide(Verb.UNREACHABLE, who, copy, more=why.name.lower())

    @promised
    async def inject(
        self,
        *,
        seq: int,
        ack: int | None = None,
        payload: bytes = b"",
        window: int = 65535,
        connection: int = 1,
        port: int | None = None,
        **who: Kind,
    ) -> Segment:
        """Give a host's peer a segment that the host never sent: `inject(client=RST, seq=1)`.

        Args:
            seq: its sequence number, relative to the connection's initial one.
            ack: its acknowledgment number, relative; without one it carries no ACK.
            payload: its bytes.
            window: the window field as it stands in the header.
            connection: on which of the host's connections, counted from 1 as they began.
            port: from which port it claims to come, if not from that connection's.
            who: the host it claims to come from, and its kind.
        """
        host, kind = one(who)
        crafted = Crafted(kind, seq, ack, payload, window, connection, port)
        await self.make(Move(Verb.INJECT, self._host(host).name, str(kind), more=str(crafted)))
        return self._injected

    @promised
    async def destroy(self, **who: State) -> None:
        """Have ss(8) destroy a host's sockets that are in a state: `destroy(client=ESTABLISHED)`.

        Raises:
            MoveRefused: there is none.
            MachineError: `ss -K` is refused here.
        """
        host, state = one(who)
        await self.make(Move(Verb.DESTROY, host, str(state)))

    @promised
    async def wait(self, **who: str) -> None:
        """Let time pass until a host's timer has fired: `wait(client="timewait")`.

        Args:
            who: the host, and the timer as `ss -o` names it.

        Raises:
            MoveRefused: no such timer runs there.
        """
        host, timer = one(who)
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
        calls = [
            Move(Verb.CALL, role.name, word) for role in self.roles.values() for word in role.words
        ]
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

    async def _decide(
        self, verb: Verb, who: Mapping[str, Which], copy: bool, more: str = ""
    ) -> Segment:
        host, which = one(who)
        sender = self._host(host).name
        if not isinstance(which, Kind | Segment) and not callable(which):
            raise LabError(
                f"{where()}: {verb.value}: {which!r} points at no segment; give its kind, "
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

    # --- Rules ---

    def rule(self, rule: Rule, name: str = "") -> AbstractContextManager[None]:
        """Judge what is sent within a `with` block; the newest rule is asked first."""
        return self.wire.rule(rule, name or getattr(rule, "__name__", "a rule").replace("_", " "))

    def cut(self, *hosts: str) -> AbstractContextManager[None]:
        """Lose everything that these hosts send within a `with` block.

        Where it begins and where it ends is a move each, for nothing else tells of a cut in which
        nobody sends.
        """
        return self._cut([self._host(host).name for host in hosts])

    @contextmanager
    def _cut(self, names: Sequence[str]) -> Iterator[None]:
        whole = [name for name in names if name not in self.wire.severed]
        self._on_the_wire(Verb.CUT, whole)
        try:
            yield
        except BaseException:
            # How the story failed is told; that its blocks end is not.
            self.wire.join(*whole)
            raise
        self._on_the_wire(Verb.JOIN, whole)

    def _on_the_wire(self, verb: Verb, hosts: Sequence[str]) -> None:
        """A move that moves nothing: so there is nothing to await before the look."""
        if not hosts:
            return
        move = Move(verb, hosts[0], "", more=" ".join(hosts[1:]))
        if self._write(move):
            (self.wire.sever if verb is Verb.CUT else self.wire.join)(*hosts)
            self._look()


def _is(segment: Segment, which: Which, copy: bool) -> bool:
    if isinstance(which, Segment):
        return segment is which
    if segment.copy is not copy:
        return False
    return segment.packet.kind is which if isinstance(which, Kind) else which(segment)
