"""What counts as a witness of a step, and what does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from socklab.coverage import (
    EVIDENCE,
    FIGURE_5,
    IN_TEXT,
    NEVER,
    Coverage,
    Happened,
    Seen,
    coverage,
    told,
    wanted,
)
from socklab.coverage.names import Names
from socklab.coverage.turns import turns
from socklab.errors import LabError, ToolError
from socklab.icmp import Unreachable, unreachable
from socklab.packet import Flags, Kind, Packet
from socklab.record import Fate, Other, Record
from socklab.tcp import (
    CLOSE_WAIT,
    CLOSED,
    CLOSING,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    LAST_ACK,
    LINUX_STEPS,
    LISTEN,
    STEPS,
    SYN_RECEIVED,
    SYN_SENT,
    TIME_WAIT,
    On,
    State as TcpState,
    Step,
    steps,
)
from tests.records import kept, records
from tests.telling import (
    ACK_OF_FIN,
    ANY,
    CLIENT,
    SERVER,
    SYN,
    SYN_ACK,
    Telling,
    change,
    from_client,
    from_server,
    in_fin_wait_1,
    row,
    timed_out,
)

ALL = STEPS + LINUX_STEPS
ON_LINUX = [step for step in ALL if step.on_linux]


def named(step: Step) -> str:
    return f"{step.state}-{step.on.name}-{step.next}"


def a(kind: Kind, payload: bytes = b"") -> Packet:
    flags = {
        Kind.SYN: Flags.SYN,
        Kind.SYN_ACK: Flags.SYN | Flags.ACK,
        Kind.ACK: Flags.ACK,
        Kind.DATA: Flags.ACK | Flags.PSH,
        Kind.FIN: Flags.ACK | Flags.FIN,
        Kind.RST: Flags.RST,
    }[kind]
    payload = payload or (b"data" if kind is Kind.DATA else b"")
    return Packet("10.0.0.2", "10.0.0.1", 80, 40000, flags, payload=payload)


# --- Which step it was ------------------------------------------------------------------------

Facts = dict[str, Any]

CALLED: Facts = {"on_it": True}
CLOSES: Facts = {"on_it": True, "call": "close"}

EVENTS: dict[On, Facts] = {
    On.PASSIVE_OPEN: CALLED | {"call": "listen"},
    On.ACTIVE_OPEN: CALLED | {"call": "connect"},
    On.CLOSE: CLOSES,
    On.SHUTDOWN_READ: CALLED | {"call": "shutdown", "argument": "SHUT_RD"},
    On.ABORT: CLOSES | {"linger_0": True, "options_plain": False, "sent_reset": True},
    On.CLOSE_UNREAD: CLOSES | {"unread": True, "sent_reset": True},
    On.CLOSE_TO_OWN_PEER: CLOSES | {"to_itself": True},
    On.CLOSE_BEYOND_ORPHAN_LIMIT: CLOSES | {"sent_reset": True},
    On.CLOSE_OF_LISTENER: {"call": "close", "listener_gone": True, "sent_reset": True},
    On.CONNECT_TO_SELF: CALLED | {"call": "connect", "to_itself": True},
    On.DISCONNECT: CALLED | {"call": "disconnect", "sent_reset": True},
    On.REPAIR: CLOSES | {"repair": True, "options_plain": False},
    On.DESTROY: {"destroyed": True, "sent_reset": True},
    On.SYN: {"segment": a(Kind.SYN)},
    On.SYN_AND_COOKIE: {"segment": a(Kind.SYN, b"hello"), "fast_opened": True},
    On.SYN_ACK: {"segment": a(Kind.SYN_ACK)},
    On.ACK_OF_SYN: {"segment": a(Kind.ACK), "acks_syn": True},
    On.ACK_OF_SYN_COOKIE: {"segment": a(Kind.ACK), "acks_syn": True},
    On.ACK_OF_SYN_REFUSED: {"segment": a(Kind.ACK), "acks_syn": True, "sent_reset": True},
    On.ACK_OF_SYN_AFTER_SHUTDOWN: {"segment": a(Kind.ACK), "acks_syn": True},
    On.FIN: {"segment": a(Kind.FIN)},
    On.FIN_AND_ACK_OF_SYN: {"segment": a(Kind.FIN), "acks_syn": True},
    On.FIN_AND_ACK_OF_SYN_COOKIE: {"segment": a(Kind.FIN), "acks_syn": True},
    On.FIN_AND_ACK_OF_SYN_AFTER_SHUTDOWN: {"segment": a(Kind.FIN), "acks_syn": True},
    On.ACK_OF_FIN: {"segment": a(Kind.ACK), "acks_syn": True, "acks_fin": True},
    On.FIN_AND_ACK_OF_FIN: {"segment": a(Kind.FIN), "acks_syn": True, "acks_fin": True},
    On.DATA_BEFORE_FIN: {"segment": a(Kind.DATA), "acks_syn": True},
    On.DATA_BEFORE_FIN_AND_ACK_OF_FIN: {
        "segment": a(Kind.DATA),
        "acks_syn": True,
        "acks_fin": True,
    },
    On.DATA_TO_NOBODY: {"segment": a(Kind.DATA), "acks_syn": True, "sent_reset": True},
    On.RST: {"segment": a(Kind.RST)},
    On.UNREACHABLE: {"unreachable": True},
    On.TIME_WAIT_TIMEOUT: {"timer": "timewait", "held": False},
    On.USER_TIMEOUT: {"timer": "on", "user_timeout": True},
    On.RETRANSMISSION_TIMEOUT: {"timer": "on"},
    On.KEEPALIVE_TIMEOUT: {"timer": "keepalive", "sent_reset": True},
    On.PROBE_TIMEOUT: {"timer": "persist"},
    On.FIN_WAIT_2_TIMEOUT: {"timer": "timewait", "held": False},
}
"""What a Record tells of each trigger."""


def as_told(step: Step) -> Happened:
    """What a Record tells where a step was taken."""
    more: Facts = {}
    if (step.state, step.next, step.on) == (CLOSED, ESTABLISHED, On.REPAIR):
        more = {"call": "connect"}
    return Happened(step.state, step.next, **(EVENTS[step.on] | more))


def test_every_trigger_has_its_question_or_is_never_heeded() -> None:
    assert EVIDENCE.keys() | NEVER == set(On)
    assert not EVIDENCE.keys() & NEVER
    assert EVENTS.keys() == EVIDENCE.keys()
    assert {step.on for step in ON_LINUX} == EVIDENCE.keys()


@pytest.mark.parametrize("step", ON_LINUX, ids=named)
def test_every_step_that_linux_takes_is_told_by_its_event_and_by_no_other(step: Step) -> None:
    assert told(as_told(step)) is step
    for other in steps(step.state, step.next):
        if other is not step:
            assert told(as_told(other)) is not step


@pytest.mark.parametrize("step", ON_LINUX, ids=named)
def test_a_change_that_nothing_explains_is_not_counted(step: Step) -> None:
    assert told(Happened(step.state, step.next)) is None


@pytest.mark.parametrize("step", [step for step in ALL if not step.on_linux], ids=named)
def test_what_linux_does_not_do_is_never_told(step: Step) -> None:
    for facts in EVENTS.values():
        assert told(Happened(step.state, step.next, **facts)) is not step


@pytest.mark.parametrize(
    ("was", "now", "facts"),
    [
        # A call on another socket of the host.
        (ESTABLISHED, FIN_WAIT_1, {"call": "close"}),
        (CLOSED, LISTEN, {"call": "listen"}),
        # A call that does nothing of the kind.
        (ESTABLISHED, FIN_WAIT_1, CALLED | {"call": "send"}),
        (ESTABLISHED, FIN_WAIT_1, CALLED | {"call": "shutdown", "argument": "SHUT_RD"}),
        (LISTEN, CLOSED, CALLED | {"call": "shutdown", "argument": "SHUT_WR"}),
        # A segment that says something else.
        (FIN_WAIT_1, FIN_WAIT_2, {"segment": a(Kind.ACK)}),
        (LAST_ACK, CLOSED, {"segment": a(Kind.ACK)}),
        (SYN_RECEIVED, ESTABLISHED, {"segment": a(Kind.ACK)}),
        (ESTABLISHED, CLOSE_WAIT, {"segment": a(Kind.ACK)}),
        (FIN_WAIT_1, TIME_WAIT, {"segment": a(Kind.FIN)}),
        (SYN_RECEIVED, CLOSED, {"segment": a(Kind.ACK), "acks_syn": True}),
        # A timer that another setting may have hurried.
        (SYN_SENT, CLOSED, {"timer": "on", "user_timeout": None}),
        # A RST whose reason may be a setting that another socket of the host has.
        (ESTABLISHED, CLOSED, CLOSES | {"sent_reset": True, "options_plain": False}),
    ],
)
def test_what_can_not_be_told_is_not_counted(was: TcpState, now: TcpState, facts: Facts) -> None:
    assert told(Happened(was, now, **facts)) is None


@pytest.mark.parametrize(
    ("was", "now", "facts", "on"),
    [
        (SYN_SENT, CLOSED, CALLED | {"call": "shutdown", "argument": "SHUT_RDWR"}, On.CLOSE),
        (LISTEN, CLOSED, CALLED | {"call": "shutdown", "argument": "SHUT_RDWR"}, On.SHUTDOWN_READ),
        (CLOSED, SYN_SENT, CALLED | {"call": "send", "fast_open_connect": True}, On.ACTIVE_OPEN),
        (ESTABLISHED, FIN_WAIT_1, CALLED | {"call": "kill"}, On.CLOSE),
        # Unread data comes before SO_LINGER, and TCP_REPAIR before both: __tcp_close().
        (ESTABLISHED, CLOSED, CLOSES | {"linger_0": True, "unread": True}, On.CLOSE_UNREAD),
        (ESTABLISHED, CLOSED, CLOSES | {"repair": True, "unread": True}, On.REPAIR),
        # A FIN that has to wait for data brings an ACK all the same.
        (FIN_WAIT_1, FIN_WAIT_2, {"segment": a(Kind.FIN), "acks_fin": True}, On.ACK_OF_FIN),
        (SYN_RECEIVED, ESTABLISHED, {"segment": a(Kind.DATA), "acks_syn": True}, On.ACK_OF_SYN),
        # TCP_LINGER2 below 0 ends FIN-WAIT-2 with a RST, whatever the ACK of FIN brings.
        (
            FIN_WAIT_1,
            CLOSED,
            {
                "segment": a(Kind.DATA),
                "acks_fin": True,
                "sent_reset": True,
                "linger2_below_0": True,
            },
            On.ACK_OF_FIN,
        ),
        (FIN_WAIT_2, CLOSED, {"timer": "keepalive", "held": False}, On.FIN_WAIT_2_TIMEOUT),
        (FIN_WAIT_2, CLOSED, {"timer": "keepalive", "held": True}, On.KEEPALIVE_TIMEOUT),
    ],
)
def test_a_close_call_is_told_as_the_kernel_decides_it(
    was: TcpState, now: TcpState, facts: Facts, on: On
) -> None:
    step = told(Happened(was, now, **facts))
    assert step is not None
    assert step.on is on


segment_facts = st.fixed_dictionaries(
    {
        "segment": st.builds(a, st.sampled_from(Kind), st.sampled_from([b"", b"x"])),
        "acks_syn": st.booleans(),
        "acks_fin": st.booleans(),
        "fast_opened": st.booleans(),
        "sent_reset": st.booleans(),
        "linger2_below_0": st.booleans(),
        "held": st.booleans(),
    }
)
call_facts = st.fixed_dictionaries(
    {
        "call": st.sampled_from(
            ["close", "kill", "shutdown", "connect", "listen", "disconnect", "send", "recv"]
        ),
        "on_it": st.booleans(),
        "argument": st.sampled_from(["", "SHUT_RD", "SHUT_WR", "SHUT_RDWR"]),
        "unread": st.booleans(),
        "linger_0": st.booleans(),
        "linger2_below_0": st.booleans(),
        "repair": st.booleans(),
        "options_plain": st.booleans(),
        "fast_open_connect": st.booleans(),
        "sent_reset": st.booleans(),
        "to_itself": st.booleans(),
        "held": st.booleans(),
    }
)
timer_facts = st.fixed_dictionaries(
    {
        "timer": st.sampled_from(["", "on", "keepalive", "timewait", "persist", "unknown"]),
        "user_timeout": st.sampled_from([True, False, None]),
        "held": st.booleans(),
        "sent_reset": st.booleans(),
    }
)


@given(
    st.sampled_from([(step.state, step.next) for step in ON_LINUX]),
    st.one_of(segment_facts, call_facts, timer_facts),
)
@settings(max_examples=1000)
def test_one_event_is_never_evidence_of_a_step_with_another_cause(
    change: tuple[TcpState, TcpState], facts: Facts
) -> None:
    happened = Happened(*change, **facts)
    step = told(happened)
    if step is None:
        return
    assert step.on_linux
    assert (step.state, step.next) == change
    cause = "segment" if "segment" in facts else "call" if "call" in facts else "timer"
    assert str(step.on.cause) == cause


# --- From a Record ------------------------------------------------------------------------------


def steps_of(record: Record) -> set[tuple[str, On, str, str]]:
    counted = coverage([record])
    return {
        (str(step.state), step.on, str(step.next), seen.host)
        for step, witnesses in counted.taken.items()
        for seen in witnesses
    }


TO_FIN_WAIT_1 = {
    ("CLOSED", On.ACTIVE_OPEN, "SYN-SENT", "client"),
    ("SYN-SENT", On.SYN_ACK, "ESTABLISHED", "client"),
    ("ESTABLISHED", On.CLOSE, "FIN-WAIT-1", "client"),
}


def test_a_kept_run_witnesses_what_its_states_say() -> None:
    counted = coverage([kept("half-close")])
    seen = {(str(s.state), str(s.next)): counted.seen(s) for s in FIGURE_5 if counted.seen(s)}
    client, server = Seen("half-close", "client"), Seen("half-close", "server")
    assert seen == {
        ("CLOSED", "LISTEN"): [server],
        ("CLOSED", "SYN-SENT"): [client],
        ("LISTEN", "SYN-RECEIVED"): [server],
        ("SYN-SENT", "ESTABLISHED"): [client],
        ("SYN-RECEIVED", "ESTABLISHED"): [server],
        ("ESTABLISHED", "FIN-WAIT-1"): [client],
        ("ESTABLISHED", "CLOSE-WAIT"): [server],
        ("FIN-WAIT-1", "FIN-WAIT-2"): [client],
        ("CLOSE-WAIT", "LAST-ACK"): [server],
        ("FIN-WAIT-2", "TIME-WAIT"): [client],
        ("LAST-ACK", "CLOSED"): [server],
    }


def test_both_ends_of_one_run_may_witness_a_step() -> None:
    counted = coverage([kept("simultaneous-close")])
    (closing,) = (step for step in FIGURE_5 if step.next is CLOSING)
    assert {seen.host for seen in counted.seen(closing)} == {"client", "server"}


def test_an_ack_of_fin_is_told_by_its_number() -> None:
    telling = in_fin_wait_1()
    telling.segment(ACK_OF_FIN, Fate.CARRIED)
    telling.look(change("FIN-WAIT-1", "FIN-WAIT-2"), client=[row("FIN-WAIT-2")])
    more = {("FIN-WAIT-1", On.ACK_OF_FIN, "FIN-WAIT-2", "client")}
    assert steps_of(telling.record) == TO_FIN_WAIT_1 | more


@pytest.mark.parametrize(
    "spoil",
    [
        lambda telling: telling.segment(replace(ACK_OF_FIN, ack=101), Fate.CARRIED),
        lambda telling: telling.segment(replace(ACK_OF_FIN, source_port=81), Fate.CARRIED),
        lambda telling: telling.segment(replace(ACK_OF_FIN, destination_port=4), Fate.CARRIED),
        lambda telling: telling.segment(ACK_OF_FIN, Fate.SENT),
        lambda telling: telling.segment(ACK_OF_FIN, Fate.DROPPED),
        lambda telling: telling.segment(ACK_OF_FIN, Fate.CARRIED, raw="45"),
        lambda telling: telling.call("recv", "100"),
        lambda telling: (
            telling.segment(ACK_OF_FIN, Fate.CARRIED),
            telling.segment(ACK_OF_FIN, Fate.DUPLICATED),
        ),
        lambda telling: (telling.segment(ACK_OF_FIN, Fate.CARRIED), telling.call("close")),
        lambda _: None,
    ],
    ids=[
        "another number",
        "from another port",
        "to another port",
        "only sent",
        "lost",
        "unreadable",
        "only a call",
        "two segments",
        "a segment and a call",
        "nothing",
    ],
)
def test_a_change_without_its_one_cause_is_not_counted(spoil: Callable[[Telling], object]) -> None:
    telling = in_fin_wait_1()
    spoil(telling)
    telling.look(change("FIN-WAIT-1", "FIN-WAIT-2"), client=[row("FIN-WAIT-2")])
    assert steps_of(telling.record) == TO_FIN_WAIT_1


def test_a_closed_listener_is_told_apart_from_what_goes_with_it() -> None:
    listener = row("LISTEN", SERVER, ANY)
    child = row("ESTAB", SERVER, CLIENT, ino=0, sk="2")
    telling = Telling(server=[listener, child])
    telling.move("call server close")
    telling.call("close", host="server", socket="server/1")
    telling.segment(from_server(Flags.RST), Fate.SENT)
    telling.look(
        change("LISTEN", "CLOSED", "server", SERVER, ANY),
        change("ESTABLISHED", "CLOSED", "server", SERVER, CLIENT),
    )
    assert steps_of(telling.record) == {
        ("LISTEN", On.CLOSE, "CLOSED", "server"),
        ("ESTABLISHED", On.CLOSE_OF_LISTENER, "CLOSED", "server"),
    }


def test_a_child_that_is_reset_stands_for_the_way_back_to_listen() -> None:
    listener = row("LISTEN", SERVER, ANY)
    child = row("SYN-RECV", SERVER, CLIENT, ino=0, sk="2")

    def reset(after: Sequence[str], before: Sequence[str]) -> set[tuple[str, On, str, str]]:
        telling = Telling(server=[*before, child])
        telling.segment(from_client(Flags.RST, 101), Fate.CARRIED)
        telling.look(change("SYN-RECEIVED", "CLOSED", "server", SERVER, CLIENT), server=after)
        return steps_of(telling.record)

    row_goes = ("SYN-RECEIVED", On.RST, "CLOSED", "server")
    assert reset([listener], [listener]) == {
        row_goes,
        ("SYN-RECEIVED", On.RST, "LISTEN", "server"),
    }
    assert reset([], []) == {row_goes}  # of a simultaneous open: there is nothing to go back to


@pytest.mark.parametrize(
    ("local", "found"),
    [("0.0.0.0:80", True), ("10.0.0.9:80", False), ("10.0.0.2:81", False), ("*:80", True)],
)
def test_a_listener_is_found_by_its_address_or_by_any(local: str, found: bool) -> None:
    listener = row("LISTEN", local, ANY)
    telling = Telling(server=[listener])
    telling.segment(SYN, Fate.CARRIED)
    telling.look(
        change("CLOSED", "SYN-RECEIVED", "server", SERVER, CLIENT),
        server=[listener, row("SYN-RECV", SERVER, CLIENT, ino=0)],
    )
    figure = ("LISTEN", On.SYN, "SYN-RECEIVED", "server")
    assert (figure in steps_of(telling.record)) is found


def test_a_timer_must_have_had_its_time() -> None:
    more = {("FIN-WAIT-1", On.RETRANSMISSION_TIMEOUT, "CLOSED", "client")}
    assert steps_of(timed_out(2.1)) == TO_FIN_WAIT_1 | more
    assert steps_of(timed_out(1.9)) == TO_FIN_WAIT_1


def test_a_timer_is_named_by_what_was_set() -> None:
    by_user = {("FIN-WAIT-1", On.USER_TIMEOUT, "CLOSED", "client")}
    assert steps_of(timed_out(3, TCP_USER_TIMEOUT="20")) == TO_FIN_WAIT_1 | by_user
    switched_off = {("FIN-WAIT-1", On.RETRANSMISSION_TIMEOUT, "CLOSED", "client")}
    assert steps_of(timed_out(3, TCP_USER_TIMEOUT="0")) == TO_FIN_WAIT_1 | switched_off
    probes = {("FIN-WAIT-1", On.PROBE_TIMEOUT, "CLOSED", "client")}
    assert steps_of(timed_out(3, "persist,2sec,3")) == TO_FIN_WAIT_1 | probes


def test_an_icmp_error_is_about_the_connection_that_it_quotes() -> None:
    def told_of(packet: Packet) -> set[tuple[str, On, str, str]]:
        telling = Telling()
        telling.call("connect", "server:80", returns=False)
        telling.segment(SYN, Fate.SENT)
        telling.look(change("CLOSED", "SYN-SENT"), client=[row("SYN-SENT")])
        message = unreachable(packet.build(), Unreachable.HOST)
        telling.events.append(
            Other(
                0, "server", "client", "ICMP", "ICMP host unreachable", Fate.INJECTED, message.hex()
            )
        )
        telling.look(change("SYN-SENT", "CLOSED"))
        return steps_of(telling.record)

    opened = ("CLOSED", On.ACTIVE_OPEN, "SYN-SENT", "client")
    assert told_of(SYN) == {opened, ("SYN-SENT", On.UNREACHABLE, "CLOSED", "client")}
    assert told_of(replace(SYN, source_port=4)) == {opened}


def test_an_accepted_socket_has_the_options_of_its_listener() -> None:
    listener = row("LISTEN", SERVER, ANY)
    child = row("ESTAB", SERVER, CLIENT, ino=9, sk="2")
    telling = Telling()
    telling.call(
        "setsockopt",
        "SOL_SOCKET",
        "SO_LINGER",
        "{l_onoff=1, l_linger=0}",
        host="server",
        socket="server/1",
    )
    telling.call("listen", "5", host="server", socket="server/1")
    telling.look(change("CLOSED", "LISTEN", "server", SERVER, ANY), server=[listener])
    telling.call("accept", host="server", socket="server/1", result=CLIENT)
    telling.look(server=[listener, child])
    telling.call("close", host="server", socket="server/2")
    telling.segment(from_server(Flags.RST), Fate.SENT)
    telling.look(change("ESTABLISHED", "CLOSED", "server", SERVER, CLIENT), server=[listener])
    assert ("ESTABLISHED", On.ABORT, "CLOSED", "server") in steps_of(telling.record)


def test_ss_may_have_destroyed_it() -> None:
    telling = Telling(client=[row("ESTAB")])
    telling.move("destroy client ESTABLISHED")
    telling.look(change("ESTABLISHED", "CLOSED"))
    assert steps_of(telling.record) == {("ESTABLISHED", On.DESTROY, "CLOSED", "client")}


def test_data_in_a_syn_is_a_fast_open_if_the_answer_acknowledges_it() -> None:
    def opened(acknowledged: int) -> set[On]:
        listener = row("LISTEN", SERVER, ANY)
        telling = Telling(server=[listener])
        telling.segment(replace(SYN, payload=b"hello"), Fate.CARRIED)
        telling.segment(replace(SYN_ACK, ack=acknowledged), Fate.SENT)
        telling.look(
            change("CLOSED", "SYN-RECEIVED", "server", SERVER, CLIENT),
            server=[listener, row("SYN-RECV", SERVER, CLIENT)],
        )
        return {on for _, on, _, _ in steps_of(telling.record)}

    assert opened(106) == {On.SYN_AND_COOKIE}
    assert opened(101) == {On.SYN}


def test_two_causes_at_once_are_none() -> None:
    both = Happened(ESTABLISHED, CLOSED, segment=a(Kind.RST), destroyed=True)
    assert told(both) is None


OTHER = "10.0.0.1:40001"


def test_a_call_is_on_the_socket_that_its_name_stands_for() -> None:
    telling = in_fin_wait_1()
    telling.look(client=[row("FIN-WAIT-1"), row("CLOSE-WAIT", OTHER, sk="2")])
    telling.call("close")  # of client/1, which is in FIN-WAIT-1
    telling.look(change("CLOSE-WAIT", "LAST-ACK", local=OTHER), client=[row("FIN-WAIT-1")])
    assert steps_of(telling.record) == TO_FIN_WAIT_1


@pytest.mark.parametrize(("call", "counted"), [("close", False), ("kill", True)])
def test_one_call_closes_one_socket_but_a_death_all(call: str, counted: bool) -> None:
    telling = Telling(client=[row("ESTAB"), row("ESTAB", OTHER, sk="2")])
    telling.call(call, socket="")
    changes = [change("ESTABLISHED", "FIN-WAIT-1", local=local) for local in (CLIENT, OTHER)]
    rows = [row("FIN-WAIT-1", ino=0), row("FIN-WAIT-1", OTHER, ino=0, sk="2")]
    telling.look(*changes, client=rows)
    closed = {("ESTABLISHED", On.CLOSE, "FIN-WAIT-1", "client")}
    assert steps_of(telling.record) == (closed if counted else set())


@pytest.mark.parametrize(("recv_q", "on"), [(1, On.ABORT), (2, On.CLOSE_UNREAD)])
def test_a_fin_that_is_unread_counts_as_one_byte_of_recv_q(recv_q: int, on: On) -> None:
    telling = Telling()
    linger = "{l_onoff=1, l_linger=0}"
    telling.call("setsockopt", "SOL_SOCKET", "SO_LINGER", linger)
    telling.look(client=[row("CLOSE-WAIT", recv_q=recv_q)])
    telling.call("close")
    telling.look(change("CLOSE-WAIT", "CLOSED"))
    assert steps_of(telling.record) == {("CLOSE-WAIT", on, "CLOSED", "client")}


def test_ss_destroys_the_sockets_of_one_state() -> None:
    telling = Telling(client=[row("ESTAB")])
    telling.move("destroy client LISTEN")
    telling.look(change("ESTABLISHED", "CLOSED"))
    assert steps_of(telling.record) == set()


def test_a_child_goes_with_its_listener_and_not_with_another_call() -> None:
    listener, child = row("LISTEN", SERVER, ANY), row("ESTAB", SERVER, CLIENT, ino=0, sk="2")
    telling = Telling(server=[listener, child])
    telling.call("close", host="server", socket="server/9")
    telling.look(change("ESTABLISHED", "CLOSED", "server", SERVER, CLIENT), server=[listener])
    assert steps_of(telling.record) == set()


def test_a_timer_that_ran_out_while_something_else_happened_is_not_counted() -> None:
    telling = in_fin_wait_1()
    telling.look(client=[row("FIN-WAIT-1", timer="on,2sec,3")])
    telling.call("recv", "1")
    telling.at_s += 3
    telling.look(change("FIN-WAIT-1", "CLOSED"))
    assert steps_of(telling.record) == TO_FIN_WAIT_1


def test_the_time_of_a_timer_counts_from_the_look_that_showed_it() -> None:
    telling = in_fin_wait_1()
    telling.at_s += 100
    telling.call("recv", "1")
    telling.look(client=[row("FIN-WAIT-1", timer="on,2sec,3")])
    telling.at_s += 1
    telling.look(change("FIN-WAIT-1", "CLOSED"))
    assert steps_of(telling.record) == TO_FIN_WAIT_1


@pytest.mark.parametrize(
    ("options", "on"),
    [
        ({"TCP_USER_TIMEOUT": "20"}, On.USER_TIMEOUT),
        ({"TCP_SYNCNT": "1"}, On.RETRANSMISSION_TIMEOUT),
        ({"TCP_USER_TIMEOUT": "20", "TCP_SYNCNT": "1"}, None),
    ],
)
def test_of_two_limits_on_a_syn_there_is_no_telling(options: dict[str, str], on: On | None) -> None:
    telling = Telling()
    for option, value in options.items():
        telling.call("setsockopt", "IPPROTO_TCP", option, value)
        telling.look()
    telling.call("connect", "server:80", returns=False)
    telling.segment(SYN, Fate.SENT)
    telling.look(change("CLOSED", "SYN-SENT"), client=[row("SYN-SENT", timer="on,1sec,1")])
    telling.at_s += 2
    telling.look(change("SYN-SENT", "CLOSED"))
    gone = {("SYN-SENT", on, "CLOSED", "client")} if on else set()
    assert steps_of(telling.record) == gone | {("CLOSED", On.ACTIVE_OPEN, "SYN-SENT", "client")}


def test_a_user_timeout_of_nobody_knows_whom_is_not_told() -> None:
    telling = Telling(client=[row("ESTAB", timer="on,1sec,1")])
    telling.call("setsockopt", "IPPROTO_TCP", "TCP_USER_TIMEOUT", "20", socket="client/5")
    telling.look(client=[row("ESTAB", timer="on,1sec,1")])
    telling.at_s += 2
    telling.look(change("ESTABLISHED", "CLOSED"))
    assert steps_of(telling.record) == set()


@pytest.mark.parametrize(("acknowledged", "counted"), [(500, False), (501, True)])
def test_an_ack_of_syn_is_told_by_its_number(acknowledged: int, counted: bool) -> None:
    listener = row("LISTEN", SERVER, ANY)
    telling = Telling(server=[listener])
    telling.segment(SYN_ACK, Fate.SENT)
    telling.look(server=[listener, row("SYN-RECV", SERVER, CLIENT, ino=0)])
    telling.segment(from_client(Flags.ACK, 101, acknowledged), Fate.CARRIED)
    telling.look(
        change("SYN-RECEIVED", "ESTABLISHED", "server", SERVER, CLIENT),
        server=[listener, row("ESTAB", SERVER, CLIENT, ino=0)],
    )
    established = {("SYN-RECEIVED", On.ACK_OF_SYN, "ESTABLISHED", "server")}
    assert steps_of(telling.record) == (established if counted else set())


def test_a_segment_is_sent_once() -> None:
    telling = Telling()
    telling.segment(SYN, Fate.SENT)
    telling.segment(SYN, Fate.CARRIED)
    telling.look()
    (_, turn) = turns(telling.record)
    assert [segment.fate for segment in turn.sent("client")] == [Fate.SENT]
    assert [segment.fate for segment in turn.arrived("server")] == [Fate.CARRIED]


def test_sockets_that_a_role_did_not_make_it_has_accepted_in_order() -> None:
    listener = row("LISTEN", SERVER, ANY)
    first, second = (row("ESTAB", SERVER, local, sk=local[-1]) for local in (CLIENT, OTHER))
    telling = Telling()
    telling.call("listen", "5", host="server", socket="server/1")
    telling.look(change("CLOSED", "LISTEN", "server", SERVER, ANY), server=[listener])
    telling.call("bind", "server:0", host="server", socket="server/3")
    for peer in (CLIENT, OTHER):
        telling.call("accept", host="server", socket="server/1", result=peer)
        telling.look(server=[listener, first, second])
    telling.call("accept", host="server", socket="server/1", result="10.0.0.9:1")  # it is gone
    telling.look(server=[listener, first, second])
    names = Names(telling.record)
    for turn in turns(telling.record):
        names.learn(turn)
    pairs = {n: names.pair(f"server/{n}") for n in range(1, 6)}
    assert pairs == {
        1: (SERVER, ANY),
        2: (SERVER, CLIENT),
        3: None,
        4: (SERVER, OTHER),
        5: None,
    }


# --- What is not there ------------------------------------------------------------------------


def a_listener_that_sends(error: str | None, *after: str, sends: Packet | None = None) -> Coverage:
    listener = row("LISTEN", SERVER, ANY)
    telling = Telling()
    telling.call("listen", "5", host="server", socket="server/1")
    telling.look(change("CLOSED", "LISTEN", "server", SERVER, ANY), server=[listener])
    telling.call("send", "b'?'", host="server", socket="server/1", error=error)
    if sends is not None:
        telling.segment(sends, Fate.SENT)
    telling.look(server=after)
    return coverage([telling.record])


def test_that_a_listener_can_not_send_is_seen_from_the_call_and_the_row() -> None:
    (arrow,) = (step for step in FIGURE_5 if not step.on_linux)
    listener = row("LISTEN", SERVER, ANY)
    counted = a_listener_that_sends("EPIPE", listener)
    assert counted.seen(arrow) == [Seen("made", "server", "EPIPE, and it stays in LISTEN")]
    # It took the data, it is gone, it is another socket, or it became active after all.
    syn = from_server(Flags.SYN)
    for other in (
        a_listener_that_sends(None, listener),
        a_listener_that_sends("EPIPE"),
        a_listener_that_sends("EPIPE", row("LISTEN", SERVER, ANY, sk="2")),
        a_listener_that_sends("EPIPE", listener, sends=syn),
    ):
        assert other.seen(arrow) == []


def test_who_sends_a_reset_does_not_wait() -> None:
    telling = Telling(client=[row("ESTAB", recv_q=5)])
    telling.call("close")
    telling.segment(from_client(Flags.RST | Flags.ACK), Fate.SENT)
    telling.look(change("ESTABLISHED", "CLOSED"))
    counted = coverage([telling.record])
    (remembered,) = (s for s in STEPS if s.on is On.RST_SENT and s.state is ESTABLISHED)
    assert counted.seen(remembered) == [Seen("made", "client", "CLOSED at once")]


def test_who_gets_a_reset_has_sent_none() -> None:
    telling = Telling(client=[row("ESTAB")])
    telling.segment(from_server(Flags.RST), Fate.CARRIED)
    telling.look(change("ESTABLISHED", "CLOSED"))
    assert coverage([telling.record]).not_taken == {}


# --- All labs together ------------------------------------------------------------------------


def test_the_figure_has_its_21_arrows() -> None:
    assert len(FIGURE_5) == 21
    assert len({(step.state, step.next) for step in FIGURE_5}) == 21
    assert set(FIGURE_5) | set(IN_TEXT) == set(STEPS)
    assert [str(step.on) for step in FIGURE_5 if not step.on_linux] == ["send()"]


def test_an_arrow_is_lost_with_the_lab_that_showed_it() -> None:
    both = coverage([kept("half-close"), kept("simultaneous-close")]).lost(slow=False)
    without = coverage([kept("half-close")]).lost(slow=False)
    assert [(str(s.state), str(s.next)) for s in without if s not in both] == [
        ("FIN-WAIT-1", "CLOSING"),
        ("CLOSING", "TIME-WAIT"),
    ]
    assert set(both) < set(without)


def test_the_arrow_that_takes_a_minute_is_asked_for_only_then() -> None:
    nothing = Coverage()
    minute = [s for s in nothing.lost(slow=True) if s not in nothing.lost(slow=False)]
    assert [(s.state, s.next) for s in minute] == [(TIME_WAIT, CLOSED)]
    assert len(nothing.lost(slow=True)) == 21


def test_a_run_on_loopback_witnesses_nothing() -> None:
    counted = coverage([kept("half-close-loopback")])
    assert counted.left_out == ["half-close"]
    assert (counted.labs, counted.taken, counted.events) == ([], {}, {})


def test_a_lab_counts_once_however_often_it_ran() -> None:
    once, twice = (coverage([kept("half-close")] * times) for times in (1, 2))
    assert once.to_json() == twice.to_json()


def test_the_document_has_every_step_and_who_saw_it() -> None:
    document = coverage([kept("half-close")]).to_json()
    assert document["schema"] == "socklab.coverage/1"
    assert document["labs"] == ["half-close"]
    assert len(document["steps"]) == len(ALL)
    assert sum(step["figure_5"] for step in document["steps"]) == 21
    assert {
        "state": "CLOSED",
        "on": "listen()",
        "cause": "call",
        "next": "LISTEN",
        "source": "RFC 9293 §3.3.2 figure 5",
        "figure_5": True,
        "on_linux": True,
        "seen": [{"lab": "half-close", "host": "server"}],
    } in document["steps"]
    assert {
        "state": "FIN-WAIT-2",
        "event": "data",
        "position": "in window",
        "labs": ["half-close"],
    } in document["events"]


@pytest.mark.parametrize("step", FIGURE_5, ids=named)
def test_every_arrow_says_which_lab_it_wants(step: Step) -> None:
    assert str(step.state) in wanted(step)
    assert str(step.on) in wanted(step)


@given(st.lists(records(), max_size=2))
def test_any_record_is_counted_or_refused(made: list[Record]) -> None:
    counted = Coverage()
    for record in made:
        try:
            counted.add(record)
        except (LabError, ToolError):
            continue
    assert set(counted.taken) <= set(ON_LINUX)
    assert not set(counted.not_taken) & set(ON_LINUX)
