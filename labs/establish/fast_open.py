"""Fast Open: a request in the SYN, and an answer before the handshake is over.

Question: a handshake takes a round trip; how can a request and its answer fit into the same?
See:      a client with a cookie from an earlier connection sends its request in the SYN; the
          server accepts, reads and answers in SYN-RECEIVED, without waiting for the third segment
Linux:    with TCP_FASTOPEN_CONNECT and a cookie, connect() returns in SYN-SENT, and no SYN is sent
          before send()
Source:   RFC 7413 §3, §4.2; tcp(7), TCP_FASTOPEN, TCP_FASTOPEN_CONNECT, tcp_fastopen
Next:     four-way-close
Level:    3
Tags:     establish, Fast Open, SYN-SENT, SYN-RECEIVED, TCP_FASTOPEN, TCP_FASTOPEN_CONNECT
"""

from socket import IPPROTO_TCP, TCP_FASTOPEN

from socklab import (
    ACK,
    CLOSED,
    DATA,
    ESTABLISHED,
    RST,
    SYN,
    SYN_ACK,
    SYN_RECEIVED,
    SYN_SENT,
    TCP_FASTOPEN_CONNECT,
    Bench,
    Control,
    Role,
    but,
    row,
)

weather = but(tcp_fastopen=3)  # for clients, the default, and for servers


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.setsockopt(IPPROTO_TCP, TCP_FASTOPEN, 16)  # so many may wait for their ACK
    await listener.listen()
    await listener.accept()
    connection, _ = await listener.accept()
    await connection.recv(100)
    await connection.send(b"answer")


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.bind(("client", 40000))
    await connection.setsockopt(IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
    await connection.connect(("server", 80))  # its SYN asks for a cookie, the SYN+ACK has it
    await connection.disconnect()
    await connection.connect(("server", 80))
    await connection.send(b"request")
    await connection.recv(100)


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)  # it was here before
    await bench.call(client="disconnect")
    await bench.carry(client=RST)

    await bench.call(client="connect")
    bench.expect_call(client="connect")  # it returns at once, and nothing has been sent:
    bench.expect(client=SYN_SENT, server=CLOSED, wire=[])
    await bench.call(client="send")
    bench.expect(client=SYN_SENT, server=CLOSED, wire=[SYN])
    syn = await bench.carry(client=SYN)
    bench.prove("the SYN carries the request", expected=b"request", observed=syn.packet.payload)
    bench.expect(client=SYN_SENT, server=row(SYN_RECEIVED, recv_q=7), wire=[SYN_ACK])

    await bench.call(server="accept")  # the cookie shows that the address is its own
    bench.expect(client=SYN_SENT, server=row(SYN_RECEIVED, recv_q=7, accepted=True))
    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"request")
    await bench.call(server="send")
    bench.expect(client=SYN_SENT, server=SYN_RECEIVED, wire=[SYN_ACK, DATA])

    syn_ack = await bench.carry(server=SYN_ACK)
    bench.prove("it acknowledges SYN and request", expected=8, observed=syn_ack.ack)
    await bench.carry(server=DATA)
    await bench.call(client="recv")  # one round trip after its SYN
    bench.expect_call(client="recv", returns=b"answer")
    bench.expect(client=ESTABLISHED, server=SYN_RECEIVED, wire=[ACK, ACK])

    await bench.carry(client=ACK)
    bench.expect(client=ESTABLISHED, server=ESTABLISHED)


control = Control(
    "the server does not do Fast Open, so there is no cookie, and connect() sends a SYN and waits",
    fails="expected client connect() 0; observed client connect() blocked",
    weather=but(tcp_fastopen=1),
)
