"""Template: the server's program makes no call, and yet its socket changes state.

Question: who brings the server to CLOSE-WAIT?
See:      its kernel does, as soon as the client's FIN is there: the program has no part in it
Source:   RFC 9293 §3.6, case 2
Next:     half-close
Level:    1
Tags:     close, CLOSE-WAIT, FIN
Bench:    wire or loopback
"""

from socklab import CLOSE_WAIT, ESTABLISHED, FIN, FIN_WAIT_1, Bench, Control, Role


async def server(me: Role) -> None:  # a program on the host `server`: ordinary socket calls
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    await listener.accept()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.close()  # each call waits until the story lets it go


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)  # the dull part: the handshake

    # Make a move, then say what `ss` shows on both hosts. Begin here.
    await bench.call(client="close")
    bench.expect(client=FIN_WAIT_1, server=ESTABLISHED, wire=[FIN])
    await bench.carry(client=FIN)
    bench.expect(server=CLOSE_WAIT)


# The same lab without its cause. It must fail, and with these words: so the lab can say no.
control = Control(
    "the FIN is lost",
    fails="expected server CLOSE-WAIT; observed server ESTABLISHED",
    loses=lambda segment: segment.packet.kind is FIN,
)
