"""How long does the whole grid take, beside a process for each of its cells?

A suite of scripts has a process for each cell, and looks at its socket at least once. The
floor of that is `ss` started and read to its end as often as the grid has cells, with nothing
injected and nothing set up. Below it, what one `socklab grid` takes from the shell.

    python benchmarks/grid.py [--times 10] [--link tun|veth]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

import trio

from socklab.errors import MachineError
from socklab.hostile import CELLS
from socklab.link import LinkKind, choose
from socklab.namespaces import be_allowed, new_namespace
from socklab.siege import besiege
from socklab.tools import Running

LIMIT_S = 3.0
"""What the whole grid may take."""


def grid_s(link: str) -> float:
    """Seconds for one grid in this process."""
    began = time.perf_counter()
    trio.run(lambda: besiege(link=link))
    return time.perf_counter() - began


def processes_s() -> float:
    """Seconds for an `ss` for each cell, in an empty network namespace."""
    namespace = new_namespace()
    try:
        with namespace.entered():
            began = time.perf_counter()
            for _ in CELLS:
                Running(("ss", "-H", "-n", "-O", "-a", "-t")).output()
            return time.perf_counter() - began
    finally:
        namespace.close()


def command_s(link: str) -> float:
    """Seconds for `socklab grid` from the shell."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "socklab", "grid", "--link", link],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - began


def measure(link: str, times: int) -> None:
    """Alternate the three, so that all see the same machine, and print a line."""
    grids, processes, commands = [], [], []
    for _ in range(times):
        grids.append(grid_s(link))
        processes.append(processes_s())
        commands.append(command_s(link))
    grid, floor, command = map(statistics.median, (grids, processes, commands))
    print(
        f"{link:<5} {len(CELLS)} cells in {grid:.2f} s ({grid / len(CELLS) * 1e6:.0f} us each, "
        f"from {min(grids):.2f} to {max(grids):.2f} s, limit {LIMIT_S:g} s); "
        f"{len(CELLS)} ss processes {floor:.2f} s, ratio {grid / floor:.2f}; "
        f"from the shell {command:.2f} s"
    )


def main() -> None:
    """Measure each link that can be had."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--link", choices=["tun", "veth"])
    asked = parser.parse_args()
    be_allowed()
    for link in [asked.link] if asked.link else [kind.value for kind in LinkKind]:
        try:
            choose(link)
        except MachineError as refused:
            print(f"{link}: {refused}")
            continue
        measure(link, asked.times)


if __name__ == "__main__":
    main()
