from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import replace

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from socklab import wire as wires
from socklab.errors import LabError, ToolError
from socklab.host import Address, Host
from socklab.link import DEVICE, MAC, LinkKind
from socklab.packet import ACK, DATA, FIN, RST, SYN, SYN_ACK, Flags, Kind, Packet, echo_request
from socklab.record import Fate, Other as OtherEvent, Segment as SegmentEvent
from socklab.tools import Running
from socklab.weather import Pin, but
from socklab.wire import KEPT_ORIGINAL, NamedRule, Rule, Segment, Verdict, Wire, judge
from tests.stand import Heard, Stand, made, standing

HURRIED = but(tcp_rto_min_us=1000)
"""Under this a held FIN or data is sent again after some 10 ms."""


def fates(stand: Stand) -> list[tuple[str, str, Fate, bool, str]]:
    return [
        (event.from_, event.flags, event.fate, event.copy, event.by)
        for event in stand.events
        if isinstance(event, SegmentEvent)
    ]


def kinds(stand: Stand) -> list[tuple[str, Kind]]:
    return [(segment.sender, segment.packet.kind) for segment in stand.wire.held]


# --- Rules are pure -----------------------------------------------------------------------------

A_SEGMENT = Segment(
    "client", "server", 1, False, 0, None, Packet("10.0.0.1", "10.0.0.2", 1, 80, Flags.SYN), b""
)


def always(verdict: Verdict | None, name: str) -> NamedRule:
    return NamedRule(lambda _: verdict, name)


@pytest.mark.parametrize(
    ("rules", "verdict", "name"),
    [
        ([], Verdict.HOLD, ""),
        ([always(None, "shy")], Verdict.HOLD, ""),
        ([always(Verdict.DROP, "a"), always(Verdict.PASS, "b")], Verdict.DROP, "a"),
        ([always(None, "shy"), always(Verdict.PASS, "b")], Verdict.PASS, "b"),
        ([always(Verdict.HOLD, "held"), always(Verdict.DROP, "b")], Verdict.HOLD, "held"),
    ],
)
def test_first_opinion_wins(rules: list[NamedRule], verdict: Verdict, name: str) -> None:
    assert judge(A_SEGMENT, rules) == (verdict, name)


def test_an_answer_that_is_no_verdict_is_the_labs_mistake() -> None:
    yes_or_no = NamedRule(lambda segment: segment.sender == "server", "s")  # type: ignore[arg-type, return-value]
    with pytest.raises(LabError, match="the rule 's' says False of a segment; a rule says PASS"):
        judge(A_SEGMENT, [yes_or_no])


# --- A fake link, for what no kernel need be asked ----------------------------------------------


class FakeLink:
    """Keeps what it was given."""

    kind = LinkKind.TUN

    def __init__(self) -> None:
        self.given: list[tuple[str, bytes]] = []

    def descriptors(self) -> tuple[int, ...]:
        return ()

    def receive(self, descriptor: int) -> None:
        return None

    def send(self, host: str, packet: bytes) -> None:
        self.given.append((host, packet))

    def close(self) -> None:
        pass


class Fake:
    """A wire between hosts that only have addresses."""

    def __init__(self) -> None:
        self.hosts = [
            Host("client", Address("10.0.0.1", "10.0.0.0/24")),
            Host("server", Address("10.0.0.2", "10.0.0.0/24")),
        ]
        self.link = FakeLink()
        self.recorder = Heard()
        self.wire = Wire(self.hosts, self.link, self.recorder)

    def says(self, flags: Flags = Flags.SYN, seq: int = 0, payload: bytes = b"") -> Segment:
        """The client's kernel puts a segment on the wire."""
        packet = Packet("10.0.0.1", "10.0.0.2", 1, 80, flags, seq, payload=payload)
        self.wire._take_in("client", packet.build())
        return self.wire.held[-1]

    @property
    def told(self) -> list[tuple[str, Fate, str]]:
        return [(e.flags, e.fate, e.by) for e in self.recorder.record.of(SegmentEvent)]


async def test_without_an_opinion_a_segment_is_held() -> None:
    fake = Fake()
    segment = fake.says()
    assert fake.wire.held == [segment]
    assert fake.wire.decided == []
    assert fake.link.given == []
    assert fake.told == [("S", Fate.SENT, "")]


