from __future__ import annotations

import errno
import os
import select
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from socklab import link as cables
from socklab.errors import LabError, MachineError, ToolError
from socklab.host import Host, make_hosts, unmake_hosts
from socklab.link import DEVICE, Link, LinkKind, TunLink, choose
from socklab.packet import DATA, SYN, Flags, Packet, echo_request, is_echo_reply, parse
from socklab.tools import Running
from tests.stand import NAMES, PATIENCE_S, made

Pair = tuple[list[Host], Link]


def sent(link: Link) -> Iterator[tuple[str, Packet]]:
    """What the hosts have sent, for as long as one asks: it waits for the next."""
    while select.select(link.descriptors(), [], [], PATIENCE_S)[0]:
        for descriptor in link.descriptors():
            while (arrived := link.receive(descriptor)) is not None:
                yield arrived[0], Packet.parse(arrived[1])


def connect(pair: Pair, packets: Iterator[tuple[str, Packet]]) -> tuple[int, int]:
    """Descriptors of both ends of a new connection."""
    (client, server), link = pair
    with server.socket() as listener, client.socket() as connecting:
        listener.bind((server.address.text, 80))
        listener.listen()
        connecting.setblocking(False)
        connecting.connect_ex((server.address.text, 80))
        for _ in range(3):
            sender, packet = next(packets)
            link.send("server" if sender == "client" else "client", packet.build())
        accepted, _ = listener.accept()
        return connecting.detach(), accepted.detach()


@pytest.mark.kernel
def test_hosts_are_silent_until_they_are_spoken_to(pair: Pair) -> None:
    hosts, link = pair
    # An echo comes back behind all that a host may have sent before, such as MLD or ND.
    for host in hosts:
        us = "fd00::fe" if ":" in host.address.text else "10.0.0.254"
        link.send(host.name, echo_request(us, host.address.text, 1, 1))
        select.select(link.descriptors(), [], [], PATIENCE_S)
        heard = []
        for descriptor in link.descriptors():
            while (arrived := link.receive(descriptor)) is not None:
                heard.append(arrived)
        assert [(name, is_echo_reply(packet)) for name, packet in heard] == [(host.name, (1, 1))]


@pytest.mark.kernel
def test_a_hosts_first_packet_comes_out_whole(pair: Pair) -> None:
    (client, server), link = pair
    with client.socket() as connecting:
        connecting.setblocking(False)
        connecting.connect_ex((server.address.text, 80))
        sender, packet = next(sent(link))
    assert (sender, packet.kind, packet.checksum_ok) == ("client", SYN, True)
    assert (packet.source, packet.destination) == (client.address.text, server.address.text)
    assert packet.destination_port == 80


@pytest.mark.kernel
def test_a_big_send_comes_out_in_order_in_whole_checked_segments(pair: Pair) -> None:
    _, link = pair
    packets = sent(link)
    client, server = connect(pair, packets)
    much = bytes(range(256)) * 40  # ten of the segments that a new connection may send at once
    assert os.write(client, much) == len(much)
    got, segments = b"", 0
    while len(got) < len(much):
        sender, packet = next(packets)
        assert (sender, packet.kind, packet.checksum_ok) == ("client", DATA, True)
        assert len(packet.build()) <= cables.MTU_BYTES
        assert packet.build() == packet.build()
        got, segments = got + packet.payload, segments + 1
        link.send("server", packet.build())
    assert got == much
    assert segments > 5
    os.set_blocking(server, True)
    read = b""
    while len(read) < len(much):
        read += os.read(server, 100_000)
    assert read == much
    os.close(client)
    os.close(server)


@pytest.mark.kernel
def test_what_is_not_ours_to_see_does_not_come_back(pair: Pair) -> None:
    _, link = pair
    packets = sent(link)
    a, b = connect(pair, packets)
    os.write(a, b"x")
    _, data = next(packets)
    link.send("server", data.build())
    # Not the packet that we just gave, but its answer.
    sender, packet = next(packets)
    assert (sender, packet.flags) == ("server", Flags.ACK)
    os.close(a)
    os.close(b)


@pytest.mark.kernel
def test_receive_never_blocks(pair: Pair) -> None:
    _, link = pair
    assert [link.receive(descriptor) for descriptor in link.descriptors()] == [None] * len(
        link.descriptors()
    )


@pytest.mark.kernel
def test_a_device_that_is_gone_is_told(kind: LinkKind) -> None:
    hosts, link = make_hosts(NAMES, kind)
    try:
        with hosts[0].entered():
            gone = Running(("ip", "link", "del", DEVICE))
        gone.output()
        ping = echo_request("10.0.0.254", "10.0.0.1", 1, 1)
        with pytest.raises(ToolError, match="wire0 of client is down or gone"):
            link.send("client", ping)
        # The other host has its device still.
        link.send("server", echo_request("10.0.0.254", "10.0.0.2", 1, 1))
        select.select(link.descriptors(), [], [], PATIENCE_S)
        heard = []
        for descriptor in link.descriptors():
            with suppress(ToolError):  # reading, too, may tell that it is gone
                heard.append(link.receive(descriptor))
        assert [each[0] for each in heard if each] == ["server"]
    finally:
        unmake_hosts(hosts, link)


