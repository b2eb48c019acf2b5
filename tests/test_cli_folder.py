"""Folders that the command line writes: whole or not there, and what is in the way is told."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from socklab.cli.ending import Interrupted
from socklab.cli.folder import check, save
from socklab.errors import LabError, MachineError

FILES = [("a.html", "first\n"), ("b.html", "half a character: \ud83d"), ("index.html", "last")]


def names(folder: Path) -> list[str]:
    """What is in a folder; hidden files, too."""
    return sorted(path.name for path in folder.iterdir())


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


WRITTEN = {"a.html": "first\n", "b.html": "half a character: \\ud83d", "index.html": "last"}


def test_a_folder_that_was_not_there_has_all_of_them(tmp_path: Path) -> None:
    save(tmp_path / "site", FILES, "--html-dir")
    assert content(tmp_path / "site") == WRITTEN
    assert names(tmp_path) == ["site"]
    anew = tmp_path / "anew"
    anew.mkdir()
    assert (tmp_path / "site").stat().st_mode == anew.stat().st_mode, "others may read it"


def test_a_folder_that_was_there_keeps_its_other_files(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    (tmp_path / "a.html").write_text("old")
    save(tmp_path, FILES, "--html-dir")
    assert content(tmp_path) == {**WRITTEN, "mine.txt": "kept"}
    assert len(names(tmp_path)) == 4


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    save(tmp_path / "link", FILES, "--html-dir")
    assert (tmp_path / "link").is_symlink()
    assert content(tmp_path / "there") == WRITTEN


def test_here_is_a_folder_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save(Path(), FILES, "--html-dir")
    assert content(tmp_path) == WRITTEN


def stopping(problem: BaseException) -> Iterator[tuple[str, str]]:
    """Files of which the third can't be made."""
    yield from FILES[:2]
    raise problem


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize(
    ("problem", "raised"),
    [
        (Interrupted(signal.SIGINT), Interrupted),
        (OSError(28, "No space left on device"), MachineError),
        (KeyError("a bug"), KeyError),
    ],
)
def test_what_ends_it_half_way_leaves_things_as_they_were(
    exists: bool, problem: BaseException, raised: type[BaseException], tmp_path: Path
) -> None:
    site = tmp_path / "site"
    if exists:
        site.mkdir()
        (site / "a.html").write_text("old")
    with pytest.raises(raised):
        save(site, stopping(problem), "--html-dir")
    assert names(tmp_path) == ["site"] * exists
    assert not exists or (content(site) == {"a.html": "old"} and len(names(site)) == 1)


def test_what_leads_to_the_others_takes_its_place_last(tmp_path: Path) -> None:
    (tmp_path / "b.html").mkdir()
    (tmp_path / "index.html").write_text("old")
    with pytest.raises(MachineError, match="Is a directory; cure: --html-dir with a folder else"):
        save(tmp_path, FILES, "--html-dir")
    assert content(tmp_path) == {"a.html": "first\n", "index.html": "old"}
    assert names(tmp_path) == ["a.html", "b.html", "index.html"]


@pytest.mark.parametrize(
    ("path", "force", "told"),
    [
        ("-", True, "--html-dir wants a folder, and - is none"),
        ("file", True, "--html-dir wants a folder, and file is none"),
        ("full", False, "--html-dir: there are files in full: --force replaces those that are"),
        ("no/where", True, "--html-dir: there is no folder no"),
        ("file/below", True, "--html-dir: there is no folder file"),
        ("x" * 300, False, "File name too long"),
    ],
)
def test_what_cannot_be_a_folder_of_ours_is_told_before(
    path: str, force: bool, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("full").mkdir()
    Path("full/file").touch()
    with pytest.raises(LabError) as raised:
        check(Path(path), "--html-dir", force=force)
    assert told in str(raised.value)


@pytest.mark.parametrize("path", ["new", "empty", "full", "."])
def test_what_can_be_one_is_fine(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("full").mkdir()
    Path("full/file").touch()
    check(Path(path), "--html-dir", force=path in ("full", "."))


def test_a_folder_in_which_one_may_not_write_is_told_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write anywhere, and so may who has a user namespace of their own.
    monkeypatch.setattr(os, "access", lambda *_: False)
    for path in (tmp_path, tmp_path / "site"):
        with pytest.raises(LabError, match=f"--html-dir: nothing can be written in {tmp_path}"):
            check(path, "--html-dir", force=False)
