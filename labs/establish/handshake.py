"""The three-way handshake: who is ESTABLISHED first, and what a SYN costs.

Question: in which states are both ends while SYN, SYN+ACK and ACK are on their way?
See:      the client is ESTABLISHED one segment before the server, accept() takes no part in
          it, and a SYN takes one sequence number although it carries no data
Source:   RFC 9293 §3.5, figure 6; §3.4
Next:     accept-after-handshake
Level:    1
Tags:     establish, handshake, sequence numbers, accept
"""

from socklab import (
    ACK,
    CLOSED,
    ESTABLISHED,
    LISTEN,
    SYN,
    SYN_ACK,
    SYN_RECEIVED,
    SYN_SENT,
    Bench,
    Control,
    Role,
    row,
)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen(16)
    await listener.accept()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))


async def story(bench: Bench) -> None:
    await bench.call(server="bind")
    await bench.call(server="listen")
    bench.expect(client=CLOSED, server=row(LISTEN, recv_q=0, send_q=16))

    await bench.call(client="connect")  # the active open sends a SYN
    bench.expect(client=SYN_SENT, server=LISTEN)
    syn = await bench.carry(client=SYN)
    bench.expect(client=SYN_SENT, server=[LISTEN, SYN_RECEIVED])  # the listener stays
    syn_ack = await bench.carry(server=SYN_ACK)
    bench.expect(client=ESTABLISHED, server=[LISTEN, SYN_RECEIVED])  # the client is first
    bench.expect_call(client="connect")
    ack = await bench.carry(client=ACK)
    # The server's connection is there without accept(): it waits in the listener's queue.
    bench.expect(server=[row(LISTEN, recv_q=1), row(ESTABLISHED, accepted=False)])
    bench.expect(client=ESTABLISHED)

    await bench.call(server="accept")  # takes it out of the queue, and sends nothing
    bench.expect(server=[row(LISTEN, recv_q=0), row(ESTABLISHED, accepted=True)], wire=[])

    bench.prove(
        "the server acknowledges the client's SYN as one sequence number",
        expected=syn.seq + 1,
        observed=syn_ack.ack,
    )
    bench.prove(
        "the client acknowledges the server's SYN as one sequence number",
        expected=syn_ack.seq + 1,
        observed=ack.ack,
    )


control = Control(
    "the SYN+ACK is lost on the wire",
    fails="expected client ESTABLISHED; observed client SYN-SENT",
    loses=lambda segment: segment.packet.kind is SYN_ACK,
)
