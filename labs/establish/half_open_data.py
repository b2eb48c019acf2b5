"""A half-open connection: the client lost power, and the server sends.

Question: when does a server notice that its client has lost power and started again?
See:      not before it sends: nobody tells it, no timer runs; the first segment that reaches the
          client's host finds no connection there, and the RST that answers it ends this one
Source:   RFC 9293 §3.5.1, figure 10; §3.5.2; send(2)
Next:     defer-accept
Level:    2
Tags:     establish, half-open, RST, ECONNRESET, EPIPE, power loss
"""

from contextlib import suppress
from socket import IPPROTO_TCP

from socklab import CLOSED, DATA, ESTABLISHED, RST, TCP_REPAIR, Bench, Control, Role, row


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.send(b"are you there?")
    with suppress(ConnectionResetError):
        await connection.recv(100)
    await connection.recv(100)
    with suppress(BrokenPipeError):
        await connection.send(b"still there?")


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.setsockopt(IPPROTO_TCP, TCP_REPAIR, 1)  # so that close() sends nothing:
    await connection.close()  # the power fails


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="send"))
    await bench.call(client="setsockopt")
    await bench.call(client="close")
    quiet = row(ESTABLISHED, recv_q=0, send_q=0, timer="")
    bench.expect(client=CLOSED, server=quiet, wire=[])  # so it may stay for days

    await bench.call(server="send")
    bench.expect_call(server="send", returns=14)  # of that send() knows nothing
    data = await bench.carry(server=DATA)
    bench.expect(client=CLOSED, server=row(ESTABLISHED, send_q=14), wire=[RST])
    reset = await bench.carry(client=RST)
    bench.expect(client=CLOSED, server=CLOSED, wire=[])
    bench.prove(
        "the RST has the number that the data acknowledged, so that the server believes it",
        expected=data.ack,
        observed=reset.seq,
    )

    await bench.call(server="recv")
    bench.expect_call(server="recv", fails="ECONNRESET")  # an error is told once
    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"")  # from then on it looks like an end of file
    await bench.call(server="send")
    bench.expect_call(server="send", fails="EPIPE")


control = Control(
    "the RST is lost, and nothing else tells the server",
    fails="expected server CLOSED; observed server ESTABLISHED",
    loses=lambda segment: segment.packet.kind is RST,
)
