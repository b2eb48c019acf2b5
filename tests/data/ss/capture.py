"""Capture what this machine's `ss` prints for sockets in every state that it can show.

Run it in namespaces of its own, with the folder to write to:

    unshare -Urn python tests/data/ss/capture.py tests/data/ss/6.1.0

The peer of most sockets is this script, behind a TUN device: it answers a segment or does
not, so that each state stands still while `ss` looks. Needs Linux, iproute2, /dev/net/tun.
"""

from __future__ import annotations

import fcntl
import os
import platform
import pty
import select
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
TIOCSWINSZ, TCP_MD5SIG = 0x5414, 14
HERE, PEER = "10.9.0.1", "10.9.0.2"


def checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Peer:
    """The far end of a TUN device: reads the kernel's segments, writes its own."""

    def __init__(self) -> None:
        self.fd = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(self.fd, TUNSETIFF, struct.pack("16sH22x", b"wire0", IFF_TUN | IFF_NO_PI))
        run("ip", "addr", "add", f"{HERE}/24", "dev", "wire0")
        run("ip", "link", "set", "wire0", "up")

    def read(self, port: int, flags: int) -> tuple[int, int]:
        """The port and the sequence number after the next segment to `port` with `flags`."""
        while True:
            packet = os.read(self.fd, 65536)
            if packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_TCP:
                continue
            source, to, seq, _, offset, bits = struct.unpack("!HHIIBB", packet[20:34])
            if to == port and bits & flags == flags:
                payload = len(packet) - 20 - (offset >> 4) * 4
                return source, (seq + payload + bool(bits & (SYN | FIN))) & 0xFFFFFFFF

    def write(self, ports: tuple[int, int], seq: int, ack: int, flags: int) -> None:
        """A segment from port to port, without payload."""
        ends = socket.inet_aton(PEER) + socket.inet_aton(HERE)
        tcp = struct.pack("!HHIIBBHHH", *ports, seq, ack, 0x50, flags, 64000, 0, 0)
        check = checksum(ends + struct.pack("!HH", socket.IPPROTO_TCP, len(tcp)) + tcp)
        tcp = tcp[:16] + struct.pack("!H", check) + tcp[18:]
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, socket.IPPROTO_TCP, 0)
        head = ip[:10] + struct.pack("!H", checksum(ip + ends)) + ends
        os.write(self.fd, head + tcp)

    def connect(self, port: int) -> tuple[socket.socket, tuple[int, int], int]:
        """A connection of ours to `port` of the peer; the ports for `write`, the next ack."""
        ours = socket.socket()
        ours.setblocking(False)
        ours.connect_ex((PEER, port))
        source, ack = self.read(port, SYN)
        self.write((port, source), 1000, ack, SYN | ACK)
        self.read(port, ACK)
        ours.setblocking(True)
        return ours, (port, source), ack


def run(*command: str) -> bytes:
    return subprocess.run(command, check=True, capture_output=True).stdout


@contextmanager
def named(name: bytes) -> Iterator[None]:
    """Give this process another name for as long as the block lasts."""
    comm = Path("/proc/self/comm")
    before = comm.read_bytes().rstrip(b"\n")
    comm.write_bytes(name)
    yield
    comm.write_bytes(before)


