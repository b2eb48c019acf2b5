"""Where two runs part: found, counted, and shown in two columns."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st

from socklab.record import Fate, Move, Record, Segment, State
from socklab.views.comparison import Comparison
from socklab.views.side_by_side import SHOWN, overview, side_by_side
from socklab.views.steps import Counted
from tests.pages import SGR, columns
from tests.records import kept, kept_names, records

NAMES = "one.json", "other.json"


def changed(record: Record, number: int, **values: object) -> Record:
    """A Record with other values in one event."""
    events = list(record.events)
    events[number] = replace(events[number], **values)  # type: ignore[arg-type]
    return replace(record, events=events)


def text(one: Record, other: Record, width: int = 80, **more: bool) -> str:
    return side_by_side(Comparison(one, other), NAMES, width=width, **more)


HALF = kept("half-close")
SHUTDOWN = next(
    n for n, e in enumerate(HALF.events) if isinstance(e, State) and e.cause == "shutdown"
)
OTHERWISE = changed(HALF, SHUTDOWN, now="CLOSED")


# --- Compared ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", kept_names())
def test_a_run_is_the_same_as_itself(name: str) -> None:
    compared = Comparison(kept(name), kept(name))
    assert compared.same
    assert compared.rows == []
    assert compared.only == (0, 0)
    assert compared.besides() == {}


def test_the_last_common_step_is_the_one_before_the_first_that_differs() -> None:
    compared = Comparison(HALF, OTHERWISE)
    assert not compared.same
    assert compared.last[0].text == "call client shutdown"
    assert compared.one[compared.common].text == "client ESTABLISHED → FIN-WAIT-1 by shutdown"
    assert compared.other[compared.common].text == "client ESTABLISHED → CLOSED by shutdown"
    assert compared.only == (1, 1)
    assert [row.mark for row in compared.rows] == ["|", *" " * (len(compared.rows) - 1)]


def test_a_run_that_goes_on_for_longer_is_another() -> None:
    shorter = replace(HALF, events=HALF.events[:-1])
    assert Comparison(HALF, shorter).only == (1, 0)
    assert [row.mark for row in Comparison(HALF, shorter).rows] == ["<"]
    assert [row.mark for row in Comparison(shorter, HALF).rows] == [">"]


def test_a_step_that_is_missing_moves_the_others_up_and_no_more() -> None:
    events = [e for n, e in enumerate(HALF.events) if n != SHUTDOWN]
    assert Comparison(HALF, replace(HALF, events=events)).only == (1, 0)


@pytest.mark.parametrize("name", ["times", "ports", "copies"])
def test_what_is_ignored_counts_if_it_is_asked_for(name: str) -> None:
    if name == "times":
        other = replace(HALF, events=[replace(e, at_s=e.at_s + 1) for e in HALF.events])
    elif name == "ports":
        port = next(HALF.of(Segment)).source.rpartition(":")[2]
        document = json.dumps(HALF.to_json()).replace(f":{port}", ":50505")
        other = Record.from_json(json.loads(document))
    else:
        copies = [replace(e, copy=True) for e in HALF.of(Segment) if e.fate is Fate.SENT]
        other = replace(HALF, events=[*HALF.events, *copies])
    assert Comparison(HALF, other).same
    assert not Comparison(HALF, other, Counted(**{name: True})).same


def test_where_a_run_took_place_is_told_and_makes_no_difference() -> None:
    other = replace(HALF, link="veth", machine={"kernel": "7.0"}, weather={})
    compared = Comparison(HALF, other)
    assert compared.same
    assert compared.besides()["link"] == ("tun", "veth")
    assert compared.besides()["kernel"][1] == "7.0"
    assert "Not alike, and not compared: link tun and veth; kernel 6." in text(HALF, other)


def test_as_json_it_has_both_sides_from_where_they_part() -> None:
    document = Comparison(HALF, OTHERWISE).to_json()
    assert document["same"] is False
    assert document["common"] == Comparison(HALF, OTHERWISE).common
    assert document["a"]["next"]["text"] == "client ESTABLISHED → FIN-WAIT-1 by shutdown"
    assert document["b"] == {**document["b"], "lab": "half-close", "passed": True, "only": 1}
    assert Comparison(HALF, HALF).to_json()["a"]["next"] is None


@given(records(), records())
def test_two_runs_are_compared_whatever_is_in_them(one: Record, other: Record) -> None:
    compared = Comparison(one, other)
    mine = [row.one for row in compared.rows if row.one is not None]
    theirs = [row.other for row in compared.rows if row.other is not None]
    assert mine == list(compared.one[compared.common :])
    assert theirs == list(compared.other[compared.common :])
    assert compared.same == (not any(row.mark != " " for row in compared.rows))


# --- Shown ------------------------------------------------------------------------------------

SHOWN_AT_80 = """\
The same for 30 steps, and this is the last:
  call client shutdown
    client/1 shutdown(SHUT_WR)
    client 3 FIN seq 1 ack 1 → server, sent
    client/1 shutdown() = 0

