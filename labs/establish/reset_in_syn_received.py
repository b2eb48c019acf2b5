"""A reset in SYN-RECEIVED: back to LISTEN, and the program never hears of it.

Question: a RST arrives in SYN-RECEIVED: what becomes of the connection, and of accept()?
See:      the connection is gone and the listener listens on; an ACK that comes later finds
          nobody and is answered with a RST; accept() goes on waiting and returns the next client
Source:   RFC 9293 §3.3.2, figure 5, note 1; §3.10.7.4; §3.5.2
Next:     simultaneous-open
Level:    2
Tags:     establish, RST, SYN-RECEIVED, LISTEN, accept
"""

from socket import SO_LINGER, SOL_SOCKET

from socklab import (
    ACK,
    CLOSED,
    ESTABLISHED,
    LISTEN,
    RST,
    SYN,
    SYN_ACK,
    SYN_RECEIVED,
    Bench,
    Control,
    Role,
    linger,
)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    await listener.accept()


async def client(me: Role) -> None:
    hasty = me.socket()
    await hasty.setsockopt(SOL_SOCKET, SO_LINGER, linger(0))  # its close() is a RST
    await hasty.connect(("server", 80))
    await hasty.close()
    connection = me.socket()
    await connection.connect(("server", 80))


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="accept"))
    await bench.call(server="accept")
    await bench.flow(until=bench.stands_before(client="connect"))
    await bench.call(client="connect")
    await bench.carry(client=SYN)
    await bench.carry(server=SYN_ACK)
    bench.expect(client=ESTABLISHED, server=[LISTEN, SYN_RECEIVED], wire=[ACK])

    await bench.call(client="close")
    bench.expect(client=CLOSED, server=[LISTEN, SYN_RECEIVED], wire=[ACK, RST])
    await bench.postpone(client=ACK)  # two packets in a network may well change places
    await bench.carry(client=RST)
    bench.expect(server=LISTEN, wire=[ACK])
    bench.expect_call(server="accept", blocked=True)  # it returns no error: nothing had begun

    late = await bench.carry(client=ACK)
    bench.expect(server=LISTEN, wire=[RST])
    reset = await bench.carry(server=RST)
    bench.prove(
        "the RST has the number that the late ACK acknowledged",
        expected=late.ack,
        observed=reset.seq,
    )
    bench.expect(client=CLOSED, server=LISTEN, wire=[])

    await bench.flow(client=ESTABLISHED, server=[LISTEN, ESTABLISHED])
    bench.expect(client=ESTABLISHED, server=[LISTEN, ESTABLISHED])  # the listener is unharmed


control = Control(
    "the RST is lost, so the server waits on for the ACK",
    fails="expected server LISTEN; observed server LISTEN + SYN-RECEIVED",
    loses=lambda segment: segment.packet.kind is RST,
)
