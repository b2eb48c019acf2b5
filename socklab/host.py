"""A host: one network namespace with one address, its weather, its sockets and its programs."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import Self

import trio

from socklab import program
from socklab.caretaker import Caretaker
from socklab.errors import MachineError
from socklab.link import (
    DEVICE,
    MAC,
    MTU_BYTES,
    Link,
    LinkKind,
    TunLink,
    VethLink,
    switch_off_offloads,
)
from socklab.namespaces import NetworkNamespace, new_namespace
from socklab.tools import Running
from socklab.weather import CALM, MIDDLE, Pin, pin, rto_min_by_route

LOOK = ("ss", "-H", "-n", "-O", "-a", "-t", "-o", "-e", "-i")
"""How socklab looks at a host. Without -a `ss` hides LISTEN, SYN-RECV and TIME-WAIT; -O keeps
a socket on one line; -o shows timers, -e inodes (an orphan has none), -i the kernel's numbers."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a host lives: an address, and the network that all hosts of a lab share."""

    text: str
    network: str

    @property
    def family(self) -> socket.AddressFamily:
        """AF_INET or AF_INET6."""
        return socket.AF_INET6 if ":" in self.text else socket.AF_INET


def addresses(names: Sequence[str], *, ipv6: bool = False) -> dict[str, Address]:
    """An address for each host: 10.0.0.1, 10.0.0.2 and so on, or fd00::1, fd00::2 and so on."""
    base, network = ("fd00::", "fd00::/64") if ipv6 else ("10.0.0.", "10.0.0.0/24")
    return {name: Address(f"{base}{n}", network) for n, name in enumerate(names, start=1)}


