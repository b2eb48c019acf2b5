"""The bench on real hosts: its moves, its refusals, and how it tells an expectation not met."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from socket import IPPROTO_TCP, TCP_NODELAY, TCP_USER_TIMEOUT

import pytest
import trio

from socklab import (
    ACK,
    CLOSED,
    DATA,
    ESTABLISHED,
    FIN,
    FIN_WAIT_1,
    LISTEN,
    RST,
    SYN,
    SYN_ACK,
    SYN_RECEIVED,
    SYN_SENT,
    Bench,
    Role,
    Segment,
    Verdict,
    but,
    open_bench,
    row,
)
from socklab.errors import LabError
from socklab.expect import ExpectationNotMet, Expected
from socklab.look import ImpossibleTransition, Look
from socklab.mover import MoveRefused
from socklab.moves import Move
from socklab.observer import RoleFailed
from socklab.packet import Flags, Packet
from socklab.record import (
    Call,
    Event,
    Expect,
    Fate,
    Look as LookEvent,
    Move as MoveEvent,
    Segment as SegmentEvent,
    State,
)
from socklab.ss import parse

pytestmark = pytest.mark.kernel

TEXT = Path(__file__).read_text(encoding="utf-8").splitlines()
"""This file, line by line: for those places that the bench tells."""


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.recv(100)
    await connection.recv(100)
    await connection.close()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)  # two sends are two segments
    await connection.connect(("server", 80))
    await connection.send(b"one")
    await connection.send(b"two")
    await connection.close()


PLAIN = {"server": server, "client": client}


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with open_bench(PLAIN) as opened:
        yield opened


@pytest.fixture
async def connected(bench: Bench) -> Bench:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    return bench


def texts(moves: list[Move]) -> list[str]:
    return [str(move) for move in moves]


async def test_every_role_stands_before_its_first_call(bench: Bench) -> None:
    assert bench.roles["server"].whereabouts() == "server stands before bind(server:80)"
    assert texts(bench.moves()) == ["call server bind", "call client setsockopt"]
    bench.expect(client=CLOSED, server=CLOSED, wire=[])


async def test_moves_are_what_could_happen_next(connected: Bench) -> None:
    await connected.call(client="send")
    assert texts(connected.moves()) == [
        "carry client 3 data",
        "call server recv",
        "call client send",
        "drop client 3 data",
        "duplicate client 3 data",
        "postpone client 3 data",
        "wait client on",
    ]


async def test_a_call_that_blocks_returns_when_its_segment_is_carried(connected: Bench) -> None:
    call = await connected.call(server="recv")
    connected.expect_call(server="recv", blocked=True)
    assert not call.returned
    await connected.call(client="send")
    await connected.carry(client=DATA)
    connected.expect_call(server="recv", returns=b"one")
    assert call.outcome == "b'one'"


async def test_a_call_that_does_not_wait_is_refused(bench: Bench) -> None:
    with pytest.raises(MoveRefused, match=r"client can't close\(\): client stands before set"):
        await bench.call(client="close")
    assert bench.record.moves() == []


async def test_a_segment_that_is_not_there_is_refused_with_what_is(bench: Bench) -> None:
    await bench.call(client="setsockopt")
    await bench.call(client="connect")
    with pytest.raises(MoveRefused) as refused:
        await bench.carry(client=FIN)
    assert str(refused.value).endswith(
        "carry: no FIN from client is on the wire; the wire holds SYN seq 0 from client"
    )
    assert re.match(r"tests/test_bench\.py:\d+: ", str(refused.value))


async def test_dropped_data_arrives_with_nobody(connected: Bench) -> None:
    await connected.call(client="send")
    await connected.drop(client=DATA)
    await connected.call(server="recv")
    connected.expect_call(server="recv", blocked=True)
    connected.expect(client=row(ESTABLISHED, send_q=3, timer="on"), server=ESTABLISHED, wire=[])


async def test_what_overtakes_is_queued_and_read_in_order(connected: Bench) -> None:
    await connected.call(client="send")
    await connected.call(client="send")
    await connected.postpone(client=lambda segment: segment.packet.payload == b"one")
    second = await connected.carry(client=DATA)
    assert second.packet.payload == b"two"
    connected.expect(server=row(ESTABLISHED, recv_q=0))  # out of order: not yet to be read
    await connected.carry(client=DATA)
    connected.expect(server=row(ESTABLISHED, recv_q=6))


async def test_a_duplicate_arrives_twice_and_is_read_once(connected: Bench) -> None:
    await connected.call(client="send")
    segment = await connected.duplicate(client=DATA)
    assert segment in connected.wire.held
    await connected.carry(client=segment)
    connected.expect(server=row(ESTABLISHED, recv_q=3))
    fates = [event.fate for event in connected.record.of(SegmentEvent) if event.flags == "P."]
    assert fates == [Fate.SENT, Fate.DUPLICATED, Fate.CARRIED]


async def test_a_delayed_segment_arrives_after_its_time(connected: Bench) -> None:
    await connected.call(client="send")
    began = trio.current_time()
    await connected.delay(client=DATA, after_s=0.05)
    assert trio.current_time() - began >= 0.05
    connected.expect(server=row(ESTABLISHED, recv_q=3))


async def test_an_injected_reset_ends_the_connection(connected: Bench) -> None:
    injected = await connected.inject(client=RST, seq=1)
    assert injected.packet.source == connected.hosts["client"].address.text
    connected.expect(client=ESTABLISHED, server=CLOSED)


async def test_injected_data_is_read(connected: Bench) -> None:
    await connected.inject(client=DATA, seq=1, ack=1, payload=b"forged")
    connected.expect(server=row(ESTABLISHED, recv_q=6))
    await connected.call(server="recv")
    connected.expect_call(server="recv", returns=b"forged")


async def test_nothing_can_be_injected_without_a_connection(bench: Bench) -> None:
    with pytest.raises(
        LabError, match=r"has sent on 0 connections so far, so there is no number 1"
    ):
        await bench.inject(client=RST, seq=1)


async def test_a_rule_decides_without_a_move_and_both_are_looked_at(bench: Bench) -> None:
    def pass_on(segment: Segment) -> Verdict | None:
        return Verdict.PASS

    for name in ("bind", "listen", "accept"):
        await bench.call(server=name)
    await bench.call(client="setsockopt")
    with bench.rule(pass_on, "open road"):
        await bench.call(client="connect")
    bench.expect(client=ESTABLISHED, server=ESTABLISHED)
    seen = [(event.host, event.now) for event in bench.record.of(State)]
    assert seen == [
        ("server", "LISTEN"),
        ("client", "SYN-SENT"),
        ("server", "SYN-RECEIVED"),
        ("client", "ESTABLISHED"),
        ("server", "ESTABLISHED"),
    ]
    carried = [e for e in bench.record.of(SegmentEvent) if e.fate is Fate.CARRIED]
    assert {event.by for event in carried} == {"open road"}
    await bench.call(client="send")
    bench.expect(wire=[DATA])  # the rule has ended


async def test_a_cut_wire_is_silence_and_no_state_changes(connected: Bench) -> None:
    with connected.cut("client"):
        await connected.call(client="send")
        await connected.call(client="send")
        await connected.call(client="close")
    connected.expect(client=FIN_WAIT_1, server=ESTABLISHED, wire=[])


def last_moves(bench: Bench, count: int) -> list[str]:
    return bench.record.moves()[-count:]


async def test_where_a_wire_is_cut_and_joined_is_a_move_each(connected: Bench) -> None:
    with connected.cut("client", "server"):
        pass
    cut, join = list(connected.record.of(MoveEvent))[-2:]
    assert [cut.text, join.text] == ["cut client server", "join client server"]
    assert cut.where == join.where
    line = int(cut.where.removeprefix("tests/test_bench.py:"))
    assert 'connected.cut("client", "server")' in TEXT[line - 1]
    # Nothing has moved, and `ss` has looked all the same.
    assert [type(e) for e in connected.record.events[-4:]] == [MoveEvent, LookEvent] * 2


async def test_what_is_cut_already_is_not_cut_again(connected: Bench) -> None:
    with connected.cut("client"), connected.cut("client"), connected.cut("client", "server"):
        assert last_moves(connected, 2) == ["cut client", "cut server"]
    assert last_moves(connected, 2) == ["join server", "join client"]
    assert connected.wire.severed == set()


async def test_a_story_that_fails_in_a_cut_leaves_no_move_behind(connected: Bench) -> None:
    with pytest.raises(ZeroDivisionError), connected.cut("client"):
        _ = 1 / 0
    assert last_moves(connected, 1) == ["cut client"]
    assert connected.wire.severed == set()


async def test_a_cut_without_its_block_can_be_made_as_a_move(connected: Bench) -> None:
    await connected.make(Move.parse("cut client"))
    await connected.call(client="send")
    await connected.make(Move.parse("join client"))
    await connected.call(client="send")
    connected.expect(wire=[DATA])
    with pytest.raises(LabError, match="there is no host 'router'"):
        await connected.make(Move.parse("cut client router"))


async def test_who_watches_is_told_of_each_move_before_it_is_made(bench: Bench) -> None:
    seen: list[list[Event]] = []
    bench.watch = lambda: seen.append(list(bench.record.events))
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    with bench.cut("client"):
        await bench.call(client="send")
    # A burst whose events are put in order, and a timer's doing.
    await bench.flow()
    assert [events[-1] for events in seen] == list(bench.record.of(MoveEvent))
    for events in seen:
        assert bench.record.events[: len(events)] == events  # it stayed as it was


@pytest.mark.parametrize("rto_min_us", [1000])
async def test_waiting_for_a_timer_ends_with_the_copy_it_sends(rto_min_us: int) -> None:
    async with open_bench(PLAIN, weather=but(tcp_rto_min_us=rto_min_us)) as bench:
        await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
        await bench.call(client="send")
        await bench.drop(client=DATA)
        await bench.wait(client="on")
        with pytest.raises(MoveRefused, match="no data from client is on the wire"):
            await bench.carry(client=DATA)  # a copy is never taken for the next segment
        await bench.carry(client=DATA, copy=True)
        bench.expect(server=row(ESTABLISHED, recv_q=3))


async def test_waiting_for_a_timer_that_does_not_run_is_refused(connected: Bench) -> None:
    with pytest.raises(MoveRefused, match="no timer 'timewait' runs on client"):
        await connected.wait(client="timewait")


async def test_flow_that_can_not_get_there_says_so(bench: Bench) -> None:
    with pytest.raises(MoveRefused, match="nothing can move any more, and not yet client LISTEN"):
        await bench.flow(client=LISTEN)


async def test_flow_without_a_goal_ends_when_nothing_can_move(bench: Bench) -> None:
    await bench.flow()
    assert all(role.ended for role in bench.roles.values())
    bench.expect(wire=[])


async def test_flow_looks_after_every_move(bench: Bench) -> None:
    await bench.flow()
    looks = [event.kind for event in bench.record.events if event.kind in {"move", "look"}]
    assert looks == ["move", "look"] * len(bench.record.moves())


async def test_unknown_names_are_told_with_the_known_ones(bench: Bench) -> None:
    with pytest.raises(LabError, match="no role 'sever'; the lab has server, client"):
        await bench.call(sever="bind")
    with pytest.raises(LabError, match="no host 'cleint'; the lab has client, server"):
        bench.expect(cleint=CLOSED)
    with pytest.raises(LabError, match="one role or host"):
        await bench.call(client="connect", server="bind")


async def test_a_role_that_raises_ends_the_run_with_its_line() -> None:
    async def stumbling(me: Role) -> None:
        connection = me.socket()
        await connection.connect(("server", 9))

    async with open_bench({"client": stumbling}) as bench:
        await bench.call(client="connect")
        await bench.carry(client=SYN)
        with pytest.raises(RoleFailed) as failed:
            await bench.carry(server=RST)
    assert "client failed: ConnectionRefusedError" in str(failed.value)
    assert 'await connection.connect(("server", 9))' in str(failed.value)
    assert [e.error for e in bench.record.of(Call) if e.error] == ["ECONNREFUSED"]


async def test_several_roles_on_one_host_have_their_own_calls() -> None:
    async def client_2(me: Role) -> None:
        await me.socket().connect(("server", 80))

    async def busy_server(me: Role) -> None:
        listener = me.socket()
        await listener.bind(("server", 80))
        await listener.listen()
        for _ in range(2):
            await listener.accept()

    async with open_bench(
        {"server": busy_server, "client": client_2, "client_2": client_2}
    ) as bench:
        await bench.flow(client=[ESTABLISHED] * 2, server=[ESTABLISHED] * 2)
        bench.expect(client=[ESTABLISHED, ESTABLISHED], server=[LISTEN, ESTABLISHED, ESTABLISHED])
        assert {call.role for call in bench.record.of(Call)} == {"server", "client", "client_2"}


async def test_an_expectation_not_met_tells_the_whole_story(bench: Bench) -> None:
    for name in ("bind", "listen"):
        await bench.call(server=name)
    await bench.call(client="setsockopt")
    await bench.call(client="connect")
    await bench.carry(client=SYN)
    with pytest.raises(ExpectationNotMet) as failed:
        bench.expect(client=ESTABLISHED, server=SYN_RECEIVED)
    first, *story = str(failed.value).splitlines()
    assert re.fullmatch(
        r"tests/test_bench\.py:\d+: expected client ESTABLISHED; observed client SYN-SENT", first
    )
    assert any("server → client   S.  seq 0 ack 1 len 0  sent" in line for line in story)
    assert "What `ss -H -n -O -a -t -o -e -i` showed:" in story
    assert any(line.startswith("  client: SYN-SENT") for line in story)
    assert any(line.startswith("  server: LISTEN") for line in story)
    assert story[-1] == (
        "Hint: the wire still holds SYN+ACK seq 0 ack 1 from server; "
        "carry it first if it is to be there by now."
    )
    assert [event.passed for event in bench.record.of(Expect)] == [False]


@pytest.mark.parametrize(
    ("expected", "wanted", "seen"),
    [
        (row(SYN_SENT, send_q=0), "SYN-SENT Send-Q 0", "SYN-SENT Send-Q 1"),
        (row(SYN_SENT, recv_q=1), "SYN-SENT Recv-Q 1", "SYN-SENT Recv-Q 0"),
        (row(SYN_SENT, timer=""), "SYN-SENT no timer", "SYN-SENT timer on"),
        (CLOSED, "CLOSED", "SYN-SENT"),
        ([SYN_SENT, SYN_SENT], "2 × SYN-SENT", "SYN-SENT"),
        (row(SYN_SENT, orphan=True), "SYN-SENT orphan", "SYN-SENT held by a descriptor"),
        (row(SYN_SENT, accepted=False), "SYN-SENT waiting for accept()", "SYN-SENT accepted"),
        (row(SYN_SENT, timer="on", left_s=(30, 60)), "SYN-SENT timer on 30 to 60 s left", ""),
    ],
)
async def test_each_detail_can_say_no(
    bench: Bench, expected: Expected, wanted: str, seen: str
) -> None:
    await bench.call(client="setsockopt")
    await bench.call(client="connect")
    with pytest.raises(ExpectationNotMet) as failed:
        bench.expect(client=expected)
    assert f"expected client {wanted}; observed client {seen}" in failed.value.summary


async def test_the_wire_is_expected_like_a_host(bench: Bench) -> None:
    await bench.call(client="setsockopt")
    await bench.call(client="connect")
    bench.expect(client=SYN_SENT, wire=[SYN])
    with pytest.raises(ExpectationNotMet, match="expected wire SYN\\+ACK; observed wire SYN"):
        bench.expect(client=SYN_SENT, wire=[SYN_ACK])
    with pytest.raises(ExpectationNotMet, match="expected wire empty; observed wire SYN"):
        bench.expect(wire=[])


async def test_a_claim_that_is_not_true_fails(bench: Bench) -> None:
    bench.prove("one and one", expected=2, observed=1 + 1)
    with pytest.raises(ExpectationNotMet, match="expected one and one 3; observed one and one 2"):
        bench.prove("one and one", expected=3, observed=1 + 1)


async def test_an_impossible_change_of_state_fails_the_run_by_itself(
    connected: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {name: list(rows) for name, rows in connected._seen.rows.items()}
    forged = rows["client"][0].text.replace("ESTAB ", "SYN-SENT ")
    rows["client"] = parse(forged)
    monkeypatch.setattr(connected, "_take_look", lambda: Look(rows))
    with pytest.raises(ImpossibleTransition, match="went from ESTABLISHED to SYN-SENT"):
        await connected.call(client="send")


async def test_the_story_may_not_be_told_after_its_end() -> None:
    async with open_bench(PLAIN) as bench:
        await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    events = len(bench.record.events)
    assert not any(call.returned for role in bench.roles.values() for call in role.inside)
    assert len(bench.record.events) == events


async def test_benches_side_by_side_do_not_meet() -> None:
    opened: AbstractAsyncContextManager[Bench] = open_bench(PLAIN)
    async with opened as one, open_bench(PLAIN) as other:
        await one.flow(client=ESTABLISHED, server=ESTABLISHED)
        other.expect(client=CLOSED, server=CLOSED)
        await other.flow(client=ESTABLISHED, server=ESTABLISHED)
        await one.call(client="send")
        one.expect(wire=[DATA])
        other.expect(wire=[])


async def test_a_held_ack_is_the_servers_to_wait_for(bench: Bench) -> None:
    await bench.flow(until=lambda: any(s.packet.kind is ACK for s in bench.wire.held))
    bench.expect(client=ESTABLISHED, server=SYN_RECEIVED, wire=[ACK])


async def test_a_third_host_is_one_more_name() -> None:
    async def attacker(me: Role) -> None:
        await me.socket().connect(("server", 80))

    async with open_bench(
        PLAIN | {"attacker": attacker}, hosts=("client", "server", "attacker")
    ) as bench:
        await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
        await bench.call(attacker="connect")
        await bench.carry(attacker=SYN)
        await bench.carry(server=SYN_ACK)
        bench.expect(attacker=ESTABLISHED, client=ESTABLISHED, server=[ESTABLISHED, SYN_RECEIVED])
        assert bench.record.hosts["attacker"] == "10.0.0.3"


async def test_hints_for_a_call_are_about_its_role(connected: Bench) -> None:
    with pytest.raises(ExpectationNotMet) as failed:
        connected.expect_call(server="recv", returns=b"one")
    assert failed.value.summary.endswith(
        "expected server recv() b'one'; observed server recv() never came to it"
    )
    assert failed.value.advice[-1] == (
        "Hint: server stands before recv(100); let it go first if it is to be done by now."
    )


async def test_a_move_that_nobody_awaits_is_told_at_the_next_thing_asked(connected: Bench) -> None:
    told = (
        r"test_bench\.py:\d+: nobody awaits call\(\), so it does nothing: write `await bench\.call"
    )
    connected.call(client="send")  # type: ignore[unused-coroutine]
    with pytest.raises(LabError, match=told):
        connected.expect(client=ESTABLISHED)
    connected.call(client="send")  # type: ignore[unused-coroutine]
    with pytest.raises(LabError, match=told):
        await connected.carry(client=DATA)
    assert (await connected.call(client="send")).returned  # it is told once


async def test_a_last_move_that_nobody_awaits_is_told_at_the_end() -> None:
    with pytest.raises(LabError, match=r"nobody awaits call\(\)"):
        async with open_bench(PLAIN) as bench:
            bench.call(client="setsockopt")  # type: ignore[unused-coroutine]
    with pytest.raises(LabError, match=r"nobody awaits flow\(\)") as stumbled:
        async with open_bench(PLAIN) as bench:
            bench.flow(client=ESTABLISHED).returned  # type: ignore[attr-defined]  # noqa: B018
    assert isinstance(stumbled.value.__cause__, AttributeError)


async def test_an_expectation_of_nothing_is_a_mistake(bench: Bench) -> None:
    with pytest.raises(LabError, match="expects nothing"):
        bench.expect()
    with pytest.raises(LabError, match="'ESTABLISHED' is nothing to expect of a host"):
        bench.expect(client="ESTABLISHED")  # type: ignore[arg-type]
    with pytest.raises(LabError, match="can't both return, fail and block"):
        bench.expect_call(client="connect", fails="ECONNREFUSED", blocked=True)
    assert not list(bench.record.of(Expect))


async def test_long_bytes_are_compared_and_not_only_counted() -> None:
    async def chatty(me: Role) -> None:
        connection = me.socket()
        await connection.connect(("server", 80))
        await connection.send(b"a" * 100)

    async with open_bench(PLAIN | {"client": chatty}) as bench:
        await bench.flow(until=lambda: bench.roles["server"].calls[-1].number > 4)
        bench.expect_call(server="recv", returns=b"a" * 100)
        with pytest.raises(ExpectationNotMet, match="100 bytes, other ones from byte 99 on"):
            bench.expect_call(server="recv", returns=b"a" * 99 + b"b")


async def test_flow_goes_on_until_both_are_so(bench: Bench) -> None:
    await bench.flow(lambda: True, client=ESTABLISHED)
    bench.expect(client=ESTABLISHED)


async def test_however_much_a_rule_decides_at_once_it_is_done_one_by_one(bench: Bench) -> None:
    count = 200  # from each host; calls of Python can't be nested so deep as all of them
    with bench.rule(lambda _: Verdict.PASS, "open wire"):
        for host in bench.hosts.values():
            with host.entered():
                raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
            with raw:
                for seq in range(count):  # to an address that nobody has, so nobody answers
                    packet = Packet(
                        host.address.text, "10.0.0.99", 1, 80, Flags.RST, seq, 0, 0, b""
                    )
                    raw.sendto(packet.build(), ("10.0.0.99", 0))
        await bench.settle()
    assert len(bench.record.moves()) == 2 * count
    assert not bench.wire.held


async def test_sockets_that_change_together_are_told_in_the_order_they_came() -> None:
    first, second = 60000, 40000

    async def server(me: Role) -> None:
        listener = me.socket()
        await listener.bind(("server", 80))
        await listener.listen()
        await listener.close()

    async def client(me: Role) -> None:
        for port in (first, second):
            connection = me.socket()
            await connection.bind(("client", port))
            await connection.connect(("server", 80))

    async with open_bench({"client": client, "server": server}) as bench:
        await bench.call(server="bind")
        await bench.call(server="listen")
        for _ in range(2):
            await bench.call(client="bind")
            await bench.call(client="connect")
            await bench.carry(client=SYN)
            await bench.carry(server=SYN_ACK)
            await bench.carry(client=ACK)
        await bench.call(server="close")
        ended = [e.peer for e in bench.record.of(State) if e.host == "server" and e.now == "CLOSED"]
    assert ended[1:] == [f"10.0.0.1:{first}", f"10.0.0.1:{second}"]  # after the listener itself


async def test_a_call_that_its_role_gave_up_can_not_be_let_go() -> None:
    async def impatient(me: Role) -> None:
        connection = me.socket()
        await connection.connect(("server", 80))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.recv, 10)
            await connection.send(b"x")
            nursery.cancel_scope.cancel()
        await connection.close()

    async with open_bench(PLAIN | {"client": impatient}) as bench:
        await bench.flow(bench.stands_before(client="send"))
        await bench.call(client="send")
        with pytest.raises(MoveRefused, match=r"client can't recv\(\): client stands before close"):
            await bench.call(client="recv")
        assert "call client recv" not in texts(bench.moves())


async def test_what_a_timer_does_to_a_call_is_told_before_the_state_it_leaves() -> None:
    async def abandoned(me: Role) -> None:
        connection = me.socket()
        await connection.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, 150)  # ms
        await connection.connect(("server", 80))
        await connection.send(b"x")
        with suppress(TimeoutError):
            await connection.recv(10)

    for _ in range(4):
        async with open_bench(
            PLAIN | {"client": abandoned}, weather=but(tcp_rto_min_us=200_000)
        ) as bench:
            await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
            await bench.call(client="send")
            recv = await bench.call(client="recv")
            while not recv.returned:
                await bench.wait(client="on")
            bench.expect_call(client="recv", fails="ETIMEDOUT")
            told = [event for event in bench.record.of(Call, State) if event.host == "client"]
            assert [type(event) for event in told[-2:]] == [Call, State]
            assert told[-1].cause == "timer"
