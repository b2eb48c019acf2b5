from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
import trio

from socklab import hints, ss
from socklab.calls import Call
from socklab.host import Address, Host
from socklab.look import Look
from socklab.packet import Flags, Packet
from socklab.record import Record
from socklab.recorder import Recorder
from socklab.role import Role
from socklab.wire import Segment, Wire

ADDRESSES = {"client": "10.0.0.1", "server": "10.0.0.2"}


def segment(
    sender: str = "client",
    flags: Flags = Flags.FIN | Flags.ACK,
    *,
    ack: int | None = 1,
    payload: bytes = b"",
    copy: bool = False,
) -> Segment:
    receiver = "server" if sender == "client" else "client"
    packet = Packet(ADDRESSES[sender], ADDRESSES[receiver], 1, 80, flags, payload=payload)
    return Segment(sender, receiver, 3, copy, 1, ack, packet, b"")


def wire(*held: Segment) -> Wire:
    return cast(Wire, SimpleNamespace(held=list(held)))


def role(name: str, *standing: str) -> Role:
    host = Host(name.partition("_")[0], Address(ADDRESSES[name.partition("_")[0]], ""))
    made = Role(name, host, Recorder(Record("", "", "", {})), ADDRESSES)
    for number, call in enumerate(standing, start=1):
        made.calls.append(Call(name, host.name, f"{name}/1", number, call, ()))
    return made


@pytest.mark.parametrize(
    ("each", "told"),
    [
        (segment(), "FIN seq 1 ack 1 from client"),
        (segment(flags=Flags.SYN, ack=None), "SYN seq 1 from client"),
        (
            segment("server", Flags.PSH | Flags.ACK, payload=b"hello", copy=True),
            "data seq 1 ack 1 len 5 from server (a copy)",
        ),
    ],
)
def test_a_segment_in_words(each: Segment, told: str) -> None:
    assert hints.name(each) == told


def test_the_wire_in_words() -> None:
    assert hints.on_the_wire(wire()) == "the wire is empty"
    assert hints.on_the_wire(wire(segment(), segment("server"))) == (
        "the wire holds FIN seq 1 ack 1 from client, FIN seq 1 ack 1 from server"
    )


TIME_WAITING = "TIME-WAIT 0 0 10.0.0.1:1 10.0.0.2:80 timer:(timewait,59sec,0) ino:0 sk:1\n"


@pytest.mark.parametrize(
    ("held", "roles", "rows", "told"),
    [
        ([], [], "", ["nothing is held and no role waits: the kernel did as it was told"]),
        (
            [segment("server")],
            [],
            "",
            [
                "the wire still holds FIN seq 1 ack 1 from server; "
                "carry it first if it is to be there by now"
            ],
        ),
        # What is on its way to somebody else, and who waits elsewhere, is no reason.
        (
            [segment("client")],
            [role("server", "close")],
            "",
            ["nothing is held and no role waits: the kernel did as it was told"],
        ),
        (
            [],
            [role("client", "close"), role("client_2")],
            "",
            ["client stands before close(); let it go first if it is to be done by now"],
        ),
        ([], [], TIME_WAITING, ["the timer 'timewait' of client has 59 s left"]),
    ],
)
def test_hints_name_what_is_missing(
    held: list[Segment], roles: list[Role], rows: str, told: list[str]
) -> None:
    seen = Look({"client": ss.parse(rows), "server": ()})
    assert hints.give(wire(*held), roles, ["client"], seen) == told


def caught(act: Any) -> BaseException:
    with pytest.raises(BaseException) as raised:  # noqa: PT011
        act()
    return raised.value


def test_an_errors_place_is_the_labs_line_not_the_librarys() -> None:
    told = hints.place_of(caught(lambda: json.loads("{")))
    assert told.startswith("JSONDecodeError: Expecting property name")
    assert ", at tests/test_hints.py:" in told
    assert told.endswith('told = hints.place_of(caught(lambda: json.loads("{")))')


def test_an_error_in_a_nursery_is_that_error() -> None:
    async def fail() -> None:
        raise KeyError("port")

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fail)

    told = hints.place_of(caught(lambda: trio.run(main)))
    assert told.startswith("KeyError: 'port', at tests/test_hints.py:")
    assert told.endswith('raise KeyError("port")')


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert hints.place_of(ValueError("too long")) == "ValueError: too long"
    assert hints.place_of(ValueError()) == "ValueError"


def test_what_each_role_does_tells_why_nothing_moves() -> None:
    roles = {"client": role("client", "connect")}
    assert hints.roles(roles, ["client", "server"]) == (
        "client stands before connect(), no role runs on server"
    )
