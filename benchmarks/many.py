"""How long do all fast labs take side by side, against the sum of each one's own process?

    python benchmarks/many.py [--rounds 3] [--jobs N] [--link tun|veth|auto]

A round is one `socklab run LAB` after the other, then one `socklab run --all`. Said beside the
ratio is how busy the processors were meanwhile: where that is near 100 %, they are what binds.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from socklab.lab import header_of
from socklab.packs import catalogue

LIMIT = 1 / 3
"""The most that side by side may take of the sum, the start of one process aside."""

START = ["-c", "import typer, trio, socklab.runner, socklab.cli.many"]


def seconds(arguments: Sequence[str]) -> tuple[float, float]:
    """How long a Python process takes, and how much processor time it and its own use."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments],
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    took_s = time.perf_counter() - began
    if done.returncode:
        print(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return took_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure some rounds and print their medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs")
    parser.add_argument("--link", default="auto")
    asked = parser.parse_args()
    run = ["-m", "socklab", "run", "--link", asked.link]
    all_of_them = [*run, "--all", *(["--jobs", asked.jobs] if asked.jobs else [])]
    labs = [name for name, path in catalogue().items() if not header_of(path)[1].get("Slow")]
    sums, togethers, starts, busy = [], [], [], []
    for _ in range(asked.rounds):
        sums.append(sum(seconds([*run, lab])[0] for lab in labs))
        together_s, processor_s = seconds(all_of_them)
        togethers.append(together_s)
        busy.append(processor_s / together_s / len(os.sched_getaffinity(0)))
        starts.append(seconds(START)[0])
    one_by_one_s, together_s, start_s = map(statistics.median, (sums, togethers, starts))
    without = (together_s - start_s) / one_by_one_s
    print(
        f"{len(labs)} labs   one by one {one_by_one_s:.2f} s   side by side {together_s:.2f} s   "
        f"start {start_s:.2f} s\n"
        f"ratio {together_s / one_by_one_s:.2f}, and {without:.2f} without the start "
        f"(at most {LIMIT:.2f})   "
        f"{len(os.sched_getaffinity(0))} processors {statistics.median(busy):.0%} busy"
    )


if __name__ == "__main__":
    main()
