"""The fallback: the same roles and stories on 127.0.0.1, where no namespace can be made.

Calls can still be held, segments can't: the kernel carries each as soon as it is sent. What
stands still without a wire (ESTABLISHED, FIN-WAIT-2 against CLOSE-WAIT, TIME-WAIT) is looked at
and judged as ever. What does not is written down as not observable here, and never as passed.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager

import trio

from socklab import look as looking, ss
from socklab.bench import Bench, Which
from socklab.errors import MachineError
from socklab.expect import Expected, concerned, met, tell, tell_rows, transient, wanted
from socklab.forgotten import promised
from socklab.host import LOOK, Address, Host
from socklab.link import Link, LinkKind
from socklab.moves import ON_THE_WIRE, Move, Verb
from socklab.observer import one, something
from socklab.packet import Flags, Kind, Packet
from socklab.recorder import Recorder
from socklab.role import Role
from socklab.standstill import wait_all_tasks_blocked
from socklab.tcp import TRANSIENT
from socklab.tools import Running
from socklab.wire import Rule, Segment, Wire

UNSEEN = Segment("", "", 0, False, 0, None, Packet("127.0.0.1", "127.0.0.1", 0, 0, Flags(0)), b"")
"""Stands for a segment that the kernel carried where nobody could see it."""

IN_FLIGHT = "not observable here: on loopback no segment stands still"

SHORT_S = 5.0
"""The longest timer, in seconds, that is waited out here; what a lab hurries in a namespace of
its own takes a minute on the machine's settings."""

STANDSTILL_S = 2.0
"""How long, in seconds, states may go on changing by themselves before they are taken as they
are. A delayed ACK takes 40 ms; no verdict hangs on this, for what still moves is not judged."""


class Ports(dict[int, int]):
    """A service's port in the lab to a free one of this machine, found when first asked for."""

    def __init__(self, address: str) -> None:
        super().__init__({0: 0})
        self._address = address

    def __missing__(self, wanted: int) -> int:
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        with socket.socket(family) as probe:
            probe.bind((self._address, 0))
            self[wanted] = int(probe.getsockname()[1])
        return self[wanted]

    @property
    def services(self) -> set[int]:
        """The ports in use on this machine."""
        return set(self.values()) - {0}


def loopback_hosts(names: Sequence[str], *, ipv6: bool) -> list[Host]:
    """This machine, under each of these names."""
    address = Address("::1", "::1/128") if ipv6 else Address("127.0.0.1", "127.0.0.0/8")
    return [Host(name, address) for name in names]


class NoLink:
    """No cable: what a wire without hosts has in its hands."""

    kind = LinkKind.TUN

    def descriptors(self) -> Sequence[int]:
        return ()

    def receive(self, descriptor: int) -> tuple[str, bytes] | None:
        return None

    def send(self, host: str, packet: bytes) -> None:
        raise AssertionError("nothing is sent where there is no wire")

    def close(self) -> None:
        pass


