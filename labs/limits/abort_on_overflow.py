"""Abort on overflow: the ACK that finds the queue full is answered with a RST.

Question: what does tcp_abort_on_overflow=1 change for a client that finds the queue full?
See:      its handshake is refused at the last moment: connect() has succeeded, and the next
          call fails with ECONNRESET; a SYN that finds the queue full is dropped as before
Linux:    the setting is about the handshake's ACK alone: it has no say over SYNs
Source:   tcp(7), tcp_abort_on_overflow; Linux: tcp_check_req, tcp_conn_request
Next:     syn-flood
Level:    2
Tags:     limits, backlog, RST, ECONNRESET, SYN-RECEIVED, tcp_abort_on_overflow
"""

from contextlib import suppress

from socklab import (
    ACK,
    ESTABLISHED,
    LISTEN,
    RST,
    SYN,
    SYN_ACK,
    SYN_RECEIVED,
    SYN_SENT,
    Bench,
    Control,
    Role,
    but,
    row,
)

weather = but(tcp_abort_on_overflow=1)

WAITS = row(ESTABLISHED, accepted=False)
FULL = [row(LISTEN, recv_q=2), WAITS, WAITS]


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen(1)  # so two may wait
    await listener.accept()


async def client(me: Role) -> None:
    for _ in range(3):
        connection = me.socket()
        await connection.connect(("server", 80))
    with suppress(ConnectionResetError):
        await connection.recv(100)
    another = me.socket()
    await another.connect(("server", 80))


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="accept"))
    await bench.call(client="connect")
    await bench.flow(server=ESTABLISHED)
    for _ in range(2):  # there is room for one, so both SYNs are welcome
        await bench.call(client="connect")
        await bench.carry(client=SYN)
        await bench.carry(server=SYN_ACK)
    await bench.carry(client=ACK)  # takes the last place
    await bench.call(client="recv")
    bench.expect(client=[ESTABLISHED] * 3, server=[*FULL, SYN_RECEIVED])

    await bench.carry(client=ACK)  # finds none
    bench.expect(client=[ESTABLISHED] * 3, server=FULL)
    await bench.carry(server=RST)
    bench.expect(client=[ESTABLISHED] * 2, server=FULL)
    bench.expect_call(client="recv", fails="ECONNRESET")  # some time after connect() returned

    await bench.call(client="connect")
    await bench.carry(client=SYN)  # the queue is as full as before
    bench.expect(client=[ESTABLISHED, ESTABLISHED, SYN_SENT], server=FULL)
    bench.prove(
        "no RST answers the SYN: the one above is still the only one",
        expected=1,
        observed=bench.counted(server="TcpOutRsts"),
    )


control = Control(
    "tcp_abort_on_overflow is 0, as by default, so the ACK is dropped without a word",
    fails="+ SYN-RECEIVED",
    weather=but(),
)
