"""The inherited descriptor: close() that does not end the connection.

Question: why does close() send no FIN, if the program has called fork() before?
See:      close() gives up one descriptor, and the connection ends with the last: the child's
          holds it open, in ESTABLISHED on both ends, until the child has ended
Source:   close(2), fork(2); RFC 9293 §3.6
Next:     rst-abort
Level:    2
Tags:     close, fork, ESTABLISHED, FIN, SIGKILL, descriptors, leak
Bench:    wire or loopback
"""

from socklab import (
    ACK,
    CLOSE_WAIT,
    ESTABLISHED,
    FIN,
    FIN_WAIT_1,
    FIN_WAIT_2,
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
    child = await me.fork()  # to do something else; it was not told of the connection
    await connection.close()
    await child.kill()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.recv(100)


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="close"))
    await bench.call(client="recv")

    await bench.call(server="close")
    bench.expect_call(server="close")
    still_held = row(ESTABLISHED, timer="", orphan=False)
    bench.expect(client=ESTABLISHED, server=still_held, wire=[])  # shutdown() would have sent a FIN
    bench.expect_call(client="recv", blocked=True)  # and so no end of file

    await bench.call(server="kill")  # the kernel closes what a dying process held
    bench.expect(client=ESTABLISHED, server=row(FIN_WAIT_1, orphan=True), wire=[FIN])
    await bench.carry(server=FIN)
    await bench.carry(client=ACK)
    bench.expect(client=CLOSE_WAIT, server=FIN_WAIT_2)
    bench.expect_call(client="recv", returns=b"")


async def careful_server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    child = await me.fork()
    connection, _ = await listener.accept()
    await connection.close()
    await child.kill()


control = Control(
    "the child is there before the connection, so it does not inherit it",
    fails="held by a descriptor, wire empty; observed server FIN-WAIT-1 timer on orphan, wire FIN",
    roles={"server": careful_server},
)
