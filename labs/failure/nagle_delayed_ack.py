"""Nagle's algorithm: a small segment waits for the ACK of the one before it.

Question: a client writes a request in two small pieces; why does the second arrive 40 ms late?
See:      the second piece stays in the client's Send-Q, though window and wire are free, until
          the ACK of the first: so a peer that delays its ACK delays the request
Source:   RFC 9293 §3.7.4 (Nagle), §3.8.6.3 (delayed ACK); RFC 896; tcp(7), TCP_NODELAY
Next:     backlog-sequential
Level:    2
Tags:     failure, Nagle, delayed ACK, TCP_NODELAY, latency
"""

from socket import IPPROTO_TCP, TCP_NODELAY

from socklab import ACK, DATA, ESTABLISHED, Bench, Control, Role, row


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.recv(100)
    await connection.recv(100)  # half a request has no answer, on which the ACK could ride
    await connection.send(b"answer")


async def client(me: Role, no_delay: int = 0) -> None:
    connection = me.socket()
    await connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, no_delay)  # 0 is the default
    await connection.connect(("server", 80))
    await connection.send(b"head")
    await connection.send(b"body")
    await connection.recv(100)


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="recv"))
    await bench.call(client="send")
    bench.expect(client=row(ESTABLISHED, send_q=4), wire=[DATA])  # nothing was unacknowledged
    await bench.call(client="send")
    bench.expect_call(client="send", returns=4)  # its program has sent it
    bench.expect(client=row(ESTABLISHED, send_q=8), wire=[DATA])  # its kernel has not
    await bench.call(client="recv")  # write, write, read

    head = await bench.carry(client=DATA)
    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"head")
    await bench.call(server="recv")
    bench.expect_call(server="recv", blocked=True)
    # A host may keep this ACK back for 40 ms (Linux) to 500 ms (RFC), in case it can ride on
    # data. The lab's routes have `quickack 1`, so that here it stands on the wire instead.
    bench.expect(client=row(ESTABLISHED, send_q=8), server=ESTABLISHED, wire=[ACK])

    await bench.carry(server=ACK)  # and out goes the rest, at once
    bench.expect(client=row(ESTABLISHED, send_q=4), wire=[DATA])
    body = await bench.carry(client=DATA)
    bench.expect_call(server="recv", returns=b"body")
    await bench.flow()
    bench.expect_call(client="recv", returns=b"answer")
    bench.prove(
        "two writes are two segments",
        expected=(b"head", b"body"),
        observed=(head.packet.payload, body.packet.payload),
    )


async def hurried_client(me: Role) -> None:
    await client(me, no_delay=1)


control = Control(
    "the client sets TCP_NODELAY",
    fails="expected wire data; observed wire data + data",
    roles={"client": hurried_client},
)
