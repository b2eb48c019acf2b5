"""TCP options, bytes to values and back (RFC 9293 section 3.2).

A segment's options are a tuple of these values in the order in which they stand, alignment
included, so that writing what was read gives the same bytes. Each value writes itself with
`encode()`; a number that does not fit its field makes that a `struct.error`, which `Packet.build()`
turns into a sentence.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EndOfOptions:
    """Kind 0: the end of the list, and the bytes after it up to the end of the header."""

    padding: bytes = b""

    def encode(self) -> bytes:
        """The option as bytes, kind and length included."""
        return b"\0" + self.padding


@dataclass(frozen=True, slots=True)
class NoOperation:
    """Kind 1: one byte that aligns the next option."""

    def encode(self) -> bytes:
        """The option as bytes, kind and length included."""
        return b"\1"


@dataclass(frozen=True, slots=True)
class MaximumSegmentSize:
    """Kind 2: the most payload bytes that the sender takes in one segment (RFC 9293 3.7.1)."""

    size_bytes: int

    def encode(self) -> bytes:
        """The option as bytes, kind and length included."""
        return struct.pack("!BBH", 2, 4, self.size_bytes)


@dataclass(frozen=True, slots=True)
class WindowScale:
    """Kind 3: the window field counts units of 2**shift bytes (RFC 7323 section 2)."""

    shift: int

    def encode(self) -> bytes:
        """The option as bytes, kind and length included."""
        return struct.pack("!BBB", 3, 3, self.shift)


@dataclass(frozen=True, slots=True)
class SackPermitted:
    """Kind 4: selective acknowledgments are welcome (RFC 2018 section 2)."""

    def encode(self) -> bytes:
        """The option as bytes, kind and length included."""
        return b"\4\2"


@dataclass(frozen=True, slots=True)
class Sack:
    """Kind 5: what has arrived beyond a hole (RFC 2018 section 3)."""

    blocks: tuple[tuple[int, int], ...]
    """Per block the first sequence number in it and the first one after it."""

    def encode(self) -> bytes:
        """The option as bytes, kind and length included."""
        edges = [edge for block in self.blocks for edge in block]
        return struct.pack(f"!BB{len(edges)}I", 5, 2 + 4 * len(edges), *edges)


@dataclass(frozen=True, slots=True)
class Timestamps:
    """Kind 8: the sender's clock, and the last one it has seen of its peer (RFC 7323 section 3)."""

    value: int
    echo_reply: int

    def encode(self) -> bytes:
        """The option as bytes, kind and length included."""
        return struct.pack("!BBII", 8, 10, self.value, self.echo_reply)


@dataclass(frozen=True, slots=True)
class FastOpenCookie:
    """Kind 34: a Fast Open cookie, or a request for one if empty (RFC 7413 section 4.1.1)."""

    cookie: bytes = b""

    def encode(self) -> bytes:
        """The option as bytes, kind and length included."""
        return struct.pack("!BB", 34, 2 + len(self.cookie)) + self.cookie


@dataclass(frozen=True, slots=True)
class RawOption:
    """Any other option, or one of those above in a length that it should not have."""

    kind: int
    data: bytes

    def encode(self) -> bytes:
        """The option as bytes, kind and length included."""
        return struct.pack("!BB", self.kind, 2 + len(self.data)) + self.data


@dataclass(frozen=True, slots=True)
class MalformedOptions:
    """The rest of the options, from the first whose length cannot be; a receiver stops there."""

    data: bytes

    def encode(self) -> bytes:
        """The option as bytes, kind and length included."""
        return self.data


Option = (
    EndOfOptions
    | NoOperation
    | MaximumSegmentSize
    | WindowScale
    | SackPermitted
    | Sack
    | Timestamps
    | FastOpenCookie
    | RawOption
    | MalformedOptions
)


def parse_options(area: bytes) -> tuple[Option, ...]:
    """The options in the bytes between the fixed part of a TCP header and its end; never raises."""
    options: list[Option] = []
    at, end = 0, len(area)
    while at < end:
        kind = area[at]
        if kind == 0:
            options.append(EndOfOptions(area[at + 1 :]))
            break
        if kind == 1:
            options.append(NoOperation())
            at += 1
            continue
        length = area[at + 1] if at + 1 < end else 0
        if length < 2 or at + length > end:
            options.append(MalformedOptions(area[at:]))
            break
        options.append(_option(kind, area[at + 2 : at + length]))
        at += length
    return tuple(options)


def _option(kind: int, data: bytes) -> Option:
    match kind, len(data):
        case 2, 2:
            return MaximumSegmentSize(int.from_bytes(data))
        case 3, 1:
            return WindowScale(data[0])
        case 4, 0:
            return SackPermitted()
        case 5, length if length and length % 8 == 0:
            return Sack(tuple(struct.iter_unpack("!II", data)))
        case 8, 8:
            return Timestamps(*struct.unpack("!II", data))
        case 34, _:
            return FastOpenCookie(data)
        case _:
            return RawOption(kind, data)
