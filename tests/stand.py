"""Two hosts and a held wire without a bench: what the tests of the Linux layer stand on."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
import trio

from socklab import link as cables
from socklab.host import Host, make_hosts, unmake_hosts
from socklab.link import Link, LinkKind, tun_refused
from socklab.namespaces import NetworkNamespace, new_namespace
from socklab.packet import Packet
from socklab.record import Event, Record
from socklab.recorder import Recorder
from socklab.tools import Running
from socklab.weather import CALM, Pin
from socklab.wire import Segment, Wire

PATIENCE_S = 20.0
"""A watchdog for what takes milliseconds."""

NAMES = ("client", "server")


def must_have(kind: LinkKind) -> None:
    """Skip a test that needs a kind of link which can't be had here."""
    if kind is LinkKind.TUN and (why_not := tun_refused()) is not None:
        pytest.skip(f"no TUN: {why_not}")


def is_root() -> bool:
    """Whether this is the machine's root, and not a plain user in a user namespace of its own."""
    mapped = Path("/proc/self/uid_map").read_text().split()[:2]
    return os.geteuid() == 0 and mapped == ["0", "0"]


def open_descriptors() -> int:
    """How many descriptors this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def children() -> set[int]:
    """The processes that this one started and has not waited for."""
    return {
        int(pid)
        for task in Path("/proc/self/task").iterdir()
        for pid in (task / "children").read_text().split()
    }


@contextmanager
def made(
    kind: LinkKind, *, ipv6: bool = False, weather: Mapping[str, Pin] = CALM
) -> Iterator[tuple[list[Host], Link]]:
    """A client and a server for the length of the block."""
    hosts, link = make_hosts(NAMES, kind, ipv6=ipv6, weather=weather)
    try:
        yield hosts, link
    finally:
        unmake_hosts(hosts, link)


class Heard(Recorder):
    """A recorder that wakes whoever waits for an event."""

    def __init__(self) -> None:
        super().__init__(Record("", "wire", "", {}))
        self.heard = trio.lowlevel.ParkingLot()

    def add(self, event: Event) -> None:
        super().add(event)
        self.heard.unpark_all()


class Stand:
    """Hosts, link and wire; `until` waits for what the wire sees."""

    def __init__(self, hosts: list[Host], link: Link) -> None:
        self.client, self.server = self.hosts = hosts
        self.link = link
        self.recorder = Heard()
        self.wire = Wire(hosts, link, self.recorder)

    @property
    def events(self) -> list[Event]:
        return self.recorder.record.events

    async def until(self, question: Callable[[], object]) -> None:
        """Until it is so, asked again after each event."""
        with trio.fail_after(PATIENCE_S):
            while not question():
                await self.recorder.heard.park()

    async def next_held(self) -> Segment:
        """The oldest segment on the wire, once there is one."""
        await self.until(lambda: self.wire.held)
        return self.wire.held[0]

    async def pump(self, question: Callable[[], object]) -> None:
        """Carry all that comes, in order, until something is so and nothing is on its way."""
        await self.wire.fence()
        while self.wire.held or not question():
            self.wire.carry(await self.next_held())
            await self.wire.fence()

    async def connection(
        self, port: int = 80
    ) -> tuple[trio.socket.SocketType, trio.socket.SocketType]:
        """Both ends of an established connection; nothing is left on the wire."""
        listener = self.server.trio_socket()
        await listener.bind((self.server.address.text, port))
        listener.listen()
        client = self.client.trio_socket()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.connect, (self.server.address.text, port))
            for _ in range(3):
                self.wire.carry(await self.next_held())
        with trio.fail_after(PATIENCE_S):
            server, _ = await listener.accept()
        listener.close()
        return client, server


@asynccontextmanager
async def standing(hosts: list[Host], link: Link) -> AsyncIterator[Stand]:
    """A stand whose wire runs for the length of the block."""
    stand = Stand(hosts, link)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stand.wire.run)
        await stand.wire.ready()
        yield stand
        nursery.cancel_scope.cancel()


MAC = cables.MAC.hex(":")


def _ip(*commands: str) -> None:
    Running(("ip", "-batch", "-"), "\n".join([*commands, ""])).output()


class Witness:
    """Knows when a network namespace has ended, without keeping it alive.

    One end of a veth pair lies in it, the other here, in a namespace of our own; with a
    namespace go its devices, and with one end goes the other, which rtnetlink(7) tells.
    """

    NEAR, FAR = "near", "far"

    def __init__(self, pid: int, address: str | None = None) -> None:
        """Of the namespace in which this process is; its end there may have an address."""
        self.namespace: NetworkNamespace = new_namespace()
        rtmgrp_link = 1
        with self.namespace.entered():
            self._news = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            # One MAC on both ends, as on the cables of hosts: what one sends is for the other.
            ends = f"address {MAC} type veth peer name {self.FAR} address {MAC} netns {pid}"
            _ip(f"link add {self.NEAR} {ends}", f"link set {self.NEAR} arp off up")
            self._news.bind((0, rtmgrp_link))
        watched = NetworkNamespace(os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC))
        with watched.entered():
            _ip(f"link set {self.FAR} arp off up")
            if address is not None:
                _ip(f"address add {address} dev {self.FAR} {'nodad' if ':' in address else ''}")
        watched.close()
        self._news.settimeout(PATIENCE_S)
        self._ended = False

    def wait(self) -> None:
        """Until the namespace has ended; TimeoutError says that it did not."""
        while not self._ended:
            self._read()

    @property
    def ended(self) -> bool:
        """Whether it has ended by now."""
        self._news.setblocking(False)
        try:
            while not self._ended:
                self._read()
        except BlockingIOError:
            return False
        finally:
            self._news.settimeout(PATIENCE_S)
        return True

    def _read(self) -> None:
        rtm_dellink = 17
        message = self._news.recv(65536)
        self._ended = int.from_bytes(message[4:6], sys.byteorder) == rtm_dellink

    def give(self, packet: Packet) -> None:
        """Let a packet arrive in the namespace."""
        ethertype = 0x86DD if packet.version == 6 else 0x0800
        with (
            self.namespace.entered(),
            socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as hand,
        ):
            hand.sendto(packet.build(), (self.NEAR, ethertype, 0, 0, cables.MAC))

    def close(self) -> None:
        self._news.close()
        self.namespace.close()
