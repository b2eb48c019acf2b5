"""send() and connect() on a listener: an arrow that is not there.

Question: the state diagram goes from LISTEN to SYN-SENT on SEND: which call does that?
See:      none does: send() fails with EPIPE, connect() with EISCONN, no SYN is sent, and the
          listener goes on listening as if nothing had been asked
Linux:    RFC 9293 lets both calls turn a passive open into an active one, if they name a peer
Source:   RFC 9293 §3.3.2, figure 5; §3.10.1, §3.10.2 (LISTEN); connect(2), send(2)
Next:     disconnect
Level:    3
Tags:     establish, LISTEN, SYN-SENT, EPIPE, EISCONN
Bench:    wire or loopback
"""

from contextlib import suppress

from socklab import CLOSED, ESTABLISHED, LISTEN, Bench, Control, Role, row


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    with suppress(BrokenPipeError):
        await listener.send(b"hello")  # to whom? a listener has no peer
    with suppress(OSError):
        await listener.connect(("client", 4000))  # here it would have one
    await listener.accept()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="send"))
    await bench.call(server="send")
    bench.expect_call(server="send", fails="EPIPE")
    await bench.call(server="connect")
    bench.expect_call(server="connect", fails="EISCONN")  # "is connected", which it is not
    bench.expect(client=CLOSED, server=row(LISTEN, recv_q=0), wire=[])

    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)  # nothing was spoilt
    bench.expect(client=ESTABLISHED, server=[LISTEN, ESTABLISHED])


async def server_that_does_not_listen(me: Role) -> None:
    not_listening = me.socket()
    await not_listening.bind(("server", 80))
    with suppress(BrokenPipeError):
        await not_listening.send(b"hello")
    with suppress(ConnectionRefusedError):
        await not_listening.connect(("client", 4000))


control = Control(
    "the socket does not listen",
    fails="expected server connect() EISCONN; observed server connect() blocked",
    roles={"server": server_that_does_not_listen},
)
