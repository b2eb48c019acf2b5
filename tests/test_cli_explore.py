"""`socklab explore`: what it prints, writes and goes on with, and what it says to bad input."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest

from socklab.joint.graph import Graph
from socklab.steer.free import STARTS
from tests.commands import COMMAND, HEADER, PATIENCE_S, environment, hears_signals, socklab
from tests.joint_states import GRAPHS
from tests.test_cli import invoke

CLOSE = ("explore", "--calls", "close")

FIRST = ("explore", "--depth", "1")


def graph(file: Path) -> Graph:
    return Graph.from_json(file.read_text(encoding="utf-8"))


def sentence(*arguments: str | Path) -> str:
    """What a command that can't be run says: one sentence, and the code for it."""
    code, out, err = invoke(*map(str, arguments))
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    return err


# --- What it finds ---


@pytest.mark.kernel
def test_what_is_printed_fits_a_terminal_and_tells_all() -> None:
    done = socklab(*CLOSE)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert "Where it ends:" in lines
    assert "  client FIN-WAIT-1 → CLOSING" in lines
    assert lines[-1].startswith("22 joint states, 26 moves between them, 27 runs")
    assert lines[-1].endswith(": complete.")


@pytest.mark.kernel
def test_the_graph_is_written_as_json_and_drawn(tmp_path: Path) -> None:
    done = socklab(
        *CLOSE,
        *("--json", "g.json", "--dot", "g.dot", "--svg", "g.svg", "--html", "g.html", "--quiet"),
        cwd=tmp_path,
    )
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert (tmp_path / "g.json").read_text() == (GRAPHS / "close.json").read_text()
    assert (tmp_path / "g.svg").read_text() == (GRAPHS / "close.svg").read_text()
    assert (tmp_path / "g.dot").read_text().startswith("digraph joint {")
    assert (tmp_path / "g.html").read_text().startswith("<!doctype html>")


@pytest.mark.kernel
def test_json_can_be_printed_and_then_nothing_else_is() -> None:
    done = socklab(*FIRST, "--json", "-", "--calls", "close")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(Graph.from_json(done.stdout).nodes) == 3


@pytest.mark.kernel
def test_pairs_of_states_are_drawn_where_that_is_asked_for() -> None:
    done = socklab("explore", "--depth", "2", "--draw", "pairs", "--svg", "-")
    assert "each box is a pair of states" in done.stdout
    assert "dashed border" in done.stdout
    assert 'class="box left"' in done.stdout


@pytest.mark.kernel
def test_what_must_not_be_is_told_first_and_is_1(tmp_path: Path) -> None:
    done = socklab("explore", "--calls", "send,close", "--depth", "6", "--quiet")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("VIOLATION: 4 bytes that server sent were never read")
    begin = lines.index("  # socklab play --free --script FILE")
    script = lines[begin : lines.index("", begin)]
    (tmp_path / "moves.txt").write_text("\n".join(script))
    played = socklab("play", "--free", "--script", "moves.txt", cwd=tmp_path)
    assert played.returncode == 0, played.stderr
    assert "LISTEN" in played.stdout


@pytest.mark.kernel
def test_a_program_that_fails_is_told_and_is_no_violation() -> None:
    done = socklab("explore", "half-close", "--depth", "3", "--quiet")
    assert done.returncode == 0
    assert "1 way in which a program failed:" in done.stdout
    assert "Connection refused" in done.stdout
    assert "VIOLATION" not in done.stdout


