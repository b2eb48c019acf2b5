"""The abort: close() as a reset, with SO_LINGER set to 0 seconds.

Question: what does SO_LINGER 0 do instead of the four segments of a close?
See:      one RST ends both ends at once: there is no TIME-WAIT anywhere, the peer still reads
          what had arrived before it, and then gets ECONNRESET instead of an end of file
Source:   RFC 9293 §3.10.5 (ABORT), §3.5.2; socket(7), SO_LINGER
Next:     unread-data
Level:    2
Tags:     abort, RST, ECONNRESET, SO_LINGER, TIME-WAIT
Bench:    wire or loopback
"""

import struct
from contextlib import suppress
from socket import SO_LINGER, SOL_SOCKET

from socklab import ACK, CLOSED, DATA, ESTABLISHED, RST, Bench, Control, Role, linger


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.recv(100)
    with suppress(ConnectionResetError):
        await connection.recv(100)


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.send(b"last words")
    await connection.setsockopt(SOL_SOCKET, SO_LINGER, linger(0))
    await connection.close()


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    await bench.call(client="send")
    await bench.carry(client=DATA)
    await bench.carry(server=ACK)

    await bench.call(client="setsockopt")
    await bench.call(client="close")  # no FIN: a RST
    bench.expect(client=CLOSED, server=ESTABLISHED, wire=[RST])
    await bench.carry(client=RST)
    bench.expect(client=CLOSED, server=CLOSED, wire=[])  # nobody answers it, nobody waits

    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"last words")  # it had arrived before the RST
    await bench.call(server="recv")
    bench.expect_call(server="recv", fails="ECONNRESET")
    bench.expect(client=CLOSED, server=CLOSED)


async def polite_client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.send(b"last words")
    await connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 0, 0))  # off
    await connection.close()


control = Control(
    "SO_LINGER is off, so close() sends a FIN",
    fails="expected client CLOSED, wire RST; observed client FIN-WAIT-1, wire FIN",
    roles={"client": polite_client},
)
