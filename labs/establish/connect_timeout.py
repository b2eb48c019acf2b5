"""connect() to a host that never answers: how long it takes to give up.

Question: nothing at all comes back: when does connect() fail, and what makes it fail sooner?
See:      connect() blocks until the kernel stops repeating the SYN, then fails with ETIMEDOUT;
          TCP_USER_TIMEOUT says when that is, and the server never hears of it
Linux:    TCP_USER_TIMEOUT ends a connect(), too; tcp(7) says that it is effective only once the
          connection is established
Source:   RFC 9293 §3.8.3; tcp(7), TCP_USER_TIMEOUT, tcp_syn_retries; Linux: tcp_write_timeout
Next:     connection-refused
Level:    2
Tags:     establish, SYN-SENT, ETIMEDOUT, TCP_USER_TIMEOUT, retransmission
Slow:     the kernel looks at its clock only when it repeats the SYN, after 1 s and at the end; 2 s
"""

from contextlib import suppress
from socket import IPPROTO_TCP, TCP_USER_TIMEOUT

from socklab import CLOSED, SYN_SENT, Bench, Control, Role, row


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, 2000)  # ms; else 131 s
    with suppress(TimeoutError):
        await connection.connect(("server", 80))
    await connection.close()


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(client="connect"))
    with bench.cut("client"):  # a wrong address, a silent firewall, a host that is down
        await bench.call(client="connect")
        bench.expect(client=row(SYN_SENT, timer="on"), server=CLOSED, wire=[])
        await bench.wait(client="on")  # sent again, after a second
        bench.expect(client=row(SYN_SENT, timer="on"), server=CLOSED)
        bench.expect_call(client="connect", blocked=True)

        await bench.wait(client="on")  # and not a third time
        bench.expect(client=CLOSED, server=CLOSED)
        bench.expect_call(client="connect", fails="ETIMEDOUT")
        await bench.call(client="close")
    bench.expect(client=CLOSED, wire=[])  # no FIN, no RST: there is nobody to tell


async def patient_client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))


control = Control(
    "without TCP_USER_TIMEOUT the client goes on",
    fails="expected client CLOSED; observed client SYN-SENT",
    roles={"client": patient_client},
)
