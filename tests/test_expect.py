"""Expected sockets against rows of `ss`: what fits, what does not, and how both are told."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, strategies as st

from socklab import CLOSE_WAIT, CLOSED, ESTABLISHED, FIN_WAIT_2, LISTEN, SYN_SENT, TIME_WAIT, row
from socklab.errors import LabError
from socklab.expect import Wanted, concerned, met, tell, tell_rows, transient, wanted
from socklab.ss import Row, parse
from socklab.tcp import State

ROWS = {
    "established": "ESTAB 0 0 10.0.0.1:4000 10.0.0.2:80 ino:7 sk:1 <->",
    "waiting": "ESTAB 0 0 10.0.0.2:80 10.0.0.1:4000 ino:0 sk:2 <->",
    "unread": "CLOSE-WAIT 1 0 10.0.0.2:80 10.0.0.1:4000 ino:7 sk:1 -->",
    "orphan": "FIN-WAIT-2 0 0 10.0.0.1:4000 10.0.0.2:80 timer:(timewait,59sec,0) ino:0 sk:3",
    "time-wait": "TIME-WAIT 0 0 10.0.0.1:4000 10.0.0.2:80 timer:(timewait,42sec,0) ino:0 sk:3",
    "listening": "LISTEN 0 128 10.0.0.2:80 0.0.0.0:* ino:9 sk:4 <->",
    "bound": "UNCONN 0 0 10.0.0.2:81 0.0.0.0:* ino:9 sk:5 <->",
}


def seen(*names: str) -> list[Row]:
    return parse("\n".join(ROWS[name] for name in names))


@pytest.mark.parametrize(
    ("name", "fits", "does_not"),
    [
        ("established", row(ESTABLISHED), row(SYN_SENT)),
        ("unread", row(CLOSE_WAIT, recv_q=1), row(CLOSE_WAIT, recv_q=0)),
        ("unread", row(CLOSE_WAIT, send_q=0), row(CLOSE_WAIT, send_q=1)),
        ("unread", row(CLOSE_WAIT, timer=""), row(CLOSE_WAIT, timer="keepalive")),
        ("unread", row(CLOSE_WAIT, orphan=False), row(CLOSE_WAIT, orphan=True)),
        ("orphan", row(FIN_WAIT_2, orphan=True), row(FIN_WAIT_2, orphan=False)),
        ("orphan", row(FIN_WAIT_2, timer="timewait"), row(FIN_WAIT_2, timer="")),
        ("time-wait", row(TIME_WAIT, left_s=(30, 60)), row(TIME_WAIT, left_s=(50, 60))),
        ("waiting", row(ESTABLISHED, accepted=False), row(ESTABLISHED, accepted=True)),
        ("listening", row(LISTEN, send_q=128), row(LISTEN, send_q=16)),
    ],
)
def test_each_detail_counts(name: str, fits: Wanted, does_not: Wanted) -> None:
    rows = seen(name)
    assert met(rows, [fits])
    assert not met(rows, [does_not])


def test_closed_is_the_absence_of_rows() -> None:
    assert wanted(CLOSED) == ()
    assert met([], wanted(CLOSED))
    assert not met(seen("established"), wanted(CLOSED))
    with pytest.raises(LabError, match="a CLOSED socket has no row"):
        row(CLOSED)


def test_listeners_count_only_where_they_are_named() -> None:
    rows = seen("listening", "established", "bound")
    assert [r.state for r in concerned(rows, wanted(ESTABLISHED))] == [ESTABLISHED]
    assert [r.state for r in concerned(rows, wanted(LISTEN))] == [LISTEN, ESTABLISHED]


def test_more_and_fewer_sockets_than_expected_are_both_wrong() -> None:
    assert met(seen("established", "unread"), wanted([CLOSE_WAIT, ESTABLISHED]))
    assert not met(seen("established", "unread"), wanted([ESTABLISHED]))
    assert not met(seen("established"), wanted([ESTABLISHED, ESTABLISHED]))


def test_a_row_makes_room_for_one_that_fits_nowhere_else() -> None:
    rows = seen("established", "waiting")
    for order in permutations([row(ESTABLISHED), row(ESTABLISHED, accepted=True)]):
        assert met(rows, order)
    for order in permutations([row(ESTABLISHED, accepted=True)] * 2):
        assert not met(rows, order)


@given(st.lists(st.sampled_from(["established", "unread", "orphan", "time-wait"]), max_size=8))
def test_the_order_of_rows_never_matters(names: list[str]) -> None:
    rows = seen(*names)
    states: list[State] = sorted((r.state for r in rows), key=str)
    assert met(rows, wanted(states))
    assert met(list(reversed(rows)), wanted(states))
    assert met(rows, wanted([*states, ESTABLISHED])) is False


@pytest.mark.parametrize(
    ("expected", "names", "told", "observed"),
    [
        (CLOSED, [], "CLOSED", "CLOSED"),
        (FIN_WAIT_2, ["unread"], "FIN-WAIT-2", "CLOSE-WAIT"),
        ([CLOSE_WAIT] * 3, ["unread"] * 2, "3 × CLOSE-WAIT", "2 × CLOSE-WAIT"),
        (
            row(TIME_WAIT, timer="timewait", left_s=(50, 60)),
            ["time-wait"],
            "TIME-WAIT timer timewait 50 to 60 s left",
            "TIME-WAIT timer timewait 42 s left",
        ),
        (
            row(CLOSE_WAIT, recv_q=0, send_q=0, timer="", orphan=False),
            ["orphan"],
            "CLOSE-WAIT Recv-Q 0 Send-Q 0 no timer held by a descriptor",
            "FIN-WAIT-2 Recv-Q 0 Send-Q 0 timer timewait orphan",
        ),
        (
            row(ESTABLISHED, accepted=True),
            ["waiting"],
            "ESTABLISHED accepted",
            "ESTABLISHED waiting for accept()",
        ),
        ([LISTEN, ESTABLISHED], ["listening"], "ESTABLISHED + LISTEN", "LISTEN"),
        # Each row in the terms of its own.
        (
            [row(LISTEN, recv_q=1), row(ESTABLISHED, accepted=True)],
            ["listening", "waiting"],
            "ESTABLISHED accepted + LISTEN Recv-Q 1",
            "ESTABLISHED waiting for accept() + LISTEN Recv-Q 0",
        ),
        (
            [row(FIN_WAIT_2, timer="timewait", orphan=True), ESTABLISHED],
            ["established", "orphan"],
            "ESTABLISHED + FIN-WAIT-2 timer timewait orphan",
            "ESTABLISHED + FIN-WAIT-2 timer timewait orphan",
        ),
        # What fits is told as it is wanted, whatever else would fit, too.
        (
            [ESTABLISHED, row(ESTABLISHED, accepted=True)],
            ["established", "waiting"],
            "ESTABLISHED + ESTABLISHED accepted",
            "ESTABLISHED + ESTABLISHED accepted",
        ),
        # Another state is told in the terms of what is missing; one too many, of its like.
        (
            [row(LISTEN, recv_q=0), row(CLOSE_WAIT, recv_q=1)],
            ["listening", "orphan"],
            "CLOSE-WAIT Recv-Q 1 + LISTEN Recv-Q 0",
            "FIN-WAIT-2 Recv-Q 0 + LISTEN Recv-Q 0",
        ),
        (
            row(ESTABLISHED, accepted=True),
            ["established", "waiting", "unread"],
            "ESTABLISHED accepted",
            "CLOSE-WAIT + ESTABLISHED accepted + ESTABLISHED waiting for accept()",
        ),
    ],
)
def test_both_sides_are_told_in_the_same_terms(
    expected: State | Wanted | list[State | Wanted], names: list[str], told: str, observed: str
) -> None:
    sockets = wanted(expected)
    assert tell(sockets) == told
    assert tell_rows(concerned(seen(*names), sockets), sockets) == observed


@given(st.data())
def test_what_is_met_is_told_alike(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(["established", "waiting", "unread", "orphan"])))
    rows = seen(*names)
    details = [
        {},
        {"recv_q": 0},
        {"recv_q": 1},
        {"accepted": True},
        {"accepted": False},
        {"orphan": True},
        {"timer": "timewait"},
        {"timer": ""},
    ]
    asked = [row(r.state, **data.draw(st.sampled_from(details))) for r in rows]  # type: ignore[arg-type]
    if met(rows, asked):
        assert tell_rows(rows, asked) == tell(asked)


def test_what_waits_for_a_segment_stands_still_on_a_held_wire_only() -> None:
    assert transient(wanted([ESTABLISHED, SYN_SENT]))
    assert not transient(wanted([ESTABLISHED, TIME_WAIT, CLOSE_WAIT, FIN_WAIT_2]))
