from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from socklab import caretaker
from socklab.caretaker import Caretaker
from socklab.errors import ToolError
from socklab.host import Host, Looking, make_hosts, unmake_hosts
from socklab.link import LinkKind
from socklab.namespaces import new_namespace
from socklab.packet import FIN, Flags, Packet
from tests.stand import PATIENCE_S, Witness, children, open_descriptors

pytestmark = pytest.mark.kernel

HOLD_A_FIN = """
import select, sys
from socklab.host import make_hosts, unmake_hosts
from socklab.link import LinkKind
from socklab.namespaces import be_allowed
from socklab.packet import Packet

be_allowed()
kind, ipv6 = LinkKind(sys.argv[1]), sys.argv[2] == "IPv6"
hosts, link = make_hosts(("client", "server"), kind, ipv6=ipv6)
client, server = hosts

def next_segment():
    select.select(link.descriptors(), [], [])
    for descriptor in link.descriptors():
        if (arrived := link.receive(descriptor)) is not None:
            return arrived

def carry():
    sender, packet = next_segment()
    link.send({"client": "server", "server": "client"}[sender], packet)

listener = server.socket()
listener.bind((server.address.text, 80))
listener.listen()
connecting = client.socket()
connecting.setblocking(False)
connecting.connect_ex((server.address.text, 80))
for _ in range(3):  # SYN, SYN+ACK, ACK
    carry()
connecting.close()
sender, fin = next_segment()  # and there it stays
for _ in range(int(sys.argv[3])):
    for host in hosts:
        host.look()  # and nobody is there when it is done
print(*(host.caretaker.pid for host in hosts), sender, fin.hex(), flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True)
class Holder:
    """A process with two hosts, whose client has closed a connection; its FIN is never carried."""

    process: subprocess.Popen[str]
    caretakers: tuple[int, int]
    fin: Packet


@contextmanager
def holding(kind: LinkKind, ipv6: bool, looks: int = 0) -> Iterator[Holder]:
    version = "IPv6" if ipv6 else "IPv4"
    command = [sys.executable, "-c", HOLD_A_FIN, kind.value, version, str(looks)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            client, server, sender, fin = process.stdout.readline().split()
            packet = Packet.parse(bytes.fromhex(fin))
            assert (sender, packet.kind) == ("client", FIN)
            yield Holder(process, (int(client), int(server)), packet)
        finally:
            process.kill()


def wait_for_end(pidfd: int) -> None:
    assert select.select([pidfd], [], [], PATIENCE_S)[0], "the process did not end"


@pytest.mark.parametrize("looks", [0, 50], ids=["at rest", "while it looks"])
@pytest.mark.parametrize("group", [False, True], ids=["process", "process group"])
def test_after_sigkill_no_caretaker_and_no_namespace_is_left(
    kind: LinkKind, ipv6: bool, group: bool, looks: int
) -> None:
    with ExitStack() as stack:
        holder = stack.enter_context(holding(kind, ipv6, looks))
        witnesses = [stack.enter_context(closing(Witness(pid))) for pid in holder.caretakers]
        pidfds = [os.pidfd_open(pid) for pid in holder.caretakers]
        for pidfd in pidfds:
            stack.callback(os.close, pidfd)
        assert not any(witness.ended for witness in witnesses)

        if group:
            os.killpg(holder.process.pid, signal.SIGKILL)
        else:
            holder.process.kill()

        for pidfd in pidfds:
            wait_for_end(pidfd)
        for witness in witnesses:
            witness.wait()


def test_without_its_caretaker_an_orphan_would_pin_the_namespace(
    kind: LinkKind, ipv6: bool
) -> None:
    with ExitStack() as stack:
        holder = stack.enter_context(holding(kind, ipv6))
        # The address on a second device, because the cable goes with the process.
        pids = zip(holder.caretakers, (holder.fin.source, None), strict=True)
        client, server = (stack.enter_context(closing(Witness(*each))) for each in pids)
        for pid in holder.caretakers:
            pidfd = os.pidfd_open(pid)
            os.kill(pid, signal.SIGKILL)
            wait_for_end(pidfd)
            os.close(pidfd)
        holder.process.kill()
        holder.process.wait()

        # The kernel ends namespaces in the order in which they were let go: when the server's
        # is gone, the client's would be too, had nothing kept it.
        server.wait()
        assert not client.ended

        # What kept it was the orphan: with a reset for exactly that, it goes.
        fin = holder.fin
        reset = replace(
            fin,
            source=fin.destination,
            destination=fin.source,
            source_port=fin.destination_port,
            destination_port=fin.source_port,
            flags=Flags.RST,
            seq=fin.ack,
            options=(),
        )
        client.give(reset)
        client.wait()


def test_the_ordinary_end_leaves_no_orphan_either(kind: LinkKind) -> None:
    hosts, link = make_hosts(("client", "server"), kind)
    assert hosts[0].caretaker is not None
    with closing(Witness(hosts[0].caretaker.pid)) as witness:
        # A SYN that nobody answers, from a socket that somebody still keeps open.
        connecting = hosts[0].socket()
        connecting.setblocking(False)
        connecting.connect_ex((hosts[1].address.text, 80))
        unmake_hosts(hosts, link)
        with closing(connecting), pytest.raises(OSError, match="abort"):
            connecting.send(b"x")
        witness.wait()


@pytest.fixture
def inside() -> Iterator[None]:
    """In a namespace of one's own."""
    namespace = new_namespace()
    with namespace.entered():
        yield
    namespace.close()


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("idle", [False, True])
def test_a_dismissed_caretaker_goes_and_leaves_nothing(idle: bool) -> None:
    descriptors, processes = open_descriptors(), children()
    each = Caretaker()
    assert children() - processes == {each.pid}
    each.dismiss(idle=idle)
    each.wait()
    assert (open_descriptors(), children()) == (descriptors, processes)


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("idle", [False, True])
def test_a_caretaker_that_somebody_killed_is_no_trouble(idle: bool) -> None:
    each = Caretaker()
    os.kill(each.pid, signal.SIGKILL)
    os.waitid(os.P_PID, each.pid, os.WEXITED | os.WNOWAIT)
    each.dismiss(idle=idle)
    each.wait()


