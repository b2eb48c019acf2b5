"""Port exhaustion: connect() fails on a client that has closed everything.

Question: why does connect() fail with EADDRNOTAVAIL on a client with no open connection?
See:      a port in TIME-WAIT can't connect to the same port of the server again, no more than an
          open one can; when all of ip_local_port_range are taken so, none is left, while each of
          them can still connect to another port of the server
Linux:    tcp_tw_reuse is 2 by default, and that helps on loopback only
Source:   connect(2), EADDRNOTAVAIL; ip(7), ip_local_port_range; Linux: __inet_hash_connect
Next:     time-wait-reuse
Level:    1
Tags:     limits, TIME-WAIT, EADDRNOTAVAIL, ip_local_port_range, tcp_tw_reuse
"""

from contextlib import suppress

from socklab import CLOSED, ESTABLISHED, TIME_WAIT, Bench, Control, Role, but

weather = but(ip_local_port_range="40000 40001")  # two ports instead of 28232


async def server(me: Role) -> None:
    listener, other = me.socket(), me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    await other.bind(("server", 81))
    await other.listen()
    connections = [await listener.accept() for _ in range(2)]
    for connection, _ in connections:
        await connection.recv(100)  # empty: the client has closed
        await connection.close()


async def client(me: Role) -> None:
    first, second, third = me.socket(), me.socket(), me.socket()
    await first.connect(("server", 80))
    await second.connect(("server", 80))
    with suppress(OSError):
        await third.connect(("server", 80))
    await first.close()
    await second.close()
    with suppress(OSError):
        await third.connect(("server", 80))
    other = me.socket()
    await other.connect(("server", 81))


async def story(bench: Bench) -> None:
    await bench.flow(client=[ESTABLISHED, ESTABLISHED], server=[ESTABLISHED, ESTABLISHED])
    await bench.call(client="connect")
    bench.expect_call(client="connect", fails="EADDRNOTAVAIL")  # no port is left

    await bench.flow(client=[TIME_WAIT, TIME_WAIT], server=CLOSED)
    bench.expect(client=[TIME_WAIT, TIME_WAIT], server=CLOSED, wire=[])
    await bench.call(client="connect")
    bench.expect_call(client="connect", fails="EADDRNOTAVAIL")  # and none is for a minute
    bench.expect(client=[TIME_WAIT, TIME_WAIT], server=CLOSED, wire=[])

    # What must differ is the whole of two addresses and two ports.
    await bench.call(client="connect")
    await bench.flow(server=ESTABLISHED)
    bench.expect(client=[TIME_WAIT, TIME_WAIT, ESTABLISHED], server=ESTABLISHED)


control = Control(
    "there are two ports more",
    fails="expected client connect() EADDRNOTAVAIL; observed client connect() blocked",
    weather=but(ip_local_port_range="40000 40003"),
)
