"""How long does the command take as a whole process, beside importing what it stands on?

    python benchmarks/startup.py [--runs 15]

Pairs are run in turn, A B A B, so that both see the same machine; the ratio is that of the
medians.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

PAIRS = [
    (["-m", "socklab", "run", "half-close"], ["-c", "import trio, typer"], 2.0),
    (["-m", "socklab", "--help"], ["-c", "import typer"], 1.5),
]
"""What is measured, what it is measured against, and the most the ratio may be."""


def process_ms(arguments: list[str]) -> float:
    """Milliseconds for one whole Python process."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - began) * 1000


def main() -> None:
    """Measure each pair and print a line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    for ours, theirs, most in PAIRS:
        pairs = [(process_ms(ours), process_ms(theirs)) for _ in range(runs)]
        our_ms, their_ms = (statistics.median(times) for times in zip(*pairs, strict=True))
        print(
            f"socklab {' '.join(ours[2:]):<16} {our_ms:4.0f} ms   "
            f"python {theirs[0]} '{theirs[1]}' {their_ms:4.0f} ms   "
            f"ratio {our_ms / their_ms:.2f} (at most {most})"
        )


if __name__ == "__main__":
    main()
