"""How long does it take to make and unmake a bench, beside making the bare namespaces?

The floor is two network namespaces made and let go, with nothing in them.

    python benchmarks/hosts.py [--times 100]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import trio

from socklab.errors import MachineError
from socklab.link import LinkKind, choose
from socklab.namespaces import be_allowed, new_namespace
from socklab.runner import open_bench


async def bare() -> None:
    """The floor: two namespaces and nothing else."""
    for namespace in [new_namespace(), new_namespace()]:
        namespace.close()


async def bench(link: str) -> None:
    """A bench without roles, opened and closed."""
    async with open_bench({}, link=link):
        pass


async def timed(act: Callable[[], Awaitable[None]], times: int) -> tuple[float, float, float]:
    """Least, median and most milliseconds; what is made once a process is not counted."""
    taken_ms = []
    for _ in range(times + 1):
        began = time.perf_counter()
        await act()
        taken_ms.append((time.perf_counter() - began) * 1000)
    taken_ms = taken_ms[1:]
    return min(taken_ms), statistics.median(taken_ms), max(taken_ms)


def descriptors() -> int:
    """How many this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def measure(times: int) -> None:
    """Measure the floor and both links, and print a line for each."""
    _, floor, _ = await timed(bare, times)
    print(f"{'two bare namespaces':<22} median {floor:6.2f} ms")
    before = descriptors()
    for link in LinkKind:
        try:
            choose(link.value)
        except MachineError as refused:
            print(f"bench on {link.value}: {refused}")
            continue
        least, median, most = await timed(partial(bench, link.value), times)
        print(
            f"bench on {link.value:<13} median {median:6.2f} ms  "
            f"(least {least:.2f}, most {most:.2f})  {median / floor:.1f} x the floor"
        )
    print(f"descriptors left: {descriptors() - before}")


def main() -> None:
    """Make as many benches as asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--times", type=int, default=100)
    times = parser.parse_args().times
    be_allowed()
    trio.run(measure, times)


if __name__ == "__main__":
    main()
