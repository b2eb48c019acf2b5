"""A script that is to solve a puzzle: its moves are made, and the kernel says what they led to."""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from socklab.cli.puzzle_solving import Solving, moves
from socklab.errors import LabError
from socklab.mover import MoveRefused
from socklab.moves import Move
from socklab.position import Choice, Position
from socklab.puzzles import Best, Puzzle
from socklab.record import Record
from socklab.script import Flow, Step
from socklab.steer.free import free_lab
from socklab.steer.session import Session

OFFERED = 4
"""How many moves a sentence names instead of one that can't be made."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a script came to.

    Args:
        way: the moves that were made.
        why: why it does not solve the puzzle, in a sentence; empty if it does.
        unmade: how many moves stand after the one that solved it.
        record: of the run.
    """

    way: tuple[str, ...]
    why: str
    unmade: int
    record: Record

    @property
    def solved(self) -> bool:
        """Whether it solves the puzzle."""
        return not self.why


def judge(solving: Solving, steps: Sequence[Step]) -> Verdict:
    """Make the moves of a script, until they have solved a puzzle.

    Args:
        solving: whose puzzle; it keeps what is solved.
        steps: the script; it may begin with the moves with which the puzzle does.

    Raises:
        LabError: a step is no move.
        MachineError: this machine can't run it, with the cure.
    """
    for step in steps:
        if isinstance(step.does, Flow):
            raise LabError(f"{step.where}: in a puzzle nothing flows: make the moves one by one")
    began = time.perf_counter()
    start = solving.start
    if [step.does for step in steps[: len(start)]] == start:
        steps = steps[len(start) :]
    why, unmade = "", 0
    with Session(free_lab(), start=start, link=solving.link, limit=solving.limit) as session:
        for done, step in enumerate(steps, 1):
            if why := _made(session, step):
                break
            told = solving.check(session.position)
            if told is not None:
                why = "" if solving.way is not None else told
                unmade = len(steps) - done
                break
        position = session.position
    if solving.way is None and not why:
        why = (
            f"after {moves(len(steps))} there is {_at(position)}; the goal is {solving.puzzle.goal}"
        )
    record = replace(
        position.record,
        replay=True,  # of moves from elsewhere no story expects anything
        source="",
        duration_s=round(time.perf_counter() - began, 6),
    )
    return Verdict(position.made[len(start) :], why, unmade, record)


def _made(session: Session, step: Step) -> str:
    """Make a move; why it can't be made, or what came of it, if that ends the script."""
    assert isinstance(step.does, Move)
    if session.position.choice(step.does) is None:
        return f"{step.where}: `{step.text}` can't be done here; {_instead(session.position, step)}"
    try:
        trouble = session.make(step.does).trouble
    except MoveRefused as refused:
        return f"{step.where}: {refused}"
    return f"{step.where}: {trouble}" if trouble else ""


def _instead(position: Position, step: Step) -> str:
    texts = [str(choice.move) for choice in position.choices]
    if not texts:
        return "nothing can be done any more"
    near = difflib.get_close_matches(step.text, texts, n=1)
    offered = list(dict.fromkeys([*near, *texts]))[:OFFERED]
    told = ", ".join(f"`{text}`" for text in offered)
    return f"what can be done is {told}" + (" and more" if len(texts) > len(offered) else "")


def _at(position: Position) -> str:
    """Where a run stands, in words."""
    states = ", ".join(f"{host} {state}" for host, state in position.states.items())
    flight = ", ".join(f"{held.sender}'s {held.kind}" for held in position.held)
    return f"{states}; on the wire {flight or 'nothing'}"


def document(solving: Solving, verdict: Verdict) -> dict[str, Any]:
    """What `--json` prints of it."""
    return {
        "puzzle": solving.puzzle.name,
        "goal": str(solving.puzzle.goal),
        "solved": verdict.solved,
        "moves": len(verdict.way),
        "best": None if solving.best is None else solving.best.moves,
        "way": list(verdict.way),
        "unmade": verdict.unmade,
        "why": verdict.why,
        "kept": verdict.solved and not solving.not_kept,
    }


# --- The best way -----------------------------------------------------------------------------


def solution(puzzle: Puzzle, best: Best, *, link: str) -> Iterator[tuple[Choice, Position]]:
    """The moves of the best way, each with what it led to.

    Raises:
        MachineError: this machine can't run it, with the cure.
    """
    from socklab.explore.limit import Limit
    from socklab.explore.solve import terms_of

    terms = terms_of(puzzle)
    start = [Move.parse(text) for text in terms.start]
    with Session(free_lab(), start=start, link=link, limit=Limit(terms)) as session:
        for text in best.way:
            move = Move.parse(text)
            choice = session.position.choice(move)
            if choice is None:
                raise LabError(f"{text} can't be done: the kernel went another way")
            yield choice, session.make(move)
