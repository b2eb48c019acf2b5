"""TCP_DEFER_ACCEPT: no accept() before there is something to read.

Question: how does a server not wake up for clients that connect and say nothing?
See:      the listener ignores the bare ACK that ends a handshake: the client is ESTABLISHED,
          the server stays in SYN-RECEIVED until data arrive, and those make the connection
Linux:    an ACK of the SYN does not end SYN-RECEIVED here, though the RFC says that it does
Source:   tcp(7), TCP_DEFER_ACCEPT; RFC 9293 §3.10.7.4; Linux: tcp_check_req
Next:     fast-open
Level:    2
Tags:     establish, accept, SYN-RECEIVED, TCP_DEFER_ACCEPT
"""

from socket import IPPROTO_TCP, TCP_DEFER_ACCEPT

from socklab import (
    ACK,
    DATA,
    ESTABLISHED,
    LISTEN,
    SYN,
    SYN_ACK,
    SYN_RECEIVED,
    Bench,
    Control,
    Role,
    row,
)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.setsockopt(IPPROTO_TCP, TCP_DEFER_ACCEPT, 30)  # seconds, at most
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.recv(100)


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.send(b"GET /")


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="accept"))
    await bench.call(server="accept")
    await bench.call(client="connect")
    await bench.carry(client=SYN)
    await bench.carry(server=SYN_ACK)
    bench.expect_call(client="connect")  # for the client the handshake is over
    bare = await bench.carry(client=ACK)
    bench.expect(client=ESTABLISHED, server=[row(LISTEN, recv_q=0), SYN_RECEIVED], wire=[])
    bench.expect_call(server="accept", blocked=True)
    bench.prove(
        "the server's kernel has counted the ACK that it ignored",
        expected=1,
        observed=bench.counted(server="TcpExtTCPDeferAcceptDrop"),
    )

    await bench.call(client="send")
    data = await bench.carry(client=DATA)
    bench.prove("the data bring that ACK again", expected=bare.ack, observed=data.ack)
    bench.expect(client=ESTABLISHED, server=row(ESTABLISHED, recv_q=5))
    await bench.call(server="recv")  # accept() has returned, and recv() need not wait
    bench.expect_call(server="recv", returns=b"GET /")


async def eager_server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.recv(100)


control = Control(
    "the listener does not defer",
    fails="expected server LISTEN Recv-Q 0 + SYN-RECEIVED; observed server ESTABLISHED",
    roles={"server": eager_server},
)
