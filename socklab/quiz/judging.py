"""Judging: an answer put to a run that was made after it was given."""

from __future__ import annotations

from socklab.coverage.ends import Scene
from socklab.questions import Question, step_of
from socklab.quiz.moments import Asks, Moment
from socklab.quiz.sheet import Answered, Posed, Verdict
from socklab.quiz.shown import at, came_to, led_to, sent, tell_sent, tell_states
from socklab.quiz.why import remarks, why
from socklab.record import Look, Move, Record


def judge(
    posed: Posed, moment: Moment, given: str, chosen_by: Record, run: Record | str
) -> Answered:
    """Put an answer to a run.

    Where the run shows something else than the one that chose the question, an answer that fits it
    is right, and no other is wrong.

    Args:
        posed: the question.
        moment: the one that it is about.
        given: the choice that was made; empty for none.
        chosen_by: the run that chose the moment, with its story.
        run: the run that decides, up to the move or further; or why there is none.
    """
    scene = at(run, moment.step) if isinstance(run, Record) else None
    showed = None if scene is None else _showed(scene, moment, list(chosen_by.hosts))
    if scene is None or showed is None:
        why_not = run if isinstance(run, str) else "the run did not come to this move"
        return Answered(posed, given, Verdict.UNCOUNTED, "", trouble=why_not)
    trouble = ""
    if given == showed:
        verdict = Verdict.RIGHT
    elif showed != moment.found:
        verdict = Verdict.UNCOUNTED
        trouble = f"the run that chose this question showed: {moment.found}"
    else:
        verdict = Verdict.WRONG if given else Verdict.UNANSWERED
    return Answered(
        posed,
        given,
        verdict,
        showed,
        step=moment.step,
        rows={host: tuple(row.text for row in rows) for host, rows in scene.turn.after.items()},
        why=(*why(scene), *remarks(chosen_by, moment.step)),
        trouble=trouble,
    )


def _showed(scene: Scene, moment: Moment, hosts: list[str]) -> str | None:
    if scene.turn.move != str(moment.move):
        return None
    if moment.asks is Asks.STATES:
        return tell_states(led_to(scene.turn, hosts))
    if moment.asks is Asks.SEGMENTS:
        return tell_sent(sent(scene.turn, hosts))
    return came_to(scene.turn, moment.role, moment.number)


def judge_words(posed: Posed, question: Question, given: str, run: Record | None) -> Answered:
    """Compare an answer with the bank's, and find where a run shows why.

    Args:
        posed: the question as it was asked.
        question: as the bank has it.
        given: the choice that was made; empty for none.
        run: of its lab; None if there is none.
    """
    step = None if run is None else step_of(question, run)
    if given == question.right:
        verdict = Verdict.RIGHT
    else:
        verdict = Verdict.WRONG if given else Verdict.UNANSWERED
    return Answered(
        posed,
        given,
        verdict,
        question.right,
        step=step,
        rows={} if run is None or step is None else _rows(run, step),
        why=(question.answer,),
        because=question.why_not(given),
        source=question.source,
    )


def _rows(record: Record, step: int) -> dict[str, tuple[str, ...]]:
    """What `ss` printed after so many moves."""
    number, rows = 0, {}
    for event in record.events:
        number += isinstance(event, Move)
        if number > step:
            break
        if isinstance(event, Look):
            rows = dict(event.rows)
    return rows
