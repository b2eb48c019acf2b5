"""The command line: a command parses, calls and prints. One file for each.

Typer is all that is imported to parse and to help; what a command needs beyond, Trio above
all, it imports itself when it runs.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from socklab.cli import (
    claims,
    coverage,
    diff,
    doctor,
    explore,
    grid,
    lint,
    list as listing,
    new,
    play,
    puzzle,
    quiz,
    replay,
    run,
    show,
    view,
)
from socklab.cli.ending import complain, ending
from socklab.cli.streams import nowhere, put, three_streams, unwritable
from socklab.errors import MachineError

EXIT_CODES = (
    "Exit codes: 0 as expected, 1 an expectation was not met, 2 usage, 3 this machine can't run "
    "it, 70 a bug in socklab, 130 and 143 ended by Ctrl-C and by SIGTERM."
)


class Commands(TyperGroup):
    """The commands, and one place where whatever they raise becomes a sentence and a code."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """Run the command that was asked for."""
        with ending():
            return super().invoke(ctx)


app = typer.Typer(
    name="socklab",
    cls=Commands,
    no_args_is_help=True,
    # Both would import rich, and rich takes longer than most commands.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)
app.command("list")(listing.list_labs)
app.command("show")(show.show)
app.command("run")(run.run)
app.command("play")(play.play)
app.command("replay")(replay.replay)
app.command("view")(view.view)
app.command("diff")(diff.diff)
app.command("new")(new.new)
app.command("lint")(lint.lint)
app.command("grid")(grid.grid)
app.command("coverage")(coverage.coverage)
app.command("claims")(claims.claims)
app.command("explore")(explore.explore)
app.command("puzzle")(puzzle.puzzle)
app.command("quiz")(quiz.quiz)
app.command("doctor")(doctor.doctor)


def _version(asked: bool) -> None:
    if not asked:
        return
    from socklab.cli.version import version

    put(f"socklab {version()}")
    raise typer.Exit


@app.callback()
def socklab(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Labs for TCP sockets on the real kernel: one move at a time, and ss as the witness."""


def main() -> None:
    """What the console script `socklab` runs."""
    three_streams()
    if "_SOCKLAB_COMPLETE" in os.environ:
        # To complete a word Typer would import rich, if it is there, for nothing but to strip
        # markup that our help has none of: a wait after each press of Tab.
        sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        app(prog_name="socklab")
    except OSError as refused:  # Typer's own output, such as --help on a full disk
        nowhere()
        complain(unwritable(refused))
        sys.exit(MachineError.exit_code)
    finally:
        # Python would search all of Trio for cycles before it lets go: some 30 ms for nothing.
        gc.freeze()
