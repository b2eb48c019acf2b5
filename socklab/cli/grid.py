"""`socklab grid`: what hostile segments do to a socket in every state, on this kernel."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from socklab.cli.options import AsJson, Link
from socklab.cli.streams import ascii_only, color, put, width
from socklab.errors import ExperimentError, LabError, MachineError, ToolError

if TYPE_CHECKING:
    from socklab.grid import Grid
    from socklab.hostile import Cell


def _states(incomplete: str) -> list[str]:
    from socklab.tcp import State

    return _begun(incomplete, [state.value for state in State])


def _kinds(incomplete: str) -> list[str]:
    from socklab.hostile import Hostile

    return _begun(incomplete, [kind.text for kind in Hostile])


def _begun(incomplete: str, names: list[str]) -> list[str]:
    """The names that begin so, in the case of what was typed: Typer goes by it."""
    told = [name.lower() if incomplete.islower() else name for name in names]
    return [name for name in told if name.startswith(incomplete)]


def grid(
    state: Annotated[
        list[str] | None,
        typer.Option(
            "--state",
            metavar="STATE",
            help="Only sockets in this state; may be given again.",
            autocompletion=_states,
        ),
    ] = None,
    segment: Annotated[
        list[str] | None,
        typer.Option(
            "--segment",
            metavar="KIND",
            help="Only segments of this kind, such as RST or SYN+ACK; may be given again.",
            autocompletion=_kinds,
        ),
    ] = None,
    as_json: AsJson = False,
    diff: Annotated[
        Path | None,
        typer.Option(
            "--diff", metavar="FILE", help="Compare with what --json printed on another kernel."
        ),
    ] = None,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="List every reply in full, and what RFC 9293 has."),
    ] = False,
    ipv6: Annotated[bool, typer.Option("--ipv6", help="Give the host an IPv6 address.")] = False,
    link: Link = "auto",
) -> None:
    """Show what hostile segments do to a socket in every state."""
    if as_json and diff is not None:
        raise LabError("--json and --diff are two answers: leave out one of them")
    cells = _chosen(state or [], segment or [])
    other = None if diff is None else _read(diff)

    from socklab.cli.signals import Signals
    from socklab.siege import besiege

    try:
        with Signals() as signals:
            measured = signals.run(partial(besiege, cells, link=link, ipv6=ipv6))
    except ToolError as error:
        from socklab.doctor import ss_refused

        if (why := ss_refused()) is not None:
            raise MachineError(why) from error
        raise
    if other is not None:
        assert diff is not None
        _compare(measured, other, diff)
    elif as_json:
        put(measured.to_json())
    else:
        from socklab.views.grid import grid_text

        text = grid_text(
            measured, width=width(), color=color(), verbose=verbose, ascii=ascii_only()
        )
        put(text.removesuffix("\n"))


def _chosen(states: list[str], kinds: list[str]) -> list[Cell]:
    """The cells that were asked for.

    Raises:
        LabError: there is no such state, or no such kind.
    """
    from socklab.hostile import CELLS, Hostile
    from socklab.situations import Situation

    wanted_situations = {one for text in states for one in Situation.of(text)} or set(Situation)
    wanted_kinds = {Hostile.named(text) for text in kinds} or set(Hostile)
    return [
        cell for cell in CELLS if cell.situation in wanted_situations and cell.kind in wanted_kinds
    ]


def _read(file: Path) -> Grid:
    """The grid in a file.

    Raises:
        LabError: it can't be read, or is none.
    """
    from socklab.grid import Grid

    try:
        return Grid.from_json(file.read_text(encoding="utf-8"))
    except OSError as refused:
        raise LabError(f"{file} can't be read: {refused.strerror}") from refused
    except (ValueError, LabError) as problem:
        raise LabError(
            f"{file} is no grid that `socklab grid --json` printed: {problem}"
        ) from problem


def _compare(ours: Grid, theirs: Grid, file: Path) -> None:
    """Say where two grids differ; the exit code is 1 if they do."""
    from socklab.views.grid import differences_text

    compared = len(ours.outcomes.keys() & theirs.outcomes.keys())
    if not compared:
        raise LabError(f"{file} has none of these cells")
    found = list(ours.differences(theirs))
    if not found:
        put(f"The same as in {file} (Linux {theirs.kernel}) in all {compared} cells compared.")
        return
    put(differences_text(found, theirs.kernel, ours.kernel).removesuffix("\n"))
    put(f"{len(found)} of {compared} cells differ.")
    raise typer.Exit(ExperimentError.exit_code)
