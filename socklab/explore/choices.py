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

APART_S = 0.4
"""How far apart two timers are that were not started together, in seconds. The kernel rounds one
of a second up by as much as 0.064; the shortest that it ever starts have a second."""


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
    found = [
        Next(choice.move, fault, choice.move.verb is Verb.WAIT)
        for choice in position.choices
        if (fault := _is_fault(choice.move, heads)) is not None
        and (not fault or (may_fail and _kind_of_fault(choice.move) in terms.faults))
        and _is_asked_for(choice, position, terms)
    ]
    return sorted(found, key=_place)


def _place(each: Next) -> tuple[int, str]:
    """In which order moves are tried: as they are offered, but for who of two senders was first.

    Where two timers fire together, that is different from run to run.
    """
    move = each.move
    if move.verb is Verb.CALL:
        return 1, ""
    if move.verb not in ON_SEGMENTS:
        return len(Verb) + 3, ""
    if move.verb is Verb.CARRY:
        return 2 * move.copy, move.who
    return 3 + list(Verb).index(move.verb), move.who


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
            asked = {name, move.what}
            asked |= {f"{move.who} {each}" for each in asked}
            return not asked.isdisjoint(terms.calls)
        return name != FRESH
    if move.verb is Verb.WAIT:
        # While something is under way, time is what no search may hurry.
        return not position.held and _is_last(choice, position, terms)
    return True


def _is_last(choice: Choice, position: Position, terms: Terms) -> bool:
    """Whether a wait is within the terms, and the last of those that are over together.

    Which of two timers fires first that were started together, no two runs agree on. So there is
    one move for both: that of the host which is named last, for in general its timer is the later
    one, as a server's is that answers a client.
    """
    waits = [each for each in position.choices if each.move.verb is Verb.WAIT]
    later = waits[waits.index(choice) + 1 :]
    own = choice.left_s or 0.0
    together = any(abs((other.left_s or 0.0) - own) < APART_S for other in later)
    return own <= terms.timers_s and not together


def unsettled(position: Position) -> bool:
    """Whether a timer is about to fire that was to have fired with another one."""
    waits = [choice for choice in position.choices if choice.move.verb is Verb.WAIT]
    return any((wait.left_s or 0.0) < APART_S for wait in waits)


def _made(position: Position, move: Move) -> int:
    """How often a program has made this call already."""
    made = (done.call.replace(" ", "") for done in position.programs[move.who].made)
    whole = move.what if "(" in move.what else ""
    return sum(call == whole if whole else call.startswith(f"{move.what}(") for call in made)


def texts(found: Sequence[Next]) -> Iterator[str]:
    """The moves as lines of text."""
    return (str(each.move) for each in found)