async def test_what_is_carried_is_given_as_it_was_sent() -> None:
    fake = Fake()
    segment = fake.says()
    fake.wire.carry(segment)
    assert fake.wire.held == []
    assert fake.link.given == [("server", segment.raw)]
    assert fake.told[1:] == [("S", Fate.CARRIED, "")]


async def test_what_is_dropped_is_given_to_nobody() -> None:
    fake = Fake()
    fake.wire.drop(fake.says(), by="the lab")
    assert (fake.wire.held, fake.link.given) == ([], [])
    assert fake.told[1:] == [("S", Fate.DROPPED, "the lab")]


async def test_what_is_duplicated_stays_on_the_wire() -> None:
    fake = Fake()
    segment = fake.says()
    fake.wire.duplicate(segment)
    fake.wire.carry(segment)
    assert fake.link.given == [("server", segment.raw)] * 2
    assert [fate for _, fate, _ in fake.told] == [Fate.SENT, Fate.DUPLICATED, Fate.CARRIED]


async def test_what_is_postponed_is_overtaken_by_all_that_is_held() -> None:
    fake = Fake()
    first, second, third = (fake.says(Flags.ACK, seq) for seq in (1, 2, 3))
    fake.wire.postpone(first)
    assert fake.wire.held == [second, third, first]


async def test_what_is_injected_takes_no_number_of_its_sender() -> None:
    fake = Fake()
    fake.says()
    forged = fake.wire.inject(Packet("10.0.0.1", "10.0.0.2", 1, 80, Flags.RST, 1))
    assert (forged.sender, forged.receiver, forged.number, forged.seq) == ("client", "server", 0, 1)
    assert fake.link.given == [("server", forged.raw)]
    assert fake.says(Flags.ACK, 1).number == 2
    assert fake.told[1][:2] == ("R", Fate.INJECTED)


async def test_what_is_for_nobody_here_goes_nowhere() -> None:
    fake = Fake()
    stranger = Packet("10.0.0.1", "10.0.0.9", 1, 80, Flags.SYN)
    fake.wire._take_in("client", stranger.build())
    assert fake.wire.held[0].receiver == "10.0.0.9"
    fake.wire.carry(fake.wire.held[0])
    assert fake.link.given == []


async def test_a_copy_of_what_is_held_is_told_and_not_held_again() -> None:
    fake = Fake()
    original = fake.says(Flags.PSH | Flags.ACK, 1, b"hello")
    fake.wire._take_in("client", original.raw)
    assert fake.wire.held == [original]
    assert [(e.number, e.copy, e.fate, e.by) for e in fake.recorder.record.of(SegmentEvent)] == [
        (1, False, Fate.SENT, ""),
        (1, True, Fate.SENT, ""),
        (1, True, Fate.DROPPED, KEPT_ORIGINAL),
    ]


async def test_a_copy_of_what_is_gone_is_held_as_a_copy() -> None:
    fake = Fake()
    original = fake.says(Flags.PSH | Flags.ACK, 1, b"hello")
    fake.wire.drop(original)
    fake.wire._take_in("client", original.raw)
    (copy,) = fake.wire.held
    assert (copy.copy, copy.number) == (True, original.number)


async def test_the_newest_rule_is_asked_first_and_only_within_its_block() -> None:
    fake = Fake()
    drop: Rule = lambda segment: Verdict.DROP  # noqa: E731
    passing: Rule = lambda segment: Verdict.PASS if segment.packet.kind is ACK else None  # noqa: E731
    with fake.wire.rule(drop, "lose all"):
        one = fake.says(Flags.ACK, 1)
        with fake.wire.rule(passing, "pass ACKs"):
            two = fake.says(Flags.ACK, 2)
            three = fake.says(Flags.FIN | Flags.ACK, 3)
        four = fake.says(Flags.ACK, 4)
    five = fake.says(Flags.ACK, 5)
    assert fake.wire.decided == [
        (one, Verdict.DROP, "lose all"),
        (two, Verdict.PASS, "pass ACKs"),
        (three, Verdict.DROP, "lose all"),
        (four, Verdict.DROP, "lose all"),
    ]
    # A rule decides; that it is done is a move of the bench.
    assert fake.wire.held == [one, two, three, four, five]
    assert fake.link.given == []


