"""`socklab play`: make the moves of a run oneself, on the screen or by a script."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from socklab.cli import saving
from socklab.cli.exports import Exports, Force, with_files
from socklab.cli.names import HELP, LabFolders, complete
from socklab.cli.options import Link
from socklab.cli.playing import LabFile, save_lab, save_moves, steps_in
from socklab.cli.streams import put
from socklab.errors import LabError, MachineError

if TYPE_CHECKING:
    from socklab.lab import Lab
    from socklab.moves import Move


@with_files(after="record")
def play(
    lab: Annotated[
        str | None,
        typer.Argument(metavar="LAB", help=HELP, autocompletion=complete, show_default=False),
    ] = None,
    free: Annotated[
        bool, typer.Option("--free", help="Play without a lab: pick the calls of both programs.")
    ] = False,
    start: Annotated[
        Literal["nothing", "listening", "established"] | None,
        typer.Option(
            "--start", help="How far free play has got when it begins.  [default: nothing]"
        ),
    ] = None,
    script: Annotated[
        Path | None,
        typer.Option(
            "--script",
            metavar="FILE",
            readable=False,  # one that is not is told as all other mistakes are
            help="Make the moves of a text file or of a Record; `-` is standard input.",
        ),
    ] = None,
    lab_file: Annotated[
        Path | None,
        typer.Option("--save-lab", metavar="FILE", help="Write what was played as a lab's file."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Of a script, print the Record as JSON instead.")
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record", metavar="FILE", help="Write the same JSON to a file, whatever is printed."
        ),
    ] = None,
    force: Force = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every move, and what ss showed after it.")
    ] = False,
    folders: LabFolders = None,
    ipv6: Annotated[bool, typer.Option("--ipv6", help="Give the hosts IPv6 addresses.")] = False,
    link: Link = "auto",
    **files: Path | None,
) -> None:
    """Make the moves yourself: call by call, segment by segment, with undo."""
    if lab and free:
        raise LabError("--free plays without a lab: leave it out, or the lab's name")
    if not lab and not free:
        raise LabError("which lab? `socklab list` shows them, and --free plays without one")
    if start and not free:
        raise LabError("--start is how --free begins; a lab begins with its programs' first calls")
    exports = Exports(files, force=force, record=record)
    shown = ["--json"] * as_json + exports.printed
    if len(shown) > 1:
        raise LabError(f"{shown[0]} and {shown[1]} ask for different things: leave one of them out")
    file = None if lab_file is None else LabFile(lab_file, force=force)
    if file is not None:
        file.check()
        _see_apart(file.path, {**files, "record": record})
    if script is None:
        _see_screen([*shown, *exports.options, *(["--record"] if record else [])])
    steps = None if script is None else steps_in(script)
    begun = _moves_of(start)
    loaded = _lab(lab, folders or [])
    if steps is None:
        asked = ["--free"] if lab is None else [lab]
        raise typer.Exit(_on_screen(loaded, begun, asked, file, link=link, ipv6=ipv6))

    from socklab.cli.scripting import Scripted
    from socklab.cli.signals import Signals

    with Signals() as signals:
        played = Scripted(loaded, signals, link=link, ipv6=ipv6, document=bool(shown))
        played.run(steps, begun)
        if as_json:
            put(saving.to_text([played.record], several=False))
        elif exports.printed:
            played.codes.append(exports.put(played.record))
        else:
            played.show(verbose=verbose)
        played.tell()
        played.keep(exports)
        if file is not None:
            played.write(file)
    if played.interrupted is not None:
        raise played.interrupted
    raise typer.Exit(max(played.codes))


def _see_apart(lab_file: Path, others: Mapping[str, Path | None]) -> None:
    """See that no other option names the lab's file.

    Raises:
        LabError: one does.
    """
    named = [(f"--{name}", path) for name, path in others.items() if path and str(path) != "-"]
    saving.apart([("--save-lab", lab_file), *named])


def _see_screen(only_of_scripts: list[str]) -> None:
    """See that there is a screen to play on, and nothing asked for that it does not do.

    Raises:
        LabError: there is none, or there is.
    """
    if only_of_scripts:
        raise LabError(
            f"{only_of_scripts[0]} shows what a script did: give --script FILE; "
            "on the screen, keys save what was played"
        )
    # Textual draws on standard error.
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise LabError(
            "play needs a terminal, and this is none; --script FILE makes the moves of a file, "
            "and --script - those on standard input"
        )


def _moves_of(start: str | None) -> list[Move]:
    from socklab.moves import Move
    from socklab.steer.free import start as moves_of

    return [Move.parse(text) for text in moves_of(start or "nothing")]


def _lab(name: str | None, folders: list[Path]) -> Lab:
    from socklab.lab import load
    from socklab.packs import find
    from socklab.steer.free import free_lab

    return free_lab() if name is None else load(find(name, folders))


def _on_screen(
    lab: Lab, start: list[Move], asked: list[str], file: LabFile | None, *, link: str, ipv6: bool
) -> int:
    try:
        from socklab.play import run_app
    except ModuleNotFoundError as missing:
        raise MachineError(
            f"play needs {missing.name}, which is not installed: `pip install {missing.name}`; "
            "--script FILE does without"
        ) from missing
    return run_app(
        lab,
        start=start,
        link=link,
        ipv6=ipv6,
        save_moves=partial(save_moves, [*asked, *(["--ipv6"] if ipv6 else [])]),
        save_lab=partial(save_lab, link),
        lab_file=None if file is None else file.path,
    )
