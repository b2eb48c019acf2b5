from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from socklab import tools
from socklab.errors import MachineError, ToolError
from socklab.tools import HOW_TO_GET_IPROUTE2, Running, find
from tests.stand import open_descriptors


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The only folder in which tools are searched."""
    monkeypatch.setattr(tools, "SYSTEM_PATH", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    find.cache_clear()
    yield tmp_path
    find.cache_clear()


def put(folder: Path, name: str, script: str) -> None:
    tool = folder / name
    tool.write_text("#!/bin/sh\n" + script)
    tool.chmod(0o755)


def test_a_missing_tool_says_how_to_get_it(folder: Path) -> None:
    for tool in ("ss", "ip"):
        with pytest.raises(MachineError) as missing:
            find(tool)
        assert str(missing.value) == f"`{tool}` is not installed: {HOW_TO_GET_IPROUTE2}"
        assert "sudo apt-get install iproute2" in str(missing.value)


def test_the_folder_one_stands_in_is_not_searched(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    put(elsewhere, "ss", "echo not me")
    monkeypatch.chdir(elsewhere)
    with pytest.raises(MachineError):
        find("ss")


def test_the_users_path_comes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = folder / "own"
    own.mkdir()
    for where in (folder, own):
        put(where, "ss", "true")
    monkeypatch.setenv("PATH", str(own))
    assert find("ss") == str(own / "ss")


def test_output_is_what_the_tool_printed(folder: Path) -> None:
    put(folder, "say", 'echo "$1"; while read line; do echo "<$line>"; done')
    assert Running(("say", "hello"), "a\nb\n").output() == "hello\n<a>\n<b>\n"
    assert Running(("say", "no input")).output() == "no input\n"


def test_bytes_that_are_no_text_survive(folder: Path) -> None:
    put(folder, "say", r"printf 'a\377b'")
    assert Running(("say",)).output() == "a\udcffb"


def test_a_tool_sees_a_plain_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "say", 'echo "${COLUMNS-unset} ${TCPDIAG_FILE-unset} $LC_ALL"')
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("TCPDIAG_FILE", "/dev/null")
    assert Running(("say",)).output() == "unset unset C\n"


def test_a_failing_tool_is_told_with_its_own_words(folder: Path) -> None:
    put(folder, "sour", "echo 'no such device' >&2; exit 7")
    with pytest.raises(ToolError) as failed:
        Running(("sour", "-x")).output()
    assert str(failed.value) == "`sour -x` failed (7): no such device"
    put(folder, "mute", "exit 1")
    with pytest.raises(ToolError, match=r"`mute` failed \(1\): no reason told"):
        Running(("mute",)).output()


def test_a_tool_that_cannot_be_started_is_a_machine_error(folder: Path) -> None:
    (folder / "broken").write_text("#!/no/such/interpreter\n")
    (folder / "broken").chmod(0o755)
    with pytest.raises(MachineError, match="`broken` can't be started: No such file"):
        Running(("broken",))


def test_a_tool_that_hangs_is_ended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "hang", "exec /bin/sleep 1000")
    monkeypatch.setattr(tools, "PATIENCE_S", 0.05)
    before = open_descriptors()
    running = Running(("hang",))
    with pytest.raises(ToolError, match="`hang` did not end within 0 s"):
        running.output()
    assert running._process.returncode == -9
    assert open_descriptors() == before


def test_a_tool_that_nobody_asks_ends_with_its_block(folder: Path) -> None:
    put(folder, "hang", "exec /bin/sleep 1000")
    before = open_descriptors()
    with pytest.raises(ZeroDivisionError), Running(("hang",), "text") as running:
        _ = 1 / 0
    assert running._process.returncode == -9
    assert open_descriptors() == before


def test_a_tool_that_was_asked_is_left_alone_by_its_block(folder: Path) -> None:
    put(folder, "say", "echo yes")
    with Running(("say",)) as running:
        assert running.output() == "yes\n"
    assert running._process.returncode == 0


def test_a_tool_that_does_not_read_its_input_is_no_failure(folder: Path) -> None:
    put(folder, "deaf", "exec /bin/echo done")
    assert Running(("deaf",), "x" * 1_000_000).output() == "done\n"


@pytest.mark.kernel
def test_ss_and_ip_are_where_find_says() -> None:
    for tool in ("ss", "ip"):
        subprocess.run([find(tool), "-V"], check=True, capture_output=True)
