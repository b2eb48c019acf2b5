"""ICMP unreachable: fatal to a connect(), a mere hint to a connection.

Question: a router says that the host can't be reached: does that end a connection?
See:      in SYN-SENT it does, and connect() fails at once; in ESTABLISHED it is a soft error:
          the kernel notes it, goes on sending, and the data arrive
Linux:    in SYN-SENT such a message ends the connection; RFC 9293 says that it must not
Source:   RFC 9293 §3.9.2.2 (MUST-56); RFC 5461; RFC 1122 §4.2.3.9; socket(7), SO_ERROR
Next:     old-duplicate-syn
Level:    2
Tags:     establish, ICMP, SYN-SENT, ESTABLISHED, EHOSTUNREACH, SO_ERROR, retransmission
"""

from contextlib import suppress
from errno import EHOSTUNREACH
from socket import SO_ERROR, SOL_SOCKET

from socklab import (
    CLOSED,
    DATA,
    ESTABLISHED,
    SYN,
    SYN_SENT,
    Bench,
    Control,
    Role,
    Unreachable,
    but,
    row,
)

weather = but(tcp_rto_min_us=1000)  # so that the data are sent again within milliseconds


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    await listener.accept()


async def client(me: Role) -> None:
    connection = me.socket()
    with suppress(OSError):
        await connection.connect(("server", 80))
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.send(b"hello")
    await connection.getsockopt(SOL_SOCKET, SO_ERROR)


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="accept"))
    await bench.call(client="connect")
    bench.expect(client=SYN_SENT, server=CLOSED)
    await bench.unreachable(client=SYN, why=Unreachable.HOST)
    bench.expect(client=CLOSED, server=CLOSED, wire=[])  # not one repetition of the SYN
    bench.expect_call(client="connect", fails="EHOSTUNREACH")

    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)  # the second try gets through
    await bench.call(client="send")
    await bench.unreachable(client=DATA, why=Unreachable.HOST)  # the same message
    still = row(ESTABLISHED, send_q=5, timer="on")
    bench.expect(client=still, server=row(ESTABLISHED, recv_q=0))
    await bench.call(client="getsockopt")
    bench.expect_call(client="getsockopt", returns=EHOSTUNREACH)  # a note, for who asks

    await bench.wait(client="on")
    await bench.carry(client=DATA, copy=True)  # TCP has not given up, and the route is back
    bench.expect(server=row(ESTABLISHED, recv_q=5))


control = Control(
    "no router says anything",
    fails="expected client CLOSED, wire empty; observed client SYN-SENT, wire SYN",
    without="unreachable",
)
