"""TCP options: one list of bytes and values drives reader and writer."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from socklab.options import (
    EndOfOptions,
    FastOpenCookie,
    MalformedOptions,
    MaximumSegmentSize,
    NoOperation,
    Option,
    RawOption,
    Sack,
    SackPermitted,
    Timestamps,
    WindowScale,
    parse_options,
)

CASES: list[tuple[bytes, tuple[Option, ...]]] = [
    (b"", ()),
    (b"\0", (EndOfOptions(),)),
    (b"\1\0xy", (NoOperation(), EndOfOptions(b"xy"))),
    (b"\2\4\x05\xb4", (MaximumSegmentSize(1460),)),
    (b"\3\3\x0a", (WindowScale(10),)),
    (b"\4\2", (SackPermitted(),)),
    (b"\5\x0a\0\0\0\1\0\0\0\2", (Sack(((1, 2),)),)),
    (b"\x08\x0a\0\0\0\1\0\0\0\2", (Timestamps(1, 2),)),
    (b"\x22\2", (FastOpenCookie(),)),
    (b"\x22\6abcd", (FastOpenCookie(b"abcd"),)),
    (b"\x13\4md", (RawOption(19, b"md"),)),  # the start of an MD5 signature
    # In a length that they cannot have.
    (b"\2\3\1", (RawOption(2, b"\1"),)),
    (b"\3\2", (RawOption(3, b""),)),
    (b"\4\3\0", (RawOption(4, b"\0"),)),
    (b"\5\2", (RawOption(5, b""),)),
    (b"\5\6abcd", (RawOption(5, b"abcd"),)),
    (b"\x08\4ab", (RawOption(8, b"ab"),)),
    # In a length that nothing can have.
    (b"\1\2", (NoOperation(), MalformedOptions(b"\2"))),
    (b"\2\0\1\1", (MalformedOptions(b"\2\0\1\1"),)),
    (b"\2\1\1\1", (MalformedOptions(b"\2\1\1\1"),)),
    (b"\2\5\1\1", (MalformedOptions(b"\2\5\1\1"),)),
]


@pytest.mark.parametrize(("area", "options"), CASES)
def test_options_read_and_write_the_same(area: bytes, options: tuple[Option, ...]) -> None:
    assert parse_options(area) == options
    assert b"".join(option.encode() for option in options) == area


@given(st.binary(max_size=40))
def test_whatever_stands_there_is_written_back(area: bytes) -> None:
    assert b"".join(option.encode() for option in parse_options(area)) == area
