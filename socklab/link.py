"""The link: every host's cable, whose other end is in our hands.

What a host's kernel sends can be read from the link, what is written to it arrives at the
host. Two ways to have one, with the same API:

- TUN (the kernel's Documentation/networking/tuntap.rst): a device whose cable is a
  descriptor. Writing runs the whole receive path and returns when it is done.
- veth(4) with a packet(7) socket: where /dev/net/tun can't be opened, a plain user still
  can make a pair of Ethernet interfaces. The far end lies in a namespace without an
  address, so that no kernel but the host's own answers, and a packet socket on it is our
  hand. What Ethernet would add is taken away: no ARP, one MAC on both ends, no offloads.
"""

from __future__ import annotations

import array
import fcntl
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Protocol

from socklab.errors import LabError, MachineError, ToolError
from socklab.namespaces import NetworkNamespace

DEVICE = "wire0"
"""The interface's name on every host."""

MTU_BYTES = 1500
LARGEST_PACKET_BYTES = 65_535

# linux/if_tun.h
TUNSETIFF = 0x400454CA
TUNSETPERSIST = 0x400454CB
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
TUN_DEVICE = "/dev/net/tun"

# linux/if_packet.h, linux/if_ether.h, linux/sockios.h, linux/ethtool.h
SOL_PACKET = 263
PACKET_STATISTICS = 6
PACKET_QDISC_BYPASS = 20
PACKET_IGNORE_OUTGOING = 23
ETH_P_ALL = 0x0003
ETH_P_IP = 0x0800
ETH_P_IPV6 = 0x86DD
SIOCETHTOOL = 0x8946
OFFLOADS = {"tx checksum": 0x17, "TSO": 0x1F, "GSO": 0x24}
"""The ethtool commands (ETHTOOL_STXCSUM, _STSO, _SGSO) that leave packets whole and checked
on a veth, where the kernel would otherwise hand out what no network card ever finished."""

ETHERNET_HEADER_BYTES = 14

BURST_BYTES = 8_388_608
"""What the packet socket asks for to hold what one move sends at once; it gets what it may."""

MAC = bytes.fromhex("020000000001")
"""One locally administered address for every end: nobody resolves, everybody accepts."""


class LinkKind(Enum):
    """How the bench gets its hands on the cable."""

    TUN = "tun"
    VETH = "veth"


class Link(Protocol):
    """The cables of all hosts of one bench. Nothing here ever blocks.

    Hosts are named as in `host.make_hosts`. Resource handling: `close()` takes the devices away.
    """

    kind: LinkKind

    def descriptors(self) -> Sequence[int]:
        """The descriptors that become readable when a host has sent something."""

    def receive(self, descriptor: int) -> tuple[str, bytes] | None:
        """A host's name and one IP packet that it sent, or None when there is no more."""

    def send(self, host: str, packet: bytes) -> None:
        """Let one IP packet arrive at a host.

        Raises:
            ToolError: its device is down or gone.
        """

    def close(self) -> None: ...


class TunLink:
    """A TUN device on each host."""

    kind = LinkKind.TUN

    def __init__(self) -> None:
        self._cables: dict[str, int] = {}
        self._names: dict[int, str] = {}

    def plug(self, host: str, namespace: NetworkNamespace) -> None:
        """Make the device on a host; `ip` then finds it there."""
        with namespace.entered():
            fd = os.open(TUN_DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            self._cables[host], self._names[fd] = fd, host
            fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), IFF_TUN | IFF_NO_PI))

    def descriptors(self) -> Sequence[int]:
        return tuple(self._names)

    def receive(self, descriptor: int) -> tuple[str, bytes] | None:
        try:
            return self._names[descriptor], os.read(descriptor, LARGEST_PACKET_BYTES)
        except BlockingIOError:
            return None
        except OSError as refused:
            raise _unplugged(self._names[descriptor], refused) from refused

    def send(self, host: str, packet: bytes) -> None:
        try:
            os.write(self._cables[host], packet)
        except OSError as refused:
            raise _unplugged(host, refused) from refused

    def close(self) -> None:
        for fd in self._names:
            # Taking a TUN device down waits for the kernel's grace periods, 24 to 35 ms on
            # Linux 6.18. A persistent one stays when its descriptor goes and dies with its
            # namespace, in the background.
            with suppress(OSError):  # EINVAL: the device was never made.
                fcntl.ioctl(fd, TUNSETPERSIST, 1)
            os.close(fd)


