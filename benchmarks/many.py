"""How long do all fast labs take side by side, against the sum of each one's own process?

    python benchmarks/many.py [--rounds 3] [--jobs N] [--link tun|veth|auto]

A round is one `socklab run LAB` after the other, then one `socklab run --all`. Beside the ratio
stands the processor time of both: what is saved of it is the start of each process, and what is
left, divided by the processors there are, is the least that side by side can take.
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
    if done.returncode:  # what fails is not measured
        last = done.stderr.strip().rpartition("\n")[2]
        sys.exit(f"{' '.join(arguments)} ended with exit code {done.returncode}: {last}")
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
    rounds = []
    for _ in range(asked.rounds):
        alone = [seconds([*run, lab]) for lab in labs]
        one_by_one = [sum(figures) for figures in zip(*alone, strict=True)]
        rounds.append((*one_by_one, *seconds(all_of_them), seconds(START)[0]))
    medians = [statistics.median(figures) for figures in zip(*rounds, strict=True)]
    one_by_one_s, its_processor_s, together_s, processor_s, start_s = medians
    print(
        f"{len(labs)} labs   one by one {one_by_one_s:.2f} s   side by side {together_s:.2f} s   "
        f"start {start_s:.2f} s\n"
        f"ratio {together_s / one_by_one_s:.2f}, and "
        f"{(together_s - start_s) / one_by_one_s:.2f} without the start (at most {LIMIT:.2f})\n"
        f"processor time {its_processor_s:.2f} s and {processor_s:.2f} s, "
        f"on {len(os.sched_getaffinity(0))} processors"
    )


if __name__ == "__main__":
    main()
