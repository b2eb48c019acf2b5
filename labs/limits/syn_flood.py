"""The SYN flood: a few forged SYNs, and no client gets in any more.

Question: how can a handful of forged SYNs keep everybody else out?
See:      each leaves a connection in SYN-RECEIVED, for which the server waits on an ACK that
          never comes; when there are backlog + 1 of them the SYN of a real client is dropped
Source:   RFC 4987 §2; listen(2); Linux: tcp_conn_request, inet_csk_reqsk_queue_is_full
Next:     syn-cookies
Level:    2
Tags:     limits, attack, SYN, SYN-RECEIVED, SYN-SENT, backlog, tcp_syncookies
"""

from socklab import (
    LISTEN,
    SYN,
    SYN_RECEIVED,
    SYN_SENT,
    Bench,
    Control,
    Role,
    but,
    row,
)

weather = but(tcp_syncookies=0)  # what 1, the default, does is in syn-cookies


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen(2)
    await listener.accept()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="accept"))
    await bench.call(server="accept")
    await bench.call(client="connect")
    bench.expect(client=SYN_SENT, wire=[SYN])

    # The flood is faster. What it claims as its source does not answer, so the SYN+ACKs are lost.
    with bench.cut("server"):
        for port in (6661, 6662, 6663):
            await bench.inject(client=SYN, seq=0, port=port)
    waits = row(SYN_RECEIVED, timer="on")  # its SYN+ACK will be sent again, for a minute
    full = [row(LISTEN, recv_q=0), waits, waits, waits]  # the accept queue is empty
    bench.expect(server=full)

    await bench.carry(client=SYN)  # the only one that is meant
    bench.expect(client=SYN_SENT, server=full)
    bench.expect_call(client="connect", blocked=True)
    bench.expect_call(server="accept", blocked=True)
    bench.prove(
        "the client's SYN was dropped because there were too many in SYN-RECEIVED",
        expected=1,
        observed=bench.counted(server="TcpExtTCPReqQFullDrop"),
    )


control = Control(
    "there is no flood",
    fails="observed server LISTEN Recv-Q 0",
    without="inject",
)
