"""What the two ends of each connection have told of themselves on the wire, in sequence numbers.

All of it is read from packets that were sent: which number an end's SYN and FIN have, what it
has acknowledged, and up to where it lets its peer send.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from socklab.coverage.turns import Pair
from socklab.packet import (
    RST,
    SYN,
    SYN_ACK,
    Flags,
    Packet,
    PacketError,
    WindowScale,
    seq_add,
    seq_diff,
)
from socklab.record import Segment


class Position(Enum):
    """Where a segment lies to who gets it; the test is RFC 9293's, section 3.10.7.4.

    OLD: all of it was acknowledged before. IN_WINDOW: it brings what is awaited, or what may
    come. BEYOND: it begins behind the window.
    """

    OLD = "old"
    IN_WINDOW = "in window"
    BEYOND = "beyond"

    def __str__(self) -> str:
        return self.value


@dataclass(slots=True)
class _Told:
    """What one end has told of the connection that it is in now."""

    initial: int
    """The sequence number of its SYN."""
    scale: int | None
    """The window scale that it offered, a power of two."""
    fin_end: int | None = None
    """The number after its FIN."""
    ack: int | None = None
    """The highest number that it has acknowledged: RCV.NXT, as its peer knows it."""
    edge: int | None = None
    """The number at which its window ends."""


class Numbers:
    """What every end has told so far, by its two addresses."""

    def __init__(self) -> None:
        self._told: dict[Pair, _Told] = {}

    def learn(self, sent: Iterable[tuple[Pair, Packet]]) -> None:
        """Take note of what kernels sent."""
        for pair, packet in sent:
            if packet.kind is RST:
                continue  # It speaks for no connection any more.
            told = self._told.get(pair)
            if packet.kind in (SYN, SYN_ACK) and (told is None or told.initial != packet.seq):
                # Also a new connection on the addresses and ports of an old one.
                option = packet.option(WindowScale)
                told = self._told[pair] = _Told(packet.seq, option.shift if option else None)
            if told is None:
                continue
            if packet.flags & Flags.FIN:
                told.fin_end = seq_add(packet.seq, packet.sequence_length)
            if packet.flags & Flags.ACK:
                self._acknowledged(pair, told, packet)

    def _acknowledged(self, pair: Pair, told: _Told, packet: Packet) -> None:
        if told.ack is None or seq_diff(packet.ack, told.ack) > 0:
            told.ack = packet.ack
        peer = self._told.get(pair[::-1])
        # The window of a SYN is never scaled, nor any if one end did not offer it.
        scaled = packet.kind is not SYN_ACK and peer is not None and peer.scale is not None
        shift = (told.scale or 0) if scaled else 0
        edge = seq_add(packet.ack, packet.window << shift)
        if told.edge is None or seq_diff(edge, told.edge) > 0:
            told.edge = edge

    def acknowledges_syn(self, pair: Pair, packet: Packet) -> bool:
        """Whether a packet acknowledges the SYN of the end that gets it."""
        told = self._told.get(pair)
        return (
            told is not None
            and bool(packet.flags & Flags.ACK)
            and seq_diff(packet.ack, told.initial) > 0
        )

    def acknowledges_fin(self, pair: Pair, packet: Packet) -> bool:
        """Whether a packet acknowledges the FIN of the end that gets it."""
        told = self._told.get(pair)
        return (
            told is not None
            and told.fin_end is not None
            and bool(packet.flags & Flags.ACK)
            and seq_diff(packet.ack, told.fin_end) >= 0
        )

    def position(self, pair: Pair, packet: Packet) -> Position | None:
        """Where a packet lies to the end that gets it; None while that has acknowledged nothing."""
        told = self._told.get(pair)
        if told is None or told.ack is None or told.edge is None:
            return None
        length = packet.sequence_length
        begins = seq_diff(packet.seq, told.ack)
        window = seq_diff(told.edge, told.ack)
        if begins < 0 and begins + length <= 0:
            return Position.OLD
        # Without a window only what takes up no number is acceptable, at the very next one.
        awaited = begins == 0 and length == 0
        inside = window > 0 and begins < window
        return Position.IN_WINDOW if awaited or inside else Position.BEYOND


def packet_of(segment: Segment) -> Packet | None:
    """The packet of a segment; None if its raw bytes are none."""
    try:
        return Packet.parse(bytes.fromhex(segment.raw))
    except (PacketError, ValueError):
        return None
