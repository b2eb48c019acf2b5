from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from socklab import host as hosting, link as cables, tools
from socklab.errors import LabError, MachineError, ToolError
from socklab.host import Address, Host, addresses, make_hosts, unmake_hosts
from socklab.link import LinkKind
from socklab.namespaces import NetworkNamespace
from socklab.weather import Pin, but
from tests.stand import NAMES, Witness, children, made, open_descriptors

Pair = tuple[list[Host], cables.Link]


def test_addresses_are_given_in_order() -> None:
    assert addresses(("client", "server")) == {
        "client": Address("10.0.0.1", "10.0.0.0/24"),
        "server": Address("10.0.0.2", "10.0.0.0/24"),
    }
    ipv6 = addresses(("client", "server"), ipv6=True)
    assert ipv6["server"] == Address("fd00::2", "fd00::/64")
    assert ipv6["server"].family is socket.AF_INET6


def test_a_host_without_a_namespace_is_this_machine() -> None:
    here = Host("client", Address("127.0.0.1", ""))
    with here.entered(), here.socket() as made_here:
        made_here.bind(("127.0.0.1", 0))
    assert here.used


@pytest.mark.kernel
def test_two_hundred_pairs_leave_nothing_behind(kind: LinkKind) -> None:
    with made(kind):
        pass
    descriptors, processes = open_descriptors(), children()
    for n in range(200):
        hosts, link = make_hosts(NAMES, kind, ipv6=n % 2 == 1)
        hosts[n % 3 % 2].socket().close()  # so that caretakers go either way
        unmake_hosts(hosts, link)
    assert (open_descriptors(), children()) == (descriptors, processes)


@pytest.mark.kernel
def test_unmade_namespaces_come_to_their_end(kind: LinkKind, ipv6: bool) -> None:
    ends = []
    with made(kind, ipv6=ipv6) as (hosts, _):
        for each in hosts:
            assert each.caretaker is not None
            ends.append(Witness(each.caretaker.pid))
    for end in ends:
        end.wait()
        end.close()


@pytest.mark.kernel
def test_what_is_made_on_a_host_belongs_to_it(pair: Pair) -> None:
    hosts, _ = pair
    for each in hosts:
        with each.socket() as plain:
            plain.bind((each.address.text, 80))  # no address of the other's, nor of the machine's
        other = next(h for h in hosts if h is not each)
        with each.socket() as plain, pytest.raises(OSError, match="assign requested address"):
            plain.bind((other.address.text, 80))
        with each.trio_socket() as made_for_trio:
            assert made_for_trio.family is each.address.family
        with each.socket(kind=socket.SOCK_DGRAM) as datagrams:
            assert datagrams.type == socket.SOCK_DGRAM


@pytest.mark.kernel
def test_a_look_shows_the_sockets_of_its_host_alone(pair: Pair) -> None:
    client, server = pair[0]
    with server.socket() as listener:
        listener.bind((server.address.text, 4321))
        listener.listen(7)
        looks = [each.look() for each in (client, server)]
        assert looks[0].output() == ""
        assert ":4321" in looks[1].output()


@pytest.mark.kernel
async def test_a_program_runs_on_its_host(pair: Pair) -> None:
    for each in pair[0]:
        assert each.namespace is not None
        read = await each.run(("readlink", "/proc/self/ns/net"), stdin=b"")
        assert f"net:[{os.fstat(each.namespace.fd).st_ino}]" == read.stdout.decode().strip()
        assert each.used


@pytest.mark.kernel
async def test_a_programs_failure_is_an_error_only_if_asked(pair: Pair) -> None:
    client, _ = pair[0]
    done = await client.run(("sh", "-c", "cat >&2; exit 5"), stdin=b"words", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (5, b"", b"words")
    with pytest.raises(ToolError, match=r"failed \(5\): words"):
        await client.run(("sh", "-c", "cat >&2; exit 5"), stdin=b"words")
    with pytest.raises(MachineError, match="`no-such-program` can't be started"):
        await client.run(("no-such-program",))


@pytest.mark.kernel
async def test_a_program_is_ended_with_its_scope(pair: Pair) -> None:
    processes = children()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pair[0][0].run, ("sleep", "1000"))
        await wait_all_tasks_blocked()
        assert len(children() - processes) == 1
        nursery.cancel_scope.cancel()
    assert children() == processes


# --- Half-way failures --------------------------------------------------------------------------


class Left:
    """What this process holds, to compare with later."""

    def __init__(self) -> None:
        with made(LinkKind.VETH):
            pass
        self.before = (open_descriptors(), children())

    def nothing(self) -> bool:
        return (open_descriptors(), children()) == self.before


@pytest.mark.kernel
@pytest.mark.parametrize("fails", ["first", "second"])
def test_when_ip_fails_on_a_host_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch, kind: LinkKind, fails: str
) -> None:
    left = Left()
    near_end = hosting._near_end

    def broken(host: Host, kind: LinkKind, weather: Mapping[str, Pin]) -> str:
        wrong = host.name == ("client" if fails == "first" else "server")
        return "link set nothing up\n" if wrong else near_end(host, kind, weather)

    monkeypatch.setattr(hosting, "_near_end", broken)
    with pytest.raises(ToolError, match='Cannot find device "nothing"'):
        make_hosts(NAMES, kind)
    assert left.nothing()


@pytest.mark.kernel
@pytest.mark.parametrize("error", [OSError(24, "Too many open files"), KeyboardInterrupt()])
def test_when_the_second_tun_fails_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    left = Left()
    if cables.tun_refused():
        monkeypatch.setattr(cables.TunLink, "plug", lambda *_: None)
    plug = cables.TunLink.plug

    def broken(self: cables.TunLink, host: str, namespace: NetworkNamespace) -> None:
        plug(self, host, namespace)
        if host == "server":
            raise error

    monkeypatch.setattr(cables.TunLink, "plug", broken)
    with pytest.raises((MachineError, KeyboardInterrupt)) as failed:
        make_hosts(NAMES, LinkKind.TUN)
    if isinstance(error, OSError):
        assert str(failed.value) == "no TUN device can be made: Too many open files"
    assert left.nothing()


@pytest.mark.kernel
def test_when_a_packet_socket_is_refused_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    left = Left()
    monkeypatch.setattr(cables, "PACKET_IGNORE_OUTGOING", 9999)  # as before Linux 4.20
    with pytest.raises(MachineError, match="no veth pair can be held: Protocol not available"):
        make_hosts(NAMES, LinkKind.VETH)
    assert left.nothing()


@pytest.mark.kernel
def test_when_the_weather_is_refused_nothing_is_left(kind: LinkKind) -> None:
    left = Left()
    with pytest.raises(LabError, match=r"net\.ipv4\.tcp_fin_timeout can't be 'soon'"):
        make_hosts(NAMES, kind, weather=but(tcp_fin_timeout="soon"))
    assert left.nothing()


@pytest.mark.kernel
@pytest.mark.parametrize("tool", ["ss", "ip"])
def test_without_iproute2_the_cure_is_told_and_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: LinkKind, tool: str
) -> None:
    left = Left()
    for there in {"ss", "ip", "sh"} - {tool}:
        (tmp_path / there).symlink_to(tools.find(there))
    monkeypatch.setattr(tools, "SYSTEM_PATH", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    tools.find.cache_clear()
    try:
        with pytest.raises(MachineError) as missing:
            make_hosts(NAMES, kind)
    finally:
        tools.find.cache_clear()
    assert str(missing.value).startswith(f"`{tool}` is not installed: it comes with iproute2; cure")
    assert left.nothing()
