"""The write after close: ECONNRESET, EPIPE or end of file.

Question: the server has closed and the client writes: which error does it get, and when?
See:      the first write succeeds, and draws a RST; if the FIN had come before that, the next
          one fails with EPIPE, else with ECONNRESET, once; recv() then tells an end of file
Source:   RFC 9293 §3.6.1; send(2), EPIPE; Linux: tcp_reset, tcp_rcv_state_process
Next:     data-to-orphan
Level:    2
Tags:     abort, close, RST, EPIPE, ECONNRESET, SIGPIPE, CLOSE-WAIT, FIN-WAIT-1, FIN-WAIT-2
"""

from contextlib import suppress

from socklab import (
    ACK,
    CLOSE_WAIT,
    CLOSED,
    DATA,
    ESTABLISHED,
    FIN,
    FIN_WAIT_1,
    FIN_WAIT_2,
    RST,
    Bench,
    Control,
    Role,
)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    for _ in range(2):
        connection, _ = await listener.accept()
        await connection.close()


async def client(me: Role) -> None:
    for _ in range(2):
        connection = me.socket()
        await connection.connect(("server", 80))
        for word in (b"one", b"two", b"three"):
            with suppress(BrokenPipeError, ConnectionResetError):
                await connection.send(word)
        await connection.recv(100)


async def story(bench: Bench) -> None:
    # First the client knows of the close(), or could: the FIN is there before it writes.
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    await bench.call(server="close")
    await bench.carry(server=FIN)
    await bench.carry(client=ACK)
    bench.expect(client=CLOSE_WAIT, server=FIN_WAIT_2)
    await bench.call(client="send")
    bench.expect_call(client="send", returns=3)  # the FIN may have been of a shutdown(SHUT_WR)
    await bench.carry(client=DATA)
    bench.expect(client=CLOSE_WAIT, server=CLOSED, wire=[RST])  # but nobody is there to read it
    await bench.carry(server=RST)
    bench.expect(client=CLOSED, server=CLOSED, wire=[])
    await bench.call(client="send")
    bench.expect_call(client="send", fails="EPIPE")  # a C program gets SIGPIPE, too
    await bench.call(client="send")
    bench.expect_call(client="send", fails="EPIPE")
    await bench.call(client="recv")
    bench.expect_call(client="recv", returns=b"")

    # Now the same while the FIN is on its way.
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    await bench.call(server="close")
    await bench.call(client="send")
    bench.expect_call(client="send", returns=3)
    bench.expect(client=ESTABLISHED, server=FIN_WAIT_1, wire=[FIN, DATA])
    await bench.carry(client=DATA)
    bench.expect(client=ESTABLISHED, server=CLOSED, wire=[FIN, RST])
    await bench.carry(server=RST)  # it overtakes the FIN
    bench.expect(client=CLOSED, server=CLOSED, wire=[FIN])
    await bench.call(client="send")
    bench.expect_call(client="send", fails="ECONNRESET")  # told once
    await bench.call(client="send")
    bench.expect_call(client="send", fails="EPIPE")
    await bench.call(client="recv")
    bench.expect_call(client="recv", returns=b"")  # an end of file, although no FIN ever came


control = Control(
    "the RST is lost, so the client can go on writing",
    fails="expected client CLOSED; observed client CLOSE-WAIT",
    loses=lambda segment: segment.packet.kind is RST,
)
