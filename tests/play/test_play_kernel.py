"""The game on the real thing: a student's two closes by keys, and every way to leave it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual.pilot import Pilot

from socklab.lab import load
from socklab.moves import Move
from socklab.packs import find
from socklab.play.app import PlayApp
from socklab.steer.free import free_lab, start
from socklab.steer.session import Session
from socklab.tcp import CLOSE_WAIT, CLOSING, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, TIME_WAIT
from tests.commands import COMMAND, PATIENCE_S, environment, hears_signals, is_gone
from tests.play.stage import played, press, said, screen

pytestmark = pytest.mark.kernel


def key_of(app: PlayApp, host: str, text: str) -> str:
    """The key before a call or a segment, as one finds it on the screen: in its host's column."""
    column = {"client": 0, "wire": 1, "server": 2}[host]
    for line in screen(app).splitlines()[2:14]:
        parts = line.split("│")
        if len(parts) == 3 and (found := re.match(rf" ?(\w) .*{re.escape(text)}", parts[column])):
            return found[1]
    raise AssertionError(f"{text} is not in the column of {host}:\n{screen(app)}")


def test_a_half_close_by_enter_alone() -> None:
    with Session(load(find("half-close"))) as session:
        app = PlayApp(session, title="Half-close")

        async def script(pilot: Pilot[int]) -> None:
            seen = []
            while session.position.states["client"] is not TIME_WAIT:
                await press(pilot, "enter")
                state = tuple(session.position.states.values())
                if state not in seen:
                    seen.append(state)
            assert (FIN_WAIT_2, CLOSE_WAIT) in seen
            assert "TIME-WAIT timewait" in screen(app)

        played(app, script)


def test_a_simultaneous_close_picked_call_by_call() -> None:
    moves = [Move.parse(text) for text in start("established")]
    with Session(free_lab(), start=moves) as session:
        app = PlayApp(session, title="Free play")

        def states() -> tuple[object, ...]:
            return tuple(session.position.states.values())

        async def script(pilot: Pilot[int]) -> None:
            await press(pilot, key_of(app, "client", "shutdown(SHUT_WR)"))
            assert states() == (FIN_WAIT_1, ESTABLISHED)
            await press(pilot, key_of(app, "server", "shutdown(SHUT_WR)"))
            assert states() == (FIN_WAIT_1, FIN_WAIT_1)
            await press(pilot, "1", "1")
            assert states() == (CLOSING, CLOSING)
            await press(pilot, "backspace")
            assert set(states()) == {FIN_WAIT_1, CLOSING}
            await press(pilot, "1", "c", "c")
            assert states() == (TIME_WAIT, TIME_WAIT)
            assert said(app).startswith("✓ carry")

        played(app, script)


def test_a_segment_that_is_lost_waits_for_its_timer_which_can_be_stopped() -> None:
    moves = [Move.parse(text) for text in start("established")]
    with Session(free_lab(), start=moves) as session:
        app = PlayApp(session, title="Free play")

        async def script(pilot: Pilot[int]) -> None:
            await press(pilot, key_of(app, "client", "send()"), "d")
            assert session.position.held == ()
            await pilot.press("w")
            while session.position.made[-1:] != ("drop client 3 data",) or not app.is_waiting:
                await pilot.pause()
            await pilot.press("escape")
            await app.standstill()
            assert said(app).startswith("Stopped: wait until client's timer `on` fires.")
            assert session.position.made[-1] == "drop client 3 data"

        played(app, script)


def test_both_ends_over_ipv6() -> None:
    moves = [Move.parse(text) for text in start("established")]
    with Session(free_lab(), start=moves, ipv6=True) as session:
        app = PlayApp(session, title="Free play")

        async def script(pilot: Pilot[int]) -> None:
            assert "client fd00::1" in screen(app) or "client fd" in screen(app)
            await press(pilot, key_of(app, "client", "close()"), "enter")
            assert session.position.states["server"] is CLOSE_WAIT

        played(app, script)


# --- On a terminal ------------------------------------------------------------------------------


