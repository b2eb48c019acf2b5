"""Connection refused: a RST is an answer, too.

Question: how does a client learn that nobody listens, and who tells it?
See:      the server's kernel does, with a RST for the SYN: connect() fails with ECONNREFUSED at
          once, and neither end keeps anything
Source:   RFC 9293 §3.5.2, group 1; §3.10.7.1; §3.10.7.3; connect(2)
Next:     icmp-unreachable
Level:    1
Tags:     establish, RST, SYN-SENT, ECONNREFUSED
"""

from contextlib import suppress

from socklab import CLOSED, RST, SYN, SYN_SENT, Bench, Control, Role


async def client(me: Role) -> None:  # no program runs on the server
    connection = me.socket()
    with suppress(ConnectionRefusedError):
        await connection.connect(("server", 80))
    await connection.close()


async def story(bench: Bench) -> None:
    await bench.call(client="connect")
    syn = await bench.carry(client=SYN)
    bench.expect(client=SYN_SENT, server=CLOSED, wire=[RST])  # the kernel needs no socket for it
    bench.expect_call(client="connect", blocked=True)

    reset = await bench.carry(server=RST)
    bench.expect(client=CLOSED, server=CLOSED, wire=[])  # nobody answers a RST
    bench.expect_call(client="connect", fails="ECONNREFUSED")
    bench.prove(
        "the RST acknowledges the SYN, so it is the answer to this one and no stray",
        expected=syn.seq + 1,
        observed=reset.ack,
        witnesses=[syn, reset],
    )

    await bench.call(client="close")
    bench.expect(client=CLOSED, wire=[])  # nothing was open, so there is nothing to close


control = Control(
    "the RST is lost: silence, and no refusal",
    fails="expected client CLOSED; observed client SYN-SENT",
    loses=lambda segment: segment.packet.kind is RST,
)
