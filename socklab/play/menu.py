"""The menu: what can be done at a position, where it stands on the screen, and by which key.

Three columns, as in a ladder: the calls of the host on the left, what is on the wire and the
timers, the calls of the host on the right (of all the others, where a lab has more).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from socklab.moves import ON_SEGMENTS, Move, Verb
from socklab.position import Held, Position

LETTERS = "abegjkmnotxyz"
"""Those that are no commands of their own."""

WAIT = "w"
"""The key of the timer that fires first."""

_SHORTEST = 3
"""Columns of an arrow."""


class Column(IntEnum):
    """Where something stands."""

    LEFT = 0
    WIRE = 1
    RIGHT = 2


KEYS: Mapping[Column, str] = {
    Column.LEFT: LETTERS,
    Column.WIRE: "1234567890",
    Column.RIGHT: LETTERS.upper(),
}
"""The keys of what can be done, from top to bottom; what is below the last one has the arrows.

Each column has its own, so that a segment that arrives changes no key of a call, and a key that
carried one never makes a call.
"""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that can be done; of a segment, several.

    Args:
        column: where it stands.
        key: what makes it; empty if there are more things than keys.
        move: what Enter makes.
        text: what it is, such as `shutdown(SHUT_WR)`.
        held: the segment, if it is one.
        moves: what else can be made of a segment, by the verb; `move` is in it, too.
        left_s: of a timer, what was left when `ss` was asked, in seconds.
    """

    column: Column
    key: str
    move: Move
    text: str
    held: Held | None = None
    moves: Mapping[Verb, Move] = field(default_factory=dict)
    left_s: float | None = None


@dataclass(frozen=True, slots=True)
class Menu:
    """All that can be done at a position.

    Args:
        items: column by column, what is on the wire first.
        first: the one that a story would do first; None if nothing can be done.
    """

    items: Sequence[Item] = ()
    first: Item | None = None

    def column(self, column: Column) -> list[Item]:
        """What stands in a column, from top to bottom."""
        return [item for item in self.items if item.column is column]

    def by_key(self, key: str) -> Item | None:
        """What a key makes."""
        return next((item for item in self.items if key and item.key == key), None)


def menu_of(position: Position) -> Menu:
    """The menu at a position; an empty one where its run has failed."""
    found = [
        *_segments(position),
        *_timers(position),
        *_calls(position, Column.LEFT),
        *_calls(position, Column.RIGHT),
    ]
    items = list(_with_keys(found))
    first = None
    if position.choices:
        wanted = position.choices[0].move
        first = next((item for item in items if wanted in (item.move, *item.moves.values())), None)
    return Menu(items, first)


def _with_keys(items: Sequence[Item]) -> Iterator[Item]:
    keys = {column: iter(own) for column, own in KEYS.items()}
    timers = [item for item in items if item.left_s is not None]
    soonest = min(timers, key=lambda item: item.left_s or 0.0, default=None)
    for item in items:
        if item.left_s is None:
            yield replace(item, key=next(keys[item.column], ""))
        else:  # a key that has just carried a segment must not wait for a minute
            yield replace(item, key=WAIT if item is soonest else "")


def _segments(position: Position) -> Iterator[Item]:
    can = {choice.move for choice in position.choices}
    for held in position.held:
        moves = {
            verb: move
            for verb in Verb
            if verb in ON_SEGMENTS
            and (move := Move(verb, held.sender, held.kind, held.number, held.copy)) in can
        }
        if moves:
            move = moves.get(Verb.CARRY, next(iter(moves.values())))
            yield Item(Column.WIRE, "", move, label(held), held, moves)


def _calls(position: Position, column: Column) -> Iterator[Item]:
    several = len(position.programs) > len({p.host for p in position.programs.values()})
    for choice in position.choices:
        move = choice.move
        if move.verb is not Verb.CALL or column_of(position, host_of(position, move)) is not column:
            continue
        host = host_of(position, move)
        text = _call(position, move)
        yield Item(column, "", move, f"{move.who}: {text}" if several or move.who != host else text)


def _call(position: Position, move: Move) -> str:
    """A call with its arguments, as the program will make it."""
    program = position.programs.get(move.who)
    standing = [] if program is None else program.standing
    if move.what in standing:
        return move.what
    alike = [call for call in standing if call.partition("(")[0] == move.what]
    return alike[0] if alike else f"{move.what}()"


def _timers(position: Position) -> Iterator[Item]:
    for choice in position.choices:
        if choice.move.verb is Verb.WAIT:
            text = f"{choice.move.who} {choice.move.what}"
            yield Item(Column.WIRE, "", choice.move, text, left_s=choice.left_s)


def host_of(position: Position, move: Move) -> str:
    """The host on which a call is made."""
    program = position.programs.get(move.who)
    return move.who.partition("_")[0] if program is None else program.host


def column_of(position: Position, host: str) -> Column:
    """The column of a host: the first one has the left, all others the right."""
    return Column.LEFT if host == next(iter(position.rows), host) else Column.RIGHT


def label(held: Held) -> str:
    """A segment in the words of a ladder: `SYN+ACK seq 0 ack 1`."""
    words = [held.kind, *(["(copy)"] if held.copy else []), f"seq {held.seq}"]
    if held.ack is not None:
        words.append(f"ack {held.ack}")
    if held.payload_bytes:
        words.append(f"len {held.payload_bytes}")
    return " ".join(words)


def arrow(item: Item, width: int, *, rightwards: bool) -> str:
    """A segment as an arrow of so many columns, or as less text than it has.

    Args:
        item: the segment's.
        width: in columns.
        rightwards: which way it goes.
    """
    assert item.held is not None
    line = "╌" if item.held.copy else "─"
    text = item.text
    words = text.split(" ")
    while len(text) + 1 + _SHORTEST > width and len(words) > 1:
        # The last numbers first: its kind is what one looks for.
        words = words[:-2] if len(words) > 2 else words[:1]
        text = " ".join(words) + "…"
    rest = max(1, width - len(text) - 2)
    return f"{text} {line * rest}►" if rightwards else f"◄{line * rest} {text}"
