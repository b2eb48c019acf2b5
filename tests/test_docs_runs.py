"""The runs of the book: each lab is run once, and again when it has changed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from socklab.lab import header_of
from socklab.packs import catalogue
from tests.records import kept
from tests.sites import write_records
from tools import runs as making

LABS = catalogue()


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Which labs were run, each time that any were; what is kept is in a folder of the test."""
    times: list[list[str]] = []
    make = making._made

    def counted(names: list[str]) -> making.Runs:
        times.append(list(names))
        return make(names)

    monkeypatch.setattr(making, "_made", counted)
    monkeypatch.setattr(making, "KEPT", tmp_path / "build" / "runs")
    monkeypatch.delenv(making.VARIABLE, raising=False)
    return times


def copied(folder: Path, *names: str) -> dict[str, Path]:
    """Copies of labs, so that a test may change them."""
    return {name: Path(shutil.copy(LABS[name], folder)) for name in names}


@pytest.mark.kernel
def test_each_lab_is_run_once_until_its_file_changes(made: list[list[str]], tmp_path: Path) -> None:
    labs = copied(tmp_path, "handshake", "half-close")
    first = making.runs(labs)
    assert made == [["handshake", "half-close"]]
    assert all(record.passed and record.bench == "wire" for record in first.records.values())
    assert (first.missing, first.can) == ({}, True)

    assert making.runs(labs).records == first.records
    assert len(made) == 1

    with labs["half-close"].open("a") as file:
        file.write("# changed\n")
    making.runs(labs)
    assert made[1:] == [["half-close"]]
    assert len(list(making.KEPT.iterdir())) == 2  # what was is not kept


@pytest.mark.kernel
def test_a_slow_lab_is_run_and_none_waits_a_minute(made: list[list[str]], tmp_path: Path) -> None:
    slow = next(name for name, path in LABS.items() if header_of(path)[1].get("Slow"))
    found = making.runs(copied(tmp_path, slow, "time-wait-length"))
    assert found.records[slow].passed
    assert 0 < found.records["time-wait-length"].duration_s < 60


def test_what_is_kept_and_does_not_read_is_made_anew(
    made: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = kept("half-close")
    answer = making.Runs({"half-close": half})
    monkeypatch.setattr(making, "_made", lambda names: answer)
    labs = copied(tmp_path, "half-close")
    assert making.runs(labs).records == {"half-close": half}
    [file] = making.KEPT.iterdir()
    file.write_text("{")
    assert making.runs(labs).records == {"half-close": half}
    assert json.loads(file.read_text())["lab"] == "half-close"


def test_what_did_not_pass_is_not_kept(
    made: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = replace(kept("half-close"), passed=False)
    monkeypatch.setattr(making, "_made", lambda names: making.Runs({"half-close": failed}))
    making.runs(copied(tmp_path, "half-close"))
    assert list(making.KEPT.iterdir()) == []


def test_a_folder_that_nobody_may_write_is_done_without(
    made: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(making, "KEPT", tmp_path / "file" / "runs")
    half = kept("half-close")
    monkeypatch.setattr(making, "_made", lambda names: making.Runs({"half-close": half}))
    assert making.runs(copied(tmp_path, "half-close")).records == {"half-close": half}


def test_a_command_that_runs_nothing_is_told_and_may_be_mended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(making, "_socklab", lambda *arguments: (70, "first\nlast\n"))
    assert making._made(["half-close"]) == making.Runs({}, {"half-close": "last"}, can=True)
    monkeypatch.setattr(making, "_socklab", lambda *arguments: (3, ""))
    why = {"half-close": "`socklab run` ended with 3"}
    assert making._made(["half-close"]) == making.Runs({}, why, can=True)


def test_given_records_are_read_and_no_lab_is_run(
    made: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_records(tmp_path / "given.json", kept("half-close"))
    monkeypatch.setenv(making.VARIABLE, str(file))
    found = making.runs({name: LABS[name] for name in ("half-close", "handshake")})
    assert list(found.records) == ["half-close"]
    assert list(found.missing) == ["handshake"]
    assert made == []


def test_elsewhere_than_on_linux_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(making, "_socklab", None)
    found = making._made(["half-close"])
    assert (found.records, found.can) == ({}, False)
    assert "Linux's own TCP" in found.missing["half-close"]