@dataclass(eq=False)
class Host:
    """One host. Without a namespace it is this machine: the loopback fallback.

    `weather` maps each pinned setting to the value in force.
    """

    name: str
    address: Address
    namespace: NetworkNamespace | None = None
    caretaker: Caretaker | None = None
    weather: Mapping[str, str] = field(default_factory=dict)
    used: bool = False
    """Whether a socket was ever made here, or a program run that may have made one."""

    def entered(self) -> AbstractContextManager[None]:
        """Stand on this host for the length of the block, which must not await."""
        return nullcontext() if self.namespace is None else self.namespace.entered()

    def socket(
        self, family: socket.AddressFamily | None = None, kind: int = socket.SOCK_STREAM
    ) -> socket.socket:
        """A plain, blocking socket of this host; by default TCP over the host's IP version."""
        self.used = True
        with self.entered():
            return socket.socket(family or self.address.family, kind)

    def trio_socket(self) -> trio.socket.SocketType:
        """A TCP socket of this host, for Trio."""
        made = self.socket()
        made.setblocking(False)
        return trio.socket.from_stdlib_socket(made)

    def look(self) -> Looking:
        """`ss` on this host, started; its `output()` is the text."""
        return Looking(self)

    def ss(self) -> Running:
        """The same by a process of our own."""
        with self.entered():
            return Running(LOOK)

    async def run(
        self, command: Sequence[str], *, stdin: bytes = b"", check: bool = True
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program on this host until it ends. It dies with this process, however that dies.

        Args:
            command: the program and its arguments; no shell is involved.
            stdin: what it reads from its standard input.
            check: whether an exit code other than 0 is an error.

        Returns:
            Its exit code and, as bytes, what it printed.

        Raises:
            MachineError: there is no such program.
            ToolError: with `check`, the program failed, with what it said.
        """
        self.used = True
        with self.entered():
            process = program.start(command)
        return await program.finish(process, stdin=stdin, check=check)


class Looking:
    """A look at one host under way: its caretaker runs `ss`, or we do where it has none."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._number = host.caretaker.ask() if host.caretaker is not None else 0
        self._running = host.ss() if host.caretaker is None else None

    def output(self) -> str:
        """What `ss` printed.

        Raises:
            ToolError: it failed or hung, with what it said.
        """
        if self._running is None:
            assert self._host.caretaker is not None
            text = self._host.caretaker.hear(self._number)
            if text is not None:
                return text
            self._running = self._host.ss()  # It says itself what is wrong.
        return self._running.output()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._running is not None:
            self._running.close()


def make_hosts(
    names: Sequence[str],
    kind: LinkKind,
    *,
    ipv6: bool = False,
    weather: Mapping[str, Pin] = CALM,
) -> tuple[list[Host], Link]:
    """New hosts on one network, and the link whose other end is in our hands.

    Args:
        names: one for each host, in the order of their addresses.
        kind: how to hold the cables; see `link.choose`.
        ipv6: whether they live at fd00::1, fd00::2 … rather than 10.0.0.1, 10.0.0.2 …
        weather: the settings to pin.

    Raises:
        LabError: a setting can't have the value that the weather asks for.
        MachineError: this process may not make them; call `namespaces.be_allowed` first.

    Resource handling: `unmake_hosts` takes them away.
    """
    hosts: list[Host] = []
    with ExitStack() as undo, ExitStack() as when_made:
        # A namespace between the machine's and the hosts'. From it they inherit the size of
        # their connection table, which is not ours to change on the machine, and in it lie
        # the far ends of veth pairs: it has no address, so no kernel of ours answers there.
        middle = new_namespace()
        when_made.callback(middle.close)
        with middle.entered():
            pin(MIDDLE)
        for name, address in addresses(names, ipv6=ipv6).items():
            namespace = middle.child()
            undo.callback(namespace.close)
            with namespace.entered():
                in_force = pin(weather)
                caretaker = Caretaker(LOOK)
            undo.callback(caretaker.wait)
            undo.callback(caretaker.dismiss, idle=True)
            hosts.append(Host(name, address, namespace, caretaker, in_force))
        link = _plug_tun(hosts) if kind is LinkKind.TUN else _plug_veth(hosts, middle)
        undo.callback(link.close)
        settings = []
        for host in hosts:
            with host.entered():
                running = Running(("ip", "-batch", "-"), _near_end(host, kind, weather))
                settings.append(when_made.enter_context(running))
        for setting in settings:
            setting.output()
        undo.pop_all()
    return hosts, link


def _plug_tun(hosts: Iterable[Host]) -> Link:
    link = TunLink()
    try:
        for host in hosts:
            assert host.namespace is not None
            link.plug(host.name, host.namespace)
    except BaseException as refused:
        link.close()
        if isinstance(refused, OSError):
            raise MachineError(f"no TUN device can be made: {refused.strerror}") from refused
        raise
    return link


def _plug_veth(hosts: Iterable[Host], middle: NetworkNamespace) -> Link:
    far_ends = {host.name: f"far{number}" for number, host in enumerate(hosts, start=1)}
    script = []
    for host in hosts:
        assert host.caretaker is not None
        far = far_ends[host.name]
        # The near end is made where it belongs, named by a process that is there already.
        script += [
            f"link add {far} type veth peer name {DEVICE} netns {host.caretaker.pid}",
            f"link set {far} address {MAC.hex(':')} mtu {MTU_BYTES} arp off up",
        ]
    try:
        with middle.entered():
            Running(("ip", "-batch", "-"), "\n".join([*script, ""])).output()
        for host in hosts:
            with host.entered():
                switch_off_offloads()
        return VethLink(middle, far_ends)
    except OSError as refused:
        raise MachineError(f"no veth pair can be held: {refused.strerror}") from refused


def _near_end(host: Host, kind: LinkKind, weather: Mapping[str, Pin]) -> str:
    """For ip(8): what makes the device into a host's only way out."""
    address = host.address
    one_ip = f"{address.text}/{'128 nodad' if ':' in address.text else '32'}"
    ethernet = f"address {MAC.hex(':')} arp off" if kind is LinkKind.VETH else ""
    # quickack: the ACK of a FIN is otherwise a delayed one, 1 to 44 ms late.
    quick = "quickack 1" + rto_min_by_route(weather, host.weather)
    # An IPv6 address gets its local route from a work queue, later; what arrives before is lost.
    local = f"route replace local {address.text} dev {DEVICE} table local"
    return "\n".join(
        (
            "link set lo up",
            f"link set {DEVICE} {ethernet} mtu {MTU_BYTES} up",
            f"address add {one_ip} dev {DEVICE} noprefixroute",
            local if ":" in address.text else "",
            f"route replace {address.network} dev {DEVICE} src {address.text} {quick}",
            "",
        )
    )


def unmake_hosts(hosts: Sequence[Host], link: Link) -> None:
    """Take hosts and their link away, with every socket that is left on them."""
    with ExitStack() as undo:
        for host in hosts:
            assert host.namespace is not None
            assert host.caretaker is not None
            undo.callback(host.namespace.close)
            undo.callback(host.caretaker.wait)
        undo.callback(link.close)
        # All are told before the first is waited for, so that they work side by side.
        for host in hosts:
            assert host.caretaker is not None
            host.caretaker.dismiss(idle=not host.used)
