"""The FIN is lost for good: when a kernel gives up an orphan.

Question: close() has returned and the program has ended; who still waits for the ACK of the FIN?
See:      the kernel does, for a while: it sends the FIN again, with tcp_orphan_retries=1 once, then
          gives the connection up without a word, and leaves the server ESTABLISHED with nobody
Source:   RFC 9293 §3.8.3; tcp(7), tcp_orphan_retries
Next:     fin-overtakes-data
Level:    2
Tags:     close, FIN, FIN-WAIT-1, orphan, retransmission, tcp_orphan_retries
Slow:     one retry counts for 0.6 s at least, and there must be time to look in between; 2 s
"""

from socklab import (
    CLOSED,
    ESTABLISHED,
    FIN,
    FIN_WAIT_1,
    Bench,
    Control,
    Role,
    but,
    row,
)

# Left at its default, it would be tried 8 times: more than 100 s.
weather = but(tcp_orphan_retries=1, tcp_rto_min_us=500_000)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.recv(100)


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.close()


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    await bench.call(server="recv")

    await bench.call(client="close")
    bench.expect_call(client="close")  # it does not wait for anything
    orphan = row(FIN_WAIT_1, send_q=1, timer="on", orphan=True)
    bench.expect(client=orphan, server=ESTABLISHED, wire=[FIN])
    await bench.drop(client=FIN)
    await bench.wait(client="on")
    bench.expect(client=orphan, server=ESTABLISHED)
    await bench.drop(client=FIN, copy=True)  # sent again, and lost again
    await bench.wait(client="on")
    bench.expect(client=CLOSED, wire=[])  # given up, with neither a FIN nor a RST

    bench.expect(server=row(ESTABLISHED, timer=""))  # nothing there will ever find out
    bench.expect_call(server="recv", blocked=True)


control = Control(
    "the kernel may try twice",
    fails="expected client CLOSED, wire empty; observed client FIN-WAIT-1, wire FIN",
    weather=but(tcp_orphan_retries=2, tcp_rto_min_us=500_000),
)
