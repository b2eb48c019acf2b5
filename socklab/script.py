"""Scripts: the moves of a run as a text file, a move a line, to be made again or by hand.

    # the client says goodbye, and its FIN is lost
    flow client=ESTABLISHED,server=ESTABLISHED
    call client close
    drop client 3 FIN

A line is a move as `moves.py` reads it, or `flow` and the states that it goes on to. What follows a
`#` is for people.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from socklab.errors import LabError
from socklab.joint.goal import Goal
from socklab.moves import Move, Verb
from socklab.tcp import State

FLOW = "flow"

SUCH = "flow client=ESTABLISHED,server=ESTABLISHED"

COMMENT = re.compile(r"(^|\s)#.*")
"""What is for people: a `#` within a word is none, as it may be in what a call sends."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Everything goes, one move at a time, until the hosts show these states."""

    states: Mapping[str, tuple[State, ...]]


@dataclass(frozen=True, slots=True)
class Step:
    """A line of a script.

    Args:
        where: where it stands, such as `moves.txt:7`.
        text: what it says.
        does: what is done.
    """

    where: str
    text: str
    does: Move | Flow


def parse(text: str, name: str) -> list[Step]:
    """The steps of a script.

    Args:
        text: the script.
        name: what to call it in a sentence.

    Raises:
        LabError: a line is neither a move nor a flow; the sentence begins with where it is.
    """
    steps = []
    for number, line in enumerate(text.splitlines(), start=1):
        if told := COMMENT.sub("", line).strip():
            where = f"{name}:{number}"
            try:
                steps.append(Step(where, told, _does(told)))
            except LabError as problem:
                raise LabError(f"{where}: {problem}") from problem
    return steps


def _does(text: str) -> Move | Flow:
    verb, _, rest = text.partition(" ")
    if verb == FLOW:
        return Flow(_states(rest))
    try:
        return Move.parse(text)
    except LabError as problem:
        known = [each.value for each in Verb] + [FLOW]
        near = difflib.get_close_matches(verb, known, n=1) if verb not in known else []
        raise LabError(f"{problem}; did you mean {near[0]}?" if near else str(problem)) from problem


def _states(text: str) -> dict[str, tuple[State, ...]]:
    """The states of a flow: of hosts, and of nothing else."""
    if not text.strip():
        raise LabError(f"`{FLOW}` goes on to states: say which, such as `{SUCH}`")
    conditions = Goal.parse(text).conditions
    for condition in conditions:
        if condition.call or condition.subject == "wire":
            raise LabError(
                f"`{FLOW}` goes on to states of hosts, such as client=ESTABLISHED, and {condition} "
                "is none"
            )
    return {each.subject: tuple(map(State.named, each.wanted)) for each in conditions}
