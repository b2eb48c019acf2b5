"""Half-close: the client has said goodbye, the server keeps talking.

Question: can the server still send after the client's FIN?
See:      the client stays in FIN-WAIT-2 for as long as the server is in CLOSE-WAIT, and
          nothing that the server sends meanwhile is lost
Source:   RFC 9293 §3.6.1; shutdown(2)
Next:     forgotten-close
Level:    1
Tags:     close, half-close, FIN-WAIT-2, CLOSE-WAIT, shutdown, EPIPE
Bench:    wire or loopback
"""

from contextlib import suppress
from socket import SHUT_RDWR, SHUT_WR

from socklab import (
    ACK,
    CLOSE_WAIT,
    CLOSED,
    DATA,
    ESTABLISHED,
    FIN,
    FIN_WAIT_1,
    FIN_WAIT_2,
    LAST_ACK,
    TIME_WAIT,
    Bench,
    Control,
    Role,
)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.recv(100)  # empty: the client's FIN is the end of its data, not of ours
    await connection.send(b"still here")
    await connection.close()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.shutdown(SHUT_WR)  # a FIN, but the descriptor stays open to read
    with suppress(BrokenPipeError):  # sending is what shutdown(SHUT_WR) gave up
        await connection.send(b"one more thing")
    await connection.recv(100)
    await connection.recv(100)


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)

    await bench.call(client="shutdown")
    bench.expect(client=FIN_WAIT_1, server=ESTABLISHED)
    await bench.carry(client=FIN)
    bench.expect(client=FIN_WAIT_1, server=CLOSE_WAIT)
    await bench.carry(server=ACK)
    bench.expect(client=FIN_WAIT_2, server=CLOSE_WAIT)  # both could stay so for ever

    await bench.call(client="send")
    bench.expect_call(client="send", fails="EPIPE")
    bench.expect(client=FIN_WAIT_2, server=CLOSE_WAIT, wire=[])

    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"")  # end of file
    await bench.call(server="send")
    bench.expect_call(server="send", returns=10)
    await bench.carry(server=DATA)
    await bench.call(client="recv")
    bench.expect_call(client="recv", returns=b"still here")
    await bench.carry(client=ACK)
    bench.expect(client=FIN_WAIT_2, server=CLOSE_WAIT)  # half closed is not closed

    await bench.call(server="close")
    bench.expect(client=FIN_WAIT_2, server=LAST_ACK)
    await bench.carry(server=FIN)
    bench.expect(client=TIME_WAIT, server=LAST_ACK)
    await bench.carry(client=ACK)
    bench.expect(client=TIME_WAIT, server=CLOSED)

    await bench.call(client="recv")
    bench.expect_call(client="recv", returns=b"")


async def hasty_client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.shutdown(SHUT_RDWR)  # also gives up what the server might still send
    with suppress(BrokenPipeError):
        await connection.send(b"one more thing")
    with suppress(ConnectionResetError):
        await connection.recv(100)


control = Control(
    "the client shuts down both directions",
    fails="expected client recv() b'still here'; observed client recv() ECONNRESET",
    roles={"client": hasty_client},
)