@pytest.mark.kernel
def test_a_tun_device_that_is_down_is_told() -> None:
    if why := cables.tun_refused():
        pytest.skip(f"no TUN: {why}")
    hosts, link = make_hosts(NAMES, LinkKind.TUN)
    with hosts[0].entered():
        down = Running(("ip", "link", "set", DEVICE, "down"))
    down.output()
    with pytest.raises(ToolError) as told:
        link.send("client", echo_request("10.0.0.254", "10.0.0.1", 1, 1))
    assert str(told.value) == "wire0 of client is down or gone (Input/output error)"
    unmake_hosts(hosts, link)


@pytest.mark.kernel
def test_what_is_not_ip_is_not_shown() -> None:
    hosts, link = make_hosts(NAMES, LinkKind.VETH)
    with hosts[0].entered(), closing(socket.socket(socket.AF_PACKET, socket.SOCK_RAW)) as hand:
        lldp = 0x88CC
        hand.sendto(cables.MAC + cables.MAC + lldp.to_bytes(2) + b"neighbour", (DEVICE, lldp))
        hand.sendto(
            cables.MAC * 2 + b"\x08\x00" + echo_request("10.0.0.1", "10.0.0.2", 2, 3),
            (DEVICE, 0x800),
        )
    select.select(link.descriptors(), [], [], PATIENCE_S)
    (descriptor,) = link.descriptors()
    first = link.receive(descriptor)
    assert first is not None
    assert first[0] == "client"
    assert parse(first[1]).destination == "10.0.0.2"
    assert link.receive(descriptor) is None
    unmake_hosts(hosts, link)


@pytest.mark.kernel
def test_closing_leaves_a_tun_device_to_its_namespace() -> None:
    """Taking it down at once would wait for the kernel, 24 ms and more."""
    if why := cables.tun_refused():
        pytest.skip(f"no TUN: {why}")
    hosts, link = make_hosts(NAMES, LinkKind.TUN)
    link.close()
    with hosts[0].entered():
        still = Running(("ip", "-o", "link", "show", DEVICE))
    assert DEVICE in still.output()
    unmake_hosts(hosts, TunLink())  # the link is closed: one without a cable stands in for it


# --- Which link ---------------------------------------------------------------------------------


def test_auto_takes_tun_where_it_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cables, "tun_refused", lambda: None)
    assert choose("auto") is LinkKind.TUN
    assert choose("tun") is LinkKind.TUN
    assert choose("veth") is LinkKind.VETH


def test_auto_takes_veth_where_tun_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cables, "tun_refused", lambda: "/dev/net/tun: Permission denied")
    assert choose("auto") is LinkKind.VETH
    assert choose("veth") is LinkKind.VETH
    with pytest.raises(MachineError) as refused:
        choose("tun")
    assert str(refused.value).startswith("/dev/net/tun: Permission denied; cure: sudo ")
    assert str(refused.value).endswith("or use --link veth")


def test_an_unknown_link_is_refused_by_name() -> None:
    with pytest.raises(LabError, match="there is no link 'tap': it is one of auto, tun, veth"):
        choose("tap")


@pytest.mark.parametrize(
    ("there", "cure"), [(True, "sudo chmod 0666"), (False, "sudo modprobe tun")]
)
def test_a_refused_tun_device_has_the_cure_that_fits(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, there: bool, cure: str
) -> None:
    device = tmp_path / "tun"
    if there:
        device.mkdir()  # can't be opened for writing, not even by root
    monkeypatch.setattr(cables, "TUN_DEVICE", str(device))
    number = errno.EISDIR if there else errno.ENOENT
    assert cables.tun_refused() == f"{device}: {os.strerror(number)}"
    with pytest.raises(MachineError, match=cure):
        choose("tun")


def drain(link: Link) -> None:
    while link.receive(link.descriptors()[0]) is not None:
        pass


@pytest.mark.kernel
def test_a_burst_that_the_wire_can_not_hold_is_told_and_never_lost_in_silence() -> None:
    with made(LinkKind.VETH) as (hosts, link):
        host = hosts[0]
        packet = Packet(host.address.text, "10.0.0.99", 1, 80, Flags.RST, payload=bytes(1400))
        with host.entered():
            raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        with raw:
            for _ in range(20_000):
                raw.sendto(packet.build(), ("10.0.0.99", 0))
        with pytest.raises(ToolError, match=r"the wire lost \d+ packets: more were sent at once"):
            drain(link)
