"""Run one lab: make the bench, tell the story, unmake everything, give back the Record."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import trio

from socklab import hints
from socklab.bench import Bench
from socklab.errors import LabError, MachineError, SocklabError, ToolError
from socklab.expect import ExpectationNotMet
from socklab.host import Host, make_hosts, unmake_hosts
from socklab.lab import HOSTS, Control, Lab, Program, Story, host_of
from socklab.link import choose
from socklab.loopback import LoopbackBench, Ports, loopback_hosts
from socklab.moves import Move, Verb
from socklab.namespaces import be_allowed, new_namespace
from socklab.observer import RoleFailed
from socklab.places import shown
from socklab.record import Record, Trouble, verdict
from socklab.recorder import Recorder
from socklab.role import Role
from socklab.weather import CALM, Pin
from socklab.wire import Wire


@asynccontextmanager
async def open_bench(
    programs: Mapping[str, Program],
    *,
    link: str = "auto",
    ipv6: bool = False,
    weather: Mapping[str, Pin] = CALM,
    hosts: Sequence[str] = HOSTS,
    record: Record | None = None,
) -> AsyncIterator[Bench]:
    """A bench with hosts, a held wire and these roles, each standing before its first call.

    Args:
        programs: each role's coroutine function; a role `client` or `client_2` runs on client.
        link: "tun", "veth" or "auto".
        ipv6: whether the hosts have IPv6 addresses.
        weather: the settings to pin; see `weather.but`.
        hosts: a host each, in the order of their addresses.
        record: where to write; a new Record otherwise.

    Raises:
        MachineError: this machine can't run it, with the cure.

    Resource handling: everything made is unmade at the end of the block, sockets first.
    """
    be_allowed()
    kind = choose(link)
    record = record or new_record()
    made, cables = make_hosts(hosts, kind, ipv6=ipv6, weather=weather)
    try:
        record.bench, record.link = "wire", kind.value
        record.hosts = {host.name: host.address.text for host in made}
        record.weather = dict(made[0].weather)
        recorder = Recorder(record)
        roles = _roles(programs, made, recorder)
        bench = Bench(made, roles, Wire(made, cables, recorder), recorder)
        async with _playing(bench, programs):
            yield bench
    finally:
        unmake_hosts(made, cables)


@asynccontextmanager
async def open_loopback(
    programs: Mapping[str, Program], *, ipv6: bool = False, record: Record | None = None
) -> AsyncIterator[Bench]:
    """A bench without a wire, on this machine's loopback; see loopback.py for what it can show."""
    record = record or new_record()
    hosts = loopback_hosts(HOSTS, ipv6=ipv6)
    record.bench = record.link = "loopback"
    record.hosts = {host.name: host.address.text for host in hosts}
    recorder = Recorder(record)
    ports = Ports(hosts[0].address.text)
    roles = _roles(programs, hosts, recorder, ports.__getitem__)
    bench = LoopbackBench(hosts, roles, recorder, ports)
    async with _playing(bench, programs):
        yield bench


def _roles(
    programs: Iterable[str],
    hosts: Sequence[Host],
    recorder: Recorder,
    port: Callable[[int], int] = lambda wanted: wanted,
) -> dict[str, Role]:
    by_name = {host.name: host for host in hosts}
    for name in programs:
        if host_of(name) not in by_name:
            raise LabError(
                f"the role {name!r} has no host to run on: a role is named after one of "
                f"{', '.join(by_name)}, such as {hosts[0].name}_2"
            )
    addresses = {host.name: host.address.text for host in hosts}
    return {
        name: Role(name, by_name[host_of(name)], recorder, addresses, port) for name in programs
    }


@asynccontextmanager
async def _playing(bench: Bench, programs: Mapping[str, Program]) -> AsyncIterator[None]:
    """The roles and the wire as tasks, for the length of the block."""

    async def play(name: str) -> None:
        role = bench.roles[name]
        try:
            await programs[name](role)
        except Exception as error:  # Whatever it is, it is the lab's, and the story tells it.
            bench.role_failed(name, error)
        finally:
            role.ended = True

    failure: BaseException | None = None
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.wire.run)
            for name in programs:
                nursery.start_soon(play, name)
            # Kept out of the nursery, which would wrap it in a group.
            try:
                await bench.begin()
                yield
                failure = bench.forgotten()
            except Exception as error:
                failure = error
                # What was to come of a forgotten `await` is often what the story stumbles on.
                if (mistake := bench.forgotten()) is not None:
                    mistake.__cause__, failure = error, mistake
            bench.end()
            nursery.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        # The wire's, or Ctrl-C. What is alone in its group needs none.
        failure = _alone(group)
    finally:
        for role in bench.roles.values():
            role.abort()
    if failure is not None:
        raise failure


