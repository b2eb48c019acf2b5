"""close() in SYN-SENT: the client hangs up before anybody has answered.

Question: a program gives up on a connect() that takes too long: what does its close() send?
See:      it sends nothing, and the socket is just gone; so the server goes on to SYN-RECEIVED,
          and only its SYN+ACK finds nobody and gets a RST
Source:   RFC 9293 §3.10.4 (SYN-SENT), §3.5.2 group 1; connect(2), EINPROGRESS
Next:     close-in-syn-received
Level:    2
Tags:     establish, close, SYN-SENT, SYN-RECEIVED, RST, EINPROGRESS
"""

from contextlib import suppress

from socklab import (
    CLOSED,
    LISTEN,
    RST,
    SYN,
    SYN_ACK,
    SYN_RECEIVED,
    SYN_SENT,
    Bench,
    Control,
    Role,
)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    await listener.accept()


async def client(me: Role) -> None:
    connection = me.socket()
    with suppress(BlockingIOError):  # as a program does that has a timeout of its own
        await connection.connect(("server", 80), wait=False)
    await connection.close()


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="accept"))
    await bench.call(server="accept")
    await bench.call(client="connect")
    bench.expect_call(client="connect", fails="EINPROGRESS")
    bench.expect(client=SYN_SENT, server=CLOSED, wire=[SYN])

    await bench.call(client="close")
    bench.expect(client=CLOSED, server=CLOSED, wire=[SYN])  # no FIN, no RST: only the old SYN
    await bench.carry(client=SYN)
    bench.expect(client=CLOSED, server=[LISTEN, SYN_RECEIVED])  # nobody has told it
    answer = await bench.carry(server=SYN_ACK)
    bench.expect(client=CLOSED, server=[LISTEN, SYN_RECEIVED], wire=[RST])
    reset = await bench.carry(client=RST)  # the kernel's: the program is long gone
    bench.expect(client=CLOSED, server=[LISTEN], wire=[])
    bench.expect_call(server="accept", blocked=True)
    bench.prove(
        "the RST has the number that the SYN+ACK acknowledged, so that the server believes it",
        expected=answer.ack,
        observed=reset.seq,
        witnesses=[answer, reset],
    )


control = Control(
    "the RST is lost, so the server still waits",
    fails="expected server LISTEN; observed server LISTEN + SYN-RECEIVED",
    loses=lambda segment: segment.packet.kind is RST,
)
