"""Keep-alive and a dead peer: who asks for it, and how it ends.

Question: does TCP close a connection whose client has died, and after how long?
See:      only if the program asks with SO_KEEPALIVE: without it no timer runs at all; with it
          come probes, and when nobody answers the last, recv() fails with ETIMEDOUT
Linux:    by default a probe after 7200 s, then every 75 s, and it is over after 9 of them
Source:   RFC 9293 §3.8.4; tcp(7), tcp_keepalive_time, TCP_KEEPIDLE; socket(7), SO_KEEPALIVE
Next:     keepalive-rebooted-peer
Level:    2
Tags:     failure, keepalive, SO_KEEPALIVE, ETIMEDOUT, half-open, power loss, timers
Slow:     TCP_KEEPIDLE and TCP_KEEPINTVL count whole seconds, and each is waited for once; 2 s
"""

from contextlib import suppress
from socket import IPPROTO_TCP, SO_KEEPALIVE, SOL_SOCKET, TCP_KEEPCNT, TCP_KEEPIDLE, TCP_KEEPINTVL

from socklab import ACK, CLOSED, ESTABLISHED, RST, TCP_REPAIR, Bench, Control, Role, row

DEFAULTS = {TCP_KEEPIDLE: 7200, TCP_KEEPINTVL: 75, TCP_KEEPCNT: 9}


async def server(me: Role, on: int = 1) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    for option in DEFAULTS:
        await listener.getsockopt(IPPROTO_TCP, option)
    await listener.setsockopt(IPPROTO_TCP, TCP_KEEPCNT, 1)  # its connections inherit them
    await listener.setsockopt(IPPROTO_TCP, TCP_KEEPINTVL, 1)
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.setsockopt(SOL_SOCKET, SO_KEEPALIVE, on)
    await connection.setsockopt(IPPROTO_TCP, TCP_KEEPIDLE, 1)  # a second, the least there is
    with suppress(TimeoutError):
        await connection.recv(100)


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.setsockopt(IPPROTO_TCP, TCP_REPAIR, 1)  # so that close() sends nothing:
    await connection.close()  # the power fails


async def story(bench: Bench) -> None:
    await bench.call(server="bind")
    for value in DEFAULTS.values():
        await bench.call(server="getsockopt")
        bench.expect_call(server="getsockopt", returns=value)

    await bench.flow(client=ESTABLISHED, server=row(ESTABLISHED, accepted=True))
    await bench.call(client="setsockopt")
    await bench.call(client="close")
    bench.expect(client=CLOSED, server=row(ESTABLISHED, timer=""))  # and so for ever

    await bench.call(server="setsockopt")  # SO_KEEPALIVE
    bench.expect(server=row(ESTABLISHED, timer="keepalive", left_s=(7000, 7200)))
    await bench.call(server="setsockopt")  # TCP_KEEPIDLE
    await bench.call(server="recv")
    bench.expect(server=row(ESTABLISHED, timer="keepalive", left_s=(0, 1)), wire=[])

    await bench.wait(server="keepalive")
    probe = await bench.drop(server=ACK)  # nobody is there to get it
    bench.prove(
        "the probe is empty, and its number has been acknowledged: whoever gets it must answer",
        expected=(0, b""),
        observed=(probe.seq, probe.packet.payload),
    )
    bench.expect(client=CLOSED, server=row(ESTABLISHED, timer="keepalive"), wire=[])
    bench.expect_call(server="recv", blocked=True)

    await bench.wait(server="keepalive")
    bench.expect(client=CLOSED, server=CLOSED, wire=[RST])  # in case the client lives after all
    bench.expect_call(server="recv", fails="ETIMEDOUT")


async def trusting_server(me: Role) -> None:
    await server(me, on=0)


control = Control(
    "SO_KEEPALIVE stays off, whatever the other options say",
    fails="expected server ESTABLISHED timer keepalive 7000 to 7200 s left; "
    "observed server ESTABLISHED no timer",
    roles={"server": trusting_server},
)
