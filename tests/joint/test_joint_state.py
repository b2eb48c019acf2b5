"""Joint states: what makes two of them the same, and what does not."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given

from socklab.joint.state import Joint, joint
from socklab.position import Done, Held, Position, Program
from socklab.record import Record
from tests.joint_states import joints, state

CLIENT = (
    "ESTAB 0 0 10.0.0.1:{port} 10.0.0.2:80 ino:7 sk:1 <->",
    "UNCONN 0 0 0.0.0.0:0 0.0.0.0:* ino:9 sk:2 <->",
)


def held(sender: str, number: int, kind: str = "FIN", *, copy: bool = False) -> Held:
    receiver = "server" if sender == "client" else "client"
    return Held(sender, receiver, number, copy, "F.", kind, 1, 1, 0)


def position(port: int = 40_000, *segments: Held) -> Position:
    calls = (Done("s1", "connect(10.0.0.2:80)", "0"), Done("s1", "accept()", f"10.0.0.1:{port}"))
    return Position(
        ("call client connect",),
        (),
        {"client": tuple(row.format(port=port) for row in CLIENT), "server": ()},
        segments,
        {"client": Program("client", ("close()",), (), calls, False)},
        Record("free", "wire", "tun", {"client": "10.0.0.1", "server": "10.0.0.2"}),
    )


@given(joints)
def test_a_joint_state_is_the_same_after_a_trip_through_json(one: Joint) -> None:
    again = Joint.from_json(json.loads(one.text))
    assert again == one
    assert again.text == one.text
    assert hash(again) == hash(one)
    assert again.key == one.key


@given(joints, joints)
def test_equal_is_what_has_the_same_text(one: Joint, other: Joint) -> None:
    assert (one == other) is (one.text == other.text)


def test_ports_that_the_kernel_picked_make_no_difference() -> None:
    assert joint(position(40_000)) == joint(position(50_123))


def test_addresses_are_told_as_hosts() -> None:
    made = joint(position(40_000)).roles["client"].made
    assert made == ("accept() = client:*", "connect(server:80) = 0")


def test_sockets_without_a_connection_are_none() -> None:
    (only,) = joint(position()).sockets["client"]
    assert (only.state, only.held, only.port) == ("ESTABLISHED", True, 0)


def test_who_of_two_senders_sent_first_makes_no_difference() -> None:
    one, other = held("client", 3), held("server", 2)
    assert joint(position(40_000, one, other)) == joint(position(40_000, other, one))


def test_the_order_of_one_sender_s_segments_does() -> None:
    fin, ack = held("client", 3), held("client", 4, "ACK")
    assert joint(position(40_000, fin, ack)) != joint(position(40_000, ack, fin))


def test_a_copy_is_another_segment() -> None:
    one, other = held("client", 3), held("client", 3, copy=True)
    assert joint(position(40_000, one)) != joint(position(40_000, other))


def test_a_pending_error_is_part_of_it() -> None:
    plain, told = joint(position()), joint(position(), errors={"client": "ECONNRESET"})
    assert plain != told
    assert told.roles["client"].error == "ECONNRESET"


def test_a_headline_names_both_ends() -> None:
    assert state("FIN-WAIT-2", "CLOSED").headline == "client FIN-WAIT-2, server CLOSED"
    orphan = state("FIN-WAIT-2", "TIME-WAIT", held=False)
    assert orphan.headline == "client FIN-WAIT-2 (no owner), server TIME-WAIT"
    assert str(replace(orphan, wire=("client FIN seq=1",))).endswith("on the wire client FIN seq=1")
