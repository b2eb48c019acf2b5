"""Invariants and transitions: each is shown to say no."""

from __future__ import annotations

import pytest

from socklab.joint.changes import Change, between
from socklab.joint.invariants import wrong_at_end
from socklab.joint.state import Joint
from socklab.tcp import State
from tests.joint_states import socket, state

RECV = {"client": ("recv(4096)",), "server": ("recv(4096)",)}


def wrong(joint: Joint, *, faults: bool = False) -> list[str]:
    return list(wrong_at_end(joint, faults=faults))


# --- Sockets that are left ---


def test_an_end_with_all_sockets_gone_is_right() -> None:
    assert wrong(state("CLOSED", "CLOSED")) == []


@pytest.mark.parametrize("name", ["TIME-WAIT", "LISTEN"])
def test_states_that_last_are_right(name: str) -> None:
    assert wrong(state(name, "CLOSED", held=False)) == []


def test_a_socket_that_a_program_holds_is_right() -> None:
    assert wrong(state("ESTABLISHED", "CLOSED")) == []


def test_a_socket_that_nobody_holds_is_wrong() -> None:
    (told,) = wrong(state("FIN-WAIT-2", "TIME-WAIT", held=False))
    assert told.startswith("client ends with a socket in FIN-WAIT-2 that no program holds")


def test_a_socket_that_waits_for_one_who_holds_the_other_is_right() -> None:
    joint = state("FIN-WAIT-2", "CLOSE-WAIT")
    orphan = state("FIN-WAIT-2", "CLOSE-WAIT", held=False)
    sockets = {"client": orphan.sockets["client"], "server": joint.sockets["server"]}
    assert wrong(Joint(sockets, (), joint.roles)) == []


def test_a_lost_fin_leaves_a_socket_to_its_timer() -> None:
    one = state("FIN-WAIT-1", "CLOSED", held=False)
    sockets = {"client": (socket("FIN-WAIT-1", held=False, timer="on"),), "server": ()}
    timed = Joint(sockets, (), one.roles)
    assert wrong(timed, faults=True) == []
    assert wrong(timed, faults=False) != []


# --- Bytes that are lost ---

SENT = {"client": ("send(b'data') = 4",)}


def test_bytes_that_nobody_read_and_nobody_told_of_are_wrong() -> None:
    (told,) = wrong(state("CLOSED", "CLOSED", made=SENT))
    assert told == "4 bytes that client sent were never read, and no call told so"


def test_bytes_that_were_read_are_right() -> None:
    made = SENT | {"server": ("recv(4096) = b'data'",)}
    assert wrong(state("CLOSED", "CLOSED", made=made)) == []


def test_many_bytes_are_counted_as_they_are_told() -> None:
    made = {"client": ("send(b'…') = 9000",), "server": ("recv(65536) = 8000 bytes",)}
    (told,) = wrong(state("CLOSED", "CLOSED", made=made))
    assert told.startswith("1000 bytes")


def test_an_error_that_a_call_told_is_enough() -> None:
    made = {"client": ("send(b'data') = 4", "recv(4096) = ECONNRESET")}
    assert wrong(state("CLOSED", "CLOSED", made=made)) == []


def test_what_may_still_be_read_is_not_lost() -> None:
    assert wrong(state("ESTABLISHED", "ESTABLISHED", made=SENT, standing=RECV)) == []


@pytest.mark.parametrize(("held", "count"), [(True, 0), (False, 1)])
def test_what_waits_in_a_socket_that_a_program_holds_is_not_lost(held: bool, count: int) -> None:
    gone = state("CLOSED", "CLOSED", made=SENT)
    sockets = {"client": (), "server": (socket("TIME-WAIT", held=held, recv_q=5),)}
    assert len(wrong(Joint(sockets, (), gone.roles))) == count


def test_a_listener_s_queues_have_no_bytes() -> None:
    gone = state("CLOSED", "CLOSED", made=SENT)
    sockets = {"client": (), "server": (socket("LISTEN", recv_q=128),)}
    assert len(wrong(Joint(sockets, (), gone.roles))) == 1


def test_with_faults_bytes_may_be_lost() -> None:
    assert wrong(state("CLOSED", "CLOSED", made=SENT), faults=True) == []


def test_a_send_that_did_not_come_back_has_sent_nothing() -> None:
    made = {"client": ("send(b'data') = EPIPE", "send(b'data') = blocked")}
    assert wrong(state("CLOSED", "CLOSED", made=made)) == []


# --- Transitions ---


@pytest.mark.parametrize(
    ("was", "now"),
    [("ESTABLISHED", "FIN-WAIT-1"), ("CLOSED", "SYN-SENT"), ("LAST-ACK", "CLOSED")],
)
def test_a_change_that_tcp_has_is_legal(was: str, now: str) -> None:
    (change,) = between(state(was), state(now))
    assert change == Change("client", State(was), State(now))
    assert change.legal


@pytest.mark.parametrize(
    ("was", "now"),
    [("ESTABLISHED", "LISTEN"), ("TIME-WAIT", "ESTABLISHED"), ("LAST-ACK", "FIN-WAIT-1")],
)
def test_a_change_that_tcp_does_not_have_is_illegal(was: str, now: str) -> None:
    (change,) = between(state(was), state(now))
    assert not change.legal
    assert str(change) == f"client {was} → {now}"


def test_of_several_sockets_each_becomes_what_it_can() -> None:
    one, other, both = socket("FIN-WAIT-1"), socket("ESTABLISHED"), socket("LISTEN")
    before = Joint({"client": (one, other, both)}, (), {})
    after = Joint({"client": (socket("FIN-WAIT-2"), socket("CLOSE-WAIT"), both)}, (), {})
    changes = between(before, after)
    assert {(str(each.was), str(each.now)) for each in changes} == {
        ("FIN-WAIT-1", "FIN-WAIT-2"),
        ("ESTABLISHED", "CLOSE-WAIT"),
    }


def test_what_stays_is_no_change() -> None:
    assert between(state(), state(wire=["client FIN seq=1"])) == []
