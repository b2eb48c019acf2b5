"""A stale segment: old data meet a new connection.

Question: what is TIME-WAIT there to prevent?
See:      while it lasts the two ports can't be connected again, and old data find nobody;
          without it they meet a new connection, where only timestamp and numbers tell them from
          new data; where these fit, the server reads the old bytes once more
Linux:    data without a timestamp are taken although both ends had agreed on timestamps
Source:   RFC 9293 §3.4.1, §3.6.1; RFC 1337 §2.2 (H1); RFC 7323 §3.2, §5; nstat(8), TcpExtPAWSEstab
Next:     connection-pool
Level:    3
Tags:     limits, TIME-WAIT, EADDRNOTAVAIL, sequence numbers, timestamps, PAWS, old duplicate
"""

from contextlib import suppress

from socklab import (
    ACK,
    CLOSED,
    DATA,
    ESTABLISHED,
    FIN,
    RST,
    SYN,
    SYN_ACK,
    TIME_WAIT,
    Bench,
    Control,
    Role,
    but,
    row,
)

weather = but(ip_local_port_range="40000 40000")  # the client has no other port


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    for _ in range(2):
        connection, _ = await listener.accept()
        await connection.recv(100)
        await connection.recv(100)  # empty: the client has closed
        await connection.close()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.send(b"pay 10")
    await connection.close()
    another = me.socket()
    with suppress(OSError):
        await another.connect(("server", 80))
    await another.connect(("server", 80))  # and sends nothing


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    await bench.call(client="send")
    old = await bench.duplicate(client=DATA)  # one more of it is still somewhere in the network
    await bench.carry(server=ACK)
    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"pay 10")
    await bench.call(client="close")
    await bench.carry(client=FIN)
    await bench.carry(server=ACK)
    await bench.call(server="recv")
    await bench.call(server="close")
    await bench.carry(server=FIN)
    await bench.carry(client=ACK)
    bench.expect(client=TIME_WAIT, server=CLOSED, wire=[DATA])

    await bench.call(client="connect")
    bench.expect_call(client="connect", fails="EADDRNOTAVAIL")  # TIME-WAIT holds the port
    await bench.duplicate(client=old)
    await bench.drop(server=RST)  # old data are nobody's

    await bench.inject(server=RST, seq=2)  # somebody cuts it short, as in time-wait-assassination
    bench.expect(client=CLOSED, server=CLOSED)
    await bench.call(client="connect")
    syn = await bench.carry(client=SYN)
    await bench.carry(server=SYN_ACK)
    await bench.carry(client=ACK)
    await bench.call(server="accept")
    bench.expect(client=ESTABLISHED, server=row(ESTABLISHED, recv_q=0), wire=[DATA])

    await bench.carry(client=old)  # now they meet: the same addresses, the same ports
    bench.expect(client=ESTABLISHED, server=row(ESTABLISHED, recv_q=0))
    bench.prove(
        "it was the timestamp that gave the old data away",
        expected=1,
        observed=bench.counted(server="TcpExtPAWSEstab"),
    )
    bench.prove(
        "its number was too low, too: a clock gives the first numbers, and has gone on",
        expected=True,
        observed=(syn.packet.seq - old.packet.seq) % 2**32 < 2**31,
        witnesses=[old, syn],
    )

    # A fast or a long connection leaves numbers behind that fit. The same bytes with these, and
    # without a timestamp: all that made them old is gone.
    await bench.inject(client=DATA, seq=1, ack=1, payload=old.packet.payload)
    bench.expect(client=ESTABLISHED, server=row(ESTABLISHED, recv_q=6))
    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"pay 10")  # twice, and the client sent it once


control = Control(
    "nobody cuts TIME-WAIT short",
    fails="expected client CLOSED; observed client TIME-WAIT",
    without="inject server RST",
)
