"""`socklab run`: run labs, show what happened, and say whether it was as expected."""

from __future__ import annotations

import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import Annotated, Literal

import typer

from socklab.cli import saving
from socklab.cli.ending import Interrupted
from socklab.cli.names import LabNames
from socklab.cli.session import Options, Session
from socklab.cli.streams import put
from socklab.errors import LabError
from socklab.lab import find


def run(
    labs: LabNames,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print the Record as JSON instead; of several labs, an array of them."
        ),
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record", metavar="FILE", help="Write the same JSON to a file, whatever is printed."
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every move, and what ss showed after it.")
    ] = False,
    control: Annotated[
        bool,
        typer.Option("--control", help="Take the lab's cause away, and see that it then fails."),
    ] = False,
    pause: Annotated[
        bool,
        typer.Option("--pause", help="Where a run fails, keep its hosts to look at until Enter."),
    ] = False,
    ipv6: Annotated[bool, typer.Option("--ipv6", help="Give the hosts IPv6 addresses.")] = False,
    bench: Annotated[
        Literal["auto", "wire", "loopback"],
        typer.Option("--bench", help="Run on a held wire, or on this machine's loopback."),
    ] = "auto",
    link: Annotated[
        Literal["auto", "tun", "veth"], typer.Option("--link", help="How to hold the wire.")
    ] = "auto",
) -> None:
    """Run labs, one after the other, and show each as a ladder."""
    if pause and not sys.stdin.isatty():
        raise LabError("--pause waits for Enter, and standard input is no terminal")
    if control and bench == "loopback":
        raise LabError("--control needs a held wire: leave out --bench loopback")
    if record is not None:
        saving.check(record)
    paths = [find(name) for name in labs]  # a typo is told before anything is imported

    from socklab.cli.signals import Signals
    from socklab.lab import load

    with Signals() as signals:
        # A lab may print what it likes, but not into a document.
        with redirect_stdout(sys.stderr) if as_json else nullcontext():
            loaded = [load(path) for path in paths]
        options = Options(as_json, verbose, control, pause, ipv6, bench, link)
        session = Session(options, signals)
        interrupted = None
        try:
            for number, lab in enumerate(loaded):
                if number and not as_json:
                    put("")
                session.run(lab)
        except Interrupted as signal:
            interrupted = signal
        if session.records or len(loaded) > 1:
            text = saving.to_text(session.records, several=len(loaded) > 1)
            if as_json and interrupted is None:
                put(text)
            if record is not None:
                session.save(record, text)
    if interrupted is not None:
        raise interrupted
    raise typer.Exit(session.exit_code)
