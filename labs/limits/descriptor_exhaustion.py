"""Out of descriptors: accept() fails with EMFILE, and the client does not know.

Question: a server has no descriptor left: what becomes of the client that accept() can't take?
See:      it waits in the queue, ESTABLISHED, and its data are acknowledged, while accept() fails
          again and again; after one close() accept() takes it, and nothing has been lost
Source:   accept(2), EMFILE; getrlimit(2), RLIMIT_NOFILE; RFC 9293 §3.5
Next:     handshake
Level:    2
Tags:     limits, accept, EMFILE, descriptors, LISTEN, leak
"""

from contextlib import suppress

from socklab import ACK, DATA, ESTABLISHED, LISTEN, Bench, Control, Role, row


async def server(me: Role) -> None:
    something = me.socket()  # any other of its descriptors
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    with me.out_of_descriptors():  # a full table, as after a leak
        for _ in range(2):
            with suppress(OSError):
                await listener.accept()
    await something.close()
    connection, _ = await listener.accept()
    await connection.recv(100)


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.send(b"hello")


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="accept"))
    await bench.call(client="connect")
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    queue = [row(LISTEN, recv_q=1), row(ESTABLISHED, accepted=False, recv_q=0)]
    bench.expect(client=ESTABLISHED, server=queue)

    await bench.call(server="accept")
    bench.expect_call(server="accept", fails="EMFILE")
    bench.expect(client=ESTABLISHED, server=queue, wire=[])  # it stays where it was

    await bench.call(client="send")
    await bench.carry(client=DATA)
    await bench.carry(server=ACK)
    queue = [row(LISTEN, recv_q=1), row(ESTABLISHED, accepted=False, recv_q=5)]
    bench.expect(client=row(ESTABLISHED, send_q=0), server=queue)
    await bench.call(server="accept")  # the listener is readable all the while: a loop would spin
    bench.expect_call(server="accept", fails="EMFILE")

    await bench.call(server="close")
    await bench.call(server="accept")
    taken = row(ESTABLISHED, accepted=True, recv_q=5)
    bench.expect(client=ESTABLISHED, server=[row(LISTEN, recv_q=0), taken], wire=[])
    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"hello")


async def tidy_server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    await listener.accept()


control = Control(
    "there are descriptors left",
    fails="expected server accept() EMFILE; observed server accept()",
    roles={"server": tidy_server},
)
