"""Close into a zero window: FIN-WAIT-1, and no FIN has been sent.

Question: the server does not read and its window is 0; what does the client's close() send?
See:      it sends nothing: the state is FIN-WAIT-1, but the FIN stands in the queue behind the
          data, and the persist timer runs for both; it leaves after the last byte
Source:   RFC 9293 §3.10.4 (ESTABLISHED), §3.8.6.1
Next:     linger-blocks
Level:    3
Tags:     close, FIN, FIN-WAIT-1, orphan, zero window, persist, SO_RCVBUF
"""

from socket import SO_RCVBUF, SOL_SOCKET

from socklab import (
    ACK,
    CLOSE_WAIT,
    ESTABLISHED,
    FIN,
    FIN_WAIT_1,
    FIN_WAIT_2,
    Bench,
    Control,
    Role,
    row,
)

LETTER = b"x" * 1500


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.setsockopt(SOL_SOCKET, SO_RCVBUF, 1)  # rounded up to the least there is
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.recv(2000)
    await connection.recv(2000)
    await connection.recv(2000)


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.send(LETTER)
    await connection.close()


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)

    await bench.call(client="send")
    bench.expect_call(client="send", returns=len(LETTER))  # more than the server has room for
    await bench.flow(client=row(ESTABLISHED, timer="persist"))
    bench.expect(server=ESTABLISHED, wire=[])  # the window is full, the rest waits

    await bench.call(client="close")
    bench.expect_call(client="close")
    stuck = row(FIN_WAIT_1, timer="persist", orphan=True)
    bench.expect(client=stuck, server=row(ESTABLISHED, timer=""), wire=[])  # no FIN!

    await bench.call(server="recv")
    bench.expect(client=stuck, server=ESTABLISHED, wire=[ACK])  # it says: there is room again
    await bench.carry(server=ACK)
    bench.expect(client=row(FIN_WAIT_1, timer="on"), server=ESTABLISHED, wire=[FIN])
    fin = await bench.carry(client=FIN)
    bench.prove(
        "the FIN comes after all the bytes",
        expected=1 + len(LETTER),
        observed=fin.seq + len(fin.packet.payload),
    )
    bench.expect(client=FIN_WAIT_1, server=CLOSE_WAIT)
    await bench.carry(server=ACK)
    bench.expect(client=FIN_WAIT_2, server=CLOSE_WAIT)

    await bench.call(server="recv")
    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"")


async def roomy_server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    await listener.accept()


control = Control(
    "the server has room for all of it",
    fails="nothing can move any more, and not yet client ESTABLISHED timer persist",
    roles={"server": roomy_server},
)
