"""The four-way close: every state from FIN-WAIT-1 to TIME-WAIT, and who ends where.

Question: why does it take four segments to close, and which end is left in TIME-WAIT?
See:      each direction is closed by a FIN and the ACK of it; the end that closes first waits
          in TIME-WAIT, the other is gone with the last ACK; a FIN takes one sequence number
Source:   RFC 9293 §3.6, figure 12; Linux: TCP_TIMEWAIT_LEN is 60 s
Next:     half-close
Level:    1
Tags:     close, TIME-WAIT, CLOSE-WAIT, sequence numbers
Bench:    wire or loopback
"""

from socklab import (
    ACK,
    CLOSE_WAIT,
    CLOSED,
    ESTABLISHED,
    FIN,
    FIN_WAIT_1,
    FIN_WAIT_2,
    LAST_ACK,
    TIME_WAIT,
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
    await connection.recv(100)  # empty: the client has closed
    await connection.close()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.close()


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)

    await bench.call(client="close")  # the active close
    bench.expect(client=FIN_WAIT_1, server=ESTABLISHED, wire=[FIN])
    fin = await bench.carry(client=FIN)
    # The unread FIN counts in Recv-Q.
    bench.expect(client=FIN_WAIT_1, server=row(CLOSE_WAIT, recv_q=1), wire=[ACK])
    ack = await bench.carry(server=ACK)
    bench.expect(client=FIN_WAIT_2, server=CLOSE_WAIT)  # one direction is closed

    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"")  # the FIN, as a program sees it
    await bench.call(server="close")  # the passive close
    bench.expect(client=FIN_WAIT_2, server=LAST_ACK, wire=[FIN])
    last_fin = await bench.carry(server=FIN)
    bench.expect(client=TIME_WAIT, server=LAST_ACK)
    last_ack = await bench.carry(client=ACK)
    bench.expect(client=row(TIME_WAIT, timer="timewait", left_s=(30, 60)), server=CLOSED)

    bench.prove(
        "the client's FIN takes one sequence number",
        expected=fin.seq + 1,
        observed=ack.ack,
        witnesses=[fin, ack],
    )
    bench.prove(
        "the server's FIN takes one sequence number",
        expected=last_fin.seq + 1,
        observed=last_ack.ack,
        witnesses=[last_fin, last_ack],
    )


control = Control(
    "the last ACK is lost, so the server can't be gone",
    fails="expected server CLOSED; observed server LAST-ACK",
    loses=lambda segment: segment.sender == "client" and segment.ack == 2,
)
