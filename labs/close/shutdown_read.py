"""shutdown(SHUT_RD): nobody is told, and later data can be read all the same.

Question: what does the peer notice of shutdown(SHUT_RD)?
See:      it notices nothing: no segment is sent and no state changes, and later data are
          acknowledged as ever; recv() tells end of file, but only while there is nothing to read
Linux:    shutdown(2) says "further receptions will be disallowed"; yet later data can be read
Source:   shutdown(2); RFC 9293 §3.10.3, §3.6
Next:     zero-window-close
Level:    2
Tags:     close, shutdown, SHUT_RD, ESTABLISHED
"""

from socket import SHUT_RD, SHUT_RDWR

from socklab import ACK, DATA, ESTABLISHED, Bench, Control, Role, row


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.send(b"are you there?")
    await connection.recv(100)


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.shutdown(SHUT_RD)
    await connection.recv(100)
    await connection.recv(100)
    await connection.recv(100)
    await connection.send(b"yes")


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)

    await bench.call(client="shutdown")
    bench.expect(client=ESTABLISHED, server=ESTABLISHED, wire=[])  # TCP has no word for it
    await bench.call(client="recv")
    bench.expect_call(client="recv", returns=b"")  # end of file, and the server has not closed

    await bench.call(server="send")
    await bench.carry(server=DATA)
    bench.expect(client=row(ESTABLISHED, recv_q=14), server=ESTABLISHED, wire=[ACK])
    await bench.carry(client=ACK)
    bench.expect(server=row(ESTABLISHED, send_q=0))  # the server believes them well received

    await bench.call(client="recv")
    bench.expect_call(client="recv", returns=b"are you there?")  # after the end of file!
    await bench.call(client="recv")
    bench.expect_call(client="recv", returns=b"")  # nothing more to read: end of file again

    await bench.call(client="send")
    bench.expect_call(client="send", returns=3)  # the other direction is as open as ever
    await bench.carry(client=DATA)
    await bench.carry(server=ACK)
    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"yes")
    bench.expect(client=ESTABLISHED, server=ESTABLISHED)


async def hasty_client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.shutdown(SHUT_RDWR)


control = Control(
    "the client shuts down the other direction too, for which TCP has the FIN",
    fails="expected client ESTABLISHED, wire empty; observed client FIN-WAIT-1, wire FIN",
    roles={"client": hasty_client},
)