def every_state(peer: Peer) -> list[object]:
    """One socket in each of the ten states that `ss -a` shows; keeps what must live."""
    held: list[object] = []
    listener = socket.create_server((HERE, 7000), backlog=16)
    held.append(listener)
    peer.write((6001, 7000), 1000, 0, SYN)  # SYN-RECV: nobody answers the SYN-ACK
    peer.read(6001, SYN | ACK)
    syn_sent = socket.socket()
    syn_sent.setblocking(False)
    syn_sent.connect_ex((PEER, 6002))
    held.append(syn_sent)
    established, _, _ = peer.connect(6003)
    established.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    held.append(established)
    for port in (6004, 6005, 6006, 6007):
        ours, ports, ack = peer.connect(port)
        ours.shutdown(socket.SHUT_WR)
        _, after_fin = peer.read(port, FIN)
        if port == 6005:
            peer.write(ports, 1001, after_fin, ACK)  # FIN-WAIT-2
        elif port == 6006:
            peer.write(ports, 1001, ack, FIN | ACK)  # CLOSING: a FIN, but no ACK of ours
        elif port == 6007:
            peer.write(ports, 1001, after_fin, FIN | ACK)  # TIME-WAIT
        held.append(ours)  # 6004 stays in FIN-WAIT-1
    for port in (6008, 6009):
        ours, ports, ack = peer.connect(port)
        peer.write(ports, 1001, ack, FIN | ACK)  # CLOSE-WAIT
        peer.read(port, ACK)
        if port == 6009:
            ours.shutdown(socket.SHUT_WR)  # LAST-ACK
            peer.read(port, FIN)
        held.append(ours)
    orphan, ports, _ = peer.connect(6010)
    orphan.close()  # FIN-WAIT-2 without a descriptor: a small socket with timer timewait
    _, after_fin = peer.read(6010, FIN)
    peer.write(ports, 1001, after_fin, ACK)
    return held


def addresses() -> list[object]:
    """Every kind of address that a socket can have."""
    run("ip", "addr", "add", "fd09::1/64", "dev", "wire0", "nodad")
    device = socket.socket()
    device.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    device.bind(("0.0.0.0", 7100))
    device.listen()
    any4 = socket.create_server(("0.0.0.0", 7101))
    only6 = socket.create_server(("::", 7102), family=socket.AF_INET6)
    dual = socket.create_server(("::", 7103), family=socket.AF_INET6, dualstack_ipv6=True)
    mapped = socket.create_connection(("127.0.0.1", 7103))
    six = socket.create_connection(("::1", 7102))
    names = run("ip", "-6", "-o", "addr", "show", "dev", "wire0", "scope", "link").split()
    scope = socket.if_nametoindex("wire0")
    link_local = socket.socket(socket.AF_INET6)
    link_local.bind((names[3].split(b"/")[0].decode(), 7104, 0, scope))
    link_local.listen()
    return [device, any4, only6, dual, mapped, six, link_local]


