"""TIME-WAIT assassination: an old segment, two answers, and the minute is over.

Question: how can an old duplicate end a TIME-WAIT that is there to wait for it?
See:      TIME-WAIT answers it with an ACK; the peer, which has long gone, answers that with a
          RST; and the RST has just the number that TIME-WAIT believes
Linux:    it does so by default: only tcp_rfc1337=1 makes TIME-WAIT ignore a RST
Source:   RFC 1337 §1, figure 1; RFC 9293 §3.10.7.4; tcp(7), tcp_rfc1337
Next:     time-wait-buckets
Level:    3
Tags:     limits, TIME-WAIT, RST, tcp_rfc1337, old duplicate
"""

from socklab import (
    ACK,
    CLOSED,
    DATA,
    ESTABLISHED,
    FIN,
    RST,
    TIME_WAIT,
    Bench,
    Control,
    Role,
    but,
)

weather = but(tcp_rfc1337=0)  # the default


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.send(b"bye")
    await connection.close()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.recv(100)
    await connection.close()  # the client is first, so TIME-WAIT will be here


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    await bench.call(server="send")
    old = await bench.duplicate(server=DATA)  # one more of it is still somewhere in the network
    await bench.carry(client=ACK)
    await bench.call(client="recv")
    await bench.call(client="close")
    await bench.carry(client=FIN)
    await bench.carry(server=ACK)
    await bench.call(server="close")
    await bench.carry(server=FIN)
    await bench.carry(client=ACK)
    bench.expect(client=TIME_WAIT, server=CLOSED, wire=[DATA])  # closed in good order

    await bench.carry(server=old)  # the very thing that TIME-WAIT is there for
    bench.expect(client=TIME_WAIT, server=CLOSED, wire=[ACK])
    ack = await bench.carry(client=ACK)  # "that is old": but nobody is left to hear it
    bench.expect(client=TIME_WAIT, server=CLOSED, wire=[RST])
    reset = await bench.carry(server=RST)
    bench.expect(client=CLOSED, server=CLOSED, wire=[])  # a minute too early
    bench.prove(
        "TIME-WAIT itself has told the RST its number",
        expected=ack.ack,
        observed=reset.seq,
        witnesses=[ack, reset],
    )


control = Control(
    "tcp_rfc1337 is 1, so TIME-WAIT ignores the RST",
    fails="expected client CLOSED; observed client TIME-WAIT",
    weather=but(tcp_rfc1337=1),
)
