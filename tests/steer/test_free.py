"""Free play on real hosts: what each program could do, and what comes of it."""

from __future__ import annotations

import pytest

from socklab.errors import LabError
from socklab.mover import MoveRefused
from socklab.moves import Move, Verb
from socklab.position import Position
from socklab.record import Call, Phase
from socklab.steer.free import STARTS, free_lab, start
from socklab.steer.pilot import Pilot, steer

pytestmark = pytest.mark.kernel


async def make(pilot: Pilot, *moves: str) -> Position:
    for text in moves:
        await pilot.make(Move.parse(text))
    return pilot.position()


def calls(position: Position, role: str) -> list[str]:
    """The words of the calls that a role could make."""
    moves = (choice.move for choice in position.choices)
    return [move.what for move in moves if move.verb is Verb.CALL and move.who == role]


def outcomes(position: Position, role: str) -> list[str]:
    return [f"{done.call} = {done.outcome}" for done in position.programs[role].made]


CONNECTED = [
    "send",
    "recv",
    "shutdown(SHUT_WR)",
    "shutdown(SHUT_RD)",
    "shutdown(SHUT_RDWR)",
    "setsockopt",
    "close",
]


async def test_a_program_offers_what_its_socket_could_do() -> None:
    async with steer(free_lab()) as pilot:
        fresh = ["setsockopt", "bind", "connect", "close"]
        assert calls(pilot.position(), "client") == calls(pilot.position(), "server") == fresh
        bound = await make(pilot, "call server bind")
        assert calls(bound, "server") == ["listen", "connect", "close"]
        listening = await make(pilot, "call server listen")
        assert calls(listening, "server") == ["accept", "close"]
        await make(pilot, "call server accept")
        opened = await make(pilot, *STARTS["established"][3:])
        assert calls(opened, "client") == calls(opened, "server") == CONNECTED
        closed = await make(pilot, "call server close")
        assert calls(closed, "server") == ["accept", "close"], "the listener is still there"
        closed = await make(pilot, "call server close")
        assert calls(closed, "server") == ["socket"]
        again = await make(pilot, "call server socket")
        assert calls(again, "server") == fresh


async def test_only_the_call_that_was_chosen_is_recorded() -> None:
    async with steer(free_lab()) as pilot:
        await make(pilot, "call client bind", "call client connect")
        made = [(event.number, event.call) for event in pilot.bench.record.of(Call)]
        assert made[::2] == [(1, "bind"), (2, "connect")]
        begun = [event for event in pilot.bench.record.of(Call) if event.phase is Phase.BEGUN]
        assert begun[1].arguments == ("server:80",)


async def test_what_a_call_fails_with_ends_nothing() -> None:
    async with steer(free_lab()) as pilot:
        position = await make(
            pilot, "call client connect", "carry client 1 SYN", "carry server 1 RST"
        )
        assert outcomes(position, "client") == ["connect(server:80) = ECONNREFUSED"]
        assert "connect" in calls(position, "client"), "it may try again"
        position = await make(pilot, "call server bind", "call server listen")
        position = await make(pilot, "call server close", "call server socket")
        await make(pilot, "call server bind")
        assert not position.trouble


async def test_both_ends_can_call_first() -> None:
    async with steer(free_lab()) as pilot:
        position = await make(
            pilot,
            *("call client bind", "call server bind", "call client connect", "call server connect"),
            *("carry client 1 SYN", "carry server 1 SYN"),
        )
        assert {str(state) for state in position.states.values()} == {"SYN-RECEIVED"}


async def test_linger_of_zero_resets() -> None:
    async with steer(free_lab()) as pilot:
        await make(pilot, *STARTS["established"])
        position = await make(pilot, "call server setsockopt", "call server close")
        assert [held.kind for held in position.held] == ["RST"]


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("nothing", {"client": "CLOSED", "server": "CLOSED"}),
        ("listening", {"client": "CLOSED", "server": "LISTEN"}),
        ("established", {"client": "ESTABLISHED", "server": "ESTABLISHED"}),
    ],
)
@pytest.mark.parametrize("ipv6", [False, True], ids=["IPv4", "IPv6"])
async def test_a_start_leads_where_it_says(name: str, states: dict[str, str], ipv6: bool) -> None:
    async with steer(free_lab(), ipv6=ipv6) as pilot:
        position = await make(pilot, *start(name))
        assert {host: str(state) for host, state in position.states.items()} == states
        assert position.made == tuple(start(name))
        assert position.held == ()


def test_an_unknown_start_is_told() -> None:
    with pytest.raises(LabError, match="there are nothing, listening, established"):
        start("closed")


async def test_a_call_that_is_not_offered_is_refused_and_named() -> None:
    async with steer(free_lab()) as pilot:
        with pytest.raises(MoveRefused, match=r"client can't recv\(\): client stands before"):
            await make(pilot, "call client recv")
