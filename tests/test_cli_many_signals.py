"""Labs side by side that are ended from outside: what is told and saved, and nothing is left."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.commands import COMMAND, LAB, PATIENCE_S, environment, hears_signals
from tests.test_cli_signals import children, namespace

pytestmark = pytest.mark.kernel

READY = "    import pathlib\n    pathlib.Path('ready').write_text('.')\n"
WAITS = LAB + READY + "    await trio.sleep_forever()\n"
COMPUTES = LAB + READY + "    while True:\n        pass\n"


@contextmanager
def at_work(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A run of two labs that never end, both under way, and of a third that is to follow."""
    (folder / "waits.py").write_text(WAITS)
    (folder / "computes.py").write_text(COMPUTES)
    os.mkfifo(folder / "ready")
    ready = os.open(folder / "ready", os.O_RDWR)
    with subprocess.Popen(
        [*COMMAND, "run", "--jobs", "2", "./waits.py", "./computes.py", "half-close", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
        cwd=folder,
        preexec_fn=hears_signals,  # noqa: PLW1509
    ) as process:
        try:
            for _ in range(2):
                assert select.select([ready], [], [], PATIENCE_S)[0], "the labs do not begin"
                os.read(ready, 1)
            yield process
        finally:
            process.kill()
            os.close(ready)


@contextmanager
def nobody_left(process: subprocess.Popen[str]) -> Iterator[None]:
    """See that everybody ends with a run: its workers, their caretakers, and so the hosts."""
    workers = children(process.pid)
    caretakers = [each for worker in workers for each in children(worker)]
    hosts = {namespace(each) for each in caretakers}
    assert (len(workers), len(hosts)) == (2, 4), "two labs, and a caretaker on each host"
    handles = [os.pidfd_open(each) for each in [*workers, *caretakers]]
    try:
        yield
        for handle in handles:
            # Readable once the process has ended: pidfd_open(2).
            assert select.select([handle], [], [], PATIENCE_S)[0], "somebody is still there"
    finally:
        for handle in handles:
            os.close(handle)


@pytest.mark.parametrize(
    ("number", "code", "told"),
    [
        (signal.SIGINT, 130, "Ctrl-C"),
        (signal.SIGTERM, 143, "SIGTERM"),
        (signal.SIGHUP, 129, "SIGHUP"),
    ],
)
def test_a_signal_ends_them_all_saves_their_records_and_leaves_nothing(
    number: signal.Signals, code: int, told: str, tmp_path: Path
) -> None:
    arguments = ("--record", "r.json", "--junit", "r.xml")
    with at_work(tmp_path, *arguments) as process, nobody_left(process):
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code
    assert err.splitlines()[-1] == f"socklab: interrupted by {told}"
    assert "2 labs: 2 interrupted." in out
    assert "1 lab not begun." in " ".join(out.split())
    records = json.loads((tmp_path / "r.json").read_text())
    assert [record["lab"] for record in records] == ["waits", "computes"]
    assert [record["events"][-1]["who"] for record in records] == [told, told]
    assert len(list(ET.parse(tmp_path / "r.xml").getroot().iter("skipped"))) == 2


def test_a_kill_leaves_nothing(tmp_path: Path) -> None:
    with at_work(tmp_path, "--record", "r.json") as process, nobody_left(process):
        process.kill()
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "r.json").exists()


def test_a_worker_that_somebody_kills_costs_its_lab_alone(tmp_path: Path) -> None:
    with at_work(tmp_path) as process:
        os.kill(children(process.pid)[0], signal.SIGKILL)
        assert process.stderr is not None
        killed, passed = process.stderr.readline(), process.stderr.readline()
        process.terminate()
        out, _ = process.communicate(timeout=PATIENCE_S)
    assert "its process was killed by SIGKILL" in killed
    assert "passed        half-close" in passed
    assert "3 labs: 1 passed, 1 failed, 1 interrupted." in out
