"""Progress: which puzzles somebody has solved, in how few moves, and how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from socklab.errors import LabError, ToolError

SCHEMA = "socklab.puzzles/1"
"""Name and version of the document. A new field keeps it; a changed meaning raises it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What was solved.

    Args:
        ways: the fewest moves with which each was, by the puzzles' names; also of puzzles that
            there are no longer, or only in another release.
    """

    ways: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def moves(self, name: str) -> int | None:
        """In how many moves a puzzle was solved; None if it was not."""
        return len(self.ways[name]) if name in self.ways else None

    def with_way(self, name: str, way: tuple[str, ...]) -> Progress:
        """With a puzzle solved in this way, if it was not in fewer moves before."""
        before = self.ways.get(name)
        if before is not None and len(before) <= len(way):
            return self
        return Progress({**self.ways, name: way})

    def without(self, name: str) -> Progress:
        """With a puzzle not solved."""
        return Progress({each: way for each, way in self.ways.items() if each != name})

    def to_json(self) -> str:
        """The document."""
        solved = {name: {"way": list(way)} for name, way in self.ways.items()}
        return json.dumps({"schema": SCHEMA, "solved": solved}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Progress:
        """The progress in a document.

        Raises:
            LabError: the text is no such document.
            ToolError: it is of a version that only a later release reads.
        """
        try:
            value: Any = json.loads(text)
            schema = value["schema"]
            if schema != SCHEMA and str(schema).startswith("socklab.puzzles/"):
                raise ToolError(f"it is a {schema}, and this release reads {SCHEMA}")
            if schema != SCHEMA:
                raise ValueError(f"its schema is {schema!r}")
            ways = {name: _way(one["way"]) for name, one in value["solved"].items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
            raise LabError(f"it is no list of solved puzzles: {problem}") from problem
        return cls(ways)


def _way(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(move, str) for move in value):
        raise ValueError("a way is no list of moves")
    return tuple(value)