@pytest.mark.usefixtures("inside")
def test_a_caretaker_hears_no_ctrl_c() -> None:
    each = Caretaker()
    assert os.getsid(each.pid) == each.pid != os.getsid(0)
    each.dismiss(idle=True)
    each.wait()


@pytest.mark.usefixtures("inside")
def test_a_caretaker_that_does_not_go_is_ended_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caretaker, "PATIENCE_S", 0.05)
    each = Caretaker()  # not dismissed: it waits for its word
    with pytest.raises(ToolError, match="caretaker did not end"):
        each.wait()
    with suppress(BrokenPipeError):
        each.dismiss(idle=True)
    assert each.pid not in children()


@pytest.fixture
def host(kind: LinkKind) -> Iterator[Host]:
    hosts, link = make_hosts(("one",), kind)
    try:
        yield hosts[0]
    finally:
        unmake_hosts(hosts, link)


def test_what_the_caretaker_sees_is_what_ss_shows(host: Host) -> None:
    with host.socket() as listener:
        listener.bind((host.address.text, 80))
        listener.listen()
        assert host.look().output() == host.ss().output()
        assert "LISTEN" in host.look().output()
    assert host.look().output() == ""


def test_a_look_that_nobody_listened_to_is_never_taken_for_another(host: Host) -> None:
    before = host.look()
    with host.socket() as listener:
        listener.bind((host.address.text, 80))
        listener.listen()
        assert "LISTEN" in host.look().output()
    assert isinstance(before, Looking)
    assert host.look().output() == ""


def test_a_killed_caretaker_can_be_done_without(host: Host) -> None:
    assert host.caretaker is not None
    pidfd = os.pidfd_open(host.caretaker.pid)
    os.kill(host.caretaker.pid, signal.SIGKILL)
    wait_for_end(pidfd)
    os.close(pidfd)
    with host.socket() as listener:
        listener.bind((host.address.text, 80))
        listener.listen()
        with host.look() as look:
            assert "LISTEN" in look.output()


def test_what_ss_complains_of_is_told(monkeypatch: pytest.MonkeyPatch, kind: LinkKind) -> None:
    monkeypatch.setattr("socklab.host.LOOK", ("ss", "--nonsense"))
    hosts, link = make_hosts(("one",), kind)
    try:
        with pytest.raises(ToolError, match=r"`ss --nonsense` failed \(255\): .*nonsense"):
            hosts[0].look().output()
    finally:
        unmake_hosts(hosts, link)


def test_a_look_that_takes_too_long_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: LinkKind
) -> None:
    slow = tmp_path / "ss"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr("socklab.host.LOOK", (str(slow),))
    monkeypatch.setattr(caretaker, "PATIENCE_S", 0.2)

    hosts, link = make_hosts(("one",), kind)
    try:
        with pytest.raises(ToolError, match="`ss` did not end within 0 s"):
            hosts[0].look().output()
        shell = Path(f"/proc/{next(iter(children()))}")
        (hanging,) = (shell / "task" / shell.name / "children").read_text().split()
        pidfd = os.pidfd_open(int(hanging))
    finally:
        with pytest.raises(ToolError, match="caretaker did not end"):
            unmake_hosts(hosts, link)
    wait_for_end(pidfd)
    os.close(pidfd)
