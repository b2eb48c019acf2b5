"""`socklab run` on real hosts: verdicts, documents, controls, and what this machine lacks."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from socklab.record import Record
from tests.commands import LAB, environment, in_shell, socklab

pytestmark = pytest.mark.kernel

PASSES = LAB + "    bench.expect(client=ESTABLISHED, server=FIN_WAIT_1)\n"
FAILS = LAB + "    bench.expect(client=ESTABLISHED, server=FIN_WAIT_2)\n"


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A lab that passes; a test may write another into the same file."""
    path = tmp_path / "my_lab.py"
    path.write_text(PASSES)
    return path


def put_first(folder: Path, name: str, script: str) -> dict[str, str]:
    """An environment in which a tool is this shell script."""
    folder.mkdir()
    tool = folder / name
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


# --- Verdicts ---


def test_as_expected_is_0_and_shows_the_ladder() -> None:
    done = socklab("run", "half-close")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Half-close: the client has said goodbye")
    assert "FIN-WAIT-2" in done.stdout
    assert "Proved on Linux" in done.stdout
    assert "\x1b" not in done.stdout, "no color into a pipe"


def test_an_expectation_not_met_is_1_and_tells_the_place_and_what_was_seen(lab: Path) -> None:
    lab.write_text(FAILS)
    line = FAILS.count("\n")
    done = socklab("run", f"./{lab.name}", cwd=lab.parent)
    told = " ".join(done.stdout.split())
    assert done.returncode == 1
    assert f"my_lab.py:{line}: expected server FIN-WAIT-2; observed server FIN-WAIT-1" in told
    assert "ss -H -n -O -a" in told, "the command with which one sees the same"


def test_an_error_in_a_role_is_1_and_told_with_its_line(lab: Path) -> None:
    lab.write_text(PASSES.replace("await connection.close()", 'int("seven")'))
    done = socklab("run", lab)
    assert done.returncode == 1
    assert "ValueError: invalid literal for int()" in " ".join(done.stdout.split())
    assert "my_lab.py:" in "".join(done.stdout.split())  # a long path is broken


def test_a_mistake_in_a_story_is_2_and_shows_the_run_so_far(lab: Path) -> None:
    lab.write_text(LAB + "    bench.expect(clent=ESTABLISHED)\n")
    done = socklab("run", lab)
    assert done.returncode == 2
    assert done.stderr == "socklab: there is no host 'clent'; the lab has client, server\n"
    assert "[ESTABLISHED]" in done.stdout


def test_a_lab_that_expects_nothing_proves_nothing(lab: Path) -> None:
    lab.write_text(LAB.replace("bench.expect(", "dict("))
    done = socklab("run", lab, "--json")
    assert done.returncode == 1
    assert "has observed nothing that it expects" in done.stderr


def test_of_several_labs_all_are_run_and_one_failure_is_enough(lab: Path) -> None:
    lab.write_text(FAILS)
    done = socklab("run", lab, "half-close")
    assert done.returncode == 1
    assert done.stdout.count("Question: ") == 2
    assert done.stdout.rstrip().endswith("lost.")


def test_no_lab_is_run_when_one_of_the_names_is_wrong() -> None:
    done = socklab("run", "half-close", "hafl-close")
    assert (done.returncode, done.stdout) == (2, "")


# --- Documents ---


def test_json_is_one_record_and_nothing_else(lab: Path) -> None:
    lab.write_text(PASSES.replace("HEADER", "") + "    print('not in the document')\n")
    done = socklab("run", lab, "--json")
    assert done.returncode == 0
    record = Record.from_json(json.loads(done.stdout))
    assert (record.lab, record.passed) == ("my-lab", True)
    assert done.stderr == "not in the document\n"


def test_json_of_several_labs_is_an_array_also_where_one_failed(lab: Path) -> None:
    lab.write_text(FAILS)
    done = socklab("run", "half-close", lab, "--json")
    assert done.returncode == 1
    records = [Record.from_json(document) for document in json.loads(done.stdout)]
    assert [(each.lab, each.passed) for each in records] == [
        ("half-close", True),
        ("my-lab", False),
    ]
    assert "my_lab.py:" in done.stderr


def test_record_writes_the_same_document_beside_the_ladder(tmp_path: Path) -> None:
    where = tmp_path / "record.json"
    done = socklab("run", "half-close", "--record", where)
    assert done.returncode == 0
    assert "Proved on" in done.stdout
    assert Record.from_json(json.loads(where.read_text())).passed
    assert list(tmp_path.iterdir()) == [where]


def test_what_was_there_before_stays_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    where = tmp_path / "record.json"
    where.write_text("what was there before")
    done = socklab("run", "half-close", "--record", where)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"socklab: --record: {where} exists: --force replaces it\n"
    assert where.read_text() == "what was there before"
    assert socklab("run", "half-close", "--record", where, "--force").returncode == 0
    assert Record.from_json(json.loads(where.read_text())).passed
    where.write_text("")  # as mktemp(1) makes one: nothing is lost
    assert socklab("run", "half-close", "--record", where).returncode == 0


