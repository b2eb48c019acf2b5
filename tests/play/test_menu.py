"""The menu: everything that can be done is in it, under a key of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, strategies as st
from textual.binding import Binding

from socklab.moves import Move, Verb
from socklab.play.app import PlayApp
from socklab.play.menu import KEYS, WAIT, Column, Item, arrow, label, menu_of
from socklab.position import Choice, Held, Position, Program
from socklab.record import Record
from socklab.views.columns import width_of
from tests.play.stage import Rehearsal

FIN = Held("client", "server", 3, False, "F.", "FIN", 1, 1, 0)

helds = st.builds(
    Held,
    st.sampled_from(["client", "server"]),
    st.just("server"),
    st.integers(1, 999),
    st.booleans(),
    st.just("."),
    st.sampled_from(["SYN", "SYN+ACK", "data", "FIN", "RST", "ACK"]),
    st.integers(-5, 2**32),
    st.one_of(st.none(), st.integers(0, 2**32)),
    st.integers(0, 65535),
)


def position(*choices: Choice, held: tuple[Held, ...] = (), **programs: Program) -> Position:
    record = Record("made", "wire", "tun", {"client": "10.0.0.1", "server": "10.0.0.2"})
    return Position((), choices, {"client": (), "server": ()}, held, programs, record)


def call(who: str, what: str) -> Choice:
    return Choice(Move(Verb.CALL, who, what), "")


def on(held: Held, verb: Verb = Verb.CARRY) -> Choice:
    return Choice(Move(verb, held.sender, held.kind, held.number, held.copy), "")


def wait(who: str, timer: str, left_s: float) -> Choice:
    return Choice(Move(Verb.WAIT, who, timer), "", left_s)


@pytest.mark.parametrize("at", range(len(Rehearsal().positions)))
def test_all_that_can_be_done_is_in_it(at: int) -> None:
    there = Rehearsal().positions[at]
    menu = menu_of(there)
    made = {move for item in menu.items for move in (item.move, *item.moves.values())}
    assert made == {choice.move for choice in there.choices}
    if there.choices:
        assert menu.first is not None
        assert menu.first.move == there.choices[0].move


def test_no_key_means_two_things() -> None:
    keys = "".join(KEYS.values())
    assert len(set(keys)) == len(keys)
    commands = {
        key
        for binding in PlayApp.BINDINGS
        if isinstance(binding, Binding) and binding.action != f"choose('{binding.key}')"
        for key in binding.key.split(",")
    }
    assert not commands & set(keys)


def test_what_is_on_the_wire_comes_first_and_then_the_hosts_from_left_to_right() -> None:
    menu = menu_of(position(call("server", "close"), call("client", "close"), on(FIN), held=(FIN,)))
    assert [(item.key, item.column, item.text) for item in menu.items] == [
        ("1", Column.WIRE, "FIN seq 1 ack 1"),
        ("a", Column.LEFT, "close()"),
        ("A", Column.RIGHT, "close()"),
    ]
    assert menu.first is menu.by_key("A"), "a story would make the server's call"


def test_no_segment_changes_the_key_of_a_call() -> None:
    calls = (call("server", "close"), call("client", "send"), call("client", "close"))
    alone = menu_of(position(*calls))
    beside = menu_of(position(*calls, on(FIN), wait("client", "on", 3.0), held=(FIN,)))
    for column in (Column.LEFT, Column.RIGHT):
        assert alone.column(column) == beside.column(column)


def test_there_are_keys_for_all_calls_of_free_play() -> None:
    most = 7  # send, recv, three ways to shut down, SO_LINGER, close
    assert len(KEYS[Column.LEFT]) == len(KEYS[Column.RIGHT]) >= most


def test_a_segment_is_one_item_with_all_that_can_be_done_to_it() -> None:
    verbs = (Verb.CARRY, Verb.DROP, Verb.DUPLICATE, Verb.POSTPONE)
    (item,) = menu_of(position(*(on(FIN, verb) for verb in verbs), held=(FIN,))).items
    assert item.move.verb is Verb.CARRY
    assert set(item.moves) == set(verbs)


def test_of_several_timers_only_the_first_to_fire_has_a_key() -> None:
    menu = menu_of(position(wait("client", "on", 59.0), wait("server", "timewait", 3.0)))
    assert [(item.key, item.text) for item in menu.items] == [
        ("", "client on"),
        (WAIT, "server timewait"),
    ]


def test_what_comes_after_the_last_key_is_there_without_one() -> None:
    segments = tuple(replace(FIN, number=number) for number in range(1, 41))
    menu = menu_of(position(*map(on, segments), held=segments))
    digits = KEYS[Column.WIRE]
    assert [item.key for item in menu.items] == [*digits, *[""] * (40 - len(digits))]
    assert menu.by_key("") is None


def test_a_call_has_its_arguments() -> None:
    program = Program("client", ("shutdown(SHUT_WR)", "close()"), (), (), False)
    there = position(call("client", "shutdown(SHUT_WR)"), call("client", "close"), client=program)
    assert [item.text for item in menu_of(there).items] == ["shutdown(SHUT_WR)", "close()"]


def test_where_a_host_has_several_programs_it_is_said_whose_call_it_is() -> None:
    there = position(
        call("client", "close"),
        call("client_2", "close"),
        client=Program("client", ("close()",), (), (), False),
        client_2=Program("client", ("close()",), (), (), False),
    )
    assert [(item.column, item.text) for item in menu_of(there).items] == [
        (Column.LEFT, "client: close()"),
        (Column.LEFT, "client_2: close()"),
    ]


def test_all_hosts_but_the_first_are_on_the_right() -> None:
    record = Record("made", "wire", "tun", {"a": "", "b": "", "c": ""})
    programs = {name: Program(name, ("close()",), (), (), False) for name in "abc"}
    choices = tuple(call(name, "close") for name in "abc")
    there = Position((), choices, {"a": (), "b": (), "c": ()}, (), programs, record)
    assert [item.column for item in menu_of(there).items] == [
        Column.LEFT,
        Column.RIGHT,
        Column.RIGHT,
    ]


def test_a_run_that_failed_offers_nothing() -> None:
    assert menu_of(replace(position(held=(FIN,)), trouble="it broke")).items == []


@given(helds, st.integers(8, 60), st.booleans())
def test_an_arrow_is_as_long_as_there_is_room(held: Held, width: int, rightwards: bool) -> None:
    item = Item(Column.WIRE, "1", on(held).move, label(held), held)
    told = arrow(item, width, rightwards=rightwards)
    assert width_of(told) == width or held.kind in told
    assert told.startswith("◄") is not rightwards
    assert told.endswith("►") is rightwards
    assert held.kind in told
    assert ("╌" in told) is held.copy


def test_an_arrow_has_the_numbers_if_there_is_room() -> None:
    item = Item(Column.WIRE, "1", on(FIN).move, label(FIN), FIN)
    assert arrow(item, 22, rightwards=True) == "FIN seq 1 ack 1 ─────►"
    assert arrow(item, 22, rightwards=False) == "◄───── FIN seq 1 ack 1"
    assert arrow(item, 14, rightwards=True) == "FIN seq 1… ──►"