class LoopbackBench(Bench):
    """A bench without a wire. `ports` tells which of this machine's sockets are the lab's."""

    unseen_cause = "unseen"

    def __init__(
        self,
        hosts: Sequence[Host],
        roles: Mapping[str, Role],
        recorder: Recorder,
        ports: Ports,
    ) -> None:
        link: Link = NoLink()
        super().__init__(hosts, roles, Wire((), link, recorder), recorder)
        self._ports = ports
        self._beyond: set[str] = set()
        """Hosts that wait for a timer too long to be waited out."""

    async def _decide(
        self, verb: Verb, who: Mapping[str, Which], copy: bool, more: str = ""
    ) -> Segment:
        host, _ = one(who)
        self._host(host)
        if verb is not Verb.CARRY:
            raise _needs_a_wire(f"to {verb.value} a segment")
        return UNSEEN  # The kernel has carried it long ago.

    def _prepare(self, move: Move, by: str) -> Callable[[], Awaitable[None]]:
        if move.verb is Verb.INJECT:
            raise _needs_a_wire("to inject a segment")
        if move.verb in ON_THE_WIRE:
            raise _needs_a_wire("to cut the wire")
        if move.verb is Verb.DESTROY:
            # All of this machine's sockets in that state would go, not only the lab's.
            raise _needs_a_wire("to destroy sockets")
        return super()._prepare(move, by)

    def rule(self, rule: Rule, name: str = "") -> AbstractContextManager[None]:
        raise _needs_a_wire("a rule")

    def cut(self, *hosts: str) -> AbstractContextManager[None]:
        raise _needs_a_wire("to cut the wire")

    @promised
    async def wait(self, **who: str) -> None:
        host, timer = one(who)
        left_s = [
            row.timer.left_s for row in self._rows(host) if row.timer and row.timer.name == timer
        ]
        if left_s and min(left_s) > SHORT_S:
            self._beyond.add(host)
            note = f"not observable here: {min(left_s):.0f} s are left on this timer"
            self._judge({f"{host} timer": timer}, {f"{host} timer": timer}, [], note)
            return
        await super().wait(**who)

    def expect(self, *, wire: Sequence[Kind] | None = None, **hosts: Expected) -> None:
        """As on a wire, but what takes a held wire is written down as not observable."""
        something(wire, hosts)
        expected, observed, wrong, note = {}, {}, [], ""
        if wire or not hosts or any(transient(wanted(value)) for value in hosts.values()):
            note = IN_FLIGHT
        for name, value in hosts.items():
            sockets = wanted(value)
            rows = concerned(self._rows(name), sockets)
            expected[name], observed[name] = tell(sockets), tell_rows(rows, sockets)
            if name in self._beyond:
                note = note or "not observable here: it would take the timer's whole time"
            elif not note and not met(rows, sockets):
                wrong.append(name)
        self._judge(expected, observed, wrong, note, about=wrong)

    def counted(self, **counter: str) -> int:
        raise _needs_a_wire("to count for one host alone")

    def prove(
        self,
        claim: str,
        *,
        expected: object,
        observed: object,
        witnesses: Sequence[Segment] = (),
    ) -> None:
        """As on a wire, but what was read from segments is not observable."""
        if UNSEEN in witnesses:
            self._judge({claim: "to be seen"}, {claim: "unseen"}, [], IN_FLIGHT)
        else:
            super().prove(claim, expected=expected, observed=observed)

    async def _quiet(self, since: int | None = None) -> None:
        since = self._recorder.activity if since is None else since
        with trio.move_on_after(STANDSTILL_S):
            while True:
                await wait_all_tasks_blocked()
                before = self._recorder.activity
                looked = self._take_look()
                await wait_all_tasks_blocked()
                standing = before == self._recorder.activity and self._threads_stand_still()
                if standing and not _moving(looked):
                    break
                # What moves is the kernel's: a delayed ACK under way tells nobody when it is
                # there but `ss`, so it is asked again, at the pace of the kernel's ticks.
                await trio.sleep(0.004)
        self._arrange(since)

    def _take_look(self) -> looking.Look:
        rows: dict[str, list[ss.Row]] = {name: [] for name in self.hosts}
        services = self._ports.services
        if services:
            only = " or ".join(f"sport = :{port} or dport = :{port}" for port in sorted(services))
            for row in ss.parse(Running((*LOOK, f"( {only} )")).output()):
                rows["server" if row.local.port in services else "client"].append(row)
        return looking.Look(rows)

    def _check(self, change: looking.Change) -> None:
        looking.check(change, sampled=True)


def _needs_a_wire(what: str) -> MachineError:
    return MachineError(f"{what} needs a held wire; see `socklab doctor`")


def _moving(look: looking.Look) -> bool:
    """Whether some state or some byte is still on its way from one end to the other."""
    return any(
        row.state in TRANSIENT or (row.send_q > 0 and row.local.port and row.peer.port)
        for rows in look.rows.values()
        for row in rows
    )
