"""How many rows of `ss` a second socklab reads, and what else reads the same sockets.

Two tables. The first is the parser alone, on text made up beforehand, so that it says what
`socklab.ss.parse` costs and nothing else. The second makes real connections on the loopback
device of a network namespace of its own and lists them in three ways, from nothing to
Python values: `ss` and `socklab.ss.parse`, psutil, pyroute2. Only its ratios mean much.

    python benchmarks/parse_ss.py            # takes half a minute; `pip install .[bench]` first
    python benchmarks/parse_ss.py --sockets 200 --runs 3
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from socklab.ss import parse

PLAIN_FLOOR, FULL_FLOOR = 200_000, 20_000
"""Rows a second that the parser promises: `ss -Htan`, and with -o -i -m -e -p."""

INSIDE = "SOCKLAB_BENCH_NAMESPACE"


def plain_row(number: int) -> str:
    """One of many connections of a server: its own address, another peer each time."""
    peer = f"10.{number % 256}.{number // 256 % 256}.7:{1024 + number * 7 % 60000}"
    return f"ESTAB      0      0          10.0.0.1:443        {peer}   "


def full_row(number: int) -> str:
    """The same with every extra; numbers differ from row to row as those of real ones do."""
    n = number * 7919
    return (
        plain_row(number)
        + f'users:(("nginx",pid={1000 + n % 50},fd={n % 9000})) timer:(keepalive,{n % 119}min,0)'
        f" uid:33 ino:{10_000 + n} sk:{n:x} cgroup:/system.slice/nginx.service <->"
        f" skmem:(r0,rb131072,t0,tb{87040 + n % 7 * 4608},f{n % 4096},w0,o0,bl0,d0)"
        f" ts sack cubic wscale:{n % 15},7 rto:{200 + n % 100} rtt:{n % 90_000 / 1000:g}/"
        f"{n % 9000 / 1000:g} ato:40 mss:1448 pmtu:1500 rcvmss:{536 + n % 900} advmss:1448"
        f" cwnd:{10 + n % 30} ssthresh:{7 + n % 99} bytes_sent:{n} bytes_acked:{n + 1}"
        f" bytes_received:{n % 7001} segs_out:{n % 977} segs_in:{n % 911} data_segs_out:{n % 811}"
        f" data_segs_in:{n % 13} send {n * 31}bps lastsnd:{n % 60_000} lastrcv:{n % 50_000}"
        f" lastack:{n % 50_000} pacing_rate {n * 37}bps delivery_rate {n * 29}bps"
        f" delivered:{n % 811} app_limited busy:{n % 7000}ms rcv_rtt:{n % 90_000 / 1000:g}"
        f" rcv_space:14480 rcv_ssthresh:{64088 + n % 999} minrtt:{n % 80_000 / 1000:g}"
        f" snd_wnd:{64000 + n % 999}"
    )


def seconds(work: Callable[[], object], runs: int) -> list[float]:
    """How long `work` took, each of `runs` times, after one that does not count."""
    work()
    taken = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return taken


def parser_alone(runs: int) -> None:
    """The first table."""
    print("socklab.ss.parse alone, one core, rows a second")
    print(f"{'':24} {'rows':>8} {'best':>10} {'median':>10} {'promised':>10}")
    for name, make, promised in (
        ("ss -Htan", plain_row, PLAIN_FLOOR),
        ("ss -HtanO -oimep", full_row, FULL_FLOOR),
    ):
        for rows in (1000, 100_000):
            text = "\n".join(map(make, range(rows))) + "\n"
            taken = seconds(lambda text=text: len(parse(text)), runs)  # type: ignore[misc]
            best, median = rows / min(taken), rows / statistics.median(taken)
            print(f"{name:24} {rows:8,} {best:10,.0f} {median:10,.0f} {promised:10,}")


def connections(count: int) -> list[socket.socket]:
    """So many connections on 127.0.0.1, both ends ours; two rows of `ss` each."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    held = [listener]
    for _ in range(count):
        held.append(socket.create_connection(listener.getsockname()))
        held.append(listener.accept()[0])
    return held


def beside_others(sockets: int, runs: int) -> None:
    """The second table."""
    import psutil  # noqa: PLC0415 - only here, and slow to import
    from pyroute2 import DiagSocket  # noqa: PLC0415

    held = connections(sockets // 2)

    def ss(*options: str) -> list[object]:
        command = ["ss", "-H", "-n", "-O", "-a", "-t", *options]
        output = subprocess.run(command, check=True, capture_output=True).stdout
        return list(parse(output.decode("utf-8", "surrogateescape")))

    diag = DiagSocket()

    def pyroute2(show: int) -> list[object]:
        found: list[object] = []
        for family in (socket.AF_INET, socket.AF_INET6):
            found += diag.get_sock_stats(family=family, extensions=show)
        return found

    ways: list[tuple[str, Callable[[], list[object]]]] = [
        ("ss -Htan, parsed", ss),
        ("ss -Htanp, parsed", lambda: ss("-p")),
        ("psutil.net_connections", lambda: list(psutil.net_connections("tcp"))),
        ("pyroute2 DiagSocket", lambda: pyroute2(0)),
        ("ss -Htanoimep, parsed", lambda: ss("-o", "-i", "-m", "-e", "-p")),
    ]
    print(f"\n{len(held):,} sockets in a namespace of their own, from nothing to Python values")
    print(f"{'':24} {'found':>8} {'best ms':>10} {'median ms':>10} {'ratio':>10}")
    first = 0.0
    for name, way in ways:
        found = len(way())
        taken = seconds(way, runs)
        median = statistics.median(taken)
        first = first or median
        print(
            f"{name:24} {found:8,} {min(taken) * 1000:10.1f} {median * 1000:10.1f}"
            f" {median / first:10.1f}"
        )
        if found != len(held):
            print(f"  {name} found {found:,} of {len(held):,} sockets: do not compare it")
    diag.close()
    for each in held:
        each.close()


def main() -> int:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--runs", type=int, default=7, help="measured runs of each (7)")
    arguments.add_argument("--sockets", type=int, default=1000, help="in the second table (1000)")
    options = arguments.parse_args()
    if INSIDE not in os.environ:
        print(f"Python {platform.python_version()}, Linux {platform.release().partition('-')[0]}")
        parser_alone(options.runs)
        sys.stdout.flush()
        for tool in ("unshare", "ss", "ip"):
            if shutil.which(tool) is None:
                print(f"{tool} is not on the PATH: the second table needs it", file=sys.stderr)
                return 3
        # As root a network namespace is enough; anybody else needs a user namespace around it.
        flags = "-n" if os.geteuid() == 0 else "-Urn"
        own = ["unshare", flags, sys.executable, *sys.argv]
        return subprocess.run(own, env={**os.environ, INSIDE: "1"}, check=False).returncode
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    beside_others(options.sockets, options.runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
