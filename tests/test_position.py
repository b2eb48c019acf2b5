"""A position, as a value."""

from __future__ import annotations

import pytest

from socklab.moves import Move, Verb
from socklab.position import Choice, Held, Position, state_of, tell
from socklab.record import Record
from socklab.ss import parse
from socklab.tcp import State

FIN = Held("client", "server", 3, False, "F.", "FIN", 5, 1, 0)
DATA = Held("server", "client", 2, True, "P.", "data", 1, 6, 4)

ROW = "{} 0 0 10.0.0.1:40000 10.0.0.2:80 ino:5 sk:1"


@pytest.mark.parametrize(
    ("move", "held", "told"),
    [
        ("call client close", None, "client calls close()"),
        ("call client shutdown(SHUT_WR)", None, "client calls shutdown(SHUT_WR)"),
        ("carry client 3 FIN", FIN, "carry client's FIN (seq=5 ack=1) to server"),
        ("drop client 3 FIN", FIN, "drop client's FIN (seq=5 ack=1)"),
        (
            "duplicate server 2 data copy",
            DATA,
            "carry a copy of server's data (seq=1 ack=6 len=4) to client, and keep it",
        ),
        (
            "postpone client 3 FIN",
            FIN,
            "let everything else overtake client's FIN (seq=5 ack=1)",
        ),
        ("wait client timewait", None, "wait until client's timer `timewait` fires"),
        ("destroy client ESTABLISHED", None, "destroy client ESTABLISHED"),
    ],
)
def test_a_move_is_told_in_words(move: str, held: Held | None, told: str) -> None:
    assert tell(Move.parse(move), held) == told


def test_a_wait_tells_what_is_left() -> None:
    move = Move.parse("wait client on")
    assert tell(move, left_s=1.5) == "wait 1.5 s until client's timer `on` fires"


def test_a_segment_is_told_in_a_line() -> None:
    assert str(FIN) == "client → server FIN seq=5 ack=1"
    assert str(DATA) == "server → client data seq=1 ack=6 len=4 (copy)"


@pytest.mark.parametrize(
    ("states", "one"),
    [
        ([], State.CLOSED),
        (["UNCONN"], State.CLOSED),
        (["LISTEN"], State.LISTEN),
        (["LISTEN", "FIN-WAIT-2"], State.FIN_WAIT_2),
        (["TIME-WAIT", "ESTAB"], State.TIME_WAIT),
    ],
)
def test_a_host_has_one_state(states: list[str], one: State) -> None:
    assert state_of(parse("\n".join(ROW.format(state) for state in states))) is one


def test_a_position_finds_its_choices_and_reads_its_rows() -> None:
    choice = Choice(Move(Verb.CALL, "client", "close"), "client calls close()")
    position = Position(
        (),
        (choice,),
        {"client": (ROW.format("ESTAB"),), "server": ()},
        (),
        {},
        Record("", "", "", {}),
    )
    assert position.choice(choice.move) is choice
    assert position.choice(Move(Verb.CALL, "server", "close")) is None
    assert position.states == {"client": State.ESTABLISHED, "server": State.CLOSED}
    assert position.sockets["client"][0].inode == 5
