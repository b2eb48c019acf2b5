"""The simultaneous close: both ends say goodbye before they hear the other do so.

Question: in which state is an end that has sent a FIN and gets one, but no ACK?
See:      when the FINs cross, both ends go through CLOSING, and both end in TIME-WAIT
Source:   RFC 9293 §3.6, figure 13
Next:     last-ack-lost
Level:    3
Tags:     close, CLOSING, TIME-WAIT
"""

from socklab import (
    ACK,
    CLOSING,
    ESTABLISHED,
    FIN,
    FIN_WAIT_1,
    TIME_WAIT,
    Bench,
    Control,
    Role,
    row,
)


async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.close()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.close()


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)

    await bench.call(client="close")
    await bench.call(server="close")  # it can't know: the client's FIN is still on the wire
    bench.expect(client=FIN_WAIT_1, server=FIN_WAIT_1, wire=[FIN, FIN])

    client_fin = await bench.carry(client=FIN)  # it does not acknowledge the server's FIN
    bench.expect(client=FIN_WAIT_1, server=CLOSING)
    server_fin = await bench.carry(server=FIN)
    bench.expect(client=CLOSING, server=CLOSING, wire=[ACK, ACK])
    bench.prove(
        "neither FIN acknowledges the other",
        expected=(1, 1),
        observed=(client_fin.ack, server_fin.ack),
    )

    await bench.carry(client=ACK)
    bench.expect(client=CLOSING, server=TIME_WAIT)
    await bench.carry(server=ACK)
    both = row(TIME_WAIT, timer="timewait", left_s=(30, 60))
    bench.expect(client=both, server=both)  # both were first to close, so both wait


control = Control(
    "the client's FIN is lost, so the FINs don't cross",
    fails="expected server CLOSING; observed server FIN-WAIT-1",
    loses=lambda segment: segment.sender == "client" and segment.packet.kind is FIN,
)
