"""Sockets whose calls wait in threads, that children hold too, and that can't be accepted."""

from __future__ import annotations

import os
import signal
import socket
import threading
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from socket import MSG_MORE, MSG_PEEK, SO_LINGER, SOL_SOCKET

import pytest

from socklab import (
    ACK,
    CLOSED,
    DATA,
    ESTABLISHED,
    FIN,
    FIN_WAIT_1,
    FIN_WAIT_2,
    RST,
    Bench,
    Role,
    linger,
    open_bench,
    row,
)
from socklab.lab import Program
from socklab.record import Call, State
from tests.stand import children

pytestmark = pytest.mark.kernel


async def listening(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    with suppress(OSError):
        await connection.recv(1, MSG_PEEK)
        await connection.recv(100)


def opened(client: Program, server: Program = listening) -> AbstractAsyncContextManager[Bench]:
    return open_bench({"server": server, "client": client})


async def patient(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.setsockopt(SOL_SOCKET, SO_LINGER, linger(60))
    await connection.send(b"last ", MSG_MORE)
    await connection.close()


async def test_close_that_lingers_blocks_until_its_fin_is_acknowledged() -> None:
    threads = threading.active_count()
    async with opened(patient) as bench:
        await bench.flow(until=bench.stands_before(client="send"), client=ESTABLISHED)
        await bench.call(client="send")
        bench.expect(client=row(ESTABLISHED, send_q=5), wire=[])
        await bench.call(client="close")
        bench.expect(client=FIN_WAIT_1, wire=[FIN])
        bench.expect_call(client="close", blocked=True)
        await bench.carry(client=FIN)
        bench.expect_call(client="close", blocked=True)
        await bench.carry(server=ACK)
        bench.expect_call(client="close")
        bench.expect(client=FIN_WAIT_2)
        told = [f"{e.call}({', '.join(e.arguments)})" for e in bench.record.of(Call)]
        assert "send(b'last ', MSG_MORE)" in told
    assert threading.active_count() == threads


async def test_close_that_still_lingers_at_the_end_keeps_nothing() -> None:
    async with opened(patient) as bench:
        await bench.flow(until=bench.stands_before(client="close"))
        await bench.call(client="close")
        bench.expect_call(client="close", blocked=True)
        (thread,) = [t for t in threading.enumerate() if t is not threading.main_thread()]
    thread.join(20)
    assert not thread.is_alive()


async def peeking(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.send(b"abc")


async def test_what_is_peeked_at_is_still_there() -> None:
    async with opened(peeking) as bench:
        await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
        await bench.call(client="send")
        await bench.carry(client=DATA)
        await bench.call(server="recv")
        bench.expect_call(server="recv", returns=b"a")
        bench.expect(server=row(ESTABLISHED, recv_q=3))
        await bench.call(server="recv")
        bench.expect_call(server="recv", returns=b"abc")


async def parent(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    child = await me.fork()
    await connection.close()
    await child.kill()


async def test_a_childs_descriptor_keeps_a_connection_open() -> None:
    before = children()
    async with opened(parent) as bench:
        await bench.flow(until=bench.stands_before(client="close"))
        (child,) = [pid for pid in children() - before if _name_of(pid) == "cat"]
        await bench.call(client="close")
        bench.expect(client=ESTABLISHED, server=ESTABLISHED, wire=[])
        await bench.call(client="kill")
        bench.expect(client=FIN_WAIT_1, wire=[FIN])
        assert [e.cause for e in bench.record.of(State)][-1] == "kill"
        assert child not in children()
    assert children() == before


async def test_a_child_that_nobody_kills_ends_with_the_run() -> None:
    before = children()
    async with opened(parent) as bench:
        await bench.flow(until=bench.stands_before(client="kill"))
    assert children() == before


async def test_a_child_that_died_by_itself_does_not_disturb_the_end() -> None:
    before = children()
    async with opened(parent) as bench:
        await bench.flow(until=bench.stands_before(client="kill"))
        (child,) = [pid for pid in children() - before if _name_of(pid) == "cat"]
        os.kill(child, signal.SIGKILL)
    assert children() == before


def _name_of(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


async def crowded(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    for _ in range(2):
        with me.out_of_descriptors(), suppress(OSError):
            await listener.accept()
    await listener.accept()


async def test_accept_fails_where_no_descriptor_is_free_and_works_again() -> None:
    async with opened(peeking, crowded) as bench:
        await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
        bench.expect_call(server="accept", fails="EMFILE")
        await bench.call(server="accept")
        bench.expect_call(server="accept", fails="EMFILE")
        bench.expect(server=row(ESTABLISHED, accepted=False))
        await bench.call(server="accept")
        bench.expect(server=row(ESTABLISHED, accepted=True))
    with socket.socket():  # the limit is as it was
        pass


async def changing(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.disconnect()
    await connection.connect(("server", 80))


async def test_a_socket_that_was_disconnected_connects_again() -> None:
    async with opened(changing) as bench:
        await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
        await bench.call(client="disconnect")
        bench.expect(client=CLOSED, wire=[RST])
        bench.expect_call(client="disconnect")
        await bench.carry(client=RST)
        await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
