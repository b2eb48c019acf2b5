"""The set-up scripts, on machines that lack something.

Each test gets a checkout of its own and a PATH with nothing in it but what the test puts there,
so that any machine can play any other. What a whole set-up takes from the network is tried by
`.ci/run`, which begins with a fresh clone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

SHELLS = [
    shell
    for shell in (["dash"], ["busybox", "ash"], ["bash", "--posix"])
    if shutil.which(shell[0]) is not None
]

pytestmark = pytest.mark.skipif(
    shutil.which("ss", path="/usr/sbin:/sbin") is not None,
    reason="the scripts always look into sbin, and here ss is there: it can't be made to lack",
)


class Machine:
    """A checkout, and the programs that its user can find."""

    def __init__(self, path: Path) -> None:
        self.checkout = path / "a checkout"
        self.programs = path / "programs"
        self.home = path / "home"
        self.log = path / "log"
        for folder in (self.checkout / "tools", self.programs, self.home):
            folder.mkdir(parents=True)
        for name in ("socklab.sh", "test.sh", "tools/setup.sh", "pyproject.toml"):
            shutil.copy(ROOT / name, self.checkout / name)
        for name in ("cat", "mkdir", "readlink", "uname"):
            self.link(name)
        self.program("id", "echo 1000")

    def link(self, name: str, target: str | None = None) -> None:
        found = target or shutil.which(name)
        assert found is not None
        (self.programs / name).symlink_to(found)

    def program(self, name: str, *lines: str) -> None:
        """A program that writes down how it was called, and does what the lines say."""
        self.script(self.programs / name, f'echo "{name} $*" >>"{self.log}"', *lines)

    @staticmethod
    def script(path: Path, *lines: str) -> None:
        path.write_text("\n".join(("#!/bin/sh", *lines, "")), encoding="utf-8")
        path.chmod(0o755)

    def installed(self) -> None:
        """As after a set-up: a .venv whose socklab says what it was asked."""
        venv = self.checkout / ".venv"
        (venv / "bin").mkdir(parents=True)
        (venv / "bin/python").symlink_to(sys.executable)
        self.script(venv / "bin/socklab", 'echo "socklab $*"')
        (venv / ".socklab-made").write_text(f"{self.checkout}\n\n", encoding="utf-8")
        (venv / ".socklab-run").write_text(PROJECT, encoding="utf-8")

    def calls(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []

    def run(self, *arguments: str, shell: list[str] | None = None) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of ./socklab.sh."""
        command = [shutil.which((shell or ["sh"])[0]) or "sh", *(shell or ["sh"])[1:]]
        ran = subprocess.run(
            [*command, str(self.checkout / "socklab.sh"), *arguments],
            check=False,
            capture_output=True,
            encoding="utf-8",
            cwd=self.home,
            env={"PATH": str(self.programs), "HOME": str(self.home)},
        )
        return ran.returncode, ran.stdout, ran.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_a_second_start_says_nothing_and_calls_no_python(
    machine: Machine, shell: list[str]
) -> None:
    machine.installed()
    machine.program("ss")
    machine.program("python3", "exit 1")
    assert machine.run("run", "half close", shell=shell) == (0, "socklab run half close\n", "")
    assert machine.calls() == []


def test_it_starts_through_a_link_in_another_folder(machine: Machine, tmp_path: Path) -> None:
    machine.installed()
    machine.program("ss")
    link = tmp_path / "socklab"
    link.symlink_to(machine.checkout / "socklab.sh")
    ran = subprocess.run(
        [link, "list"], check=True, capture_output=True, env={"PATH": str(machine.programs)}
    )
    assert ran.stdout == b"socklab list\n"


def test_no_python_is_one_sentence_with_the_cure(machine: Machine) -> None:
    machine.program("apt-get")
    machine.program("sudo")
    assert machine.run("list") == (
        3,
        "",
        "socklab: needs Python 3.11 or newer: sudo apt-get install python3 python3-venv, "
        "or set PYTHON to its path\n",
    )


def test_an_old_python_is_named(machine: Machine) -> None:
    machine.program("python3", "echo Python 3.9", "exit 41")
    assert machine.run("list") == (
        3,
        "",
        "socklab: needs Python 3.11 or newer, and python3 is Python 3.9: "
        "install a newer one and set PYTHON to its path\n",
    )


