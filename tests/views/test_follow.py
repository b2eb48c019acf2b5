"""A ladder that is told while its run goes on: what is told, when, and that it stays."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from socklab.record import Expect, Look, Move, Record
from socklab.views.follow import Following
from socklab.views.ladder import ladder
from socklab.views.rungs import Rung, Telling, rungs
from tests.pages import (
    CALL,
    CARRIED,
    CARRY,
    MET,
    RETURNED,
    SENT,
    STATE,
    WIDTHS,
    columns,
    record_of,
    rungs_of,
)
from tests.records import kept, kept_names, records


def steps(record: Record) -> Iterator[Record]:
    """A Record as it is each time that a move is about to be made."""
    for number, event in enumerate(record.events, start=1):
        if isinstance(event, Move):
            yield replace(record, events=record.events[:number])


def told_live(record: Record, **how: Any) -> str:
    """What is told of a run by those who follow it, from its beginning to its end."""
    following = Following(**how)
    return "".join([*map(following.more, steps(record)), following.end(record)])


@given(records(), st.sampled_from([20, *WIDTHS]), st.booleans())
def test_what_is_told_while_it_goes_on_is_what_is_told_of_the_whole(
    record: Record, width: int, verbose: bool
) -> None:
    afterwards = Following(width=width, verbose=verbose).end(record)
    assert told_live(record, width=width, verbose=verbose) == afterwards


@pytest.mark.parametrize("name", kept_names())
def test_a_kept_run_is_told_live_as_it_is_told_afterwards(name: str) -> None:
    record = kept(name)
    assert told_live(record) == Following().end(record)


@given(records(), st.sampled_from([20, *WIDTHS]), st.booleans(), st.booleans())
def test_no_line_is_wider_than_asked_and_nothing_is_a_control_character(
    record: Record, width: int, verbose: bool, ascii_only: bool
) -> None:
    text = told_live(record, width=width, verbose=verbose, ascii=ascii_only)
    for line in text.split("\n"):
        assert columns(line) <= width
        assert not line.endswith(" ")
    unprintable = {unicodedata.category(c) for c in text.replace("\n", "")}
    assert not unprintable & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not ascii_only or text.isascii()


def without_what_only_the_end_tells(told: list[Rung]) -> list[Rung]:
    """Rungs that tell something, without the names of connections, and who was held to the end."""
    return [
        replace(
            rung,
            connection="",
            expect=0,
            aside=tuple(replace(p, text=p.text.partition(": until")[0]) for p in rung.aside),
            arrow=replace(rung.arrow, kept=False) if rung.arrow else None,
        )
        for rung in told
        if rung.notes or rung.arrow or rung.aside
    ]


@given(records(), st.booleans())
def test_it_has_the_rungs_that_the_ladder_has_in_their_order(record: Record, verbose: bool) -> None:
    telling = Telling(record, verbose=verbose, live=True)
    for event in record.events:
        telling.hear(event)
        if isinstance(event, Move):
            telling.tell(ended=False)
    telling.tell(ended=True)
    live = without_what_only_the_end_tells(telling.told)
    assert live == without_what_only_the_end_tells(rungs(record, verbose=verbose))


@given(records())
def test_a_rung_that_is_final_never_changes(record: Record) -> None:
    telling = Telling(record, live=True)
    given_out: list[str] = []
    for event in record.events:
        telling.hear(event)
        if isinstance(event, Move):
            telling.tell(ended=False)
            final = [repr(rung) for rung in telling.told[: telling.final]]
            assert final[: len(given_out)] == given_out
            given_out = final


@given(records())
def test_every_expectation_is_marked_once(record: Record) -> None:
    record = replace(record, title="", question="")
    told = told_live(record, width=80)
    rows = told.partition("\n\n")[2] if record.lab else told
    for number, _ in enumerate(record.of(Expect), start=1):
        # Once in the margin, and once below.
        assert len(re.findall(rf"^(?:[✓✗–]{number})(?= |$)", rows, re.MULTILINE)) == 2


def test_the_end_is_that_of_the_ladder() -> None:
    for name in kept_names():
        live, afterwards = told_live(kept(name)), ladder(kept(name))
        assert live.rsplit("\n\n", 2)[1:] == afterwards.rsplit("\n\n", 2)[1:]


# --- When ---------------------------------------------------------------------------------------

WAIT = Move(0.5, "wait client timewait")
IN_TIME_WAIT = Look(
    0.4,
    {
        "client": (
            "TIME-WAIT 0 0 10.0.0.1:40000 10.0.0.2:80 timer:(timewait,59sec,0) ino:0 sk:3",
            "TIME-WAIT 0 0 10.0.0.1:40001 10.0.0.2:80 timer:(timewait,42sec,0) ino:0 sk:4",
        )
    },
)


def test_before_time_passes_all_is_told_and_what_is_waited_for() -> None:
    text = Following().more(record_of(CALL, RETURNED, STATE, MET, IN_TIME_WAIT, WAIT))
    lines = rungs_of(text + "\n")
    assert "shutdown(SHUT_WR)" in lines[0]
    assert lines[1].startswith("✓1") and "[FIN-WAIT-1]" in lines[1]
    assert "── wait client timewait: until its timewait timer fires, in 42 s ──" in lines[2]


def test_what_is_held_when_time_passes_is_told_as_held() -> None:
    lines = rungs_of(Following().more(record_of(SENT, WAIT)) + "\n")
    assert "┤ held" in lines[0] and "wait client" in lines[1]


def test_what_is_expected_after_a_wait_stands_below_it() -> None:
    following = Following()
    before = following.more(record_of(CALL, WAIT))
    after = following.end(record_of(CALL, WAIT, MET))
    assert "✓1" not in before
    assert after.splitlines()[0].split() == ["✓1", "│", "│"]


def test_a_segment_that_was_sent_is_not_told_before_it_is_known_what_becomes_of_it() -> None:
    shut = Move(0.1, "call client shutdown")
    following = Following()
    assert "FIN" not in following.more(record_of(shut, CALL, SENT, STATE, CARRY))
    rest = following.end(record_of(shut, CALL, SENT, STATE, CARRY, CARRIED))
    [line] = [line for line in rest.splitlines() if "FIN seq 1" in line]
    assert "[FIN-WAIT-1] ├─ FIN seq 1 ack 1 ──" in line and "►│" in line


def test_a_run_that_is_ended_before_its_first_move_has_an_end() -> None:
    text = Following().end(record_of(title="A title"))
    assert text == "A title\n\nNot proved: nothing was expected of it.\n"


# --- Columns ------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("name", kept_names())
def test_the_lifelines_never_move(name: str, width: int) -> None:
    lines = rungs_of(told_live(kept(name), width=width))
    places = [
        tuple(columns(line[: at.start()]) for at in re.finditer("[│├┤]", line))
        for line in lines
        if not re.search("── [a-z]+ (client|server) ", line)
    ]
    first = places[0]
    assert len(first) == 2
    assert all({*first} <= {*place} for place in places)


def test_connections_have_names_from_the_second_on() -> None:
    ports = [
        (int(found[1]) if (found := re.match(r"(?:✓\d+)? *:(\d+) ", line)) else 0)
        for line in rungs_of(told_live(kept("two-clients")))
    ]
    named = [port for port in ports if port]
    assert len({*named}) == 3  # two clients, and the listener
    assert not any(ports[: ports.index(named[0])])
