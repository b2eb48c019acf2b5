"""The simultaneous open: two clients, no server, one connection.

Question: what happens if both ends call connect(), and neither listens?
See:      when the SYNs cross, both ends go from SYN-SENT through SYN-RECEIVED, and there is
          one connection in the end, not two
Source:   RFC 9293 §3.5, figure 7
Next:     self-connect
Level:    3
Tags:     establish, simultaneous open, SYN, SYN+ACK, SYN-SENT, SYN-RECEIVED
"""

from socklab import (
    DATA,
    ESTABLISHED,
    SYN,
    SYN_ACK,
    SYN_RECEIVED,
    SYN_SENT,
    Bench,
    Control,
    Role,
    row,
)


async def server(me: Role) -> None:
    connection = me.socket()
    await connection.bind(("server", 80))
    await connection.connect(("client", 4000))  # a server in name only
    await connection.recv(100)


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.bind(("client", 4000))  # each must know the other's port
    await connection.connect(("server", 80))
    await connection.send(b"hello")


async def story(bench: Bench) -> None:
    await bench.call(server="bind")
    await bench.call(client="bind")
    await bench.call(client="connect")
    await bench.call(server="connect")  # it can't know: the client's SYN is still on the wire
    bench.expect(client=SYN_SENT, server=SYN_SENT, wire=[SYN, SYN])

    await bench.carry(client=SYN)  # no ACK in it, so it opens nothing yet
    bench.expect(client=SYN_SENT, server=SYN_RECEIVED)
    await bench.carry(server=SYN)
    half = row(SYN_RECEIVED, orphan=False)  # a whole socket: no listener made it
    bench.expect(client=half, server=half, wire=[SYN_ACK, SYN_ACK])
    bench.expect_call(client="connect", blocked=True)

    client_answer = await bench.carry(client=SYN_ACK)
    bench.expect(client=SYN_RECEIVED, server=ESTABLISHED)
    server_answer = await bench.carry(server=SYN_ACK)
    bench.expect(client=ESTABLISHED, server=ESTABLISHED)
    bench.expect_call(client="connect")
    bench.expect_call(server="connect")  # both asked, both got it, nobody accepted
    bench.prove(
        "each SYN+ACK is the sender's SYN said again, with an ACK of the other's",
        expected=[(0, 1), (0, 1)],
        observed=[(answer.seq, answer.ack) for answer in (client_answer, server_answer)],
        witnesses=[client_answer, server_answer],
    )

    await bench.call(client="send")
    await bench.carry(client=DATA)
    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"hello")


control = Control(
    "the client's SYN is lost, so the SYNs don't cross",
    fails="expected server SYN-RECEIVED; observed server SYN-SENT",
    loses=lambda segment: segment.sender == "client" and segment.packet.kind is SYN,
)
