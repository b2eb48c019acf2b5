"""A role's sockets: those of Python's socket module, but each call stops before it begins."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket as stdlib
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import trio

from socklab import sockopt
from socklab.calls import Caller
from socklab.errors import LabError
from socklab.host import Host
from socklab.recorder import Recorder
from socklab.syscalls import accept_without_room, disconnect
from socklab.threads import Threads

Address = tuple[Any, ...]
"""As the socket module writes it: a host and a port. The host may be a lab's host name."""


class Owner(Caller):
    """A program that makes sockets on its host, and keeps them."""

    def __init__(
        self,
        name: str,
        host: Host,
        recorder: Recorder,
        hosts: Mapping[str, str],
        port: Callable[[int], int],
    ) -> None:
        super().__init__(name, host.name, recorder)
        self.host = host
        self._hosts = hosts
        self._port = port
        self.sockets: list[Socket] = []
        self.threads = Threads()
        self.crowded = False

    def socket(self) -> Socket:
        """A new TCP socket on this role's host, over the lab's IP version."""
        return self.keep(self.host.trio_socket())

    def keep(self, made: trio.socket.SocketType) -> Socket:
        """A socket of this role's from one that the kernel has made."""
        # Kept to the end of the run: a socket that the role merely forgets must stay open, as
        # it would in C, and not be closed by Python's reference counting.
        kept = Socket(self, made, f"{self.name}/{len(self.sockets) + 1}")
        self.sockets.append(kept)
        return kept

    @contextmanager
    def out_of_descriptors(self) -> Iterator[None]:
        """Within the block accept() finds the table of descriptors full, as after a leak."""
        self.crowded = True
        try:
            yield
        finally:
            self.crowded = False

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


class Socket:
    """A TCP socket whose every call stops before it begins and is written down.

    The methods are those of Python's socket module, as coroutines; a host name of the lab
    ("server") serves as an address. Source: socket(7), tcp(7)
    """

    def __init__(self, owner: Owner, made: trio.socket.SocketType, name: str) -> None:
        self._owner = owner
        self._socket = made
        self.name = name

    async def bind(self, address: Address) -> None:
        """Give the socket a local address; port 0 lets the kernel pick one."""

        async def act() -> None:
            await self._socket.bind(self._owner.resolve(address))

        await self._owner.perform(self.name, "bind", (_address(address),), act)

    async def listen(self, backlog: int = 128) -> None:
        """Let connections in, of which at most `backlog` + 1 wait to be accepted.

        Source: listen(2)
        """

        async def act() -> None:
            self._socket.listen(backlog)

        await self._owner.perform(self.name, "listen", (str(backlog),), act)

    async def accept(self) -> tuple[Socket, Address]:
        """The oldest connection that waits, as a new socket, and its peer's address."""

        def show(accepted: tuple[trio.socket.SocketType, Address]) -> str:
            return _address(accepted[1])

        async def act() -> tuple[trio.socket.SocketType, Address]:
            if self._owner.crowded:
                await trio.lowlevel.wait_readable(self._socket)
                accept_without_room(self._socket.fileno())
            return await self._socket.accept()

        made, peer = await self._owner.perform(self.name, "accept", (), act, show)
        return self._owner.keep(made), peer

    async def connect(self, address: Address, *, wait: bool = True) -> None:
        """Open a connection and wait until it is established.

        Args:
            address: its other end.
            wait: whether to wait. Without, it is connect() of a non-blocking socket, which sends
                the SYN and fails with EINPROGRESS, in Python a BlockingIOError.
        """

        async def act() -> None:
            resolved = self._owner.resolve(address)
            if wait:
                await self._socket.connect(resolved)
            else:
                # Trio's would wait. The same socket under another descriptor does not.
                with stdlib.socket(fileno=os.dup(self._socket.fileno())) as same:
                    same.connect(resolved)

        await self._owner.perform(self.name, "connect", (_address(address),), act)

    async def disconnect(self) -> None:
        """Give the connection up and keep the socket, which may connect again.

        In C it is connect() to an address of the family AF_UNSPEC. Source: connect(2)
        """

        async def act() -> None:
            disconnect(self._socket.fileno())

        await self._owner.perform(self.name, "disconnect", (), act)

    async def send(self, data: bytes, flags: int = 0) -> int:
        """Hand bytes to the kernel; how many it took.

        Args:
            data: the bytes.
            flags: such as MSG_MORE. Source: send(2)
        """

        async def act() -> int:
            return await self._socket.send(data, flags)

        arguments = (show_bytes(data), *sockopt.flags(flags))
        count: int = await self._owner.perform(self.name, "send", arguments, act, int)
        return count

    async def recv(self, count: int, flags: int = 0) -> bytes:
        """At most `count` bytes that have arrived; empty at end of file, the peer's FIN.

        Args:
            count: how many at most.
            flags: such as MSG_PEEK. Source: recv(2)
        """

        async def act() -> bytes:
            return await self._socket.recv(count, flags)

        arguments = (str(count), *sockopt.flags(flags))
        data: bytes = await self._owner.perform(self.name, "recv", arguments, act, show_bytes)
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
        await self._owner.perform(self.name, "shutdown", (named,), act)

    async def close(self) -> None:
        """Give the descriptor back; with the last one of a connection goes its FIN, or a RST.

        With SO_LINGER above 0 seconds the kernel makes close() wait for the ACK of its FIN, of a
        non-blocking socket too. So that nobody else has to, it waits in a thread of its own.
        """

        async def act() -> None:
            if self._lingers():
                descriptor = self._socket.detach()
                await self._owner.threads.run(os.close, descriptor)
            else:
                self._socket.close()

        await self._owner.perform(self.name, "close", (), act)

    async def setsockopt(self, level: int, option: int, value: int | bytes) -> None:
        """Set an option.

        Source: socket(7), tcp(7)
        """

        async def act() -> None:
            self._socket.setsockopt(level, option, value)

        # int: a bool or an Enum of Python's is a number in C.
        told = str(int(value)) if isinstance(value, int) else sockopt.tell(level, option, value)
        arguments = (*sockopt.name_of(level, option), told)
        await self._owner.perform(self.name, "setsockopt", arguments, act)

    async def getsockopt(self, level: int, option: int) -> int:
        """An option's value.

        Source: socket(7), tcp(7)
        """

        async def act() -> int:
            return self._socket.getsockopt(level, option)

        value: int = await self._owner.perform(
            self.name, "getsockopt", sockopt.name_of(level, option), act, int
        )
        return value

    def _lingers(self) -> bool:
        size = struct.calcsize("ii")
        asked = self._socket.getsockopt(stdlib.SOL_SOCKET, stdlib.SO_LINGER, size)
        on, seconds = struct.unpack("ii", asked)
        return bool(on and seconds)

    def pending_error(self) -> str:
        """What the next call would fail with, as an errno name; empty if nothing. Not recorded.

        Asking takes it away: for the end of a run. Source: SO_ERROR in socket(7)
        """
        if self._socket.fileno() == -1:
            return ""
        number = self._socket.getsockopt(stdlib.SOL_SOCKET, stdlib.SO_ERROR)
        return errno.errorcode.get(number, str(number)) if number else ""

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
