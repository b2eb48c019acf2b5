"""TCP_USER_TIMEOUT: how long data may wait for their ACK.

Question: how does a program learn soon, not after a quarter of an hour, that nobody answers?
See:      with TCP_USER_TIMEOUT the connection is gone once data have waited so long for their
          ACK: recv() fails with ETIMEDOUT, which does not say that the data will not arrive
Source:   RFC 9293 §3.8.3, §3.10.8; RFC 5482 §1; tcp(7), TCP_USER_TIMEOUT, tcp_retries2
Next:     retries-exhausted
Level:    2
Tags:     failure, TCP_USER_TIMEOUT, retransmission, RST, ETIMEDOUT, timers
"""

from contextlib import suppress
from socket import IPPROTO_TCP, TCP_USER_TIMEOUT

from socklab import ACK, CLOSED, DATA, ESTABLISHED, RST, Bench, Control, Role, but, row

weather = but(tcp_rto_min_us=40_000)  # retransmissions after 40, 80, 160 ms, or a bit more


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.recv(100)


async def client(me: Role, timeout_ms: int = 10) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.send(b"pay 10")
    await connection.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, timeout_ms)
    with suppress(TimeoutError):
        await connection.recv(100)


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="recv"))
    await bench.call(client="send")
    bench.expect_call(client="send", returns=6)  # the kernel has them, and nobody else
    waiting = row(ESTABLISHED, send_q=6, timer="on")
    bench.expect(client=waiting, server=ESTABLISHED, wire=[DATA])  # which is on a very long way
    await bench.wait(client="on")
    bench.expect(client=waiting, server=ESTABLISHED, wire=[DATA])  # again; so it would go on

    await bench.call(client="setsockopt")  # it counts for what was sent before, too
    await bench.wait(client="on")  # this time nothing is sent
    bench.expect(client=CLOSED, server=ESTABLISHED, wire=[DATA])
    await bench.call(client="recv")
    bench.expect_call(client="recv", fails="ETIMEDOUT")

    await bench.carry(client=DATA)  # arrived at last
    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"pay 10")  # so look before you pay again
    await bench.carry(server=ACK)
    bench.expect(client=CLOSED, server=ESTABLISHED, wire=[RST])
    await bench.carry(client=RST)
    bench.expect(client=CLOSED, server=CLOSED, wire=[])


async def patient_client(me: Role) -> None:
    await client(me, timeout_ms=0)  # the default: as long as tcp_retries2 says


control = Control(
    "there is no user timeout, so the client goes on retransmitting",
    fails="expected client CLOSED; observed client ESTABLISHED",
    roles={"client": patient_client},
)
