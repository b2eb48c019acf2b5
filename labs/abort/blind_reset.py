"""A blind reset: to guess the window is not enough.

Question: an attacker knows addresses and ports, but sees no segment: can it reset a connection?
See:      only a RST with exactly the number that is expected next resets; one that is merely in
          the window is answered with a challenge ACK, all others are ignored
Linux:    challenge ACKs are rationed, one in tcp_invalid_ratelimit milliseconds (500) for each
          socket; further ones are counted, and not sent
Source:   RFC 9293 §3.10.7.4; RFC 5961 §3, §7; Linux: ip-sysctl, tcp_invalid_ratelimit
Next:     syn-into-established
Level:    3
Tags:     abort, RST, challenge ACK, attack, sequence numbers, tcp_invalid_ratelimit
"""

from contextlib import suppress

from socklab import ACK, CLOSED, ESTABLISHED, RST, Bench, Control, Role, but

weather = but(tcp_invalid_ratelimit=60_000)  # a minute, so that no clock decides what we see

EXPECTED, IN_WINDOW, BEFORE, BEYOND = 1, 1000, 0, 1_000_000  # the server's window is 64 KB


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    with suppress(ConnectionResetError):
        await connection.recv(100)


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))


async def story(bench: Bench) -> None:
    await bench.flow(until=bench.stands_before(server="recv"))
    await bench.call(server="recv")

    for number in (BEFORE, BEYOND):
        await bench.inject(client=RST, seq=number)
        bench.expect(client=ESTABLISHED, server=ESTABLISHED, wire=[])

    await bench.inject(client=RST, seq=IN_WINDOW)
    bench.expect(client=ESTABLISHED, server=ESTABLISHED, wire=[ACK])
    challenge = await bench.carry(server=ACK)  # a client that had sent that RST would answer
    bench.prove("the challenge tells the right number", expected=EXPECTED, observed=challenge.ack)
    bench.expect(client=ESTABLISHED, server=ESTABLISHED, wire=[])  # this one had not

    await bench.inject(client=RST, seq=IN_WINDOW)
    bench.expect(client=ESTABLISHED, server=ESTABLISHED, wire=[])
    bench.prove(
        "a second challenge within the minute is not sent, but counted",
        expected=1,
        observed=bench.counted(server="TcpExtTCPACKSkippedChallenge"),
    )
    bench.expect_call(server="recv", blocked=True)

    await bench.inject(client=RST, seq=EXPECTED)  # one guess in four thousand million
    bench.expect(client=ESTABLISHED, server=CLOSED, wire=[])  # the client has noticed nothing
    bench.expect_call(server="recv", fails="ECONNRESET")


control = Control(
    "nobody forges a segment",
    fails="expected wire ACK; observed wire empty",
    without="inject",
)
