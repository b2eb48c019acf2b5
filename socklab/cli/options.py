"""Options that several commands have, each worded once."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

Link = Annotated[
    Literal["auto", "tun", "veth"], typer.Option("--link", help="How to hold the wire.")
]

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")]
