"""The backlog: nobody accepts, and the clients come one after another.

Question: listen(1), and the server never calls accept(): what becomes of the third client?
See:      two are ESTABLISHED and wait, one more than the backlog says; the third stays in
          SYN-SENT, for its SYN is dropped, and only a counter tells; once there is room again,
          a fourth client gets in before it
Linux:    the queue holds backlog + 1, and a SYN that finds it full is dropped without a RST
Source:   listen(2); ss(8), Recv-Q and Send-Q of a listener; Linux: tcp_conn_request,
          sk_acceptq_is_full; nstat(8), TcpExtListenOverflows
Next:     backlog-held
Level:    1
Tags:     limits, backlog, accept, LISTEN, SYN-SENT, ListenOverflows
"""

from socklab import (
    ESTABLISHED,
    LISTEN,
    SYN,
    SYN_ACK,
    SYN_SENT,
    Bench,
    Control,
    Role,
    row,
)

WAITS = row(ESTABLISHED, accepted=False)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen(1)
    await listener.accept()


async def client(me: Role) -> None:
    for _ in range(3):
        connection = me.socket()
        await connection.connect(("server", 80))


async def client_2(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="accept"))
    await bench.call(client="connect")
    await bench.flow(server=ESTABLISHED)
    await bench.call(client="connect")
    await bench.flow(server=[ESTABLISHED, ESTABLISHED])
    full = [row(LISTEN, recv_q=2), WAITS, WAITS]  # a listener's Recv-Q: how many wait
    bench.expect(client=[ESTABLISHED, ESTABLISHED], server=full)

    await bench.call(client="connect")
    await bench.carry(client=SYN)  # no SYN+ACK comes of it, and no RST either
    bench.expect(client=[ESTABLISHED, ESTABLISHED, SYN_SENT], server=full)
    bench.expect_call(client="connect", blocked=True)
    bench.prove(
        "the server has counted an overflow, and has sent no RST",
        expected=(1, 0),
        observed=(
            bench.counted(server="TcpExtListenOverflows"),
            bench.counted(server="TcpOutRsts"),
        ),
    )

    await bench.call(server="accept")  # a place is free, but nobody tells the third client
    free = [row(LISTEN, recv_q=1, send_q=1), WAITS]  # a listener's Send-Q: its backlog
    bench.expect(server=[*free, row(ESTABLISHED, accepted=True)])
    bench.expect_call(client="connect", blocked=True)  # until its SYN is sent again, after 1 s

    await bench.call(client_2="connect")
    await bench.carry(client=SYN)
    await bench.carry(server=SYN_ACK)
    bench.expect_call(client_2="connect")  # the fourth has overtaken the third
    bench.expect(client=[ESTABLISHED, ESTABLISHED, SYN_SENT, ESTABLISHED])


async def roomy_server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen(2)
    await listener.accept()


control = Control(
    "the backlog is one longer, so the third client finds room",
    fails="+ SYN-RECEIVED",
    roles={"server": roomy_server},
)