@pytest.mark.kernel
def test_a_lab_can_begin_where_its_connection_is_open(tmp_path: Path) -> None:
    done = socklab(
        *("explore", "half-close", "--start", "established", "--depth", "1"),
        *("--json", "g.json", "--quiet"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert graph(tmp_path / "g.json").nodes[0].joint.states == {
        "client": "ESTABLISHED",
        "server": "ESTABLISHED",
    }


@pytest.mark.kernel
def test_a_script_can_be_the_start(tmp_path: Path) -> None:
    (tmp_path / "start.txt").write_text("\n".join([*STARTS["established"], "call client close"]))
    done = socklab(*FIRST, "--start", "start.txt", "--json", "g.json", "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert graph(tmp_path / "g.json").nodes[0].joint.sockets["client"][0].state == "FIN-WAIT-1"


# --- Goals ---


@pytest.mark.kernel
def test_a_goal_is_told_with_its_moves_and_becomes_a_lab(tmp_path: Path) -> None:
    done = socklab(
        *("explore", "--goal", "client=CLOSING,server=CLOSING", "--save-lab", "both_closing.py"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    first = done.stdout.splitlines()[0]
    assert first.startswith("4 moves after the start lead to client=CLOSING,server=CLOSING")
    ran = socklab("run", "./both_closing.py", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout
    control = socklab("run", "./both_closing.py", "--control", cwd=tmp_path)
    assert control.returncode == 0, control.stdout


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--depth", "2"), "depth 2 was exhausted without it"),
        (("--calls", "close"), "all 22 joint states were tried, so it can't be"),
    ],
)
def test_a_goal_that_was_not_reached_is_1_and_told_why(more: tuple[str, ...], why: str) -> None:
    done = socklab("explore", "--goal", "client=SYN-SENT", *more)
    assert done.returncode == 1
    assert why in " ".join(done.stdout.split())


@pytest.mark.kernel
def test_a_goal_that_names_nobody_is_told_with_the_nearest() -> None:
    done = socklab("explore", "--goal", "clint=CLOSING")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean client?" in done.stderr


# --- Stopped, and going on ---


def stopped(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """A search that was told to stop once it had begun to follow something."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=follower,  # a terminal, so that it tells how far it is
        encoding="utf-8",
        env=environment(TERM="xterm"),
        cwd=folder,
        preexec_fn=hears_signals,  # noqa: PLW1509
    )
    os.close(follower)
    seen, until = b"", time.monotonic() + PATIENCE_S
    while b"level 4:" not in seen:
        assert select.select([leader], [], [], max(0.0, until - time.monotonic()))[0], seen
        seen += os.read(leader, 4096)
    process.send_signal(signal.SIGINT)
    try:
        process.stdout_text, _ = process.communicate(timeout=PATIENCE_S)  # type: ignore[attr-defined]
        process.stderr_text = seen.decode() + _rest(leader)  # type: ignore[attr-defined]
    finally:
        process.kill()
        os.close(leader)
    return process


def _rest(leader: int) -> str:
    rest = b""
    while select.select([leader], [], [], 0)[0]:
        try:
            rest += os.read(leader, 4096)
        except OSError:  # nobody is at the other end
            break
    return rest.decode()


@pytest.mark.kernel
def test_ctrl_c_keeps_what_was_found_and_it_is_gone_on_with(tmp_path: Path) -> None:
    process = stopped(tmp_path, "explore", "--json", "g.json", "--jobs", "2")
    assert process.returncode == 130
    assert "it was stopped" in " ".join(process.stdout_text.split())  # type: ignore[attr-defined]
    assert "interrupted by Ctrl-C" in process.stderr_text  # type: ignore[attr-defined]
    found = graph(tmp_path / "g.json")
    assert 1 < len(found.nodes) < 154
    done = socklab("explore", "--resume", "g.json", "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "g.json").read_text() == (GRAPHS / "closing.json").read_text()


@pytest.mark.kernel
def test_a_greater_depth_goes_on(tmp_path: Path) -> None:
    socklab(*CLOSE, "--depth", "2", "--json", "g.json", cwd=tmp_path)
    done = socklab("explore", "--resume", "g.json", "--depth", "40", "--json", "-", cwd=tmp_path)
    assert done.stdout == (GRAPHS / "close.json").read_text()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--calls", "send"), "was searched with --calls close, and this asks for --calls send"),
        (("--faults", "drop"), "was searched with no --faults"),
        (("--ipv6",), "was searched with no --ipv6"),
        (("half-close",), "was searched with --free, and this asks for half-close"),
        (("--start", "nothing"), "was searched with a start of 7 moves"),
    ],
)
def test_a_search_of_other_terms_is_not_gone_on_with(more: tuple[str, ...], told: str) -> None:
    assert told in sentence("explore", "--resume", GRAPHS / "close.json", "--force", *more)


@pytest.mark.parametrize("text", ["", "{}", '{"schema": "socklab.graph/1"}', "\0\xff"])
def test_a_file_that_is_no_graph_is_told(text: str, tmp_path: Path) -> None:
    file = tmp_path / "g.json"
    file.write_text(text, encoding="latin-1")
    assert f"{file}: it is no graph of joint states" in sentence("explore", "--resume", file)


# --- Random walks ---


@pytest.mark.kernel
def test_a_walk_is_made_again_from_its_seed() -> None:
    walks = ("explore", "--random", "--calls", "send,close", "--quiet")
    done = socklab(*walks, "--seed", "1", "--runs", "12")
    assert done.returncode == 1
    command = next(line.split() for line in done.stdout.splitlines() if "--random --seed" in line)
    again = socklab(*command[1:])
    assert again.returncode == 1
    moves = done.stdout.split(" ".join(command))[1].split("\n\n")[0].split("also")[0].split()
    assert " ".join(moves) in " ".join(again.stdout.split())


LOSES = """
from socket import SOL_SOCKET

async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.close()
    await listener.close()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.send(b"x")
    await connection.close()


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED)
"""
"""Programs of which one says something that the other never reads."""


@pytest.mark.kernel
@pytest.mark.parametrize("more", [(), ("--random", "--runs", "6")])
def test_a_lab_of_one_s_own_is_named_as_it_was(more: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(HEADER + LOSES)
    done = socklab("explore", "./mine.py", "--start", "established", "--quiet", *more, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 byte that client sent was never read" in done.stdout
    command = "explore ./mine.py --random" if more else "play ./mine.py --script FILE"
    assert f"socklab {command}" in done.stdout.replace("--start established ", "")


@pytest.mark.kernel
def test_walks_that_find_nothing_are_0() -> None:
    done = socklab("explore", "--random", "--calls", "close", "--runs", "4")
    assert (done.returncode, done.stderr) == (0, "")
    assert "4 walks of" in done.stdout


# --- Bad input ---


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--calls", "clos"), "did you mean close?"),
        (("--calls", "close()x"), "is no call"),
        (("--calls", ","), "--calls wants the names of calls"),
        (("--faults", "drp"), "did you mean drop?"),
        (("--most-faults", "2"), "--faults says which"),
        (("--goal", "client=CLOSIN"), "Did you mean CLOSING?"),
        (("--goal", "CLOSING"), "is no goal"),
        (("--depth", "0"), "--depth wants a number of 1 at least"),
        (("--timers", "0"), "--timers wants seconds above 0"),
        (("--jobs", "0"), "--jobs wants a number above 0"),
        (("--random", "--runs", "0"), "--runs wants a number above 0"),
        (("--seed", "3"), "--random makes some"),
        (("--random", "--goal", "client=CLOSING"), "leave one of them out"),
        (("--save-lab", "x.py"), "--goal says which"),
        (("half-close", "--free"), "leave it out, or the lab's name"),
        (("half-closed",), "half-close"),
        (("half-close", "--start", "listening"), "is for free play"),
        (("--start", "estblished"), "no start of that name"),
        (("--json", "-", "--svg", "-"), "only one of --json and --svg can be printed"),
        (("--svg", "nowhere/g.svg"), "there is no folder nowhere"),
        (("--json", "g", "--svg", "g"), "name one and the same file"),
        (("--resume", "nowhere.json"), "nowhere.json can't be read"),
    ],
)
def test_bad_input_is_told_in_a_sentence(
    arguments: tuple[str, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert told in sentence("explore", *arguments)


def test_a_file_that_exists_is_kept(tmp_path: Path) -> None:
    (tmp_path / "g.json").write_text("mine")
    assert "--force replaces it" in sentence(*CLOSE, "--json", tmp_path / "g.json")
    assert (tmp_path / "g.json").read_text() == "mine"


@pytest.mark.kernel
def test_a_disk_that_is_full_is_told(tmp_path: Path) -> None:
    done = socklab(*FIRST, "--calls", "close", "--json", "/dev/full", cwd=tmp_path)
    assert done.returncode == 3
    assert "can't be written to /dev/full: No space left on device" in done.stderr
    assert "3 joint states" in done.stdout


@pytest.mark.kernel
def test_everything_that_can_be_called_in_free_play_can_be_named() -> None:
    """The names of --calls are those that the programs of free play stand before."""
    from socklab.cli.exploring import FREE_CALLS

    done = socklab("explore", "--start", "nothing", "--depth", "4", "--calls", "all", "--json", "-")
    seen = {
        edge["move"].split()[2]
        for edge in json.loads(done.stdout)["edges"]
        if edge["move"].startswith("call ")
    }
    assert seen
    assert seen <= set(FREE_CALLS)
