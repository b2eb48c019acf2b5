"""`socklab run` of many labs side by side: each is told, whatever another one does."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from socklab.cli import many
from socklab.cli.attempt import Options
from socklab.cli.selection import Selected
from socklab.outcome import Outcome
from socklab.record import Record
from socklab.worker import End, Job, Result
from tests.commands import COMMAND, HEADER, LAB, PATIENCE_S, environment, in_shell, socklab

pytestmark = pytest.mark.kernel

ENDS = "    bench.expect(client=ESTABLISHED, server=FIN_WAIT_1)\n"
STORIES = {
    "passes": ENDS,
    "fails": "    print('what it saw')\n    bench.expect(client=ESTABLISHED, server=FIN_WAIT_2)\n",
    "mistaken": "    bench.expect(clent=ESTABLISHED)\n",
    "exits": "    import os\n    os._exit(9)\n",
    "killed": "    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)\n",
    "crashes": "    import ctypes\n    ctypes.string_at(0)\n",
    "waits": "    await trio.sleep_forever()\n",
    "computes": "    while True:\n        pass\n",
    "two_threads": "    import threading, time\n"
    "    threading.Thread(target=time.sleep, args=(1000,)).start()\n" + ENDS,
    "prints_much": "    print('x' * 1_000_000)\n" + ENDS,
    "quick_or_slow": "    bench.prove('told to wait', expected=True, observed=bench.slow)\n",
    "different": "    import os\n    number = os.getpid()\n"
    "    bench.prove('each time another', expected=number, observed=number)\n",
}


@pytest.fixture
def labs(tmp_path: Path) -> Path:
    """A folder of labs, in a folder of a pack; a test may add others."""
    folder = tmp_path / "pack" / "trials"
    folder.mkdir(parents=True)
    for name, story in STORIES.items():
        (folder / f"{name}.py").write_text(LAB + story)
    (folder / "headless.py").write_text(LAB.replace(HEADER, "from socklab import *\n"))
    return folder


def run(labs: Path, *names_and_options: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run labs of the folder, two at a time."""
    arguments = [
        f"./{each}.py" if (labs / f"{each}.py").exists() else each for each in names_and_options
    ]
    return socklab("run", "--jobs", "2", *arguments, cwd=labs, env=env)


def table(text: str) -> dict[str, str]:
    """Each lab's mark, as the summary has it."""
    return {name: mark for mark, name in re.findall(r"([✓✗–]) (\S+) +\d+\.\d\d s", text)}


# --- Verdicts ---


def test_all_as_expected_is_0_with_a_table_and_a_line_for_each(labs: Path) -> None:
    done = run(labs, "half-close", "passes", "handshake")
    assert done.returncode == 0, done.stderr
    assert table(done.stdout) == {"half-close": "✓", "passes": "✓", "handshake": "✓"}
    assert done.stdout.startswith("close/\n  ✓ half-close")
    assert "\ntrials/\n  ✓ passes " in done.stdout
    assert "\n3 labs: 3 passed. Took " in done.stdout
    lines = sorted(re.sub(r"\d\.\d\d s$", "TIME", line[4:]) for line in done.stderr.splitlines())
    assert lines == [f"{'passed':13} {lab}  TIME" for lab in ("half-close", "handshake", "passes")]
    assert [line[:3] for line in done.stderr.splitlines()] == ["1/3", "2/3", "3/3"]


def test_one_failure_is_enough_and_told_with_how_to_see_it(labs: Path) -> None:
    done = run(labs, "passes", "fails", "--ipv6", "--link", "veth")
    assert done.returncode == 1
    assert table(done.stdout) == {"passes": "✓", "fails": "✗"}
    told = " ".join(done.stdout.split())
    assert "✗ fails failed: fails.py:" in told
    assert "expected server FIN-WAIT-2; observed server FIN-WAIT-1" in told
    assert "  it printed:\n    what it saw\n" in done.stdout
    (again,) = re.findall(r"^  (socklab run .*)$", done.stdout, re.MULTILINE)
    assert again == "socklab run --ipv6 --link veth ./fails.py"
    assert "server FIN-WAIT-1" in done.stderr


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("exits", "its process ended with exit code 9"),
        ("killed", "its process was killed by SIGKILL"),
        ("crashes", "its process was killed by SIGSEGV, at crashes.py:"),
    ],
)
def test_a_crash_costs_that_lab_alone(name: str, why: str, labs: Path) -> None:
    done = run(labs, "passes", name, "half-close")
    assert done.returncode == 1
    assert table(done.stdout) == {"passes": "✓", name: "✗", "half-close": "✓"}
    assert f"✗ {name} failed: {why}" in " ".join(done.stdout.split())


