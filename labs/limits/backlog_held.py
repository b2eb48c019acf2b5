"""The full backlog: the client is ESTABLISHED, the server says SYN-RECEIVED.

Question: how can a client be ESTABLISHED while its server stays in SYN-RECEIVED?
See:      the queue has filled up between the client's SYN and its ACK, and the server drops the
          ACK; the client knows nothing of it, and its send() succeeds; both wait until there is
          room and something is sent again
Linux:    an ACK that finds the queue full is dropped, and the connection stays in SYN-RECEIVED
Source:   RFC 9293 §3.5; listen(2); Linux: tcp_check_req, tcp_v4_syn_recv_sock
Next:     abort-on-overflow
Level:    2
Tags:     limits, backlog, accept, SYN-RECEIVED, ESTABLISHED, ListenOverflows
"""

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

WAITS = row(ESTABLISHED, accepted=False)
FULL = [row(LISTEN, recv_q=2), WAITS, WAITS]


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen(1)  # so two may wait
    for _ in range(3):
        connection, _ = await listener.accept()
    await connection.recv(100)


async def client(me: Role) -> None:
    for _ in range(3):
        connection = me.socket()
        await connection.connect(("server", 80))
    await connection.send(b"hello?")


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="accept"))
    await bench.call(client="connect")
    await bench.flow(server=ESTABLISHED)  # one waits in the queue, and there is room for another
    for _ in range(2):  # so the SYNs of two more are welcome
        await bench.call(client="connect")
        await bench.carry(client=SYN)
        await bench.carry(server=SYN_ACK)
    bench.expect(server=[row(LISTEN, recv_q=1), WAITS, SYN_RECEIVED, SYN_RECEIVED])

    await bench.carry(client=ACK)  # takes the last place
    bench.expect(client=[ESTABLISHED] * 3, server=[*FULL, SYN_RECEIVED])
    await bench.carry(client=ACK)  # dropped: the handshake is complete, and is not
    bench.expect(client=[ESTABLISHED] * 3, server=[*FULL, SYN_RECEIVED])

    await bench.call(client="send")
    bench.expect_call(client="send", returns=6)  # the client talks to nobody
    await bench.duplicate(client=DATA)  # dropped, too; the one kept stands for what is sent again
    unheard = row(ESTABLISHED, send_q=6, timer="on")
    bench.expect(client=[ESTABLISHED, ESTABLISHED, unheard], server=[*FULL, SYN_RECEIVED])
    bench.prove(
        "the ACK and the data were both dropped for want of room",
        expected=2,
        observed=bench.counted(server="TcpExtListenOverflows"),
    )

    await bench.call(server="accept")  # a place is free
    await bench.carry(client=DATA)  # any segment with the right ACK completes the handshake
    waiting = [row(LISTEN, recv_q=2), WAITS, row(ESTABLISHED, accepted=False, recv_q=6)]
    bench.expect(server=[*waiting, row(ESTABLISHED, accepted=True)])
    await bench.call(server="accept")
    await bench.call(server="accept")
    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"hello?")


async def roomy_server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen(2)
    await listener.accept()


control = Control(
    "the backlog is one longer, so the last ACK finds room",
    fails="LISTEN Recv-Q 3",
    roles={"server": roomy_server},
)
