"""The command line as its users have it: a process with its streams and its exit code."""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

ROOT = Path(__file__).resolve().parents[1]

PATIENCE_S = 60.0
"""A watchdog for what takes less than a second."""

COMMAND = (sys.executable, "-m", "socklab")

SCRIPT = f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n'
"""The command as a program, for those who start one by its path."""

CHANGES_THE_OUTPUT = frozenset(
    ("COLUMNS", "LC_ALL", "NO_COLOR", "PYTHONIOENCODING", "SOCKLAB_DEBUG", "SOCKLAB_LABS")
)

HEADER = '''"""A lab of a test: what it is for, the test says.

Question: is this a question?
See:      what there is to see
Source:   RFC 9293
Next:     handshake
"""

import trio

from socklab import ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, Bench, Control, Role
'''

ROLES = """

async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.close()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.recv(100)


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    bench.expect(client=ESTABLISHED, server=ESTABLISHED)
    await bench.call(server="close")
"""

LAB = HEADER + ROLES
"""A lab up to the server's close(); a test adds lines to its story."""


def environment(**changes: str) -> dict[str, str]:
    """This process's, without what would change the output, and with socklab to be found."""
    kept = {name: value for name, value in os.environ.items() if name not in CHANGES_THE_OUTPUT}
    folders = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    here = {"PYTHONPATH": os.pathsep.join(folders), "PYTHONIOENCODING": "utf-8"}
    return kept | here | changes


def hears_signals() -> None:
    """Runs in the new process: who starts the tests in the background makes them deaf to some."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def socklab(
    *arguments: str | Path,
    env: Mapping[str, str] | None = None,
    stdout: int | IO[bytes] = subprocess.PIPE,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(**(env or {})),
        timeout=PATIENCE_S,
        cwd=cwd,
    )


def in_shell(line: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A line for bash, in which $S stands for the command, and "$PYTHON" for its Python."""
    with TemporaryDirectory() as folder:
        command = Path(folder, "socklab")  # one word, however many blanks this checkout's path has
        command.write_text(SCRIPT)
        command.chmod(0o755)
        return subprocess.run(
            ["bash", "-c", f"set -o pipefail; {line}"],
            check=False,
            capture_output=True,
            encoding="utf-8",
            env=environment(S=str(command), PYTHON=sys.executable, **env),
            timeout=PATIENCE_S,
        )


def is_gone(process: int) -> bool:
    """Whether a process ends; a handle of it is readable then. Source: pidfd_open(2)"""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], PATIENCE_S)[0])
    finally:
        os.close(handle)
