"""Standard output as it is: a terminal or a pipe, narrow or wide, of any encoding, or closed."""

from __future__ import annotations

import codecs
import os
import sys
from contextlib import suppress
from shutil import get_terminal_size

from socklab.errors import MachineError

NARROWEST = 40
"""Columns; below, lines are left to the terminal to fold."""

IN_ASCII = str.maketrans(
    {
        "→": ">",
        "←": "<",
        "►": ">",
        "◄": "<",
        "─": "-",
        "╌": ".",
        "═": "=",
        "│": "|",
        "├": "|",
        "┤": "|",
        "○": "o",
        "✓": "+",
        "✗": "x",
        "×": "x",
        "–": "-",
        "…": "~",
        "§": "S",
        "’": "'",
        "“": '"',
        "”": '"',
    }
)
"""What stands for a character that the output's encoding does not have: one for one, so that
columns stay columns."""


def _in_ascii(problem: UnicodeError) -> tuple[str, int]:
    assert isinstance(problem, UnicodeEncodeError)
    told = problem.object[problem.start : problem.end].translate(IN_ASCII)
    return told.encode("ascii", "replace").decode("ascii"), problem.end


def three_streams() -> None:
    """Make standard input, output and error safe to use, whatever the caller has left of them.

    A closed one becomes /dev/null: a number from 0 to 2 must not go to the next socket. What
    the output's encoding lacks (LC_ALL=C, PYTHONIOENCODING=ascii) is told in ASCII.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdin = sys.stdin or open(0)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w")  # noqa: SIM115
    codecs.register_error("socklab", _in_ascii)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # a test's stand-in need not be a TextIOWrapper
            stream.reconfigure(errors="socklab")  # type: ignore[union-attr]


def put(text: str) -> None:
    """Print a result on standard output, at once.

    Where its reader has gone (`| head -1`) the rest goes nowhere: what a run came to does not
    depend on who reads it.

    Raises:
        MachineError: it can't be written, as on a full disk.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        nowhere()
    except OSError as refused:
        # What is still buffered would be tried again, and complained of, at exit.
        nowhere()
        raise MachineError(unwritable(refused)) from refused


def unwritable(refused: OSError) -> str:
    """Why standard output can't be written, in a sentence."""
    return f"the output can't be written: {refused.strerror}"


def nowhere() -> None:
    """Let standard output end in /dev/null. Source: the Python manual, "Note on SIGPIPE"."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def ascii_only() -> bool:
    """Whether the output's encoding lacks what a ladder is drawn with."""
    try:
        "─│├┤►◄✓✗→…".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def width() -> int:
    """The columns there are: COLUMNS, else the terminal's, else 80."""
    return max(NARROWEST, get_terminal_size((80, 24)).columns)


def color() -> bool:
    """Whether to color: on a terminal that can, unless NO_COLOR is set to something.

    Source: https://no-color.org
    """
    return (
        sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM", "dumb") != "dumb"
    )
