"""What is asked of a run, what is offered to choose from, and how answers are judged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, strategies as st

from socklab.questions import asked
from socklab.quiz import (
    KINDS,
    WORDS,
    Answered,
    Asks,
    Moment,
    Posed,
    Score,
    Verdict,
    chance,
    judge,
    judge_words,
    moments,
    order,
    pose,
    pose_words,
    sample,
)
from socklab.quiz.score import Share
from socklab.quiz.shown import as_one_speaks, returns, tell_sent, tell_states
from socklab.quiz.situation import before, next_move
from socklab.quiz.why import remarks
from socklab.record import Move, Record
from socklab.tcp import CLOSE_WAIT, CLOSED, ESTABLISHED, LISTEN, TIME_WAIT
from tests.records import kept

DATA = Path(__file__).parent / "data" / "quiz"
"""Runs of labs with their stories: `socklab run LAB --record tests/data/quiz/LAB.json`."""


def with_story(name: str) -> Record:
    return Record.from_json(json.loads((DATA / f"{name}.json").read_text(encoding="utf-8")))


HALF_CLOSE = with_story("half-close")
KILLED = with_story("killed-process")
FLOOD = with_story("syn-flood")
RECORDS = {
    **{record.lab: record for record in (HALF_CLOSE, KILLED, FLOOD)},
    **{name: kept(name) for name in ("simultaneous-close", "mishaps", "two-clients", "refused")},
}
NAMES = list(RECORDS)

seeds = st.integers()
of_all = st.sampled_from([(record, m) for record in RECORDS.values() for m in moments(record)])


def moment(name: str, record: Record = HALF_CLOSE) -> Moment:
    return next(each for each in moments(record) if each.name == f"{record.lab}/{name}")


def posed(record: Record, each: Moment, seed: int = 1) -> Posed:
    return pose(record, each, topic="closing", chance=chance(seed, each.name))


def moves(record: Record) -> list[Move]:
    return list(record.of(Move))


# --- Moments ---


def test_each_kind_is_found_where_it_is_to_be_found() -> None:
    names = [each.name for each in moments(HALF_CLOSE)]
    assert "half-close/8/states" in names
    assert "half-close/9/segments" in names
    assert "half-close/11/calls" in names
    assert names == sorted(names, key=lambda name: int(name.split("/")[1]))


def test_what_a_story_lets_flow_is_not_asked_about() -> None:
    assert min(each.step for each in moments(HALF_CLOSE)) == 8
    # Without the source nobody can tell, so that the handshake is asked about, too.
    assert min(each.step for each in moments(replace(HALF_CLOSE, source=""))) < 8


def test_a_source_that_does_not_read_has_no_dull_parts() -> None:
    assert moments(replace(HALF_CLOSE, source="def (")) == moments(replace(HALF_CLOSE, source=""))


def test_a_move_that_only_a_later_release_knows_is_not_asked_about() -> None:
    events = [
        replace(event, text="levitate client FIN") if event == moves(HALF_CLOSE)[8] else event
        for event in HALF_CLOSE.events
    ]
    found = moments(replace(HALF_CLOSE, events=events))
    assert {each.step for each in moments(HALF_CLOSE)} - {each.step for each in found} == {9}


def test_a_moment_has_what_the_run_showed() -> None:
    assert moment("8/states").found == "client FIN-WAIT-1, server ESTABLISHED"
    assert moment("9/segments").found == "server sends ACK"
    assert moment("11/segments").found == "nothing"
    assert moment("11/calls").found == "fails with EPIPE"
    assert moment("12/calls").found == "returns b'' (end of file)"


def test_a_connection_that_is_gone_is_closed_though_its_listener_stays() -> None:
    last = [each for each in moments(HALF_CLOSE) if each.asks is Asks.STATES][-1]
    assert last.found == "client TIME-WAIT, server CLOSED"
    assert as_one_speaks((ESTABLISHED,), (LISTEN,)) == (CLOSED,)
    assert as_one_speaks((CLOSED,), (LISTEN,)) == (LISTEN,)


def test_states_segments_and_results_are_told_alike_in_two_runs() -> None:
    told = tell_states({"client": (ESTABLISHED, ESTABLISHED, TIME_WAIT), "server": (CLOSE_WAIT,)})
    assert told == "client 2 × ESTABLISHED + TIME-WAIT, server CLOSE-WAIT"
    assert tell_sent({"client": (), "server": ()}) == "nothing"
    assert [returns(0), returns(5), returns("b''")] == [
        "returns 0",
        "returns 5",
        "returns b'' (end of file)",
    ]


# --- Choices ---


@given(of_all, seeds)
def test_the_choices_have_what_was_found_once_and_others(
    record_and_moment: tuple[Record, Moment], seed: int
) -> None:
    record, each = record_and_moment
    choices = posed(record, each, seed).choices
    assert choices.count(each.found) == 1
    assert len(set(choices)) == len(choices)
    assert 3 <= len(choices) <= 4


@given(of_all, seeds)
def test_no_wrong_choice_can_be_taken_for_the_right_one(
    record_and_moment: tuple[Record, Moment], seed: int
) -> None:
    record, each = record_and_moment
    if each.asks is Asks.STATES:
        choices = posed(record, each, seed).choices
        alike = {choice.replace("LISTEN", "CLOSED") for choice in choices}
        assert each.found.replace("LISTEN", "CLOSED") in alike
        assert [c for c in choices if c.replace("LISTEN", "CLOSED") == each.found] in (
            [each.found],
            [],
        )


@given(of_all, seeds)
def test_a_seed_gives_the_same_choices_in_the_same_order(
    record_and_moment: tuple[Record, Moment], seed: int
) -> None:
    record, each = record_and_moment
    assert posed(record, each, seed) == posed(record, each, seed)


def test_where_the_right_one_stands_tells_nothing() -> None:
    each = moment("8/states")
    places = {posed(HALF_CLOSE, each, seed).choices.index(each.found) for seed in range(50)}
    assert places == {0, 1, 2, 3}


def test_what_a_peer_has_sent_is_offered_to_who_reads() -> None:
    each = moment("12/calls")
    offered = {c for seed in range(30) for c in posed(HALF_CLOSE, each, seed).choices}
    assert {"blocks", "returns b'one more thing'", "fails with ECONNRESET"} <= offered


# --- What one has to know ---


def test_a_question_tells_where_the_run_stands_and_not_what_comes() -> None:
    asks = posed(HALF_CLOSE, moment("9/states"))
    assert asks.situation == (
        "ss: client FIN-WAIT-1, server ESTABLISHED",
        "server: bind(server:80), listen(128), accept() returns a connection",
        "client: connect(server:80), shutdown(SHUT_WR)",
        "on the wire: client → server FIN seq=1 ack=1",
    )
    assert asks.asks == (
        "Next: carry client's FIN (seq=1 ack=1) to server. Which states does `ss` show then?"
    )
    assert (asks.kind, asks.lab, asks.step) == ("states", "half-close", 9)


def test_a_call_is_told_with_its_arguments() -> None:
    each = moment("11/calls")
    assert next_move(HALF_CLOSE, 11, each.move) == "client calls send(b'one more thing')"


def test_what_is_lost_forged_and_cut_is_told() -> None:
    each = next(each for each in moments(FLOOD) if each.step == 8)
    assert posed(FLOOD, each).situation[-3:] == (
        "lost: server → client SYN+ACK seq=0 ack=1",
        "forged: SYN as if from client, seq=0",
        "cut: what server sends is lost",
    )
    assert next_move(FLOOD, 8, each.move) == "forge a SYN as if from client (seq=0 port=6662)"


def test_of_several_connections_the_call_says_which() -> None:
    each = next(each for each in moments(KILLED) if each.step == 26)
    assert next_move(KILLED, 26, each.move) == "client calls recv(100) on client/1"
    assert "connect(server:80) on client/2" in posed(KILLED, each).situation[2]
    assert next_move(HALF_CLOSE, 12, moment("12/calls").move) == "server calls recv(100)"


def test_nothing_of_what_comes_is_in_what_there_was_before() -> None:
    for each in moments(HALF_CLOSE):
        events = before(HALF_CLOSE, each.step)
        assert sum(isinstance(event, Move) for event in events) == each.step - 1


# --- Judging ---


@given(of_all, st.integers(0, 3))
def test_the_choice_that_a_run_showed_is_right_and_no_other(
    record_and_moment: tuple[Record, Moment], number: int
) -> None:
    record, each = record_and_moment
    asks = posed(record, each)
    given = asks.choices[number % len(asks.choices)]
    answered = judge(asks, each, given, record, record)
    assert answered.shown == each.found
    assert (answered.verdict is Verdict.RIGHT) == (given == each.found)


def test_an_answer_is_explained_with_rows_the_arrow_and_what_the_lab_remarks() -> None:
    each = moment("10/states")
    answered = judge(posed(HALF_CLOSE, each), each, each.found, HALF_CLOSE, HALF_CLOSE)
    assert answered.why == (
        "client FIN-WAIT-1 → FIN-WAIT-2 on ACK of FIN (RFC 9293 §3.3.2 figure 5)",
        "# both could stay so for ever",
    )
    assert answered.rows["client"][0].startswith("FIN-WAIT-2 ")
    assert answered.step == 10


def test_what_is_not_answered_is_not_right() -> None:
    each = moment("8/states")
    answered = judge(posed(HALF_CLOSE, each), each, "", HALF_CLOSE, HALF_CLOSE)
    assert answered.verdict is Verdict.UNANSWERED
    assert answered.shown == each.found


def test_where_two_runs_differ_the_second_makes_right_and_nobody_wrong() -> None:
    each = moment("8/states")
    asks = posed(HALF_CLOSE, each)
    other = next(choice for choice in asks.choices if choice != each.found)
    claimed = replace(each, found=other)  # as if the first run had shown something else
    assert judge(asks, claimed, each.found, HALF_CLOSE, HALF_CLOSE).verdict is Verdict.RIGHT
    answered = judge(asks, claimed, other, HALF_CLOSE, HALF_CLOSE)
    assert answered.verdict is Verdict.UNCOUNTED
    assert answered.trouble == f"the run that chose this question showed: {other}"


def test_a_run_that_did_not_come_so_far_counts_for_nobody() -> None:
    each = moment("20/calls")
    asks = posed(HALF_CLOSE, each)
    short = replace(HALF_CLOSE, events=before(HALF_CLOSE, 15))
    for run, why in (
        (short, "the run did not come to this move"),
        ("this run went another way", "this run went another way"),
        (RECORDS["mishaps"], "the run did not come to this move"),
    ):
        answered = judge(asks, each, each.found, HALF_CLOSE, run)
        assert (answered.verdict, answered.trouble) == (Verdict.UNCOUNTED, why)


def test_remarks_are_those_of_the_lab_s_own_lines() -> None:
    assert remarks(HALF_CLOSE, 8) == ("# a FIN, but the descriptor stays open to read",)
    assert remarks(replace(HALF_CLOSE, source=""), 8) == ()
    assert remarks(replace(HALF_CLOSE, file="elsewhere.py"), 8) == ()


# --- Words ---


def test_a_question_in_words_is_right_or_told_why_not() -> None:
    question = next(each for each in asked() if each.lab == "half-close")
    asks = pose_words(question, chance=chance(7))
    assert sorted(asks.choices) == sorted(question.choices)
    right = judge_words(asks, question, question.right, HALF_CLOSE)
    assert (right.verdict, right.because) == (Verdict.RIGHT, "")
    assert right.step is not None
    assert set(right.rows) == {"client", "server"}
    wrong = judge_words(asks, question, question.wrong[0].says, None)
    assert (wrong.verdict, wrong.because) == (Verdict.WRONG, question.wrong[0].because)
    assert (wrong.step, wrong.rows) == (None, {})
    assert judge_words(asks, question, "", None).verdict is Verdict.UNANSWERED


# --- Picking ---


@given(st.sampled_from(NAMES), st.integers(1, 30), seeds)
def test_a_sample_is_in_order_and_none_of_it_twice(name: str, count: int, seed: int) -> None:
    found = moments(RECORDS[name])
    chosen = sample(found, count, seed)
    assert chosen == [each for each in found if each in chosen]
    assert len({each.alike for each in chosen}) == len(chosen) <= count
    assert len(chosen) == min(count, len({each.alike for each in found}))
    steps = [each.step for each in chosen]
    if len({each.step for each in sample(found, 99, seed)}) >= count:
        assert len(set(steps)) == len(steps)


def test_what_was_asked_is_not_asked_again_and_what_is_not_wanted_never() -> None:
    found = moments(HALF_CLOSE)
    known = {each.alike for each in found if each.asks is Asks.STATES}
    assert all(each.alike not in known for each in sample(found, 99, 1, known=known))
    assert {each.asks for each in sample(found, 99, 1, asks=[Asks.CALLS])} == {Asks.CALLS}
    assert sample([], 3, 1) == []


@given(seeds)
def test_an_order_is_a_seed_s_and_loses_nothing(seed: int) -> None:
    assert order(range(20), seed, "labs") == order(range(20), seed, "labs")
    assert sorted(order(range(20), seed, "labs")) == list(range(20))


def test_chance_hangs_on_nothing_but_the_seed_and_the_name() -> None:
    # Pinned: if this changes, every seed that somebody has noted asks something else.
    assert [chance(7, "half-close/8/states").randrange(100) for _ in range(2)] == [
        Random("7/half-close/8/states").randrange(100)
    ] * 2
    assert order("abcdef", 7, "labs") == list("cdafeb")


# --- The score ---


def answered(verdict: Verdict, topic: str = "closing", lab: str = "half-close") -> Answered:
    asks = Posed("a", WORDS, topic, lab, None, (), "?", ("yes", "no"))
    return Answered(asks, "", verdict, "yes")


def test_a_score_counts_by_topic_and_leaves_out_what_does_not_count() -> None:
    score = Score(
        [
            answered(Verdict.RIGHT),
            answered(Verdict.WRONG, "opening", "handshake"),
            answered(Verdict.UNANSWERED, "opening", "handshake"),
            answered(Verdict.UNCOUNTED, "abort", "rst-abort"),
        ]
    )
    assert (score.share, score.share.percent) == (Share(1, 3), 33)
    assert score.by_topic == {"closing": Share(1, 1), "opening": Share(0, 2), "abort": Share(0, 0)}
    assert (score.again, score.uncounted) == (["handshake"], 1)
    assert score.share_of_all == score.share


def test_who_ends_early_has_not_answered_the_rest() -> None:
    score = Score([answered(Verdict.RIGHT)], ended_early=True, wanted=4)
    assert (score.share.percent, score.share_of_all.percent) == (100, 25)


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_a_hundred_percent_means_all(right: int, wrong: int) -> None:
    percent = Share(right, right + wrong).percent
    assert 0 <= percent <= 100
    assert (percent == 100) == (right > 0 and wrong == 0)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_words_on_paper(kind: str) -> None:
    from socklab.views.quiz import WHAT

    assert WHAT[kind]
