"""The grid: what one kernel does in every cell, as a document, and beside another kernel's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from socklab.errors import LabError
from socklab.hostile import CELLS, Cell, Outcome, Reply
from socklab.segment_arrives import demanded
from socklab.tcp import State

SCHEMA: Final = "socklab.grid/1"
SCHEMA_FILE: Final = "grid.schema.json"


@dataclass(frozen=True, slots=True)
class Grid:
    """The outcomes of cells on one kernel, in the order of `CELLS`.

    `kernel` is its release, `ipv6` tells over which version of IP the segments came.
    """

    kernel: str
    ipv6: bool = False
    outcomes: Mapping[Cell, Outcome] = field(default_factory=dict)

    def to_json(self) -> str:
        """The document that `socklab grid --json` prints: a line for each cell."""
        head = {"schema": SCHEMA, "kernel": self.kernel, "ipv6": self.ipv6}
        cells = [json.dumps(_described(*pair)) for pair in self.outcomes.items()]
        opened = json.dumps(head, indent=1).removesuffix("\n}")
        listed = ",\n".join(f"  {cell}" for cell in cells)
        return f'{opened},\n "cells": [\n{listed}\n ]\n}}'

    @classmethod
    def from_json(cls, text: str) -> Grid:
        """The grid that a document tells.

        Raises:
            LabError: it is none, with what is wrong.
        """
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as problem:
            raise LabError(f"it is no JSON: {problem}") from problem
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise LabError(f"its schema is not {SCHEMA}")
        try:
            kernel, ipv6 = str(document["kernel"]), bool(document["ipv6"])
            read = dict(filter(None, map(_read, document["cells"])))
        except (KeyError, TypeError, ValueError, LabError) as problem:
            told = f"there is no {problem}" if isinstance(problem, KeyError) else str(problem)
            raise LabError(f"it does not read: {told}") from problem
        return cls(kernel, ipv6, {cell: read[cell] for cell in CELLS if cell in read})

    def differences(self, other: Grid) -> Iterator[Difference]:
        """The cells in which the other grid has another outcome, where both have one."""
        for cell, ours in self.outcomes.items():
            theirs = other.outcomes.get(cell, ours)
            if theirs != ours:
                yield Difference(cell, theirs, ours)


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell in which two grids are not the same."""

    cell: Cell
    theirs: Outcome
    ours: Outcome


def _described(cell: Cell, outcome: Outcome) -> dict[str, Any]:
    return {
        "situation": str(cell.situation),
        "segment": str(cell.kind),
        "at": str(cell.position),
        "replies": [str(reply) for reply in outcome.replies],
        "becomes": str(outcome.becomes),
        "rfc9293": outcome in demanded(cell),
    }


_CELLS: Final = {(str(cell.situation), str(cell.kind), str(cell.position)): cell for cell in CELLS}


def _read(document: Mapping[str, Any]) -> tuple[Cell, Outcome] | None:
    """A cell and its outcome; None for a cell that only a later release knows."""
    cell = _CELLS.get((document["situation"], document["segment"], document["at"]))
    replies = tuple(Reply.parse(text) for text in document["replies"])
    return None if cell is None else (cell, Outcome(replies, State(document["becomes"])))
