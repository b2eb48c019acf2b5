"""Does a lab give the same verdict and the same Record every time, on a busy machine?

Each lab runs N times in one process while CPU hogs keep every core busy. Two Records are the
same if `Record.essence()` says so: times, ports and the kernel's copies aside.

    python benchmarks/determinism.py [--runs 200] [--hogs 4] [--link tun|veth|auto] [LAB ...]

Prints a line per lab; ends with 1 if any verdict or Record differs from the first.
"""

from __future__ import annotations

import argparse
import difflib
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import trio

from socklab.lab import Lab, load
from socklab.namespaces import be_allowed
from socklab.packs import catalogue, find
from socklab.record import Record
from socklab.runner import run_lab

HOG = "while True: pass"


@contextmanager
def hogs(count: int) -> Iterator[None]:
    """Keep `count` processes computing for the length of the block."""
    at_work = [subprocess.Popen([sys.executable, "-c", HOG]) for _ in range(count)]
    try:
        yield
    finally:
        for process in at_work:
            process.kill()
            process.wait()


def measure(lab: Lab, runs: int, link: str) -> bool:
    """Run one lab, print what differed, and say whether nothing did."""
    records: list[Record] = [trio.run(partial(run_lab, lab, link=link)) for _ in range(runs)]
    essences = Counter("\n".join(record.essence()) for record in records)
    verdicts = Counter(record.passed for record in records)
    copies = sum(segment.get("copy", False) for r in records for segment in r.to_json()["events"])
    median_s = statistics.median(record.duration_s for record in records)
    print(
        f"{lab.name:<20} {runs} runs  {verdicts[True]} passed  "
        f"{len(essences)} different Record{'s'[: len(essences) > 1]}  "
        f"{copies} kernel copies  median {median_s * 1000:.0f} ms",
        flush=True,
    )
    usual, *others = (text.splitlines() for text, _ in essences.most_common())
    for other in others[:2]:
        for line in list(difflib.unified_diff(usual, other, "usual", "other", lineterm="", n=1))[
            :20
        ]:
            print("    " + line[:200])
    for record in [record for record in records if not record.passed][:2]:
        print("    " + record.story()[-1])
    return len(essences) == 1 and verdicts[True] == runs


def main() -> None:
    """Measure the labs named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("labs", nargs="*")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--hogs", type=int, default=4)
    parser.add_argument("--link", default="auto", choices=["auto", "tun", "veth"])
    asked = parser.parse_args()
    be_allowed()
    labs = [load(find(name)) for name in asked.labs or catalogue()]
    with hogs(asked.hogs):
        same = [measure(lab, asked.runs, asked.link) for lab in labs]
    sys.exit(0 if all(same) else 1)


if __name__ == "__main__":
    main()
