"""Each question has one right choice, and a lab's run really shows its answer."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from socklab.claims import Evidence
from socklab.errors import LabError
from socklab.packs import catalogue
from socklab.questions import Question, Topic, Wrong, about, asked, read, step_of
from socklab.record import Event, Expect, Move, Record
from socklab.views.player.steps import steps
from tests.commands import COMMAND, PATIENCE_S, environment
from tests.records import kept
from tests.runs import every_lab
from tools.runs import VARIABLE

every_question = pytest.mark.parametrize("question", asked(), ids=lambda each: each.name)

# --- What is asked ----------------------------------------------------------------------------


def sentences(text: str) -> int:
    return len(re.findall(r"[.?](?=\s|$)", text))


@every_question
def test_a_question_fits_on_a_screen(question: Question) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", question.name)
    assert question.level in {1, 2, 3}
    assert question.asks.endswith("?")
    assert len(question.asks) <= 150
    assert max(map(len, question.choices)) <= 80
    assert len(question.answer) <= 520
    assert 2 <= sentences(question.answer) <= 5
    assert question.answer.endswith(".")
    assert question.source
    for text in (question.asks, *question.choices, question.answer, question.source):
        assert text == " ".join(text.split())


@every_question
def test_one_choice_is_right_and_each_of_the_others_has_a_reason_why_not(
    question: Question,
) -> None:
    assert 3 <= len(question.choices) <= 5
    assert len({choice.casefold() for choice in question.choices}) == len(question.choices)
    assert question.why_not(question.right) == ""
    for wrong in question.wrong:
        assert question.why_not(wrong.says) == wrong.because
        assert sentences(wrong.because) in {1, 2}
        assert wrong.because.endswith(".")
        assert len(wrong.because) <= 130


def test_no_two_questions_are_the_same() -> None:
    assert len({question.asks.casefold() for question in asked()}) == len(asked())
    # Several may be answered by one lab, and each at a place of its own, or from another side.
    places = Counter((each.shown, each.right) for each in asked())
    assert max(places.values()) == 1


def test_there_are_enough_of_every_topic_and_every_level() -> None:
    topics = Counter(question.topic for question in asked())
    assert topics.keys() == set(Topic)
    assert min(topics.values()) >= 10
    assert min(Counter(question.level for question in asked()).values()) >= 15


@pytest.mark.parametrize("guess", [max, min], ids=["the longest", "the shortest"])
def test_who_guesses_by_length_is_mostly_wrong(guess: Any) -> None:
    right = sum(guess(each.choices, key=len) == each.right for each in asked())
    assert right < len(asked()) * 0.35


@every_question
def test_a_question_names_a_lab_there_is_that_shows_it_without_waiting(question: Question) -> None:
    assert question.lab in catalogue()
    assert question.shown.shows
    assert question.shown.after
    assert not question.shown.slow


def test_questions_are_found_by_topic_and_by_lab() -> None:
    assert {each.topic for each in about(asked(), topic=Topic.DATA)} == {Topic.DATA}
    assert {each.lab for each in about(asked(), lab="half-close")} == {"half-close"}
    assert about(asked(), topic=Topic.DATA, lab="handshake") == []
    assert about(asked()) == list(asked())


# --- A document that is wrong -----------------------------------------------------------------

TOLD = {
    "name": "why",
    "topic": "data",
    "level": 1,
    "asks": "Why?",
    "right": "So.",
    "wrong": [["Not so.", "It is so."], ["Or so.", "No."]],
    "answer": "So\nit is.",
    "source": "RFC 9293",
    "shown": {"lab": "close", "after": "call client close", "shows": ["client FIN-WAIT-1"]},
}


def test_a_question_is_read_as_it_is_written() -> None:
    (question,) = read({"question": [TOLD]})
    assert question == Question(
        name="why",
        topic=Topic.DATA,
        level=1,
        asks="Why?",
        right="So.",
        wrong=(Wrong("Not so.", "It is so."), Wrong("Or so.", "No.")),
        answer="So it is.",
        source="RFC 9293",
        shown=Evidence("close", ("client FIN-WAIT-1",), after="call client close"),
    )


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({}, "'question'"),
        ({"question": [{"name": "why"}]}, "'shown'"),
        ({"question": [{**TOLD, "topic": "weather"}]}, "weather"),
        ({"question": [{**TOLD, "hint": "x"}]}, "hint"),
        ({"question": [{**TOLD, "wrong": [["alone"]]}]}, "because"),
        ({"question": [{**TOLD, "shown": {"lab": "close"}}]}, "'shows'"),
        ({"question": [TOLD, TOLD]}, "two are called why"),
    ],
    ids=["nothing", "half", "topic", "unknown", "no reason", "nothing shown", "twice"],
)
def test_questions_that_do_not_read_are_a_mistake(broken: Mapping[str, Any], why: str) -> None:
    with pytest.raises(LabError, match=f"the questions do not read: .*{why}"):
        read(broken)


# --- Where the answer is ----------------------------------------------------------------------

(QUESTION,) = read({"question": [TOLD]})

CLOSED = (Move(0, "call client connect"), Move(0, "call client close"))
SEEN = Expect(0, {"client": "FIN-WAIT-1"}, {"client": "FIN-WAIT-1"}, True)


def run(lab: str, *events: Event) -> Record:
    return Record(lab, "wire", "tun", {}, events=list(events))


def test_the_step_is_the_number_of_moves_that_were_made() -> None:
    assert step_of(QUESTION, run("close", *CLOSED, SEEN, Move(0, "carry client 3 FIN"))) == 2


@pytest.mark.parametrize(
    "record",
    [
        run("close"),
        run("close", *CLOSED),
        run("close", SEEN, *CLOSED),
        run("close", *CLOSED, Expect(0, SEEN.expected, {"client": "CLOSED"}, False)),
        run("other", *CLOSED, SEEN),
    ],
    ids=["empty", "replayed", "before the move", "not met", "another lab's"],
)
def test_a_run_that_does_not_show_it_has_no_step(record: Record) -> None:
    assert step_of(QUESTION, record) is None


def test_the_player_has_the_same_numbers() -> None:
    record = kept("half-close")
    found = {each.name: step_of(each, record) for each in about(asked(), lab="half-close")}
    assert found
    for name, number in found.items():
        (question,) = (each for each in asked() if each.name == name)
        assert number is not None
        step = steps(record)[number]
        said = {f"{k} {v}" for _, expect in step.expects for k, v in expect.expected.items()}
        assert said.issuperset(question.shown.shows)


# --- And on this kernel -----------------------------------------------------------------------


def ran(folder: Path, *options: str) -> Mapping[str, Record]:
    """Run the labs that answer, side by side: their Records, by their names."""
    file = folder / "runs.json"
    names = dict.fromkeys(question.lab for question in asked())
    done = subprocess.run(
        [*COMMAND, "run", *options, "--quiet", "--record", file, *names],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env=environment(),
        timeout=4 * PATIENCE_S,  # it is all labs, but for those that nobody asks about
    )
    assert done.returncode == 0, done.stdout
    records = map(Record.from_json, json.loads(file.read_text(encoding="utf-8")))
    return {record.lab: record for record in records}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Record]:
    if os.environ.get(VARIABLE):  # somebody has run them all already
        return every_lab()
    return ran(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def controls(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Record]:
    return ran(tmp_path_factory.mktemp("controls"), "--control")


@pytest.mark.kernel
@every_question
def test_a_run_of_its_lab_shows_the_answer(question: Question, runs: Mapping[str, Record]) -> None:
    assert step_of(question, runs[question.lab]) is not None


@pytest.mark.kernel
@every_question
def test_without_its_cause_the_lab_does_not_show_it(
    question: Question, controls: Mapping[str, Record]
) -> None:
    assert step_of(question, controls[question.lab]) is None


FEW = 5
"""A call that succeeds is seen in several labs; what is seen in more of them says nothing."""


@pytest.mark.kernel
@every_question
def test_what_shows_it_is_not_to_be_seen_in_just_any_run(
    question: Question, runs: Mapping[str, Record]
) -> None:
    where = {name for name, record in runs.items() if question.shown.step(record) is not None}
    assert question.lab in where
    assert len(where) <= FEW
    if question.lab != "handshake":
        assert "handshake" not in where
