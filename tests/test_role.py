from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from socklab.calls import Offer
from socklab.errors import LabError
from socklab.host import Address, Host
from socklab.record import Call as CallEvent, Phase, Record
from socklab.recorder import Recorder
from socklab.role import Role
from socklab.sockets import Socket, show_bytes
from socklab.sockopt import linger
from socklab.syscalls import descriptors
from tests.stand import Stand, open_descriptors

HERE = Address("127.0.0.1", "127.0.0.0/8")


class Run:
    """Roles on this machine's loopback; `go` lets the next call of one go."""

    def __init__(self) -> None:
        self.recorder = Recorder(Record("", "loopback", "", {}), clock=lambda: 0.0)
        self.hosts = {"client": HERE.text, "server": HERE.text}
        self.roles: list[Role] = []

    def role(self, name: str = "client", port: Callable[[int], int] = lambda port: port) -> Role:
        made = Role(name, Host(name, HERE), self.recorder, self.hosts, port)
        self.roles.append(made)
        return made

    @property
    def told(self) -> list[tuple[str, Phase, str | int | None]]:
        """Each call's event, and how it ended."""
        return [
            (f"{e.call}({', '.join(e.arguments)})", e.phase, e.error or e.result)
            for e in self.recorder.record.of(CallEvent)
        ]

    async def letting_go(self, role: Role, act: Callable[[], Awaitable[Any]]) -> Any:
        """What a call gives back, once it was seen standing and was let go."""
        given: list[Any] = []

        async def run() -> None:
            try:
                given.append(await act())
            except OSError as failed:
                given.append(failed)

        with trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(run)
                await wait_all_tasks_blocked()
                (call,) = role.standing
                assert (call.begun, call.returned, call.outcome) == (False, False, "not begun")
                call.let_go()
        return given[0]

    async def connection(self) -> tuple[Socket, Socket]:
        """A client's and a server's end."""
        client, server = self.role("client"), self.role("server")
        listener = server.socket()
        await self.letting_go(server, lambda: listener.bind(("server", 0)))
        await self.letting_go(server, listener.listen)
        port = listener.getsockname()[1]
        end = client.socket()
        await self.letting_go(client, lambda: end.connect(("server", port)))
        other, peer = await self.letting_go(server, listener.accept)
        assert peer == end.getsockname() == other.getpeername()
        return end, other


@pytest.fixture
async def run() -> AsyncIterator[Run]:
    made = Run()
    before = open_descriptors()
    yield made
    for role in made.roles:
        role.abort()
    assert open_descriptors() <= before


async def test_a_call_stands_until_it_is_let_go(run: Run) -> None:
    role = run.role()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(role.socket().bind, ("client", 0))
        await wait_all_tasks_blocked()
        assert run.told == []
        assert role.whereabouts() == "client stands before bind(client:0)"
        role.standing[0].let_go()
    assert run.told == [
        ("bind(client:0)", Phase.BEGUN, None),
        ("bind(client:0)", Phase.RETURNED, 0),
    ]
    assert role.whereabouts() == "client makes no call"
    role.ended = True
    assert role.whereabouts() == "client has ended"


async def test_every_call_is_recorded_as_c_names_it(run: Run) -> None:
    client, server = await run.connection()
    port = client.getpeername()[1]
    local = f"127.0.0.1:{client.getsockname()[1]}"
    a, b = run.roles
    assert await run.letting_go(a, lambda: client.send(b"hello")) == 5
    assert await run.letting_go(b, lambda: server.recv(100)) == b"hello"
    await run.letting_go(a, lambda: client.shutdown(socket.SHUT_WR))
    assert await run.letting_go(b, lambda: server.recv(100)) == b""
    await run.letting_go(b, lambda: server.shutdown(socket.SHUT_RDWR))
    await run.letting_go(a, client.close)
    assert [(call, result) for call, phase, result in run.told if phase is Phase.RETURNED] == [
        ("bind(server:0)", 0),
        ("listen(128)", 0),
        (f"connect(server:{port})", 0),
        ("accept()", local),
        ("send(b'hello')", 5),
        ("recv(100)", "b'hello'"),
        ("shutdown(SHUT_WR)", 0),
        ("recv(100)", "b''"),
        ("shutdown(SHUT_RDWR)", 0),
        ("close()", 0),
    ]
    numbers = [(e.role, e.socket, e.number) for e in run.recorder.record.of(CallEvent)]
    assert numbers[::2] == numbers[1::2]  # the two phases of a call
    assert numbers[::2][:6] == [
        ("server", "server/1", 1),
        ("server", "server/1", 2),
        ("client", "client/1", 1),
        ("server", "server/1", 3),
        ("client", "client/1", 2),
        ("server", "server/2", 4),
    ]


