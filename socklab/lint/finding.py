"""A finding: where it is, which rule says so, and the cure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

RULES = {
    "header": "the header has Question, See, Source, Next, Level and Tags, and a title first",
    "field": "each line of the header begins with a field's name, once, in the usual order",
    "question": "the question ends with a question mark",
    "level": "the level is 1, 2 or 3",
    "bench": "the bench is `wire` or `wire or loopback`",
    "waits": "a story that asks `bench.slow` says in Waits what it then waits for",
    "next": "the lab to read next is there, and another one",
    "name": "no other lab has its name, which is in lower case",
    "story": "there is `async def story(bench)`",
    "role": "each role is named after its host",
    "await": "each move and each call is awaited",
    "expect": "something is expected",
    "control": "there is a control: it changes something, and says how the lab then fails",
    "clock": "no verdict hangs on a clock or on chance: nothing sleeps, nothing is random",
    "socket": "sockets are made by a role, so they are on its host and its calls stop",
    "private": "only what `socklab` offers is used, and nothing that begins with `_`",
    "length": "it is about a screen: at most 120 lines",
    "load": "the file is imported without an error, and makes a lab",
}
"""Every rule by its name, and what it asks for."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong in a lab's file.

    Args:
        path: the file.
        line: where, counted from 1.
        rule: which of RULES.
        sentence: what is wrong, and the cure.
    """

    path: Path
    line: int
    rule: str
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """As `socklab lint --json` prints it."""
        return {
            "path": str(self.path),
            "line": self.line,
            "rule": self.rule,
            "sentence": self.sentence,
        }
