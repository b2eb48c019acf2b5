"""A quiz is held: questions are asked, answers judged, and at the end there is a score."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TextIO

from socklab.cli.asking import Asker
from socklab.cli.ending import Interrupted
from socklab.cli.streams import ascii_only, color, put, width
from socklab.quiz import Answered, Score
from socklab.quiz.score import sheet_to_json
from socklab.views.quiz import Paper

if TYPE_CHECKING:
    from socklab.cli.quiz_questions import Item


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed on.

    Args:
        wanted: how many questions are asked, if there are as many.
        seed: what decided on them.
        again: the command that asks them again.
        as_json: whether a document is printed, and all else goes to standard error.
    """

    wanted: int
    seed: int
    again: str
    as_json: bool = False


def put_sheet(items: Iterator[Item], terms: Terms) -> None:
    """Print the questions as one would hand them out."""
    posed = [item.posed for item in islice(items, terms.wanted)]
    if terms.as_json:
        import json

        document = sheet_to_json(posed, seed=terms.seed, again=terms.again)
        put(json.dumps(document, indent=1))
        return
    paper = Paper(width(), ascii_only=ascii_only())
    for number, each in enumerate(posed, start=1):
        put(paper.question(each, number, len(posed)) + "\n")
    put(f"To be asked these questions: {terms.again}")


def hold(
    items: Iterator[Item],
    terms: Terms,
    answers: TextIO,
    *,
    prompts: bool,
    command: Callable[[str], str],
) -> Score:
    """Ask, judge and count; what there is at the end is told, however it comes.

    Args:
        items: the questions.
        terms: what is agreed on.
        answers: where they come from, a line each.
        prompts: whether to ask for them, if somebody sits at a terminal.
        command: the command that runs a lab, by its name.

    Raises:
        Interrupted: by a signal; the score so far is told before.
    """
    stream = sys.stderr if terms.as_json else sys.stdout
    prompts = prompts and answers.isatty() and stream.isatty()
    paper = Paper(width(), color() and not terms.as_json, ascii_only(), command)

    def say(text: str) -> None:
        if terms.as_json:  # the document alone goes to standard output
            print(text, file=stream, flush=True)
        else:
            put(text)

    prompt = partial(print, end="", file=stream, flush=True) if prompts else None
    asker = Asker(say, paper, answers, prompt)
    answered: list[Answered] = []
    ended_early, interrupted = False, None
    try:
        for number, item in enumerate(islice(items, terms.wanted), start=1):
            given = asker.ask(item, number, terms.wanted)
            if given is None:
                ended_early = True
                break
            answered.append(item.settle(given))
            say(paper.answered(answered[-1]) + "\n")
    except Interrupted as signal:
        ended_early, interrupted = True, signal
        if prompts:
            say("")  # the prompt's line is not over
    score = Score(answered, ended_early, terms.wanted)
    _tell(score, terms, paper)
    if interrupted is not None:
        raise interrupted
    return score


def _tell(score: Score, terms: Terms, paper: Paper) -> None:
    if not terms.as_json:
        put(paper.score(score, terms.again))
        return
    import json

    machine = {"kernel": os.uname().release}
    document = score.to_json(seed=terms.seed, again=terms.again, machine=machine)
    put(json.dumps(document, indent=1))
