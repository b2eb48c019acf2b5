"""Rows made up, printed as `ss` of several eras would print them, and read back.

`printed` follows iproute2's misc/ss.c: what it prints for a value, parse must give back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from socklab.ss import (
    SPELLED,
    Address,
    Bbr,
    Info,
    Memory,
    Row,
    SsError,
    Timer,
    UpperLayer,
    User,
    parse,
)
from socklab.tcp import State

DATA = Path(__file__).parent / "data" / "ss"
SMALL = frozenset({State.TIME_WAIT, State.SYN_RECEIVED})


@dataclass(frozen=True)
class Era:
    """What changed in the text over the years."""

    name: str
    brackets: bool = True
    one_line: bool = True
    touching: bool = False
    timer_unit: str = "ms"
    raw_rates: bool = True
    two_fields: bool = False
    last_newline: bool = True
    line_end: str = "\n"
    header: str = ""


OLD_HEADER = "State   Recv-Q Send-Q Local Address:Port  Peer Address:Port "
ERAS = [
    Era("4.9", brackets=False, one_line=False, raw_rates=False, header=OLD_HEADER + "\n"),
    Era("4.17", one_line=False, touching=True, raw_rates=False),
    Era("5.4.0", one_line=False, last_newline=False, header=OLD_HEADER + " Process\n"),
    Era("6.1"),
    Era("6.1 on a terminal", one_line=False, line_end="\r\n"),
    Era("7.1", timer_unit="sec", two_fields=True),
]


# ---- rows made up

ports = st.none() | st.integers(1, 65535)
devices = st.text('abz019.-_()",*]é', min_size=1, max_size=15)
hosts = st.ip_addresses().map(str) | st.sampled_from(["*", "::", "::ffff:10.0.0.1", "fe80::1"])
local_addresses = st.builds(Address, hosts, ports, st.none() | devices, st.none())
peer_addresses = st.builds(Address, hosts, ports, st.none(), st.none())
# No carriage return: at the end of a line it cannot be told from a terminal's.
names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=")\r\0"), max_size=15
) | st.sampled_from(['x",pid=1,fd=9', "nl\nESTAB 0 0 x", 'a b "c" (d', "users:((", "\udcff\udc80"])
numbers = st.integers(1, 2**31 - 1)
users = st.builds(
    User, names, numbers, st.integers(0, 999), st.none() | numbers, st.none(), st.none()
)
counts = st.none() | numbers
microseconds = st.none() | st.integers(1, 999_999).map(lambda us: us / 1e6)
milliseconds = st.none() | st.integers(1, 99_999).map(lambda ms: ms / 1000)
rates = st.integers(10, 9_999_999).map(lambda hundred_kbps: hundred_kbps * 1e5)
paths = st.lists(st.text("ab:-@.uid7 ", max_size=9), max_size=3).map(
    lambda parts: "/" + "/".join(parts).strip()
)

COUNTS_OF_INFO = """
    backoff cwnd ssthresh bytes_sent bytes_retrans bytes_acked bytes_received segs_out segs_in
    data_segs_out data_segs_in delivered delivered_ce unacked lost sacked dsack_dups fackets
    reordering reord_seen rcv_ooopack rehash
