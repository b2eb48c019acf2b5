"""`socklab run --follow` and `--quiet` as their users have them."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from socklab.record import Record
from socklab.views.follow import Following
from tests.commands import COMMAND, LAB, environment, hears_signals, socklab

pytestmark = pytest.mark.kernel

LABS = ["half-close", "disconnect", "simultaneous-close", "cut-wire", "killed-process"]


# --- Following ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LABS)
@pytest.mark.parametrize("verbose", [False, True])
def test_what_was_told_is_what_the_record_tells(name: str, verbose: bool, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    more = ["--verbose"] if verbose else []
    done = socklab("run", name, "--follow", *more, "--record", file)
    assert done.returncode == 0, done.stderr
    record = Record.from_json(json.loads(file.read_text()))
    assert done.stdout == Following(verbose=verbose).end(record)


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, "run", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
        preexec_fn=hears_signals,  # noqa: PLW1509
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_lab_that_waits_says_for_what_and_ctrl_c_ends_the_ladder() -> None:
    with running("time-wait-length", "--slow", "--follow") as process:
        assert process.stdout is not None
        # A minute lies between this line and the next.
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "wait client timewait" in line:
                break
        process.send_signal(signal.SIGINT)
        rest, complaints = process.communicate()
    assert "[TIME-WAIT]" in "".join(lines[-3:])
    assert "until its timewait timer fires, in " in lines[-1]
    assert rest.endswith("\nNot proved: the run was interrupted\n")
    assert "✓1 client FIN-WAIT-2" in rest
    assert complaints == "socklab: interrupted by Ctrl-C\n"
    assert process.returncode == 130


def test_a_control_says_so_before_it_begins() -> None:
    done = socklab("run", "rst-abort", "--follow", "--control")
    assert done.returncode == 0
    assert done.stdout.startswith("Control: ")
    assert "\n\nNot proved: " in done.stdout
    assert done.stdout.endswith("its check can say no.\n")


def test_labs_are_followed_one_after_the_other() -> None:
    done = socklab("run", "handshake", "rst-abort", "--follow")
    first, second = done.stdout.index("The three-way"), done.stdout.index("The abort")
    assert done.stdout.count("\nProved ") == 2
    assert first < done.stdout.index("\nProved ") < second


def test_a_lab_that_fails_is_followed_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "fails.py"
    file.write_text(LAB + "    bench.expect(client=ESTABLISHED, server=ESTABLISHED)\n")
    done = socklab("run", file, "--follow")
    assert done.returncode == 1
    assert "✗2 client ESTABLISHED" in done.stdout
    assert "\nNot proved: " in done.stdout


def test_a_lab_that_can_not_go_on_shows_how_far_it_came(tmp_path: Path) -> None:
    file = tmp_path / "stumbles.py"
    file.write_text(LAB + '    await bench.call(nobody="close")\n')
    done = socklab("run", file, "--follow")
    assert done.returncode == 2
    assert "[ESTABLISHED]" in done.stdout
    assert "there is no role 'nobody'" in done.stderr


# --- One line -----------------------------------------------------------------------------------


def test_quiet_is_a_line_for_each_lab() -> None:
    done = socklab("run", "handshake", "half-close", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["passed", "handshake"],
        ["passed", "half-close"],
    ]
    assert all(" s  Proved on Linux " in line for line in lines)


def test_quiet_says_why_not_and_the_exit_code_is_the_same(tmp_path: Path) -> None:
    fails, stumbles = tmp_path / "fails.py", tmp_path / "stumbles.py"
    fails.write_text(LAB + "    bench.expect(client=ESTABLISHED, server=ESTABLISHED)\n")
    stumbles.write_text(LAB + '    await bench.call(nobody="close")\n')
    done = socklab("run", fails, "--quiet")
    assert done.returncode == 1 and done.stderr == ""
    [line] = done.stdout.splitlines()
    assert line.startswith("failed         fails") and "expected server ESTABLISHED" in line
    done = socklab("run", stumbles, "--quiet")
    assert done.returncode == 2 and done.stderr == ""
    [line] = done.stdout.splitlines()
    assert line.startswith("could not run  stumbles") and "there is no role 'nobody'" in line


def test_quiet_side_by_side_is_the_same_lines_without_progress() -> None:
    done = socklab("run", "handshake", "half-close", "--jobs", "2", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["passed", "handshake"],
        ["passed", "half-close"],
    ]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--quiet", "--follow"], "--quiet and --follow ask for different things"),
        (["--quiet", "--verbose"], "--quiet and --verbose ask for different things"),
        (["--quiet", "--json"], "--quiet and --json ask for different things"),
        (["--follow", "--json"], "--follow and --json ask for different things"),
        (["--follow", "--repeat", "2"], "--follow shows one run at a time"),
    ],
)
def test_options_that_ask_for_different_things_are_refused(options: list[str], why: str) -> None:
    done = socklab("run", "handshake", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr


def test_verbose_goes_with_follow() -> None:
    assert socklab("run", "handshake", "--follow", "--verbose").returncode == 0
