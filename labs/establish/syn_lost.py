"""The SYN is lost: nobody tells the client, its own clock does.

Question: a SYN gets lost: who notices, and when is it sent again?
See:      only the client's kernel can notice, by its timer: after a second it sends the same
          SYN again, and to the program connect() has just taken longer
Linux:    at first the SYN is sent again every second, where the RFC doubles the time: since Linux
          6.5, tcp_syn_linear_timeouts
Source:   RFC 9293 §3.8.1; RFC 6298 §2 (2.1), §5; Linux: ip-sysctl, tcp_syn_linear_timeouts
Next:     syn-ack-lost
Level:    1
Tags:     establish, SYN, SYN-SENT, retransmission
Slow:     the kernel's SYN timer is 1 s and no setting changes it; 1 s
"""

from socklab import (
    ACK,
    CLOSED,
    ESTABLISHED,
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

weather = but(tcp_syn_linear_timeouts=4)  # the default


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    await listener.accept()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="accept"))
    await bench.call(client="connect")
    await bench.drop(client=SYN)
    # The SYN counts as one in Send-Q: it is sent and not acknowledged.
    bench.expect(client=row(SYN_SENT, send_q=1, timer="on"), server=CLOSED, wire=[])
    bench.expect_call(client="connect", blocked=True)

    await bench.wait(client="on")
    # With a doubled timeout there would be two seconds left now.
    bench.expect(client=row(SYN_SENT, send_q=1, timer="on", left_s=(0, 1.2)), server=CLOSED)
    await bench.carry(client=SYN, copy=True)  # a copy: its sequence number is the same
    bench.expect(client=SYN_SENT, server=SYN_RECEIVED)  # to the server it is the first
    await bench.carry(server=SYN_ACK)
    bench.expect(client=ESTABLISHED, server=SYN_RECEIVED)
    bench.expect_call(client="connect")  # the program never heard of it
    await bench.carry(client=ACK)
    bench.expect(client=ESTABLISHED, server=ESTABLISHED)


control = Control(
    "the SYN is not lost",
    fails="expected wire empty; observed wire SYN",
    without="drop client",
)
