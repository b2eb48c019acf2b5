"""Asking: a question is put, and a line read for an answer, from a terminal or from anywhere."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from socklab.cli.ending import complain
from socklab.errors import LabError

if TYPE_CHECKING:
    from socklab.cli.quiz_questions import Item
    from socklab.record import Record
    from socklab.views.quiz import Paper

QUIT = frozenset({"q", "quit"})
LADDER = frozenset({"l", "ladder"})
SKIP = frozenset({"", "?"})

SAID = 40
"""How many characters of a line that is no answer are shown. Arbitrary: it is in a sentence."""


class Asker:
    """Who puts the questions.

    Args:
        say: prints a text.
        paper: what it is written on.
        answers: where the answers come from, a line each.
        prompt: asks whoever sits there for a line, and again if it is no answer; None where nobody
            sits.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        paper: Paper,
        answers: TextIO,
        prompt: Callable[[str], None] | None = None,
    ) -> None:
        self._say = say
        self._paper = paper
        self._answers = answers
        self._prompt = prompt

    def ask(self, item: Item, number: int, of: int) -> str | None:
        """Put a question; the choice that was made, empty for none, or None to end the quiz."""
        choices = item.posed.choices
        self._say(self._paper.question(item.posed, number, of) + "\n")
        while True:
            line = self._line(len(choices), ladder=item.so_far is not None)
            if line is None or line.lower() in QUIT:
                return None
            if line in SKIP:
                return ""
            if line.lower() in LADDER and item.so_far is not None:
                assert item.posed.step is not None
                self._say(self._ladder(item.so_far, item.posed.step))
            elif (choice := choice_of(line, choices)) is not None:
                return choice
            elif self._prompt is not None:
                self._say(f"  A number from 1 to {len(choices)}, please.")
            else:
                told = line if len(line) <= SAID else f"{line[:SAID]}…"
                complain(
                    f"question {number}: {told!r} is none of the choices, which are numbered from "
                    f"1 to {len(choices)}; it counts as not answered"
                )
                return ""

    def _line(self, choices: int, *, ladder: bool) -> str | None:
        """The next line, without its blanks; None at the end."""
        if self._prompt is not None:
            more = ", l: ladder so far" * ladder
            self._prompt(f"  1-{choices} (Enter: don't know{more}, q: end)> ")
        try:
            line = self._answers.readline()
        except OSError as refused:
            raise LabError(f"the answers can't be read: {refused.strerror}") from refused
        if not line and self._prompt is not None:
            self._say("")  # the prompt's line is not over
        return line.strip() if line else None

    def _ladder(self, record: Record, step: int) -> str:
        from dataclasses import replace

        from socklab.quiz.situation import before
        from socklab.views.follow import Following

        paper = self._paper
        # A ladder that is finished tells what was proved: this one is not.
        so_far = Following(width=paper.width, color=paper.color, ascii=paper.ascii_only)
        most = len(before(record, step)) + 1
        return so_far.more(replace(record, events=record.events[:most]))


def choice_of(line: str, choices: tuple[str, ...]) -> str | None:
    """The choice that a line means: by its number, or in its own words."""
    number = line.rstrip(".)")
    numbers = [str(index) for index in range(1, len(choices) + 1)]
    if number in numbers:
        return choices[numbers.index(number)]
    # Also where that is a number itself, as an answer may be.
    return next((choice for choice in choices if choice.lower() == line.lower()), None)


def open_answers(path: Path | None) -> TextIO:
    """Where answers are read from: a file, or standard input.

    Raises:
        LabError: the file can't be read.
    """
    if path is None or str(path) == "-":
        with suppress(AttributeError):  # a test's stand-in need not be a TextIOWrapper
            sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]
        return sys.stdin
    try:
        return path.open(encoding="utf-8", errors="replace")
    except OSError as refused:
        raise LabError(f"--answers: {path} can't be read: {refused.strerror}") from refused
