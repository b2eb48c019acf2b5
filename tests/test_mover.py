"""The moves that no program makes: ICMP errors, destroyed sockets, forged SYNs; and controls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from socklab import (
    ACK,
    CLOSED,
    ESTABLISHED,
    LISTEN,
    RST,
    SYN,
    SYN_ACK,
    SYN_RECEIVED,
    SYN_SENT,
    Bench,
    Role,
    Unreachable,
    open_bench,
)
from socklab.errors import LabError, MachineError
from socklab.loopback import LoopbackBench
from socklab.mover import MoveRefused
from socklab.record import Fate, Move, Other, Segment, State
from socklab.runner import open_loopback

pytestmark = pytest.mark.kernel


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    with suppress(OSError):
        await connection.recv(100)


async def client(me: Role) -> None:
    connection = me.socket()
    with suppress(OSError):
        await connection.connect(("server", 80))
    with suppress(OSError):
        await connection.recv(100)


PROGRAMS = {"server": server, "client": client}


@pytest.fixture
async def bench(ipv6: bool) -> AsyncIterator[Bench]:
    async with open_bench(PROGRAMS, ipv6=ipv6) as opened:
        yield opened


@pytest.fixture
async def syn_sent(bench: Bench) -> Bench:
    await bench.flow(server=LISTEN)
    await bench.call(client="connect")
    bench.expect(client=SYN_SENT, wire=[SYN])
    return bench


@pytest.mark.parametrize(
    ("why", "fails"),
    [
        (Unreachable.HOST, "EHOSTUNREACH"),
        (Unreachable.PORT, "ECONNREFUSED"),
        (Unreachable.NETWORK, "ENETUNREACH"),
    ],
)
async def test_an_icmp_error_ends_a_connect(syn_sent: Bench, why: Unreachable, fails: str) -> None:
    lost = await syn_sent.unreachable(client=SYN, why=why)
    syn_sent.expect(client=CLOSED, wire=[])
    syn_sent.expect_call(client="connect", fails=fails)
    (told,) = syn_sent.record.of(Other)
    assert (told.from_, told.to, told.fate) == ("server", "client", Fate.INJECTED)
    assert [e.fate for e in syn_sent.record.of(Segment)] == [Fate.SENT, Fate.DROPPED]
    assert lost.packet.kind is SYN
    (closed,) = [e for e in syn_sent.record.of(State) if e.now == "CLOSED"]
    assert closed.cause == told.summary
    assert syn_sent.record.moves()[-1] == f"unreachable client 1 SYN {why.name.lower()}"


async def test_an_icmp_error_is_made_again_from_its_text(syn_sent: Bench) -> None:
    (move,) = [each for each in syn_sent.moves() if str(each) == "drop client 1 SYN"]
    with pytest.raises(LabError, match="is not a move"):
        await syn_sent.make(move.parse("unreachable client 1 SYN"))
    await syn_sent.make(move.parse("unreachable client 1 SYN host"))
    syn_sent.expect_call(client="connect", fails="EHOSTUNREACH")


async def test_ss_destroys_a_connection_and_its_peer_hears_of_it(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(client="recv"), server=ESTABLISHED)
    await bench.call(client="recv")
    await bench.destroy(client=ESTABLISHED)
    bench.expect(client=CLOSED, server=ESTABLISHED, wire=[RST])
    bench.expect_call(client="recv", fails="ECONNABORTED")
    assert [e.cause for e in bench.record.of(State)][-1] == "destroy"
    assert bench.record.moves()[-1] == "destroy client ESTABLISHED"


async def test_ss_destroys_a_request_that_has_no_descriptor(syn_sent: Bench) -> None:
    await syn_sent.carry(client=SYN)
    syn_sent.expect(server=[LISTEN, SYN_RECEIVED])
    await syn_sent.destroy(server=SYN_RECEIVED)
    syn_sent.expect(server=[LISTEN])


async def test_what_is_not_there_can_not_be_destroyed(bench: Bench) -> None:
    with pytest.raises(MoveRefused, match="no socket of client is in ESTABLISHED"):
        await bench.destroy(client=ESTABLISHED)


async def test_a_kernel_that_destroys_nothing_is_told_of(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)

    async def does_nothing(*_: object, **__: object) -> None:
        return

    monkeypatch.setattr(bench.hosts["client"], "run", does_nothing)
    with pytest.raises(MachineError, match="CONFIG_INET_DIAG_DESTROY"):
        await bench.destroy(client=ESTABLISHED)


async def test_a_syn_may_claim_another_port(syn_sent: Bench) -> None:
    forged = await syn_sent.inject(client=SYN, seq=-1000, port=7)
    assert (forged.packet.source_port, forged.seq) == (7, 0)
    syn_sent.expect(server=[LISTEN, SYN_RECEIVED], wire=[SYN, SYN_ACK])
    (answer,) = [s for s in syn_sent.wire.held if s.packet.kind is SYN_ACK]
    assert answer.packet.destination_port == 7
    assert (answer.seq, answer.ack) == (0, 1)  # counted from the forged one's


async def test_counters_are_the_hosts_own(syn_sent: Bench) -> None:
    assert syn_sent.counted(client="TcpActiveOpens") == 1
    assert syn_sent.counted(server="TcpActiveOpens") == 0
    with pytest.raises(LabError, match="no counter 'TcpExtWishes'; `nstat -asz` shows them"):
        syn_sent.counted(server="TcpExtWishes")


async def test_a_control_leaves_moves_out(syn_sent: Bench) -> None:
    syn_sent.without = "carry client 1"
    before = syn_sent.record.moves()
    await syn_sent.carry(client=SYN)
    syn_sent.expect(server=[LISTEN], wire=[SYN])
    syn_sent.without = "inject"
    forged = await syn_sent.inject(client=ACK, seq=1)
    assert forged.packet.kind is ACK
    assert syn_sent.record.moves() == before
    assert not [e for e in syn_sent.record.of(Segment) if e.fate is Fate.INJECTED]
    syn_sent.without = ""
    await syn_sent.carry(client=SYN)
    syn_sent.expect(server=[LISTEN, SYN_RECEIVED])


async def test_on_loopback_no_socket_of_the_machine_is_destroyed() -> None:
    async with open_loopback(PROGRAMS) as bench:
        assert isinstance(bench, LoopbackBench)
        await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
        with pytest.raises(MachineError, match="to destroy sockets needs a held wire"):
            await bench.destroy(client=ESTABLISHED)
        with pytest.raises(MachineError, match="to count for one host alone needs a held wire"):
            bench.counted(client="TcpActiveOpens")
        assert not [e for e in bench.record.of(Move) if e.text.startswith("destroy")]
