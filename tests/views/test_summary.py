"""The summary of many labs: what it says, and that it keeps to its columns."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from socklab.outcome import Outcome
from socklab.views.columns import width_of
from socklab.views.summary import PRINTED_LINES, summary
from tests.records import texts

PASSED = Outcome("half-close", "close", 0, took_s=0.12, again="socklab run half-close")
OTHER = replace(PASSED, lab="four-way-close", took_s=0.08, again="socklab run four-way-close")
FAILED = Outcome(
    "handshake",
    "establish",
    1,
    "handshake.py:57: expected client ESTABLISHED; observed client SYN-SENT",
    took_s=0.2,
    again="socklab run handshake",
)
BROKEN = Outcome("mine", "establish", 2, "mine.py has no story", again="socklab run ./mine.py")


def test_all_is_well_in_a_table_and_a_sentence() -> None:
    assert summary([PASSED, OTHER], took_s=0.15, width=60) == (
        "close/\n"
        "  ✓ half-close       0.12 s  ✓ four-way-close   0.08 s\n"
        "\n"
        "2 labs: 2 passed. Took 0.1 s; their own times add up to 0.2\n"
        "s.\n"
    )


def test_what_went_wrong_stands_below_with_the_command_that_shows_it() -> None:
    assert summary([PASSED, FAILED, BROKEN], took_s=0.35) == (
        "close/\n"
        "  ✓ half-close   0.12 s\n"
        "establish/\n"
        "  ✗ handshake    0.20 s  – mine         0.00 s\n"
        "\n"
        "✗ handshake failed: handshake.py:57: expected client ESTABLISHED; observed\n"
        "  client SYN-SENT\n"
        "  socklab run handshake\n"
        "\n"
        "– mine could not run: mine.py has no story\n"
        "  socklab run ./mine.py\n"
        "\n"
        "3 labs: 1 passed, 1 failed, 1 could not run. Took 0.3 s; their own times add up\n"
        "to 0.3 s.\n"
    )


def test_the_table_is_read_downwards() -> None:
    outcomes = [replace(PASSED, lab=name) for name in ("aa", "bb", "cc", "dd", "ee")]
    rows = summary(outcomes, took_s=1, width=40).splitlines()[1:4]
    assert [
        [word for word in row.split() if word.isalpha() and len(word) == 2] for row in rows
    ] == [
        ["aa", "dd"],
        ["bb", "ee"],
        ["cc"],
    ]


def test_a_folder_is_told_once_whatever_the_order() -> None:
    outcomes = [PASSED, FAILED, OTHER]
    text = summary(outcomes, took_s=1)
    assert (text.count("close/"), text.count("establish/")) == (1, 1)


def test_what_could_not_run_for_one_reason_is_told_together() -> None:
    refused = [
        Outcome(name, "close", 3, f"{name} needs a held wire, but no", again=f"socklab run {name}")
        for name in ("half-close", "late-fin")
    ]
    text = summary([refused[0], FAILED, refused[1], BROKEN], took_s=1)
    assert (
        "– 2 labs could not run: half-close needs a held wire, but no\n"
        "  half-close, late-fin\n"
        "  socklab run half-close\n"
        "\n"
        "✗ handshake failed: "
    ) in text
    assert "– mine could not run: mine.py has no story\n" in text


def test_two_failures_are_never_told_as_one() -> None:
    again = replace(FAILED, lab="again")
    text = summary([FAILED, again], took_s=1)
    assert "handshake failed: " in text
    assert "again failed: " in text


def test_what_a_failed_lab_printed_is_shown_by_its_ends() -> None:
    few = replace(FAILED, printed="one\ntwo\x1b[31m\n")
    text = summary([few], took_s=1)
    assert "  it printed:\n    one\n    two\\x1b[31m\n  socklab run handshake\n" in text
    many = replace(FAILED, printed="".join(f"line {n}\n" for n in range(100)))
    shown = [line for line in summary([many], took_s=1).splitlines() if "line " in line]
    assert len(shown) == 2 * PRINTED_LINES
    assert (shown[0].strip(), shown[-1].strip()) == ("line 0", "line 99")


def test_what_a_passed_lab_printed_is_not() -> None:
    assert "hello" not in summary([replace(PASSED, printed="hello\n")], took_s=1)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"left_out": 1}, "1 slow lab left out; --slow runs them, too."),
        ({"left_out": 3}, "3 slow labs left out; --slow runs them, too."),
        ({"not_begun": 2}, "2 labs not begun."),
        ({"times": 1000}, "2 labs, 1,000 times each: 1 passed, 1 failed."),
        ({"controls": True}, "2 controls: 1 failed as they should, 1 did not."),
    ],
)
def test_the_last_line_tells_what_was_asked_for(more: dict[str, int], told: str) -> None:
    last = summary([PASSED, FAILED], took_s=1, width=300, **more).splitlines()[-1]  # type: ignore[arg-type]
    assert told in last


def test_an_interrupted_lab_is_counted_and_needs_no_explanation() -> None:
    interrupted = Outcome("late-fin", "close", 130, "the run was interrupted")
    text = summary([PASSED, interrupted], took_s=1)
    assert "– late-fin" in text
    assert "1 passed, 1 interrupted." in text
    assert "the run was interrupted" not in text


def test_in_ascii_it_is_ascii() -> None:
    text = summary([PASSED, FAILED, replace(BROKEN, why="no “story” – none")], took_s=1, ascii=True)
    assert text.isascii()
    assert "  ok half-close   0.12 s\n" in text
    assert "\nNO handshake failed: " in text


def test_colors_are_for_whoever_asks() -> None:
    assert "\x1b[" not in summary([PASSED, FAILED], took_s=1)
    colored = summary([PASSED, FAILED], took_s=1, color=True)
    assert "\x1b[32m✓\x1b[0m half-close" in colored
    assert "\x1b[1;31m✗\x1b[0m handshake failed" in colored


outcomes = st.builds(
    Outcome,
    lab=texts,
    folder=texts,
    exit_code=st.sampled_from([0, 1, 2, 3, 70, 130]),
    why=texts,
    took_s=st.floats(0, 100_000),
    printed=texts,
)


@given(st.lists(outcomes, max_size=8), st.integers(40, 200), st.booleans())
def test_it_keeps_to_its_columns_whatever_is_in_it(
    outcomes: list[Outcome], width: int, ascii_only: bool
) -> None:
    text = summary(outcomes, took_s=1.0, width=width, ascii=ascii_only)
    assert [line for line in text.split("\n") if width_of(line) > width] == []
    assert text.isascii() or not ascii_only
    assert text.replace("\n", "").isprintable()
