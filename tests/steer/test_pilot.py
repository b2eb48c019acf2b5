"""A pilot: positions, and known moves made quickly."""

from __future__ import annotations

from dataclasses import replace

import pytest

from socklab.joint.state import joint
from socklab.lab import load
from socklab.look import ImpossibleTransition
from socklab.mover import MoveRefused
from socklab.moves import Move
from socklab.packs import find
from socklab.record import Look, Segment, State
from socklab.ss import parse
from socklab.steer.free import free_lab, start
from socklab.steer.pilot import steer

pytestmark = pytest.mark.kernel

ESTABLISHED = [Move.parse(text) for text in start("established")]
CROSSING = [Move.parse(text) for text in ("call client close", "call server close")]


async def test_a_position_tells_all_that_a_player_may_know() -> None:
    async with steer(free_lab()) as pilot:
        for move in [*ESTABLISHED, *CROSSING]:
            await pilot.make(move)
        position = pilot.position()
    assert position.made == tuple(map(str, [*ESTABLISHED, *CROSSING]))
    assert {host: str(state) for host, state in position.states.items()} == {
        "client": "FIN-WAIT-1",
        "server": "FIN-WAIT-1",
    }
    assert list(map(str, position.held)) == [
        "client → server FIN seq=1 ack=1",
        "server → client FIN seq=1 ack=1",
    ]
    told = {str(choice.move): choice.told for choice in position.choices}
    assert told["carry client 3 FIN"] == "carry client's FIN (seq=1 ack=1) to server"
    assert told["call client socket"] == "client calls socket()"
    wait = position.choice(Move.parse("wait client on"))
    assert wait is not None and wait.left_s is not None and 50 < wait.left_s <= 60
    assert position.choice(Move.parse("call client recv")) is None
    assert [str(row.state) for row in position.sockets["client"]] == ["FIN-WAIT-1"]
    program = position.programs["server"]
    assert program.standing == ("accept()", "close()")
    assert [done.call for done in program.made] == [
        "bind(server:80)",
        "listen(128)",
        "accept()",
        "close()",
    ]


async def test_a_role_that_is_inside_a_call_is_told() -> None:
    async with steer(free_lab()) as pilot:
        await pilot.make(Move.parse("call client connect"))
        program = pilot.position().programs["client"]
    assert program.inside == ("connect(server:80)",)
    assert (program.made[0].outcome, program.standing) == ("blocked", ())


async def test_known_moves_lead_to_the_same_without_a_look_after_each() -> None:
    async with steer(free_lab()) as slow:
        for move in [*ESTABLISHED, *CROSSING]:
            await slow.make(move)
        seen = slow.position()
    async with steer(free_lab()) as quick:
        await quick.repeat([*ESTABLISHED, *CROSSING])
        again = quick.position()
        assert not list(quick.bench.record.of(Look)) and list(seen.record.of(Look))
        await quick.make(Move.parse("carry client 3 FIN"))
        (change,) = quick.bench.record.of(State)
    assert joint(again) == joint(seen)
    assert again.made == seen.made
    assert (change.host, change.was, change.now) == ("server", "FIN-WAIT-1", "CLOSING")


async def test_a_known_move_that_cannot_be_made_is_refused_and_eyes_are_open_again() -> None:
    async with steer(free_lab()) as pilot:
        with pytest.raises(MoveRefused):
            await pilot.repeat([*ESTABLISHED, Move.parse("carry client 9 FIN")])
        assert len(pilot.position().made) == len(ESTABLISHED)
        await pilot.make(CROSSING[0])
        assert any(pilot.bench.record.of(State))


async def test_an_arrow_that_tcp_does_not_have_is_seen_after_known_moves() -> None:
    async with steer(free_lab()) as pilot:
        await pilot.repeat(ESTABLISHED)
        took = pilot.bench._take_look

        def forged() -> object:
            look = took()
            rows = dict(look.rows)
            (text,) = (row.text for row in rows["client"])
            rows["client"] = parse(text.replace("FIN-WAIT-1", "LAST-ACK"))
            return replace(look, rows=rows)

        pilot.bench._take_look = forged  # type: ignore[method-assign, assignment]
        with pytest.raises(ImpossibleTransition, match="ESTABLISHED to LAST-ACK"):
            await pilot.make(CROSSING[0])


async def test_a_wait_may_be_among_known_moves() -> None:
    lab = load(find("syn-lost"))
    moves = ["call server bind", "call server listen", "call client connect", "drop client 1 SYN"]
    async with steer(lab) as pilot:
        await pilot.repeat([Move.parse(text) for text in [*moves, "wait client on"]])
        assert [held.copy for held in pilot.position().held] == [True]
        sent = [event for event in pilot.bench.record.of(Segment) if event.copy]
        assert sent


async def test_a_labs_programs_stand_before_one_call_each() -> None:
    async with steer(load(find("half-close"))) as pilot:
        choices = [str(choice.move) for choice in pilot.position().choices]
    assert choices == ["call server bind", "call client connect"]


async def test_to_notice_writes_a_look_and_no_move() -> None:
    async with steer(free_lab()) as pilot:
        before = pilot.position()
        await pilot.notice()
        after = pilot.position()
    assert after.made == before.made == ()