SOCKET_OPTIONS = [
    (socket.SOL_SOCKET, socket.SO_REUSEADDR, 1, "SOL_SOCKET, SO_REUSEADDR, 1"),
    (socket.SOL_SOCKET, socket.SO_REUSEADDR, True, "SOL_SOCKET, SO_REUSEADDR, 1"),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0, "SOL_SOCKET, SO_KEEPALIVE, 0"),
    (socket.SOL_SOCKET, socket.SO_RCVBUF, 4096, "SOL_SOCKET, SO_RCVBUF, 4096"),
    (
        socket.SOL_SOCKET,
        socket.SO_LINGER,
        linger(0),
        "SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=0}",
    ),
    (
        socket.SOL_SOCKET,
        socket.SO_LINGER,
        struct.pack("ii", 0, 5),
        "SOL_SOCKET, SO_LINGER, {l_onoff=0, l_linger=5}",
    ),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1, "IPPROTO_TCP, TCP_NODELAY, 1"),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 7, "IPPROTO_TCP, TCP_KEEPIDLE, 7"),
    (socket.IPPROTO_TCP, 44, 1000, "IPPROTO_TCP, TCP_RTO_MAX_MS, 1000"),  # Python has none
    (socket.IPPROTO_IP, socket.IP_TOS, 16, "IPPROTO_IP, IP_TOS, 16"),
    (socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno", "IPPROTO_TCP, TCP_CONGESTION, 72656e6f"),
]


@pytest.mark.parametrize(("level", "option", "value", "told"), SOCKET_OPTIONS)
async def test_options_are_told_as_c_names_them(
    run: Run, level: int, option: int, value: int | bytes, told: str
) -> None:
    role = run.role()
    made = role.socket()
    result = await run.letting_go(role, lambda: made.setsockopt(level, option, value))
    assert run.told[0][0] == f"setsockopt({told})"
    if result is not None:  # TCP_RTO_MAX_MS: not on every kernel
        assert run.told[-1][2] == errno.errorcode[result.errno] == "ENOPROTOOPT"


async def test_an_option_can_be_read(run: Run) -> None:
    role = run.role()
    made = role.socket()
    assert (
        await run.letting_go(role, lambda: made.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE)) == 1
    )
    assert run.told == [
        ("getsockopt(SOL_SOCKET, SO_TYPE)", Phase.BEGUN, None),
        ("getsockopt(SOL_SOCKET, SO_TYPE)", Phase.RETURNED, 1),
    ]


async def test_an_unknown_way_to_shut_down_is_told_as_it_is(run: Run) -> None:
    role = run.role()
    made = role.socket()
    failed = await run.letting_go(role, lambda: made.shutdown(7))
    assert isinstance(failed, OSError)
    assert run.told[-1] == ("shutdown(7)", Phase.RETURNED, errno.errorcode[failed.errno or 0])


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda s: s.connect(("server", 1)), "ECONNREFUSED"),
        (lambda s: s.recv(1), "ENOTCONN"),
        (lambda s: s.send(b"x"), "EPIPE"),
        (lambda s: s.shutdown(socket.SHUT_WR), "ENOTCONN"),
        (lambda s: s.bind(("192.0.2.1", 0)), "EADDRNOTAVAIL"),
        (lambda s: s.accept(), "EINVAL"),
    ],
)
async def test_an_error_has_its_name_and_is_the_roles_to_handle(
    run: Run, call: Callable[[Socket], Awaitable[Any]], error: str
) -> None:
    role = run.role()
    made = role.socket()
    failed = await run.letting_go(role, lambda: call(made))
    assert errno.errorcode[failed.errno] == error
    assert run.told[-1][1:] == (Phase.RETURNED, error)
    assert role.calls[-1].outcome == error


async def test_a_closed_socket_is_ebadf(run: Run) -> None:
    role = run.role()
    made = role.socket()
    await run.letting_go(role, made.close)
    assert made.fileno() == -1
    failed = await run.letting_go(role, lambda: made.send(b"x"))
    assert failed.errno == errno.EBADF


async def test_a_call_that_blocks_is_inside(run: Run) -> None:
    client, _ = await run.connection()
    role = run.roles[0]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.recv, 10)
        await wait_all_tasks_blocked()
        role.standing[0].let_go()
        await wait_all_tasks_blocked()
        assert [call.outcome for call in role.inside] == ["blocked"]
        assert role.whereabouts() == "client is inside recv(10)"
        assert run.told[-1] == ("recv(10)", Phase.BEGUN, None)
        nursery.cancel_scope.cancel()
    # A call that was cancelled has not returned: nothing says that it did.
    assert run.told[-1] == ("recv(10)", Phase.BEGUN, None)
    assert not role.calls[-1].returned


async def test_a_role_may_stand_before_two_calls(run: Run) -> None:
    role = run.role()
    one, two = role.socket(), role.socket()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(one.bind, ("client", 0))
        await wait_all_tasks_blocked()
        nursery.start_soon(two.listen, 5)
        await wait_all_tasks_blocked()
        assert role.whereabouts() == "client stands before bind(client:0) and listen(5)"
        nursery.cancel_scope.cancel()
    assert run.told == []


