"""The moments of a run of which something can be asked."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from socklab.coverage.ends import Scene
from socklab.errors import SocklabError
from socklab.moves import Move, Verb
from socklab.packet import ACK
from socklab.quiz.shown import (
    BLOCKS,
    States,
    calls,
    came_to,
    led_to,
    numbered,
    sent,
    states,
    tell_sent,
    tell_states,
)
from socklab.record import Call, Move as MoveEvent, Phase, Record
from socklab.tcp import CLOSED, ESTABLISHED, LISTEN

MOST_SOCKETS = 2
"""On one host: of more, nobody wants to choose a row of states."""

LOUD = frozenset({"close", "shutdown", "send", "connect", "kill", "disconnect"})
"""Calls of which one may think that they send something."""

READS = frozenset({"recv"})
"""Calls whose result is always worth a question."""

ASKED = READS | {"accept", "bind", "close", "connect", "listen", "send", "shutdown"}
"""Calls whose result may be."""


class Asks(Enum):
    """What is asked of a moment."""

    STATES = "states"
    SEGMENTS = "segments"
    CALLS = "calls"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Moment:
    """A move that has not been made, and what is asked of it.

    Args:
        lab: whose story makes it.
        step: its number among the moves of the run, from 1.
        move: itself.
        asks: what is asked.
        found: what a run that chose it led to. It decides nothing.
        role: of a call, whose it is.
        number: of a call, its number among the role's.
        alike: what two moments have in common of which one is enough.
    """

    lab: str
    step: int
    move: Move
    asks: Asks
    found: str
    role: str = ""
    number: int = 0
    alike: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """A word for it: `half-close/9/states`."""
        return f"{self.lab}/{self.step}/{self.asks}"


def moments(record: Record) -> list[Moment]:
    """The moments of a run, in order, of which one should have to think.

    Left out are the moves that a story lets `flow`: it says itself that they are dull. And of the
    rest those that change nothing, send nothing, and give nothing back worth asking.

    Raises:
        SsError: a row of a look does not read.
    """
    dull = _flowing(record)
    moves = [event.where for event in record.of(MoveEvent)]
    found: list[Moment] = []
    for number, scene in numbered(record):
        move = _move(scene.turn.move)
        if move is not None and moves[number - 1] not in dull:
            found += _moments(record, number, move, scene)
    return found


def _moments(record: Record, step: int, move: Move, scene: Scene) -> Iterator[Moment]:
    turn, hosts = scene.turn, list(record.hosts)
    before, after = states(turn.before, hosts), states(turn.after, hosts)
    known = move.verb.value, move.who, move.what, tell_states(before)
    by_host = sent(turn, hosts)
    if _few(before) and _few(after) and before != after and not _begins(before, after):
        found = tell_states(led_to(turn, hosts))
        yield Moment(record.lab, step, move, Asks.STATES, found, alike=("states", *known, found))
    if any(by_host.values()) or _may_send(move):
        found = tell_sent(by_host)
        yield Moment(
            record.lab, step, move, Asks.SEGMENTS, found, alike=("segments", *known, found)
        )
    connected = all(of == (ESTABLISHED,) for of in before.values())
    for call in calls(turn):
        result = came_to(turn, call.role, call.number)
        if result is not None and _is_worth(call, result, connected=connected):
            yield Moment(
                record.lab,
                step,
                move,
                Asks.CALLS,
                result,
                call.role,
                call.number,
                ("calls", *known, call.role, call.call, result),
            )


def _few(of_hosts: dict[str, States]) -> bool:
    return all(len(of) <= MOST_SOCKETS for of in of_hosts.values())


def _begins(before: dict[str, States], after: dict[str, States]) -> bool:
    """Whether all that happened is that a server listens."""
    changed = {before[host] + after[host] for host in after if before[host] != after[host]}
    return changed == {(CLOSED, LISTEN)}


def _may_send(move: Move) -> bool:
    """Whether one may think that a move which sent nothing would send something."""
    if move.verb is Verb.CALL:
        return move.what.partition("(")[0] in LOUD
    arrives = move.verb in (Verb.CARRY, Verb.DUPLICATE, Verb.INJECT)
    return arrives and move.what != str(ACK)


def _is_worth(call: Call, result: str, *, connected: bool) -> bool:
    """Whether what a call came to is worth a question."""
    if call.call not in ASKED:
        return False
    comes_back_late = call.phase is Phase.RETURNED
    if result.startswith("fails") or call.call in READS or comes_back_late:
        return True
    if result == _usual(call):
        return False
    return result == BLOCKS or not connected


def _usual(call: Call) -> str:
    """What everybody knows of a call without asking."""
    return BLOCKS if call.call in ("connect", "accept") else "returns 0"


def _move(text: str) -> Move | None:
    """A move of a run; None if a later release made it."""
    try:
        return Move.parse(text)
    except SocklabError:
        return None


def _flowing(record: Record) -> set[str]:
    """The lines of a story, as moves tell them, on which it lets everything flow."""
    try:
        tree = ast.parse(record.source)
    except (SyntaxError, ValueError):
        return set()
    lines: set[int] = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "flow"
        ):
            lines |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return {f"{record.file}:{line}" for line in lines}
