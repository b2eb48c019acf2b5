"""The FIN overtakes the data: a goodbye that has to wait its turn.

Question: the FIN arrives before the data that were sent before it; are they lost?
See:      the kernel keeps the FIN and asks for what is missing; the server stays ESTABLISHED and
          its recv() blocked until the data arrive, and then both take effect at once
Source:   RFC 9293 §3.10.7.4, §3.4; RFC 5681 §4.2
Next:     fin-wait-2-forever
Level:    2
Tags:     close, FIN, reordering, CLOSE-WAIT, sequence numbers
"""

from socklab import (
    ACK,
    CLOSE_WAIT,
    DATA,
    ESTABLISHED,
    FIN,
    FIN_WAIT_1,
    FIN_WAIT_2,
    Bench,
    Control,
    Role,
    row,
)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.recv(100)
    await connection.recv(100)


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.send(b"last words")
    await connection.close()


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    await bench.call(server="recv")

    await bench.call(client="send")
    await bench.call(client="close")
    bench.expect(client=FIN_WAIT_1, server=ESTABLISHED, wire=[DATA, FIN])
    await bench.carry(client=FIN)  # it was sent second, and comes first
    bench.expect(client=FIN_WAIT_1, server=row(ESTABLISHED, recv_q=0), wire=[DATA, ACK])
    bench.expect_call(server="recv", blocked=True)  # no end of file before the end of the data
    asking = await bench.drop(server=ACK)  # or the client would send the data a second time
    bench.prove("the server asks for the first byte", expected=1, observed=asking.ack)

    data = await bench.carry(client=DATA)
    bench.expect(client=FIN_WAIT_1, server=CLOSE_WAIT)  # data that bring about CLOSE-WAIT
    bench.expect_call(server="recv", returns=b"last words")
    ack = await bench.carry(server=ACK)
    bench.prove(
        "one ACK for the ten bytes and for the FIN that was kept",
        expected=data.seq + 10 + 1,
        observed=ack.ack,
    )
    bench.expect(client=FIN_WAIT_2, server=CLOSE_WAIT)
    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"")  # now comes the end of file


control = Control(
    "the data are lost, so the FIN has to wait on",
    fails="expected server CLOSE-WAIT; observed server ESTABLISHED",
    loses=lambda segment: segment.packet.kind is DATA,
)
