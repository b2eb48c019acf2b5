"""Two Records compared step by step: up to where are they the same, and what differs from there?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from itertools import zip_longest
from typing import Any

from socklab.record import Record
from socklab.views.steps import Counted, Step, is_of_several, steps

LONG = 2_000
"""From so many steps on, steps that occur often are no landmarks: it would take minutes to look
for the longest part that two long runs share among them."""


@dataclass(frozen=True, slots=True)
class Row:
    """A step of the one run, and the step of the other that stands beside it."""

    one: Step | None
    other: Step | None

    @property
    def mark(self) -> str:
        """What sdiff(1) would put between them."""
        if self.one is None or self.other is None:
            return ">" if self.one is None else "<"
        return " " if self.one.text == self.other.text else "|"

    @property
    def is_move(self) -> bool:
        """Whether a move is in it."""
        return any(step is not None and step.is_move for step in (self.one, self.other))


class Comparison:
    """Two runs, step by step.

    Args:
        one: a run.
        other: the one that it is compared with.
        counted: what is compared beyond the usual.
    """

    def __init__(self, one: Record, other: Record, counted: Counted | None = None) -> None:
        self.records = one, other
        self.counted = counted or Counted()
        several = is_of_several(one) or is_of_several(other)
        self.one, self.other = (steps(each, self.counted, several=several) for each in self.records)
        self.common = _common(self.one, self.other)
        """How many steps are the same from the beginning on."""

    @property
    def same(self) -> bool:
        """Whether they are the same to the end."""
        return self.common == len(self.one) == len(self.other)

    @cached_property
    def rows(self) -> list[Row]:
        """The steps from where they part."""
        one, other = self.one[self.common :], self.other[self.common :]
        end = _common(one[::-1], other[::-1])
        middle = list(_aligned(one[: len(one) - end], other[: len(other) - end]))
        alike = zip(one[len(one) - end :], other[len(other) - end :], strict=True)
        return [*middle, *(Row(*pair) for pair in alike)]

    @property
    def only(self) -> tuple[int, int]:
        """How many steps of each the other does not have in that place."""
        apart = [row for row in self.rows if row.mark != " "]
        return sum(r.one is not None for r in apart), sum(r.other is not None for r in apart)

    @property
    def last(self) -> Sequence[Step]:
        """The last common move, and the common steps that came of it."""
        begin = self.common
        while begin and not self.one[begin - 1].is_move:
            begin -= 1
        return self.one[max(begin - 1, 0) : self.common]

    def besides(self) -> dict[str, tuple[str, str]]:
        """What else is not the same, by name: the labs, and where the runs took place."""
        sides = []
        for record in self.records:
            addresses = {f"address of {name}": at for name, at in record.hosts.items()}
            told = {"lab": record.lab, "bench": record.bench, "link": record.link}
            sides.append(told | addresses | record.machine | record.weather)
        one, other = sides
        return {
            name: (one.get(name, "none"), other.get(name, "none"))
            for name in one | other
            if one.get(name) != other.get(name)
        }

    def to_json(self) -> dict[str, Any]:
        """What `socklab diff --json` prints."""
        sides = {}
        for name, record, own, only in zip(
            "ab", self.records, (self.one, self.other), self.only, strict=True
        ):
            next_step = own[self.common] if self.common < len(own) else None
            sides[name] = {
                "lab": record.lab,
                "passed": record.passed,
                "steps": len(own),
                "only": only,
                "next": next_step and {"at_s": next_step.at_s, "text": next_step.text},
            }
        return {
            "same": self.same,
            "common": self.common,
            "last": self.one[self.common - 1].text if self.common else None,
            **sides,
            "besides": {name: list(values) for name, values in self.besides().items()},
        }


def _common(one: Sequence[Step], other: Sequence[Step]) -> int:
    """How many steps two runs have in common before they part."""
    for number, (mine, theirs) in enumerate(zip(one, other, strict=False)):
        if mine.text != theirs.text:
            return number
    return min(len(one), len(other))


def _aligned(one: Sequence[Step], other: Sequence[Step]) -> Iterator[Row]:
    texts = [step.text for step in one], [step.text for step in other]
    matcher = SequenceMatcher(None, *texts, autojunk=min(map(len, texts)) > LONG)
    for _, begin, end, other_begin, other_end in matcher.get_opcodes():
        for pair in zip_longest(one[begin:end], other[other_begin:other_end]):
            yield Row(*pair)