def test_a_run_is_written_in_every_form_that_is_asked_for_beside_the_ladder(tmp_path: Path) -> None:
    capture, record = tmp_path / "run.pcapng", tmp_path / "run.json"
    done = socklab("run", "half-close", "--pcapng", capture, "--record", record)
    assert done.returncode == 0
    assert "Proved on" in done.stdout
    again = tmp_path / "again.pcapng"
    assert socklab("view", record, "--pcapng", again).returncode == 0
    assert again.read_bytes() == capture.read_bytes()


def test_what_is_printed_takes_the_place_of_the_ladder() -> None:
    done = in_shell("$S run half-close --pcapng - | head -c 4 | od -An -c")
    assert (done.returncode, done.stdout.split()) == (0, [r"\n", r"\r", r"\r", r"\n"])


def test_a_run_that_fails_is_written_too(tmp_path: Path) -> None:
    capture = tmp_path / "run.pcapng"
    done = socklab("run", "half-close", "--control", "--pcapng", capture)
    assert done.returncode == 0
    assert b"Not proved: " in capture.read_bytes()


def test_where_there_is_nothing_to_write_the_run_s_own_result_stays(tmp_path: Path) -> None:
    capture, record = tmp_path / "run.pcapng", tmp_path / "run.json"
    done = socklab(
        *("run", "half-close", "--bench", "loopback", "--pcapng", capture, "--record", record)
    )
    assert done.returncode == 2
    assert "Proved in part" in done.stdout
    assert "half-close ran on loopback, where no packet is seen" in done.stderr
    assert not capture.exists()
    assert record.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            "half-close rst-abort --pcapng x",
            "--pcapng shows one run, and this is 2 labs; write them all with --record FILE, and "
            "then `socklab view FILE --lab LAB --pcapng …`",
        ),
        ("--all --pcapng x", "--pcapng shows one run, and this is "),
        ("half-close --json --pcapng -", "--json and --pcapng ask for different things"),
        ("half-close --record x --pcapng x", "--pcapng and --record name one and the same file"),
        ("half-close --record x --pcapng ./x", "--pcapng and --record name one and the same file"),
    ],
)
def test_what_can_not_be_written_is_told_before_anything_is_run(
    arguments: str, sentence: str, tmp_path: Path
) -> None:
    done = socklab("run", *arguments.split(), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"socklab: {sentence}")
    assert list(tmp_path.iterdir()) == []


def test_a_png_that_nothing_here_can_draw_is_told_before_anything_is_run(tmp_path: Path) -> None:
    (tmp_path / "resvg_py.py").write_text("raise ImportError")
    here = {"PYTHONPATH": os.pathsep.join((str(tmp_path), environment()["PYTHONPATH"]))}
    done = socklab("run", "half-close", "--png", "x", "--record", "y", cwd=tmp_path, env=here)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "socklab: a PNG is drawn by resvg-py, which is not installed; cure: pip install "
        "'socklab[png]', or --svg, which needs nothing\n"
    )
    assert not {"x", "y"} & {path.name for path in tmp_path.iterdir()}


def test_a_link_to_a_record_stays_one(tmp_path: Path) -> None:
    target, link = tmp_path / "record.json", tmp_path / "latest.json"
    link.symlink_to(target)
    assert socklab("run", "half-close", "--record", link).returncode == 0
    assert link.is_symlink()
    assert json.loads(target.read_text())["passed"]


@pytest.mark.parametrize("where", ["/dev/full", "/proc/record.json"])
def test_a_record_that_cannot_be_written_loses_nothing_of_the_run(where: str) -> None:
    done = socklab("run", "half-close", "--record", where)
    assert done.returncode == 3
    assert "Proved on" in done.stdout
    assert done.stderr.startswith(f"socklab: the Record can't be written to {where}: ")
    assert done.stderr.count("\n") == 1


def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    done = in_shell("$S run half-close --json --record /dev/stdout | wc -l")
    assert done.returncode == 0
    assert int(done.stdout) > 100
    assert Path("/dev/stdout").is_symlink()


# --- Controls ---


def test_a_control_that_fails_for_its_reason_is_0() -> None:
    done = socklab("run", "half-close", "--control")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Control: the client shuts down both directions.")
    assert "As it should: without its cause the lab fails" in done.stdout


CONTROL = "\n\ncontrol = Control('nothing is different', fails={!r})\n"


def test_a_control_that_passes_is_1(lab: Path) -> None:
    lab.write_text(PASSES + CONTROL.format("expected"))
    done = socklab("run", lab, "--control")
    assert done.returncode == 1
    assert "it passed, so the check can't say no" in done.stderr


def test_a_control_that_fails_for_another_reason_is_1(lab: Path) -> None:
    lab.write_text(FAILS + CONTROL.format("expected server CLOSED"))
    done = socklab("run", lab, "--control")
    assert done.returncode == 1
    assert 'should fail with "expected server CLOSED"; observed: ' in done.stderr