async def test_a_rule_ends_with_its_block_also_after_an_error() -> None:
    fake = Fake()
    with pytest.raises(ZeroDivisionError), fake.wire.rule(lambda _: Verdict.DROP, "lose all"):
        _ = 1 / 0
    fake.says()
    assert fake.wire.decided == []


async def test_a_cut_loses_all_that_its_hosts_send_within_the_block() -> None:
    fake = Fake()
    with fake.wire.rule(lambda _: Verdict.PASS, "pass all"), fake.wire.cut("client"):
        lost = fake.says(Flags.ACK, 1)
        ping = echo_request("10.0.0.1", "10.0.0.2", 7, 7)
        fake.wire._take_in("client", ping)
        with fake.wire.cut("server"):
            pass
        fake.says(Flags.ACK, 2)
    fake.says(Flags.ACK, 3)
    assert fake.wire.decided[0] == (lost, Verdict.DROP, "the wire is cut")
    assert [rule for _, _, rule in fake.wire.decided] == ["the wire is cut"] * 2
    assert fake.link.given == []
    assert [e.fate for e in fake.recorder.record.of(OtherEvent)] == [Fate.DROPPED]


async def test_what_does_not_read_is_told_and_lost() -> None:
    fake = Fake()
    fake.wire._take_in("client", b"\x45\x00\x00")
    (told,) = fake.recorder.record.of(OtherEvent)
    assert (told.from_, told.protocol, told.fate) == ("client", "unreadable", Fate.DROPPED)
    assert told.summary.startswith("unreadable packet: ")
    assert told.raw == "450000"
    assert fake.link.given == []


# --- The kernel's own ---------------------------------------------------------------------------


@pytest.mark.kernel
async def test_the_wire_hears_nothing_before_the_first_call(stand: Stand) -> None:
    await stand.wire.fence()
    await stand.wire.fence()
    assert stand.events == []
    assert stand.wire.held == []


@pytest.mark.kernel
async def test_a_connections_life_comes_segment_by_segment(stand: Stand) -> None:
    client, server = await stand.connection()
    await stand.wire.fence()
    assert stand.wire.held == []
    await client.send(b"hello")
    client.shutdown(socket.SHUT_WR)
    await stand.wire.fence()
    assert kinds(stand) == [("client", DATA), ("client", FIN)]
    data, fin = stand.wire.held
    assert [(s.number, s.seq, s.ack, s.copy) for s in (data, fin)] == [
        (3, 1, 1, False),
        (4, 6, 1, False),
    ]
    assert data.packet.checksum_ok
    stand.wire.carry(data)
    assert await server.recv(100) == b"hello"
    stand.wire.carry(fin)
    assert await server.recv(100) == b""
    seen = [flags for _, flags, fate, *_ in fates(stand) if fate is Fate.SENT]
    assert seen[:5] == ["S", "S.", ".", "P.", "F."]
    client.close()
    server.close()


@pytest.mark.kernel
async def test_held_segments_stay_alone_however_often_one_asks(stand: Stand) -> None:
    client, server = await stand.connection()
    client.shutdown(socket.SHUT_WR)
    for _ in range(20):
        await stand.wire.fence()
    assert kinds(stand) == [("client", FIN)]
    assert not any(copy for *_, copy, _ in fates(stand))
    client.close()
    server.close()


@pytest.mark.kernel
async def test_a_fence_has_all_that_a_host_answers(stand: Stand) -> None:
    client, server = await stand.connection()
    for n in range(200):
        await client.send(b"x")
        await stand.wire.fence()
        (data,) = stand.wire.held
        stand.wire.carry(data)
        await stand.wire.fence()
        # Acknowledged, and the receiver has it: nothing is on its way inside a kernel.
        assert kinds(stand) == [("server", ACK)]
        assert stand.wire.held[0].ack == n + 2
        assert os.read(server.fileno(), 100) == b"x"  # not blocking: it is there
        stand.wire.carry(stand.wire.held[0])
    client.close()
    server.close()


