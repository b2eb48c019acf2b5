"""RFC 9293's figure 5 in characters, small enough for one beside the other on a terminal.

The states an end is in are in brackets, those it has been in have a tick, and the arrows it has
taken are heavy: nothing is said by colour alone. Left out are the ways back to CLOSED and LISTEN
but for the common ones, as there is no room for them; that such a way was taken is seen all the
same by where the brackets are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import groupby, pairwise

from socklab.record import Record, State as Change
from socklab.tcp import (
    CLOSE_WAIT,
    CLOSED,
    CLOSING,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    LAST_ACK,
    LISTEN,
    SYN_RECEIVED,
    SYN_SENT,
    TIME_WAIT,
    State,
)

Arrow = tuple[State, State]
Point = tuple[int, int]
"""A column and a row."""

WIDTH, HEIGHT = 39, 13

NAMES: Sequence[tuple[State, Point]] = (
    (CLOSED, (17, 0)),
    (LISTEN, (17, 2)),
    (SYN_SENT, (29, 2)),
    (SYN_RECEIVED, (1, 4)),
    (ESTABLISHED, (15, 5)),
    (FIN_WAIT_1, (1, 8)),
    (CLOSE_WAIT, (28, 8)),
    (FIN_WAIT_2, (1, 10)),
    (CLOSING, (17, 10)),
    (LAST_ACK, (29, 10)),
    (TIME_WAIT, (16, 12)),
    (CLOSED, (30, 12)),
)
"""Where the names begin. CLOSED stands twice, as in the RFC: it is one state."""

ARROWS: Mapping[Arrow, Sequence[Point]] = {
    (CLOSED, LISTEN): ((19, 0), (19, 1)),
    (LISTEN, CLOSED): ((21, 2), (21, 1)),
    (CLOSED, SYN_SENT): ((25, 0), (32, 0), (32, 1)),
    (LISTEN, SYN_RECEIVED): ((15, 2), (5, 2), (5, 3)),
    (SYN_SENT, SYN_RECEIVED): ((30, 2), (30, 4), (14, 4)),
    (SYN_SENT, ESTABLISHED): ((34, 2), (34, 5), (27, 5)),
    (SYN_RECEIVED, ESTABLISHED): ((9, 4), (9, 5), (13, 5)),
    (SYN_RECEIVED, FIN_WAIT_1): ((3, 4), (3, 7)),
    (ESTABLISHED, FIN_WAIT_1): ((17, 5), (17, 6), (8, 6), (8, 7)),
    (ESTABLISHED, CLOSE_WAIT): ((23, 5), (23, 6), (32, 6), (32, 7)),
    (FIN_WAIT_1, FIN_WAIT_2): ((3, 8), (3, 9)),
    (FIN_WAIT_1, CLOSING): ((13, 8), (20, 8), (20, 9)),
    (FIN_WAIT_1, TIME_WAIT): ((9, 8), (9, 9), (13, 9), (13, 12), (14, 12)),
    (CLOSE_WAIT, LAST_ACK): ((32, 8), (32, 9)),
    (FIN_WAIT_2, TIME_WAIT): ((3, 10), (3, 12), (14, 12)),
    (CLOSING, TIME_WAIT): ((20, 10), (20, 11)),
    (LAST_ACK, CLOSED): ((32, 10), (32, 11)),
    (TIME_WAIT, CLOSED): ((26, 12), (28, 12)),
}
"""The corners of each arrow's line; one that begins within a name is covered by it there."""


class Ink(Enum):
    """What a piece of the figure is."""

    FAINT = auto()
    """A state the end has not been in, an arrow it has not taken."""
    SEEN = auto()
    HERE = auto()


Line = tuple[tuple[str, Ink], ...]
"""A line of the figure in pieces; together they are `WIDTH` columns."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where an end has been.

    Args:
        here: the states of its sockets; CLOSED if it has none.
        seen: those it has been in, by the way.
        taken: the arrows between them.
    """

    here: frozenset[State]
    seen: frozenset[State] = frozenset()
    taken: frozenset[Arrow] = frozenset()

    def ink(self, state: State, *, end: bool) -> Ink:
        """How a state is drawn; of the two that are CLOSED, `end` is the one below."""
        closed_again = any(now is CLOSED for _, now in self.taken)
        if state is CLOSED and end is not closed_again:
            return Ink.SEEN if CLOSED in self.seen and not end else Ink.FAINT
        if state in self.here:
            return Ink.HERE
        return Ink.SEEN if state in self.seen else Ink.FAINT


