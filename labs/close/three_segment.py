"""The three-segment close: the server's ACK and its FIN are one segment.

Question: why does tcpdump often show three segments of a close, where the book has four?
See:      the server's FIN acknowledges the client's FIN too, so its ACK alone is not needed: the
          client goes from FIN-WAIT-1 to TIME-WAIT in one step, and FIN-WAIT-2 is never seen
Source:   RFC 9293 §3.3.2, figure 5, note 2; §3.8.6.3
Next:     fin-with-data
Level:    2
Tags:     close, FIN-WAIT-1, TIME-WAIT, LAST-ACK, FIN, ACK
"""

from socklab import (
    ACK,
    CLOSE_WAIT,
    CLOSED,
    ESTABLISHED,
    FIN,
    FIN_WAIT_1,
    LAST_ACK,
    TIME_WAIT,
    Bench,
    Control,
    Role,
)


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


async def story(bench: Bench) -> None:
    await bench.flow(client=ESTABLISHED, server=ESTABLISHED)

    await bench.call(client="close")
    fin = await bench.carry(client=FIN)
    bench.expect(client=FIN_WAIT_1, server=CLOSE_WAIT, wire=[ACK])
    # A kernel may keep this ACK back for a moment, and a server that closes within it sends a
    # FIN instead. No lab can hang on a moment: here the ACK is sent, and never arrives.
    await bench.drop(server=ACK)
    bench.expect(client=FIN_WAIT_1, server=CLOSE_WAIT, wire=[])

    await bench.call(server="recv")
    bench.expect_call(server="recv", returns=b"")
    await bench.call(server="close")
    bench.expect(client=FIN_WAIT_1, server=LAST_ACK, wire=[FIN])
    both = await bench.carry(server=FIN)  # the second segment of three
    bench.expect(client=TIME_WAIT, server=LAST_ACK, wire=[ACK])  # not by way of FIN-WAIT-2
    bench.prove(
        "the server's FIN acknowledges the client's, as every segment has an ACK number",
        expected=fin.seq + 1,
        observed=both.ack,
        witnesses=[fin, both],
    )
    await bench.carry(client=ACK)
    bench.expect(client=TIME_WAIT, server=CLOSED, wire=[])


control = Control(
    "the one segment that says both is lost",
    fails="expected client TIME-WAIT, wire ACK; observed client FIN-WAIT-1, wire empty",
    loses=lambda segment: segment.sender == "server" and segment.packet.kind is FIN,
)
