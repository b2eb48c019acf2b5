"""What became of a lab on one line."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from socklab.outcome import Outcome
from socklab.views.brief import brief
from tests.pages import MET, SGR, columns, record_of
from tests.records import NASTY, texts

PASSED = Outcome(
    "half-close",
    "close",
    0,
    record=record_of(MET, passed=True, see="the FIN waits", machine={"kernel": "6.18.4"}),
    took_s=0.178,
)


def test_a_lab_that_passed_says_what_it_proved() -> None:
    assert brief(PASSED) == (
        "passed         half-close    0.18 s  Proved on Linux 6.18 (tun): the FIN waits."
    )


def test_a_run_of_which_nothing_was_expected_was_played() -> None:
    record = record_of(replay=True, passed=False, machine={"kernel": "6.18.4"})
    line = brief(Outcome("free", "", 0, record=record))
    assert line.split()[0] == "played" and line.endswith("nothing is expected.")
    assert brief(Outcome("free", "", 1, "it failed", record=record)).startswith("failed")


@pytest.mark.parametrize(
    ("code", "verdict"), [(1, "failed"), (3, "could not run"), (2, "could not run"), (143, "inter")]
)
def test_any_other_says_why_not(code: int, verdict: str) -> None:
    line = brief(Outcome("cut-wire", "failure", code, "the sentence that says why", took_s=61.5))
    assert line.startswith(verdict)
    assert line.endswith("cut-wire   61.50 s  the sentence that says why")


def test_a_control_that_failed_as_it_should_says_so() -> None:
    line = brief(PASSED, control=True)
    assert line.endswith("0.18 s  Without its cause the lab fails, as it should.")


def test_names_and_times_stand_in_columns() -> None:
    slow = Outcome("syn-lost", "establish", 0, record=PASSED.record, took_s=101.25)
    lines = [brief(outcome, names=20) for outcome in (PASSED, slow)]
    assert len({line.index("Proved") for line in lines}) == 1
    assert len({line.index(" s  Proved") for line in lines}) == 1


@pytest.mark.parametrize(("missing", "end"), [(0, "."), (1, "…"), (20, "…"), (60, "…")])
def test_on_a_terminal_it_stays_one_line(missing: int, end: str) -> None:
    whole = brief(PASSED)
    line = brief(PASSED, width=len(whole) - missing)
    assert len(line) == len(whole) - missing
    assert line.endswith(end) and line[:-1] == whole[: len(line) - 1]


@given(texts, st.one_of(texts, st.sampled_from(NASTY)), st.integers(8, 120), st.booleans())
def test_it_is_one_line_whatever_is_in_it(
    name: str, why: str, width: int, ascii_only: bool
) -> None:
    line = brief(Outcome(name, "folder", 1, why), width=width, color=True, ascii=ascii_only)
    plain = SGR.sub("", line)
    assert columns(plain) <= width
    assert "\n" not in line and "\x1b" not in plain
    assert not ascii_only or plain.isascii()
