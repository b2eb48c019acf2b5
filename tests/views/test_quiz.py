"""A quiz on paper: every line fits, and nothing in a Record can move the cursor."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from socklab.quiz import KINDS, Answered, Posed, Score, Verdict
from socklab.views.columns import width_of
from socklab.views.quiz import Paper
from tests.records import texts

papers = st.builds(Paper, st.integers(40, 120), st.just(False), st.booleans())
asked = st.builds(
    Posed,
    texts,
    st.sampled_from(KINDS),
    texts,
    texts,
    st.none() | st.integers(1, 99),
    st.lists(texts).map(tuple),
    texts,
    st.lists(texts, min_size=2, max_size=4).map(tuple),
)
answers = st.builds(
    Answered,
    asked,
    texts,
    st.sampled_from(Verdict),
    texts,
    st.none() | st.integers(0, 99),
    st.dictionaries(texts, st.lists(texts).map(tuple), max_size=3),
    st.lists(texts).map(tuple),
    texts,
    texts,
    texts,
)

POSED = Posed(
    "half-close/9/states",
    "states",
    "closing",
    "half-close",
    9,
    ("ss: client FIN-WAIT-1, server ESTABLISHED", "on the wire: client → server FIN seq=1 ack=1"),
    "Next: carry it. Which states does `ss` show then?",
    ("client CLOSED, server CLOSED", "client FIN-WAIT-1, server CLOSE-WAIT"),
)
WRONG = Answered(
    POSED,
    POSED.choices[0],
    Verdict.WRONG,
    POSED.choices[1],
    9,
    {"client": ("FIN-WAIT-1 0      1 10.0.0.1:40000 10.0.0.2:80 timer:(on,1min,0) ino:0 sk:1",)},
    ("server ESTABLISHED → CLOSE-WAIT on FIN (RFC 9293 §3.3.2 figure 5)",),
)


@given(papers, answers, answers)
def test_every_line_fits_and_is_visible(
    paper: Paper, answered: Answered, another: Answered
) -> None:
    score = Score([answered, another], ended_early=True, wanted=3)
    for text in (
        paper.question(answered.posed, 1, 10),
        paper.answered(answered),
        paper.score(score, "socklab quiz --seed 1"),
    ):
        for line in text.split("\n"):
            assert width_of(line) <= paper.width
            assert all(unicodedata.category(c) not in ("Cc", "Cf") for c in line)
            assert line.isascii() or not paper.ascii_only


def test_a_question_reads_from_top_to_bottom() -> None:
    assert Paper().question(POSED, 3, 10).split("\n") == [
        "Question 3 of 10, predict the states (closing)",
        "",
        "  ss           client FIN-WAIT-1, server ESTABLISHED",
        "  on the wire  client → server FIN seq=1 ack=1",
        "",
        "  Next: carry it. Which states does `ss` show then?",
        "",
        "    1  client CLOSED, server CLOSED",
        "    2  client FIN-WAIT-1, server CLOSE-WAIT",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_the_lab_which_may_give_it_away_is_not_named_before_the_answer(kind: str) -> None:
    posed = replace(POSED, kind=kind, lab="connection-refused")
    assert "refused" not in Paper().question(posed, 1, 1)
    assert "refused" in Paper().answered(replace(WRONG, posed=posed))


def test_an_answer_is_followed_by_what_is_so_why_and_where_to_look() -> None:
    paper = Paper(command="socklab run --slow {}".format)
    assert paper.answered(WRONG).split("\n") == [
        "Wrong.",
        "  it is        client FIN-WAIT-1, server CLOSE-WAIT",
        "  why          server ESTABLISHED → CLOSE-WAIT on FIN (RFC 9293 §3.3.2 figure 5)",
        "  ss showed    client  FIN-WAIT-1 0 1 10.0.0.1:40000 10.0.0.2:80",
        "                       timer:(on,1min,0)",
        "  look at it   socklab run --slow half-close --html page.html, then",
        "               page.html#step-9",
    ]


def test_a_host_without_a_row_says_so() -> None:
    gone = Answered(POSED, "", Verdict.UNANSWERED, "x", 9, {"client": ()})
    assert "  ss showed    client  no row: CLOSED\n" in Paper().answered(gone)


def test_a_score_tells_what_to_look_at_again_and_how_to_repeat_it() -> None:
    uncounted = Answered(POSED, "", Verdict.UNCOUNTED, "", trouble="it went another way")
    told = Paper().score(Score([WRONG, uncounted]), "socklab quiz --seed 7")
    assert told.split("\n") == [
        "0 of 1 right (0 %).",
        "Not counted: 1, for the runs did not agree.",
        "Look again at: half-close",
        "The same questions again: socklab quiz --seed 7",
    ]


def test_nothing_is_said_by_color_alone() -> None:
    colored = Paper(color=True).answered(WRONG)
    assert colored.startswith("\x1b[31mWrong.\x1b[0m\n")
    assert Paper().answered(WRONG).startswith("Wrong.\n")
