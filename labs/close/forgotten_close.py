"""The forgotten close(): why CLOSE-WAIT piles up on a server.

Question: the clients are long gone, so why does the server still show CLOSE-WAIT?
See:      nothing but the server's own close() ends CLOSE-WAIT: no timer runs, the client's
          orphan is reaped without a word, and each leak keeps a descriptor
Source:   RFC 9293 §3.6; tcp(7), tcp_fin_timeout
Next:     three-segment
Level:    1
Tags:     close, CLOSE-WAIT, FIN-WAIT-2, orphan, leak
Bench:    wire or loopback
"""

from socket import SHUT_WR

from socklab import (
    ACK,
    CLOSE_WAIT,
    CLOSED,
    ESTABLISHED,
    FIN,
    FIN_WAIT_2,
    Bench,
    Control,
    Role,
    but,
    row,
)

CLIENTS = 5
LEAK = row(CLOSE_WAIT, recv_q=0, timer="", orphan=False)  # all read, no timer, still held

# The kernel reaps an orphan in FIN-WAIT-2 after a minute; with these after some milliseconds.
weather = but(tcp_fin_timeout=0, tcp_rto_min_us=1000)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    for _ in range(CLIENTS):
        connection, _ = await listener.accept()
        await connection.recv(100)  # empty: the client is done. And now? close() is forgotten


async def client(me: Role) -> None:
    for number in range(CLIENTS):
        connection = me.socket()
        await connection.connect(("server", 80))
        await connection.shutdown(SHUT_WR)
        if number == 0:
            await connection.close()


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    await bench.call(client="shutdown")
    await bench.carry(client=FIN)
    await bench.carry(server=ACK)
    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"")  # the server has been told
    bench.expect(client=row(FIN_WAIT_2, timer="", orphan=False), server=LEAK)  # both just wait

    await bench.call(client="close")  # the client's program is done with it altogether
    bench.expect(client=row(FIN_WAIT_2, timer="timewait", orphan=True), server=LEAK)
    await bench.wait(client="timewait")
    bench.expect(client=CLOSED, server=LEAK)  # now its kernel is, too: no segment tells anybody

    await bench.flow(server=[LEAK] * CLIENTS)  # the same with four more
    bench.expect(server=[LEAK] * CLIENTS)
    bench.prove(
        "each leak keeps a descriptor of the server's",
        expected=CLIENTS,
        observed=bench.descriptors(server=CLOSE_WAIT),
    )


async def careful_server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    for _ in range(CLIENTS):
        connection, _ = await listener.accept()
        await connection.recv(100)
        await connection.close()


control = Control(
    "the server remembers close()",
    fails="nothing can move any more, and not yet server 5 × CLOSE-WAIT",
    roles={"server": careful_server},
)
