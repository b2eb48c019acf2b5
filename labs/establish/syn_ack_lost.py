"""The SYN+ACK is lost: SYN-RECEIVED has an end of its own.

Question: with the SYN+ACK lost, does the server wait for ever?
See:      a timer runs at both ends, and each sends its segment again; after the last repetition
          the server forgets that anybody ever asked
Source:   RFC 9293 §3.8.3; RFC 6298 §5; Linux: ip-sysctl, tcp_synack_retries
Next:     handshake-ack-lost
Level:    2
Tags:     establish, SYN+ACK, SYN-SENT, SYN-RECEIVED, retransmission
Slow:     a SYN+ACK is repeated after 1 s and given up 2 s later, whatever the settings; 3 s
"""

from socklab import (
    LISTEN,
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

# By default it is 5: repeated after 1, 3, 7, 15 and 31 s, and given up after 63.
weather = but(tcp_synack_retries=1)


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
    await bench.call(server="accept")
    await bench.call(client="connect")
    await bench.carry(client=SYN)
    await bench.drop(server=SYN_ACK)
    # Neither can know what became of its segment, so at both a timer runs.
    bench.expect(
        client=row(SYN_SENT, timer="on"), server=[LISTEN, row(SYN_RECEIVED, timer="on")], wire=[]
    )

    await bench.wait(server="on")
    await bench.drop(server=SYN_ACK, copy=True)  # sent again, lost again
    bench.expect(client=SYN_SENT, server=[LISTEN, row(SYN_RECEIVED, timer="on")])

    await bench.wait(server="on")  # it was the last time
    bench.expect(client=row(SYN_SENT, timer="on"), server=[LISTEN])
    bench.expect_call(server="accept", blocked=True)  # no program has heard of it
    bench.expect_call(client="connect", blocked=True)

    # Nothing is spoilt: the client's SYN has been sent again, too, and is as good as new.
    await bench.carry(client=SYN, copy=True)
    bench.expect(client=SYN_SENT, server=[LISTEN, SYN_RECEIVED])


control = Control(
    "the SYN+ACK is not lost",
    fails="expected wire empty; observed wire SYN+ACK",
    without="drop server",
)
