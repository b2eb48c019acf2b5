"""Migration: a listener closes, and another one takes over its queue.

Question: can a server restart without losing the connections that it has not yet accepted?
See:      it can, if the new server listens on the same port before the old one closes: the old
          one's queue goes over to it, and the client notices nothing
Linux:    only with tcp_migrate_req=1; by default such connections are reset
Source:   socket(7), SO_REUSEPORT; Linux: ip-sysctl, tcp_migrate_req; inet_csk_listen_stop,
          reuseport_migrate_sock
Next:     time-wait-length
Level:    3
Tags:     limits, LISTEN, SYN-RECEIVED, accept, SO_REUSEPORT, tcp_migrate_req, ECONNRESET, restart
"""

from socket import SO_REUSEPORT, SOL_SOCKET

from socklab import (
    ACK,
    DATA,
    ESTABLISHED,
    LISTEN,
    SYN,
    SYN_ACK,
    SYN_RECEIVED,
    Bench,
    Control,
    Role,
    but,
    row,
)

weather = but(tcp_migrate_req=1)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1)
    await listener.bind(("server", 80))
    await listener.listen()
    await listener.close()


async def server_2(me: Role) -> None:
    listener = me.socket()
    await listener.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1)
    await listener.bind(("server", 80))
    await listener.listen()
    for _ in range(2):
        connection, _ = await listener.accept()
        await connection.recv(100)


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.send(b"to whom?")
    another = me.socket()
    await another.connect(("server", 80))


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="close"))
    await bench.call(client="connect")
    await bench.flow(server=ESTABLISHED)
    await bench.call(client="send")
    await bench.carry(client=DATA)
    await bench.call(client="connect")
    await bench.carry(client=SYN)
    await bench.carry(server=SYN_ACK)
    queue = [row(ESTABLISHED, accepted=False, recv_q=8), row(SYN_RECEIVED)]
    bench.expect(client=[ESTABLISHED, ESTABLISHED], server=[row(LISTEN, recv_q=1), *queue])

    for call in ("setsockopt", "bind", "listen"):
        await bench.call(server_2=call)
    both = [row(LISTEN, recv_q=1), row(LISTEN, recv_q=0)]
    bench.expect(server=[*both, *queue])  # a queue stays with its listener

    await bench.call(server="close")
    bench.expect(client=[ESTABLISHED, ESTABLISHED], server=[row(LISTEN, recv_q=1), *queue])
    await bench.carry(client=ACK)
    bench.expect(server=[row(LISTEN, recv_q=2), ESTABLISHED, ESTABLISHED])
    await bench.call(server_2="accept")
    await bench.call(server_2="recv")
    bench.expect_call(server_2="recv", returns=b"to whom?")
    await bench.call(server_2="accept")
    bench.expect(server=[row(LISTEN, recv_q=0), *[row(ESTABLISHED, accepted=True)] * 2])


control = Control(
    "tcp_migrate_req is 0, as by default, so the queue goes with its listener",
    fails="observed server LISTEN Recv-Q 0",
    weather=but(),
)
