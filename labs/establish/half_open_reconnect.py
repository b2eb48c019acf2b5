"""A half-open connection: the client lost power, and connects again.

Question: what does a server do with a SYN for a connection that it believes to be alive?
See:      it neither takes the SYN nor resets: it sends an ACK with its own numbers, the client
          answers that with the RST which ends the dead connection, and the next SYN gets in
Source:   RFC 9293 §3.5.1, figure 9; §3.10.7.4; RFC 5961 §4 (challenge ACK)
Next:     half-open-data
Level:    3
Tags:     establish, half-open, SYN, challenge ACK, RST, ECONNRESET, power loss
"""

import socket
from contextlib import suppress
from socket import IPPROTO_TCP

from socklab import (
    ACK,
    CLOSED,
    ESTABLISHED,
    RST,
    SYN,
    SYN_ACK,
    SYN_RECEIVED,
    SYN_SENT,
    TCP_REPAIR,
    Bench,
    Control,
    Role,
    Socket,
)

TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ, TCP_SEND_QUEUE = 20, 21, 2  # of linux/tcp.h


def begin_at(number: int, made: Socket) -> None:
    """Give its SYN this number and no random one: the numbers are those of the RFC's figure."""
    same = socket.socket(fileno=made.fileno())
    same.setsockopt(IPPROTO_TCP, TCP_REPAIR, 1)
    same.setsockopt(IPPROTO_TCP, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE)
    same.setsockopt(IPPROTO_TCP, TCP_QUEUE_SEQ, number)
    same.setsockopt(IPPROTO_TCP, TCP_REPAIR, 0)
    same.detach()


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    with suppress(ConnectionResetError):
        await connection.recv(100)
    await listener.accept()


async def client(me: Role, port: int = 40000) -> None:
    before = me.socket()
    begin_at(99, before)
    await before.bind(("client", 40000))
    await before.connect(("server", 80))
    await before.setsockopt(IPPROTO_TCP, TCP_REPAIR, 1)  # the power fails: with this close()
    await before.close()  # sends nothing
    after = me.socket()
    begin_at(400, after)
    await after.bind(("client", port))
    await after.connect(("server", 80))


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="recv"))
    await bench.call(server="recv")
    await bench.call(client="setsockopt")
    await bench.call(client="close")
    bench.expect(client=CLOSED, server=ESTABLISHED, wire=[])  # half open, and nobody knows

    await bench.call(client="bind")
    await bench.call(client="connect")
    syn = await bench.carry(client=SYN)
    bench.expect(client=SYN_SENT, server=ESTABLISHED, wire=[ACK])  # a challenge ACK
    challenge = await bench.carry(server=ACK)
    await bench.wait(client="on")  # its SYN goes again: Linux gives it 8 ms now, not a second
    bench.expect(client=SYN_SENT, server=ESTABLISHED, wire=[RST, SYN])
    reset = await bench.carry(client=RST)
    bench.expect(client=SYN_SENT, server=CLOSED, wire=[SYN])
    bench.expect_call(server="recv", fails="ECONNRESET")
    bench.prove(
        "the numbers of the SYN, the challenge ACK and the RST are those of the RFC",
        expected=(400, 100, 100),
        observed=(syn.packet.seq, challenge.packet.ack, reset.packet.seq),
    )

    await bench.carry(client=SYN, copy=True)
    bench.expect(client=SYN_SENT, server=SYN_RECEIVED, wire=[SYN_ACK])
    await bench.carry(server=SYN_ACK)
    await bench.carry(client=ACK)
    bench.expect(client=ESTABLISHED, server=ESTABLISHED)  # the new one, and it alone


async def moved_client(me: Role) -> None:
    await client(me, port=40001)


control = Control(
    "the client connects from another port, so the server never learns of its end",
    fails="expected server ESTABLISHED, wire ACK; "
    "observed server ESTABLISHED + SYN-RECEIVED, wire SYN+ACK",
    roles={"client": moved_client},
)