def way_of(record: Record, host: str, here: Collection[State]) -> Way:
    """Where a host has been in a run, and is.

    Linux gives a connection that a SYN opens a row of its own, and leaves the listener in LISTEN;
    the figure shows that as the arrow from LISTEN. See tcp.py.
    """
    changes: list[Change] = [change for change in record.of(Change) if change.host == host]
    arrows = {(State.named(change.was), State.named(change.now)) for change in changes}
    if (opened := (CLOSED, SYN_RECEIVED)) in arrows:
        arrows = arrows - {opened} | {(LISTEN, SYN_RECEIVED)}
    seen = {state for arrow in arrows for state in arrow}
    return Way(frozenset(here) or frozenset({CLOSED}), frozenset(seen), frozenset(arrows))


def figure(way: Way) -> list[Line]:
    """The figure, with where an end has been.

    Returns:
        `HEIGHT` lines.
    """
    paper = _Paper()
    for arrow, corners in ARROWS.items():
        paper.draw(corners, heavy=arrow in way.taken)
    for state, (column, row) in NAMES:
        ink = way.ink(state, end=row > 0)
        before, after = _AROUND[ink]
        paper.write(column - 1, row, f"{before}{state}{after}", ink)
    return list(paper.lines())


_AROUND: Mapping[Ink, tuple[str, str]] = {
    Ink.FAINT: (" ", " "),
    Ink.SEEN: (" ", "✓"),
    Ink.HERE: ("[", "]"),
}

# Which arms a cell of a line has: to the north, the east, the south and the west.
_N, _E, _S, _W = 1, 2, 4, 8
_ARM: Mapping[Point, int] = {(0, -1): _N, (1, 0): _E, (0, 1): _S, (-1, 0): _W}
_AHEAD: Mapping[Point, str] = {(0, -1): "△", (1, 0): "►", (0, 1): "▽", (-1, 0): "◄"}
_LIGHT: Mapping[int, str] = {
    _N | _S: "│",
    _E | _W: "─",
    _N | _E: "└",
    _N | _W: "┘",
    _S | _E: "┌",
    _S | _W: "┐",
    _N | _E | _W: "┴",
}
_HEAVY = str.maketrans("│─└┘┌┐┴▽△", "┃━┗┛┏┓┻▼▲")
"""What was taken. A head to the side has a line before it that says so."""


class _Paper:
    """Characters and their inks."""

    def __init__(self) -> None:
        self._cells = [[(" ", Ink.FAINT)] * WIDTH for _ in range(HEIGHT)]
        self._arms: dict[Point, int] = {}

    def write(self, column: int, row: int, text: str, ink: Ink) -> None:
        for character in text:
            self._cells[row][column] = (character, ink)
            column += 1

    def draw(self, corners: Sequence[Point], *, heavy: bool) -> None:
        """A line along its corners, with a head at its end; what it meets, it joins."""
        cells = list(_along(corners))
        step = (0, 0)
        for at, after in pairwise(cells):
            backwards = _ARM.get((-step[0], -step[1]), 0)
            step = (after[0] - at[0], after[1] - at[1])
            # What begins in the open has no arm behind it, and is drawn straight.
            arms = (backwards or _ARM[-step[0], -step[1]]) | _ARM[step]
            self._arms[at] = self._arms.get(at, 0) | arms
            self._put(at, _LIGHT[self._arms[at]], heavy=heavy)
        self._put(cells[-1], _AHEAD[step], heavy=heavy)

    def _put(self, at: Point, character: str, *, heavy: bool) -> None:
        column, row = at
        # Where two lines are one, it was taken if either was.
        heavy = heavy or self._cells[row][column][1] is Ink.SEEN
        told = character.translate(_HEAVY) if heavy else character
        self.write(column, row, told, Ink.SEEN if heavy else Ink.FAINT)

    def lines(self) -> Iterator[Line]:
        for row in self._cells:
            yield tuple(
                ("".join(character for character, _ in cells), ink)
                for ink, cells in groupby(row, key=lambda cell: cell[1])
            )


def _along(corners: Sequence[Point]) -> Iterator[Point]:
    """Every cell from the first corner to the last."""
    yield corners[0]
    for (column, row), (to_column, to_row) in pairwise(corners):
        across, down = to_column - column, to_row - row
        length = abs(across) + abs(down)
        for done in range(1, length + 1):
            yield column + across * done // length, row + down * done // length
