"""A run that is ended from outside: what is told, what is saved, and that nothing is left."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.commands import COMMAND, LAB, PATIENCE_S, environment, hears_signals

pytestmark = pytest.mark.kernel

WAITS = LAB + "    print('waiting', flush=True)\n    await trio.sleep_forever()\n"
COMPUTES = LAB + "    print('waiting', flush=True)\n    while True:\n        pass\n"
FAILS = LAB + "    bench.expect(client=ESTABLISHED, server=ESTABLISHED)\n"


@contextmanager
def started(folder: Path, lab: str, *arguments: str, stdin: int) -> Iterator[subprocess.Popen[str]]:
    """`socklab run` at work on a lab of this source."""
    (folder / "waits.py").write_text(lab)
    with subprocess.Popen(
        [*COMMAND, "run", "./waits.py", *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
        cwd=folder,
        preexec_fn=hears_signals,  # noqa: PLW1509
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def children(parent: int) -> list[int]:
    """The processes that a process has started. Source: proc(5), the fourth field of stat."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                after_name = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(after_name[1]) == parent:
                    found.append(int(folder.name))
    return found


def namespace(process: int) -> str:
    """A process's network namespace, as the kernel names it: `net:[4026532301]`."""
    with suppress(OSError):
        return str(Path(f"/proc/{process}/ns/net").readlink())
    return ""


@contextmanager
def nothing_left(process: subprocess.Popen[str]) -> Iterator[None]:
    """See that a run takes with it whoever is on its hosts, and so the hosts themselves."""
    hosts = {namespace(child) for child in children(process.pid)}
    assert len(hosts) == 2 and "" not in hosts, "a caretaker on each host"
    # Known by their processes: the numbers of namespaces are soon given to somebody else's.
    everybody = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    there = [each for each in everybody if namespace(each) in hosts]
    assert process.pid not in there
    handles = [os.pidfd_open(each) for each in there]
    try:
        yield
        for each, handle in zip(there, handles, strict=True):
            # Readable once the process has ended: pidfd_open(2).
            assert select.select([handle], [], [], PATIENCE_S)[0], f"{each} is still there"
    finally:
        for handle in handles:
            os.close(handle)


@pytest.mark.parametrize("lab", [WAITS, COMPUTES], ids=["waiting", "computing"])
@pytest.mark.parametrize(
    ("number", "code", "told"),
    [
        (signal.SIGINT, 130, "Ctrl-C"),
        (signal.SIGTERM, 143, "SIGTERM"),
        (signal.SIGHUP, 129, "SIGHUP"),
    ],
)
def test_a_signal_ends_the_run_saves_its_record_and_leaves_nothing(
    lab: str, number: signal.Signals, code: int, told: str, tmp_path: Path
) -> None:
    with started(tmp_path, lab, "--record", "r.json", stdin=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        with nothing_left(process):
            process.send_signal(number)
            out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (code, "")
    assert err == f"socklab: interrupted by {told}\n"
    record = json.loads((tmp_path / "r.json").read_text())
    assert not record["passed"]
    assert [event["passed"] for event in record["events"] if event["kind"] == "expect"] == [True]
    last = record["events"][-1]
    assert (last["kind"], last["who"]) == ("trouble", told)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.json", "waits.py"]


@pytest.mark.parametrize("link", ["tun", "veth"])
def test_a_kill_leaves_nothing(link: str, tmp_path: Path) -> None:
    if link == "tun" and not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        pytest.skip("needs /dev/net/tun")
    with started(
        tmp_path, WAITS, "--record", "r.json", "--link", link, stdin=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        with nothing_left(process):
            process.kill()
            process.communicate(timeout=PATIENCE_S)
    assert process.returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.iterdir()] == ["waits.py"]


def test_no_lab_is_begun_after_a_signal(tmp_path: Path) -> None:
    with started(
        tmp_path, WAITS, "half-close", "--record", "r.json", stdin=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.terminate()
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 143
    assert [record["lab"] for record in json.loads((tmp_path / "r.json").read_text())] == ["waits"]


def test_a_signal_that_was_ignored_stays_ignored(tmp_path: Path) -> None:
    source = WAITS.replace(
        "await trio.sleep_forever()",
        "import os, signal\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    bench.expect(client=ESTABLISHED, server=FIN_WAIT_1)",
    )
    (tmp_path / "waits.py").write_text(source)
    done = subprocess.run(
        ["nohup", *COMMAND, "run", "./waits.py"],
        check=False,
        capture_output=True,
        cwd=tmp_path,
        env=environment(),
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr


# --- --pause ---


def until(process: subprocess.Popen[str], last: str) -> str:
    """What a process says on stderr, up to a line that begins so."""
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if line.startswith(last):
            return said
    raise AssertionError(f"it ended without saying {last!r}: {said}")


@pytest.mark.parametrize("as_json", [False, True])
def test_a_paused_run_can_be_looked_at_with_the_commands_it_shows(
    as_json: bool, tmp_path: Path
) -> None:
    terminal, its_end = pty.openpty()
    try:
        options = ["--pause", *(["--json"] if as_json else [])]
        with started(tmp_path, FAILS, *options, stdin=its_end) as process:
            said = until(process, "Press Enter")
            commands = dict(re.findall(r"^  (\w+): (.*)$", said, re.MULTILINE))
            assert list(commands) == ["client", "server"]
            seen = {
                host: subprocess.run(
                    command.split(),
                    check=True,
                    capture_output=True,
                    encoding="utf-8",
                    timeout=PATIENCE_S,
                ).stdout
                for host, command in commands.items()
            }
            assert "ESTAB" in seen["client"] and "10.0.0.1:" in seen["client"]
            assert "FIN-WAIT-1" in seen["server"] and "10.0.0.2:80" in seen["server"]
            with nothing_left(process):
                os.write(terminal, b"\n")
                out, _ = process.communicate(timeout=PATIENCE_S)
    finally:
        os.close(terminal)
        os.close(its_end)
    assert process.returncode == 1
    if as_json:
        assert not json.loads(out)["passed"]
    else:
        assert out.count("observed server FIN-WAIT-1") >= 1
        assert out.count("Question: ") == 1, "the ladder is shown once"


def test_a_paused_run_ends_with_a_signal(tmp_path: Path) -> None:
    terminal, its_end = pty.openpty()
    try:
        with started(tmp_path, FAILS, "--pause", stdin=its_end) as process:
            until(process, "Press Enter")
            with nothing_left(process):
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=PATIENCE_S)
    finally:
        os.close(terminal)
        os.close(its_end)
    assert process.returncode == 130
