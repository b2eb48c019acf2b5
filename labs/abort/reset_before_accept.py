"""A reset before accept(): the server accepts what is already gone.

Question: a client connects and resets before the server calls accept(); what does accept() do?
See:      the connection goes, its place in the accept queue stays: accept() succeeds, and only
          the first call on what it returns tells of the RST
Linux:    accept() returns the dead connection; other systems drop it, or fail with ECONNABORTED
Source:   accept(2); accept(3p), ECONNABORTED; RFC 9293 §3.10.7.4
Next:     blind-reset
Level:    2
Tags:     abort, RST, accept, backlog, ECONNRESET, ECONNABORTED, SO_LINGER
"""

from contextlib import suppress
from socket import SO_LINGER, SOL_SOCKET

from socklab import (
    ACK,
    CLOSED,
    ESTABLISHED,
    LISTEN,
    RST,
    SYN,
    SYN_ACK,
    Bench,
    Control,
    Role,
    linger,
    row,
)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen(16)
    connection, _ = await listener.accept()
    with suppress(ConnectionResetError):
        await connection.recv(100)
    await connection.recv(100)


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.setsockopt(SOL_SOCKET, SO_LINGER, linger(0))  # close() will be a RST
    await connection.connect(("server", 80))
    await connection.close()


async def story(bench: Bench) -> None:
    await bench.call(server="bind")
    await bench.call(server="listen")
    await bench.call(client="setsockopt")
    await bench.call(client="connect")
    await bench.carry(client=SYN)
    await bench.carry(server=SYN_ACK)
    await bench.carry(client=ACK)
    waiting = row(ESTABLISHED, accepted=False)
    bench.expect(client=ESTABLISHED, server=[row(LISTEN, recv_q=1), waiting], wire=[])

    await bench.call(client="close")
    await bench.carry(client=RST)
    bench.expect(client=CLOSED, server=row(LISTEN, recv_q=1), wire=[])  # one that is none

    await bench.call(server="accept")
    bench.expect_call(server="accept")  # no error
    bench.expect(client=CLOSED, server=row(LISTEN, recv_q=0), wire=[])
    await bench.call(server="recv")
    bench.expect_call(server="recv", fails="ECONNRESET")  # an error is told once
    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"")  # from then on it looks like an end of file


control = Control(
    "the RST is lost, so accept() returns a connection that the server believes in",
    fails="expected server LISTEN Recv-Q 1; observed server ESTABLISHED",
    loses=lambda segment: segment.packet.kind is RST,
)
