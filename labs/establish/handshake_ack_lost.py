"""The handshake's last ACK is lost: nobody sends it again, and nobody needs to.

Question: the third segment of the handshake is lost, so what opens the server's end?
See:      whatever the client sends next, since each segment carries the same ACK: data take
          SYN-RECEIVED to ESTABLISHED, and a FIN takes it straight to CLOSE-WAIT
Source:   RFC 9293 §3.4; §3.10.7.4 (fifth, ACK; eighth, FIN)
Next:     connect-timeout
Level:    2
Tags:     establish, handshake, ACK, SYN-RECEIVED, ESTABLISHED, CLOSE-WAIT, FIN
"""

from socklab import (
    ACK,
    CLOSE_WAIT,
    DATA,
    ESTABLISHED,
    FIN,
    FIN_WAIT_1,
    FIN_WAIT_2,
    SYN,
    SYN_ACK,
    SYN_RECEIVED,
    Bench,
    Control,
    Role,
    row,
)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.recv(100)
    await listener.accept()


async def client(me: Role) -> None:
    talker = me.socket()
    await talker.connect(("server", 80))
    await talker.send(b"hello")
    leaver = me.socket()
    await leaver.connect(("server", 80))
    await leaver.close()


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="accept"))
    await bench.call(server="accept")

    await bench.call(client="connect")
    await bench.carry(client=SYN)
    await bench.carry(server=SYN_ACK)
    lost = await bench.drop(client=ACK)
    # An ACK is never sent again. A client with nothing to say is asked by the server's SYN+ACK.
    bench.expect(client=row(ESTABLISHED, timer=""), server=row(SYN_RECEIVED, timer="on"))
    bench.expect_call(server="accept", blocked=True)  # half a connection is none

    await bench.call(client="send")
    data = await bench.carry(client=DATA)
    bench.prove(
        "the data acknowledge what the lost ACK did",
        expected=lost.ack,
        observed=data.ack,
        witnesses=[lost, data],
    )
    bench.expect(client=ESTABLISHED, server=row(ESTABLISHED, recv_q=5, accepted=True))
    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"hello")  # and the data were not lost on it
    await bench.carry(server=ACK)

    # Once more, and now the client has nothing to say but goodbye.
    await bench.call(client="connect")
    await bench.carry(client=SYN)
    await bench.carry(server=SYN_ACK)
    await bench.drop(client=ACK)
    bench.expect(client=[ESTABLISHED] * 2, server=[ESTABLISHED, SYN_RECEIVED])
    await bench.call(client="close")
    await bench.carry(client=FIN)
    bench.expect(client=[ESTABLISHED, FIN_WAIT_1], server=[ESTABLISHED, CLOSE_WAIT])
    await bench.carry(server=ACK)
    bench.expect(client=[ESTABLISHED, FIN_WAIT_2], server=[ESTABLISHED, CLOSE_WAIT])
    await bench.call(server="accept")  # it never was ESTABLISHED, and is accepted all the same
    late = row(CLOSE_WAIT, recv_q=1, accepted=True)
    bench.expect(server=[row(ESTABLISHED, recv_q=0, accepted=True), late])


control = Control(
    "the data are lost, too, so nothing tells the server",
    fails="observed server SYN-RECEIVED",
    loses=lambda segment: segment.packet.kind is DATA,
)
