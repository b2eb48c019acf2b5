"""`socklab run --quiet`: a line for each lab, and nothing else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from socklab.cli.streams import ascii_only, color, put, width

if TYPE_CHECKING:
    from socklab.cli.attempt import Options
    from socklab.outcome import Outcome


def put_brief(outcome: Outcome, options: Options, *, names: int) -> None:
    """Print what became of a lab on one line: whole, unless a terminal would break it.

    Args:
        outcome: what became of it.
        options: how it was run.
        names: the columns for its name.
    """
    from socklab.views.brief import brief

    put(
        brief(
            outcome,
            names=names,
            control=options.control,
            width=width() if sys.stdout.isatty() else None,
            color=color(),
            ascii=ascii_only(),
        )
    )
