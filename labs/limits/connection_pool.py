"""The connection pool: a connection for each request, or one for all.

Question: what does a client save that keeps its connection for the next request?
See:      all that is not the request: the handshake of three segments, the close of four, and a
          minute of TIME-WAIT with its port, which are due once for each connection
Source:   RFC 9293 §3.5, §3.6; RFC 9112 §9.3; nstat(8), TcpActiveOpens and TcpOutSegs
Next:     descriptor-exhaustion
Level:    1
Tags:     limits, connection pool, handshake, TIME-WAIT
"""

from socklab import ACK, CLOSED, DATA, ESTABLISHED, TIME_WAIT, Bench, Control, Role, row

REQUESTS = 2
HANDSHAKE, REQUEST, CLOSE = 3, 2, 4  # segments: a request has its ACK, and no answer here


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    for _ in range(REQUESTS):
        connection, _ = await listener.accept()
        await connection.recv(100)
        await connection.recv(100)  # empty: the client has closed
        await connection.close()
    await listener.accept()


async def client(me: Role) -> None:
    for _ in range(REQUESTS):
        connection = me.socket()
        await connection.connect(("server", 80))
        await connection.send(b"request")
        await connection.close()


async def client_2(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    for _ in range(REQUESTS):
        await connection.send(b"request")


def counted(bench: Bench) -> tuple[int, int]:
    """Handshakes that the client has begun, and segments that both hosts have sent once."""
    sent = bench.counted(client="TcpOutSegs") + bench.counted(server="TcpOutSegs")
    again = bench.counted(client="TcpRetransSegs") + bench.counted(server="TcpRetransSegs")
    return bench.counted(client="TcpActiveOpens"), sent - again


async def story(bench: Bench) -> None:
    await bench.flow(client=[TIME_WAIT] * REQUESTS, server=CLOSED)
    bench.expect(client=[TIME_WAIT] * REQUESTS, server=CLOSED)  # no port of these for a minute
    handshakes, segments = counted(bench)
    bench.prove(
        "handshakes and segments, with a connection for each request",
        expected=(REQUESTS, REQUESTS * (HANDSHAKE + REQUEST + CLOSE)),
        observed=(handshakes, segments),
    )

    await bench.call(client_2="connect")
    await bench.flow(server=ESTABLISHED)
    await bench.call(server="accept")
    for _ in range(REQUESTS):
        await bench.call(client_2="send")
        await bench.carry(client=DATA)
        await bench.carry(server=ACK)
    kept = row(ESTABLISHED, recv_q=REQUESTS * len(b"request"))  # and ready for more
    bench.expect(client=[TIME_WAIT] * REQUESTS + [ESTABLISHED], server=kept)
    handshakes_in_all, segments_in_all = counted(bench)
    bench.prove(
        "handshakes and segments, with one connection for all requests",
        expected=(1, HANDSHAKE + REQUESTS * REQUEST),
        observed=(handshakes_in_all - handshakes, segments_in_all - segments),
    )


async def wasteful_client(me: Role) -> None:
    for _ in range(REQUESTS):
        connection = me.socket()
        await connection.connect(("server", 80))
        await connection.send(b"request")
        await connection.close()


control = Control(
    "the second client does not keep its connection either",
    fails="client_2 can't send(): client_2 stands before close()",
    roles={"client_2": wasteful_client},
)
