"""accept(): it takes a finished connection out of a queue, and no more.

Question: what does accept() have to do with the three-way handshake?
See:      it has no part in it: it returns a connection that the kernel has finished, and sends
          no segment; data, and even the FIN, may be there before it is called
Source:   RFC 9293 §3.5, figure 6; §3.10.7.4; accept(2), listen(2); ss(8)
Next:     syn-lost
Level:    1
Tags:     establish, handshake, accept, backlog, CLOSE-WAIT
"""

from socklab import (
    ACK,
    CLOSE_WAIT,
    DATA,
    ESTABLISHED,
    FIN,
    FIN_WAIT_2,
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
    await listener.listen()
    connection, _ = await listener.accept()  # but only when everything has happened
    await connection.recv(100)
    await connection.recv(100)


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.send(b"anybody there?")
    await connection.close()


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="accept"))
    await bench.call(client="connect")
    await bench.carry(client=SYN)
    await bench.carry(server=SYN_ACK)
    bench.expect_call(client="connect")  # to the client the connection is open
    bench.expect(client=ESTABLISHED, server=[row(LISTEN, recv_q=0), SYN_RECEIVED])
    await bench.carry(client=ACK)
    # The handshake is over. In the listener's row Recv-Q counts what waits for accept().
    waiting = row(ESTABLISHED, recv_q=0, accepted=False)
    bench.expect(client=ESTABLISHED, server=[row(LISTEN, recv_q=1), waiting])

    await bench.call(client="send")
    await bench.carry(client=DATA)
    await bench.carry(server=ACK)  # by the kernel: no program has this connection yet
    waiting = row(ESTABLISHED, recv_q=14, accepted=False)
    bench.expect(client=row(ESTABLISHED, send_q=0), server=[row(LISTEN, recv_q=1), waiting])

    await bench.call(client="close")
    await bench.carry(client=FIN)
    await bench.carry(server=ACK)
    waiting = row(CLOSE_WAIT, recv_q=15, accepted=False)  # the unread FIN counts as one
    bench.expect(client=FIN_WAIT_2, server=[row(LISTEN, recv_q=1), waiting])

    await bench.call(server="accept")  # the client is gone, and yet it succeeds
    accepted = row(CLOSE_WAIT, recv_q=15, accepted=True)
    bench.expect(client=FIN_WAIT_2, server=[row(LISTEN, recv_q=0), accepted], wire=[])
    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"anybody there?")
    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"")


control = Control(
    "the handshake is not finished: its third segment is lost",
    fails="observed server LISTEN Recv-Q 0",
    loses=lambda segment: segment.packet.kind is ACK and segment.sender == "client",
)
