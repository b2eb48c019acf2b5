"""A session: a run in a process of its own, whoever steers it and however it ends."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from socklab.errors import LabError, MachineError, ToolError
from socklab.lab import Lab, load
from socklab.mover import MoveRefused
from socklab.moves import Move, Verb
from socklab.packs import find
from socklab.position import Position
from socklab.steer.free import free_lab, start
from socklab.steer.session import Session
from socklab.weather import but

pytestmark = pytest.mark.kernel

ESTABLISHED = [Move.parse(text) for text in start("established")]
CLOSE = Move.parse("call client close")


@pytest.fixture
def session() -> Iterator[Session]:
    with Session(free_lab(), start=ESTABLISHED) as opened:
        yield opened


def process(session: Session) -> int:
    worker = session._worker
    assert worker is not None
    return worker.pid


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_a_move_leads_to_a_position(session: Session) -> None:
    before = session.position
    after = session.make(CLOSE)
    assert session.position is after
    assert [str(before.states["client"]), str(after.states["client"])] == [
        "ESTABLISHED",
        "FIN-WAIT-1",
    ]
    assert after.made == (*before.made, str(CLOSE))


def test_a_refused_move_changes_nothing(session: Session) -> None:
    # Nobody tells a story here, so the sentence begins with no line of one.
    with pytest.raises(MoveRefused, match=r"^`carry client 9 FIN` finds no such segment"):
        session.make(Move.parse("carry client 9 FIN"))
    assert session.refresh().made == tuple(map(str, ESTABLISHED))
    session.make(CLOSE)


def test_undo_is_the_moves_before_on_a_fresh_bench(session: Session) -> None:
    first = session.position
    session.make(CLOSE)
    session.make(Move.parse("carry client 3 FIN"))
    assert session.undoable == 2
    assert str(session.undo().states["server"]) == "ESTABLISHED"
    again = session.undo()
    assert (again.made, again.states, session.undoable) == (first.made, first.states, 0)
    assert session.undo().made == first.made, "the start stays"
    session.make(CLOSE)
    session.make(Move.parse("carry client 3 FIN"))
    assert session.restart().made == first.made


def test_a_long_wait_can_be_cancelled(session: Session) -> None:
    session.make(CLOSE)
    threading.Timer(0.3, session.cancel).start()
    position = session.make(Move.parse("wait client on"))
    assert position.made[-1] == str(CLOSE), "a minute's timer, and it did not wait for it"
    session.cancel()  # too late for anything
    assert str(session.make(Move.parse("carry client 3 FIN")).states["server"]) == "CLOSE-WAIT"


def test_a_wait_that_ends_by_itself_is_a_move(tmp_path: Path) -> None:
    with Session(free_lab()) as session:
        for text in ("call client connect", "drop client 1 SYN"):
            session.make(Move.parse(text))
        position = session.make(Move.parse("wait client on"))
        assert position.made[-1] == "wait client on"
        assert [held.copy for held in position.held] == [True]


FAILS = '''"""A lab whose client fails.

Question: what then?
See:      it is told
Source:   this test
Next:     handshake
"""

from socklab import *


async def client(me: Role) -> None:
    end = me.socket()
    await end.bind(("client", 0))
    raise ValueError("said the client")


async def story(bench: Bench) -> None:
    bench.expect(client=CLOSED)
'''


def test_a_run_that_failed_can_be_taken_back(tmp_path: Path) -> None:
    (tmp_path / "fails.py").write_text(FAILS)
    with Session(load(tmp_path / "fails.py")) as session:
        failed = session.make(Move.parse("call client bind"))
        assert "said the client" in failed.trouble and failed.choices == ()
        assert session.refresh().trouble == failed.trouble
        back = session.undo()
        assert not back.trouble and back.choices


def test_a_start_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(MoveRefused, match="the start can't be made: client can't recv"):
        Session(free_lab(), start=[Move.parse("call client recv")])


def test_what_is_wrong_with_the_machine_is_told_as_ever() -> None:
    lab = free_lab(but(tcp_no_such_setting=1))
    with pytest.raises(MachineError, match="no setting"):
        Session(lab)
    with pytest.raises(LabError, match="can't be 'x'"):
        Session(free_lab(but(tcp_fin_timeout="x")))


def test_a_process_that_dies_is_told_and_the_session_is_over(session: Session) -> None:
    os.kill(process(session), signal.SIGKILL)
    with pytest.raises(ToolError, match="the run's process was killed by SIGKILL"):
        session.make(CLOSE)
    with pytest.raises(ToolError, match="this session is closed"):
        session.refresh()
    session.close()


def test_a_run_that_waits_can_be_ended_from_another_thread(session: Session) -> None:
    session.make(CLOSE)
    threading.Timer(0.3, session.kill).start()
    with pytest.raises(ToolError, match="was killed by SIGKILL"):
        session.make(Move.parse("wait client on"))
    session.kill()


@pytest.mark.parametrize(("patient", "retries"), [(False, None), (True, "127")])
def test_a_person_may_think_for_longer_than_a_syn_waits(patient: bool, retries: str | None) -> None:
    with Session(free_lab(), patient=patient) as session:
        assert session.position.record.weather.get("net.ipv4.tcp_syn_retries") == retries


def test_the_process_ends_with_the_session() -> None:
    with Session(free_lab()) as session:
        pid = process(session)
        assert is_there(pid)
    assert not is_there(pid)
    session.close()


def test_ctrl_c_in_the_terminal_is_not_the_runs(session: Session) -> None:
    os.kill(process(session), signal.SIGINT)
    assert session.refresh().made == tuple(map(str, ESTABLISHED))


def test_the_choices_may_be_limited() -> None:
    def no_faults(position: Position) -> Position:
        kept = [c for c in position.choices if c.move.verb in (Verb.CALL, Verb.CARRY)]
        return replace(position, choices=tuple(kept))

    with Session(free_lab(), start=ESTABLISHED, limit=no_faults) as session:
        position = session.make(CLOSE)
        assert {choice.move.verb for choice in position.choices} == {Verb.CALL, Verb.CARRY}


@pytest.mark.parametrize("name", ["half-close", "simultaneous-close"])
def test_a_lab_can_be_steered_through_its_own_moves(
    name: str, recorded: Callable[[Lab], list[str]]
) -> None:
    lab = load(find(name))
    with Session(lab) as session:
        for text in recorded(lab):
            session.make(Move.parse(text))
        assert session.position.made == tuple(recorded(lab))


@pytest.fixture
def recorded() -> Callable[[Lab], list[str]]:
    """A lab's moves, from a run of it."""
    import trio

    from socklab.runner import run_lab

    made: dict[str, list[str]] = {}

    def moves(lab: Lab) -> list[str]:
        if lab.name not in made:
            made[lab.name] = trio.run(run_lab, lab).moves()
        return made[lab.name]

    return moves
