"""`socklab coverage`: from files and from runs, its pictures, its verdict and its refusals."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer.testing import CliRunner

from socklab import cli
from socklab.doctor import Check, Examination
from socklab.record import Record
from tests.commands import HEADER, PATIENCE_S, ROLES, environment, socklab
from tests.records import KEPT, kept

HALF = str(KEPT / "half-close.json")
SIMULTANEOUS = str(KEPT / "simultaneous-close.json")


def invoke(*arguments: str | Path, stdin: str | None = None) -> tuple[int, str, str]:
    """The command in this process: its exit code, and what it printed."""
    result = CliRunner().invoke(
        cli.app, ["coverage", *map(str, arguments)], prog_name="socklab", input=stdin
    )
    return result.exit_code, result.stdout, result.stderr


def array_of(*records: Record) -> str:
    return json.dumps([record.to_json() for record in records])


# --- From files -------------------------------------------------------------------------------


def test_files_are_told_and_nothing_is_required_of_them() -> None:
    code, out, err = invoke(HALF)
    assert (code, err) == (0, "")
    assert "✓ FIN-WAIT-2 → TIME-WAIT" in out
    assert "✗ CLOSING → TIME-WAIT" in out
    assert "– TIME-WAIT → CLOSED" in out


def test_a_file_may_have_several_records_and_standard_input_one_too(tmp_path: Path) -> None:
    both = tmp_path / "both.json"
    both.write_text(array_of(kept("half-close"), kept("simultaneous-close")))
    assert invoke(both) == invoke(HALF, SIMULTANEOUS)
    one = kept("half-close").to_json()
    assert invoke("-", stdin=json.dumps(one)) == invoke(HALF)
    assert invoke("-", stdin="[]")[0] == 0


def test_what_is_required_and_lost_is_named_one_by_one() -> None:
    code, _, err = invoke(HALF, "--require")
    assert code == 1
    lines = err.splitlines()
    assert (
        "socklab: no lab witnesses CLOSING → TIME-WAIT on ACK of FIN: it takes a lab that carries "
        "ACK of FIN to an end in CLOSING"
    ) in lines
    assert all(line.startswith("socklab: no lab witnesses ") for line in lines)
    assert not [line for line in lines if "2 MSL timeout" in line]


def test_one_lab_less_is_one_lab_s_arrows_less() -> None:
    def lost(*files: str) -> set[str]:
        return set(invoke(*files, "--require")[2].splitlines())

    more = lost(HALF) - lost(HALF, SIMULTANEOUS)
    assert sorted(re.findall(r"witnesses (.+) on", "\n".join(more))) == [
        "CLOSING → TIME-WAIT",
        "FIN-WAIT-1 → CLOSING",
    ]


def test_the_arrow_that_takes_a_minute_is_required_with_slow() -> None:
    assert "2 MSL timeout" in invoke(HALF, "--require", "--slow")[2]


def test_the_document_is_json_and_nothing_else() -> None:
    code, out, _ = invoke(HALF, "--json")
    assert code == 0
    document = json.loads(out)
    assert document["schema"] == "socklab.coverage/1"
    assert document["labs"] == ["half-close"]


def test_the_steps_beyond_the_figure_and_every_lab_come_if_asked(tmp_path: Path) -> None:
    assert "What Linux adds:" in invoke(HALF, "--all-steps")[1]
    many = tmp_path / "many.json"
    records = [kept("half-close") for _ in range(9)]
    for number, record in enumerate(records):
        record.lab = f"lab-{number}"
    many.write_text(array_of(*records))
    assert "and 6 more" in invoke(many)[1]
    assert "and 6 more" not in invoke(many, "-v")[1]


# --- Pictures ---------------------------------------------------------------------------------


def test_pictures_are_files_beside_the_table(tmp_path: Path) -> None:
    svg, dot = tmp_path / "states.svg", tmp_path / "states.dot"
    code, out, _ = invoke(HALF, "--svg", svg, "--dot", dot)
    assert code == 0
    assert "✓ CLOSED → LISTEN" in out
    assert ET.parse(svg).getroot().tag.endswith("svg")
    assert dot.read_text().startswith("digraph tcp {")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["states.dot", "states.svg"]


def test_a_picture_that_exists_is_replaced_with_force(tmp_path: Path) -> None:
    svg = tmp_path / "states.svg"
    svg.write_text("older")
    assert invoke(HALF, "--svg", svg)[0] == 2
    assert svg.read_text() == "older"
    assert invoke(HALF, "--svg", svg, "--force")[0] == 0
    assert ET.parse(svg).getroot().tag.endswith("svg")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("command", ["coverage", "claims", "replay"])
def test_a_file_that_may_not_be_read_is_told_in_our_own_words(tmp_path: Path, command: str) -> None:
    secret = tmp_path / "secret.json"
    secret.touch(mode=0o000)
    done = socklab(command, secret)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"socklab: {secret} can't be read: Permission denied\n"


def test_a_picture_may_be_printed_instead(tmp_path: Path) -> None:
    _, out, _ = invoke(HALF, "--svg", "-")
    ET.fromstring(out)
    _, out, _ = invoke(HALF, "--dot", "-", "--svg", tmp_path / "too.svg")
    assert out.startswith("digraph tcp {")
    assert (tmp_path / "too.svg").exists()


def test_the_graph_has_more_steps_if_asked() -> None:
    few, many = (invoke(HALF, "--dot", "-", *more)[1] for more in ((), ("--all-steps",)))
    assert many.count("->") > few.count("->") == 21


# --- What can't be ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.json"], "nowhere.json can't be read: No such file or directory"),
        ([".", "--json"], ". can't be read: Is a directory"),
        ([HALF, "--tag", "close"], "--tag chooses labs to run"),
        ([HALF, "--jobs", "0"], "--jobs wants a number above 0"),
        ([HALF, "--json", "--svg", "-"], "only one of --svg and --json can be printed"),
        ([HALF, "--svg", "-", "--dot", "-"], "only one of --svg and --dot can be printed"),
        ([HALF, "--svg", "."], "--svg wants a file, and . is a folder"),
        ([HALF, "--dot", "nowhere/x.dot"], "--dot: there is no folder nowhere"),
        ([HALF, "--dot", HALF], f"--dot: {HALF} exists: --force replaces it"),
        ([HALF, "--svg", "x", "--dot", "./x"], "--svg and --dot name one and the same file"),
    ],
)
def test_a_mistake_is_one_sentence(arguments: list[str], sentence: str) -> None:
    code, out, err = invoke(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"socklab: {sentence}")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '"half-close"', '{"schema": "socklab.record/0"}', "[" * 100_000]
)
def test_what_is_no_record_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)
    code, _, err = invoke(file)
    assert code == 2
    assert err.startswith(f"socklab: {file} has no Record in it, as `socklab run --record` writes")
    assert len(err.splitlines()) == 1


def test_a_look_that_does_not_read_is_the_record_s(tmp_path: Path) -> None:
    text = Path(HALF).read_text().replace("LISTEN ", "LISTENING ", 1)
    file = tmp_path / "odd.json"
    file.write_text(text)
    code, _, err = invoke(file)
    assert code == 3
    assert err.startswith("socklab: a look in the Record of half-close: line 1 of ss does not read")


def test_a_full_disk_is_told() -> None:
    with Path("/dev/full").open("wb") as full:
        done = socklab("coverage", HALF, stdout=full)
    assert done.returncode == 3
    assert done.stderr == "socklab: the output can't be written: No space left on device\n"
    done = socklab("coverage", HALF, "--svg", "/dev/full")
    assert done.returncode == 3
    assert "can't be written to /dev/full: No space left on device" in done.stderr


def test_without_a_wire_it_says_what_would_allow_one(monkeypatch: pytest.MonkeyPatch) -> None:
    lack = Check("namespaces", False, "user namespaces are refused", "a cure")
    nothing = Examination("somebody", (lack,), "loopback", "none")
    monkeypatch.setattr("socklab.doctor.examine", lambda: nothing)
    code, out, err = invoke()
    assert (code, out) == (3, "")
    assert err == (
        "socklab: labs witness on a held wire, and none can be had here: user namespaces "
        "are refused; `socklab doctor` shows what would allow one\n"
    )


# --- From runs --------------------------------------------------------------------------------

TAGGED = HEADER.replace("Next:     handshake", "Next:     handshake\nTags:     mine-alone")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.py").write_text(TAGGED + ROLES)
    return tmp_path


@pytest.mark.kernel
def test_labs_are_run_and_counted(folder: Path) -> None:
    done = socklab("coverage", "--labs", folder, "--tag", "mine-alone", "--link", "veth")
    assert done.returncode == 0
    assert "in 1 lab;" in done.stdout
    assert "    server in good\n" in done.stdout
    assert done.stderr.startswith("1/1 passed")


@pytest.mark.kernel
def test_all_labs_must_witness_all_arrows(folder: Path) -> None:
    # The labs of this folder are all that there are.
    script = (
        "import pathlib, socklab.packs\n"
        f"socklab.packs.labs_folder = lambda: pathlib.Path({str(folder)!r})\n"
        "from socklab.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "coverage"],
        check=False,
        capture_output=True,
        encoding="utf-8",
        env=environment(),
        timeout=PATIENCE_S,
    )
    assert done.returncode == 1
    assert "✓ ESTABLISHED → FIN-WAIT-1" in done.stdout
    assert "no lab witnesses LISTEN → CLOSED" in done.stderr
    assert "no lab witnesses CLOSED → LISTEN" not in done.stderr
    assert "2 MSL timeout" not in done.stderr


@pytest.mark.kernel
def test_a_lab_that_fails_fails_the_count(folder: Path) -> None:
    story = "    bench.expect(client=FIN_WAIT_2)\n"
    (folder / "bad.py").write_text(TAGGED + ROLES + story)
    done = socklab("coverage", "--labs", folder, "--tag", "mine-alone")
    assert done.returncode == 1
    assert "socklab: not all went as its lab expects: bad\n" in done.stderr
    assert "bad, good" in done.stdout


@pytest.mark.kernel
def test_saved_records_count_as_the_runs_did(folder: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved.json"
    lab = folder / "good.py"
    assert socklab("run", lab, "--record", saved).returncode == 0
    ran = socklab("coverage", "--labs", folder, "--tag", "mine-alone", "--json")
    read = socklab("coverage", saved, "--json")
    assert json.loads(ran.stdout) == json.loads(read.stdout)
