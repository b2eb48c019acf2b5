"""The listener closes: what becomes of those who had not been accepted.

Question: a server stops without having accepted all its clients: what do they see?
See:      a connection in the queue is reset at once; one in SYN-RECEIVED outlives the listener,
          until its ACK is answered with a RST; to both clients connect() had succeeded
Linux:    a connection in SYN-RECEIVED stays for a while when its listener has gone
Source:   listen(2); RFC 9293 §3.10.4; Linux: inet_csk_listen_stop
Next:     reuseport-migration
Level:    2
Tags:     limits, LISTEN, SYN-RECEIVED, accept, close, RST, ECONNRESET
"""

from contextlib import suppress

from socklab import (
    ACK,
    CLOSED,
    ESTABLISHED,
    LISTEN,
    RST,
    SYN,
    SYN_ACK,
    SYN_RECEIVED,
    Bench,
    Control,
    Role,
    row,
)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    await listener.close()


async def client(me: Role) -> None:
    queued, unfinished = me.socket(), me.socket()
    await queued.connect(("server", 80))
    await unfinished.connect(("server", 80))
    for connection in (queued, unfinished):
        with suppress(ConnectionResetError):
            await connection.recv(100)


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="close"))
    await bench.call(client="connect")
    await bench.flow(server=ESTABLISHED)
    await bench.call(client="connect")
    await bench.carry(client=SYN)
    await bench.carry(server=SYN_ACK)
    waits = row(ESTABLISHED, accepted=False)
    bench.expect(client=[ESTABLISHED, ESTABLISHED], server=[LISTEN, waits, SYN_RECEIVED])

    await bench.call(server="close")
    bench.expect(client=[ESTABLISHED, ESTABLISHED], server=SYN_RECEIVED)
    await bench.carry(client=ACK)  # the handshake is complete, but there is nobody to accept it
    bench.expect(client=[ESTABLISHED, ESTABLISHED], server=CLOSED)

    await bench.carry(server=RST)
    bench.expect(client=ESTABLISHED, server=CLOSED)
    await bench.call(client="recv")
    bench.expect_call(client="recv", fails="ECONNRESET")
    await bench.carry(server=RST)
    bench.expect(client=CLOSED, server=CLOSED, wire=[])
    await bench.call(client="recv")
    bench.expect_call(client="recv", fails="ECONNRESET")


async def forked_server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    await me.fork()  # a child that has the listener, too
    await listener.close()


control = Control(
    "a child process still holds the listener, so close() does not end it",
    fails="expected server SYN-RECEIVED; observed server ESTABLISHED + SYN-RECEIVED",
    roles={"server": forked_server},
)