def _alone(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one exception in a group, or the group if there are several."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


async def run_lab(
    lab: Lab,
    *,
    bench: str = "auto",
    link: str = "auto",
    ipv6: bool = False,
    slow: bool = False,
    control: Control | None = None,
    record: Record | None = None,
) -> Record:
    """Run a lab, or with `control` its control, to its end.

    Args:
        lab: what to run.
        bench: "wire"; "loopback", for a lab that has something to show there; or "auto", which
            is the wire wherever this machine allows it.
        link: "tun", "veth" or "auto".
        ipv6: whether the hosts have IPv6 addresses.
        slow: whether its story may wait for what it otherwise only shows to be under way.
        control: what to change, so that the lab must fail.
        record: where to write: one from `new_record(lab)`, for a caller who wants to keep what
            there is when the run is interrupted.

    Returns:
        The Record; `passed` has the verdict, and a failed one ends with what went wrong.

    Raises:
        MachineError: this machine can't run it, with the cure.
    """

    async def story(opened: Bench) -> None:
        opened.slow = slow
        if control is not None:
            opened.sabotage, opened.without = control.loses, control.without
        await lab.story(opened)

    programs = dict(lab.roles) | (dict(control.roles) if control else {})
    weather = lab.weather if control is None or control.weather is None else control.weather
    record = record or new_record(lab)
    if _has_wire(lab, bench):
        opening = open_bench(
            programs, link=link, ipv6=ipv6, weather=weather, hosts=lab.hosts, record=record
        )
    else:
        opening = open_loopback(programs, ipv6=ipv6, record=record)
    return await _tell(story, opening, record)


async def replay(
    lab: Lab, moves: Sequence[str], *, link: str = "auto", ipv6: bool = False
) -> Record:
    """Play a run's moves again, without its story: the same calls, segments and states.

    What the story expected is not asked again, so the Record has no verdict to pass. But
    `essence(expectations=False)` of both runs is the same.

    Args:
        lab: the lab the moves are from.
        moves: a move each, as in `Record.moves()`.
        link: "tun", "veth" or "auto".
        ipv6: whether the hosts have IPv6 addresses.

    Raises:
        LabError: a line is no move.
    """
    parsed = [Move.parse(text) for text in moves]

    async def story(opened: Bench) -> None:
        for move in parsed:
            if not is_made(opened, move):
                await opened.make(move)

    record = new_record(lab)
    record.title = f"Again: {lab.title}"
    record.replay = True
    opening = open_bench(
        lab.roles, link=link, ipv6=ipv6, weather=lab.weather, hosts=lab.hosts, record=record
    )
    return await _tell(story, opening, record)


def is_made(bench: Bench, move: Move) -> bool:
    """Whether a cut wire has made this move of itself: what is sent into it is lost at once."""
    if move.verb is not Verb.DROP or move.who not in bench.wire.severed:
        return False
    return all(Move.on(move.verb, segment) != move for segment in bench.wire.held)


async def _tell(
    story: Story, opening: AbstractAsyncContextManager[Bench], record: Record
) -> Record:
    """Tell a story on a bench, and write down how it ended."""
    began = time.perf_counter()
    failed: Exception | None = None
    try:
        async with opening as bench:
            await story(bench)
    except (LabError, MachineError, ToolError):
        raise  # Not the experiment's: their exit codes say whose turn it is.
    except Exception as error:
        failed = error
    record.duration_s = round(time.perf_counter() - began, 6)
    if failed is not None and not isinstance(failed, RoleFailed):
        record.events.append(_trouble(record.duration_s, failed))
    record.passed = failed is None and verdict(record.events)
    return record


def _trouble(at_s: float, error: Exception) -> Trouble:
    if isinstance(error, ExpectationNotMet):
        return Trouble(at_s, "story", error.summary, error.advice)
    if isinstance(error, SocklabError):
        return Trouble(at_s, "story", str(error))
    return Trouble(at_s, "story", f"the story itself failed: {hints.place_of(error)}")


def _has_wire(lab: Lab, bench: str) -> bool:
    """Whether a run stands on a wire; if not, on loopback.

    Raises:
        MachineError: neither can be: with what would allow it.
    """
    if bench == "loopback":
        if not lab.loopback:
            raise MachineError(
                f"{lab.name} needs a held wire; if something of it stands still on loopback, "
                "its header says `Bench: wire or loopback`"
            )
        return False
    try:
        be_allowed()
        new_namespace().close()  # Being allowed is one thing, a limit on how many another.
    except MachineError as refused:
        if bench == "auto" and lab.loopback:
            return False
        raise MachineError(f"{lab.name} needs a held wire, but {refused}") from refused
    return True


def new_record(lab: Lab | None = None) -> Record:
    """An empty Record of a run on this machine."""
    machine = {"kernel": os.uname().release}
    if lab is None:
        return Record("", "wire", "", {}, machine=machine)
    return Record(
        lab.name,
        "wire",
        "",
        {},
        title=lab.title,
        question=lab.header["Question"],
        see=lab.header["See"],
        header=dict(lab.header),
        file=shown(str(lab.path)),
        source=_text_of(lab),
        machine=machine,
    )


def _text_of(lab: Lab) -> str:
    if lab.path.suffix != ".py":  # free play has no file
        return ""
    try:
        return lab.path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):  # It has gone, or changed, since it was loaded.
        return ""
