"""SO_LINGER above 0: a close() that blocks, also where nothing else does.

Question: the descriptor is non-blocking; can close() stop an event loop all the same?
See:      with SO_LINGER it can: close() waits in FIN-WAIT-1 until the data and also the FIN have
          been acknowledged, whatever the descriptor says about blocking
Source:   socket(7), SO_LINGER; POSIX.1-2017, close(); RFC 9293 §3.10.4
Next:     inherited-descriptor
Level:    3
Tags:     close, FIN-WAIT-1, FIN-WAIT-2, SO_LINGER, event loop
"""

import os
from socket import SO_LINGER, SOL_SOCKET

from socklab import (
    ACK,
    CLOSE_WAIT,
    DATA,
    ESTABLISHED,
    FIN,
    FIN_WAIT_1,
    FIN_WAIT_2,
    Bench,
    Control,
    Role,
    linger,
    row,
)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    await listener.accept()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.setsockopt(SOL_SOCKET, SO_LINGER, linger(60))
    await connection.send(b"last words")
    # Trio's event loop would stand still in this call, and each of its tasks with it. For the
    # lab to go on, it is made in a thread of its own.
    await connection.close()


async def story(bench: Bench) -> None:
    await bench.flow(
        until=bench.stands_before(client="send"), client=ESTABLISHED, server=ESTABLISHED
    )
    (connection,) = bench.roles["client"].sockets
    bench.prove(
        "the descriptor is non-blocking",
        expected=True,
        observed=not os.get_blocking(connection.fileno()),
    )
    await bench.call(client="send")
    bench.expect_call(client="send", returns=10)

    await bench.call(client="close")
    bench.expect(client=FIN_WAIT_1, server=ESTABLISHED, wire=[DATA, FIN])
    bench.expect_call(client="close", blocked=True)
    await bench.carry(client=DATA)
    await bench.carry(server=ACK)
    bench.expect(client=row(FIN_WAIT_1, send_q=1), server=ESTABLISHED, wire=[FIN])
    bench.expect_call(client="close", blocked=True)  # the data are there, but not the FIN
    await bench.carry(client=FIN)
    bench.expect(client=FIN_WAIT_1, server=CLOSE_WAIT, wire=[ACK])
    bench.expect_call(client="close", blocked=True)

    await bench.carry(server=ACK)
    bench.expect_call(client="close")  # that was it: the server's kernel has everything
    bench.expect(client=row(FIN_WAIT_2, orphan=True), server=row(CLOSE_WAIT, recv_q=11))
    # But the server's program has read none of it: close() can't wait for that.


async def usual_client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.send(b"last words")
    await connection.close()


control = Control(
    "SO_LINGER is left alone, so close() leaves the rest to the kernel",
    fails="expected client close() blocked; observed client close() 0",
    roles={"client": usual_client},
)
