"""Keep-alive and a rebooted peer: the answer to the first probe is a RST.

Question: what does a keep-alive probe find out about a peer that was off and is on again?
See:      the host is there and the connection is not: the answer to the first probe is a RST, so
          recv() fails with ECONNRESET, and no further probe or timeout is waited for
Source:   RFC 9293 §3.8.4; §3.5.1; tcp(7), TCP_KEEPIDLE
Next:     user-timeout
Level:    2
Tags:     failure, keepalive, SO_KEEPALIVE, RST, ECONNRESET, half-open, power loss, timers
Slow:     TCP_KEEPIDLE counts whole seconds; 1 s
"""

from contextlib import suppress
from socket import IPPROTO_TCP, SO_KEEPALIVE, SOL_SOCKET, TCP_KEEPIDLE

from socklab import ACK, CLOSED, ESTABLISHED, RST, TCP_REPAIR, Bench, Control, Role, row


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)
    await connection.setsockopt(IPPROTO_TCP, TCP_KEEPIDLE, 1)
    with suppress(ConnectionResetError):
        await connection.recv(100)


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.setsockopt(IPPROTO_TCP, TCP_REPAIR, 1)  # so that close() sends nothing:
    await connection.close()  # the power fails, and comes back


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="setsockopt"))
    await bench.call(client="setsockopt")
    await bench.call(client="close")
    await bench.flow(until=bench.stands_before(server="recv"))
    await bench.call(server="recv")
    bench.expect(client=CLOSED, server=row(ESTABLISHED, timer="keepalive"), wire=[])

    await bench.wait(server="keepalive")
    probe = await bench.carry(server=ACK)
    bench.expect(client=CLOSED, server=row(ESTABLISHED, timer="keepalive"), wire=[RST])
    reset = await bench.carry(client=RST)
    bench.expect(client=CLOSED, server=CLOSED, wire=[])
    bench.expect_call(server="recv", fails="ECONNRESET")  # not ETIMEDOUT: somebody answered
    bench.prove(
        "the RST has the number that the probe acknowledged, so that the server believes it",
        expected=probe.ack,
        observed=reset.seq,
    )


control = Control(
    "the RST is lost, so the server knows no more than before",
    fails="expected server CLOSED; observed server ESTABLISHED",
    loses=lambda segment: segment.packet.kind is RST,
)
