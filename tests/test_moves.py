from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from socklab.errors import LabError
from socklab.icmp import Unreachable
from socklab.moves import ON_SEGMENTS, ON_THE_WIRE, Move, Verb
from socklab.packet import Flags, Kind, Packet
from socklab.tcp import State
from socklab.wire import Segment

MOVES = [
    ("call client shutdown", Move(Verb.CALL, "client", "shutdown")),
    ("carry client 3 FIN", Move(Verb.CARRY, "client", "FIN", 3)),
    ("drop server 2 ACK", Move(Verb.DROP, "server", "ACK", 2)),
    ("carry client 3 FIN copy", Move(Verb.CARRY, "client", "FIN", 3, copy=True)),
    ("delay server 12 data 0.25", Move(Verb.DELAY, "server", "data", 12, more="0.25")),
    ("delay server 1 SYN+ACK copy 2", Move(Verb.DELAY, "server", "SYN+ACK", 1, True, "2")),
    ("inject client RST seq=1 window=0", Move(Verb.INJECT, "client", "RST", more="seq=1 window=0")),
    ("unreachable client 1 SYN host", Move(Verb.UNREACHABLE, "client", "SYN", 1, more="host")),
    ("destroy client TIME-WAIT", Move(Verb.DESTROY, "client", "TIME-WAIT")),
    ("cut client server", Move(Verb.CUT, "client", "", more="server")),
    ("join server", Move(Verb.JOIN, "server", "")),
    ("wait client timewait", Move(Verb.WAIT, "client", "timewait")),
]


@pytest.mark.parametrize(("text", "move"), MOVES)
def test_a_move_is_a_line_of_text(text: str, move: Move) -> None:
    assert str(move) == text
    assert Move.parse(text) == move
    assert Move.parse(f"  {text.replace(' ', '   ')}\n") == move


words = st.from_regex(r"[A-Za-z_][A-Za-z0-9_+]*", fullmatch=True)


@st.composite
def moves(draw: st.DrawFn) -> Move:
    verb = draw(st.sampled_from(Verb))
    on_segments = verb in ON_SEGMENTS
    more = ""
    if verb is Verb.DELAY:
        more = f"{draw(st.floats(0, 1000)):g}"
    elif verb is Verb.INJECT:
        more = " ".join(f"{k}={v}" for k, v in draw(st.dictionaries(words, words)).items())
    elif verb is Verb.UNREACHABLE:
        more = draw(st.sampled_from(Unreachable)).name.lower()
    elif verb in ON_THE_WIRE:
        return Move(verb, draw(words), "", more=" ".join(draw(st.lists(words, max_size=2))))
    return Move(
        verb,
        draw(words),
        str(draw(st.sampled_from(State))) if verb is Verb.DESTROY else draw(words),
        draw(st.integers(0, 10**6)) if on_segments else 0,
        draw(st.booleans()) if on_segments else False,
        more,
    )


@given(moves())
def test_what_is_written_reads_the_same(move: Move) -> None:
    assert Move.parse(str(move)) == move


@pytest.mark.parametrize(
    "text",
    [
        "",
        "call",
        "call client",
        "cut",
        "shout client loudly",
        "carry client FIN",
        "carry client three FIN",
        "carry client 3",
        "call client shutdown now",
        "carry client 3 FIN twice",
        "wait client timewait 5",
        "delay client 3 FIN",
        "unreachable client 1 SYN",
        "unreachable client 1 SYN tomorrow",
        "destroy client OPEN",
        "delay client 3 FIN soon",
        "CALL client shutdown",
    ],
)
def test_what_is_no_move_is_the_labs_mistake(text: str) -> None:
    with pytest.raises(LabError) as refused:
        Move.parse(text)
    assert str(refused.value) == (
        f"{text!r} is not a move: one begins with call, carry, drop, duplicate, postpone, delay, "
        "unreachable, inject, destroy, wait, cut, join, then says who and what, such as "
        "`call client shutdown` or `carry client 3 FIN`"
    )


@given(st.text())
def test_any_text_is_a_move_or_the_labs_mistake(text: str) -> None:
    try:
        move = Move.parse(text)
    except LabError:
        return
    assert Move.parse(str(move)) == move


@pytest.mark.parametrize("copy", [False, True])
def test_a_move_on_a_segment_names_it(copy: bool) -> None:
    packet = Packet("10.0.0.1", "10.0.0.2", 1, 80, Flags.FIN | Flags.ACK)
    segment = Segment("client", "server", 7, copy, 1, 1, packet, b"")
    move = Move.on(Verb.CARRY, segment)
    assert move == Move(Verb.CARRY, "client", str(Kind.FIN), 7, copy)
    assert str(move) == "carry client 7 FIN" + (" copy" if copy else "")
