"""close() with unread data: a reset that nobody asked for.

Question: a server answers before it has read all of a request, and closes: what can go wrong?
See:      close() sends a RST instead of a FIN, and the kernel forgets the answer with the
          connection; shutdown(), then reading to the end, then close() loses nothing
Source:   RFC 9293 §3.6.1 (SHLD-3); RFC 2525 §2.17; Linux: tcp_close
Next:     write-after-close
Level:    2
Tags:     abort, close, shutdown, RST, ECONNRESET, unread data
"""

from contextlib import suppress
from socket import SHUT_WR

from socklab import (
    ACK,
    CLOSED,
    DATA,
    ESTABLISHED,
    FIN,
    FIN_WAIT_1,
    RST,
    TIME_WAIT,
    Bench,
    Control,
    Role,
    row,
)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    hasty, _ = await listener.accept()
    await hasty.recv(3)  # "GET", and that is enough
    await hasty.send(b"the answer")
    await hasty.close()
    patient, _ = await listener.accept()
    await patient.recv(3)
    await patient.send(b"the answer")
    await patient.shutdown(SHUT_WR)
    while await patient.recv(100):  # to the end, whether it wants to know or not
        pass
    await patient.close()


async def client(me: Role) -> None:
    for _ in range(2):
        connection = me.socket()
        await connection.connect(("server", 80))
        await connection.send(b"GET /index")
        with suppress(ConnectionResetError):
            while await connection.recv(100):
                pass
        await connection.close()


async def story(bench: Bench) -> None:
    asked = row(ESTABLISHED, send_q=0)
    await bench.flow(until=bench.stands_before(server="send"), client=asked)
    bench.expect(client=asked, server=row(ESTABLISHED, recv_q=7))  # " /index" is unread
    await bench.call(server="send")
    await bench.call(server="close")
    # The client is to know that not all it sent was read.
    bench.expect(client=asked, server=CLOSED, wire=[DATA, RST])

    await bench.drop(server=DATA)  # the answer is lost, and nobody is left to send it again
    await bench.carry(server=RST)
    bench.expect(client=ESTABLISHED, server=CLOSED, wire=[ACK])  # something is missing before it
    await bench.carry(client=ACK)
    await bench.carry(server=RST)
    bench.expect(client=CLOSED, server=CLOSED, wire=[])
    await bench.call(client="recv")
    bench.expect_call(client="recv", fails="ECONNRESET")  # no answer, and no end of file

    # The same again, with a server that shuts down first.
    await bench.flow(until=bench.stands_before(server="send"), client=asked)
    bench.expect(client=asked, server=row(ESTABLISHED, recv_q=7))
    await bench.call(server="send")
    await bench.call(server="shutdown")
    # Ten bytes and the FIN: the kernel keeps them, and would send them again.
    kept = row(FIN_WAIT_1, recv_q=7, send_q=11, timer="on")
    bench.expect(client=asked, server=kept, wire=[DATA, FIN])
    await bench.carry(server=DATA)
    await bench.call(client="recv")
    bench.expect_call(client="recv", returns=b"the answer")
    await bench.flow()
    bench.expect_call(client="recv", returns=b"")
    bench.expect(client=CLOSED, server=TIME_WAIT)  # closed in good order


async def thorough_server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.recv(100)
    await connection.send(b"the answer")
    await connection.close()


control = Control(
    "the server reads the whole request",
    fails="expected server ESTABLISHED Recv-Q 7; observed server ESTABLISHED Recv-Q 0",
    roles={"server": thorough_server},
)