@pytest.mark.kernel
@pytest.mark.parametrize("weather", [HURRIED], ids=["hurried"])
@pytest.mark.parametrize("what", [DATA, FIN])
async def test_what_the_kernel_sends_again_is_a_copy(
    stand: Stand, what: Kind, weather: Mapping[str, Pin]
) -> None:
    if "absent" in stand.client.weather["net.ipv4.tcp_rto_min_us"]:
        pytest.skip("tcp_rto_min_us came with Linux 6.11")
    client, server = await stand.connection()
    await stand.wire.fence()
    if what is DATA:
        await client.send(b"hello")
    else:
        client.shutdown(socket.SHUT_WR)
    original = await stand.next_held()

    # While the original is there, its copies come and go.
    await stand.until(
        lambda: [each[2:] for each in fates(stand)].count((Fate.DROPPED, True, KEPT_ORIGINAL)) == 2
    )
    assert stand.wire.held == [original]

    # Once it is lost, the next copy is held, under its number.
    stand.wire.drop(original)
    copy = await stand.next_held()
    assert (copy.copy, copy.number, copy.seq) == (True, original.number, original.seq)
    assert copy.packet.kind is what

    # It is as good as the original for its receiver, and never the next segment.
    stand.wire.carry(copy)
    await stand.until(lambda: any(segment.sender == "server" for segment in stand.wire.held))
    answer = next(segment for segment in stand.wire.held if segment.sender == "server")
    assert answer.ack == original.seq + original.packet.sequence_length
    stand.wire.carry(answer)
    if what is DATA:
        client.shutdown(socket.SHUT_WR)
        await stand.until(lambda: any(s.packet.kind is FIN for s in stand.wire.held))
        fin = next(s for s in stand.wire.held if s.packet.kind is FIN)
        assert (fin.number, fin.copy) == (original.number + 1, False)
    client.close()
    server.close()


@pytest.mark.kernel
async def test_a_syn_that_is_sent_again_is_a_copy(weather: Mapping[str, Pin]) -> None:
    """The kernel waits a second for it, whatever the weather."""
    with made(LinkKind.VETH, weather=weather) as pair:
        async with standing(*pair) as stand, trio.open_nursery() as nursery:
            connecting = stand.client.trio_socket()
            nursery.start_soon(connecting.connect, (stand.server.address.text, 80))
            original = await stand.next_held()
            stand.wire.drop(original)
            copy = await stand.next_held()
            assert (copy.packet.kind, copy.copy, copy.number) == (SYN, True, 1)
            assert copy.packet.seq == original.packet.seq
            nursery.cancel_scope.cancel()


@pytest.mark.kernel
async def test_a_simultaneous_open_is_four_segments(stand: Stand) -> None:
    ends = [stand.client, stand.server]
    made_here = [host.trio_socket() for host in ends]
    for end, host in zip(made_here, ends, strict=True):
        await end.bind((host.address.text, 5000))
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(made_here[0].connect, (stand.server.address.text, 5000))
            nursery.start_soon(made_here[1].connect, (stand.client.address.text, 5000))
            await wait_all_tasks_blocked()
            await stand.wire.fence()
            first = list(stand.wire.held)
            assert {(s.sender, s.packet.kind) for s in first} == {("client", SYN), ("server", SYN)}
            for segment in first:
                stand.wire.carry(segment)
            await stand.wire.fence()
            second = list(stand.wire.held)
            assert {(s.sender, s.packet.kind, s.copy, s.number) for s in second} == {
                ("client", SYN_ACK, False, 2),
                ("server", SYN_ACK, False, 2),
            }
            for segment in second:
                stand.wire.carry(segment)
    for end in made_here:
        end.close()


@pytest.mark.kernel
async def test_an_injected_segment_arrives_as_if_its_source_had_sent_it(stand: Stand) -> None:
    client, server = await stand.connection()
    ack = next(e for e in reversed(stand.events) if isinstance(e, SegmentEvent) and e.flags == ".")
    genuine = Packet.parse(bytes.fromhex(ack.raw))
    stand.wire.inject(replace(genuine, flags=Flags.RST, options=()))
    await stand.wire.fence()
    with pytest.raises(ConnectionResetError):
        await server.recv(1)
    assert fates(stand)[-1][:3] == ("client", "R", Fate.INJECTED)
    assert stand.wire.held == []
    client.close()
    server.close()


