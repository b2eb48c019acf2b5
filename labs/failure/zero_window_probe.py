"""The zero-window probe: both ends wait, and one of them asks.

Question: a window was 0 and is open again: what if the segment that tells so is lost?
See:      the sender does not wait for it for ever: its persist timer sends a probe, an empty
          segment that must be answered, and the answer has the window in it
Linux:    its probe is empty, and has an old number; RFC 9293 has one with a byte of new data
Source:   RFC 9293 §3.8.6.1; RFC 1122 §4.2.2.17; ss(8)
Next:     nagle-delayed-ack
Level:    2
Tags:     failure, zero window, persist, timers, SO_RCVBUF
Slow:     the persist timer takes 0.2 s at least, and there must be time to look before; 1 s
"""

from socket import SO_RCVBUF, SOL_SOCKET

from socklab import ACK, DATA, ESTABLISHED, Bench, Control, Role, Segment, but, row

weather = but(tcp_rto_min_us=500_000)  # half a second; the persist timer begins with it

SIZE = 1700  # more than the server has room for, by less than a segment


def window(segment: Segment) -> str:
    return "open" if segment.packet.window else "closed"


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.setsockopt(SOL_SOCKET, SO_RCVBUF, 1)  # rounded up to the least there is
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.recv(9999)


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.send(bytes(SIZE))


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="recv"))
    await bench.call(client="send")
    await bench.carry(client=DATA)
    await bench.carry(client=DATA)  # and with that the receiver is full
    await bench.carry(server=ACK)
    full = await bench.carry(server=ACK)
    bench.prove("the last ACK's window", expected="closed", observed=window(full))
    assert full.ack is not None
    there = full.ack - 1  # so many bytes
    left = row(ESTABLISHED, send_q=SIZE - there, timer="persist")
    bench.expect(client=left, server=row(ESTABLISHED, recv_q=there), wire=[])

    await bench.call(server="recv")
    bench.expect(client=left, server=row(ESTABLISHED, recv_q=0), wire=[ACK])
    update = await bench.drop(server=ACK)
    bench.prove("the lost ACK's window", expected="open", observed=window(update))
    # The server waits for data now, and the client for a window.
    await bench.wait(client="persist")
    bench.expect(client=left, server=row(ESTABLISHED, recv_q=0), wire=[ACK])
    probe = await bench.carry(client=ACK)
    bench.prove(
        "the probe is empty, and its number has been acknowledged: whoever gets it must answer",
        expected=(there, b""),
        observed=(probe.seq, probe.packet.payload),
    )
    bench.expect(client=left, server=row(ESTABLISHED, recv_q=0), wire=[ACK])
    answer = await bench.carry(server=ACK)
    bench.prove("the answer's window", expected="open", observed=window(answer))
    bench.expect(client=row(ESTABLISHED, timer="on"), wire=[DATA])
    await bench.carry(client=DATA)
    await bench.carry(server=ACK)
    bench.expect(client=row(ESTABLISHED, send_q=0, timer=""))
    bench.expect(server=row(ESTABLISHED, recv_q=SIZE - there))


control = Control(
    "the probe is lost, too",
    fails="expected wire ACK; observed wire empty",
    loses=lambda segment: segment.packet.kind is ACK and segment.seq > 1,
)
