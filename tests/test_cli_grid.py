"""`socklab grid`: its matrix, its document, its comparison, and what it says to bad input."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from socklab.grid import Grid
from socklab.hostile import CELLS, Outcome
from socklab.situations import Situation
from socklab.tcp import CLOSED
from tests.commands import COMMAND, environment, in_shell, socklab
from tests.grids import KEPT, cell, changed
from tests.test_cli import completed, invoke

pytestmark = pytest.mark.kernel

ESTABLISHED_ONLY = ("grid", "--link", "veth", "--state", "established")


@pytest.fixture(scope="module")
def document() -> str:
    """What `socklab grid --json` prints here."""
    done = socklab("grid", "--json", "--link", "veth")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_two_runs_are_the_same_byte_for_byte(document: str) -> None:
    again = socklab("grid", "--json")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout == document
    assert len(Grid.from_json(document).outcomes) == len(CELLS)


def test_the_matrix_is_printed_and_fits() -> None:
    done = socklab(*ESTABLISHED_ONLY)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[2] == "ESTABLISHED (accept())"
    assert max(map(len, lines)) <= 80


def test_states_and_segments_choose_cells() -> None:
    done = socklab(*ESTABLISHED_ONLY, "--segment", "rst", "--segment", "syn-ack", "--json")
    chosen = Grid.from_json(done.stdout).outcomes
    assert {str(one.situation) for one in chosen} == {"ESTABLISHED"}
    assert {str(one.kind) for one in chosen} == {"RST", "SYN+ACK"}
    assert len(chosen) == 12


def test_ipv6_is_told_and_changes_nothing_else() -> None:
    six, four = (
        json.loads(socklab(*ESTABLISHED_ONLY, "--json", *more).stdout) for more in (["--ipv6"], [])
    )
    assert (six.pop("ipv6"), four.pop("ipv6")) == (True, False)
    assert six == four


# --- Compare ---


def test_the_same_is_0(document: str, tmp_path: Path) -> None:
    (tmp_path / "here.json").write_text(document)
    done = socklab("grid", "--diff", "here.json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    kernel = Grid.from_json(document).kernel
    assert done.stdout == (
        f"The same as in here.json (Linux {kernel}) in all 588 cells compared.\n"
    )


def test_another_is_1_with_a_line_for_each_cell(document: str, tmp_path: Path) -> None:
    ours = Grid.from_json(document)
    theirs = changed(ours, cell(), Outcome((), CLOSED))
    theirs = changed(theirs, cell(Situation.TIME_WAIT), Outcome((), CLOSED))
    (tmp_path / "theirs.json").write_text(theirs.to_json())
    done = socklab(*ESTABLISHED_ONLY, "--diff", "theirs.json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        f"ESTABLISHED, RST at RCV.NXT+100: no reply, CLOSED ({ours.kernel}); "
        f"<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> ({ours.kernel})\n"
        "1 of 42 cells differ.\n"
    )


def test_a_file_without_the_cells_is_refused(document: str, tmp_path: Path) -> None:
    ours = Grid.from_json(document)
    some = {one: ours.outcomes[one] for one in CELLS if one.situation is Situation.LISTEN}
    (tmp_path / "part.json").write_text(Grid(ours.kernel, False, some).to_json())
    done = socklab(*ESTABLISHED_ONLY, "--diff", "part.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "socklab: part.json has none of these cells\n"


# --- Bad input ---


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--state", "establishd"), "'establishd' is not a TCP state. Did you mean ESTABLISHED?"),
        (("--segment", "FIN"), "'FIN' is no kind of segment in the grid; there are RST, RST+ACK"),
        (("--json", "--diff", "x"), "--json and --diff are two answers: leave out one of them"),
        (("--diff", "nowhere.json"), "nowhere.json can't be read: No such file or directory"),
        (("--diff", "/"), "/ can't be read: Is a directory"),
        (("--diff", sys.executable), "is no grid that `socklab grid --json` printed: "),
        (("--link", "cable"), "Invalid value for '--link'"),
    ],
)
def test_bad_input_is_2_in_one_sentence(arguments: tuple[str, ...], complaint: str) -> None:
    code, out, err = invoke("grid", *arguments)
    assert (code, out) == (2, "")
    assert complaint in err
    assert "Traceback" not in err


@pytest.mark.parametrize("text", ["", "{}", '{"schema": "socklab.record/1"}', "\x00", "[1, 2"])
def test_a_broken_file_is_2_in_one_sentence(text: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(text)
    code, out, err = invoke("grid", "--diff", str(broken))
    assert (code, out) == (2, "")
    assert err.startswith(f"socklab: {broken} is no grid that `socklab grid --json` printed: ")
    assert err.count("\n") == 1


def test_too_few_descriptors_are_3_with_the_cure() -> None:
    def few() -> None:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (40, most))

    done = subprocess.run(
        [*COMMAND, *ESTABLISHED_ONLY],
        check=False,
        capture_output=True,
        encoding="utf-8",
        env=environment(),
        preexec_fn=few,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "socklab: 42 sockets can't be had at once: Too many open files; cure: ulimit -n 256\n"
    )


def test_a_full_disk_is_told() -> None:
    done = in_shell("$S grid --state closed --json > /dev/full")
    assert done.returncode == 3
    assert done.stderr == "socklab: the output can't be written: No space left on device\n"


def test_a_missing_ss_is_told_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "ss").write_text("#!/bin/sh\necho nonsense\n")
    (tmp_path / "ss").chmod(0o755)
    done = socklab(*ESTABLISHED_ONLY, env={"PATH": f"{tmp_path}:/usr/bin:/bin:/usr/sbin:/sbin"})
    assert done.returncode == 3
    assert str(tmp_path) in done.stderr
    assert done.stderr.count("\n") == 1


# --- Completion, and the rest of the house ---


def test_a_shell_completes_states_and_kinds() -> None:
    assert completed("bash", "socklab grid --state FIN").split() == ["FIN-WAIT-1", "FIN-WAIT-2"]
    assert completed("bash", "socklab grid --state cl").split() == [
        "closed",
        "close-wait",
        "closing",
    ]
    assert completed("bash", "socklab grid --segment S").split() == ["SYN", "SYN+ACK"]
    assert completed("bash", "socklab grid --segment d").split() == ["data"]
    assert completed("bash", "socklab grid --link v").split() == ["veth"]


def test_the_kept_grid_can_be_compared_with() -> None:
    done = socklab("grid", "--diff", KEPT)
    assert done.returncode in (0, 1), done.stderr  # 1 on another kernel, which is no fault of ours
    assert " of 588 cells differ." in done.stdout or "in all 588 cells compared" in done.stdout