def test_a_lab_without_a_control_says_so(lab: Path) -> None:
    done = socklab("run", lab, "--control")
    assert (done.returncode, done.stderr) == (2, "socklab: my-lab has no control\n")


# --- How it is run ---


@pytest.mark.parametrize("link", ["tun", "veth"])
@pytest.mark.parametrize("ipv6", [False, True])
def test_link_and_addresses_are_those_asked_for(link: str, ipv6: bool) -> None:
    if link == "tun" and not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        pytest.skip("needs /dev/net/tun")
    arguments = ["run", "half-close", "--json", "--link", link, *(["--ipv6"] if ipv6 else [])]
    record = json.loads(socklab(*arguments).stdout)
    assert (record["link"], record["passed"]) == (link, True)
    assert (":" in record["hosts"]["client"]["address"]) is ipv6


def test_on_loopback_what_nobody_can_see_is_said_to_be_so() -> None:
    done = socklab("run", "half-close", "--bench", "loopback")
    assert done.returncode == 0
    assert "not observable here" in done.stdout


def test_a_lab_that_needs_a_wire_refuses_loopback() -> None:
    done = socklab("run", "handshake", "--bench", "loopback")
    assert (done.returncode, done.stdout) == (3, "")
    assert "needs a held wire" in done.stderr


def test_verbose_tells_more() -> None:
    short, long = (socklab("run", "half-close", *more).stdout for more in ([], ["-v"]))
    assert len(long.splitlines()) > len(short.splitlines())


@pytest.mark.parametrize("columns", ["40", "72", "120"])
def test_the_ladder_keeps_to_the_terminal(columns: str) -> None:
    done = socklab("run", "half-close", env={"COLUMNS": columns})
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= int(columns)


# --- Streams ---


@pytest.mark.parametrize(
    "line",
    [
        "$S run half-close | head -1",
        "$S run half-close handshake --json | head -c 1",
        "$S run half-close >&-",
        "$S run half-close <&- >&- 2>&-",
    ],
)
def test_the_verdict_does_not_depend_on_who_reads(line: str) -> None:
    done = in_shell(line)
    assert (done.returncode, done.stderr) == (0, "")


def test_in_ascii_the_ladder_is_drawn_with_ascii() -> None:
    done = socklab("run", "half-close", env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert "?" not in done.stdout.replace("FIN?", "")


# --- What this machine lacks ---


def test_an_ss_that_prints_garbage_is_3_and_quoted(tmp_path: Path) -> None:
    env = put_first(tmp_path / "bin", "ss", "echo garbage in here")
    done = socklab("run", "half-close", env=env)
    assert done.returncode == 3
    assert f"`{tmp_path}/bin/ss`" in done.stderr
    assert "'garbage in here'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_ss_that_is_too_old_is_3_and_tells_its_version(tmp_path: Path) -> None:
    script = (
        '[ "$1" != -V ] || { echo "ss utility, iproute2-ss170501"; exit 0; }\n'
        "echo \"ss: invalid option -- 'O'\" >&2; exit 255"
    )
    env = put_first(tmp_path / "bin", "ss", script)
    done = socklab("run", "half-close", env=env)
    assert done.returncode == 3
    assert "is too old: it says iproute2-ss170501, and lacks -H or -O; cure: " in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_missing_ss_is_3_with_how_to_get_it(tmp_path: Path) -> None:
    # What is installed is searched for in the system's folders too, which a test can't empty.
    (tmp_path / "sh").symlink_to(shutil.which("sh") or "/bin/sh")
    script = (
        "import sys\n"
        "from socklab import tools\n"
        "tools.SYSTEM_PATH = ''\n"
        "from socklab.cli import main\n"
        "sys.argv = ['socklab', 'run', 'half-close']\n"
        "main()\n"
    )
    (tmp_path / "start.py").write_text(script)
    done = in_shell(f'"$PYTHON" {tmp_path}/start.py', PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 0, "with the user's PATH there is one"
    done = in_shell(f'PATH={tmp_path} "$PYTHON" {tmp_path}/start.py')
    assert done.returncode == 3
    assert done.stderr.startswith("socklab: `ss` is not installed: it comes with iproute2; cure: ")


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare of util-linux")
@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ("run half-close", 0, "so this ran on loopback; `socklab doctor`"),
        (
            "run handshake",
            3,
            "handshake needs a held wire, but user namespaces are limited to none",
        ),
        ("run half-close --bench wire", 3, "cure: sudo sysctl -w user.max_user_namespaces="),
        ("run half-close --control", 3, "cure: sudo sysctl -w user.max_user_namespaces="),
    ],
)
def test_without_any_privilege_it_is_loopback_or_a_cure(
    arguments: str, code: int, told: str
) -> None:
    # Who is root in there has no capability but by entering one more user namespace, and may not.
    inside = (
        "echo 0 > /proc/sys/user/max_user_namespaces && "
        f"exec setpriv --inh-caps=-all --bounding-set=-all $S {arguments}"
    )
    done = in_shell(f'export S; unshare --user --map-root-user sh -c "{inside}"')
    assert done.returncode == code, done.stderr
    assert told in done.stderr
