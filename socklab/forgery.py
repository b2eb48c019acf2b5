"""Forging a hostile segment by a connection's numbers, and telling in words what came back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from socklab.hostile import Cell, Reply
from socklab.packet import Flags, Packet, seq_add, seq_diff
from socklab.tcp import CLOSED, LISTEN


@dataclass(frozen=True, slots=True)
class Numbers:
    """Where a connection stands: absolute sequence numbers, and the window in bytes.

    Where the peer has sent nothing yet, RCV.NXT and the window are of our own choice; where
    the socket has sent nothing, SND.NXT is.
    """

    snd_nxt: int
    rcv_nxt: int
    rcv_wnd: int


@dataclass(frozen=True, slots=True)
class Ends:
    """A connection's two ends, addresses and ports: who is claimed to send, and who is meant."""

    peer: str
    peer_port: int
    host: str
    host_port: int


def forge(cell: Cell, ends: Ends, numbers: Numbers) -> Packet:
    """The segment of a cell, as if the peer had sent it."""
    flags = cell.kind.flags
    return Packet(
        ends.peer,
        ends.host,
        ends.peer_port,
        ends.host_port,
        flags,
        seq_add(numbers.rcv_nxt, cell.position.offset(numbers.rcv_wnd)),
        numbers.snd_nxt if flags & Flags.ACK else 0,
        payload=cell.kind.payload,
    )


def told(answer: Packet, forged: Packet, cell: Cell, numbers: Numbers) -> Reply:
    """A segment that came back, in the words of RFC 9293.

    A number may have several names; a reset is told by those of the segment that it answers,
    all else first by those of the connection, as the RFC does.

    Args:
        answer: what came back.
        forged: to what.
        cell: whose segment that was.
        numbers: where the connection stood before.
    """
    control = ",".join(name for flag, name in _CONTROLS.items() if answer.flags & flag)
    ack = _ack(answer, forged, cell, numbers) if answer.flags & Flags.ACK else None
    return Reply(_seq(answer, forged, cell, numbers), ack, control)


_CONTROLS: Final = {
    Flags.SYN: "SYN",
    Flags.FIN: "FIN",
    Flags.RST: "RST",
    Flags.PSH: "PSH",
    Flags.ACK: "ACK",
}


def _seq(answer: Packet, forged: Packet, cell: Cell, numbers: Numbers) -> str:
    if answer.flags & Flags.SYN:
        return "ISS"  # whatever it is, a SYN makes it the initial one
    if answer.flags & Flags.RST:
        if forged.flags & Flags.ACK and answer.seq == forged.ack:
            return "SEG.ACK"
        if answer.seq == 0:
            return "0"  # the number itself, with which a closed port answers what has no ACK
    if cell.situation.state in (CLOSED, LISTEN):
        return str(answer.seq)  # which no kernel was seen to send: there is nothing to count from
    return _counted("SND.NXT", answer.seq, numbers.snd_nxt)


def _ack(answer: Packet, forged: Packet, cell: Cell, numbers: Numbers) -> str:
    received = cell.situation.received_something
    acknowledges = answer.ack == seq_add(forged.seq, forged.sequence_length)
    if acknowledges and (not received or answer.flags & Flags.RST or answer.ack != numbers.rcv_nxt):
        return "SEG.SEQ+SEG.LEN"
    if not received:
        return str(answer.ack)
    return _counted("RCV.NXT", answer.ack, numbers.rcv_nxt)


def _counted(name: str, number: int, from_number: int) -> str:
    distance = seq_diff(number, from_number)
    return f"{name}{distance:+d}" if distance else name
