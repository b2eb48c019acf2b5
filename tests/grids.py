"""Grids for tests: the one that was kept, and changes of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from socklab.grid import Grid
from socklab.hostile import CELLS, Cell, Hostile, Outcome, Position
from socklab.segment_arrives import demanded
from socklab.situations import Situation

KEPT = Path(__file__).parent / "data" / "grid" / "linux-6.18.json"
"""What `socklab grid --json` printed on Linux 6.18."""


@cache
def kept() -> Grid:
    return Grid.from_json(KEPT.read_text(encoding="utf-8"))


def ideal() -> Grid:
    """A kernel that does in every cell the first that RFC 9293 allows."""
    return Grid("0.0", False, {cell: demanded(cell).allowed[0] for cell in CELLS})


def part(grid: Grid, *situations: Situation) -> Grid:
    """Only these situations."""
    chosen = {c: o for c, o in grid.outcomes.items() if c.situation in situations}
    return replace(grid, outcomes=chosen)


def changed(grid: Grid, cell: Cell, outcome: Outcome) -> Grid:
    return replace(grid, outcomes={**grid.outcomes, cell: outcome})


def cell(
    situation: Situation = Situation.ESTABLISHED,
    kind: Hostile = Hostile.RST,
    position: Position = Position.AHEAD,
) -> Cell:
    return Cell(situation, kind, position)
