"""A FIN with data: the last bytes and the goodbye in one segment.

Question: is the number in an ACK always one more than the number of what it acknowledges?
See:      data add their length, and a FIN adds one: a segment with five bytes and a FIN is six
          numbers long, and send(MSG_MORE) before close() makes such a segment
Source:   RFC 9293 §3.4; send(2), MSG_MORE
Next:     simultaneous-close
Level:    2
Tags:     close, FIN, sequence numbers, MSG_MORE, FIN-WAIT-2, CLOSE-WAIT
"""

from socket import MSG_MORE

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
    await connection.send(b"hello")
    await connection.send(b"world", MSG_MORE)  # "more is to come": so the kernel waits for it
    await connection.close()


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)

    await bench.call(client="send")
    data = await bench.carry(client=DATA)
    ack = await bench.carry(server=ACK)
    bench.prove(
        "data of five bytes take five sequence numbers",
        expected=data.seq + 5,
        observed=ack.ack,
    )

    await bench.call(client="send")
    bench.expect(client=row(ESTABLISHED, send_q=5), server=ESTABLISHED, wire=[])  # it waits
    await bench.call(client="close")
    bench.expect(client=row(FIN_WAIT_1, send_q=6), wire=[FIN])  # five bytes, and the FIN
    last = await bench.carry(client=FIN)
    bench.prove("the FIN brings the bytes", expected=b"world", observed=last.packet.payload)
    bench.expect(client=FIN_WAIT_1, server=row(CLOSE_WAIT, recv_q=11), wire=[ACK])
    ack = await bench.carry(server=ACK)
    bench.expect(client=FIN_WAIT_2, server=CLOSE_WAIT)
    bench.prove(
        "five bytes and a FIN take six",
        expected=last.seq + 5 + 1,
        observed=ack.ack,
    )

    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"helloworld")  # a stream knows no segments
    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"")  # the FIN comes after the bytes it came with


async def hasty_client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.send(b"hello")
    await connection.send(b"world")
    await connection.close()


control = Control(
    "the last send() does not say that more is to come",
    fails="expected wire empty; observed wire data",
    roles={"client": hasty_client},
)
