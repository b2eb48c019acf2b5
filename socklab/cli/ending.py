"""How a command ends: whatever it raises becomes one sentence on stderr and an exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from socklab.errors import SocklabError

BUG = 70
"""The exit code for an error in socklab itself: EX_SOFTWARE of sysexits.h."""


class Interrupted(BaseException):
    """The command was ended by a signal, and everything it had made is unmade."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum

    @property
    def exit_code(self) -> int:
        """As a shell tells it: 130 for SIGINT, 143 for SIGTERM."""
        return 128 + self.signum

    def __str__(self) -> str:
        return f"interrupted by {name_of(self.signum)}"


def name_of(signum: int) -> str:
    """A signal as its sender knows it: Ctrl-C, SIGTERM."""
    return "Ctrl-C" if signum == signal.SIGINT else signal.Signals(signum).name


def complain(sentence: object) -> None:
    """Say on stderr what is wrong."""
    print(f"socklab: {sentence}", file=sys.stderr)


@contextmanager
def ending() -> Iterator[None]:
    """Turn what the block raises into a sentence and a code; Typer's own exits pass through.

    With SOCKLAB_DEBUG set, the traceback of whatever was raised comes first.
    """
    try:
        yield
    except SocklabError as error:
        _debug(error)
        complain(error)
        raise typer.Exit(error.exit_code) from error
    except Interrupted as interrupted:
        complain(interrupted)
        raise typer.Exit(interrupted.exit_code) from interrupted
    except KeyboardInterrupt as interrupted:
        complain(Interrupted(signal.SIGINT))
        raise typer.Exit(Interrupted(signal.SIGINT).exit_code) from interrupted
    except Exception as error:
        if type(error).__module__.startswith("typer."):
            raise  # how Typer says "usage" and "done"
        complain(bug(error))
        raise typer.Exit(BUG) from error


def bug(error: Exception) -> str:
    """A sentence on an error in socklab itself."""
    _debug(error)
    return (
        f"this is a bug in socklab: {_in_one_line(error)}; please report it, with what "
        "SOCKLAB_DEBUG=1 shows"
    )


def _debug(error: BaseException) -> None:
    if os.environ.get("SOCKLAB_DEBUG"):
        import traceback

        traceback.print_exception(error)


def _in_one_line(error: BaseException) -> str:
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1]
    place = os.path.join(*last.filename.rsplit(os.sep, 2)[-2:])  # noqa: PTH118
    told = " ".join(f"{type(error).__name__}: {error}".split())
    return f"{told.removesuffix(': ')}, at {place}:{last.lineno}"
