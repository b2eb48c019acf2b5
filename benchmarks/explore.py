"""How many runs a second does an exploration make, beside what a run can't do without?

Every try is a run on a fresh bench: two hosts are made and unmade, and looked at once. The floor of
that is a bench that is made and unmade with nothing in between, and two `ss` processes. Below it,
what one exploration of close() in all orders takes.

    python benchmarks/explore.py [--times 5] [--jobs 2] [--link tun|veth]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import time
from contextlib import ExitStack

import trio

from socklab.errors import MachineError
from socklab.explore.search import Search
from socklab.joint.graph import Graph, Terms
from socklab.link import LinkKind, choose
from socklab.namespaces import be_allowed
from socklab.runner import open_bench
from socklab.steer.free import free_lab, start

LIMIT_PER_S = 40.0
"""How many runs a second two cores have to make at least."""

RUNS = 20
"""How often the floor is measured in a row."""

CALLS = ("close", "shutdown(SHUT_WR)")


def explored(link: str, jobs: int) -> tuple[int, float, float]:
    """One exploration: its runs, its seconds, and the processor's milliseconds for a run."""
    graph = Graph(Terms("free", start("established"), CALLS, 1))
    before, began = _processor_s(), time.perf_counter()
    Search(free_lab(), graph, at_once=jobs, link=link).run()
    took_s = time.perf_counter() - began
    return graph.runs, took_s, (_processor_s() - before) / graph.runs * 1000


def floor_s(link: str) -> float:
    """Seconds for a bench with nothing on it, looked at once."""

    async def benches() -> float:
        began = time.perf_counter()
        for _ in range(RUNS):
            async with open_bench({}, link=link) as bench:
                with ExitStack() as looks:
                    for running in [looks.enter_context(h.ss()) for h in bench.hosts.values()]:
                        running.output()
        return (time.perf_counter() - began) / RUNS

    return trio.run(benches)


def _processor_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def measure(link: str, times: int, jobs: int) -> None:
    """Alternate the two, so that both see the same machine, and print a line."""
    rates, processor, floors = [], [], []
    for _ in range(times):
        runs, took_s, cpu_ms = explored(link, jobs)
        rates.append(runs / took_s)
        processor.append(cpu_ms)
        floors.append(floor_s(link))
    rate, floor = statistics.median(rates), statistics.median(floors)
    one_s = jobs / rate
    print(
        f"{link:<5} {runs} runs, {rate:.0f} runs/s with {jobs} at a time "
        f"(from {min(rates):.0f} to {max(rates):.0f}, limit {LIMIT_PER_S:g}); "
        f"{one_s * 1000:.1f} ms each, {statistics.median(processor):.1f} ms of a processor; "
        f"an empty bench and two ss {floor * 1000:.1f} ms, ratio {one_s / floor:.2f}"
    )


def main() -> None:
    """Measure each link that can be had."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--link", choices=["tun", "veth"])
    asked = parser.parse_args()
    be_allowed()
    for link in [asked.link] if asked.link else [kind.value for kind in LinkKind]:
        try:
            choose(link)
        except MachineError as refused:
            print(f"{link}: {refused}")
            continue
        measure(link, asked.times, asked.jobs)


if __name__ == "__main__":
    main()
