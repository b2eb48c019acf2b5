"""A server restarts: its port is still in TIME-WAIT, and bind() fails.

Question: is SO_REUSEADDR on the new server enough to restart it at once?
See:      only if the old one had set it, too: of the four cases bind() succeeds in one; in the
          others it fails with EADDRINUSE, although nobody listens and nothing is left but a
          connection in TIME-WAIT
Linux:    it asks for the option on both, and a connection has it from its listener
Source:   socket(7), SO_REUSEADDR; bind(2); RFC 9293 §3.6.1; Linux: inet_csk_bind_conflict
Next:     port-exhaustion
Level:    1
Tags:     limits, TIME-WAIT, SO_REUSEADDR, EADDRINUSE, bind, restart
"""

from contextlib import suppress
from socket import SO_REUSEADDR, SOL_SOCKET

from socklab import CLOSED, TIME_WAIT, Bench, Control, Role

PLAIN, REUSING = 80, 81  # two services: the old server of the second has set SO_REUSEADDR


async def server(me: Role) -> None:
    for port in (PLAIN, REUSING):
        listener = me.socket()
        await listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, port == REUSING)
        await listener.bind(("server", port))
        await listener.listen()
        connection, _ = await listener.accept()
        await listener.close()
        await connection.close()  # the server is first, so TIME-WAIT will be here


async def client(me: Role) -> None:
    for port in (PLAIN, REUSING):
        connection = me.socket()
        await connection.connect(("server", port))
        await connection.recv(100)  # empty: the server has closed
        await connection.close()


async def server_2(me: Role) -> None:  # the same two services, started again
    for port in (PLAIN, REUSING):
        listener = me.socket()
        with suppress(OSError):
            await listener.bind(("server", port))
        await listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        with suppress(OSError):
            await listener.bind(("server", port))


async def story(bench: Bench) -> None:
    await bench.flow(client=CLOSED, server=[TIME_WAIT, TIME_WAIT])
    bench.expect(client=CLOSED, server=[TIME_WAIT, TIME_WAIT], wire=[])  # and nobody listens

    await bench.call(server_2="bind")
    bench.expect_call(server_2="bind", fails="EADDRINUSE")  # neither has the option
    await bench.call(server_2="setsockopt")
    await bench.call(server_2="bind")
    bench.expect_call(server_2="bind", fails="EADDRINUSE")  # the new one has it

    await bench.call(server_2="bind")
    bench.expect_call(server_2="bind", fails="EADDRINUSE")  # the old one has it
    await bench.call(server_2="setsockopt")
    await bench.call(server_2="bind")
    bench.expect_call(server_2="bind")  # both have it
    bench.expect(server=[TIME_WAIT, TIME_WAIT])  # which is still there, and no obstacle


async def reusing_server(me: Role) -> None:
    for port in (PLAIN, REUSING):
        listener = me.socket()
        await listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        await listener.bind(("server", port))
        await listener.listen()
        connection, _ = await listener.accept()
        await listener.close()
        await connection.close()


control = Control(
    "both old servers have set the option",
    fails="expected server_2 bind() EADDRINUSE; observed server_2 bind() 0",
    roles={"server": reusing_server},
)