def test_a_hang_costs_that_lab_alone_and_its_record_is_kept(labs: Path) -> None:
    (labs / "loops.py").write_text(LAB + ENDS + "while True:\n    pass\n")
    names = ("waits", "computes", "loops", "passes")
    done = run(labs, *names, "--jobs", "4", "--watchdog", "5", "--record", "r.json")
    assert done.returncode == 1
    assert table(done.stdout) == {"waits": "✗", "computes": "✗", "loops": "✗", "passes": "✓"}
    told = " ".join(done.stdout.split())
    hung = "it was still running after 5 s, so it was stopped"
    assert f"✗ loops failed: {hung} socklab run" in told, "it had not begun"
    for name in ("waits", "computes"):
        assert f"✗ {name} failed: {hung}; the last that happened: 0." in told
    assert "server ESTABLISHED → FIN-WAIT-1" in told
    records = [Record.from_json(each) for each in json.loads((labs / "r.json").read_text())]
    assert [(record.lab, record.passed) for record in records] == [
        ("waits", False),
        ("computes", False),
        ("passes", True),
    ]
    assert hung in records[0].story()[-1]


def test_a_thread_that_never_ends_holds_up_nobody(labs: Path) -> None:
    done = run(labs, "two_threads", "passes")
    assert (done.returncode, table(done.stdout)) == (0, {"two-threads": "✓", "passes": "✓"})


def test_a_lab_that_prints_much_holds_up_nobody(labs: Path) -> None:
    done = run(labs, "prints_much", "passes")
    assert (done.returncode, len(done.stdout) < 1000) == (0, True)


def test_what_keeps_a_lab_from_running_is_its_outcome_and_the_worst_is_the_code(
    labs: Path,
) -> None:
    done = run(labs, "mistaken", "headless", "passes")
    assert done.returncode == 2
    assert table(done.stdout) == {"mistaken": "–", "headless": "–", "passes": "✓"}
    told = " ".join(done.stdout.split())
    assert "mistaken could not run: there is no host 'clent'; the lab has client, server" in told
    assert "headless could not run: headless.py has no Question, See, Source, Next" in told
    assert "3 labs: 1 passed, 2 could not run." in told
    assert run(labs, "mistaken", "fails").returncode == 1


def test_what_this_machine_cannot_run_is_3(labs: Path) -> None:
    done = run(labs, "handshake", "simultaneous-close", "half-close", "--bench", "loopback")
    assert done.returncode == 3
    assert "2 labs could not run: handshake needs a held wire" in " ".join(done.stdout.split())
    assert table(done.stdout)["half-close"] == "✓"


def test_controls_pass_where_they_fail_for_their_reason(labs: Path) -> None:
    source = LAB + ENDS + "\n\ncontrol = Control('nothing is different', fails='expected')\n"
    (labs / "no_cause.py").write_text(source)
    done = run(labs, "half-close", "no_cause", "passes", "--control")
    assert done.returncode == 1
    assert table(done.stdout) == {"half-close": "✓", "no-cause": "✗", "passes": "–"}
    told = " ".join(done.stdout.split())
    assert "it passed, so the check can't say no" in told
    assert "passes has no control" in told
    assert "3 controls: 1 failed as they should, 1 did not, 1 could not run." in told


