"""The length of TIME-WAIT: a minute, whatever tcp_fin_timeout says.

Question: does a lower tcp_fin_timeout get rid of TIME-WAIT sooner?
See:      it shortens the wait in FIN-WAIT-2 for a FIN that never comes, which `ss` shows with
          the same timer; as soon as the FIN is there, TIME-WAIT begins, with its own 60 seconds
Linux:    60 s (TCP_TIMEWAIT_LEN), fixed when the kernel is built; the RFC's 2 MSL are 4 minutes
Source:   RFC 9293 §3.4.2, §3.6.1; tcp(7), tcp_fin_timeout; Linux: include/net/tcp.h
Next:     time-wait-server-restart
Level:    1
Tags:     limits, TIME-WAIT, FIN-WAIT-2, orphan, MSL, tcp_fin_timeout
Waits:    with --slow, for the end of TIME-WAIT, which no setting brings nearer; 60 s
"""

from socklab import (
    ACK,
    CLOSE_WAIT,
    CLOSED,
    ESTABLISHED,
    FIN,
    FIN_WAIT_2,
    LAST_ACK,
    TIME_WAIT,
    Bench,
    Control,
    Role,
    but,
    row,
)

# FIN-WAIT-2 lasts for 3.5 retransmission timeouts at least: a frozen one would stretch it.
weather = but(tcp_fin_timeout=3, tcp_rto_min_us=200_000)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.close()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.close()


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    await bench.call(client="close")
    await bench.carry(client=FIN)
    await bench.carry(server=ACK)
    orphan = row(FIN_WAIT_2, timer="timewait", left_s=(0, 20), orphan=True)
    bench.expect(client=orphan, server=CLOSE_WAIT)  # this is what tcp_fin_timeout is about

    await bench.call(server="close")
    await bench.carry(server=FIN)
    minute = row(TIME_WAIT, timer="timewait", left_s=(30, 60))
    bench.expect(client=minute, server=LAST_ACK)
    await bench.carry(client=ACK)
    bench.expect(client=minute, server=CLOSED)

    if bench.slow:  # the kernel's own minute, and up to two seconds more
        await bench.wait(client="timewait")
        bench.expect(client=CLOSED, server=CLOSED)


control = Control(
    "the server's FIN is lost, so the client stays in FIN-WAIT-2",
    fails="observed client FIN-WAIT-2 timer timewait",
    loses=lambda segment: segment.sender == "server" and segment.packet.kind is FIN,
)
