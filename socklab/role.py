"""A role: the program on a host. Its socket calls are recorded, and each stops before it begins.

A role is an ordinary Trio coroutine that gets a `Role` to make its sockets with. Wherever it
calls one, it stands before that call until somebody lets it go. Trio knows when every task is
blocked, so "all roles stand still" is something one can wait for.

What a role holds is told in three words: it *stands* before a call, it is *inside* one (a
recv() with nothing to read), or it has *ended*. Another kind of role, an executable whose
calls are held from outside, can tell the same three.
"""

from __future__ import annotations

import errno
import ipaddress
import itertools
import socket as stdlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trio

from socklab import sockopt
from socklab.errors import LabError
from socklab.host import Host
from socklab.record import Call as CallEvent, Phase
from socklab.recorder import Recorder

Address = tuple[Any, ...]
"""As the socket module writes it: a host and a port. The host may be a lab's host name."""


@dataclass(eq=False)
class Call:
    """One socket call of a role, from standing before it to what it gave back."""

    role: str
    host: str
    socket: str
    number: int
    name: str
    arguments: tuple[str, ...]
    go: trio.Event = field(default_factory=trio.Event, repr=False)
    begun: bool = False
    returned: bool = False
    result: str | int | None = None
    error: str | None = None
    value: object = field(default=None, repr=False)
    """What it gave back, itself; `result` is how the Record tells it."""
    gone: bool = False
    """Whether its program has left it, by cancelling it or for an error that C does not know."""

    @property
    def outcome(self) -> str:
        """How it stands: what it gave back, its error, or that it has not returned."""
        if self.gone:
            return "cancelled"
        if not self.returned:
            return "blocked" if self.begun else "not begun"
        return self.error if self.error is not None else str(self.result)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.arguments)})"


class Role:
    """The program on a host, as it sees its world: it makes sockets and knows where it is.

    Args:
        name: the role's name in the lab; the host's, unless a host has several.
        host: where it runs.
        recorder: who writes its calls down.
        hosts: every host's address, so that a role can say `("server", 80)`.
        port: what a service's port is here, where it can't have the one it asks for.
    """

    def __init__(
        self,
        name: str,
        host: Host,
        recorder: Recorder,
        hosts: Mapping[str, str],
        port: Callable[[int], int] = lambda wanted: wanted,
    ) -> None:
        self.name = name
        self.host = host
        self._recorder = recorder
        self._hosts = hosts
        self._port = port
        self._numbers = itertools.count(1)
        self.calls: list[Call] = []
        self.sockets: list[Socket] = []
        self.ended = False

    def socket(self) -> Socket:
        """A new TCP socket on this role's host, over the lab's IP version."""
        return self._keep(self.host.trio_socket())

    def _keep(self, made: trio.socket.SocketType) -> Socket:
        # Kept to the end of the run: a socket that the role merely forgets must stay open, as
        # it would in C, and not be closed by Python's reference counting.
        kept = Socket(self, made, f"{self.name}/{len(self.sockets) + 1}")
        self.sockets.append(kept)
        return kept

    @property
    def standing(self) -> list[Call]:
        """The calls this role stands before, oldest first."""
        return [call for call in self.calls if not call.begun and not call.gone]

    @property
    def inside(self) -> list[Call]:
        """The calls this role is inside of, oldest first."""
        return [call for call in self.calls if call.begun and not call.returned and not call.gone]

    def whereabouts(self) -> str:
        """What the role is doing, for people."""
        if standing := self.standing:
            return f"{self.name} stands before " + " and ".join(map(str, standing))
        if inside := self.inside:
            return f"{self.name} is inside " + " and ".join(map(str, inside))
        return f"{self.name} has ended" if self.ended else f"{self.name} makes no call"

    async def perform(
        self,
        on: Socket,
        name: str,
        arguments: tuple[str, ...],
        act: Callable[[], Awaitable[Any]],
        show: Callable[[Any], str | int] = lambda result: 0 if result is None else str(result),
    ) -> Any:
        """Stand before a call, then make it, and write both down. Its error is the role's."""
        call = Call(self.name, self.host.name, on.name, next(self._numbers), name, arguments)
        self.calls.append(call)
        try:
            await call.go.wait()
            call.begun = True
            self._write(call, Phase.BEGUN)
            result = await act()
        except OSError as failed:
            call.error = errno.errorcode.get(failed.errno or 0, str(failed))
            raise
        else:
            call.result, call.value = show(result), result
            return result
        finally:
            # A cancelled call never returns, and nobody can let it go any more.
            if call.error is None and call.result is None:
                call.gone = True
            else:
                call.returned = True
                self._write(call, Phase.RETURNED)

    def _write(self, call: Call, phase: Phase) -> None:
        self._recorder.add(
            CallEvent(
                self._recorder.now(),
                call.host,
                call.role,
                call.socket,
                call.number,
                call.name,
                call.arguments,
                phase,
                call.result,
                call.error,
            )
        )

    def resolve(self, address: Address) -> Address:
        """An address with a host name of the lab in it, as the kernel wants it.

        Raises:
            LabError: it names neither a host of the lab nor an IP address.
        """
        host, port, *rest = address
        host = self._hosts.get(host, host)
        if host and not _is_ip(host):
            # Only the machine's own resolver could look it up, and that is not on any host.
            raise LabError(
                f"there is no host {host!r}; an address here is {', '.join(self._hosts)} "
                "or an IP address"
            )
        return (host, self._port(port), *rest)

    def abort(self) -> None:
        """Close what is still open, without a FIN that anybody would have to wait for."""
        for each in self.sockets:
            each.abort()


