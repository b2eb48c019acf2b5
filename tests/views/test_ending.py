"""What stands below a ladder: each expectation, and what was proved or why not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from socklab.record import Event, Expect, Trouble
from socklab.views.ladder import ladder
from tests.pages import CALL, MET, RETURNED, record_of
from tests.records import kept


def end_of(*events: Event, **more: object) -> str:
    return ladder(record_of(*events, **more), width=100).rstrip("\n").split("\n\n")[-1]


def test_a_run_that_passed_ends_with_what_it_proved_and_where() -> None:
    machine = {"kernel": "6.18.44-generic"}
    end = end_of(MET, passed=True, see="the FIN waits", machine=machine)
    assert end == "Proved on Linux 6.18 (tun): the FIN waits."


NOT_SEEN = Expect(0.2, {"client": "CLOSING"}, {}, None, note="not observable here: no wire")


def test_what_could_not_be_observed_is_not_ticked_and_not_proved() -> None:
    record = record_of(MET, NOT_SEEN, passed=True, see="the FIN waits", bench="loopback", link="")
    text = ladder(record)
    assert "\n–2 client CLOSING: not observable here: no wire\n" in text
    assert "but for 1 of its expectations, not observable here" in " ".join(text.split())
    assert "(loopback)" in text


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ({"client": "CLOSING", "wire": "ACK + ACK"}, "client CLOSING, wire ACK + ACK"),
        ({"client send()": "EPIPE"}, "client send() = EPIPE"),
        ({"the end of the FIN": "2"}, "the end of the FIN: 2"),
    ],
)
def test_an_expectation_is_told_as_what_it_is(expected: dict[str, str], told: str) -> None:
    met = replace(MET, expected=expected, observed=expected, where="")
    assert f"\n✓1 {told}\n" in ladder(record_of(met))


def test_a_failed_expectation_has_both_values_and_the_run_says_why() -> None:
    refused = replace(MET, observed={"client": "ESTABLISHED"}, passed=False)
    trouble = Trouble(0.3, "story", "lab.py:7: expected client FIN-WAIT-1; observed ESTABLISHED",
                      ("What `ss` showed:", "  client: no socket"))  # fmt: skip
    text = ladder(record_of(refused, trouble, see="the FIN waits"))
    assert "✗1 client FIN-WAIT-1; observed client ESTABLISHED" in text
    assert "Not proved: lab.py:7: expected client FIN-WAIT-1; observed ESTABLISHED" in text
    assert "    client: no socket" in text
    assert "Proved on" not in text and "the FIN waits" not in text


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ((), "nothing was expected of it"),
        ((CALL,), "nothing was expected of it"),
        ((MET,), "the run ended before its story did"),
        ((NOT_SEEN,), "nothing of it is observable on this bench (tun)"),
        ((replace(MET, observed={}, passed=False),), "expected client FIN-WAIT-1"),
    ],
)
def test_a_run_that_proved_nothing_says_why(events: Sequence[Event], why: str) -> None:
    end = end_of(*events, see="the FIN waits")
    assert end.startswith(f"Not proved: {why}")


def test_an_interrupted_run_is_told_as_far_as_it_came() -> None:
    record = kept("half-close")
    record.events = record.events[: len(record.events) // 2]
    record.passed = False
    text = ladder(record)
    assert "[FIN-WAIT-1]" in text and "[TIME-WAIT]" not in text
    assert "Not proved: the run ended before its story did." in text


def test_a_roles_trouble_is_told_in_its_column_and_in_full_at_the_end() -> None:
    trouble = Trouble(0.3, "client", "ValueError: no such luck, at lab.py:9")
    story = Trouble(0.4, "story", "client failed: ValueError: no such luck, at lab.py:9")
    text = ladder(record_of(CALL, RETURNED, trouble, story))
    assert re.search(r"ValueError │", text)
    assert text.count("no such luck") == 1
    assert text.endswith("Not proved: client failed: ValueError: no such luck, at lab.py:9\n")


def test_the_place_of_an_expectation_is_told_where_there_is_room_for_all() -> None:
    assert re.search(r"^✓1 client FIN-WAIT-1 +lab.py:7$", ladder(record_of(MET)), re.MULTILINE)
    assert "lab.py:7" not in ladder(record_of(MET), width=20)


def test_a_replay_is_told_as_one_and_not_as_a_failure() -> None:
    told = {"see": "the FIN waits", "machine": {"kernel": "6.18.4"}}
    end = end_of(CALL, RETURNED, replay=True, title="Again: a close", **told)
    assert end == "Played again on Linux 6.18 (tun); of a replay nothing is expected."
    end = end_of(CALL, RETURNED, replay=True, title="A close", **told)
    assert end == "Played on Linux 6.18 (tun); of moves without a story nothing is expected."


def test_a_replay_that_failed_says_why() -> None:
    trouble = Trouble(0.3, "story", "`carry client 7 FIN` finds none")
    end = end_of(CALL, trouble, replay=True, title="Again: a close")
    assert end.startswith("Played again on Linux")
    assert end.endswith("and it failed: `carry client 7 FIN` finds none")
