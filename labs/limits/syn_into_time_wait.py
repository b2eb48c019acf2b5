"""A SYN into TIME-WAIT: a client comes back within the minute.

Question: can a new connection begin while the server is still in TIME-WAIT for the old one?
See:      it can, with a SYN that is newer than anything of the old connection: the server goes
          from TIME-WAIT to SYN-RECEIVED; an old SYN is answered with an ACK, and changes nothing
Source:   RFC 9293 §3.6.1 (MAY-2); RFC 6191; Linux: tcp_timewait_state_process
Next:     time-wait-assassination
Level:    3
Tags:     limits, TIME-WAIT, SYN, SYN-RECEIVED, sequence numbers, timestamps
"""

from socklab import (
    ACK,
    CLOSED,
    ESTABLISHED,
    FIN,
    LAST_ACK,
    SYN,
    SYN_ACK,
    SYN_RECEIVED,
    SYN_SENT,
    TIME_WAIT,
    Bench,
    Control,
    Role,
    but,
)

weather = but(ip_local_port_range="40000 40000")  # so the client comes from the same port again


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.close()  # the server is first, so TIME-WAIT will be here


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.recv(100)  # empty: the server has closed
    await connection.close()
    another = me.socket()
    await another.connect(("server", 80))


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    await bench.call(server="close")
    await bench.flow(client=LAST_ACK)
    await bench.carry(client=FIN)
    bench.expect(client=LAST_ACK, server=TIME_WAIT)
    await bench.carry(server=ACK)

    await bench.inject(client=SYN, seq=-10)  # one of an earlier day
    bench.expect(client=CLOSED, server=TIME_WAIT, wire=[ACK])
    last = await bench.drop(server=ACK)  # the next lab shows what it could do

    await bench.call(client="connect")  # the client has forgotten all, and may
    bench.expect(client=SYN_SENT, server=TIME_WAIT)
    await bench.carry(client=SYN)
    bench.expect(client=SYN_SENT, server=SYN_RECEIVED)  # 60 s are over when a new SYN says so
    syn_ack = await bench.carry(server=SYN_ACK)
    await bench.carry(client=ACK)
    bench.expect(client=ESTABLISHED, server=ESTABLISHED)
    bench.prove(
        "the server begins two numbers beyond the largest window it can have had before",
        expected=65535 + 2,
        observed=(syn_ack.packet.seq - last.packet.seq) % 2**32,
        witnesses=[last, syn_ack],
    )


control = Control(
    "no TIME-WAIT is allowed, so there is none to come back to",
    fails="expected server TIME-WAIT; observed server CLOSED",
    weather=but(weather, tcp_max_tw_buckets=0),
)
