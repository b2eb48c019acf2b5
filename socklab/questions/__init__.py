"""What interviews ask of opening and closing connections, and where a lab shows the answer.

A question has one right choice and some wrong ones, each with why it is not so, and an evidence:
an expectation of a lab that is met just where the answer is to be seen. So no answer has to be
believed: `step_of` finds the step in a run of the lab, to which the player's page has a link.

The questions are questions.toml, beside this module, in the order in which one learns.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources import files
from typing import Any

from socklab.claims import Evidence
from socklab.errors import LabError
from socklab.record import Record


class Topic(Enum):
    """What a question is about."""

    OPENING = "opening"
    """The handshake, listen(), accept() and connect(), and ends that are half open."""
    DATA = "data"
    """What calls say of the bytes, sequence numbers, windows."""
    CLOSING = "closing"
    """FINs, the states from FIN-WAIT-1 to TIME-WAIT, close() and shutdown()."""
    ABORT = "abort"
    """RST: who sends it, who believes it, and which error a program gets."""
    LIMITS = "limits"
    """Timers, ports, descriptors and processes: what goes wrong in service."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Wrong:
    """A choice that is not right.

    Args:
        says: the choice, as who believes it says it.
        because: one sentence on why it is not so.
    """

    says: str
    because: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Args:
        name: a word for it, such as "why-three-segments".
        topic: what it is about.
        level: from 1 to 3, as labs have theirs.
        asks: the question.
        right: the only choice that is right.
        wrong: the others, two to four.
        answer: an explanation in two to five sentences.
        source: where it says so: RFCs, man pages, the kernel.
        shown: where a run of a lab shows it.
    """

    name: str
    topic: Topic
    level: int
    asks: str
    right: str
    wrong: tuple[Wrong, ...]
    answer: str
    source: str
    shown: Evidence

    @property
    def lab(self) -> str:
        """The lab that shows the answer."""
        return self.shown.lab

    @property
    def choices(self) -> tuple[str, ...]:
        """The right choice and then the wrong ones: who asks shuffles them."""
        return (self.right, *(each.says for each in self.wrong))

    def why_not(self, choice: str) -> str:
        """Why a choice is wrong; empty for the right one."""
        return next((each.because for each in self.wrong if each.says == choice), "")


def step_of(question: Question, record: Record) -> int | None:
    """The step of a run in which the answer is to be seen, as the player numbers its steps.

    Args:
        question: which.
        record: of a run; the player's page of it has the step at `#step-N`.

    Returns:
        The number of moves that have been made then; 0 is before the first. None if the run does
        not show it: it is another lab's, went another way, or is a replay, which expects nothing.
    """
    return question.shown.step(record) if record.lab == question.lab else None


def about(
    questions: Iterable[Question], *, topic: Topic | None = None, lab: str | None = None
) -> list[Question]:
    """Those of the questions that are about a topic, or are answered by a lab."""
    return [
        each
        for each in questions
        if (topic is None or each.topic is topic) and (lab is None or each.lab == lab)
    ]


@cache
def asked() -> tuple[Question, ...]:
    """The questions of questions.toml."""
    text = files(__name__).joinpath("questions.toml").read_text(encoding="utf-8")
    return read(tomllib.loads(text))


def read(document: Mapping[str, Any]) -> tuple[Question, ...]:
    """The questions of a document such as questions.toml.

    Raises:
        LabError: something in it is missing, or is not known, or two are called the same.
    """
    found: dict[str, Question] = {}
    try:
        for told in document["question"]:
            question = _read(told)
            if question.name in found:
                raise ValueError(f"two are called {question.name}")
            found[question.name] = question
    except (KeyError, TypeError, ValueError) as problem:
        raise LabError(f"the questions do not read: {problem}") from problem
    return tuple(found.values())


def _read(told: Mapping[str, Any]) -> Question:
    shown = told["shown"]
    return Question(
        **{
            **told,
            "topic": Topic(told["topic"]),
            "wrong": tuple(Wrong(*each) for each in told["wrong"]),
            "answer": " ".join(told["answer"].split()),  # it is broken over lines in the file
            "shown": Evidence(**{**shown, "shows": tuple(shown["shows"])}),
        }
    )
