"""Records for tests: those that were kept from real runs, and those that Hypothesis makes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

from socklab.record import (
    Call,
    Event,
    Expect,
    Fate,
    Look,
    Move,
    Other,
    Phase,
    Record,
    Segment,
    State,
    Trouble,
)
from socklab.tcp import State as TcpState

KEPT = Path(__file__).parent / "views" / "data"

HOSTS = {"client": "10.0.0.1", "server": "10.0.0.2"}

# What may be in a payload, an error's text, a file's name: all of it is data.
NASTY = (
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "line\nfeed\r\ttab",
    "\u202edesrever",
    "e\u0301\u0308\u0323",
    "日本語の端末",
    "한국어",
    "👩‍💻🇨🇭",
    "\x00\x7f\x85\u2028",
    "\ufe0f\u200b",
    "│├─►",
)


def kept(name: str) -> Record:
    """The Record of a real run, by its file's name."""
    return Record.from_json(json.loads((KEPT / f"{name}.json").read_text(encoding="utf-8")))


def kept_names() -> list[str]:
    return sorted(path.stem for path in KEPT.glob("*.json"))


texts = st.one_of(st.text(max_size=30), st.sampled_from(NASTY))
times = st.floats(min_value=0, max_value=10_000, allow_nan=False)
hosts = st.sampled_from(list(HOSTS))
states = st.sampled_from([state.value for state in TcpState])
mappings = st.dictionaries(texts, texts, max_size=3)
ports = st.integers(1, 65535)
payloads = st.one_of(st.binary(max_size=20), st.sampled_from([t.encode() for t in NASTY])).map(repr)


@st.composite
def calls(draw: st.DrawFn) -> Call:
    host = draw(hosts)
    phase = draw(st.sampled_from(Phase))
    result: str | int | None = None
    error: str | None = None
    if phase is Phase.RETURNED:
        error = draw(st.sampled_from([None, "EPIPE", "ECONNRESET"]))
        if error is None:
            result = draw(st.one_of(st.integers(-1, 100_000), texts, payloads))
    role = draw(st.sampled_from([host, f"{host}_2"]))
    return Call(
        draw(times),
        host,
        role,
        draw(st.sampled_from([f"{role}/1", f"{role}/2", "odd"])),
        draw(st.integers(0, 9)),
        draw(st.sampled_from(["connect", "accept", "listen", "send", "recv", "close", "dup2"])),
        tuple(draw(st.lists(st.one_of(texts, payloads), max_size=2))),
        phase,
        result,
        error,
    )


@st.composite
def segments(draw: st.DrawFn, hosts: st.SearchStrategy[str] = hosts) -> Segment:
    return Segment(
        draw(times),
        draw(hosts),
        draw(hosts),
        draw(st.integers(0, 5)),
        draw(st.sampled_from(["S", "S.", ".", "P.", "F.", "R", "R.", "SEW", "none"])),
        draw(st.integers(-5, 2**31)),
        draw(st.one_of(st.none(), st.integers(0, 2**31))),
        draw(st.integers(0, 65535)),
        draw(st.sampled_from(Fate)),
        draw(st.booleans()),
        draw(st.one_of(st.just(""), texts)),
        f"10.0.0.1:{draw(st.sampled_from([40000, 40001, 40002]))}",
        "10.0.0.2:80",
        draw(st.binary(max_size=8)).hex(),
    )


@st.composite
def expects(draw: st.DrawFn) -> Expect:
    keys = draw(st.lists(texts, max_size=3, unique=True))
    values = st.fixed_dictionaries(dict.fromkeys(keys, texts))
    passed = draw(st.sampled_from([True, False, None]))
    return Expect(draw(times), draw(values), draw(values), passed, draw(texts), draw(texts))


events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Move, times, st.one_of(texts, st.just("wait client on"))),
    calls(),
    segments(),
    st.builds(
        Other, times, hosts, hosts, texts, texts, st.sampled_from(Fate), st.binary().map(bytes.hex)
    ),
    st.builds(
        Look, times, st.dictionaries(hosts, st.lists(texts, max_size=3).map(tuple), max_size=2)
    ),
    st.builds(
        State,
        times,
        hosts,
        ports.map("10.0.0.1:{}".format),
        st.one_of(ports.map("10.0.0.2:{}".format), st.just("0.0.0.0:*")),
        states,
        states,
        st.one_of(st.just("timer"), texts),
    ),
    expects(),
    st.builds(
        Trouble,
        times,
        st.sampled_from(["story", *HOSTS, "client_2"]),
        texts,
        st.lists(texts, max_size=2).map(tuple),
    ),
)


def records(
    events: st.SearchStrategy[Event] = events, *, hosts: Sequence[str] = tuple(HOSTS)
) -> st.SearchStrategy[Record]:
    """Records of events in any order, sense or none."""
    addresses = {name: HOSTS.get(name, f"10.0.0.{n}") for n, name in enumerate(hosts, start=1)}
    return st.builds(
        Record,
        lab=texts,
        bench=st.sampled_from(["wire", "loopback"]),
        link=st.sampled_from(["tun", "veth", ""]),
        hosts=st.just(addresses),
        title=texts,
        question=texts,
        see=texts,
        passed=st.booleans(),
        duration_s=times,
        weather=mappings,
        machine=mappings,
        events=st.lists(events, max_size=25),
    )
