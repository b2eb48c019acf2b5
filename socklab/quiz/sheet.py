"""Questions as they are asked, and what was answered: of both kinds alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Any

from socklab.questions import Question
from socklab.quiz.choices import choices
from socklab.quiz.moments import Asks, Moment
from socklab.quiz.shown import at
from socklab.quiz.situation import before, next_move, situation, tell_call
from socklab.record import Call, Phase, Record

WORDS = "words"
"""The kind of a question that the bank of questions asks; all others are predictions."""

KINDS = (*map(str, Asks), WORDS)

_ASKS = {
    Asks.STATES: "Which states does `ss` show then?",
    Asks.SEGMENTS: "What do the kernels then put on the wire?",
}


@dataclass(frozen=True, slots=True)
class Posed:
    """A question as it is asked.

    Args:
        name: `half-close/9/states`, or a word for a question in words.
        kind: one of KINDS.
        topic: under which it counts.
        lab: which shows the answer.
        step: of a prediction, which step of the lab's run that is.
        situation: what one has to know, a line each.
        asks: the question.
        choices: what to choose from.
    """

    name: str
    kind: str
    topic: str
    lab: str
    step: int | None
    situation: tuple[str, ...]
    asks: str
    choices: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "topic": self.topic,
            "lab": self.lab,
            "situation": list(self.situation),
            "asks": self.asks,
            "choices": list(self.choices),
        }


class Verdict(Enum):
    """What became of an answer."""

    RIGHT = "right"
    WRONG = "wrong"
    UNANSWERED = "unanswered"
    """No choice was made."""
    UNCOUNTED = "uncounted"
    """The runs disagree, or the second did not get there: nobody can be blamed."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Answered:
    """A question, what was answered, and what is so.

    Args:
        posed: the question.
        given: the choice that was made; empty if none was.
        verdict: what became of it.
        shown: what is right, one of the choices; empty if it could not be seen.
        step: the step of the lab's run that shows it; None if it could not be seen.
        rows: what `ss` printed there, host by host.
        why: an explanation, a line each.
        because: why the choice that was made is wrong, if somebody has written it down.
        source: where it is written.
        trouble: why it does not count.
    """

    posed: Posed
    given: str
    verdict: Verdict
    shown: str
    step: int | None = None
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    why: tuple[str, ...] = ()
    because: str = ""
    source: str = ""
    trouble: str = ""

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            **self.posed.to_json(),
            "given": self.given or None,
            "verdict": str(self.verdict),
            "shown": self.shown or None,
            "step": self.step,
            "rows": {host: list(texts) for host, texts in self.rows.items()},
            "why": list(self.why),
            "because": self.because,
            "source": self.source,
            "trouble": self.trouble,
        }


def pose(record: Record, moment: Moment, *, topic: str, chance: Random) -> Posed:
    """A moment of a run as a question.

    Args:
        record: the run that chose it.
        moment: which.
        topic: under which it is to count.
        chance: decides on the wrong choices, and the order of all.
    """
    scene = at(record, moment.step)
    assert scene is not None, f"{moment.name} is no moment of this run"
    told = next_move(record, moment.step, moment.move)
    return Posed(
        moment.name,
        str(moment.asks),
        topic,
        moment.lab,
        moment.step,
        situation(record, moment.step, scene.turn.before),
        f"Next: {told}. {_asks(record, moment)}",
        choices(moment, scene.turn, list(record.hosts), chance, _heard(record, moment)),
    )


def _asks(record: Record, moment: Moment) -> str:
    if moment.asks is not Asks.CALLS:
        return _ASKS[moment.asks]
    call = next(
        event
        for event in record.of(Call)
        if (event.role, event.number, event.phase) == (moment.role, moment.number, Phase.BEGUN)
    )
    if call in before(record, moment.step):
        told = tell_call(record, call)
        return f"{moment.role} is inside {told}: what does that come to?"
    return "What does that come to?"


def _heard(record: Record, moment: Moment) -> list[str]:
    """What other programs have sent before a moment, as the Record tells it."""
    return [
        event.arguments[0]
        for event in before(record, moment.step)
        if isinstance(event, Call)
        and (event.call, event.phase) == ("send", Phase.BEGUN)
        and event.role != moment.role
        and event.arguments
    ]


def pose_words(question: Question, *, chance: Random) -> Posed:
    """A question of the bank as it is asked: its choices are shuffled."""
    offered = list(question.choices)
    chance.shuffle(offered)
    return Posed(
        question.name,
        WORDS,
        str(question.topic),
        question.lab,
        None,
        (),
        question.asks,
        tuple(offered),
    )