async def test_names_of_hosts_and_services_become_addresses(run: Run) -> None:
    role = run.role(port={80: 8080}.get)  # type: ignore[arg-type]
    assert role.resolve(("server", 80)) == ("127.0.0.1", 8080)
    plain = run.role()
    assert plain.resolve(("server", 80)) == ("127.0.0.1", 80)
    assert plain.resolve(("192.0.2.7", 80)) == ("192.0.2.7", 80)
    assert plain.resolve(("fd00::1", 80, 0, 3)) == ("fd00::1", 80, 0, 3)
    assert plain.resolve(("", 80)) == ("", 80)


async def test_a_name_that_is_no_host_is_never_looked_up(run: Run) -> None:
    role = run.role()
    made = role.socket()
    with pytest.raises(LabError) as refused:
        role.resolve(("serber", 80))
    assert str(refused.value) == (
        "there is no host 'serber'; an address here is client, server or an IP address"
    )
    with pytest.RaisesGroup(LabError):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(made.connect, ("localhost", 80))
            await wait_all_tasks_blocked()
            role.standing[0].let_go()


async def test_a_socket_is_kept_to_the_end_though_nobody_remembers_it(run: Run) -> None:
    role = run.role()
    inode = os.fstat(role.socket().fileno()).st_ino
    assert inode in descriptors().values()
    role.abort()
    assert inode not in descriptors().values()
    role.abort()  # once more is no harm


def test_descriptors_are_those_of_open_sockets() -> None:
    before = descriptors()
    with socket.socket() as one, socket.socket() as two:
        now = descriptors()
        assert {fd: now[fd] for fd in now.keys() - before.keys()} == {
            one.fileno(): os.fstat(one.fileno()).st_ino,
            two.fileno(): os.fstat(two.fileno()).st_ino,
        }


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "b''"),
        (b"a\x00", r"b'a\x00'"),
        (bytes(60), repr(bytes(60))),
        (bytes(61), "61 bytes"),
    ],
)
def test_long_bytes_are_told_by_their_length(data: bytes, told: str) -> None:
    assert show_bytes(data) == told


@pytest.mark.kernel
async def test_abort_sends_a_reset_and_no_fin(stand: Stand) -> None:
    addresses = {host.name: host.address.text for host in stand.hosts}
    client, server = (Role(host.name, host, stand.recorder, addresses) for host in stand.hosts)

    async def serve() -> None:
        listener = server.socket()
        await listener.bind(("server", 80))
        await listener.listen()
        await listener.accept()

    async def ask() -> None:
        await client.socket().connect(("server", 80))

    def let_all_go() -> bool:
        for role in (server, client):
            for call in role.standing:
                call.let_go()
        return False

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        for _ in range(3):
            await wait_all_tasks_blocked()
            let_all_go()
        nursery.start_soon(ask)
        await wait_all_tasks_blocked()
        let_all_go()
        for _ in range(3):
            stand.wire.carry(await stand.next_held())
    assert len(server.sockets) == 2
    client.abort()
    await stand.wire.fence()
    assert [segment.packet.flag_text for segment in stand.wire.held] == ["R."]
    server.abort()
    ipv6 = ":" in stand.client.address.text
    shown = [e for e in stand.recorder.record.of(CallEvent) if e.call == "accept"][-1].result
    assert str(shown).startswith("[fd00::1]:" if ipv6 else "10.0.0.1:")


def offers(role: Role, made: list[str]) -> list[Offer]:
    """Two ways to shut down, and a call that fails."""
    end = role.socket()

    def shut(how: str) -> Offer:
        async def make() -> None:
            made.append(how)
            await end.bind(("client", 0))

        return Offer(end.name, "shutdown", (how,), make)

    return [shut("SHUT_RD"), shut("SHUT_WR"), Offer(end.name, "listen", (), partial(end.listen))]


async def test_a_role_may_stand_before_several_calls_and_makes_one(run: Run) -> None:
    role, made = run.role(), list[str]()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(role.choose, offers(role, made))
        await wait_all_tasks_blocked()
        assert list(role.words) == ["shutdown(SHUT_RD)", "shutdown(SHUT_WR)", "listen"]
        assert role.whereabouts() == (
            "client stands before shutdown(SHUT_RD) and shutdown(SHUT_WR) and listen()"
        )
        role.words["shutdown(SHUT_WR)"].let_go()
    assert made == ["SHUT_WR"]
    assert run.told == [
        ("bind(client:0)", Phase.BEGUN, None),
        ("bind(client:0)", Phase.RETURNED, 0),
    ]
    assert (len(role.calls), role.calls[0].number) == (1, 1)
    assert role.words == {}


async def test_a_choice_that_is_cancelled_leaves_nothing_standing(run: Run) -> None:
    role = run.role()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(role.choose, offers(role, []))
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert role.calls == [] and run.told == []


async def test_what_a_socket_would_tell_next_is_told_once(run: Run) -> None:
    client, server = await run.connection()
    assert client.pending_error() == ""
    server.abort()
    await trio.lowlevel.wait_readable(client.fileno())
    assert client.pending_error() == "ECONNRESET"
    assert client.pending_error() == ""
    client.abort()
    assert client.pending_error() == ""
