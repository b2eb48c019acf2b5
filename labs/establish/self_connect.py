"""The self-connect: a client that becomes its own server.

Question: nobody listens on port 4000 of this host, so how can connect() to it succeed?
See:      the kernel gives the client that very port, and its SYN meets the socket that sent
          it: a simultaneous open with itself, which keeps the real server from its port
Source:   RFC 9293 §3.5, figure 7; Linux: ip-sysctl, ip_local_port_range; bind(2)
Next:     close-in-syn-sent
Level:    3
Tags:     establish, simultaneous open, TIME-WAIT, EADDRINUSE, ip_local_port_range, loopback
"""

from contextlib import suppress

from socklab import CLOSED, ESTABLISHED, TIME_WAIT, Bench, Control, Role, but, row

# One port to choose from. Of the usual 28,000 the same one comes up only now and then.
weather = but(ip_local_port_range="4000 4000")


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("client", 4000))  # a service of its own host, that is down
    await connection.send(b"is anybody there?")
    await connection.recv(100)
    await connection.close()


async def client_service(me: Role) -> None:  # the service, when it comes back
    listener = me.socket()
    with suppress(OSError):
        await listener.bind(("client", 4000))


async def story(bench: Bench) -> None:
    await bench.call(client="connect")
    # No listener, one row. And no SYN on the wire: what goes to oneself goes over lo.
    bench.expect(client=row(ESTABLISHED, orphan=False), server=CLOSED, wire=[])
    bench.expect_call(client="connect")
    (connection,) = bench.roles["client"].sockets
    bench.prove(
        "the peer's address and port are its own",
        expected=connection.getsockname()[:2],
        observed=connection.getpeername()[:2],
    )
    bench.prove(
        "one active open, and no passive one",
        expected=(1, 0),
        observed=(bench.counted(client="TcpActiveOpens"), bench.counted(client="TcpPassiveOpens")),
    )

    await bench.call(client="send")
    await bench.call(client="recv")
    bench.expect_call(client="recv", returns=b"is anybody there?")  # its own question

    await bench.call(client_service="bind")
    bench.expect_call(client_service="bind", fails="EADDRINUSE")
    await bench.call(client="close")  # the FIN and its ACK come back before close() returns
    bench.expect(client=row(TIME_WAIT, timer="timewait", left_s=(30, 60)), wire=[])


control = Control(
    "the kernel picks another port than the service's",
    fails="Connection refused",
    weather=but(),
)
