"""FIN-WAIT-2 for ever: its timeout is for orphans only.

Question: how long can a connection stay in FIN-WAIT-2 if the peer never closes?
See:      for as long as a descriptor holds it: no timer runs, whatever tcp_fin_timeout says, while
          another one, that its program has closed, is reaped beside it
Linux:    in RFC 9293 only the peer's FIN ends FIN-WAIT-2; of an orphan, tcp_fin_timeout does, too
Source:   RFC 9293 §3.3.2, figure 5; §3.6.1; tcp(7), tcp_fin_timeout
Next:     fin-wait-2-orphan
Level:    2
Tags:     close, half-close, FIN-WAIT-2, CLOSE-WAIT, shutdown, orphan, tcp_fin_timeout
"""

from socket import SHUT_WR

from socklab import (
    ACK,
    CLOSE_WAIT,
    DATA,
    ESTABLISHED,
    FIN,
    FIN_WAIT_2,
    Bench,
    Control,
    Role,
    but,
    row,
)

HELD = row(FIN_WAIT_2, timer="", orphan=False)
ORPHAN = row(FIN_WAIT_2, timer="timewait", orphan=True)

# As short as it can be. That is 3.5 retransmission timeouts, so these are short as well.
weather = but(tcp_fin_timeout=0, tcp_rto_min_us=20_000)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    first, _ = await listener.accept()
    await listener.accept()
    await first.send(b"still here")


async def client(me: Role) -> None:
    first, second = me.socket(), me.socket()
    await first.connect(("server", 80))
    await second.connect(("server", 80))
    await first.shutdown(SHUT_WR)
    await second.shutdown(SHUT_WR)
    await second.close()
    await first.recv(100)


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="send"))
    bench.expect(client=[ESTABLISHED, ESTABLISHED], server=[ESTABLISHED, ESTABLISHED])

    for _ in range(2):
        await bench.call(client="shutdown")
        await bench.carry(client=FIN)
        await bench.carry(server=ACK)
    bench.expect(client=[HELD, HELD], server=[CLOSE_WAIT, CLOSE_WAIT])

    await bench.call(client="close")  # of the second: no segment, but now a timer runs
    bench.expect(client=[HELD, ORPHAN], server=[CLOSE_WAIT, CLOSE_WAIT])
    await bench.wait(client="timewait")
    # The same state, the same setting, and the first has been in it for longer.
    bench.expect(client=HELD, server=[CLOSE_WAIT, CLOSE_WAIT])

    await bench.call(server="send")
    await bench.carry(server=DATA)
    await bench.call(client="recv")
    bench.expect_call(client="recv", returns=b"still here")  # it is as good as ever
    await bench.carry(client=ACK)
    bench.expect(client=HELD, server=[CLOSE_WAIT, CLOSE_WAIT])


async def hasty_client(me: Role) -> None:
    first, second = me.socket(), me.socket()
    await first.connect(("server", 80))
    await second.connect(("server", 80))
    await first.shutdown(SHUT_WR)
    await second.shutdown(SHUT_WR)
    await first.close()
    await second.recv(100)


control = Control(
    "the client closes the first instead of the second",
    fails="expected client recv() b'still here'; observed client recv() blocked",
    roles={"client": hasty_client},
)
