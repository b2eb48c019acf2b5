"""An old duplicate SYN: what the third segment of the handshake is for.

Question: why does a handshake take three segments, and not two?
See:      with two, an old SYN would open a connection that nobody asked for; with three the client
          has a say: it answers the SYN+ACK with a RST, and the real SYN still gets in
Source:   RFC 9293 §3.5, figure 8; §3.10.7.3
Next:     reset-in-syn-sent
Level:    1
Tags:     establish, handshake, SYN, RST, SYN-SENT, SYN-RECEIVED, sequence numbers, old duplicate
"""

from socklab import (
    ACK,
    CLOSED,
    ESTABLISHED,
    RST,
    SYN,
    SYN_ACK,
    SYN_RECEIVED,
    SYN_SENT,
    Bench,
    Control,
    Role,
)

OLD = -10  # the RFC's figure: sequence number 90 where the new SYN has 100


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
    bench.expect(client=SYN_SENT, server=CLOSED, wire=[SYN])

    # A SYN from an earlier life of the same two ports has been lost in the network, and found.
    await bench.inject(client=SYN, seq=OLD)
    # The server can't tell old from new. With a two-way handshake it would be ESTABLISHED now.
    bench.expect(client=SYN_SENT, server=SYN_RECEIVED, wire=[SYN, SYN_ACK])
    bench.expect_call(server="accept", blocked=True)

    answer = await bench.carry(server=SYN_ACK)
    bench.prove("the SYN+ACK acknowledges the old SYN", expected=OLD + 1, observed=answer.ack)
    bench.expect(client=SYN_SENT, server=SYN_RECEIVED, wire=[SYN, RST])  # the client can tell
    reset = await bench.carry(client=RST)
    bench.expect(client=SYN_SENT, server=CLOSED, wire=[SYN])  # as if it had never come
    bench.expect_call(server="accept", blocked=True)  # and no program has heard of it
    bench.prove(
        "the RST has the number that the SYN+ACK acknowledged, so that the server believes it",
        expected=answer.ack,
        observed=reset.seq,
    )

    # The real one. An answer to a wrong number makes Linux send it once more, soon: a copy.
    syn = await bench.carry(client=SYN)
    bench.expect(client=SYN_SENT, server=SYN_RECEIVED)
    answer = await bench.carry(server=SYN_ACK)
    bench.prove("this one acknowledges the real SYN", expected=syn.seq + 1, observed=answer.ack)
    await bench.carry(client=ACK)
    bench.expect(client=ESTABLISHED, server=ESTABLISHED)


control = Control(
    "the RST is lost, so the old SYN keeps its half of a connection",
    fails="expected server CLOSED; observed server SYN-RECEIVED",
    loses=lambda segment: segment.packet.kind is RST,
)
