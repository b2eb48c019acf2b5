"""The wire: holds every segment between the hosts until somebody decides its fate.

A segment is judged by the rules when its sender's kernel hands it over: the first rule with
an opinion wins, and without one it is held. What is held can be carried, dropped, duplicated
or overtaken. What a rule passes or drops is decided, and the bench does it as a move of its
own, so that every segment that arrives anywhere is followed by a look.

The kernel's receive path runs inside the write that hands it a packet, nearly always to its
end. `fence()` turns nearly into always: it pings each host and waits for the answers. A ping
queues behind whatever the host has not finished and its answer behind whatever the host has
not finished sending, so when the answers are here, so is all that came before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

import trio

from socklab.errors import LabError, ToolError
from socklab.flows import Flows
from socklab.host import Host
from socklab.icmp import Unreachable, unreachable
from socklab.link import Link
from socklab.packet import Other, Packet, PacketError, echo_request, is_echo_reply, parse
from socklab.record import Fate, Other as OtherEvent, Segment as SegmentEvent
from socklab.recorder import Recorder

FENCE_IDENTIFIER = 0x50C1
"""Marks our pings' answers, so that they are taken off the wire and never shown."""

PATIENCE_S = 20.0
"""A watchdog, in seconds: a ping within one machine takes microseconds."""

ASK_AGAIN_S = 0.005
"""How long, in seconds, an answer may take before a new link is asked again."""

KEPT_ORIGINAL = "the original is still on the wire"


class Verdict(Enum):
    """What a rule says of a segment."""

    PASS = "pass"
    HOLD = "hold"
    DROP = "drop"


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """One TCP segment on the wire; `seq` and `ack` are relative, `packet` has the absolute ones.

    `number` counts the sender's segments. A copy was sent again by the kernel, has its
    original's number, and is never taken for the next segment.
    """

    sender: str
    receiver: str
    number: int
    copy: bool
    seq: int
    ack: int | None
    packet: Packet
    raw: bytes = field(repr=False)


Rule = Callable[[Segment], Verdict | None]
"""A pure function; None means: ask the next rule."""


@dataclass(frozen=True, slots=True)
class NamedRule:
    """A rule and what the Record calls it."""

    judge: Rule
    name: str


def judge(segment: Segment, rules: Sequence[NamedRule]) -> tuple[Verdict, str]:
    """The verdict of the first rule with an opinion, and that rule's name; else HOLD.

    Raises:
        LabError: a rule answers with something else, such as True.
    """
    for rule in rules:
        verdict: object = rule.judge(segment)
        if isinstance(verdict, Verdict):
            return verdict, rule.name
        if verdict is not None:
            raise LabError(
                f"the rule {rule.name!r} says {verdict!r} of a segment; "
                "a rule says PASS, HOLD or DROP of Verdict, or None for no opinion"
            )
    return Verdict.HOLD, ""


