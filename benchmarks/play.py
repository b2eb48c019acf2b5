"""How long `socklab play` takes to answer a key: until the move is made, looked at and drawn.

A real run, steered by keys: the client sends, the server receives, and what they send is carried.
The screen is Textual's own, in memory, so what a terminal takes to show it is not in it. An answer
within a tenth of a second seems to come at once.

    python benchmarks/play.py [--keys 100] [--link tun|veth|auto]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time

from socklab.moves import Move
from socklab.play.app import PlayApp
from socklab.play.menu import menu_of
from socklab.position import Position
from socklab.steer.free import free_lab, start
from socklab.steer.session import Session

SIZES = ((80, 24), (120, 40), (200, 60))


def key_at(position: Position, number: int) -> str:
    """The key of what is on the wire; without, of a send() of the client or a recv() opposite."""
    items = menu_of(position).items
    segments = [item for item in items if item.held is not None]
    calls = [
        item
        for item in items
        if (item.move.who, item.text) in {("client", "send()"), ("server", "recv()")}
    ]
    return (segments or [calls[number % len(calls)]])[0].key


async def answers(app: PlayApp, size: tuple[int, int], keys: int) -> tuple[list[float], float]:
    """How long each key took, and what of that this process computed in all, in seconds."""
    took_s = []
    computed_s = 0.0
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        for number in range(keys):
            before = app.position
            key = key_at(before, number)
            drawn = asyncio.Event()
            began, computed = time.perf_counter(), time.process_time()
            app.simulate_key(key)
            # Nothing tells of a key that has been taken.
            while app.position is before:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            await app.standstill()
            app.call_after_refresh(drawn.set)
            await drawn.wait()
            took_s.append(time.perf_counter() - began)
            computed_s += time.process_time() - computed
    return took_s, computed_s


def main() -> None:
    """Measure each size of a terminal and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--keys", type=int, default=100)
    parser.add_argument("--link", choices=("auto", "tun", "veth"), default="auto")
    asked = parser.parse_args()
    for size in SIZES:
        moves = [Move.parse(text) for text in start("established")]
        with Session(free_lab(), start=moves, link=asked.link) as session:
            app = PlayApp(session, title="Free play")
            took_s, computed_s = asyncio.run(answers(app, size, asked.keys))
            took_s.sort()
            events = len(session.position.record.events)
        print(
            f"{size[0]}x{size[1]}: {statistics.median(took_s) * 1000:.0f} ms in the median, "
            f"{took_s[int(len(took_s) * 0.95)] * 1000:.0f} ms for 95 of 100; "
            f"{computed_s / len(took_s) * 1000:.0f} ms of it computed here; "
            f"{len(took_s)} keys, {events} events at the end"
        )


if __name__ == "__main__":
    main()