def test_a_bug_of_ours_is_the_outcome_of_one_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(path: Path) -> None:
        raise KeyError(path.name)

    monkeypatch.setattr(many, "load", load)
    lab = Selected("./odd.py", Path("/somewhere/odd.py"))
    outcome = many._work(lab, Options(ipv6=True), compare=False)
    assert (outcome.lab, outcome.folder, outcome.exit_code) == ("odd", "somewhere", 70)
    assert outcome.why.startswith("this is a bug in socklab: KeyError: 'odd.py', at ")
    assert outcome.again == "socklab run --ipv6 ./odd.py"


@pytest.mark.parametrize(
    ("end", "code", "why"),
    [
        (End.HUNG, 1, "it was still running after 60 s and did not stop when told to, so its"),
        (End.STOPPED, 130, "the run was interrupted, and its process killed"),
        (End.CRASHED, 1, "its process was killed by SIGKILL"),
    ],
)
def test_a_process_that_gave_nothing_back_has_an_outcome(end: End, code: int, why: str) -> None:
    job = Job("odd", lambda: Outcome("", "", 0), 60)
    result: Result[Outcome] = Result(job, end, None, "was killed by SIGKILL", 1.5, "hello\n")
    outcome = many._outcome(result, Selected("odd", Path("/somewhere/odd.py")), Options(), 2)
    assert (outcome.lab, outcome.exit_code) == ("odd", code)
    assert outcome.why.startswith(why)
    assert (outcome.took_s, outcome.printed) == (1.5, "hello\n")


# --- Which labs ---


def test_a_tag_selects_and_so_does_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "trials"
    folder.mkdir()
    (folder / "plain.py").write_text(LAB + ENDS)
    tagged = LAB.replace("Next:     handshake", "Next:     handshake\nTags:     Odd One, other")
    (folder / "tagged.py").write_text(tagged + ENDS)
    done = socklab("run", "--labs", tmp_path, "--tag", "odd one")
    assert (done.returncode, table(done.stdout)) == (0, {"tagged": "✓"})
    done = socklab("run", "--labs", tmp_path, "--all", "--tag", "TRIALS")
    assert (done.returncode, table(done.stdout)) == (0, {"plain": "✓", "tagged": "✓"})


SLOW = "Next:     handshake\nSlow:     the kernel takes its time\nTags:     snail"


def test_slow_labs_run_if_asked_for_and_are_counted_if_not(labs: Path) -> None:
    pack = str(labs.parent)
    for name in ("one", "two"):
        slow = LAB.replace("Next:     handshake", SLOW) + ENDS
        (labs / f"{name}.py").write_text(slow)
    (labs / "three.py").write_text(
        LAB.replace("Next:     handshake", SLOW.replace("Slow", "Level")) + ENDS
    )
    arguments = ("run", "--all", "--labs", pack, "--tag", "snail")
    done = socklab(*arguments)
    assert (done.returncode, table(done.stdout)) == (0, {"three": "✓"})
    assert "2 slow labs left out; --slow runs them, too." in " ".join(done.stdout.split())
    done = socklab(*arguments, "--slow")
    assert (done.returncode, len(table(done.stdout))) == (0, 3)
    assert "left out" not in done.stdout
    done = run(labs, "one")
    assert (done.returncode, table(done.stdout)) == (0, {"one": "✓"}), "who names one wants it"
    (labs / "three.py").unlink()
    done = socklab(*arguments)  # every lab of that tag is slow
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "socklab: these labs are slow ones, left out by default; --slow runs them, too\n"
    )


MEETS = """
    import os
    os.write(os.open("ready", os.O_WRONLY), b".")
    os.read(os.open("go", os.O_RDONLY), 1)
"""


def test_slow_labs_take_nobodys_place(tmp_path: Path) -> None:
    folder = tmp_path / "trials"
    folder.mkdir()
    for name in ("slow_one", "slow_two", "waits_if_told"):
        told = SLOW.replace("Slow", "Waits") if name == "waits_if_told" else SLOW
        header = LAB.replace("Next:     handshake", told)
        (folder / f"{name}.py").write_text(header + MEETS + ENDS)
    (folder / "quick.py").write_text(LAB + MEETS + ENDS)
    command = [*COMMAND, "run", "--labs", ".", "--tag", "trials", "--slow"]
    with (
        fifo(tmp_path / "ready") as ready,
        fifo(tmp_path / "go") as go,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=tmp_path,
            encoding="utf-8",
            env=environment(),
            # One processor, so one place.
            preexec_fn=lambda: os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]),  # noqa: PLW1509
        ) as process,
    ):
        try:
            for _ in range(4):
                assert select.select([ready], [], [], PATIENCE_S)[0], "not all at the same time"
                os.read(ready, 1)
            os.write(go, b"....")
            out, _ = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    assert (process.returncode, len(table(out))) == (0, 4)


