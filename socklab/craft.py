"""Crafted segments: what no kernel sent, told in the terms of a connection on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from socklab.errors import LabError
from socklab.flows import Flows
from socklab.packet import ACK, DATA, FIN, RST, SYN, SYN_ACK, Flags, Kind, Packet

FLAGS: Final[Mapping[Kind, Flags]] = {
    SYN: Flags.SYN,
    SYN_ACK: Flags.SYN | Flags.ACK,
    ACK: Flags.ACK,
    DATA: Flags.PSH | Flags.ACK,
    FIN: Flags.FIN | Flags.ACK,
    RST: Flags.RST,
}
"""The flags of a segment of each kind, as kernels send them; a RST has ACK if asked."""


@dataclass(frozen=True, slots=True)
class Crafted:
    """A segment to be made: its kind, and its numbers relative to the connection's.

    `connection` counts those on which the claimed sender has sent, from 1; with a `port` it
    claims to come from another port than that connection's. `str()` writes it as words of a
    move, `Crafted.parse` reads them.
    """

    kind: Kind
    seq: int
    ack: int | None = None
    payload: bytes = b""
    window: int = 65535
    connection: int = 1
    port: int | None = None

    def __str__(self) -> str:
        words = [f"seq={self.seq}", f"window={self.window}", f"connection={self.connection}"]
        if self.ack is not None:
            words.append(f"ack={self.ack}")
        if self.payload:
            words.append(f"payload={self.payload.hex()}")
        if self.port is not None:
            words.append(f"port={self.port}")
        return " ".join(words)

    @classmethod
    def parse(cls, kind: str, words: str) -> Crafted:
        """The segment that the words of a move stand for.

        Raises:
            LabError: they stand for none.
        """
        try:
            given = dict(word.split("=", 1) for word in words.split())
            return cls(
                Kind(kind),
                int(given["seq"]),
                int(given["ack"]) if "ack" in given else None,
                bytes.fromhex(given.get("payload", "")),
                int(given["window"]),
                int(given["connection"]),
                int(given["port"]) if "port" in given else None,
            )
        except (KeyError, ValueError) as problem:
            raise LabError(f"`{kind} {words}` is no segment that can be crafted") from problem

    def packet(self, flows: Flows, address: str) -> Packet:
        """The packet, as if sent by this address.

        Raises:
            LabError: there is no such connection, or its peer has sent nothing to acknowledge.
        """
        connections = flows.of(address)
        if not 1 <= self.connection <= len(connections):
            raise LabError(
                f"{address} has sent on {len(connections)} connections so far, "
                f"so there is no number {self.connection}"
            )
        key = connections[self.connection - 1]
        try:
            seq, ack = flows.absolute(key, self.seq, self.ack)
        except KeyError as missing:
            raise LabError(f"{key[2]} has sent nothing that could be acknowledged") from missing
        flags = FLAGS[self.kind] | (Flags(0) if self.ack is None else Flags.ACK)
        source, source_port, destination, destination_port = key
        return Packet(
            source,
            destination,
            source_port if self.port is None else self.port,
            destination_port,
            flags,
            seq,
            ack,
            self.window,
            self.payload,
        )