def test_a_python_without_venv_is_one_sentence_with_the_cure(machine: Machine) -> None:
    machine.program("apt-get")
    machine.program("python3", "exit 42")
    assert machine.run("list") == (
        3,
        "",
        "socklab: python3 can't make virtual environments, its venv module is not installed: "
        "su -c 'apt-get install python3-venv'\n",
    )


def test_a_newer_python_beside_an_old_one_is_found(machine: Machine) -> None:
    machine.program("python3", "echo Python 3.9", "exit 41")
    machine.link("python3.12", sys.executable)
    # It is past Python, and asks for the next thing.
    assert machine.run("list") == (
        3,
        "",
        "socklab: ss is not installed: install iproute2 with your package manager\n",
    )


MANAGERS = {
    "apt-get": "apt-get install iproute2",
    "dnf": "dnf install iproute",
    "apk": "apk add iproute2",
    "pacman": "pacman -S iproute2",
}


@pytest.mark.parametrize("manager", MANAGERS)
def test_a_plain_user_without_ss_is_told_the_command(machine: Machine, manager: str) -> None:
    machine.installed()
    machine.link("python3", sys.executable)
    machine.program(manager)
    machine.program("doas")
    assert machine.run("list") == (
        3,
        "",
        f"socklab: ss is not installed, and installing it takes root: doas {MANAGERS[manager]}\n",
    )
    assert machine.calls() == ["id -u", "id -u"]


@pytest.mark.parametrize(
    ("manager", "call"),
    [
        ("apt-get", "apt-get install -y --no-install-recommends iproute2"),
        ("dnf", "dnf install -y iproute"),
        ("apk", "apk add iproute2"),
        ("pacman", "pacman -S --noconfirm --needed iproute2"),
    ],
)
def test_root_without_ss_gets_it_and_goes_on(machine: Machine, manager: str, call: str) -> None:
    machine.installed()
    machine.link("python3", sys.executable)
    machine.link("chmod")
    machine.program("id", "echo 0")
    ss = machine.programs / "ss"
    machine.program(manager, "echo noise", f'echo "#!/bin/sh" >"{ss}"', f'chmod +x "{ss}"')
    code, told, complained = machine.run("list")
    assert (code, told) == (0, "socklab list\n")
    assert complained == f"socklab: ss is not installed: {MANAGERS[manager]}\n"
    assert machine.calls() == ["id -u", call]


def test_root_fetches_the_package_lists_when_they_are_missing(machine: Machine) -> None:
    machine.installed()
    machine.link("python3", sys.executable)
    machine.program("id", "echo 0")
    machine.program("apt-get", "echo E: Unable to locate package iproute2", "exit 100")
    code, told, complained = machine.run("list")
    assert (code, told) == (3, "")
    assert complained.splitlines() == [
        "socklab: ss is not installed: apt-get install iproute2",
        "E: Unable to locate package iproute2",
        "socklab: apt-get could not install iproute2 (its words are above)",
    ]
    assert "apt-get update" in machine.calls()


def test_a_python_that_was_asked_for_and_is_none_is_said_to_be_none(machine: Machine) -> None:
    machine.installed()
    machine.program("ss")
    machine.program("python2", "exit 2")
    machine.program("python3", f'exec "{sys.executable}" "$@"')
    # No network here, so the set-up itself must fail: what it says before that counts.
    (machine.checkout / "pyproject.toml").write_text("broken = [", encoding="utf-8")
    command = ["sh", str(machine.checkout / "socklab.sh"), "list"]
    ran = subprocess.run(
        command,
        check=False,
        capture_output=True,
        encoding="utf-8",
        env={"PATH": f"{machine.programs}:{os.environ['PATH']}", "PYTHON": "python2"},
    )
    assert ran.returncode == 3
    first, second, *words, last = ran.stderr.splitlines()
    assert first == "socklab: PYTHON=python2 is no Python 3.11 or newer with venv: using python3"
    assert second.startswith(f"socklab: making {machine.checkout}/.venv with ")
    assert words, "what pip said is shown"
    assert last.startswith("socklab: pip could not install what socklab needs")
    # pip refused by itself: nobody was interrupted, and the next start need not begin anew.
    assert (machine.checkout / ".venv.lock").read_text(encoding="utf-8") == ""
