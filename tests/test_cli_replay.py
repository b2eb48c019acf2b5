"""`socklab replay` as its users have it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from socklab.packs import labs_folder
from tests.commands import in_shell, socklab


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A Record of a run."""
    file = tmp_path / "run.json"
    assert socklab("run", "rst-abort", "--ipv6", "--record", str(file)).returncode == 0
    return file


@pytest.mark.kernel
def test_a_run_replays_to_the_same_record(recorded: Path) -> None:
    done = socklab("replay", str(recorded))
    assert done.returncode == 0, done.stderr
    assert "RST seq 11 ack 1" in done.stdout
    assert done.stdout.endswith(f"The same as in {recorded}, but for times and ports.\n")


@pytest.mark.kernel
def test_a_control_replays_with_what_it_lost(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    socklab("run", "four-way-close", "--control", "--record", str(file))
    done = socklab("replay", str(file))
    assert done.returncode == 0, done.stdout
    assert "The same as in" in done.stdout


@pytest.mark.kernel
def test_a_record_that_tells_otherwise_is_told_from_where_they_part(recorded: Path) -> None:
    document = json.loads(recorded.read_text())
    (state,) = [e for e in document["events"] if e.get("now") == "SYN-SENT"]
    state["now"] = "LISTEN"
    recorded.write_text(json.dumps(document))
    done = socklab("replay", str(recorded))
    assert done.returncode == 1
    _, _, parted = done.stdout.partition("The same for 12 steps, and this is the last:\n")
    (told,) = [line for line in parted.splitlines() if " | " in line]
    theirs, _, ours = told.partition(" | ")
    assert theirs.split() == ["client", "CLOSED", "→", "LISTEN", "by", "connect"]
    assert ours.split() == ["client", "CLOSED", "→", "SYN-SENT", "by", "connect"]


@pytest.mark.kernel
def test_a_move_that_can_not_be_made_again_is_another_run(recorded: Path) -> None:
    document = json.loads(recorded.read_text())
    moves = [event for event in document["events"] if event["kind"] == "move"]
    moves[3]["text"] = "carry server 7 FIN"
    recorded.write_text(json.dumps(document))
    done = socklab("replay", str(recorded))
    assert done.returncode == 1
    told = " ".join(done.stdout.split())
    assert "`carry server 7 FIN` finds no such segment; the wire is empty" in told
    assert "The same for 9 steps" in told


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "can't be read: No such file or directory"),
        ("not json", "has no Record in it, as `socklab run --record` writes one"),
        ("[]", "has an empty array in it, and no Record"),
        ("{}", "has no Record in it"),
    ],
)
def test_what_is_no_record_is_refused_in_one_sentence(
    text: str | None, complaint: str, tmp_path: Path
) -> None:
    file = tmp_path / "some.json"
    if text is not None:
        file.write_text(text)
    done = socklab("replay", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.kernel
def test_of_several_records_one_is_asked_for_by_lab_by_number_or_by_its_file(
    tmp_path: Path,
) -> None:
    file = tmp_path / "two.json"
    assert socklab("run", "handshake", "rst-abort", "--record", file).returncode == 0
    own = shutil.copy(labs_folder() / "abort" / "rst_abort.py", tmp_path)
    for which in ("rst-abort", "2", own):
        done = socklab("replay", file, "--lab", which)
        assert done.returncode == 0, done.stderr
        assert "RST seq 11 ack 1" in done.stdout
    done = socklab("replay", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"socklab: a replay makes the moves of one run, and {file} has 2: --lab says which\n"
    )
    done = in_shell(f'"$S" replay - --lab 2 <"{file}"')
    assert done.stdout.endswith("The same as in standard input, but for times and ports.\n")


def test_a_run_on_loopback_has_nothing_to_replay(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    socklab("run", "half-close", "--bench", "loopback", "--record", str(file))
    done = socklab("replay", str(file))
    assert done.returncode == 2
    assert "is of a run on loopback" in done.stderr