one.json                                 other.json
──────────────────────────────────────   ──────────────────────────────────────
  client ESTABLISHED → FIN-WAIT-1 by   |   client ESTABLISHED → CLOSED by
    shutdown                                 shutdown
  expected client FIN-WAIT-1, server       expected client FIN-WAIT-1, server
    ESTABLISHED: met                         ESTABLISHED: met
  (50 steps left out: --verbose)

one.json: proved; 1 of 82 steps differ
other.json: proved; 1 of 82 steps differ
"""


def test_both_are_shown_side_by_side_from_where_they_part() -> None:
    assert text(HALF, OTHERWISE) == SHOWN_AT_80


def test_all_is_shown_if_asked_for() -> None:
    shown = text(HALF, OTHERWISE, verbose=True)
    assert "left out" not in shown
    assert "server 4 FIN seq 11 ack 2 → client," in shown
    assert "… " not in shown


def test_no_more_than_some_rows_that_differ_are_shown() -> None:
    other = replace(HALF, events=[Move(0, f"wait {n}") for n in range(100)])
    shown = text(HALF, other)
    assert shown.startswith("They part at the very beginning.\n")
    assert sum(" | " in line or " > " in line or " < " in line for line in shown.splitlines()) == (
        SHOWN + 1  # the one around the last
    )


def test_the_same_says_so_and_what_it_was_not_asked() -> None:
    assert text(HALF, HALF) == "The same, but for times, ports and copies: 82 steps.\n"
    everything = Counted(times=True, ports=True, copies=True)
    compared = Comparison(HALF, HALF, everything)
    assert side_by_side(compared, NAMES) == "The same: 82 steps.\n"


def test_where_there_is_no_room_for_columns_steps_stand_below_each_other() -> None:
    lines = text(HALF, OTHERWISE, width=50).splitlines()
    assert "<   client ESTABLISHED → FIN-WAIT-1 by shutdown" in lines
    assert ">   client ESTABLISHED → CLOSED by shutdown" in lines


def test_in_ascii_all_is_ascii() -> None:
    assert text(HALF, OTHERWISE, ascii=True).isascii()


def test_nothing_is_said_by_color_alone() -> None:
    colored = text(HALF, OTHERWISE, color=True)
    assert "\x1b[" in colored
    assert SGR.sub("", colored) == SHOWN_AT_80


@settings(max_examples=40)
@given(records(), records(), st.sampled_from([40, 59, 60, 80, 133]), st.booleans())
def test_no_line_is_too_wide_and_nothing_in_it_moves_the_cursor(
    one: Record, other: Record, width: int, verbose: bool
) -> None:
    for line in text(one, other, width, verbose=verbose).splitlines():
        assert columns(line) <= width
        assert line.isprintable()


# --- Many -------------------------------------------------------------------------------------


def test_of_many_runs_those_that_part_have_a_line() -> None:
    two = kept("two-clients")
    shown = overview(
        {"half-close": Comparison(HALF, OTHERWISE), "two-clients": Comparison(two, two)},
        NAMES,
        only=(["handshake"], []),
    )
    assert shown == (
        "half-close: the same for 30 steps; then `client ESTABLISHED → FIN-WAIT-1 by\n"
        "  shutdown` and `client ESTABLISHED → CLOSED by shutdown`\n"
        "\n"
        "2 labs in both: 1 the same, 1 not. Only in one.json: handshake.\n"
    )