class VethLink:
    """A veth pair for each host, whose far ends lie in the wire's own namespace.

    One packet socket there serves all of them: closing one waits for a grace period of the
    kernel, some 15 ms, and a bench pays that once.
    """

    kind = LinkKind.VETH

    def __init__(self, wire: NetworkNamespace, far_ends: Mapping[str, str]) -> None:
        """Take hold of far ends that exist.

        Args:
            wire: the namespace in which they lie.
            far_ends: a host's name to its far end's device name.
        """
        self._devices = dict(far_ends)
        self._names = {device: host for host, device in far_ends.items()}
        with wire.entered():
            # Never bound, so it hears every device here: they are all ours, and binding would
            # cost another grace period.
            self._socket = socket.socket(
                socket.AF_PACKET,
                socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC,
                socket.htons(ETH_P_ALL),
            )
            try:
                self._socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
                # A new device gets its queue from a work queue, later; until then it has one
                # that loses everything. So the frames go to the device without a queue.
                self._socket.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
                # As much as a plain user may have: twice net.core.rmem_max, some 500 packets.
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BURST_BYTES)
            except OSError:
                self._socket.close()
                raise

    def descriptors(self) -> Sequence[int]:
        return (self._socket.fileno(),)

    def receive(self, descriptor: int) -> tuple[str, bytes] | None:
        while True:
            try:
                frame, (device, protocol, *_) = self._socket.recvfrom(LARGEST_PACKET_BYTES)
            except BlockingIOError:
                self._see_that_none_was_lost()
                return None
            # No name: the device went with its host's while the frame waited here.
            if protocol in (ETH_P_IP, ETH_P_IPV6) and device in self._names:
                return self._names[device], frame[ETHERNET_HEADER_BYTES:]

    def _see_that_none_was_lost(self) -> None:
        counts = self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        _, lost = struct.unpack("II", counts)  # struct tpacket_stats; reading it resets it
        if lost:
            raise ToolError(
                f"the wire lost {lost} packets: more were sent at once than its buffer holds; "
                "cure: sudo sysctl -w net.core.rmem_max=8388608, or --link tun"
            )

    def send(self, host: str, packet: bytes) -> None:
        protocol = ETH_P_IPV6 if packet[0] >> 4 == 6 else ETH_P_IP
        frame = MAC + MAC + struct.pack("!H", protocol) + packet
        try:
            self._socket.sendto(frame, (self._devices[host], protocol))
        except OSError as refused:
            raise _unplugged(host, refused) from refused

    def close(self) -> None:
        self._socket.close()


def _unplugged(host: str, refused: OSError) -> ToolError:
    return ToolError(f"{DEVICE} of {host} is down or gone ({refused.strerror})")


def switch_off_offloads(device: str = DEVICE) -> None:
    """Make the device hand out whole packets with finished checksums. Source: ethtool(8)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as any_socket:
        for command in OFFLOADS.values():
            value = array.array("I", [command, 0])
            address, _ = value.buffer_info()
            request = struct.pack("16sP", device.encode(), address)
            fcntl.ioctl(any_socket, SIOCETHTOOL, request)


def tun_refused() -> str | None:
    """Why no TUN device can be had, in a few words; None if it can."""
    try:
        os.close(os.open(TUN_DEVICE, os.O_RDWR | os.O_CLOEXEC))
    except OSError as refused:
        return f"{TUN_DEVICE}: {refused.strerror}"
    return None


def choose(asked: str) -> LinkKind:
    """The kind of link to use: the one asked for, or with "auto" the best one to be had.

    Raises:
        LabError: there is no such kind.
        MachineError: TUN was asked for and can't be had.
    """
    known = ("auto", *(kind.value for kind in LinkKind))
    if asked not in known:
        raise LabError(f"there is no link {asked!r}: it is one of {', '.join(known)}")
    if asked == LinkKind.VETH.value:
        return LinkKind.VETH
    refused = tun_refused()
    if refused is None:
        return LinkKind.TUN
    if asked == LinkKind.TUN.value:
        cure = "sudo chmod 0666" if Path(TUN_DEVICE).exists() else "sudo modprobe tun for"
        raise MachineError(
            f"{refused}; cure: {cure} {TUN_DEVICE} (Docker: --device {TUN_DEVICE}), "
            "or use --link veth"
        )
    return LinkKind.VETH