class Wire:
    """All that is between the hosts. `run` is its task; everything else returns at once."""

    def __init__(self, hosts: Sequence[Host], link: Link, recorder: Recorder) -> None:
        self._hosts = {host.name: host for host in hosts}
        self._names = {host.address.text: host.name for host in hosts}
        self._link = link
        self._recorder = recorder
        self._rules: list[NamedRule] = []
        self._pings: dict[str, tuple[int, trio.Event]] = {}
        self._pinged = 0
        self.flows = Flows()
        self.severed: set[str] = set()
        """The hosts that send in vain, for the wire is cut."""
        self.held: list[Segment] = []
        """What is on the wire, in the order in which `flow` carries it."""
        self.decided: list[tuple[Segment, Verdict, str]] = []
        """What a rule has an opinion on, and that rule's name; still held until it is done."""

    async def run(self) -> None:
        """Take in what the hosts send, until cancelled."""
        async with trio.open_nursery() as nursery:
            for descriptor in self._link.descriptors():
                nursery.start_soon(self._listen, descriptor)

    async def _listen(self, descriptor: int) -> None:
        while True:
            await trio.lowlevel.wait_readable(descriptor)
            while (arrived := self._link.receive(descriptor)) is not None:
                self._take_in(*arrived)

    def _take_in(self, sender: str, raw: bytes) -> None:
        reply = is_echo_reply(raw)
        if reply is not None and reply[0] == FENCE_IDENTIFIER:
            wanted, answered = self._pings.get(sender, (None, None))
            if answered is not None and wanted == reply[1]:
                answered.set()
            return
        try:
            packet = parse(raw)
        except PacketError as problem:
            # A program with a raw socket may send anything; a router would lose this too.
            packet = Other("", "unknown", "unreadable", f"unreadable packet: {problem}", raw)
        if isinstance(packet, Other):
            self._pass_on(sender, packet)
            return
        sight = self.flows.sent(sender, packet)
        receiver = self._names.get(packet.destination, packet.destination)
        segment = Segment(
            sender, receiver, sight.number, sight.copy, sight.seq, sight.ack, packet, raw
        )
        self._write(segment, Fate.SENT)
        if segment.copy and any(_same_bytes(segment, other) for other in self.held):
            self._write(segment, Fate.DROPPED, by=KEPT_ORIGINAL)
            return
        self.held.append(segment)
        if sender in self.severed:
            verdict, rule = Verdict.DROP, "the wire is cut"
        else:
            verdict, rule = judge(segment, self._rules)
        if verdict is not Verdict.HOLD:
            self.decided.append((segment, verdict, rule))

    def _pass_on(self, sender: str, packet: Other) -> None:
        """What is not TCP is not held, but told: an ICMP error is part of a lab's story."""
        receiver = self._names.get(packet.destination)
        fate = Fate.DROPPED if receiver is None or sender in self.severed else Fate.CARRIED
        self._write_other(sender, receiver or packet.destination, packet, fate)
        if receiver is not None and fate is Fate.CARRIED:
            self._link.send(receiver, packet.data)

    def _write_other(self, sender: str, receiver: str, packet: Other, fate: Fate) -> None:
        self._recorder.add(
            OtherEvent(
                self._recorder.now(),
                sender,
                receiver,
                packet.protocol,
                packet.description,
                fate,
                packet.data.hex(),
            )
        )

    def _write(self, segment: Segment, fate: Fate, by: str = "") -> None:
        packet = segment.packet
        self._recorder.add(
            SegmentEvent(
                self._recorder.now(),
                segment.sender,
                segment.receiver,
                segment.number,
                packet.flag_text,
                segment.seq,
                segment.ack,
                len(packet.payload),
                fate,
                segment.copy,
                by,
                f"{_bracketed(packet.source)}:{packet.source_port}",
                f"{_bracketed(packet.destination)}:{packet.destination_port}",
                segment.raw.hex(),
            )
        )

    def carry(self, segment: Segment, by: str = "") -> None:
        """Take a segment off the wire and give it to its receiver."""
        self.held.remove(segment)
        self._write(segment, Fate.CARRIED, by)
        self._give(segment.receiver, segment.raw)

    def drop(self, segment: Segment, by: str = "") -> None:
        """Take a segment off the wire for good."""
        self.held.remove(segment)
        self._write(segment, Fate.DROPPED, by)

    def duplicate(self, segment: Segment) -> None:
        """Give the receiver a segment that stays on the wire."""
        self._write(segment, Fate.DUPLICATED)
        self._give(segment.receiver, segment.raw)

    def postpone(self, segment: Segment) -> None:
        """Let everything else that is held go before this segment."""
        self.held.remove(segment)
        self.held.append(segment)

    def unreachable(self, segment: Segment, why: Unreachable) -> None:
        """Take a segment off the wire, and tell its sender that it can't be delivered.

        The message claims to come from the segment's destination, where a router on the way
        would give its own address; kernels do not look at that.
        """
        message = unreachable(segment.raw, why)
        told = parse(message)
        assert isinstance(told, Other)
        self.drop(segment, by="unreachable")
        self._write_other(segment.receiver, segment.sender, told, Fate.INJECTED)
        self._give(segment.sender, message)

    def forge(self, packet: Packet) -> Segment:
        """A segment that no kernel sent, as if it came from its source address."""
        self.flows.forged(packet)
        seq, ack = self.flows.relative(packet)
        sender = self._names.get(packet.source, packet.source)
        receiver = self._names.get(packet.destination, packet.destination)
        return Segment(sender, receiver, 0, False, seq, ack, packet, packet.build())

    def inject(self, packet: Packet) -> Segment:
        """Give a host a segment that no kernel sent."""
        forged = self.forge(packet)
        self._write(forged, Fate.INJECTED)
        self._give(forged.receiver, forged.raw)
        return forged

    def _give(self, receiver: str, raw: bytes) -> None:
        if receiver in self._hosts:
            self._link.send(receiver, raw)

    @contextmanager
    def rule(self, rule: Rule, name: str) -> Iterator[None]:
        """Apply a rule to what is sent within the block; the newest rule is asked first."""
        named = NamedRule(rule, name)
        self._rules.insert(0, named)
        try:
            yield
        finally:
            self._rules.remove(named)

    def sever(self, *hosts: str) -> None:
        """Lose everything these hosts send from now on, TCP or not."""
        self.severed |= set(hosts)

    def join(self, *hosts: str) -> None:
        """Lose it no longer."""
        self.severed -= set(hosts)

    @contextmanager
    def cut(self, *hosts: str) -> Iterator[None]:
        """Lose everything these hosts send within the block, TCP or not."""
        whole = set(hosts) - self.severed
        self.sever(*whole)
        try:
            yield
        finally:
            self.join(*whole)

    async def fence(self) -> None:
        """Until every host is done with all it was given, and we have all it has sent.

        Raises:
            ToolError: a host does not answer a ping; its device may have been taken down.
        """
        asked = {name: self._ping(name) for name in self._hosts}
        for name, answered in asked.items():
            with trio.move_on_after(PATIENCE_S) as watchdog:
                await answered.wait()
            if watchdog.cancelled_caught:
                raise _mute(name)

    async def ready(self) -> None:
        """Until every host has answered once: what comes before may be lost.

        A veth's queue is put in place by a work queue of the kernel some time after `ip` has
        returned, and until then it loses what it is given, telling nobody. So we ask again.

        Raises:
            ToolError: a host does not answer.
        """
        for name in self._hosts:
            with trio.move_on_after(PATIENCE_S) as watchdog:
                while True:
                    with trio.move_on_after(ASK_AGAIN_S) as asked:
                        await self._ping(name).wait()
                    if not asked.cancelled_caught:
                        break
            if watchdog.cancelled_caught:
                raise _mute(name)

    def _ping(self, name: str) -> trio.Event:
        """Ping a host; the event is its answer to this ping, and to no other."""
        address = self._hosts[name].address.text
        # From the last address of the network, which no host has.
        us = "fd00::fe" if ":" in address else "10.0.0.254"
        self._pinged = (self._pinged + 1) & 0xFFFF
        self._pings[name] = (self._pinged, trio.Event())
        self._link.send(name, echo_request(us, address, FENCE_IDENTIFIER, self._pinged))
        return self._pings[name][1]


def _mute(host: str) -> ToolError:
    return ToolError(
        f"{host} does not answer a ping within {PATIENCE_S:g} s; its device may be down"
    )


def _same_bytes(copy: Segment, original: Segment) -> bool:
    """Whether what the copy says again is still on the wire."""
    return (
        copy.sender == original.sender
        and copy.packet.source_port == original.packet.source_port
        and copy.packet.destination_port == original.packet.destination_port
        and 0 <= copy.seq - original.seq < original.packet.sequence_length
    )


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
