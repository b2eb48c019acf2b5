"""Retransmissions exhausted: when TCP gives up by itself.

Question: the wire is cut and send() has succeeded: when does the program hear of it, and how?
See:      only when the retransmissions have gone on for as long as tcp_retries2 says: then the
          connection is gone, the blocked recv() fails with ETIMEDOUT, and the peer knows nothing
Linux:    tcp_retries2 is no count of retransmissions but the time that so many would take, from
          the first on: at 0 there is one, at the default 15 it comes to 15 minutes and more
Source:   RFC 9293 §3.8.3 (R2); RFC 6298 §5; Linux: ip-sysctl, tcp_retries2; retransmits_timed_out
Next:     zero-window-probe
Level:    2
Tags:     failure, retransmission, tcp_retries2, ETIMEDOUT, half-open, timers
Slow:     tcp_retries2=0 still means 0.2 s, and there must be time to look in between; 2 s
"""

from contextlib import suppress

from socklab import CLOSED, DATA, ESTABLISHED, Bench, Control, Role, but, row

# The time is 0.2 s then, from the first retransmission on: it is over at the second timeout.
weather = but(tcp_retries2=0, tcp_rto_min_us=500_000)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.recv(100)


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.send(b"anybody?")
    with suppress(TimeoutError):
        await connection.recv(100)


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="recv"))
    await bench.call(server="recv")

    await bench.call(client="send")
    bench.expect_call(client="send", returns=8)  # the kernel has them, and nobody else
    await bench.drop(client=DATA)
    waiting = row(ESTABLISHED, send_q=8, timer="on")
    bench.expect(client=waiting, server=ESTABLISHED)
    await bench.wait(client="on")
    bench.expect(client=waiting, server=ESTABLISHED, wire=[DATA])  # sent again
    await bench.drop(client=DATA, copy=True)
    await bench.call(client="recv")
    bench.expect_call(client="recv", blocked=True)  # no error so far

    await bench.wait(client="on")
    bench.expect(client=CLOSED, server=row(ESTABLISHED, timer=""), wire=[])  # not even a RST
    bench.expect_call(client="recv", fails="ETIMEDOUT")
    bench.expect_call(server="recv", blocked=True)  # and so it stays: see half-open-data


control = Control(
    "there are more retransmissions to come",
    fails="expected client CLOSED, wire empty; observed client ESTABLISHED, wire data",
    weather=but(tcp_rto_min_us=500_000),
)
