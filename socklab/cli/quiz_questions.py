"""Where the questions of a quiz come from: labs, in an order that a seed gives, and the bank."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from socklab.cli.quiz_runs import Chosen, Runs
from socklab.errors import LabError, MachineError, SocklabError
from socklab.lab import tags_of
from socklab.questions import Question, asked
from socklab.quiz import (
    WORDS,
    Answered,
    Asks,
    Moment,
    Posed,
    chance,
    judge,
    judge_words,
    moments,
    order,
    pose,
    pose_words,
    sample,
)
from socklab.record import Record

TOPICS = {"establish": "opening", "close": "closing"}
"""The folders whose labs are about what the bank of questions calls otherwise."""


@dataclass(frozen=True, slots=True)
class Item:
    """A question, and how its answer is judged.

    Args:
        posed: the question.
        settle: judges the choice that was made; empty for none.
        so_far: the Record up to the move that is asked about; None for a question in words.
    """

    posed: Posed
    settle: Callable[[str], Answered]
    so_far: Record | None = None


@dataclass
class Source:
    """Questions, none twice.

    Args:
        runs: the runs behind them.
        seed: decides which, and in which order.
        kinds: of questions that may be asked.
        complain: is told what is left out.
    """

    runs: Runs
    seed: int
    kinds: Sequence[str]
    complain: Callable[[object], None]
    _alike: set[tuple[str, ...]] = field(default_factory=set, init=False)

    @property
    def _asks(self) -> list[Asks]:
        return [asks for asks in Asks if str(asks) in self.kinds]

    # --- Predictions ---

    def of_lab(self, name: str, count: int) -> list[Item]:
        """Questions about the moves of one lab, in the order of its story.

        Raises:
            SocklabError: it can't be run.
        """
        chosen = self.runs.choose(name)
        found = sample(moments(chosen.record), count, self.seed, known=self._alike, asks=self._asks)
        self._alike |= {moment.alike for moment in found}
        return [self._item(chosen, moment) for moment in found]

    def of_labs(self, names: Sequence[str]) -> Iterator[Item]:
        """A question from each of these labs in turn, again and again, while there are any.

        Raises:
            MachineError: no lab can run here.
        """
        left = list(names)
        while left:
            for name in list(left):
                items = self._one_of(name)
                yield from items
                if not items:
                    left.remove(name)

    def _one_of(self, name: str) -> list[Item]:
        """A question about a lab, if there is one that was not asked; why not is told."""
        try:
            return self.of_lab(name, 1)
        except MachineError:
            raise
        except SocklabError as refused:
            self.complain(f"{name} is left out: {refused}")
            return []

    def _item(self, chosen: Chosen, moment: Moment) -> Item:
        record = chosen.record
        folder = chosen.lab.path.absolute().parent.name
        topic = TOPICS.get(folder, folder)
        posed = pose(record, moment, topic=topic, chance=chance(self.seed, moment.name))

        def settle(given: str) -> Answered:
            run = self.runs.decide(chosen, moment.step)
            return judge(posed, moment, given, record, run)

        return Item(posed, settle, record)

    # --- Words ---

    def in_words(self, questions: Sequence[Question]) -> Iterator[Item]:
        """Questions of the bank."""
        for question in questions:
            yield self._in_words(question)

    def _in_words(self, question: Question) -> Item:
        posed = pose_words(question, chance=chance(self.seed, question.name))

        def settle(given: str) -> Answered:
            try:
                run = self.runs.choose(question.lab).record
            except SocklabError:  # an answer in words stands without it
                run = None
            return judge_words(posed, question, given, run)

        return Item(posed, settle)

    # --- Both ---

    def mixed(self, names: Sequence[str], questions: Sequence[Question]) -> Iterator[Item]:
        """Questions of all kinds that are asked for, from labs and from the bank in turn.

        Where no lab can run, the bank goes on alone, and that is told.

        Raises:
            MachineError: no lab can run here, and there are no questions in words.
        """
        predicts = self.of_labs(order(sorted(names), self.seed, "labs")) if self._asks else iter(())
        in_words = WORDS in self.kinds
        # From the same names in whichever order there is one that the seed gives.
        by_name = sorted(questions, key=lambda question: question.name)
        tells = self.in_words(order(by_name, self.seed, WORDS) if in_words else ())
        coin = chance(self.seed, "turns")
        while True:
            first, second = (predicts, tells) if coin.random() < 0.5 else (tells, predicts)
            try:
                item = next(first, None) or next(second, None)
            except MachineError as refused:
                if not in_words:
                    raise
                self.complain(f"no lab can be run here, so all questions are in words: {refused}")
                predicts = iter(())
                continue
            if item is None:
                return
            yield item


def about(
    topics: Sequence[str], labs: Mapping[str, Path], questions: Sequence[Question]
) -> tuple[list[str], list[Question]]:
    """The labs and the questions that are about one of these topics.

    A topic is one of the bank's, a lab's tag, or the folder in which a lab is. A question is also
    about what the lab that answers it is about, and a lab about what questions it answers.

    Raises:
        LabError: nothing is, with the nearest topic.
    """
    if not topics:
        return list(labs), list(questions)
    tags = {name: tags_of(path) for name, path in labs.items()}
    of_bank = {str(question.topic) for question in questions}
    known = set().union(of_bank, *tags.values())
    wanted = {topic.strip().lower() for topic in topics}
    for topic in sorted(wanted - known):
        near = difflib.get_close_matches(topic, sorted(known), n=1)
        advice = f"did you mean {near[0]}?" if near else f"such as {', '.join(sorted(of_bank))}"
        raise LabError(f"no question is about {topic!r}; {advice}")
    answers = {question.lab for question in questions if str(question.topic) in wanted}
    return (
        [name for name in labs if tags[name] & wanted or name in answers],
        [
            question
            for question in questions
            if str(question.topic) in wanted or tags.get(question.lab, set()) & wanted
        ],
    )


def bank(lab: str = "") -> list[Question]:
    """The questions of the bank, or those that a lab answers."""
    return [question for question in asked() if not lab or question.lab == lab]
