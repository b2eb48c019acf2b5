"""The orphan in FIN-WAIT-2: its kernel waits for a FIN, but not for ever.

Question: the program has called close() and is gone: how long does its kernel wait for the FIN?
See:      tcp_fin_timeout seconds, or what TCP_LINGER2 says for one socket; a FIN that comes in
          time leads to TIME-WAIT, and else the orphan is gone and its peer knows nothing
Linux:    tcp_fin_timeout counts for FIN-WAIT-2 alone: TIME-WAIT then has its full minute
Source:   RFC 9293 §3.6.1; tcp(7), tcp_fin_timeout, TCP_LINGER2
Next:     late-fin
Level:    2
Tags:     close, FIN-WAIT-2, TIME-WAIT, CLOSE-WAIT, orphan, tcp_fin_timeout, TCP_LINGER2
"""

from socket import IPPROTO_TCP, TCP_LINGER2

from socklab import (
    ACK,
    CLOSE_WAIT,
    CLOSED,
    ESTABLISHED,
    FIN,
    FIN_WAIT_1,
    FIN_WAIT_2,
    LAST_ACK,
    TIME_WAIT,
    Bench,
    Control,
    Role,
    but,
    row,
)

# As short as it can be. That is 3.5 retransmission timeouts, so these are short as well.
weather = but(tcp_fin_timeout=0, tcp_rto_min_us=20_000)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    await listener.accept()  # and never closed
    second, _ = await listener.accept()
    await second.close()


async def client(me: Role) -> None:
    first, second = me.socket(), me.socket()
    await first.connect(("server", 80))
    await first.close()
    await second.setsockopt(IPPROTO_TCP, TCP_LINGER2, 30)
    await second.connect(("server", 80))
    await second.close()


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)
    await bench.call(client="close")
    bench.expect(client=row(FIN_WAIT_1, timer="on", orphan=True), server=ESTABLISHED)
    await bench.carry(client=FIN)
    await bench.carry(server=ACK)
    bench.expect(client=row(FIN_WAIT_2, timer="timewait", orphan=True), server=CLOSE_WAIT)
    await bench.wait(client="timewait")  # named so since it is kept as TIME-WAIT is
    bench.expect(client=CLOSED, server=row(CLOSE_WAIT, timer=""))  # gone, and nobody was told

    await bench.flow(until=bench.stands_before(server="close"))
    await bench.call(client="close")
    await bench.carry(client=FIN)
    await bench.carry(server=ACK)
    patient = row(FIN_WAIT_2, timer="timewait", left_s=(5, 30), orphan=True)
    bench.expect(client=patient, server=[CLOSE_WAIT, CLOSE_WAIT])  # TCP_LINGER2 is 30 s

    await bench.call(server="close")
    bench.expect(client=patient, server=[CLOSE_WAIT, LAST_ACK])
    await bench.carry(server=FIN)  # in time
    bench.expect(client=row(TIME_WAIT, timer="timewait", left_s=(31, 60)))
    await bench.carry(client=ACK)
    bench.expect(client=TIME_WAIT, server=CLOSE_WAIT)


control = Control(
    "the FIN is lost, so it does not come in time",
    fails="expected client TIME-WAIT timer timewait 31 to 60 s left; observed client FIN-WAIT-2",
    loses=lambda segment: segment.sender == "server" and segment.packet.kind is FIN,
)