@dataclass
class Terminal:
    """A terminal with a game on it."""

    process: subprocess.Popen[bytes]
    master: int
    shown: str = ""

    def until(self, text: str) -> None:
        """Read until a text was written; what places and colours it is left out."""
        deadline = time.monotonic() + PATIENCE_S
        while text not in self.shown:
            left_s = max(0.0, deadline - time.monotonic())
            assert select.select([self.master], [], [], left_s)[0], self.shown
            self._read()

    def _read(self) -> None:
        told = os.read(self.master, 65_536).decode(errors="replace")
        self.shown += re.sub(r"\x1b\[[0-9;?<>=]*[a-zA-Z]|\x1b[78=>]", "", told)

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def ends(self) -> int:
        """Its exit code; what it writes until then is read, or it could not end."""
        ended = os.pidfd_open(self.process.pid)
        try:
            while ready := select.select([self.master, ended], [], [], PATIENCE_S)[0]:
                if self.master not in ready:
                    return self.process.wait()
                self._read()
        finally:
            os.close(ended)
        raise AssertionError(f"it goes on:\n{self.shown}")

    def hang_up(self) -> None:
        """Close its window."""
        # What stands in its place can be closed like it.
        os.dup2(nothing := os.open(os.devnull, os.O_RDONLY), self.master)
        os.close(nothing)

    def run(self) -> int:
        """The process of the run."""
        (child,) = children(self.process.pid)
        return child


def children(parent: int) -> list[int]:
    """The processes that a process has started. Source: proc(5)"""
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(word) for word in listed.split()]


def size(descriptor: int, columns: int, lines: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def on_its_terminal() -> None:
    """Make standard input the terminal that signals come from, such as SIGHUP at its end."""
    hears_signals()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def out_of_earshot() -> None:
    """The same, but it does not hear that end, as after nohup(1)."""
    on_its_terminal()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


@contextmanager
def terminal(
    *arguments: str,
    command: str = "play",
    columns: int = 80,
    lines: int = 24,
    cleanly: bool = True,
    hears: bool = True,
) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    size(slave, columns, lines)
    before = termios.tcgetattr(slave)
    with subprocess.Popen(
        [*COMMAND, command, *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment() | {"TERM": "xterm-256color"},
        preexec_fn=on_its_terminal if hears else out_of_earshot,  # noqa: PLW1509
        start_new_session=True,
    ) as process:
        try:
            yield Terminal(process, master)
            assert not cleanly or termios.tcgetattr(slave) == before, "the terminal is as it was"
        finally:
            process.kill()
            os.close(slave)
            os.close(master)


FREE = ("--free", "--start", "established")


def test_q_leaves_a_game_in_which_nothing_was_done() -> None:
    with terminal(*FREE) as there:
        there.until("send()")
        run = there.run()
        there.type("q")
        assert there.ends() == 0
        assert is_gone(run)


def test_ctrl_c_leaves_at_once_with_its_code_and_nothing_is_left() -> None:
    with terminal(*FREE) as there:
        there.until("send()")
        run = there.run()
        there.type("a")
        there.until("data seq 1")
        there.type("w\x03")
        assert there.ends() == 130
        assert is_gone(run)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_its_code_and_nothing_is_left(signum: signal.Signals) -> None:
    with terminal(*FREE) as there:
        there.until("send()")
        run = there.run()
        os.kill(there.process.pid, signum)
        assert there.ends() == 128 + signum
        assert is_gone(run)


@pytest.mark.parametrize("hears", [True, False], ids=["SIGHUP", "nohup"])
def test_a_window_that_is_closed_ends_it_and_nothing_is_left(hears: bool) -> None:
    with terminal(*FREE, cleanly=False, hears=hears) as there:
        there.until("send()")
        run = there.run()
        there.hang_up()
        assert there.process.wait(PATIENCE_S) == 128 + signal.SIGHUP
        assert is_gone(run)


def test_when_the_run_dies_there_is_one_sentence() -> None:
    with terminal(*FREE) as there:
        there.until("send()")
        os.kill(there.run(), signal.SIGKILL)
        there.type("a")
        assert there.ends() == 3
        assert there.shown.count("socklab: the run's process was killed by SIGKILL") == 1
        assert "Traceback" not in there.shown


def test_when_the_game_is_killed_its_run_goes_with_it() -> None:
    with terminal(*FREE, cleanly=False) as there:
        there.until("send()")
        run = there.run()
        there.process.kill()
        assert there.ends() == -signal.SIGKILL
        assert is_gone(run)


def test_a_terminal_that_is_too_small_says_how_large_it_must_be() -> None:
    with terminal(*FREE, columns=60, lines=20) as there:
        there.until("This takes 80 columns and 24 lines")
        there.type("q")
        assert there.ends() == 0
