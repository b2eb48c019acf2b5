"""TIME-WAIT reused: with tcp_tw_reuse=1 a connect() takes its port over.

Question: does tcp_tw_reuse=1 cure a client that runs out of ports, and is it safe?
See:      connect() turns the TIME-WAIT into a SYN-SENT instead of failing; the new connection's
          numbers begin beyond all that the old one can have sent, and an old FIN that comes late
          is recognised by its timestamp
Linux:    only a connection with timestamps is reused, and after a second, which is 1 ms here
Source:   RFC 7323 §5; RFC 6191; Linux: ip-sysctl, tcp_tw_reuse and tcp_tw_reuse_delay;
          tcp_twsk_unique
Next:     syn-into-time-wait
Level:    2
Tags:     limits, TIME-WAIT, SYN-SENT, EADDRNOTAVAIL, tcp_tw_reuse, timestamps, PAWS, old duplicate
"""

from contextlib import suppress

from socklab import (
    ACK,
    CLOSED,
    ESTABLISHED,
    FIN,
    SYN,
    SYN_ACK,
    SYN_SENT,
    TIME_WAIT,
    Bench,
    Control,
    Role,
    but,
)

# One port, so that the second connection needs the first one's.
weather = but(ip_local_port_range="40000 40000", tcp_tw_reuse=1, tcp_tw_reuse_delay=1)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.recv(100)  # empty: the client has closed
    await connection.close()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.close()
    another = me.socket()
    with suppress(OSError):
        await another.connect(("server", 80))


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    await bench.call(client="close")
    fin = await bench.duplicate(client=FIN)  # one more of it is still somewhere in the network
    await bench.carry(server=ACK)
    await bench.call(server="recv")
    await bench.call(server="close")
    await bench.carry(server=FIN)
    await bench.carry(client=ACK)
    bench.expect(client=TIME_WAIT, server=CLOSED)

    await bench.call(client="connect")  # where it fails without tcp_tw_reuse=1
    bench.expect(client=SYN_SENT, server=CLOSED)
    syn = await bench.carry(client=SYN)
    await bench.carry(server=SYN_ACK)
    await bench.carry(client=ACK)
    bench.expect(client=ESTABLISHED, server=ESTABLISHED)
    bench.prove(
        "it begins two numbers beyond the largest window that the old one can have had",
        expected=65535 + 2,
        observed=(syn.packet.seq - (fin.packet.seq + 1)) % 2**32,
        witnesses=[fin, syn],
    )

    await bench.carry(client=fin)  # a FIN for the same addresses and ports
    bench.expect(client=ESTABLISHED, server=ESTABLISHED)
    bench.prove(
        "the server has found one segment too old by its timestamp",
        expected=1,
        observed=bench.counted(server="TcpExtPAWSEstab"),
    )


control = Control(
    "there are no timestamps, so the TIME-WAIT stays and connect() fails",
    fails="expected client SYN-SENT; observed client TIME-WAIT",
    weather=but(weather, tcp_timestamps=0),
)