def queues_and_timers() -> list[object]:
    """Full queues and a timer of each kind; the peer is on the loopback device."""
    listener = socket.create_server(("127.0.0.1", 7200), backlog=4)
    waiting = [socket.create_connection(("127.0.0.1", 7200)) for _ in range(3)]
    sender = waiting[0]
    sender.setblocking(False)
    for _ in range(4):
        try:
            while True:
                sender.send(b"x" * 65536)  # nobody reads: until the window is closed
        except BlockingIOError:
            run("sleep", "0.3")  # the last segments are acknowledged late: then try once more
    waiting[1].setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    waiting[1].setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30)
    waiting[2].shutdown(socket.SHUT_RD)
    reno = socket.socket()
    reno.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")
    reno.connect(("127.0.0.1", 7200))
    return [listener, *waiting, reno]


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    kernel = platform.release().partition("-")[0]
    version = run("ss", "-V").decode().strip().rpartition("-")[2]

    def capture(name: str, *options: str, terminal: bool = False, **environment: str) -> None:
        command = ["ss", *options]
        shown = " ".join([*(f"{k}={v}" for k, v in environment.items()), *command])
        place = ", stdout a terminal of 80 columns" if terminal else ""
        head = f"# captured: iproute2 {version}, Linux {kernel}{place}\n# {shown}\n"
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C", **environment}
        output = through_terminal(command, env) if terminal else b""
        if not terminal:
            output = subprocess.run(command, check=True, capture_output=True, env=env).stdout
        (folder / f"{name}.txt").write_bytes(head.encode() + output)

    run("ip", "link", "set", "lo", "up")
    peer = Peer()
    plain, everything = ("-H", "-n", "-O", "-a", "-t"), ("-o", "-i", "-m", "-e", "-p")
    held = every_state(peer)
    capture("every-state", *plain)
    capture("every-state-everything", *plain, *everything)
    capture("every-state-two-lines", "-n", "-a", "-t", *everything)
    capture("every-state-three-lines", "-nat", *everything, "--tos", "--cgroup", "--inet-sockopt")
    capture("every-state-sockopt", *plain, *everything, "--tos", "--cgroup", "--inet-sockopt")
    capture("every-state-header", "-n", "-a", "-t")
    capture("every-state-with-table", "-n", "-a", "-t", "-A", "tcp,dccp")
    capture("every-state-terminal", "-n", "-a", "-t", *everything, terminal=True)
    capture("every-state-proc", *plain, *everything, PROC_ROOT="/proc")
    capture("one-state", *plain, "state", "fin-wait-2")
    capture("threads", *plain, "-p", "-T")
    del held
    held = addresses()
    capture("addresses", *plain)
    capture("addresses-details", *plain, "-e")
    del held
    held = queues_and_timers()
    capture("queues", *plain, *everything)
    del held
    names = (
        b"my server",
        b'say "hi", x',
        b"(sd-pam)",
        b'x",pid=1,fd=9',
        b"nl\nESTAB 0 0 x",
        b"\xff\x07\t",
    )
    for number, name in enumerate(names):
        with named(name), socket.create_server((HERE, 7300)):
            capture(f"name-{number}", *plain, "-p", "-e", "sport = :7300")
    with socket.create_server((HERE, 7400)) as many, named(b"fifty"):
        copies = [os.dup(many.fileno()) for _ in range(49)]
        capture("many-descriptors", *plain, "-p", "-e", "sport = :7400")
        for copy in copies:
            os.close(copy)
    with socket.create_server((HERE, 443)):
        capture("service", "-H", "-O", "-a", "-t", "sport = :443")
    with socket.create_server((HERE, 7500)) as keyed:
        keyed.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG, md5_key(b"10.0.0.9", b"secret"))
        capture("md5-key", *plain, "-i", "sport = :7500")
        capture("md5-key-header", "-n", "-a", "-t", "-i", "sport = :7500")
    with (
        socket.create_server(("127.0.0.1", 7600)),
        socket.socket(proto=socket.IPPROTO_MPTCP) as upper,
    ):
        upper.connect(("127.0.0.1", 7600))
        capture("mptcp", *plain, "-i", "dport = :7600")
    (folder / "events.txt").write_bytes(
        f"# captured: iproute2 {version}, Linux {kernel}, stdout a terminal of 80 columns\n"
        "# ss -E -n -t -e\n".encode()
        + destroyed()
    )
    capture("nothing", "-n", "-t", "-a", "-o", "-p", "sport = :1")


def md5_key(address: bytes, key: bytes) -> bytes:
    """`struct tcp_md5sig` of linux/tcp.h."""
    end = struct.pack("H2x4s120x", socket.AF_INET, socket.inet_aton(address.decode()))
    return end + struct.pack("BBHi80s", 0, 0, len(key), 0, key)


def destroyed() -> bytes:
    """What `ss -E` tells of a few sockets that die."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(["ss", "-E", "-n", "-t", "-e"], stdout=child)
    os.close(child)
    output = b""
    while output.count(b"\n") < 4:
        # Until ss listens nothing is told, and nothing tells that it does: so more die.
        socket.create_server(("127.0.0.1", 7700)).close()
        socket.create_server(("::1", 7701), family=socket.AF_INET6).close()
        if select.select([parent], [], [], 0.05)[0]:
            output += os.read(parent, 65536)
    process.terminate()
    process.wait()
    os.close(parent)
    return output


def through_terminal(command: list[str], environment: dict[str, str]) -> bytes:
    """What `command` writes to a terminal of 80 columns."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(command, stdout=child, env=environment)
    os.close(child)
    output = b""
    while True:
        try:
            output += os.read(parent, 65536)
        except OSError:  # EIO: the last one that could write has gone
            break
    process.wait()
    os.close(parent)
    return output


if __name__ == "__main__":
    main()
