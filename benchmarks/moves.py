"""How many moves a second, with `ss` on both hosts after each, beside the `ss` processes alone?

One connection sends byte after byte: a call, a segment and its ACK in turn. The floor is what
a look can't do without: `ss` started on both hosts at once and read to its end.

    python benchmarks/moves.py [--moves 300] [--link tun|veth|auto]
"""

from __future__ import annotations

import argparse
import statistics
import time

import trio

from socklab import ESTABLISHED, Bench, Role, open_bench
from socklab.moves import Verb
from socklab.namespaces import be_allowed


async def server(me: Role) -> None:
    """Reads to the end."""
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    while await connection.recv(100):
        pass


async def client(me: Role) -> None:
    """Sends without end."""
    connection = me.socket()
    await connection.connect(("server", 80))
    while True:
        await connection.send(b"x")


async def moved(bench: Bench) -> float:
    """Seconds for one move, the one `flow` would choose."""
    ahead = next(move for move in bench.moves() if move.verb in {Verb.CALL, Verb.CARRY})
    began = time.perf_counter()
    await bench.make(ahead)
    return time.perf_counter() - began


def looked(bench: Bench) -> float:
    """Seconds for the `ss` processes of one look, unparsed."""
    began = time.perf_counter()
    for running in [host.ss() for host in bench.hosts.values()]:
        running.output()
    return time.perf_counter() - began


async def measure(moves: int, link: str) -> None:
    """Alternate moves and bare looks, so that both see the same machine."""
    async with open_bench({"server": server, "client": client}, link=link) as bench:
        await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
        both = [(await moved(bench), looked(bench)) for _ in range(moves)]
        move_s, look_s = (statistics.median(times) for times in zip(*both, strict=True))
        print(
            f"{bench.record.link}: {1 / move_s:.0f} moves/s ({move_s * 1000:.2f} ms); "
            f"the ss processes alone {1 / look_s:.0f}/s ({look_s * 1000:.2f} ms); "
            f"ratio {move_s / look_s:.2f}"
        )


def main() -> None:
    """Measure and print one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--moves", type=int, default=300)
    parser.add_argument("--link", default="auto", choices=["auto", "tun", "veth"])
    asked = parser.parse_args()
    be_allowed()
    trio.run(measure, asked.moves, asked.link)


if __name__ == "__main__":
    main()
