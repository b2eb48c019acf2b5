"""`socklab new`: what it writes is a lab, and what it refuses is told in a sentence."""

from __future__ import annotations

import errno
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from socklab import cli
from socklab.cli import new, saving
from socklab.lab import header_of
from socklab.lint import lint
from socklab.packs import catalogue, labs_folder
from tests.commands import in_shell, socklab


def invoke(*arguments: str) -> tuple[int, str, str]:
    """A command in this process: its exit code, and what it printed."""
    result = CliRunner().invoke(cli.app, ["new", *arguments], prog_name="socklab")
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where each test stands."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def left(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# --- The template ---


def test_the_template_is_a_lab_and_in_no_catalogue() -> None:
    path = labs_folder() / new.TEMPLATE
    assert path.read_text(encoding="utf-8").startswith(new.TITLED)
    assert lint(path, catalogue()) == []
    assert path not in catalogue().values()


@pytest.mark.kernel
def test_the_template_runs_and_so_does_its_control() -> None:
    path = labs_folder() / new.TEMPLATE
    for arguments in ((), ("--control",), ("--bench", "loopback"), ("--ipv6",)):
        done = socklab("run", path, *arguments)
        assert (done.returncode, done.stderr) == (0, ""), arguments


# --- What is written ---


def test_a_new_lab_has_its_name_and_says_what_to_do_with_it(here: Path) -> None:
    code, out, err = invoke("who-speaks_first")
    assert (code, err) == (0, "")
    assert left(here) == ["who_speaks_first.py"]
    assert header_of(here / "who_speaks_first.py")[0].startswith("Who speaks first: the server's")
    assert out == (
        "who_speaks_first.py is a lab, and runs as it is. Change it, and look again:\n"
        "  socklab run ./who_speaks_first.py\n"
        "  socklab run ./who_speaks_first.py --control\n"
        "  socklab lint ./who_speaks_first.py\n"
    )


@pytest.mark.kernel
@pytest.mark.parametrize("folder", [".", "my labs", "{here}"])
def test_what_it_says_to_do_can_be_done_as_it_is_written(here: Path, folder: str) -> None:
    folder = folder.format(here=here)
    done = socklab("new", "who-speaks-first", "--folder", folder, cwd=here)
    commands = [line.strip() for line in done.stdout.splitlines() if line.startswith("  socklab ")]
    assert len(commands) == 3
    for command in commands:
        line = command.replace("socklab", '"$S"', 1)
        done = in_shell(f"cd {shlex.quote(str(here))} && {line}")
        assert (done.returncode, done.stderr) == (0, ""), command


def test_a_folder_is_made_if_its_own_is_there(here: Path) -> None:
    assert invoke("one", "--folder", "labs")[0] == 0
    assert invoke("two", "--folder", "labs")[0] == 0
    assert left(here) == ["labs", "labs/one.py", "labs/two.py"]


def test_force_writes_a_file_anew_and_nothing_else_does(here: Path) -> None:
    (here / "mine.py").write_text("precious")
    assert invoke("mine") == (
        2,
        "",
        "socklab: mine.py is there already; --force writes it anew\n",
    )
    assert (here / "mine.py").read_text() == "precious"
    assert invoke("mine", "--force")[0] == 0
    assert header_of(here / "mine.py")[0].startswith("Mine: ")


# --- What is refused ---


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("Who Speaks", "; did you mean who-speaks?"),
        ("my_lab.py", "; did you mean my-lab?"),
        ("close/x.py", ", and --folder says where to put it; did you mean x?"),
        ("-x-", "; did you mean x?"),
        ("a--b", "; did you mean a-b?"),
        ("1st", ""),
        ("größe", "; did you mean gr-e?"),
        ("", ""),
        ("..", ""),
    ],
)
def test_a_name_that_is_none_has_the_nearest(here: Path, name: str, suggested: str) -> None:
    code, out, err = invoke("--", name)
    assert (code, out) == (2, "")
    assert err == (
        f"socklab: {name!r} is no name for a lab: it is words of a to z and 0 to 9, joined by "
        f"dashes{suggested}\n"
    )
    assert left(here) == []


def test_a_name_that_a_lab_has_is_refused(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = invoke("half-close", "--force")
    assert code == 2
    assert err == (
        f"socklab: there is a lab half-close already, {catalogue()['half-close']}; "
        "take another name\n"
    )
    assert invoke("mine", "--folder", "given")[0] == 0
    monkeypatch.setenv("SOCKLAB_LABS", "given")
    assert invoke("mine")[2] == (
        "socklab: there is a lab mine already, given/mine.py; take another name\n"
    )
    assert invoke("mine", "--folder", "given", "--force")[0] == 0  # it is that one itself


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("mine", "--folder", "no/where"), "--folder: there is no folder no"),
        (("mine", "--folder", "file"), "--folder: file is no folder"),
        (("x" * 300,), f"{'x' * 300}.py: File name too long"),
    ],
)
def test_a_place_that_is_none_is_told(
    here: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    (here / "file").touch()
    assert invoke(*arguments) == (2, "", f"socklab: {complaint}\n")
    assert left(here) == ["file"]


@pytest.mark.parametrize("folder", [".", "labs"])
def test_on_a_full_disk_nothing_is_left_behind(
    here: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(new, "put_whole", full)
    assert invoke("mine", "--folder", folder) == (
        3,
        "",
        f"socklab: the lab can't be written to {Path(folder, 'mine.py')}: No space left on device; "
        "cure: --folder with a folder elsewhere\n",
    )
    assert left(here) == []


def test_a_file_is_whole_or_as_it_was(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "mine.py").write_text("precious")

    def half(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match="No space left"):
        saving.put_whole(here / "mine.py", b"a lab that is longer")
    assert left(here) == ["mine.py"]
    assert (here / "mine.py").read_text() == "precious"
