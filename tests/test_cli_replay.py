"""`socklab replay` as its users have it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import socklab


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
    assert f"Not the same as in {recorded}. They part here; recorded:" in done.stdout
    theirs, _, ours = done.stdout.partition("recorded:\n")[2].partition("now:\n")
    assert '"now": "LISTEN"' in theirs.splitlines()[0]
    assert '"now": "SYN-SENT"' in ours.splitlines()[0]


@pytest.mark.kernel
def test_a_move_that_can_not_be_made_again_is_another_run(recorded: Path) -> None:
    document = json.loads(recorded.read_text())
    moves = [event for event in document["events"] if event["kind"] == "move"]
    moves[3]["text"] = "carry server 7 FIN"
    recorded.write_text(json.dumps(document))
    done = socklab("replay", str(recorded))
    assert done.returncode == 1
    assert "finds no such segment" in done.stdout


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "can't be read: No such file or directory"),
        ("not json", "is no Record of one run"),
        ("[]", "is no Record of one run"),
        ("{}", "is no Record of one run: this is not a Record of schema"),
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


def test_a_run_on_loopback_has_nothing_to_replay(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    socklab("run", "half-close", "--bench", "loopback", "--record", str(file))
    done = socklab("replay", str(file))
    assert done.returncode == 2
    assert "is of a run on loopback" in done.stderr
