"""Scripts: what a line may say, and what is said of one that says nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from socklab.errors import LabError
from socklab.moves import Move
from socklab.script import Flow, parse
from socklab.tcp import State

WORDS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=12
).filter(lambda word: not word.startswith("#"))


def test_a_script_is_a_move_a_line_and_comments_for_people() -> None:
    text = (
        "# a FIN is lost\n\n"
        "flow client=ESTABLISHED, server=established+listen   # the dull part\n"
        "\tcall client shutdown(SHUT_WR)  # half a goodbye\r\n"
        "drop client 3 FIN # lost"
    )
    flow, call, drop = parse(text, "moves.txt")
    assert [step.where for step in (flow, call, drop)] == [
        "moves.txt:3",
        "moves.txt:4",
        "moves.txt:5",
    ]
    assert flow.does == Flow(
        {"client": (State.ESTABLISHED,), "server": (State.ESTABLISHED, State.LISTEN)}
    )
    assert [str(call.does), str(drop.does)] == [
        "call client shutdown(SHUT_WR)",
        "drop client 3 FIN",
    ]
    assert drop.text == "drop client 3 FIN"


def test_a_hash_within_a_word_is_no_comment() -> None:
    (step,) = parse("call client send(b'a#b')", "moves.txt")
    assert step.does == Move.parse("call client send(b'a#b')")


@given(st.lists(st.tuples(WORDS, WORDS), max_size=5))
def test_moves_that_are_written_down_are_read_again(calls: list[tuple[str, str]]) -> None:
    moves = [Move.parse(f"call {role} {call}") for role, call in calls]
    assert [step.does for step in parse("\n".join(map(str, moves)), "moves.txt")] == moves


@given(st.text())
def test_any_text_is_a_script_or_a_sentence(text: str) -> None:
    try:
        parse(text, "moves.txt")
    except LabError as problem:
        assert str(problem).startswith("moves.txt:")  # noqa: PT017


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("cary client 3 FIN", "is not a move: .*; did you mean carry\\?"),
        ("carry client FIN", "is not a move: "),
        ("flaw client=LISTEN", "did you mean flow\\?"),
        ("flow", "say which, such as `flow client=ESTABLISHED,server=ESTABLISHED`"),
        ("flow client=ESTABLISH", "Did you mean ESTABLISHED\\?"),
        ("flow wire=FIN", "`flow` goes on to states of hosts.* and wire=FIN is none"),
        ("flow client.recv=EPIPE", "and client.recv=EPIPE is none"),
    ],
)
def test_a_line_that_is_no_step_is_told_with_its_place(line: str, complaint: str) -> None:
    with pytest.raises(LabError, match=f"^moves.txt:2: .*{complaint}"):
        parse(f"\n{line}\n", "moves.txt")