@contextmanager
def fifo(path: Path) -> Iterator[int]:
    """A FIFO, open for reading and writing."""
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDWR)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def test_slow_tells_each_lab_to_wait(labs: Path) -> None:
    assert run(labs, "quick_or_slow").returncode == 1
    assert run(labs, "quick_or_slow", "--slow").returncode == 0
    assert socklab("run", labs / "quick_or_slow.py", "--slow").returncode == 0


def test_two_labs_of_one_name_are_told_and_the_others_run(labs: Path) -> None:
    (labs.parent / "again").mkdir()
    for name in ("twin", "passes"):
        (labs.parent / "again" / f"{name}.py").write_text(
            LAB.replace("Next:     handshake", "Next:     handshake\nTags:     twins") + ENDS
        )
    done = socklab("run", "--labs", labs.parent, "--tag", "twins")
    assert done.returncode == 2
    assert "two labs are named passes" in done.stderr
    assert table(done.stdout)["twin"] == "✓"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("half-close --jobs 0", "--jobs wants a number above 0"),
        ("half-close --jobs -3", "--jobs wants a number above 0"),
        ("half-close --repeat 0", "--repeat wants a number above 0"),
        ("half-close --watchdog nan", "--watchdog wants a number above 0"),
        ("--tag establsh", "no lab has the tag 'establsh'; did you mean establish?"),
        ("--all half-close", "--all and --tag choose the labs: leave them out, or leave out the"),
        ("", "which lab? `socklab list` shows them, and --all runs them all"),
        ("--all --pause", "--pause keeps the hosts of one run: name a lab, and no number of jobs"),
        ("--all --junit -", "--junit wants a file"),
        ("--all --junit /nowhere/r.xml", "--junit: there is no folder /nowhere"),
        ("--all --record .", "--record wants a file, and . is a folder"),
        ("--all --labs /nowhere", "--labs: there is no folder of labs at /nowhere"),
    ],
)
def test_what_makes_no_sense_is_2_and_one_sentence(arguments: str, told: str) -> None:
    done = socklab("run", *arguments.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"socklab: {told}")
    assert done.stderr.count("\n") == 1


# --- Documents ---


def test_json_is_an_array_in_the_order_that_was_asked_for(labs: Path) -> None:
    done = run(labs, "prints_much", "exits", "fails", "half-close", "--json")
    assert done.returncode == 1
    records = [Record.from_json(document) for document in json.loads(done.stdout)]
    assert [(record.lab, record.passed) for record in records] == [
        ("prints-much", True),
        ("fails", False),
        ("half-close", True),
    ]
    assert "its process ended with exit code 9" in done.stderr


def test_junit_has_a_case_for_each_and_the_table_stays(labs: Path) -> None:
    done = run(labs, "passes", "fails", "headless", "exits", "--junit", "r.xml")
    assert done.returncode == 1
    assert len(table(done.stdout)) == 4
    suite = ET.parse(labs / "r.xml").getroot().find("testsuite")
    assert suite is not None
    assert {case.get("name"): [each.tag for each in case] for case in suite} == {
        "passes": [],
        "fails": ["failure", "system-out"],
        "headless": ["error"],
        "exits": ["failure"],
    }
    assert {case.get("classname") for case in suite} == {"trials"}
    assert [path.name for path in labs.iterdir() if path.suffix != ".py"] == ["r.xml"]


