"""The grid in runs: what a matrix of it has in its rows, however it is drawn.

A row is cut into runs: neighbouring places with the same outcome are drawn as one, so that what
shows is the edges, where a single number makes the difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from socklab.grid import Grid
from socklab.hostile import Cell, Outcome, Position
from socklab.segment_arrives import demanded
from socklab.situations import Situation
from socklab.views.grid_words import MARK, in_short

HEADS = {
    Position.BEFORE: "RCV.NXT-1",
    Position.NEXT: "RCV.NXT",
    Position.AHEAD: "+100",
    Position.LAST: "+WND-1",
    Position.EDGE: "+WND",
    Position.BEYOND: "+WND+100",
}
"""What stands above the columns."""


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring cells of a row with the same outcome."""

    cells: tuple[Cell, ...]
    outcome: Outcome

    @property
    def differs(self) -> bool:
        """Whether RFC 9293 has another outcome."""
        return self.outcome not in demanded(self.cells[0])

    @property
    def words(self) -> str:
        """What came back, in a word or two, and the mark if it differs."""
        told = in_short(self.cells[0], self.outcome)
        return f"{told} {MARK}" if self.differs else told

    @property
    def becomes(self) -> str:
        """The state afterwards; empty if it is the one before."""
        same = self.outcome.becomes is self.cells[0].situation.state
        return "" if same else str(self.outcome.becomes)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a block: what it is about in one or two lines, and its runs."""

    label: tuple[str, ...]
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A matrix of its own: a situation against every kind, or a kind against every situation."""

    title: str
    rows: tuple[Row, ...]


def blocks(grid: Grid, *, by_exact_outcome: bool) -> list[Block]:
    """The matrices: one for each situation, or the only one where there is but one kind.

    Args:
        grid: what was measured.
        by_exact_outcome: whether runs are cut also where the words are the same, and the replies,
            or what RFC 9293 demands instead, are not.
    """
    kinds = {cell.kind for cell in grid.outcomes}
    situations = {cell.situation for cell in grid.outcomes}

    def runs(cells: Sequence[Cell]) -> tuple[Run, ...]:
        def looks(cell: Cell) -> object:
            run = Run((cell,), grid.outcomes[cell])
            exact = (run.outcome, demanded(cell) if run.differs else None)
            return exact if by_exact_outcome else (run.words, run.becomes)

        cut = [tuple(group) for _, group in groupby(cells, key=looks)]
        return tuple(Run(group, grid.outcomes[group[0]]) for group in cut)

    rows = [
        (situation, kind, runs(tuple(cells)))
        for (situation, kind), cells in groupby(
            grid.outcomes, key=lambda cell: (cell.situation, cell.kind)
        )
    ]
    if len(kinds) == 1 and len(situations) > 1:
        labelled = [Row(_label(situation), cut) for situation, _, cut in rows]
        return [Block(f"{kinds.pop()} in every state", tuple(labelled))]
    return [
        Block(
            f"{situation} ({situation.how})",
            tuple(Row((str(kind),), cut) for _, kind, cut in own),
        )
        for situation, own in groupby(rows, key=lambda row: row[0])
    ]


def _label(situation: Situation) -> tuple[str, ...]:
    manner = (f" {situation.manner}",) if situation.manner else ()
    return (str(situation.state), *manner)
