"""The ladder: kept as text at four widths, and what must hold for any Record at any width."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from socklab.record import Call, Expect, Fate, Look, Phase, Record, Segment, State, Trouble
from socklab.views.columns import clean
from socklab.views.follow import Following
from socklab.views.ladder import ladder
from tests.pages import CALL, DROPPED, SGR, WIDTHS, columns, record_of, rows, squeezed
from tests.records import KEPT, calls, events, kept, kept_names, records, segments

# --- As it was kept -----------------------------------------------------------------------------


def snapshots() -> list[tuple[str, str, dict[str, bool], int]]:
    """Each kept text: its file, its Record, what it was made with, and its width."""
    found = [
        (f"{name}.{width}.txt", name, dict[str, bool](), width)
        for name in kept_names()
        for width in WIDTHS
    ]
    found += [
        ("half-close.80.verbose.txt", "half-close", {"verbose": True}, 80),
        ("mishaps.80.color.txt", "mishaps", {"color": True}, 80),
        ("mishaps.80.ascii.txt", "mishaps", {"ascii": True}, 80),
        ("half-close.20.txt", "half-close", {}, 20),
    ]
    found += [
        (f"two-clients.{width}.follow.txt", "two-clients", {"follow": True}, width)
        for width in (80, 120, 200)
    ]
    return found


def made(name: str, options: Mapping[str, bool], width: int) -> str:
    """A kept Record as a ladder, or as the one that was told while it went on."""
    given = {option: value for option, value in options.items() if option != "follow"}
    if "follow" in options:
        return Following(width=width, **given).end(kept(name))
    return ladder(kept(name), width=width, **given)


@pytest.mark.parametrize(("file", "name", "options", "width"), snapshots(), ids=str)
def test_a_kept_record_looks_as_it_did(
    file: str, name: str, options: dict[str, bool], width: int
) -> None:
    # Made anew by `python -m tests.views.test_ladder`: read what changed before you keep it.
    expected = (KEPT / file).read_text(encoding="utf-8")
    assert made(name, options, width) == expected


def test_every_kept_text_is_still_compared() -> None:
    assert {path.name for path in KEPT.glob("*.txt")} == {file for file, *_ in snapshots()}


# --- For any Record -----------------------------------------------------------------------------

widths = st.one_of(st.sampled_from([20, *WIDTHS]), st.integers(20, 240))
anywhere = st.sampled_from(["client", "server", "10.9.9.9", "ff02::16"])
any_records = st.one_of(
    records(),
    records(st.one_of(events, segments(anywhere))),
    records(hosts=()),
    records(hosts=("server",)),
    records(hosts=("client", "server", "router")),
    records(hosts=("a", "b", "c", "d", "e", "server", "client")),
)


@given(any_records, widths, st.booleans(), st.booleans())
def test_no_line_is_wider_than_asked_and_nothing_is_a_control_character(
    record: Record, width: int, verbose: bool, ascii_only: bool
) -> None:
    text = ladder(record, width=width, verbose=verbose, ascii=ascii_only)
    for line in text.split("\n"):
        assert columns(line) <= width
        assert not line.endswith(" ")
    unprintable = {unicodedata.category(c) for c in text.replace("\n", "")}
    assert not unprintable & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not ascii_only or text.isascii()


@given(any_records, widths, st.booleans())
def test_colour_changes_nothing_but_colour(record: Record, width: int, verbose: bool) -> None:
    coloured = ladder(record, width=width, verbose=verbose, color=True)
    assert SGR.sub("", coloured) == ladder(record, width=width, verbose=verbose)
    assert coloured.count("\x1b") == len(SGR.findall(coloured))


# The narrow layout has one thing a line, so that what was wrapped can be put together again.
told_once = st.one_of(calls(), segments(), events).filter(
    lambda event: not isinstance(event, Expect)
)


@given(records(told_once))
def test_every_call_segment_and_state_is_told(record: Record) -> None:
    page = ladder(replace(record, title="", lab="", question="", see=""), width=60)
    text = squeezed(page)
    for call in record.of(Call):
        if call.phase is Phase.BEGUN:
            assert squeezed(clean(f"{call.call}({', '.join(call.arguments)})")) in text
        elif call.error is not None:
            assert f"-1{call.error}" in text
    states = Counter(state.now for state in record.of(State))
    for state, count in states.items():
        assert text.count(f"[{state}]") >= count
    fates = Counter(
        f"seq{segment.seq}" for segment in record.of(Segment) if segment.fate is not Fate.SENT
    )
    for label, count in fates.items():
        assert text.count(label) >= count
    for segment in record.of(Segment):
        assert f"seq{segment.seq}" in text


@pytest.mark.parametrize("name", kept_names())
@pytest.mark.parametrize("width", [20, *WIDTHS])
def test_a_kept_record_tells_each_of_its_states_and_ticks_each_expectation(
    name: str, width: int
) -> None:
    record = kept(name)
    text = ladder(record, width=width)
    end = text[
        text.rindex("\n\n", 0, max(text.rfind("\nProved"), text.rfind("\nNot proved")) - 1) :
    ]
    for state, count in Counter(state.now for state in record.of(State)).items():
        assert text.count(f"[{state}]") == count
    marks = Counter({True: "✓", False: "✗", None: "–"}[e.passed] for e in record.of(Expect))
    for mark, count in marks.items():
        assert len(re.findall(rf"^{mark}\d", end, re.MULTILINE)) == count


# --- What a terminal must not get ---------------------------------------------------------------


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_an_escape_sequence_is_shown_and_not_sent(width: int) -> None:
    nasty = "\x1b]0;owned\x07\u202e"
    record = record_of(
        replace(CALL, arguments=(nasty,)),
        replace(DROPPED, by=nasty),
        Look(0.1, {"client": (nasty,)}),
        Expect(0.2, {nasty: nasty}, {nasty: nasty}, False, nasty, nasty),
        Trouble(0.3, "story", nasty, (nasty,)),
        title=nasty,
        see=nasty,
    )
    text = ladder(record, width=width, verbose=True)
    assert not {"\x1b", "\x07", "\u202e"} & set(text)
    assert r"\x1b]0;owned\x07\u202e" in squeezed(text)


def test_wide_characters_keep_the_lifelines_straight() -> None:
    wide = replace(CALL, host="server", role="server", call="send", arguments=("日本語の端末" * 4,))
    left = replace(CALL, call="send", arguments=("e\u0301" * 6 + "端末",))
    for width in (40, 80, 120):
        lines = rows(left, wide, width=width)
        places = {
            tuple(columns(line[: at.start()]) for at in re.finditer("│", line)) for line in lines
        }
        assert len({place for place in places if len(place) == 2}) == 1


# --- As it was asked for ------------------------------------------------------------------------


def test_times_are_told_where_there_is_room_or_they_are_asked_for() -> None:
    assert rows(CALL, width=100)[0].startswith("0.100 s ")
    assert rows(CALL, verbose=True)[0].startswith("0.100 s ")
    assert "0.100 s" not in rows(CALL)[0]


def test_ascii_draws_and_escapes_with_ascii_alone() -> None:
    text = ladder(kept("mishaps"), ascii=True)
    assert text.isascii()
    assert "ok1 " in text and "|- SYN seq 0 -" in text


@settings(max_examples=25)
@given(records(), st.integers(-3, 19))
def test_a_width_that_is_too_small_still_gives_a_page(record: Record, width: int) -> None:
    assert max(map(columns, ladder(record, width=width).splitlines())) <= max(width, 8)


if __name__ == "__main__":
    for file, name, options, width in snapshots():
        (Path(KEPT) / file).write_text(made(name, options, width), encoding="utf-8")
