"""The tables of TCP's states, read row by row."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from socklab import tcp
from socklab.errors import LabError
from socklab.tcp import (
    CLOSE_WAIT,
    CLOSED,
    CLOSING,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    LAST_ACK,
    LINUX_STEPS,
    LISTEN,
    STEPS,
    SYN_RECEIVED,
    SYN_SENT,
    SYNCHRONIZED,
    TIME_WAIT,
    TRANSIENT,
    Cause,
    On,
    State,
    Step,
    can_become,
    steps,
    table,
)

TABLES = {"RFC 9293": STEPS, "Linux": LINUX_STEPS}

# The lines of figure 5, counted by hand from its drawing, and its notes 1 and 2.
FIGURE_5 = {
    (CLOSED, On.PASSIVE_OPEN, LISTEN),
    (CLOSED, On.ACTIVE_OPEN, SYN_SENT),
    (LISTEN, On.CLOSE, CLOSED),
    (LISTEN, On.SYN, SYN_RECEIVED),
    (LISTEN, On.SEND, SYN_SENT),
    (SYN_SENT, On.CLOSE, CLOSED),
    (SYN_SENT, On.SYN, SYN_RECEIVED),
    (SYN_SENT, On.SYN_ACK, ESTABLISHED),
    (SYN_RECEIVED, On.RST, LISTEN),
    (SYN_RECEIVED, On.ACK_OF_SYN, ESTABLISHED),
    (SYN_RECEIVED, On.CLOSE, FIN_WAIT_1),
    (ESTABLISHED, On.CLOSE, FIN_WAIT_1),
    (ESTABLISHED, On.FIN, CLOSE_WAIT),
    (FIN_WAIT_1, On.ACK_OF_FIN, FIN_WAIT_2),
    (FIN_WAIT_1, On.FIN, CLOSING),
    (FIN_WAIT_1, On.FIN_AND_ACK_OF_FIN, TIME_WAIT),
    (FIN_WAIT_2, On.FIN, TIME_WAIT),
    (CLOSE_WAIT, On.CLOSE, LAST_ACK),
    (CLOSING, On.ACK_OF_FIN, TIME_WAIT),
    (LAST_ACK, On.ACK_OF_FIN, CLOSED),
    (TIME_WAIT, On.TIME_WAIT_TIMEOUT, CLOSED),
}

IMPOSSIBLE = [
    (CLOSED, FIN_WAIT_1),
    (CLOSED, TIME_WAIT),
    (LISTEN, SYN_SENT),  # connect() on a listener fails
    (LISTEN, ESTABLISHED),
    (SYN_SENT, LISTEN),
    (SYN_SENT, CLOSE_WAIT),
    (SYN_SENT, FIN_WAIT_1),  # close() before the SYN+ACK leaves nothing behind
    (SYN_SENT, TIME_WAIT),
    (SYN_RECEIVED, SYN_SENT),
    (SYN_RECEIVED, TIME_WAIT),  # note 3 of figure 5 does not hold on Linux
    (SYN_RECEIVED, LAST_ACK),
    (ESTABLISHED, LISTEN),
    (ESTABLISHED, SYN_SENT),
    (ESTABLISHED, SYN_RECEIVED),
    (ESTABLISHED, FIN_WAIT_2),
    (ESTABLISHED, CLOSING),
    (ESTABLISHED, LAST_ACK),
    (FIN_WAIT_1, ESTABLISHED),
    (FIN_WAIT_1, CLOSE_WAIT),
    (FIN_WAIT_1, LAST_ACK),
    (FIN_WAIT_2, CLOSING),
    (FIN_WAIT_2, FIN_WAIT_1),
    (FIN_WAIT_2, LAST_ACK),
    (CLOSE_WAIT, ESTABLISHED),
    (CLOSE_WAIT, FIN_WAIT_1),
    (CLOSE_WAIT, CLOSING),
    (CLOSE_WAIT, TIME_WAIT),
    (CLOSING, FIN_WAIT_2),
    (CLOSING, LAST_ACK),
    (LAST_ACK, CLOSE_WAIT),
    (LAST_ACK, TIME_WAIT),
    (TIME_WAIT, ESTABLISHED),
    (TIME_WAIT, FIN_WAIT_2),
    (TIME_WAIT, LISTEN),
]


def name(value: object) -> str:
    return str(value)


def test_there_are_eleven_states_with_their_names_of_the_rfc() -> None:
    assert [str(state) for state in State] == [
        "CLOSED",
        "LISTEN",
        "SYN-SENT",
        "SYN-RECEIVED",
        "ESTABLISHED",
        "FIN-WAIT-1",
        "FIN-WAIT-2",
        "CLOSE-WAIT",
        "CLOSING",
        "LAST-ACK",
        "TIME-WAIT",
    ]


@pytest.mark.parametrize("state", list(State), ids=name)
def test_each_state_is_a_constant_of_the_module(state: State) -> None:
    assert getattr(tcp, state.name) is state


@pytest.mark.parametrize("state", list(State), ids=name)
def test_a_state_is_found_by_its_name_in_any_spelling(state: State) -> None:
    spellings = {state.name, state.value, state.name.lower(), f" {state.value.lower()} "}
    assert {State.named(text) for text in spellings} == {state}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("FIN-WAIT-3", "'FIN-WAIT-3' is not a TCP state. Did you mean FIN-WAIT-2?"),
        ("estab", "'estab' is not a TCP state. Did you mean ESTABLISHED?"),
        ("SYN_RECV", "'SYN_RECV' is not a TCP state. Did you mean SYN-RECEIVED?"),
        (
            "",
            "'' is not a TCP state. The states are CLOSED, LISTEN, SYN-SENT, SYN-RECEIVED,"
            " ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2, CLOSE-WAIT, CLOSING, LAST-ACK, TIME-WAIT.",
        ),
    ],
)
def test_an_unknown_state_is_told_with_the_nearest_one(text: str, message: str) -> None:
    with pytest.raises(LabError) as caught:
        State.named(text)
    assert str(caught.value) == message


@pytest.mark.parametrize("rows", list(TABLES.values()), ids=list(TABLES))
def test_no_state_has_two_steps_for_one_trigger_in_a_table(rows: tuple[Step, ...]) -> None:
    twice = [pair for pair, n in Counter((row.state, row.on) for row in rows).items() if n > 1]
    assert twice == []


@pytest.mark.parametrize("rows", list(TABLES.values()), ids=list(TABLES))
def test_no_step_stays_where_it_is(rows: tuple[Step, ...]) -> None:
    assert [row for row in rows if row.state is row.next] == []


def test_no_step_of_linux_repeats_one_of_the_rfc() -> None:
    def key(row: Step) -> tuple[State, On, State]:
        return row.state, row.on, row.next

    assert {key(row) for row in STEPS} & {key(row) for row in LINUX_STEPS} == set()


def test_every_row_says_where_it_comes_from() -> None:
    assert [row for row in STEPS if not row.source.startswith("RFC 9293 §3.")] == []
    assert [row for row in LINUX_STEPS if not row.source.startswith("Linux: ")] == []


def test_figure_5_is_whole() -> None:
    rows = {(row.state, row.on, row.next) for row in STEPS if "figure 5" in row.source}
    assert {row for row in rows if row[1] is not On.RST_SENT} == FIGURE_5  # less its note 3


def test_what_linux_does_not_do_of_the_rfc() -> None:
    absent = {(row.state, row.on, row.next) for row in STEPS if not row.on_linux}
    assert absent == {
        (LISTEN, On.SEND, SYN_SENT),
        (LISTEN, On.ACTIVE_OPEN, SYN_SENT),
        (TIME_WAIT, On.ABORT, CLOSED),
        (SYN_RECEIVED, On.RST_SENT, TIME_WAIT),
        (ESTABLISHED, On.RST_SENT, TIME_WAIT),
        (FIN_WAIT_1, On.RST_SENT, TIME_WAIT),
        (FIN_WAIT_2, On.RST_SENT, TIME_WAIT),
        (CLOSE_WAIT, On.RST_SENT, TIME_WAIT),
    }
    assert [row for row in STEPS if not row.on_linux and not row.linux] == []
    assert [row for row in LINUX_STEPS if not row.on_linux] == []


def test_every_trigger_has_a_row_and_a_cause() -> None:
    assert {row.on for row in STEPS + LINUX_STEPS} == set(On)
    causes = {On.CLOSE: Cause.CALL, On.FIN: Cause.SEGMENT, On.TIME_WAIT_TIMEOUT: Cause.TIMER}
    assert {on: on.cause for on in causes} == causes
    assert {str(on.cause) for on in On} == {"call", "segment", "timer"}


def test_every_trigger_reads_differently() -> None:
    assert len({str(on) for on in On}) == len(On)


@pytest.mark.parametrize("on_linux", [False, True], ids=["RFC 9293", "Linux"])
def test_every_state_is_reached_from_closed_and_reaches_closed(on_linux: bool) -> None:
    rows = [row for row in STEPS + LINUX_STEPS if row.on_linux] if on_linux else list(STEPS)
    forth, back = {CLOSED}, {CLOSED}
    for _ in State:
        forth |= {row.next for row in rows if row.state in forth}
        back |= {row.state for row in rows if row.next in back}
    assert forth == back == set(State)


def test_steps_give_every_reason_for_a_change_and_the_rfc_first() -> None:
    assert [(row.on, row.source) for row in steps(CLOSING, TIME_WAIT)] == [
        (On.ACK_OF_FIN, "RFC 9293 §3.3.2 figure 5")
    ]
    assert [row.on for row in steps(CLOSED, SYN_RECEIVED)] == [On.SYN, On.SYN_AND_COOKIE]
    assert [row.on for row in steps(FIN_WAIT_1, TIME_WAIT)] == [
        On.FIN_AND_ACK_OF_FIN,
        On.DATA_BEFORE_FIN_AND_ACK_OF_FIN,
    ]
    assert {row.on for row in steps(LAST_ACK, CLOSED)} >= {On.ACK_OF_FIN, On.RST, On.ABORT}


@pytest.mark.parametrize(
    ("was", "now", "on"),
    [
        (CLOSED, ESTABLISHED, On.ACK_OF_SYN_COOKIE),
        (SYN_RECEIVED, CLOSE_WAIT, On.FIN_AND_ACK_OF_SYN),
        (SYN_RECEIVED, CLOSED, On.RST),
        (SYN_RECEIVED, FIN_WAIT_1, On.CLOSE),
        (SYN_RECEIVED, FIN_WAIT_1, On.ACK_OF_SYN_AFTER_SHUTDOWN),
        (SYN_RECEIVED, ESTABLISHED, On.SYN_ACK),
        (ESTABLISHED, TIME_WAIT, On.CLOSE_TO_OWN_PEER),
        (FIN_WAIT_2, CLOSED, On.FIN_WAIT_2_TIMEOUT),
        (FIN_WAIT_2, SYN_SENT, On.ACTIVE_OPEN),
        (TIME_WAIT, SYN_RECEIVED, On.SYN),
        (TIME_WAIT, SYN_SENT, On.ACTIVE_OPEN),
        (TIME_WAIT, CLOSED, On.RST),
    ],
    ids=name,
)
def test_linux_goes_there(was: State, now: State, on: On) -> None:
    assert on in {row.on for row in steps(was, now)}


@pytest.mark.parametrize("state", sorted(SYNCHRONIZED - {TIME_WAIT}, key=str), ids=name)
@pytest.mark.parametrize("on", [On.RST, On.ABORT, On.DESTROY, On.DISCONNECT], ids=name)
def test_every_connection_can_be_reset(state: State, on: On) -> None:
    assert on in {row.on for row in steps(state, CLOSED)}


@pytest.mark.parametrize(("was", "now"), IMPOSSIBLE, ids=name)
def test_no_step_explains_what_cannot_be(was: State, now: State) -> None:
    assert steps(was, now) == ()


@pytest.mark.parametrize("state", list(State), ids=name)
def test_staying_needs_no_step(state: State) -> None:
    assert steps(state, state) == ()
    assert can_become(state, state)


@pytest.mark.parametrize(("was", "now"), list(product(State, State)), ids=name)
def test_what_a_step_leads_to_can_be_seen_next(was: State, now: State) -> None:
    if steps(was, now):
        assert can_become(was, now)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (CLOSED, TIME_WAIT),  # a whole life between two looks
        (SYN_SENT, LAST_ACK),
        (ESTABLISHED, FIN_WAIT_2),
        (ESTABLISHED, LAST_ACK),
        (TIME_WAIT, ESTABLISHED),  # its port pair is used again
    ],
    ids=name,
)
def test_a_sampler_may_miss_the_states_between(was: State, now: State) -> None:
    assert steps(was, now) == ()
    assert can_become(was, now)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (ESTABLISHED, SYN_SENT),
        (ESTABLISHED, LISTEN),
        (FIN_WAIT_1, ESTABLISHED),
        (CLOSE_WAIT, FIN_WAIT_2),
        (CLOSE_WAIT, TIME_WAIT),
        (CLOSING, CLOSE_WAIT),
        (LAST_ACK, TIME_WAIT),
        (SYN_RECEIVED, SYN_SENT),
    ],
    ids=name,
)
def test_a_connection_never_goes_back(was: State, now: State) -> None:
    assert not can_become(was, now)


def test_what_waits_for_a_segment_has_a_segment_to_go_on() -> None:
    assert {SYN_SENT, SYN_RECEIVED, FIN_WAIT_1, CLOSING, LAST_ACK} == TRANSIENT
    for state in TRANSIENT:
        assert any(
            row.on.cause is Cause.SEGMENT and row.on is not On.RST
            for row in STEPS
            if row.state is state
        )


def test_synchronized_states_are_those_after_the_handshake() -> None:
    before = {CLOSED, LISTEN, SYN_SENT, SYN_RECEIVED}
    assert before | SYNCHRONIZED == set(State)
    assert not before & SYNCHRONIZED


def test_the_docs_table_has_a_line_per_row() -> None:
    head, rule, *lines = table().splitlines()
    assert head == "| State | On | Cause | Next | Source | On Linux |"
    assert rule == "|---|---|---|---|---|---|"
    on = {str(trigger): trigger for trigger in On}
    rows = []
    for line in lines:
        was, trigger, cause, now, source, linux = line.removeprefix("| ")[:-2].split(" | ")
        assert str(on[trigger].cause) == cause
        rows.append(
            Step(
                State(was),
                on[trigger],
                State(now),
                source,
                linux.removeprefix("no: "),
                not linux.startswith("no: "),
            )
        )
    assert tuple(rows) == STEPS + LINUX_STEPS


def test_the_docs_table_of_one_row() -> None:
    row = Step(LISTEN, On.SEND, SYN_SENT, "a source", "a reason", on_linux=False)
    assert table((row,)).splitlines()[-1] == (
        "| LISTEN | send() | call | SYN-SENT | a source | no: a reason |"
    )
