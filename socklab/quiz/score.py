"""The score of a quiz: by topic, and what to look at again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from socklab.quiz.sheet import Answered, Posed, Verdict

SCHEMA = "socklab.quiz/1"
"""Name and version of the document. A new field keeps it; a changed meaning raises it."""

SCHEMA_FILE = "quiz.schema.json"
"""The document's JSON Schema, a file of this package."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many were right."""

    right: int
    of: int

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means all; 0 of 0 are none."""
        return 100 * self.right // self.of if self.of else 0

    def __str__(self) -> str:
        return f"{self.right} of {self.of} right"


@dataclass(frozen=True, slots=True)
class Score:
    """What became of a quiz.

    Args:
        answers: in the order in which they were given.
        ended_early: whether somebody went before all was asked.
        wanted: how many questions were to be asked.
    """

    answers: Sequence[Answered]
    ended_early: bool = False
    wanted: int = 0

    @property
    def share(self) -> Share:
        """Of all questions that count."""
        return _share(self.answers)

    @property
    def share_of_all(self) -> Share:
        """The same, with those that were not reached as not right: what a grader goes by."""
        counted = self.share
        missing = self.wanted - len(self.answers) if self.ended_early else 0
        return Share(counted.right, counted.of + max(0, missing))

    @property
    def by_topic(self) -> dict[str, Share]:
        """Topic by topic, in the order in which they came up."""
        topics = dict.fromkeys(each.posed.topic for each in self.answers)
        return {
            topic: _share([each for each in self.answers if each.posed.topic == topic])
            for topic in topics
        }

    @property
    def again(self) -> list[str]:
        """The labs of the questions that were not answered right, each once."""
        missed = (Verdict.WRONG, Verdict.UNANSWERED)
        return list(
            dict.fromkeys(each.posed.lab for each in self.answers if each.verdict in missed)
        )

    @property
    def uncounted(self) -> int:
        """How many questions do not count."""
        return sum(each.verdict is Verdict.UNCOUNTED for each in self.answers)

    def to_json(self, *, seed: int, again: str, machine: Mapping[str, str]) -> dict[str, Any]:
        """The document that `socklab quiz --json` prints.

        Args:
            seed: which decided on the questions.
            again: the command that asks them again.
            machine: on which the runs were made.
        """
        return {
            "schema": SCHEMA,
            "seed": seed,
            "again": again,
            "machine": dict(machine),
            "questions": [each.to_json() for each in self.answers],
            "ended_early": self.ended_early,
            "score": {
                **_told(self.share),
                "wanted": self.wanted,
                "uncounted": self.uncounted,
                "by_topic": {topic: _told(share) for topic, share in self.by_topic.items()},
            },
            "look_again": self.again,
        }


def sheet_to_json(posed: Sequence[Posed], *, seed: int, again: str) -> dict[str, Any]:
    """The document that `socklab quiz --sheet --json` prints: questions without answers."""
    return {
        "schema": SCHEMA,
        "seed": seed,
        "again": again,
        "questions": [each.to_json() for each in posed],
    }


def _share(answers: Sequence[Answered]) -> Share:
    counted = [each for each in answers if each.verdict is not Verdict.UNCOUNTED]
    return Share(sum(each.verdict is Verdict.RIGHT for each in counted), len(counted))


def _told(share: Share) -> dict[str, int]:
    return {"right": share.right, "of": share.of, "percent": share.percent}
