"""Choices: which moves a search tries next, and which of them are faults.

Without faults a wire is a queue for each direction: only the oldest segment of a sender arrives.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from socklab.joint.graph import Terms
from socklab.moves import ON_SEGMENTS, Move, Verb
from socklab.position import Choice, Held, Position

DROP, DUPLICATE, REORDER = "drop", "duplicate", "reorder"
FAULTS = (DROP, DUPLICATE, REORDER)

FRESH = "socket"
"""The call with which a program of free play begins anew: never explored unless asked for, for
then nothing would ever end."""


@dataclass(frozen=True, slots=True)
class Next:
    """A move to try: whether it is a fault, and whether it waits for a timer."""

    move: Move
    fault: bool = False
    waits: bool = False


def choices(position: Position, terms: Terms, faults: int) -> list[Next]:
    """What is to be tried from a position, within the terms.

    Args:
        position: where the run stands.
        terms: what may be done at all.
        faults: how many there have been.
    """
    heads = _heads(position.held)
    may_fail = faults < terms.most_faults
    return [
        Next(choice.move, fault, choice.move.verb is Verb.WAIT)
        for choice in position.choices
        if (fault := _is_fault(choice.move, heads)) is not None
        and (not fault or (may_fail and _kind_of_fault(choice.move) in terms.faults))
        and _is_asked_for(choice, position, terms)
    ]


def _heads(held: Sequence[Held]) -> dict[str, Held]:
    """The oldest segment of each sender."""
    heads: dict[str, Held] = {}
    for segment in held:
        heads.setdefault(segment.sender, segment)
    return heads


def _is_fault(move: Move, heads: dict[str, Held]) -> bool | None:
    """Whether a move is one; None where another order of moves comes to the same."""
    if move.verb not in ON_SEGMENTS:
        return False
    first = _is_of(move, heads.get(move.who))
    if move.verb is Verb.CARRY:
        return not first
    # To lose what is behind first, or to put it last, is to wait until it is at the front.
    return True if first and move.verb in (Verb.DROP, Verb.DUPLICATE) else None


def _is_of(move: Move, head: Held | None) -> bool:
    return head is not None and (head.number, head.kind, head.copy) == (
        move.number,
        move.what,
        move.copy,
    )


def _kind_of_fault(move: Move) -> str:
    return REORDER if move.verb is Verb.CARRY else move.verb.value


def _is_asked_for(choice: Choice, position: Position, terms: Terms) -> bool:
    move = choice.move
    if move.verb is Verb.CALL:
        name = move.what.partition("(")[0]
        if terms.most_calls and _made(position, move) >= terms.most_calls:
            return False
        if terms.calls:
            return not {name, move.what}.isdisjoint(terms.calls)
        return name != FRESH
    if move.verb is Verb.WAIT:
        # While something is under way, time is what no search may hurry.
        return not position.held and (choice.left_s or 0.0) <= terms.timers_s > 0
    return True


def _made(position: Position, move: Move) -> int:
    """How often a program has made this call already."""
    made = (done.call.replace(" ", "") for done in position.programs[move.who].made)
    whole = move.what if "(" in move.what else ""
    return sum(call == whole if whole else call.startswith(f"{move.what}(") for call in made)


def texts(found: Sequence[Next]) -> Iterator[str]:
    """The moves as lines of text."""
    return (str(each.move) for each in found)
