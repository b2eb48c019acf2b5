"""A SYN into ESTABLISHED: one segment no longer ends a connection.

Question: a SYN arrives in ESTABLISHED: is it believed, and the connection reset?
See:      it is not: whatever its number, it is answered with an ACK that says where the connection
          stands, and nothing else happens; a peer that is alive lets that ACK pass in silence
Linux:    RFC 793 sends a RST if the SYN is in the window, and RFC 9293 allows it; Linux does not
Source:   RFC 9293 §3.10.7.4; RFC 5961 §4.2
Next:     socket-destroy
Level:    3
Tags:     abort, SYN, ACK, ESTABLISHED, challenge ACK, attack, sequence numbers
"""

from socklab import ACK, DATA, ESTABLISHED, SYN, Bench, Control, Role, row

OLD, EXPECTED, IN_WINDOW, BEYOND = -1000, 1, 1000, 1_000_000


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.recv(100)


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.send(b"still here")


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    await bench.call(server="recv")

    for number in (OLD, EXPECTED, IN_WINDOW, BEYOND):
        await bench.inject(client=SYN, seq=number)  # an attacker's, or of an earlier life
        bench.expect(client=ESTABLISHED, server=ESTABLISHED, wire=[ACK])
        challenge = await bench.carry(server=ACK)
        bench.prove(
            "the challenge ACK says where the server stands: seq 1, ack 1",
            expected=(1, 1),
            observed=(challenge.seq, challenge.ack),
        )
        bench.expect(client=ESTABLISHED, server=ESTABLISHED, wire=[])  # no news to it
    bench.prove(
        "the server's kernel has counted four challenges",
        expected=4,
        observed=bench.counted(server="TcpExtTCPSYNChallenge"),
    )

    await bench.call(client="send")
    await bench.carry(client=DATA)
    bench.expect_call(server="recv", returns=b"still here")  # the connection has no scratch
    await bench.carry(server=ACK)
    bench.expect(client=row(ESTABLISHED, send_q=0), server=ESTABLISHED)


control = Control(
    "no SYN comes",
    fails="expected wire ACK; observed wire empty",
    without="inject client SYN",
)
