"""SYN cookies: a server that answers SYNs and remembers nothing.

Question: how can a server that is flooded with SYNs still let a client in?
See:      when its queue is full it keeps no state for a SYN, and hides what it must know in the
          number of its SYN+ACK; the ACK brings that back, and makes a connection that never was
          in SYN-RECEIVED; an ACK of any other number gets a RST
Source:   RFC 4987 §3.6; tcp(7), tcp_syncookies; Linux: cookie_v4_check
Next:     listener-closed
Level:    2
Tags:     limits, attack, SYN, SYN-RECEIVED, RST, sequence numbers, tcp_syncookies
"""

from socklab import (
    ACK,
    ESTABLISHED,
    LISTEN,
    RST,
    SYN,
    SYN_ACK,
    SYN_RECEIVED,
    SYN_SENT,
    Bench,
    Control,
    Role,
    but,
    row,
)

weather = but(tcp_syncookies=1)  # the default


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen(2)
    await listener.accept()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="accept"))
    await bench.call(client="connect")
    with bench.cut("server"):  # the flood's sources do not answer
        for port in (6661, 6662, 6663, 6664):
            await bench.inject(client=SYN, seq=0, port=port)
    flooded = [LISTEN, SYN_RECEIVED, SYN_RECEIVED, SYN_RECEIVED]
    bench.expect(client=SYN_SENT, server=flooded)  # the fourth has left no trace

    await bench.carry(client=SYN)
    bench.expect(client=SYN_SENT, server=flooded)  # nor has the one that is meant
    syn_ack = await bench.carry(server=SYN_ACK)  # and yet it is answered
    bench.expect(client=ESTABLISHED, server=flooded)

    await bench.inject(client=ACK, seq=1, ack=7)  # somebody guesses
    await bench.drop(server=RST)
    bench.expect(client=ESTABLISHED, server=flooded)
    ack = await bench.carry(client=ACK)
    waits = row(ESTABLISHED, accepted=False)
    bench.expect(client=ESTABLISHED, server=[*flooded, waits])  # out of nothing

    bench.prove(
        "all that the server had to go by was its own number",
        expected=syn_ack.seq + 1,
        observed=ack.ack,
    )
    bench.prove(
        "two cookies were sent, one came back, one was forged",
        expected=(2, 1, 1),
        observed=(
            bench.counted(server="TcpExtSyncookiesSent"),
            bench.counted(server="TcpExtSyncookiesRecv"),
            bench.counted(server="TcpExtSyncookiesFailed"),
        ),
    )


control = Control(
    "tcp_syncookies is 0, so a SYN that finds no room is dropped",
    fails="carry: no SYN+ACK from server is on the wire",
    weather=but(tcp_syncookies=0),
)