@pytest.mark.kernel
async def test_a_segment_to_a_closed_port_is_answered_with_a_reset(stand: Stand) -> None:
    failed: list[str] = []

    async def connect() -> None:
        with stand.client.trio_socket() as connecting:
            try:
                await connecting.connect((stand.server.address.text, 9))
            except OSError as refused:
                failed.append(type(refused).__name__)

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connect)
            stand.wire.carry(await stand.next_held())
            reset = await stand.next_held()
            assert (reset.sender, reset.packet.kind, reset.seq, reset.ack) == ("server", RST, 0, 1)
            stand.wire.carry(reset)
    assert failed == ["ConnectionRefusedError"]


@pytest.mark.kernel
async def test_what_is_not_tcp_is_told_and_passed_on(stand: Stand) -> None:
    with stand.client.socket(kind=socket.SOCK_DGRAM) as asking:
        asking.connect((stand.server.address.text, 9))
        asking.send(b"anybody?")
        await stand.until(lambda: len(stand.events) == 2)
        await stand.wire.fence()
        with pytest.raises(ConnectionRefusedError):  # the ICMP error came back
            asking.send(b"nobody?")
    question, answer = stand.recorder.record.of(OtherEvent)
    ipv6 = ":" in stand.client.address.text
    assert (question.from_, question.to, question.protocol) == ("client", "server", "UDP")
    assert question.summary.endswith("to 9")
    assert (answer.from_, answer.to) == ("server", "client")
    assert answer.protocol == ("ICMPv6" if ipv6 else "ICMP")
    assert "port unreachable" in answer.summary
    assert {question.fate, answer.fate} == {Fate.CARRIED}
    assert stand.wire.held == []


@pytest.mark.kernel
async def test_a_cut_wire_loses_what_is_not_tcp_too(stand: Stand) -> None:
    with (
        stand.client.socket(kind=socket.SOCK_DGRAM) as asking,
        stand.wire.cut("client"),
    ):
        asking.sendto(b"anybody?", (stand.server.address.text, 9))
        await stand.until(lambda: stand.events)
        await stand.wire.fence()
    assert [event.fate for event in stand.recorder.record.of(OtherEvent)] == [Fate.DROPPED]


@pytest.mark.kernel
async def test_a_malformed_packet_from_a_program_ends_nothing(stand: Stand) -> None:
    ipv6 = ":" in stand.client.address.text
    with stand.client.entered():
        hand = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
    with hand:
        packet = b"\x65\x00\x00" if ipv6 else b"\x45\x00\x00"
        hand.sendto(packet, (DEVICE, 0x86DD if ipv6 else 0x0800, 0, 0, MAC))
    await stand.until(lambda: stand.events)
    await stand.wire.fence()
    (told,) = stand.recorder.record.of(OtherEvent)
    assert (told.from_, told.protocol, told.fate) == ("client", "unreadable", Fate.DROPPED)


# --- The fence ----------------------------------------------------------------------------------


@pytest.mark.kernel
async def test_the_fences_own_pings_are_never_shown(stand: Stand) -> None:
    for _ in range(5):
        await stand.wire.fence()
    assert stand.events == []


@pytest.mark.kernel
async def test_somebody_elses_ping_is_shown_and_answered(stand: Stand) -> None:
    ping = echo_request(stand.client.address.text, stand.server.address.text, 77, 1)
    stand.wire._take_in("client", ping)
    await stand.until(lambda: len(stand.events) == 2)
    summaries = [event.summary for event in stand.recorder.record.of(OtherEvent)]
    assert ["echo request" in summaries[0], "echo reply" in summaries[1]] == [True, True]


@pytest.mark.kernel
async def test_a_host_that_cannot_answer_is_told(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wires, "PATIENCE_S", 0.1)
    with stand.server.entered():
        down = Running(("ip", "link", "set", DEVICE, "down"))
    down.output()
    with pytest.raises(ToolError) as told:
        await stand.wire.fence()
    assert str(told.value) in (
        "wire0 of server is down or gone (Input/output error)",  # TUN
        "wire0 of server is down or gone (No buffer space available)",  # veth
    )


async def test_a_host_that_stays_silent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "PATIENCE_S", 0.05)
    fake = Fake()  # which answers nothing
    for question in (fake.wire.fence, fake.wire.ready):
        with pytest.raises(ToolError) as told:
            await question()
        assert str(told.value) == (
            "client does not answer a ping within 0.05 s; its device may be down"
        )
