"""Steps that are easily taken for one another, taken by real sockets and told apart."""

from __future__ import annotations

from socket import IPPROTO_TCP, SHUT_WR, SO_LINGER, SOL_SOCKET, TCP_LINGER2

import pytest

from socklab import ACK, DATA, ESTABLISHED, FIN, Bench, Role, linger, open_bench
from socklab.coverage import coverage
from socklab.lab import Program, Story
from socklab.tcp import On

pytestmark = pytest.mark.kernel


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.send(b"unread")
    await connection.close()


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.close()


async def taken(host: str, server: Program, story: Story, client: Program = client) -> set[On]:
    """The triggers of the steps that a host's ends took once they were established."""
    async with open_bench({"server": server, "client": client}) as bench:
        await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
        await story(bench)
    counted = coverage([bench.record])
    return {
        step.on
        for step, witnesses in counted.taken.items()
        if any(seen.host == host for seen in witnesses)
    } - {On.PASSIVE_OPEN, On.ACTIVE_OPEN, On.SYN, On.SYN_ACK, On.ACK_OF_SYN}


async def test_close_of_a_listener_takes_what_nobody_accepted() -> None:
    async def shy_server(me: Role) -> None:
        listener = me.socket()
        await listener.bind(("server", 80))
        await listener.listen()
        await listener.close()

    async with open_bench({"server": shy_server, "client": client}) as bench:
        await bench.call(server="bind")
        await bench.call(server="listen")
        await bench.call(client="connect")
        await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
        await bench.call(server="close")
    steps = coverage([bench.record]).taken
    assert {On.CLOSE, On.CLOSE_OF_LISTENER} <= {step.on for step in steps}


async def test_so_linger_is_inherited_from_the_listener() -> None:
    async def abrupt_server(me: Role) -> None:
        listener = me.socket()
        await listener.setsockopt(SOL_SOCKET, SO_LINGER, linger(0))
        await listener.bind(("server", 80))
        await listener.listen()
        connection, _ = await listener.accept()
        await connection.close()

    async def story(bench: Bench) -> None:
        await bench.call(server="close")

    assert await taken("server", abrupt_server, story) == {On.ABORT}


async def test_close_is_abrupt_where_data_is_unread() -> None:
    async def story(bench: Bench) -> None:
        await bench.call(client="send")
        await bench.carry(client=DATA)
        await bench.call(server="close")

    assert await taken("server", server, story) == {On.CLOSE_UNREAD}


async def test_a_fin_that_is_unread_is_no_data() -> None:
    async def done_client(me: Role) -> None:
        connection = me.socket()
        await connection.connect(("server", 80))
        await connection.shutdown(SHUT_WR)

    async def story(bench: Bench) -> None:
        await bench.call(client="shutdown")
        await bench.carry(client=FIN)
        await bench.call(server="close")

    assert await taken("server", server, story, done_client) == {On.FIN, On.CLOSE}


async def test_tcp_linger2_ends_what_the_ack_of_fin_would_keep() -> None:
    async def hasty_server(me: Role) -> None:
        listener = me.socket()
        await listener.bind(("server", 80))
        await listener.listen()
        connection, _ = await listener.accept()
        await connection.setsockopt(IPPROTO_TCP, TCP_LINGER2, -1)
        await connection.close()

    async def story(bench: Bench) -> None:
        await bench.call(server="setsockopt")
        await bench.call(server="close")
        await bench.carry(server=FIN)
        await bench.carry(client=ACK)

    assert await taken("server", hasty_server, story) == {On.CLOSE, On.ACK_OF_FIN}


async def test_a_process_that_dies_closes_what_it_held_last() -> None:
    async def forking_server(me: Role) -> None:
        listener = me.socket()
        await listener.bind(("server", 80))
        await listener.listen()
        connection, _ = await listener.accept()
        child = await me.fork()
        await connection.close()
        await child.kill()

    async def story(bench: Bench) -> None:
        await bench.call(server="fork")
        await bench.call(server="close")
        bench.expect(server=ESTABLISHED)  # the child holds it
        await bench.call(server="kill")

    assert await taken("server", forking_server, story) == {On.CLOSE}


async def test_ss_may_destroy_what_no_timer_ends() -> None:
    async def story(bench: Bench) -> None:
        await bench.destroy(client=ESTABLISHED)

    assert await taken("client", server, story) == {On.DESTROY}
