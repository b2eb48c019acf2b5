"""The limit of TIME-WAIT: beyond tcp_max_tw_buckets there is no waiting.

Question: what happens to a connection that should go to TIME-WAIT when there are too many?
See:      it is CLOSED at once instead; and if its last ACK is lost, nobody is left to give it
          again, so the peer, which has closed in good order, gets a RST
Linux:    tcp_max_tw_buckets is a limit that RFC 9293 does not have: there TIME-WAIT is a MUST
Source:   RFC 9293 §3.6.1 (MUST-13); tcp(7), tcp_max_tw_buckets; Linux: tcp_time_wait;
          nstat(8), TcpExtTCPTimeWaitOverflow
Next:     stale-segment
Level:    2
Tags:     limits, TIME-WAIT, LAST-ACK, RST, tcp_max_tw_buckets
"""

from socket import SHUT_WR

from socklab import (
    ACK,
    CLOSED,
    FIN,
    FIN_WAIT_2,
    LAST_ACK,
    RST,
    TIME_WAIT,
    Bench,
    Control,
    Role,
    but,
)

weather = but(tcp_max_tw_buckets=1)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    for _ in range(2):
        connection, _ = await listener.accept()
        await connection.recv(100)  # empty: the client is done
        await connection.close()


async def client(me: Role) -> None:
    for _ in range(2):
        connection = me.socket()
        await connection.connect(("server", 80))
        await connection.shutdown(SHUT_WR)  # close() makes an orphan, which would count, too


async def story(bench: Bench) -> None:
    await bench.flow(client=TIME_WAIT, server=CLOSED)
    bench.expect(client=TIME_WAIT, server=CLOSED)  # the one that is allowed

    await bench.flow(client=[TIME_WAIT, FIN_WAIT_2], server=LAST_ACK)
    bench.expect(client=[TIME_WAIT, FIN_WAIT_2], server=LAST_ACK, wire=[FIN])
    await bench.duplicate(server=FIN)  # the one that is kept stands for what will be sent again
    bench.expect(client=TIME_WAIT, server=LAST_ACK, wire=[ACK, FIN])  # CLOSED, and none added
    bench.prove(
        "the client has counted one TIME-WAIT that was not to be",
        expected=1,
        observed=bench.counted(client="TcpExtTCPTimeWaitOverflow"),
    )

    await bench.drop(client=ACK)  # the last ACK, which TIME-WAIT would give once more
    await bench.carry(server=FIN)
    bench.expect(client=TIME_WAIT, server=LAST_ACK, wire=[RST])
    await bench.carry(client=RST)
    bench.expect(client=TIME_WAIT, server=CLOSED)


control = Control(
    "there is room for two",
    fails="expected client TIME-WAIT; observed client 2 × TIME-WAIT",
    weather=but(tcp_max_tw_buckets=2),
)
