"""The observer: settles a bench, looks at it with `ss`, and judges what the story expects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from socklab import hints, look as seeing, syscalls
from socklab.errors import ExperimentError, LabError
from socklab.expect import Expected, concerned, met, not_met, tell, tell_rows, wanted
from socklab.forgotten import Promises
from socklab.host import LOOK, Host
from socklab.packet import Kind
from socklab.places import where
from socklab.record import (
    Call as CallEvent,
    Event,
    Expect,
    Look as LookEvent,
    Other,
    Phase,
    Segment as SegmentEvent,
    State as StateEvent,
    Trouble,
)
from socklab.recorder import Recorder
from socklab.role import Role
from socklab.sockets import show_bytes
from socklab.ss import Row
from socklab.standstill import wait_all_tasks_blocked
from socklab.tcp import State
from socklab.wire import Segment, Wire

GIVES_AN_OBJECT = ("accept", "fork")
"""Calls that give back something that no story could name beforehand: that they did is enough."""


class RoleFailed(ExperimentError):
    """A role raised an error that its program did not handle."""


class Observer(Promises):
    """What sees a run: its hosts by name, its roles, its wire, and the last look at them."""

    unseen_cause = "timer"
    """What changed a host that no move has touched: with the wire held, nothing else can."""

    looking = True
    """Whether a settle ends with a look; whoever makes known moves again can do without."""

    def __init__(
        self,
        hosts: Sequence[Host],
        roles: Mapping[str, Role],
        wire: Wire,
        recorder: Recorder,
    ) -> None:
        self.hosts = {host.name: host for host in hosts}
        self.roles = roles
        self.wire = wire
        self.record = recorder.record
        self._recorder = recorder
        self._seen = seeing.Look()
        self._looked_at = 0
        self._sockets: dict[tuple[str, str, str], int] = {}
        self._failure: tuple[str, Exception] | None = None

    # --- Standing still ---

    async def begin(self) -> None:
        """Until every role stands before its first call.

        There is nothing to look at yet: a new host has no socket.
        """
        await self.wire.ready()
        await self._quiet()

    async def _quiet(self, since: int | None = None) -> None:
        """Until nothing moves; what was written meanwhile, or since an event, is put in order."""
        since = self._recorder.activity if since is None else since
        while True:
            await wait_all_tasks_blocked()
            before = self._recorder.activity
            # Asked first: what a thread puts on the wire after the fence would be missed.
            still = self._threads_stand_still()
            await self.wire.fence()
            await wait_all_tasks_blocked()
            if self._recorder.activity == before and still:
                break
        self._arrange(since)

    def _threads_stand_still(self) -> bool:
        return all(role.threads.stand_still() for role in self.roles.values())

    def _arrange(self, since: int) -> None:
        """Put what a settle wrote in order, and tell what a role raised."""
        self._recorder.arrange(since, self._order)
        if self._failure is not None:
            who, error = self._failure
            # A mistake in the lab is one wherever it was made.
            kind = LabError if isinstance(error, LabError) else RoleFailed
            raise kind(f"{who} failed: {hints.place_of(error)}") from error

    def _order(self, event: Event) -> tuple[int, ...]:
        """Calls that begin, then what they put on the wire, then calls that return."""
        match event:
            case CallEvent(phase=phase):
                rank = 0 if phase is Phase.BEGUN else 2
                return rank, list(self.roles).index(event.role), event.number
            case SegmentEvent() | Other():
                return 1, list(self.hosts).index(event.from_)
            case _:
                return (3,)

    @property
    def seen(self) -> seeing.Look:
        """The last look."""
        return self._seen

    def look_again(self) -> None:
        """Look from now on, and take what is there as known: nobody has seen how it came."""
        self.looking = True
        self._seen = self._take_look()
        self._looked_at = self._recorder.activity

    def _look(self) -> None:
        if not self.looking:
            return
        seen = self._take_look()
        now = self._recorder.now()
        touched = seeing.causes(self.record.events[self._looked_at :])
        self._recorder.add(LookEvent(now, seen.texts()))
        changes = sorted(seen.since(self._seen), key=self._place_of)
        for change in changes:
            cause = touched.get(change.host, self.unseen_cause)
            self._recorder.add(
                StateEvent(
                    now,
                    change.host,
                    change.local,
                    change.peer,
                    str(change.was),
                    str(change.now),
                    cause,
                )
            )
        self._seen = seen
        self._looked_at = self._recorder.activity
        for change in changes:
            self._check(change)

    def _place_of(self, change: seeing.Change) -> tuple[int, int]:
        """Changes come host by host, and there in the order in which the sockets came.

        By their ports they would not come in the same order every time: the kernel picks those.
        """
        socket = change.host, change.local, change.peer
        number = self._sockets.setdefault(socket, len(self._sockets))
        return list(self.hosts).index(change.host), number

    def _take_look(self) -> seeing.Look:
        return seeing.take(self.hosts.values())

    def _check(self, change: seeing.Change) -> None:
        seeing.check(change)

    def role_failed(self, role: str, error: Exception) -> None:
        """A role's program raised: the next settle tells it, and ends the run."""
        self._failure = self._failure or (role, error)
        self._recorder.add(Trouble(self._recorder.now(), role, hints.place_of(error)))

    def end(self) -> None:
        """The story has ended: what happens from here on is no part of the Record."""
        self._recorder.open = False

    # --- Expectations ---

    def expect(self, *, wire: Sequence[Kind] | None = None, **hosts: Expected) -> None:
        """What `ss` must have shown at the last look: `expect(client=FIN_WAIT_2, server=CLOSED)`.

        Args:
            wire: the kinds of the segments that the wire must hold, in any order.
            hosts: a state, `row(...)` for more than the state, a list of either for several
                sockets in any order, or CLOSED for none. Listeners count only where LISTEN is
                named.

        Raises:
            ExpectationNotMet: it did not; the message tells the story.
            LabError: nothing is expected.
        """
        something(wire, hosts)
        expected, observed, wrong = {}, {}, []
        for name, value in hosts.items():
            sockets = wanted(value)
            rows = concerned(self._rows(name), sockets)
            expected[name], observed[name] = tell(sockets), tell_rows(rows, sockets)
            if not met(rows, sockets):
                wrong.append(name)
        if wire is not None:
            held = sorted(str(segment.packet.kind) for segment in self.wire.held)
            kinds = sorted(map(str, wire))
            expected["wire"], observed["wire"] = _listed(kinds), _listed(held)
            if held != kinds:
                wrong.append("wire")
        self._judge(expected, observed, wrong, about=wrong)

    def expect_call(
        self,
        *,
        returns: object = None,
        fails: str | None = None,
        blocked: bool = False,
        **who: str,
    ) -> None:
        """What a role's latest call of a name came to: `expect_call(client="send", fails="EPIPE")`.

        Args:
            returns: what it gave back; nothing where success is all that can be told of it.
            fails: the errno name of its error instead.
            blocked: that it has not returned.
            who: the role, and the call's name.
        """
        if (returns is not None) + (fails is not None) + blocked > 1:
            raise LabError("a call can't both return, fail and block: expect one of them")
        name, call_name = one(who)
        made = (call for call in self._role(name).calls if call.begun)
        calls = [call for call in made if call.name == call_name]
        if blocked:
            expected = "blocked"
        elif fails is not None:
            expected = fails
        elif returns is None and call_name in GIVES_AN_OBJECT:
            expected = "returned"
        else:
            expected = show_bytes(returns) if isinstance(returns, bytes) else str(returns or 0)
        observed = calls[-1].outcome if calls else "never came to it"
        if expected == "returned" and calls and calls[-1].succeeded:
            observed = expected
        what = f"{name} {call_name}()"
        if isinstance(returns, bytes) and calls and isinstance(calls[-1].value, bytes):
            observed += _parting(returns, calls[-1].value) if observed == expected else ""
        wrong = [what] if expected != observed else []
        self._judge({what: expected}, {what: observed}, wrong, about=[self._role(name).host.name])

    def prove(
        self,
        claim: str,
        *,
        expected: object,
        observed: object,
        witnesses: Sequence[Segment] = (),
    ) -> None:
        """Any other claim, in words, with the two values that must be equal.

        Args:
            claim: what it proves, such as "a FIN takes one sequence number".
            expected: the value it should have.
            observed: the value it has.
            witnesses: the segments from which it was read, which not every bench can see.
        """
        equal = expected == observed
        wrong = [] if equal else [claim]
        self._judge({claim: str(expected)}, {claim: str(observed)}, wrong, about=list(self.hosts))

    def counted(self, **counter: str) -> int:
        """One of a host's counters, as nstat(8) names it: `counted(server="TcpExtListenDrops")`.

        Raises:
            LabError: this kernel counts nothing of that name.
        """
        name, wanted = one(counter)
        with self._host(name).entered():
            counters = syscalls.counters()
        if wanted not in counters:
            raise LabError(f"this kernel has no counter {wanted!r}; `nstat -asz` shows them")
        return counters[wanted]

    def descriptors(self, **host: State) -> int:
        """How many of this process's descriptors hold a host's sockets of a state.

        Counted in /proc/self/fd, by the inodes that the last look showed.
        """
        name, state = one(host)
        inodes = {row.inode for row in self._rows(name) if row.state is state}
        return sum(inode in inodes for inode in syscalls.descriptors().values())

    def _judge(
        self,
        expected: Mapping[str, str],
        observed: Mapping[str, str],
        wrong: Sequence[str],
        unobservable: str = "",
        *,
        about: Sequence[str] = (),
    ) -> None:
        """Write an expectation down, and raise if it was not met: with hints about these hosts."""
        if (mistake := self.forgotten()) is not None:
            raise mistake
        here = where()
        passed = False if wrong else None if unobservable else True
        self._recorder.add(
            Expect(self._recorder.now(), expected, observed, passed, here, unobservable)
        )
        if passed is not False:
            return
        raise not_met(
            where=here,
            expected=expected,
            observed=observed,
            wrong=wrong,
            story=self.record.story(),
            rows=self._seen.texts(),
            command=" ".join(LOOK),
            hints=hints.give(self.wire, self.roles.values(), about, self._seen),
        )

    # --- Names ---

    def _role(self, name: str) -> Role:
        if name not in self.roles:
            raise LabError(f"there is no role {name!r}; the lab has {', '.join(self.roles)}")
        return self.roles[name]

    def _host(self, name: str) -> Host:
        if name not in self.hosts:
            raise LabError(f"there is no host {name!r}; the lab has {', '.join(self.hosts)}")
        return self.hosts[name]

    def _rows(self, name: str) -> Sequence[Row]:
        return self._seen.rows.get(self._host(name).name, ())


def one(who: Mapping[str, Any]) -> tuple[str, Any]:
    """The one keyword of a move or expectation: whom it concerns, and what."""
    if len(who) != 1:
        raise LabError(f"say whom it concerns, one role or host such as client=…, not {len(who)}")
    return next(iter(who.items()))


def something(wire: Sequence[Kind] | None, hosts: Mapping[str, Expected]) -> None:
    """See that an expectation asks for something: one that can't fail would prove nothing."""
    if wire is None and not hosts:
        raise LabError("expect() expects nothing: say what, such as client=ESTABLISHED")


def _parting(expected: bytes, observed: bytes) -> str:
    """Where bytes that are told alike, by their length, are not the same."""
    pairs = zip(expected, observed, strict=True)
    first = next((n for n, (wanted, got) in enumerate(pairs) if wanted != got), None)
    return "" if first is None else f", other ones from byte {first} on"


def _listed(kinds: Sequence[str]) -> str:
    return " + ".join(kinds) or "empty"
