"""A reset meets a FIN: one end says goodbye while the other hangs up.

Question: a FIN and a RST cross on the wire: in which states does that leave both ends?
See:      both are CLOSED: the RST takes FIN-WAIT-1 there at once, without TIME-WAIT; the FIN finds
          nobody, and its answer, a RST too, finds nobody either
Source:   RFC 9293 §3.10.7.4 (RST bit), §3.10.7.1, §3.5.3
Next:     reset-before-accept
Level:    3
Tags:     abort, close, RST, FIN, FIN-WAIT-1, TIME-WAIT, SO_LINGER
"""

from socket import SO_LINGER, SOL_SOCKET

from socklab import CLOSED, FIN, FIN_WAIT_1, RST, Bench, Control, Role, linger


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.setsockopt(SOL_SOCKET, SO_LINGER, linger(0))
    await connection.close()  # the rude one


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.close()  # the polite one


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="setsockopt"))
    await bench.call(server="setsockopt")
    await bench.call(client="close")
    await bench.call(server="close")
    bench.expect(client=FIN_WAIT_1, server=CLOSED, wire=[FIN, RST])  # they will cross

    fin = await bench.carry(client=FIN)
    bench.expect(client=FIN_WAIT_1, server=CLOSED, wire=[RST, RST])  # the FIN found nobody
    await bench.carry(server=RST)  # the first, which was close()
    bench.expect(client=CLOSED, server=CLOSED, wire=[RST])
    answer = await bench.carry(server=RST)  # the second, which was the answer to the FIN
    bench.expect(client=CLOSED, server=CLOSED, wire=[])  # a RST is never answered
    bench.prove(
        "the answer has the number that the FIN acknowledged",
        expected=fin.ack,
        observed=answer.seq,
        witnesses=[fin, answer],
    )


control = Control(
    "the RST is lost",
    fails="expected client CLOSED; observed client FIN-WAIT-1",
    loses=lambda segment: segment.packet.kind is RST,
)
