"""`socklab diff`: where did two runs part?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from socklab import cli
from tests.commands import socklab
from tests.records import KEPT

HALF = KEPT / "half-close.json"
TWO = KEPT / "two-clients.json"


def invoke(*arguments: str | Path, stdin: str | None = None) -> tuple[int, str, str]:
    """The command in this process: its exit code, and what it printed."""
    result = CliRunner(env={"COLUMNS": "80"}).invoke(
        cli.app, ["diff", *map(str, arguments)], prog_name="socklab", input=stdin
    )
    return result.exit_code, result.stdout, result.stderr


def document(name: str = "half-close") -> Any:
    return json.loads((KEPT / f"{name}.json").read_text())


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A run of half-close in which the client's close() went wrong."""
    changed = document()
    ends = [e for e in changed["events"] if e["kind"] == "state" and e["cause"] == "close"]
    ends[0]["now"] = "CLOSED"
    file = tmp_path / "other.json"
    file.write_text(json.dumps(changed))
    return file


def test_two_runs_that_are_the_same_are_0() -> None:
    assert invoke(HALF, HALF) == (
        0,
        "The same, but for times, ports and copies: 82 steps.\n",
        "",
    )


def test_two_that_part_are_1_with_the_place(other: Path) -> None:
    code, out, err = invoke(HALF, other)
    assert (code, err) == (1, "")
    assert out.startswith("The same for 63 steps, and this is the last:\n  call server close\n")
    assert "server CLOSE-WAIT → LAST-ACK by | server CLOSE-WAIT → CLOSED by close" in " ".join(
        out.split()
    )


def test_what_is_ignored_counts_if_asked_for(tmp_path: Path) -> None:
    later = document()
    for event in later["events"]:
        event["at_s"] += 1
    file = tmp_path / "later.json"
    file.write_text(json.dumps(later))
    assert invoke(HALF, file)[0] == 0
    assert invoke(HALF, file, "--times")[0] == 1


def test_one_side_may_be_standard_input(other: Path) -> None:
    assert invoke("-", other, stdin=HALF.read_text())[0] == 1
    assert invoke(HALF, "-", stdin=HALF.read_text())[0] == 0


def test_json_has_the_same(other: Path) -> None:
    code, out, _ = invoke(HALF, other, "--json")
    told = json.loads(out)
    assert code == 1
    assert (told["same"], told["common"], told["a"]["only"], told["b"]["only"]) == (False, 63, 1, 1)


def test_all_that_follows_is_shown_if_asked_for(other: Path) -> None:
    assert "left out: --verbose" in invoke(HALF, other)[1]
    assert "left out" not in invoke(HALF, other, "--verbose")[1]


def test_files_with_many_are_compared_lab_by_lab(other: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    one.write_text(json.dumps([document(), document("two-clients"), document("refused")]))
    two.write_text(json.dumps([document("two-clients"), json.loads(other.read_text())]))
    code, out, _ = invoke(one, two)
    assert code == 1
    assert out.startswith("half-close: the same for 63 steps; then `server CLOSE-WAIT → LAST-ACK")
    assert "2 labs in both: 1 the same, 1 not." in out
    assert "".join(out.split()).endswith(f"Onlyin{one}:refused.")  # a path may be broken, too
    assert invoke(one, two, "--lab", "two-clients")[0] == 0
    assert [each["same"] for each in json.loads(invoke(one, two, "--json")[1])] == [False, True]
    assert invoke(one, one)[0] == 0


def test_of_a_lab_that_was_run_twice_the_second_is_compared_with_the_second(tmp_path: Path) -> None:
    file = tmp_path / "twice.json"
    file.write_text(json.dumps([document(), document()]))
    assert invoke(file, file) == (0, "2 labs in both: 2 the same, 0 not.\n", "")
    assert "Only in" in invoke(file, HALF)[1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.json", HALF], "nowhere.json can't be read: No such file or directory"),
        ([HALF, "."], ". can't be read: Is a directory"),
        (["-", "-"], "standard input is one file: give a second one"),
        ([HALF, HALF, "--lab", "zzz"], f"{HALF} has no Record of zzz"),
    ],
)
def test_what_can_not_be_compared_is_2(arguments: list[str | Path], sentence: str) -> None:
    code, out, err = invoke(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"socklab: {sentence}")
    assert len(err.splitlines()) == 1


@pytest.mark.kernel
def test_a_lab_and_its_control_part_where_the_cause_is_taken_away(tmp_path: Path) -> None:
    lab, control, again = (tmp_path / f"{name}.json" for name in ("lab", "control", "again"))
    socklab("run", "half-close", "--record", lab)
    socklab("run", "half-close", "--record", again, "--ipv6")
    socklab("run", "half-close", "--record", control, "--control")
    assert socklab("diff", lab, again).returncode == 0
    parted = socklab("diff", lab, control)
    assert parted.returncode == 1
    assert "call client shutdown" in parted.stdout.splitlines()[1]
