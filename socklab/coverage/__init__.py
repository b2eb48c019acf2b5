"""What labs have witnessed of TCP's state machine: steps, and events in states.

`coverage(records).taken` maps each step of tcp.py that some end took to the labs that saw it.
The way there, a module each: `turns` (what happened between two looks), `names` and
`numbers` (which socket is which row, and what its peer knows of it), `ends` (what happened to one
end), `evidence` (which step that makes), `witness`, `events`, and `tally` (all labs together).

Pure: it reads Records, and asks no kernel.
"""

from socklab.coverage.events import Column, Reached
from socklab.coverage.evidence import EVIDENCE, NEVER, Happened, told
from socklab.coverage.numbers import Position
from socklab.coverage.tally import (
    FIGURE_5,
    IN_TEXT,
    TAKES_A_MINUTE,
    Coverage,
    Seen,
    coverage,
    wanted,
)

__all__ = [
    "EVIDENCE",
    "FIGURE_5",
    "IN_TEXT",
    "NEVER",
    "TAKES_A_MINUTE",
    "Column",
    "Coverage",
    "Happened",
    "Position",
    "Reached",
    "Seen",
    "coverage",
    "told",
    "wanted",
]
