"""Figure 5 in characters: every state and arrow has its place, and what was taken can be seen."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, strategies as st

from socklab.record import Record, State as Change
from socklab.tcp import (
    CLOSE_WAIT,
    CLOSED,
    CLOSING,
    ESTABLISHED,
    FIN_WAIT_1,
    LISTEN,
    STEPS,
    SYN_RECEIVED,
    SYN_SENT,
    State,
)
from socklab.views.figure import (
    ARROWS,
    HEIGHT,
    NAMES,
    WIDTH,
    Arrow,
    Ink,
    Way,
    _along,
    figure,
    way_of,
)
from tests.records import kept

NOWHERE = Way(frozenset({CLOSED}))

states = st.frozensets(st.sampled_from(State), min_size=1)


def text(way: Way) -> str:
    return "".join("".join(piece for piece, _ in line) + "\n" for line in figure(way))


@given(states, states, st.frozensets(st.sampled_from(sorted(ARROWS, key=str))))
def test_the_figure_always_has_its_size_and_every_state(
    here: frozenset[State], seen: frozenset[State], taken: frozenset[Arrow]
) -> None:
    lines = text(Way(here, seen, taken)).splitlines()
    assert [len(line) for line in lines] == [WIDTH] * HEIGHT
    for state, (column, row) in NAMES:
        assert lines[row][column : column + len(str(state))] == str(state)


def test_every_state_has_one_place_and_closed_has_two() -> None:
    count = Counter(state for state, _ in NAMES)
    assert count == Counter({state: 2 if state is CLOSED else 1 for state in State})


def test_every_arrow_is_one_of_tcp() -> None:
    assert ARROWS.keys() <= {(step.state, step.next) for step in STEPS}


@pytest.mark.parametrize("arrow", ARROWS, ids=lambda arrow: f"{arrow[0]} {arrow[1]}")
def test_an_arrow_that_was_taken_looks_otherwise_without_colour(arrow: Arrow) -> None:
    # Its states being the same, so that only the arrow can tell.
    assert text(Way(frozenset({CLOSED}), taken=frozenset({arrow}))) != text(NOWHERE) or (
        CLOSED in arrow
    )
    plain = text(NOWHERE)
    taken = text(Way(frozenset({LISTEN}), taken=frozenset({arrow})))
    heavy = set("┃━┗┛┏┓┻▼▲")
    assert not heavy & set(plain)
    assert heavy & set(taken)


def between_names(arrow: Arrow) -> list[tuple[int, int]]:
    """The cells of an arrow that no name covers."""
    names = {
        (column + n, row) for state, (column, row) in NAMES for n in range(-1, len(str(state)) + 1)
    }
    return [cell for cell in _along(ARROWS[arrow]) if cell not in names]


def test_no_two_arrows_cross_but_for_the_two_that_join_before_time_wait() -> None:
    cells = Counter(cell for arrow in ARROWS for cell in between_names(arrow))
    shared = {cell for cell, count in cells.items() if count > 1}
    assert shared == {(13, 12), (14, 12)}


def test_an_arrow_goes_nowhere_over_a_name() -> None:
    for arrow, corners in ARROWS.items():
        cells = list(_along(corners))
        free = between_names(arrow)
        # It may begin within its own name, and has left it for good once it is out.
        assert free == cells[len(cells) - len(free) :], arrow


def test_where_an_end_is_stands_in_brackets_and_where_it_was_has_a_tick() -> None:
    told = text(
        Way(
            frozenset({FIN_WAIT_1}),
            frozenset({ESTABLISHED}),
            frozenset({(ESTABLISHED, FIN_WAIT_1)}),
        )
    )
    assert "[FIN-WAIT-1]" in told
    assert " ESTABLISHED✓" in told
    assert " CLOSING " in told


def test_of_both_closed_the_lower_one_is_the_end() -> None:
    begun = text(NOWHERE).splitlines()
    assert "[CLOSED]" in begun[0] and "[CLOSED]" not in begun[-1]
    over = Way(
        frozenset({CLOSED}),
        frozenset({CLOSED, LISTEN}),
        frozenset({(CLOSED, LISTEN), (LISTEN, CLOSED)}),
    )
    ended = text(over).splitlines()
    assert " CLOSED✓" in ended[0] and "[CLOSED]" in ended[-1]


def test_inks_say_the_same_as_the_signs() -> None:
    way = Way(frozenset({CLOSING}), frozenset({FIN_WAIT_1}), frozenset({(FIN_WAIT_1, CLOSING)}))
    pieces = [piece for line in figure(way) for piece in line]
    assert [piece for piece, ink in pieces if ink is Ink.HERE] == ["[CLOSING]"]
    assert any("FIN-WAIT-1✓" in piece for piece, ink in pieces if ink is Ink.SEEN)


def test_the_way_of_an_end_is_that_of_its_sockets() -> None:
    way = way_of(kept("half-close"), "client", {State.TIME_WAIT})
    assert way.here == {State.TIME_WAIT}
    assert (CLOSED, SYN_SENT) in way.taken and (ESTABLISHED, FIN_WAIT_1) in way.taken
    assert CLOSE_WAIT not in way.seen


def test_a_child_of_a_listener_is_drawn_as_coming_from_it() -> None:
    way = way_of(kept("half-close"), "server", {LISTEN, CLOSE_WAIT})
    assert (LISTEN, SYN_RECEIVED) in way.taken
    assert (CLOSED, SYN_RECEIVED) not in way.taken


def test_who_has_no_socket_is_closed() -> None:
    changes = [Change(0.0, "server", "a", "b", "CLOSED", "LISTEN", "listen")]
    record = Record("made", "wire", "tun", {"client": "", "server": ""}, events=[*changes])
    assert way_of(record, "client", ()) == NOWHERE
