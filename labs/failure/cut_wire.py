"""A cut wire: silence is not a state change.

Question: a cable is pulled while a connection is idle; when do the two ends notice?
See:      neither ever does: ESTABLISHED is what an end remembers, not what it measures; an idle
          connection has no timer, and works again when the cable is back
Source:   RFC 9293 §3.8.4; RFC 1122 §4.2.3.6; ss(8)
Next:     keepalive-dead-peer
Level:    1
Tags:     failure, ESTABLISHED, timers
"""

from socket import SO_ERROR, SO_KEEPALIVE, SOL_SOCKET

from socklab import ACK, DATA, ESTABLISHED, Bench, Control, Role, row

IDLE = row(ESTABLISHED, recv_q=0, send_q=0, timer="")


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.recv(100)
    await connection.recv(100)


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.getsockopt(SOL_SOCKET, SO_ERROR)
    await connection.send(b"I am back")
    await connection.send(b"and now?")


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="recv"))

    with bench.cut("client", "server"):
        await bench.call(server="recv")  # here it may stay for days
        await bench.call(client="getsockopt")
        bench.expect_call(client="getsockopt", returns=0)  # is anything wrong? no
        bench.expect_call(server="recv", blocked=True)
        bench.expect(client=IDLE, server=IDLE, wire=[])  # nothing was sent, so nothing is missed

    await bench.call(client="send")  # the cable is back
    await bench.carry(client=DATA)
    await bench.carry(server=ACK)
    bench.expect_call(server="recv", returns=b"I am back")
    bench.expect(client=ESTABLISHED, server=ESTABLISHED, wire=[])

    with bench.cut("client", "server"):
        await bench.call(server="recv")
        await bench.call(client="send")  # now something is missed, by the end that sent it
        bench.expect_call(client="send", returns=8)  # and not by its program
        bench.expect_call(server="recv", blocked=True)
        waiting = row(ESTABLISHED, send_q=8, timer="on")  # the only clock is the sender's
        bench.expect(client=waiting, server=IDLE, wire=[])


async def watchful_client(me: Role) -> None:
    connection = me.socket()
    await connection.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)
    await connection.connect(("server", 80))
    await connection.getsockopt(SOL_SOCKET, SO_ERROR)


control = Control(
    "the client asks its kernel for keep-alive probes",
    fails="observed client ESTABLISHED Recv-Q 0 Send-Q 0 timer keepalive",
    roles={"client": watchful_client},
)