"""
COUNTS = COUNTS_OF_INFO.split()
BYTES_OF_INFO = "mss pmtu rcvmss advmss rcv_space rcv_ssthresh notsent snd_wnd rcv_wnd"
BYTES = BYTES_OF_INFO.split()
MICROSECONDS = ["rto", "ato", "rcv_rtt", "minrtt"]
MILLISECONDS = ["lastsnd", "lastrcv", "lastack"]


@st.composite
def infos(draw: st.DrawFn) -> Info:
    said: dict[str, Any] = {"cwnd": draw(numbers)}
    for name in draw(st.sets(st.sampled_from(COUNTS))):
        said[name] = draw(numbers)
    for key in draw(st.sets(st.sampled_from(BYTES))):
        said[f"{key}_bytes"] = draw(numbers)
    for key in draw(st.sets(st.sampled_from(MICROSECONDS))):
        said[f"{key}_s"] = draw(microseconds)
    for key in draw(st.sets(st.sampled_from(MILLISECONDS))):
        said[f"{key}_s"] = draw(milliseconds)
    if draw(st.booleans()):
        said |= {"rtt_s": draw(st.integers(1, 999_999)) / 1e6, "rttvar_s": 0.001}
        said |= {"snd_wscale": draw(st.integers(0, 14)), "rcv_wscale": 7}
        said |= {"retrans": 1, "retrans_total": draw(numbers)}
        said |= {"busy_s": 2.5, "rwnd_limited_s": 1.18, "rwnd_limited_share": 0.472}
        said |= {"bbr": Bbr(draw(rates), 0.001, 2.5, None)}
    if draw(st.booleans()):
        said |= {"send_bps": draw(rates), "pacing_rate_bps": draw(rates)}
        said |= {"max_pacing_rate_bps": draw(st.none() | rates), "delivery_rate_bps": draw(rates)}
    if draw(st.booleans()):
        said["upper_layer"] = draw(
            st.sampled_from(
                [
                    UpperLayer("tls", {"version": "1.3", "rxconf": "sw"}, ("zc_ro_tx",)),
                    UpperLayer("mptcp", {"flags": "Mec", "token": "0000(id:0)/e7(id:0)"}),
                    UpperLayer("espintcp"),
                ]
            )
        )
    options = draw(st.lists(st.sampled_from(["ts", "sack", "ecn", "fastopen"]), unique=True))
    limited = ["app_limited"] if draw(st.booleans()) else []
    return Info(
        words=(*options, *limited),
        congestion_control=draw(st.none() | st.sampled_from(["cubic", "bbr", "reno", "dctcp-2"])),
        unknown=draw(st.dictionaries(st.sampled_from(["new_a", "new_b"]), st.sampled_from("1x"))),
        **said,
    )


@st.composite
def rows(draw: st.DrawFn) -> Row:
    state = draw(st.sampled_from(State))
    row = Row(
        state,
        draw(st.integers(-(2**31), 2**31 - 1)),
        draw(st.integers(0, 99999)),
        draw(local_addresses),
        draw(peer_addresses),
        "",
        timer=draw(
            st.none() | st.builds(Timer, st.sampled_from(["on", "persist"]), lefts, counts0)
        ),
        users=() if state in SMALL else tuple(draw(st.lists(users, max_size=3))),
    )
    if draw(st.booleans()):  # -e
        inode = 0 if state in SMALL else draw(st.integers(0, 2**32 - 1))
        row = row._replace(
            inode=inode,
            cookie=f"{draw(numbers):x}",
            uid=draw(st.integers(0, 2**31)) if inode else None,
            fwmark=draw(counts),
        )
        if state not in SMALL:
            row = row._replace(
                cgroup=draw(st.none() | paths | st.just("unreachable:1f")),
                v6only=draw(st.none() | st.booleans()),
                shut_receive=draw(st.booleans()),
                shut_send=draw(st.booleans()),
            )
    if draw(st.booleans()):  # --tos and --inet-sockopt
        row = row._replace(tos=draw(st.integers(0, 255)), tclass=draw(st.none() | st.just(0xB8)))
        row = row._replace(inet_sockopt=draw(st.sampled_from([(), ("is_icsk", "mc_loop")])))
    if state not in SMALL and draw(st.booleans()):  # -m
        eight = draw(st.tuples(*[st.integers(0, 2**31 - 1)] * 7, *[st.none() | numbers] * 2))
        row = row._replace(memory=Memory(*eight))
    if state not in SMALL and draw(st.booleans()):  # -i
        row = row._replace(info=draw(infos()))
    return row


counts0 = st.integers(0, 99)
# What print_ms_timer can say: all of a short time, less of a long one.
lefts = (
    st.integers(0, 9_999).map(lambda ms: ms / 1000)
    | st.integers(10, 599).map(float)
    | st.integers(10, 2000).map(lambda minutes: minutes * 60.0)
)


# ---- rows printed


def printed(row: Row, era: Era) -> str:
    """`row` as `ss` of `era` prints it, all options given."""
    state = SPELLED[row.state]
    gap = "" if era.touching else " " * (11 - len(state))
    peer = printed_address(row.peer, era)
    parts = [
        f"{state}{gap}{row.recv_q:<6} {row.send_q:<6} {printed_address(row.local, era)} {peer}"
    ]
    if row.users:
        parts.append(f"users:({','.join(map(printed_user, row.users))})")
    elif era.two_fields:
        parts.append(" " * 30)
    if row.timer is not None:
        left = printed_left(round(row.timer.left_s * 1000), era.timer_unit)
        parts.append(f"timer:({row.timer.name},{left},{row.timer.retransmissions})")
    if row.uid:
        parts.append(f"uid:{row.uid}")
    if row.inode is not None:
        parts.append(f"ino:{row.inode} sk:{row.cookie}")
    if row.fwmark is not None:
        parts.append(f"fwmark:0x{row.fwmark:x}")
    if row.cgroup is not None:
        parts.append(f"cgroup:{row.cgroup}")
    if row.v6only is not None:
        parts.append(f"v6only:{row.v6only:d}")
    if row.shut_receive is not None:
        parts.append(("-" if row.shut_receive else "<") + "-" + ("-" if row.shut_send else ">"))
    if row.tos is not None:
        parts.append(f"tos:{row.tos:#x}" if row.tos else "tos:0")
    if row.tclass is not None:
        parts.append(f"tclass:{row.tclass:#x}")
    new_line = "" if era.one_line else "\n\t"
    if row.inet_sockopt is not None:
        words = "".join(f" {word}" for word in row.inet_sockopt)
        parts.append(f"{new_line}inet-sockopt: ({words})")
    second = printed_memory(row.memory) + printed_info(row.info, era)
    if second or row.state in SMALL:
        parts.append(new_line + second)
    return " ".join(parts)


def printed_address(address: Address, era: Era) -> str:
    host = f"[{address.host}]" if ":" in address.host and era.brackets else address.host
    device = "" if address.interface is None else f"%{address.interface}"
    return f"{host}{device}:{'*' if address.port is None else address.port}"


def printed_user(user: User) -> str:
    tid = "" if user.tid is None else f"tid={user.tid},"
    return f'("{user.name}",pid={user.pid},{tid}fd={user.fd})'


def printed_left(timeout_ms: int, unit: str) -> str:
    """`print_ms_timer`; 6.11 wrote "sec" where before it was "ms"."""
    minutes, ms = divmod(timeout_ms, 60_000)
    seconds, ms = divmod(ms, 1000)
    text = ""
    if minutes:
        ms = 0
        text = f"{minutes}min"
        if minutes > 9:
            seconds = 0
    if seconds:
        if seconds > 9:
            ms = 0
        text += f"{seconds}." if ms else f"{seconds}sec"
    if ms:
        text += f"{ms:03}" + (unit if seconds else "ms")
    return text


def printed_memory(memory: Memory | None) -> str:
    if memory is None:
        return ""
    m = memory
    text = (
        f" skmem:(r{m.rmem_alloc_bytes},rb{m.rcv_buf_bytes},t{m.wmem_alloc_bytes}"
        f",tb{m.snd_buf_bytes},f{m.fwd_alloc_bytes},w{m.wmem_queued_bytes},o{m.opt_mem_bytes}"
    )
    text += "" if m.back_log_bytes is None else f",bl{m.back_log_bytes}"
    return text + ("" if m.sock_drop is None else f",d{m.sock_drop}") + ")"


def printed_info(info: Info | None, era: Era) -> str:
    if info is None:
        return ""

    def ms(seconds: float) -> str:
        return f"{round(seconds * 1e6) / 1000:g}"

    def rate(bps: float) -> str:
        return f"{bps:.0f}bps" if era.raw_rates else f"{bps / 1e6:.1f}Mbps"

    words = [word for word in info.words if word != "app_limited"]
    if info.congestion_control is not None:
        words.append(info.congestion_control)
    say = words.append
    if info.snd_wscale is not None:
        say(f"wscale:{info.snd_wscale},{info.rcv_wscale}")
    if info.rtt_s is not None and info.rttvar_s is not None:
        say(f"rtt:{ms(info.rtt_s)}/{ms(info.rttvar_s)}")
    spelled: Sequence[tuple[Sequence[str], str, Callable[[Any], str]]] = [
        (COUNTS, "", str),
        (BYTES, "_bytes", str),
        (MICROSECONDS, "_s", ms),
        (MILLISECONDS, "_s", lambda seconds: f"{seconds * 1000:.0f}"),
    ]
    for keys, suffix, spell in spelled:
        for key in keys:
            value = getattr(info, key + suffix)
            if value is not None:
                say(f"{key}:{spell(value)}")
    if info.bbr is not None and info.bbr.bw_bps is not None:
        say(f"bbr:(bw:{rate(info.bbr.bw_bps)},mrtt:1,pacing_gain:{info.bbr.pacing_gain:g})")
    if info.send_bps is not None:
        say(f"send {rate(info.send_bps)}")
    if info.pacing_rate_bps is not None and info.delivery_rate_bps is not None:
        limit = info.max_pacing_rate_bps
        say(f"pacing_rate {rate(info.pacing_rate_bps)}" + (f"/{rate(limit)}" if limit else ""))
        say(f"delivery_rate {rate(info.delivery_rate_bps)}")
    if info.app_limited:
        say("app_limited")
    if info.busy_s is not None:
        say("busy:2500ms rwnd_limited:1180ms(47.2%)")
    if info.retrans is not None:
        say(f"retrans:{info.retrans}/{info.retrans_total}")
    for key, value in info.unknown.items():
        say(f"{key}:{value}")
    if info.upper_layer is not None:
        blank = " " if info.upper_layer.name == "tls" else ""
        say(f"tcp-ulp-{info.upper_layer.name}")
        words += [f"{key}:{blank}{value}" for key, value in info.upper_layer.fields.items()]
        words += info.upper_layer.words
    return " " + " ".join(words)


def listing(made_up: list[Row], era: Era, padding: int = 0) -> str:
    lines = [printed(row, era) + " " * padding for row in made_up]
    text = era.header + "\n".join(lines) + ("\n" if era.last_newline else "")
    return text.replace("\n", era.line_end)


# ---- what must hold


@pytest.mark.parametrize("era", ERAS, ids=lambda era: era.name)
@settings(max_examples=40)  # of each of the eras
@given(made_up=st.lists(rows(), min_size=1, max_size=4), padding=st.integers(0, 9))
def test_what_was_printed_is_read(era: Era, made_up: list[Row], padding: int) -> None:
    read = parse(listing(made_up, era, padding))
    assert [row._replace(text="") for row in read] == made_up


@given(st.lists(rows(), min_size=1, max_size=3))
def test_the_text_of_a_row_is_read_as_that_row(made_up: list[Row]) -> None:
    for row in parse(listing(made_up, ERAS[3])):
        assert parse(row.text) == [row]


@given(st.integers(0, 2**31))
def test_time_left_is_cut_never_made_up(timeout_ms: int) -> None:
    text = printed_left(timeout_ms, "ms")
    [row] = parse(f"ESTAB 0 0 10.0.0.1:1 10.0.0.2:2 timer:(on,{text},0)")
    assert row.timer is not None
    lost_ms = timeout_ms - row.timer.left_s * 1000
    assert (
        -1e-6
        < lost_ms
        < (1e-6 if timeout_ms < 10_000 else 1000 if timeout_ms < 600_000 else 60_000)
    )


def read_or_refused(text: str) -> list[Row] | None:
    refused = None
    try:
        read = parse(text)
    except SsError as error:
        refused = error
    if refused is not None:
        assert refused.line in text or refused.line in text.replace("\r\n", "\n")
        assert str(refused)
        return None
    assert all(isinstance(row, Row) for row in read)
    return read


@given(st.text() | st.text(' \n\t:()<->,="[]%*/0123456789ESTABusers', max_size=200))
def test_garbage_is_read_or_refused(text: str) -> None:
    read_or_refused(text)
    read_or_refused(f"ESTAB 0 0 10.0.0.1:1 10.0.0.2:2 {text}")
    read_or_refused(f'ESTAB 0 0 10.0.0.1:1 10.0.0.2:2 users:(("{text}')


REAL = [
    (DATA / name).read_bytes().decode("utf-8", "surrogateescape").split("\n", 2)[2]
    for name in (
        "6.1.0/every-state-everything.txt",
        "6.1.0/every-state-three-lines.txt",
        "6.1.0/every-state-terminal.txt",
        "4.9-reconstructed/two-lines.txt",
        "5.15-reconstructed/upper-layers.txt",
        "7.1-reconstructed/two-fields.txt",
    )
]


@given(st.sampled_from(REAL), st.data())
def test_a_truncated_listing_is_read_or_refused(text: str, data: st.DataObject) -> None:
    length = data.draw(st.integers(0, len(text)))
    read = read_or_refused(text[:length])
    if read:
        # Whole rows before the last are not touched by where the text ends.
        assert read[:-1] == parse(text)[: len(read) - 1]


@given(st.sampled_from(REAL), st.data())
def test_trailing_text_is_read_or_refused(text: str, data: st.DataObject) -> None:
    tail = data.draw(st.text(min_size=1, max_size=20))
    read = read_or_refused(text + tail)
    assert read is None or len(read) >= len(parse(text))


@settings(max_examples=300)
@given(st.sampled_from(REAL[:1]), st.data())
def test_no_line_is_dropped_whatever_happened_to_it(text: str, data: st.DataObject) -> None:
    where = data.draw(st.integers(0, len(text) - 1))
    count = data.draw(st.integers(0, 12))
    instead = data.draw(st.text(st.characters(exclude_characters="\n\t"), max_size=6))
    changed = text[:where] + instead + text[where + count :]
    read = read_or_refused(changed)
    if read is not None:
        told = "\n".join(row.text for row in read)
        for line in changed.split("\n"):
            assert line.strip() in told


# ---- the printer must be able to say no, or the tests above prove nothing


def test_the_printer_prints_what_ss_prints() -> None:
    line = REAL[0].split("\n")[0].rstrip()
    [row] = parse(line)
    era = ERAS[3]
    assert " ".join(printed(row, era).split()) == " ".join(line.split())
