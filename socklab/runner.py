"""Run one lab: make the bench, tell the story, unmake everything, give back the Record."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import trio

from socklab import hints
from socklab.bench import Bench
from socklab.errors import MachineError, SocklabError
from socklab.host import make_hosts, unmake_hosts
from socklab.lab import HOSTS, Control, Lab, Program, host_of
from socklab.link import choose
from socklab.namespaces import be_allowed
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
    record: Record | None = None,
) -> AsyncIterator[Bench]:
    """A bench with two hosts, a held wire and these roles, each standing before its first call.

    Args:
        programs: each role's coroutine function; a role `client` or `client_2` runs on client.
        link: "tun", "veth" or "auto".
        ipv6: whether the hosts have IPv6 addresses.
        weather: the settings to pin; see `weather.but`.
        record: where to write; a new Record otherwise.

    Raises:
        MachineError: this machine can't run it, with the cure.

    Resource handling: everything made is unmade at the end of the block, sockets first.
    """
    be_allowed()
    kind = choose(link)
    hosts, cables = make_hosts(HOSTS, kind, ipv6=ipv6, weather=weather)
    try:
        record = record or Record("", "wire", kind.value, {})
        record.link = kind.value
        record.hosts = {host.name: host.address.text for host in hosts}
        record.weather = dict(hosts[0].weather)
        recorder = Recorder(record)
        by_name = {host.name: host for host in hosts}
        roles = {
            name: Role(name, by_name[host_of(name)], recorder, record.hosts) for name in programs
        }
        bench = Bench(hosts, roles, Wire(hosts, cables, recorder), recorder)
        async with _playing(bench, programs):
            yield bench
    finally:
        unmake_hosts(hosts, cables)


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

    failure: Exception | None = None
    try:
        async with trio.open_nursery() as nursery:
            if bench.wire is not None:
                nursery.start_soon(bench.wire.run)
            for name in programs:
                nursery.start_soon(play, name)
            # Kept out of the nursery, which would wrap it in a group.
            try:
                await bench.settle()
                yield
            except Exception as error:
                failure = error
            bench.end()
            nursery.cancel_scope.cancel()
    finally:
        for role in bench.roles.values():
            role.abort()
    if failure is not None:
        raise failure


async def run_lab(
    lab: Lab, *, link: str = "auto", ipv6: bool = False, control: Control | None = None
) -> Record:
    """Run a lab, or with `control` its control, to its end.

    Returns:
        The Record; `passed` has the verdict, and a failed one ends with what went wrong.
    """
    record = Record(
        lab.name,
        "wire",
        "",
        {},
        title=lab.title,
        question=lab.header["Question"],
        see=lab.header["See"],
        machine=machine(),
    )
    began = trio.current_time()
    programs = dict(lab.roles) | (dict(control.roles) if control else {})
    failed: SocklabError | None = None
    try:
        async with open_bench(
            programs, link=link, ipv6=ipv6, weather=lab.weather, record=record
        ) as bench:
            if control is not None and control.rule is not None:
                with bench.rule(control.rule, control.why):
                    await lab.story(bench)
            else:
                await lab.story(bench)
    except MachineError:
        raise
    except SocklabError as error:
        failed = error
    except Exception as error:
        failed = StoryFailed(f"the story failed: {hints.place_of(error)}")
        failed.__cause__ = error
    record.duration_s = round(trio.current_time() - began, 6)
    if failed is not None:
        summary = getattr(failed, "summary", str(failed))
        advice = getattr(failed, "advice", ())
        record.events.append(Trouble(record.duration_s, "story", summary, advice))
    record.passed = failed is None and verdict(record.events)
    return record


class StoryFailed(SocklabError):
    """The story's own code raised."""


def machine() -> dict[str, str]:
    """What this run stands on, for the Record."""
    return {"kernel": os.uname().release, "system": os.uname().sysname}
