"""A ladder of a run that goes on: it is the same however it came about, and drawn once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from socklab.record import Move, Record
from socklab.views.columns import Line, width_of
from socklab.views.page import Page
from socklab.views.rungs import Rung
from socklab.views.unfinished import Unfinished
from tests.pages import WIDTHS
from tests.records import kept, kept_names, records


def told(record: Record, width: int = 80, *, verbose: bool = False) -> list[str]:
    return [line.render() for line in Unfinished(width=width, verbose=verbose).lines(record)]


def steps(record: Record) -> Iterator[Record]:
    """A Record as it is whenever a run stands still."""
    for number, event in enumerate(record.events):
        if isinstance(event, Move):
            yield replace(record, events=record.events[:number])
    yield record


@given(records(), st.sampled_from([20, *WIDTHS]), st.booleans())
def test_no_line_is_wider_than_asked_for(record: Record, width: int, verbose: bool) -> None:
    assert all(width_of(line) <= width for line in told(record, width, verbose=verbose))


@given(records(), st.sampled_from([20, *WIDTHS]), st.booleans())
def test_what_grew_is_what_is_told_at_once(record: Record, width: int, verbose: bool) -> None:
    growing = Unfinished(width=width, verbose=verbose)
    for step in steps(record):
        lines = [line.render() for line in growing.lines(step)]
        assert lines == told(step, width, verbose=verbose)


@pytest.mark.parametrize("name", kept_names())
def test_after_an_undo_it_is_as_it_was(name: str) -> None:
    growing = Unfinished()
    way = list(steps(kept(name)))
    there = [[line.render() for line in growing.lines(step)] for step in way]
    back = [[line.render() for line in growing.lines(step)] for step in reversed(way)]
    assert back == there[::-1]


def test_only_what_is_new_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Rung] = []
    rung = Page.rung

    def counted(page: Page, each: Rung) -> Iterator[Line]:
        drawn.append(each)
        return rung(page, each)

    monkeypatch.setattr(Page, "rung", counted)
    growing = Unfinished()
    *_, last, end = steps(kept("half-close"))
    growing.lines(last)
    assert len(drawn) > 10
    drawn.clear()
    growing.lines(end)
    assert 0 < len(drawn) <= 3


def test_a_segment_on_the_wire_is_held_until_it_goes_on() -> None:
    way = list(steps(kept("half-close")))
    sent = next(n for n, step in enumerate(way) if step.moves()[-1:] == ["call client shutdown"])
    (on_the_wire,) = (line for line in told(way[sent]) if "FIN seq 1 ack 1" in line)
    assert "┤ held" in on_the_wire and "►" not in on_the_wire
    (arrived,) = (line for line in told(way[sent + 1]) if "FIN seq 1 ack 1" in line)
    assert "►" in arrived and "held" not in arrived


def test_nothing_is_said_of_its_end() -> None:
    assert not any(
        "Proved" in line or "held to the end" in line for line in told(kept("half-close"))
    )


def test_a_run_without_an_event_has_its_hosts() -> None:
    record = Record("made", "wire", "tun", {"client": "10.0.0.1", "server": "10.0.0.2"})
    (heads,) = told(record)
    assert heads.split() == ["client", "10.0.0.1", "server", "10.0.0.2"]
