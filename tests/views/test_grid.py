"""The grid as text: matrices and lists, what the words mean, and nothing wider than a terminal."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from socklab.deviations import LINUX
from socklab.grid import Difference, Grid
from socklab.hostile import CELLS, Cell, Hostile, Outcome, Position, Reply
from socklab.segment_arrives import demanded
from socklab.situations import Situation
from socklab.tcp import CLOSED, ESTABLISHED, FIN_WAIT_2, SYN_RECEIVED, State
from socklab.views.grid import differences_text, grid_text
from socklab.views.grid_words import in_short
from tests.grids import cell, changed, ideal, kept, part

SGR = re.compile(r"\x1b\[[0-9;]*m")


def of_kind(grid: Grid, kind: Hostile) -> Grid:
    return replace(grid, outcomes={c: o for c, o in grid.outcomes.items() if c.kind is kind})


def block(text: str) -> str:
    """The first matrix or list of a page."""
    return text.split("\n\n")[1]


def test_a_matrix_shows_runs_and_changes_of_state() -> None:
    assert block(grid_text(part(kept(), Situation.ESTABLISHED))) == (
        "ESTABLISHED (accept())\n"
        "        RCV.NXT-1   RCV.NXT     +100        +WND-1      +WND        +WND+100\n"
        "RST     nothing     nothing     ACK? ─────────────────  ACK? *      nothing\n"
        "                    CLOSED\n"
        "RST+ACK nothing     nothing     ACK? ─────────────────  ACK? *      nothing\n"
        "                    CLOSED\n"
        "SYN     ACK? ─────────────────────────────────────────────────────────────────\n"
        "SYN+ACK ACK? ─────────────────────────────────────────────────────────────────\n"
        "FIN+ACK dup ACK     ACK         dup ACK ──────────────────────────────────────\n"
        "                    CLOSE-WAIT\n"
        "ACK     dup ACK     nothing ──────────────────────────  nothing *   dup ACK\n"
        "data    dup ACK     ACK         dup ACK ──────────────────────────────────────"
    )


def test_one_kind_is_a_matrix_of_every_state() -> None:
    lines = block(grid_text(of_kind(kept(), Hostile.RST))).splitlines()
    assert lines[0] == "RST in every state"
    assert lines[13:15] == [
        "FIN-WAIT-1    nothing    nothing    ACK? ───────────────  ACK? *     nothing",
        " orphan                  CLOSED",
    ]
    assert lines[-2:] == [
        "TIME-WAIT     nothing    nothing    nothing * ──────────  nothing ────────────",
        "                         CLOSED",
    ]


def test_without_room_for_a_matrix_it_is_a_list() -> None:
    shown = grid_text(of_kind(part(kept(), Situation.CLOSING), Hostile.ACK), width=40)
    assert block(shown) == (
        "CLOSING (shutdown(SHUT_WR) on both ends\n"
        "at once)\n"
        "ACK\n"
        "  RCV.NXT-1: dup ACK\n"
        "  RCV.NXT: nothing, then TIME-WAIT\n"
        "  RCV.NXT+100 to RCV.NXT+RCV.WND:\n"
        "    nothing *, then TIME-WAIT\n"
        "  RCV.NXT+RCV.WND+100: dup ACK"
    )


def test_verbose_lists_replies_in_full_and_what_is_demanded_instead() -> None:
    shown = grid_text(of_kind(part(kept(), Situation.ESTABLISHED), Hostile.RST), verbose=True)
    assert block(shown) == (
        "ESTABLISHED (accept())\n"
        "RST\n"
        "  RCV.NXT-1: no reply\n"
        "  RCV.NXT: no reply, then CLOSED\n"
        "  RCV.NXT+100 to RCV.NXT+RCV.WND-1: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>\n"
        "  RCV.NXT+RCV.WND: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> *\n"
        "      RFC 9293 §3.10.7.4: no reply\n"
        "  RCV.NXT+RCV.WND+100: no reply"
    )


def test_what_differs_is_marked_counted_and_explained() -> None:
    text = grid_text(part(kept(), Situation.TIME_WAIT), width=200)
    assert "Linux 6.18.44 differs from that in 4 of 42 cells:\n" in text
    assert text.endswith(
        "  4  TIME-WAIT sends no challenge ACK: a RST in the window but not at RCV.NXT is ignored "
        "(tcp_timewait_state_process).\n"
    )
    assert "*        RFC 9293 §3.10.7 has another outcome; how Linux differs stands below\n" in text


def test_a_kernel_that_differs_nowhere_is_told_so() -> None:
    text = grid_text(ideal())
    assert text.endswith("\nLinux 0.0 differs from that in 0 of 588 cells.\n")
    assert "*" not in text


def test_a_habit_that_nobody_knows_is_told_too() -> None:
    text = grid_text(changed(ideal(), cell(), Outcome((), CLOSED)))
    assert "differs from that in 1 of 588 cells:\n  1  Not as on Linux 6.18, and not as" in text


def test_all_that_differs_is_counted() -> None:
    text = grid_text(kept(), width=300)
    counts = [int(n) for n in re.findall(r"(?m)^ *(\d+)  [A-Z].*\)\.$", text)]
    assert len(counts) == len(LINUX)
    assert f"differs from that in {sum(counts)} of 588 cells" in text
    wrong = sum(outcome not in demanded(c) for c, outcome in kept().outcomes.items())
    assert sum(counts) == wrong == 122


def test_only_words_that_are_used_are_explained() -> None:
    text = grid_text(part(ideal(), Situation.CLOSED))
    assert "nothing  no reply\n" in text
    assert "ACK?" not in text
    assert "challenge" not in text
    assert text.count("\n- ") == 1


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome((), ESTABLISHED), "nothing"),
        (Outcome((Reply("SND.NXT", "RCV.NXT", "ACK"),), ESTABLISHED), "ACK?"),
        (Outcome((Reply("SND.NXT", "RCV.NXT", "ACK"),), CLOSED), "dup ACK"),
        (Outcome((Reply("SND.NXT", "SEG.SEQ+SEG.LEN", "ACK"),), ESTABLISHED), "ACK"),
        (Outcome((Reply("0", "SEG.SEQ+SEG.LEN", "RST,ACK"),), CLOSED), "RST+ACK"),
        (
            Outcome((Reply("SND.NXT+7", "RCV.NXT", "ACK"),), ESTABLISHED),
            "<SEQ=SND.NXT+7><ACK=RCV.NXT><CTL=ACK>",
        ),
        (Outcome((Reply("SND.NXT", None, ""),), ESTABLISHED), "no flag"),
        (
            Outcome((Reply("SND.NXT", "RCV.NXT", "ACK"), Reply("SEG.ACK", None, "RST")), CLOSED),
            "dup ACK, RST",
        ),
    ],
)
def test_an_outcome_in_short(outcome: Outcome, words: str) -> None:
    assert in_short(cell(), outcome) == words


def test_a_state_too_long_for_its_column_takes_two_lines() -> None:
    narrow = changed(
        part(ideal(), Situation.TIME_WAIT),
        cell(Situation.TIME_WAIT, Hostile.SYN, Position.NEXT),
        Outcome((Reply("ISS", "SEG.SEQ+SEG.LEN", "SYN,ACK"),), SYN_RECEIVED),
    )
    lines = block(grid_text(narrow)).splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith("SYN "))
    assert lines[begin : begin + 3] == [
        "SYN     ACK?        SYN+ACK     ACK? ─────────────────────────────────────────",
        "                    SYN-",
        "                    RECEIVED",
    ]


def test_differences_are_a_line_each() -> None:
    two = [
        Difference(cell(), Outcome((), CLOSED), kept().outcomes[cell()]),
        Difference(
            cell(Situation.FIN_WAIT_1, Hostile.ACK, Position.NEXT),
            Outcome((), State.FIN_WAIT_1),
            Outcome((), FIN_WAIT_2),
        ),
    ]
    assert differences_text(two, "3.5.0", "6.18") == (
        "ESTABLISHED, RST at RCV.NXT+100: no reply, CLOSED (3.5.0); "
        "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> (6.18)\n"
        "FIN-WAIT-1, ACK at RCV.NXT: no reply (3.5.0); no reply, FIN-WAIT-2 (6.18)\n"
    )
    assert "\x1b" not in differences_text(two, "\x1b[31m3.5", "6.18")


replies = st.builds(
    Reply,
    st.sampled_from(["0", "SND.NXT", "SEG.ACK", "ISS", "SND.NXT+12345"]),
    st.none() | st.sampled_from(["RCV.NXT", "SEG.SEQ+SEG.LEN", "RCV.NXT-2147483648"]),
    st.sampled_from(["ACK", "RST", "RST,ACK", "SYN,ACK", "FIN,PSH,ACK", ""]),
)
outcomes = st.builds(
    Outcome, st.lists(replies, max_size=3).map(tuple), st.sampled_from(list(State))
)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    situations = draw(st.sets(st.sampled_from(list(Situation)), min_size=1, max_size=3))
    kinds = draw(st.sets(st.sampled_from(list(Hostile)), min_size=1))
    some = [c for c in CELLS if c.situation in situations and c.kind in kinds]
    few = st.sampled_from(draw(st.lists(outcomes, min_size=1, max_size=8)))
    return Grid("6.18", draw(st.booleans()), {c: draw(few) for c in some})


@given(grids(), st.integers(20, 200), st.booleans(), st.booleans())
def test_any_grid_at_any_width_fits(
    grid: Grid, width: int, verbose: bool, ascii_only: bool
) -> None:
    text = grid_text(grid, width=width, verbose=verbose, ascii=ascii_only)
    assert max(map(len, text.splitlines())) <= width
    assert not ascii_only or text.isascii()
    colored = grid_text(grid, width=width, verbose=verbose, ascii=ascii_only, color=True)
    assert SGR.sub("", colored) == text


@given(grids())
def test_every_outcome_is_somewhere_in_a_wide_list(grid: Grid) -> None:
    text = grid_text(grid, width=400, verbose=True)
    for outcome in grid.outcomes.values():
        assert all(str(reply) in text for reply in outcome.replies)


@given(grids())
def test_a_wide_matrix_tells_every_state_that_comes_of_it(grid: Grid) -> None:
    shown = "".join(grid_text(grid, width=200).split("What RFC 9293")[0].split())
    for one, outcome in grid.outcomes.items():
        if outcome.becomes is not one.situation.state:
            assert str(outcome.becomes) in shown, Cell
