"""Each lab has a move worth a question, and a run without its story says the same of it."""

from __future__ import annotations

import pytest

from socklab.cli.quiz_questions import Source
from socklab.cli.quiz_runs import Runs
from socklab.packs import catalogue
from socklab.quiz import KINDS, WORDS, Verdict

pytestmark = pytest.mark.kernel


def nobody(told: object) -> None:
    raise AssertionError(told)


@pytest.mark.parametrize("name", catalogue())
def test_a_lab_can_be_predicted_up_to_its_last_moment(name: str) -> None:
    kinds = [kind for kind in KINDS if kind != WORDS]
    items = Source(Runs(), 1, kinds, nobody).of_lab(name, 99)
    assert items, "nothing to ask"
    last = items[-1]  # the longest way, with whatever the lab cuts, forges or waits for
    answered = last.settle("")
    assert answered.verdict is Verdict.UNANSWERED, answered.trouble
    assert answered.shown in last.posed.choices
