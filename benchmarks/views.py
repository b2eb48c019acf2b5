"""How long a Record takes to become each of its views, and how a browser gets on with the player.

Two Records: half-close as it was run, and 195 connections of its kind one after the other, some
20,000 events. The first table is Python alone; each view is measured against the least that any
view does, which is to write the Record as JSON. The second opens the player in Chromium: until it
is there, and for each step until the browser has laid it out. A step is measured against a frame
at 60 a second.

    python benchmarks/views.py                # takes a minute; wants playwright and a Chromium
    python benchmarks/views.py --runs 3 --no-browser
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from socklab.record import Call, Move, Record
from socklab.views.capture import pcapng
from socklab.views.graph import observed
from socklab.views.picture import svg
from socklab.views.player import player
from socklab.views.sequence import mermaid

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "tests" / "views" / "data" / "half-close.json"
LAB = ROOT / "labs" / "close" / "half_close.py"

MANY = 20_000
"""Events of the long Record."""

FRAME_MS = 1000 / 60

VIEWS: dict[str, Callable[[Record], str | bytes]] = {
    "to_json, json.dumps": lambda record: json.dumps(record.to_json()),
    "player": player,
    "capture": pcapng,
    "picture (SVG)": svg,
    "sequence (Mermaid)": mermaid,
    "graph (DOT)": observed,
}
"""Each view by its name; the first is what the others are measured against."""


def short_record() -> Record:
    """Half-close, as a real run left it, with the source that a Record has now."""
    record = Record.from_json(json.loads(KEPT.read_text(encoding="utf-8")))
    record.file, record.source = str(LAB.relative_to(ROOT)), LAB.read_text(encoding="utf-8")
    return record


def long_record(events: int = MANY) -> Record:
    """The same run again and again, each time from another port of the client."""
    one = short_record()
    told = json.dumps(one.to_json()["events"])
    (port,) = {found for found in re.findall(r"10\.0\.0\.1:(\d+)", told) if found != "80"}
    whole = replace(one, events=[], lab="half-close-again")
    calls = 1 + max(event.number for event in one.of(Call))
    while len(whole.events) < events:
        turn = len(whole.events) // len(one.events)
        again = json.loads(told.replace(f"10.0.0.1:{port}", f"10.0.0.1:{20_000 + turn}"))
        document = one.to_json() | {"events": again}
        for event in Record.from_json(document).events:
            later: dict[str, Any] = {"at_s": round(event.at_s + turn * one.duration_s, 6)}
            if isinstance(event, Call):
                later["number"] = event.number + turn * calls
            whole.events.append(replace(event, **later))
    return whole


def median_ms(work: Callable[[], object], runs: int) -> float:
    """How long `work` takes, after one that does not count."""
    work()
    taken = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken) * 1000


def python_alone(records: dict[str, Record], runs: int) -> None:
    print(f"{'':24} {'events':>8} {'median':>10} {'ratio':>8} {'size':>10}")
    for name, record in records.items():
        floor = 0.0
        for view, make in VIEWS.items():
            made = make(record)
            size = len(made.encode() if isinstance(made, str) else made)
            taken = median_ms(partial(make, record), runs)
            floor = floor or taken
            print(
                f"{view:24} {len(record.events):8,} {taken:7.1f} ms {taken / floor:8.1f}"
                f" {size / 1024:7.0f} KB"
            )
        print(f"{'':24} ({name})")


STEPPING = """async (steps) => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const forward = document.getElementById("forward");
    const taken = [];
    for (let step = 0; step < steps; step++) {
        await frame();
        const begin = performance.now();
        forward.click();
        document.body.getBoundingClientRect();
        taken.push(performance.now() - begin);
    }
    return taken;
}"""
"""Steps on by the button; each is measured until styles and layout are done."""

JUMPING = """async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const taken = [];
    for (const id of ["last", "first", "last", "first"]) {
        await frame();
        const begin = performance.now();
        document.getElementById(id).click();
        document.body.getBoundingClientRect();
        taken.push(performance.now() - begin);
    }
    return taken;
}"""
"""From one end to the other, which inks the whole ladder."""


def in_chromium(records: dict[str, Record], runs: int) -> None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - the other table does without

    program = os.environ.get("SOCKLAB_CHROMIUM") or shutil.which("chromium")
    print(f"\n{'Chromium':24} {'load':>10} {'step':>10} {'frames':>8} {'slowest':>10} {'jump':>10}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        for name, record in records.items():
            file = Path(folder) / f"{name}.html"
            file.write_text(player(record), encoding="utf-8")
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            loads: list[float] = []
            for _ in range(runs):
                page.goto(file.as_uri())
                page.wait_for_selector("body.ready", state="attached")
                loads.append(
                    page.evaluate("performance.getEntriesByType('navigation')[0].duration")
                )
            count = min(200, sum(1 for _ in record.of(Move)))
            steps = page.evaluate(STEPPING, count)
            jumps = page.evaluate(JUMPING)
            step = statistics.median(steps)
            print(
                f"{name:24} {statistics.median(loads):7.0f} ms {step:7.1f} ms"
                f" {step / FRAME_MS:8.2f} {max(steps):7.1f} ms {statistics.median(jumps):7.0f} ms"
            )
            page.close()
        print(f"{'':24} {browser.version}")
        browser.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=9)
    options.add_argument("--no-browser", action="store_true")
    asked = options.parse_args()
    short, long = short_record(), long_record()
    records = {f"{len(short.events)} events": short, f"{len(long.events)} events": long}
    print(f"Python {platform.python_version()}, {platform.system()} {platform.release()}")
    python_alone(records, asked.runs)
    if not asked.no_browser:
        in_chromium(records, min(asked.runs, 5))


if __name__ == "__main__":
    main()
