"""The last ACK is lost: what TIME-WAIT is there for.

Question: what does TIME-WAIT do when the peer sends its FIN a second time?
See:      it answers with its ACK again, which lets the peer go at last, and its minute begins
          anew; no program has a part in it, and no descriptor is left
Source:   RFC 9293 §3.6.1; §3.10.7.4 (FIN in TIME-WAIT)
Next:     fin-lost-orphan
Level:    1
Tags:     close, TIME-WAIT, LAST-ACK, ACK, retransmission
Slow:     ss shows whole seconds of so long a timer, so some must pass to be seen; 3 s
"""

from socklab import (
    ACK,
    CLOSED,
    ESTABLISHED,
    FIN,
    LAST_ACK,
    TIME_WAIT,
    Bench,
    Control,
    Role,
    but,
    row,
)

# The FIN is sent again after one second, then after two more.
weather = but(tcp_rto_min_us=1_000_000)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.recv(100)  # empty: the client has closed
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
    await bench.call(server="recv")
    await bench.call(server="close")
    fin = await bench.carry(server=FIN)
    bench.expect(client=TIME_WAIT, server=LAST_ACK, wire=[ACK])

    first_ack = await bench.drop(client=ACK)
    bench.expect(client=TIME_WAIT, server=row(LAST_ACK, timer="on"), wire=[])
    await bench.wait(server="on")
    await bench.drop(server=FIN, copy=True)  # that one is lost, too
    await bench.wait(server="on")
    # Of the minute three seconds are over: one before the first copy, two before the second.
    bench.expect(client=row(TIME_WAIT, timer="timewait", left_s=(1, 57)), server=LAST_ACK)

    again = await bench.carry(server=FIN, copy=True)
    # The client's program has long ended: its kernel answers, and counts from 60 again.
    bench.expect(client=row(TIME_WAIT, timer="timewait", left_s=(58, 60)), server=LAST_ACK)
    bench.prove("it is the same FIN", expected=fin.seq, observed=again.seq)
    second_ack = await bench.carry(client=ACK)
    bench.prove("it is the same ACK", expected=first_ack.ack, observed=second_ack.ack)
    bench.expect(client=TIME_WAIT, server=CLOSED, wire=[])  # now the server may go


control = Control(
    "the FIN that is sent again is lost, too",
    fails="expected client TIME-WAIT timer timewait 58 to 60 s left; observed client TIME-WAIT",
    loses=lambda segment: segment.sender == "server" and segment.copy,
)
