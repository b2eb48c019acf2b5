"""ss -K: somebody else ends the connection, and the program hears of it.

Question: what does a program see when an administrator destroys its connection with ss -K?
See:      its blocked recv() fails with ECONNABORTED, the peer gets a RST, and neither end waits
          in any state; the descriptor stays with the program, which still has to close it
Source:   ss(8), --kill; RFC 9293 §3.10.5 (ABORT); Linux: tcp_abort
Next:     killed-process
Level:    2
Tags:     abort, RST, ECONNABORTED, ECONNRESET, ESTABLISHED, ss -K
"""

from contextlib import suppress

from socklab import CLOSED, ESTABLISHED, RST, Bench, Control, Role


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    with suppress(ConnectionAbortedError):
        await connection.recv(100)
    await connection.recv(100)
    with suppress(BrokenPipeError):
        await connection.send(b"anybody?")
    await connection.close()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    with suppress(ConnectionResetError):
        await connection.recv(100)


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    await bench.call(server="recv")
    await bench.call(client="recv")
    bench.expect_call(server="recv", blocked=True)

    await bench.destroy(server=ESTABLISHED)  # on the server's host: ss -K state established
    bench.expect(client=ESTABLISHED, server=CLOSED, wire=[RST])
    bench.expect_call(server="recv", fails="ECONNABORTED")  # not ECONNRESET: no peer did it
    bench.expect_call(client="recv", blocked=True)
    await bench.carry(server=RST)
    bench.expect(client=CLOSED, server=CLOSED, wire=[])
    bench.expect_call(client="recv", fails="ECONNRESET")  # to the peer it is a reset like others

    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"")  # the error is told once
    await bench.call(server="send")
    bench.expect_call(server="send", fails="EPIPE")
    await bench.call(server="close")
    bench.expect_call(server="close")
    bench.expect(client=CLOSED, server=CLOSED, wire=[])


control = Control(
    "nobody destroys anything",
    fails="expected server CLOSED, wire RST; observed server ESTABLISHED, wire empty",
    without="destroy",
)
