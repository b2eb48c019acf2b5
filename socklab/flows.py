"""The connections seen on the wire: relative sequence numbers, and which segment is a copy."""

from __future__ import annotations

from dataclasses import dataclass, field

from socklab.packet import Flags, Packet, seq_add, seq_diff

Key = tuple[str, int, str, int]
"""Source address and port, destination address and port."""


@dataclass(slots=True)
class _Direction:
    """What one end of a connection has sent so far."""

    initial: int
    sent_up_to: int
    answered: bool = False
    """Whether a SYN+ACK was sent: in a simultaneous open it follows a SYN of the same number."""
    numbers: dict[int, int] = field(default_factory=dict)
    """The sequence number with which a segment began, and which segment of its sender it was."""

    def number_at(self, seq: int) -> int:
        """Which segment took up this sequence number: the one that began last before it."""
        if seq not in self.numbers:
            begins = (begun for begun in self.numbers if seq_diff(begun, seq) < 0)
            seq = max(begins, key=lambda begun: seq_diff(begun, seq), default=seq)
        return self.numbers.get(seq, 1)


@dataclass(frozen=True, slots=True)
class Sight:
    """A segment as its connection sees it.

    `seq` and `ack` count from the connection's initial sequence numbers (a SYN is 0); `ack`
    is None without the ACK flag. `number` counts the sender's segments; a copy, sent again by
    the kernel, has its original's.
    """

    seq: int
    ack: int | None
    number: int
    copy: bool


class Flows:
    """Follows every connection on the wire by the segments its two ends send."""

    def __init__(self) -> None:
        self._directions: dict[Key, _Direction] = {}
        self._counts: dict[str, int] = {}

    def sent(self, sender: str, packet: Packet) -> Sight:
        """Take note of a segment that a kernel sent.

        A copy takes up sequence numbers that its sender has used before, all of them; the bytes
        may be cut otherwise. A segment that takes up none (an ACK, a probe) is never a copy: the
        same words said again mean something. Nor is the SYN+ACK of a simultaneous open, which
        says more than the SYN before it.
        """
        key = _key(packet)
        direction = self._directions.get(key)
        syn = bool(packet.flags & Flags.SYN)
        length = packet.sequence_length
        end = seq_add(packet.seq, length)
        copy = False
        if syn and (direction is None or packet.seq != direction.initial):
            # Also for a new connection on the addresses and ports of an old one.
            direction = self._directions[key] = _Direction(packet.seq, packet.seq)
        elif direction is None and not packet.flags & Flags.RST:
            direction = self._directions[key] = _Direction(seq_add(packet.seq, -1), packet.seq)
        elif direction is not None and length and not packet.flags & Flags.RST:
            answer = syn and bool(packet.flags & Flags.ACK) and not direction.answered
            copy = seq_diff(end, direction.sent_up_to) <= 0 and not answer
        if syn and direction is not None and packet.flags & Flags.ACK:
            direction.answered = True
        number = self._counts.get(sender, 0) + 1
        if copy and direction is not None:
            number = direction.number_at(packet.seq)
        else:
            self._counts[sender] = number
            if direction is not None and length:
                direction.numbers[packet.seq] = number
                if seq_diff(end, direction.sent_up_to) > 0:
                    direction.sent_up_to = end
        seq, ack = self.relative(packet)
        return Sight(seq, ack, number, copy)

    def forged(self, packet: Packet) -> None:
        """Take note of a SYN that no kernel sent, where it would begin a connection."""
        if packet.flags & Flags.SYN:
            self._directions.setdefault(_key(packet), _Direction(packet.seq, packet.seq))

    def relative(self, packet: Packet) -> tuple[int, int | None]:
        """A packet's sequence and acknowledgment number, counted from the initial ones."""
        there = self._directions.get(_key(packet))
        seq = 0 if there is None else seq_diff(packet.seq, there.initial)
        if not packet.flags & Flags.ACK:
            return seq, None
        back = self._directions.get(_key(packet, reverse=True))
        return seq, packet.ack if back is None else seq_diff(packet.ack, back.initial)

    def of(self, address: str) -> list[Key]:
        """The connections on which this address has sent, in the order in which it began.

        A new connection on an old one's addresses and ports takes its place.
        """
        return [key for key in self._directions if key[0] == address]

    def absolute(self, key: Key, seq: int, ack: int | None) -> tuple[int, int]:
        """The numbers as they stand in a header, from relative ones; the inverse of `relative`.

        Raises:
            KeyError: no such connection was seen.
        """
        there = self._directions[key]
        if ack is None:
            return seq_add(there.initial, seq), 0
        source, source_port, destination, destination_port = key
        back = self._directions[destination, destination_port, source, source_port]
        return seq_add(there.initial, seq), seq_add(back.initial, ack)


def _key(packet: Packet, *, reverse: bool = False) -> Key:
    if reverse:
        return (
            packet.destination,
            packet.destination_port,
            packet.source,
            packet.source_port,
        )
    return packet.source, packet.source_port, packet.destination, packet.destination_port
