"""The disconnect: one descriptor, two connections.

Question: can a TCP socket that has been connected connect again?
See:      after connect() to AF_UNSPEC it can: that call is an abort, the peer gets a RST, and
          the same descriptor may open another connection
Linux:    AF_UNSPEC dissolves a TCP connection, too; POSIX knows it for datagram sockets only
Source:   connect(2), AF_UNSPEC; RFC 9293 §3.10.5; Linux: tcp_disconnect
Next:     half-open-reconnect
Level:    3
Tags:     establish, abort, RST, ECONNRESET, AF_UNSPEC
"""

from contextlib import suppress

from socklab import CLOSED, ESTABLISHED, RST, Bench, Control, Role, row


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    with suppress(ConnectionResetError):
        await connection.recv(100)
    await listener.accept()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.disconnect()  # connect() to an address of the family AF_UNSPEC
    await connection.connect(("server", 80))


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    await bench.call(client="disconnect")
    bench.expect_call(client="disconnect")
    bench.expect(client=CLOSED, server=ESTABLISHED, wire=[RST])  # no FIN: an abort
    await bench.carry(client=RST)
    bench.expect(client=CLOSED, server=CLOSED, wire=[])
    await bench.call(server="recv")
    bench.expect_call(server="recv", fails="ECONNRESET")

    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)  # from the descriptor it has
    bench.expect(client=row(ESTABLISHED, orphan=False), server=ESTABLISHED, wire=[])
    bench.expect_call(client="connect")
    bench.prove(
        "the client has made one socket for both connections",
        expected=1,
        observed=len(bench.roles["client"].sockets),
    )


control = Control(
    "the RST is lost, so the server knows nothing of it",
    fails="expected server CLOSED; observed server ESTABLISHED",
    loses=lambda segment: segment.packet.kind is RST,
)