def test_junit_of_labs_one_after_the_other_is_the_same(labs: Path) -> None:
    done = socklab("run", "./passes.py", "./fails.py", "--junit", "r.xml", cwd=labs)
    assert done.returncode == 1
    assert done.stdout.count("Question: ") == 2, "and they are shown as ladders"
    cases = list(ET.parse(labs / "r.xml").getroot().iter("testcase"))
    assert [(case.get("name"), len(case)) for case in cases] == [("passes", 0), ("fails", 1)]


def test_a_report_that_cannot_be_written_loses_nothing_of_the_run(labs: Path) -> None:
    done = run(labs, "passes", "--junit", "/dev/full")
    assert done.returncode == 3
    assert table(done.stdout) == {"passes": "✓"}
    assert "socklab: the report can't be written to /dev/full: No space left" in done.stderr


def test_verbose_shows_the_ladders_of_what_failed(labs: Path) -> None:
    done = run(labs, "passes", "fails", "-v")
    assert done.returncode == 1
    assert done.stdout.count("Question: ") == 1
    assert "Not proved: fails.py:" in done.stdout
    assert table(done.stdout) == {"passes": "✓", "fails": "✗"}


@pytest.mark.parametrize("line", ["| head -1", ">&-", "<&- >&- 2>&-"])
def test_the_verdict_does_not_depend_on_who_reads(line: str) -> None:
    done = in_shell(f"$S run half-close handshake --jobs 2 2>/dev/null {line}")
    assert done.returncode == 0


# --- Again and again ---


def test_runs_that_are_all_alike_are_told_in_a_line(labs: Path) -> None:
    done = run(labs, "half-close", "passes", "--repeat", "5")
    assert done.returncode == 0
    assert table(done.stdout) == {"half-close": "✓", "passes": "✓"}
    assert "2 labs, 5 times each: 2 passed." in done.stdout
    assert len(done.stderr.splitlines()) == 10


def test_a_run_that_is_not_like_the_others_is_a_failure(labs: Path) -> None:
    done = run(labs, "different", "passes", "--repeat", "3", "--record", "r.json")
    assert done.returncode == 1
    assert table(done.stdout) == {"different": "✗", "passes": "✓"}
    told = " ".join(done.stdout.split())
    assert "different failed: 2 of 3 runs: not like the first, which had {" in told
    assert "each time another" in told
    assert len(json.loads((labs / "r.json").read_text())) == 2


def test_a_failure_in_one_of_many_runs_is_counted(labs: Path) -> None:
    # The first to make the folder passes.
    story = "    import pathlib\n    pathlib.Path('made').mkdir()\n"
    (labs / "once.py").write_text(LAB + story + ENDS)
    done = run(labs, "once", "--repeat", "4")
    assert done.returncode == 1
    assert "once failed: 3 of 4 runs: the story itself failed: FileExistsError" in " ".join(
        done.stdout.split()
    )


# --- Progress ---


@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_on_a_terminal_there_is_a_bar_unless_it_can_do_nothing(term: str, labs: Path) -> None:
    terminal, its_end = pty.openpty()
    try:
        with subprocess.Popen(
            [*COMMAND, "run", "--jobs", "2", "./passes.py", "./fails.py"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=its_end,
            cwd=labs,
            encoding="utf-8",
            env=environment(TERM=term, COLUMNS="80"),
        ) as process:
            os.close(its_end)
            said = read_all(terminal)
            out, _ = process.communicate(timeout=PATIENCE_S)
    finally:
        os.close(terminal)
    assert process.returncode == 1
    assert table(out) == {"passes": "✓", "fails": "✗"}
    assert "\x1b" not in out
    assert "failed        fails  " in said, "what went wrong stays to be read"
    if term == "dumb":
        assert "\x1b" not in said
        assert "passed        passes  " in said
    else:
        assert "2/2" in said
        assert "passed        passes  " not in said
        assert said.rindex("\x1b[?25h") > said.rindex("\x1b[?25l"), "the cursor is back"


def read_all(terminal: int) -> str:
    """What is written to a terminal, until nobody holds its other end: then it is an EIO."""
    said = b""
    while True:
        try:
            said += os.read(terminal, 65_536)
        except OSError:
            return said.decode()
