"""`socklab run`: run labs, show what happened, and say whether it was as expected."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from socklab.cli import saving
from socklab.cli.ending import Interrupted, complain
from socklab.cli.names import LabNames
from socklab.cli.streams import ascii_only, color, put, width
from socklab.errors import ExperimentError, LabError, MachineError, SocklabError, ToolError
from socklab.lab import find

if TYPE_CHECKING:
    from socklab.cli.signals import Signals
    from socklab.lab import Lab
    from socklab.record import Record


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
        typer.Option(metavar="FILE", help="Write the same JSON to a file, whatever is printed."),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every move, and what ss showed after it.")
    ] = False,
    control: Annotated[
        bool,
        typer.Option(help="Run the lab with its cause removed instead, to see that it then fails."),
    ] = False,
    pause: Annotated[
        bool,
        typer.Option(help="Where a run fails, keep its hosts until Enter, to look at them."),
    ] = False,
    ipv6: Annotated[bool, typer.Option("--ipv6", help="Give the hosts IPv6 addresses.")] = False,
    bench: Annotated[
        Literal["auto", "wire", "loopback"],
        typer.Option(help="Where to run: on a held wire, or on this machine's loopback."),
    ] = "auto",
    link: Annotated[
        Literal["auto", "tun", "veth"], typer.Option(help="How to hold the wire.")
    ] = "auto",
) -> None:
    """Run labs, one after the other, and show each as a ladder."""
