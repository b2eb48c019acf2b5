"""close() in SYN-RECEIVED: closed in good order, and never open.

Question: can a connection be closed that never was ESTABLISHED?
See:      close() sends a FIN right behind the SYN, and takes SYN-RECEIVED to FIN-WAIT-1, a rare
          arrow of the state diagram; both ends get to TIME-WAIT as after a simultaneous close
Linux:    only close() does so at once; shutdown(SHUT_WR) waits until the SYN is acknowledged
Source:   RFC 9293 §3.3.2, figure 5; §3.10.4 (SYN-RECEIVED); Linux: tcp_close, tcp_shutdown
Next:     send-on-listener
Level:    3
Tags:     establish, close, shutdown, SYN-RECEIVED, FIN-WAIT-1, CLOSING, simultaneous open
"""

from contextlib import suppress
from socket import SHUT_WR

from socklab import (
    CLOSING,
    FIN,
    FIN_WAIT_1,
    SYN,
    SYN_ACK,
    SYN_RECEIVED,
    TIME_WAIT,
    Bench,
    Control,
    Role,
    row,
)


async def server(me: Role) -> None:
    connection = me.socket()
    await connection.bind(("server", 80))
    with suppress(BlockingIOError):  # its SYN is under way, and it goes on
        await connection.connect(("client", 4000), wait=False)
    await connection.shutdown(SHUT_WR)


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.bind(("client", 4000))
    with suppress(BlockingIOError):
        await connection.connect(("server", 80), wait=False)
    await connection.close()


async def story(bench: Bench) -> None:
    # A simultaneous open: a listener's SYN-RECEIVED has no descriptor that one could close.
    await bench.call(server="bind")
    await bench.call(client="bind")
    await bench.call(server="connect")
    await bench.call(client="connect")
    await bench.carry(server=SYN)
    await bench.carry(client=SYN)
    half = row(SYN_RECEIVED, send_q=1, orphan=False)  # its SYN is not acknowledged
    bench.expect(client=half, server=half, wire=[SYN_ACK, SYN_ACK])

    await bench.call(server="shutdown")
    bench.expect_call(server="shutdown")
    bench.expect(server=half, wire=[SYN_ACK, SYN_ACK])  # no FIN yet
    await bench.call(client="close")
    two = row(FIN_WAIT_1, send_q=2)  # neither its SYN is acknowledged, nor its FIN
    bench.expect(client=two, server=half, wire=[SYN_ACK, SYN_ACK, FIN])

    await bench.carry(client=SYN_ACK)
    bench.expect(client=two, server=row(FIN_WAIT_1, send_q=1))  # now shutdown() takes effect
    await bench.carry(server=SYN_ACK)
    bench.expect(client=two, server=FIN_WAIT_1)  # too late: now a SYN is only challenged

    await bench.carry(client=FIN)  # the rest is a simultaneous close
    bench.expect(client=two, server=CLOSING)
    await bench.carry(server=FIN)  # which acknowledges the SYN at last
    bench.expect(client=row(CLOSING, send_q=1), server=CLOSING)
    await bench.flow(client=TIME_WAIT, server=TIME_WAIT)
    bench.expect(client=TIME_WAIT, server=TIME_WAIT)


control = Control(
    "the server's SYN is lost, so the client stays in SYN-SENT",
    fails="observed client SYN-SENT",
    loses=lambda segment: segment.sender == "server" and segment.packet.kind is SYN,
)
