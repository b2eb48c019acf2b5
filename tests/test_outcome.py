"""What a lab came to, and what several come to."""

from __future__ import annotations

import pytest

from socklab.outcome import Outcome, Verdict, exit_code_of


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (0, Verdict.PASSED),
        (1, Verdict.FAILED),
        (2, Verdict.NOT_RUN),
        (3, Verdict.NOT_RUN),
        (70, Verdict.NOT_RUN),
        (130, Verdict.INTERRUPTED),
        (143, Verdict.INTERRUPTED),
    ],
)
def test_the_verdict_is_in_the_exit_code(code: int, verdict: Verdict) -> None:
    assert Outcome("half-close", "close", code).verdict is verdict


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([], 0),
        ([0, 0], 0),
        ([0, 1, 3], 1),
        ([70, 1], 1),
        ([0, 2, 3], 3),
        ([2, 0], 2),
        ([3, 70], 70),
    ],
)
def test_one_failure_is_enough_and_else_the_worst_counts(codes: list[int], code: int) -> None:
    assert exit_code_of(codes) == code
