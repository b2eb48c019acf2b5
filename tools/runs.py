"""The runs that the book plays: a Record of each lab, from a file or made here and kept.

A file that SOCKLAB_RECORDS names has those of runs that were made before, as CI makes them; then
no lab is run. Else each is run once, by the command that a reader has, in a process of its own: a
build may have threads, as that of `mkdocs serve`, and no process with threads should fork labs.

What was run is kept in build/runs, under a name that changes with the lab's file, with what runs
labs and with the machine: who builds again runs only what has changed.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

from socklab.cli import saving
from socklab.cli.reading import records_in
from socklab.errors import MachineError, SocklabError
from socklab.record import Record

ROOT = Path(__file__).resolve().parents[1]

VARIABLE = "SOCKLAB_RECORDS"
"""An environment variable with the name of a file of Records, as `run --record` writes it."""

KEPT = ROOT / "build" / "runs"
"""Where Records of earlier builds are; to run all labs anew, delete it."""

WATCHDOG_S = 120
"""How long a lab may take, in seconds. The slowest takes 5; no verdict hangs on this value."""


@dataclass(slots=True)
class Runs:
    """What there is to play.

    Args:
        records: by the lab's name.
        missing: why a lab has none, by its name: the end of a sentence.
        can: whether labs can be run here; where they can, each should have its Record.
    """

    records: dict[str, Record] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    can: bool = True


def runs(labs: Mapping[str, Path]) -> Runs:
    """A run of each of these labs: from the file that SOCKLAB_RECORDS names, kept, or made now.

    Args:
        labs: their files, by their names.

    Raises:
        LabError: the file can't be read, or has something else in it.
    """
    if given := os.environ.get(VARIABLE):
        return _given(Path(given), labs)
    keys = {name: _key(path) for name, path in labs.items()}
    found = Runs({name: record for name, key in keys.items() if (record := _kept(name, key))})
    if absent := [name for name in labs if name not in found.records]:
        made = _made(absent)
        found.records |= made.records
        found.missing, found.can = made.missing, made.can
        _keep(made.records.values(), keys)
    return found


def _given(file: Path, labs: Iterable[str]) -> Runs:
    records = {record.lab: record for record in records_in(file)}
    why = f"{file.name}, from which this book has its runs, has none of it"
    return Runs(records, {name: why for name in labs if name not in records})


# --- Made ---------------------------------------------------------------------------------------


def _made(names: Sequence[str]) -> Runs:
    """Run labs side by side, slow ones too, but none waits for a timer that it need not see end."""
    if sys.platform != "linux":
        why = f"the labs run on Linux's own TCP, and this book was built on {platform.system()}"
        return Runs(missing=dict.fromkeys(names, why), can=False)
    with TemporaryDirectory() as folder:
        file, report = Path(folder, "records.json"), Path(folder, "report.xml")
        code, said = _socklab(
            *("run", *names, "--bench", "wire", "--quiet", "--watchdog", str(WATCHDOG_S)),
            *("--record", str(file), "--junit", str(report)),
        )
        if not file.exists() or not report.exists():
            last = said.strip().rpartition("\n")[2] or f"`socklab run` ended with {code}"
            return Runs(missing=dict.fromkeys(names, last))
        records = {record.lab: record for record in records_in(file)}
        troubles = _troubles(report)
    why = {name: troubles.get(name, "its run left nothing") for name in names}
    missing = {name: told for name, told in why.items() if name not in records}
    return Runs(records, missing, can=bool(records) or code != MachineError.exit_code)


def _socklab(*arguments: str) -> tuple[int, str]:
    """The exit code of a command, and what it complained of. Ctrl-C goes to both: it may end."""
    environment = {name: text for name, text in os.environ.items() if name != "SOCKLAB_LABS"}
    with subprocess.Popen(
        [sys.executable, "-m", "socklab", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            _, said = process.communicate()
        except KeyboardInterrupt:
            process.wait()  # it takes its hosts down
            raise
    return process.returncode, said


def _troubles(report: Path) -> dict[str, str]:
    """Why labs did not pass, by their names, from JUnit's XML."""
    return {
        case.get("name", ""): told.get("message", "")
        for case in ET.parse(report).iter("testcase")
        for told in case
        if told.get("message")
    }


# --- Kept ---------------------------------------------------------------------------------------


def _key(path: Path) -> str:
    """What changes whenever a lab's run may."""
    return hashlib.sha256(_base() + path.read_bytes()).hexdigest()[:16]


def _base() -> bytes:
    """The same of all labs: what runs them, the kernel, Python. A view has no part in a run."""
    package = ROOT / "socklab"
    sources = [
        path for path in sorted(package.rglob("*.py")) if package / "views" not in path.parents
    ]
    stamps = tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in sources)
    return _digest(stamps)


@cache
def _digest(stamps: tuple[tuple[str, int, int], ...]) -> bytes:
    digest = hashlib.sha256(f"{platform.release()} {sys.version}".encode())
    for name, _, _ in stamps:
        digest.update(Path(name).read_bytes())
    return digest.digest()


def _kept(name: str, key: str) -> Record | None:
    file = KEPT / f"{name}-{key}.json"
    try:
        return _read(file) if file.exists() else None
    except SocklabError:  # then it is made anew
        return None


@cache
def _read(file: Path) -> Record:
    """The Record in a file that has another name when it changes."""
    return records_in(file)[0]


def _keep(records: Iterable[Record], keys: Mapping[str, str]) -> None:
    """Keep what passed, instead of what was kept before; where nothing can be written, do not."""
    with suppress(OSError, MachineError):
        KEPT.mkdir(parents=True, exist_ok=True)
        for record in records:
            if record.passed and record.lab in keys:
                file = KEPT / f"{record.lab}-{keys[record.lab]}.json"
                saving.save(file, saving.to_text([record], several=False))
        current = {f"{name}-{key}.json" for name, key in keys.items()}
        for old in KEPT.glob("*.json"):
            if old.name not in current:
                old.unlink(missing_ok=True)
