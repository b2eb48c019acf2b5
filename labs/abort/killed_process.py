"""A killed process: its kernel says goodbye for it, with a FIN or a RST.

Question: does the peer get a RST when a process is killed with SIGKILL?
See:      only where data had come that the process had not read; else it gets a FIN, as from any
          close(), and can't tell that the process was killed
Source:   RFC 9293 §3.6.1; signal(7); close(2); RFC 2525 §2.17
Next:     cut-wire
Level:    2
Tags:     abort, RST, FIN, SIGKILL, fork, unread data, ECONNRESET, CLOSE-WAIT
Bench:    wire or loopback
"""

from contextlib import suppress

from socklab import (
    ACK,
    CLOSE_WAIT,
    DATA,
    ESTABLISHED,
    FIN,
    FIN_WAIT_1,
    RST,
    Bench,
    Control,
    Role,
    row,
)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    first, _ = await listener.accept()
    second, _ = await listener.accept()
    await first.recv(100)  # what comes on the second is not read
    process = await me.fork()
    await first.close()
    await second.close()  # from here on the new process alone has both
    await process.kill()


async def client(me: Role) -> None:
    first, second = me.socket(), me.socket()
    await first.connect(("server", 80))
    await first.send(b"first")
    await second.connect(("server", 80))
    await second.send(b"second")
    await first.recv(100)
    with suppress(ConnectionResetError):
        await second.recv(100)


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="fork"))
    bench.expect_call(server="recv", returns=b"first")
    await bench.call(client="send")
    await bench.carry(client=DATA)
    await bench.carry(server=ACK)
    bench.expect(server=[row(ESTABLISHED, recv_q=0), row(ESTABLISHED, recv_q=6)])
    await bench.flow(until=bench.stands_before(server="kill"))
    bench.expect(client=[ESTABLISHED] * 2, server=[ESTABLISHED] * 2, wire=[])

    await bench.call(server="kill")  # no handler runs: what is sent now is the kernel's doing
    bench.expect(server=row(FIN_WAIT_1, orphan=True), wire=[FIN, RST])
    await bench.carry(server=FIN)
    bench.expect(client=[CLOSE_WAIT, ESTABLISHED], wire=[ACK, RST])
    await bench.carry(server=RST)
    bench.expect(client=CLOSE_WAIT)
    await bench.call(client="recv")
    bench.expect_call(client="recv", returns=b"")  # the first: end of file, as if all were well
    await bench.call(client="recv")
    bench.expect_call(client="recv", fails="ECONNRESET")  # the second: a loss of data is told


async def careful_server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    first, _ = await listener.accept()
    second, _ = await listener.accept()
    await first.recv(100)
    process = await me.fork()
    await second.recv(100)
    await first.close()
    await second.close()
    await process.kill()


control = Control(
    "the second connection is read as well",
    fails="expected server FIN-WAIT-1 orphan, wire FIN + RST; observed server 2 × FIN-WAIT-1",
    roles={"server": careful_server},
)