class Socket:
    """A TCP socket whose every call stops before it begins and is written down.

    The methods are those of Python's socket module, as coroutines; a host name of the lab
    ("server") serves as an address. Source: socket(7), tcp(7)
    """

    def __init__(self, role: Role, made: trio.socket.SocketType, name: str) -> None:
        self._role = role
        self._socket = made
        self.name = name

    async def bind(self, address: Address) -> None:
        """Give the socket a local address; port 0 lets the kernel pick one."""

        async def act() -> None:
            await self._socket.bind(self._role.resolve(address))

        await self._role.perform(self, "bind", (_address(address),), act)

    async def listen(self, backlog: int = 128) -> None:
        """Let connections in, of which at most `backlog` + 1 wait to be accepted.

        Source: listen(2)
        """

        async def act() -> None:
            self._socket.listen(backlog)

        await self._role.perform(self, "listen", (str(backlog),), act)

    async def accept(self) -> tuple[Socket, Address]:
        """The oldest connection that waits, as a new socket, and its peer's address."""

        def show(accepted: tuple[trio.socket.SocketType, Address]) -> str:
            return _address(accepted[1])

        made, peer = await self._role.perform(self, "accept", (), self._socket.accept, show)
        return self._role._keep(made), peer

    async def connect(self, address: Address) -> None:
        """Open a connection and wait until it is established."""

        async def act() -> None:
            await self._socket.connect(self._role.resolve(address))

        await self._role.perform(self, "connect", (_address(address),), act)

    async def send(self, data: bytes) -> int:
        """Hand bytes to the kernel; how many it took."""

        async def act() -> int:
            return await self._socket.send(data)

        count: int = await self._role.perform(self, "send", (show_bytes(data),), act, int)
        return count

    async def recv(self, count: int) -> bytes:
        """At most `count` bytes that have arrived; empty at end of file, the peer's FIN."""

        async def act() -> bytes:
            return await self._socket.recv(count)

        data: bytes = await self._role.perform(self, "recv", (str(count),), act, show_bytes)
        return data

    async def shutdown(self, how: int) -> None:
        """Close one direction, or with SHUT_RDWR both; the descriptor stays.

        Source: shutdown(2)
        """

        async def act() -> None:
            self._socket.shutdown(how)

        names = {
            stdlib.SHUT_RD: "SHUT_RD",
            stdlib.SHUT_WR: "SHUT_WR",
            stdlib.SHUT_RDWR: "SHUT_RDWR",
        }
        named = names.get(how, str(how))
        await self._role.perform(self, "shutdown", (named,), act)

    async def close(self) -> None:
        """Give the descriptor back; with the last one of a connection goes its FIN, or a RST."""

        async def act() -> None:
            self._socket.close()

        await self._role.perform(self, "close", (), act)

    async def setsockopt(self, level: int, option: int, value: int | bytes) -> None:
        """Set an option.

        Source: socket(7), tcp(7)
        """

        async def act() -> None:
            self._socket.setsockopt(level, option, value)

        # int: a bool or an Enum of Python's is a number in C.
        told = str(int(value)) if isinstance(value, int) else sockopt.tell(level, option, value)
        arguments = (*sockopt.name_of(level, option), told)
        await self._role.perform(self, "setsockopt", arguments, act)

    async def getsockopt(self, level: int, option: int) -> int:
        """An option's value.

        Source: socket(7), tcp(7)
        """

        async def act() -> int:
            return self._socket.getsockopt(level, option)

        value: int = await self._role.perform(
            self, "getsockopt", sockopt.name_of(level, option), act, int
        )
        return value

    def fileno(self) -> int:
        """The descriptor; -1 once closed. Not a call: the kernel never hears of it."""
        return self._socket.fileno()

    def getsockname(self) -> Address:
        """The local address. Not recorded."""
        return tuple(self._socket.getsockname())

    def getpeername(self) -> Address:
        """The peer's address. Not recorded."""
        return tuple(self._socket.getpeername())

    def abort(self) -> None:
        """Close with a RST, unrecorded, if it is still open: for the end of a run."""
        if self._socket.fileno() != -1:
            self._socket.setsockopt(stdlib.SOL_SOCKET, stdlib.SO_LINGER, sockopt.linger(0))
            self._socket.close()


def _address(address: Address) -> str:
    host, port, *_ = address
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"


def show_bytes(data: bytes, most: int = 60) -> str:
    """Bytes as Python writes them; long ones are told by their length."""
    return repr(data) if len(data) <= most else f"{len(data)} bytes"


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def descriptors() -> dict[int, int]:
    """This process's open sockets: descriptor to inode, the number `ss -e` shows as `ino:`."""
    found = {}
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # The descriptor with which the folder is read is gone by now.
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                found[int(descriptor.name)] = int(target[8:-1])
    return found
