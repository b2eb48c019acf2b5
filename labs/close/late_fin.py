"""The late FIN: the server closes at last, and nobody is there.

Question: why is a server's close() answered with a RST, although the client closed politely?
See:      the client's kernel no longer knows the connection, so it answers the FIN as it answers
          any segment out of the blue; close() on the server succeeds all the same
Source:   RFC 9293 §3.5.2, group 1; tcp(7), tcp_fin_timeout
Next:     shutdown-read
Level:    2
Tags:     close, FIN, RST, CLOSE-WAIT, LAST-ACK, FIN-WAIT-2, orphan, tcp_fin_timeout
"""

from socklab import (
    ACK,
    CLOSE_WAIT,
    CLOSED,
    ESTABLISHED,
    FIN,
    FIN_WAIT_2,
    LAST_ACK,
    RST,
    Bench,
    Control,
    Role,
    but,
    row,
)

# As short as it can be. That is 3.5 retransmission timeouts, so these are short as well.
weather = but(tcp_fin_timeout=0, tcp_rto_min_us=20_000)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.recv(100)  # empty: the client has closed. What comes now takes its time
    await connection.close()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.close()


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    await bench.call(client="close")
    await bench.carry(client=FIN)
    await bench.carry(server=ACK)
    bench.expect(client=row(FIN_WAIT_2, orphan=True), server=CLOSE_WAIT)
    await bench.wait(client="timewait")
    # By default that is a minute later. RFC 9293 would let the client wait on.
    bench.expect(client=CLOSED, server=row(CLOSE_WAIT, timer=""))

    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"")  # to the server all looks as it should
    await bench.call(server="close")
    bench.expect_call(server="close")
    bench.expect(client=CLOSED, server=LAST_ACK)
    fin = await bench.carry(server=FIN)
    bench.expect(client=CLOSED, server=LAST_ACK)
    reset = await bench.carry(client=RST)  # the answer
    bench.prove(
        "the RST has the number that the FIN acknowledged, so that the server believes it",
        expected=fin.ack,
        observed=reset.seq,
    )
    bench.expect(client=CLOSED, server=CLOSED)  # both are rid of it, and no data were lost


control = Control(
    "the orphan has its usual minute, and the server does not need that long",
    fails="expected client CLOSED; observed client FIN-WAIT-2",
    weather=but(tcp_fin_timeout=60, tcp_rto_min_us=200_000),
    without="wait client",
)
