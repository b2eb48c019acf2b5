"""A reset in SYN-SENT: a refusal must acknowledge the SYN that it refuses.

Question: can anybody who knows addresses and ports refuse a client's connection with a RST?
See:      only a RST that acknowledges the SYN does, and connect() fails; another one is ignored,
          and a SYN+ACK of a wrong number is answered with a RST
Source:   RFC 9293 §3.10.7.3; §3.5.2, group 2; Linux: tcp_rcv_synsent_state_process
Next:     reset-in-syn-received
Level:    3
Tags:     establish, RST, SYN-SENT, ECONNREFUSED, attack, sequence numbers
"""

from contextlib import suppress

from socklab import (
    CLOSED,
    RST,
    SYN,
    SYN_ACK,
    SYN_RECEIVED,
    SYN_SENT,
    Bench,
    Control,
    Role,
)

ANY = 4711  # the client knows none of the server's numbers yet, so this one may be any
WRONG, RIGHT = 0, 1  # what acknowledges nothing, and what acknowledges the SYN


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    await listener.accept()


async def client(me: Role) -> None:
    connection = me.socket()
    with suppress(ConnectionRefusedError):
        await connection.connect(("server", 80))


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="accept"))
    await bench.call(client="connect")
    await bench.carry(client=SYN)
    bench.expect(client=SYN_SENT, server=SYN_RECEIVED, wire=[SYN_ACK])  # which takes its time

    # Somebody who has not seen the SYN is faster, and claims to be the server.
    await bench.inject(server=RST, seq=ANY)
    bench.expect(client=SYN_SENT, server=SYN_RECEIVED, wire=[SYN_ACK])
    await bench.inject(server=RST, seq=ANY, ack=WRONG)
    bench.expect(client=SYN_SENT, server=SYN_RECEIVED)
    await bench.inject(server=SYN_ACK, seq=ANY, ack=WRONG)
    bench.expect(client=SYN_SENT, server=SYN_RECEIVED)
    answer = await bench.carry(client=RST)
    bench.prove(
        "the RST has the number that the forged SYN+ACK acknowledged",
        expected=WRONG,
        observed=answer.seq,
    )
    bench.expect(client=SYN_SENT, server=SYN_RECEIVED)  # to the server that number is old
    bench.prove(
        "the client has sent this RST, and none for a RST",
        expected=1,
        observed=bench.counted(client="TcpOutRsts"),
    )
    bench.expect_call(client="connect", blocked=True)

    await bench.inject(server=RST, seq=ANY, ack=RIGHT)  # one guess in four thousand million
    bench.expect(client=CLOSED, server=SYN_RECEIVED)
    bench.expect_call(client="connect", fails="ECONNREFUSED")  # of a server that listens


control = Control(
    "nobody forges a RST",
    fails="expected client CLOSED; observed client SYN-SENT",
    without="inject server RST",
)
