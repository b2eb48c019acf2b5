"""Data to an orphan: close() is not a half-close.

Question: after the client's close() the server still sends; who tells it that nobody reads?
See:      a FIN says only that its sender sends no more; that nobody reads either, the server
          learns from a RST: what it sent is lost, both ends are gone, and there is no TIME-WAIT
Source:   RFC 9293 §3.6.1; RFC 1122 §4.2.2.13; shutdown(2)
Next:     reset-meets-fin
Level:    2
Tags:     abort, orphan, RST, FIN-WAIT-2, CLOSE-WAIT, EPIPE, half-close
"""

from contextlib import suppress

from socklab import (
    ACK,
    CLOSE_WAIT,
    CLOSED,
    DATA,
    ESTABLISHED,
    FIN,
    FIN_WAIT_2,
    RST,
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
    await connection.send(b"still here")
    await connection.recv(100)
    with suppress(BrokenPipeError):
        await connection.send(b"still here")


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.close()


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    await bench.call(client="close")
    await bench.carry(client=FIN)
    await bench.carry(server=ACK)
    # To the server it looks like a half-close. But no descriptor holds the client's end.
    bench.expect(client=row(FIN_WAIT_2, orphan=True), server=CLOSE_WAIT, wire=[])

    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"")
    await bench.call(server="send")
    bench.expect_call(server="send", returns=10)  # it can't know
    data = await bench.carry(server=DATA)
    bench.expect(client=CLOSED, server=row(CLOSE_WAIT, send_q=10), wire=[RST])
    reset = await bench.carry(client=RST)
    bench.expect(client=CLOSED, server=CLOSED, wire=[])
    bench.prove(
        "the RST has the number that the data acknowledged, so that the server believes it",
        expected=data.ack,
        observed=reset.seq,
    )

    # The FIN came before the RST: so it goes on to be an end of file, and no ECONNRESET.
    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"")
    await bench.call(server="send")
    bench.expect_call(server="send", fails="EPIPE")


control = Control(
    "the RST is lost, and the FIN alone has not told the server",
    fails="expected server CLOSED; observed server CLOSE-WAIT",
    loses=lambda segment: segment.packet.kind is RST,
)
