"""`ss` text to rows: captures of every release at hand, and each shape by itself."""

from __future__ import annotations

import copy
import doctest
import gc
import pickle
from pathlib import Path

import pytest

from socklab import ss
from socklab.errors import ToolError
from socklab.ss import (
    SPELLED,
    SPELLINGS,
    TIMERS,
    Address,
    Bbr,
    Dctcp,
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
CAPTURES = sorted(DATA.glob("*/*.txt"))
S = State


def output_of(capture: str | Path) -> str:
    """What `ss` printed, without the two lines that tell where it is from."""
    text = (DATA / capture).read_bytes().decode("utf-8", "surrogateescape")
    where, command, output = text.split("\n", 2)
    assert where.startswith(("# captured: ", "# reconstructed "))
    assert command.startswith("# ") and "ss " in command
    return output


def rows_of(capture: str | Path) -> list[Row]:
    state = S.FIN_WAIT_2 if "one-state" in str(capture) else None
    return parse(output_of(capture), state=state)


def one(text: str, **arguments: State) -> Row:
    [row] = parse(text, **arguments)
    return row


def at(text: str) -> Address:
    """The address `text` of an IPv4 or IPv6 socket, a port of 0 for none."""
    host, _, port = text.rpartition(":")
    return Address(host.strip("[]"), int(port) or None)


HEAD = "ESTAB 0 0 10.0.0.1:1 10.0.0.2:2"


# ---- captures


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_capture_reads_and_no_line_is_dropped(capture: Path) -> None:
    output = output_of(capture).replace("\r\n", "\n")
    rows = rows_of(capture)
    told = "\n".join(row.text for row in rows)
    lines = [line.rstrip() for line in output.split("\n") if "Local Address" not in line]
    assert [line.rstrip() for line in told.split("\n") if line.strip()] == list(filter(None, lines))


EVERY_STATE = [
    (S.LISTEN, 0, 16, 7000, 0),
    (S.SYN_RECEIVED, 0, 0, 7000, 6001),
    (S.SYN_SENT, 0, 1, None, 6002),
    (S.ESTABLISHED, 0, 0, None, 6003),
    (S.FIN_WAIT_1, 0, 1, None, 6004),
    (S.FIN_WAIT_2, 0, 0, None, 6005),
    (S.CLOSING, 1, 1, None, 6006),
    (S.TIME_WAIT, 0, 0, None, 6007),
    (S.CLOSE_WAIT, 1, 0, None, 6008),
    (S.LAST_ACK, 1, 1, None, 6009),
    (S.FIN_WAIT_2, 0, 0, None, 6010),
]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-everything",
        "-two-lines",
        "-three-lines",
        "-sockopt",
        "-header",
        "-with-table",
        "-terminal",
        "-proc",
    ],
)
def test_ten_states_are_seen_whatever_else_is_asked(name: str) -> None:
    rows = sorted(rows_of(f"6.1.0/every-state{name}.txt"), key=lambda row: row.peer.port or 0)
    send_q_of_a_listener = 0 if name == "-proc" else 16  # /proc/net/tcp has no backlog
    expected = [(S.LISTEN, 0, send_q_of_a_listener, 7000, 0), *EVERY_STATE[1:]]
    assert [
        (
            row.state,
            row.recv_q,
            row.send_q,
            row.local.port if row.local.port == 7000 else None,
            row.peer.port or 0,
        )
        for row in rows
    ] == expected
    assert {row.local.host for row in rows} == {"10.9.0.1"}


def test_destroyed_sockets_are_closed() -> None:
    rows = rows_of("6.1.0/events.txt")
    assert {(row.state, row.local.host, row.inode) for row in rows} == {
        (S.CLOSED, "127.0.0.1", 0),
        (S.CLOSED, "::1", 0),
    }


def test_every_state_but_none_is_missing_from_the_spellings() -> None:
    assert set(SPELLINGS.values()) == set(State)
    assert {SPELLED[state]: state for state in State} == dict(SPELLINGS)


def test_orphans_and_unaccepted_are_told_from_small_sockets() -> None:
    rows = {row.peer.port: row for row in rows_of("6.1.0/every-state-everything.txt")}
    assert {port for port, row in rows.items() if row.orphan} == {6010}
    assert rows[6010].timer is not None and rows[6010].timer.name == "timewait"
    assert not any(row.unaccepted for row in rows.values())
    assert (rows[6001].inode, rows[6001].uid, rows[6007].inode) == (0, None, 0)
    queued = [row for row in rows_of("6.1.0/queues.txt") if row.unaccepted]
    assert [(row.state, row.local.port) for row in queued] == [(S.ESTABLISHED, 7200)] * 4
    assert one(HEAD).orphan is None and one(HEAD).unaccepted is None


def test_arrows_tell_which_half_is_shut() -> None:
    rows = {row.peer.port: row for row in rows_of("6.1.0/every-state-everything.txt")}
    assert {port: (row.shut_receive, row.shut_send) for port, row in rows.items()} == {
        None: (False, False),
        6001: (None, None),
        6002: (False, False),
        6003: (False, False),
        6004: (False, True),
        6005: (False, True),
        6006: (True, True),
        6007: (None, None),
        6008: (True, False),
        6009: (True, True),
        6010: (None, None),
    }


def test_a_row_with_everything() -> None:
    row = one(output_of("6.1.0/every-state-sockopt.txt").split("\n", 1)[0])
    assert row._replace(text="") == Row(
        S.LISTEN,
        0,
        16,
        at("10.9.0.1:7000"),
        at("0.0.0.0:0"),
        "",
        users=row.users,
        uid=0,
        inode=row.inode,
        cookie=row.cookie,
        cgroup="/",
        shut_receive=False,
        shut_send=False,
        tos=0,
        class_id=0,
        inet_sockopt=("is_icsk", "mc_loop", "mc_all"),
        memory=Memory(0, 0, 0, 0, 131072, 16384, 0, 0, 0),
        info=Info(congestion_control="bbr", cwnd=10),
    )
    assert row.text.startswith("LISTEN ") and row.text.endswith("cwnd:10")


@pytest.mark.parametrize("other", ["three-lines", "sockopt"])
def test_lines_of_one_record_are_one_row(other: str) -> None:
    """Times go on between two calls of `ss`; what stands still is the same in both."""

    def still(name: str) -> list[tuple[object, ...]]:
        return sorted(
            (
                str(row.state),
                row.peer.port or 0,
                row.inode,
                row.users,
                row.memory,
                row.cgroup,
                row.info is not None,
                row.inet_sockopt,
            )
            for row in rows_of(f"6.1.0/every-state-{name}.txt")
        )

    assert [each[:-1] for each in still("two-lines")] == [each[:-1] for each in still(other)]
    assert {each[-1] for each in still(other)} == {None, ("is_icsk", "mc_loop", "mc_all")}


def test_addresses_of_every_kind() -> None:
    rows = rows_of("6.1.0/addresses.txt")
    listeners = {str(row.local): row.local for row in rows if row.state is S.LISTEN}
    [link_local] = [text for text in listeners if text.startswith("[fe80::")]
    assert listeners == {
        "0.0.0.0:7101": Address("0.0.0.0", 7101),
        "0.0.0.0%lo:7100": Address("0.0.0.0", 7100, "lo"),
        "*:7103": Address("*", 7103),
        "[::]:7102": Address("::", 7102),
        link_local: Address(link_local[1:].partition("]")[0], 7104, "wire0"),
    }
    [client] = [row.local for row in rows if row.peer == Address("127.0.0.1", 7103)]
    [seen_by_server] = [row.peer for row in rows if row.local == Address("::ffff:127.0.0.1", 7103)]
    assert seen_by_server == Address("::ffff:127.0.0.1", client.port)
    assert {row.v6only for row in rows_of("6.1.0/addresses-details.txt")} == {None, False, True}


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0, "my server"),
        (1, 'say "hi", x'),
        (2, "(sd-pam"),
        (3, 'x",pid=1,fd=9'),
        (4, "nl\nESTAB 0 0 x"),
        (5, "\udcff\x07\t"),
    ],
)
def test_a_name_can_hold_anything(number: int, name: str) -> None:
    row = one(output_of(f"6.1.0/name-{number}.txt"))
    assert [(user.name, user.fd) for user in row.users] == [(name, 4)]
    assert row.inode and row.shut_send is False


def test_a_socket_has_many_descriptors() -> None:
    row = one(output_of("6.1.0/many-descriptors.txt"))
    assert len(row.users) == len({user.fd for user in row.users}) == 50
    assert {user.name for user in row.users} == {"fifty"}


def test_threads_and_contexts_are_read() -> None:
    users = [row.users for row in rows_of("6.1.0/threads.txt") if row.users]
    assert all(user.tid == user.pid for [user] in users)
    [user] = rows_of("7.1-reconstructed/two-fields.txt")[3].users
    assert user == User(
        "x",
        5,
        9,
        None,
        "system_u:system_r:init_t:s0-s0:c0.c1023",
        "system_u:object_r:a:s0,c1",
    )


def test_md5_keys_printed_ahead_of_all_else_do_not_hide_the_first_row() -> None:
    expected = Info(congestion_control="bbr", cwnd=10, md5keys=("10.0.0.9/32=",))
    for name in ("md5-key", "md5-key-header"):
        row = one(output_of(f"6.1.0/{name}.txt"))
        assert (row.state, row.local.port, row.info) == (S.LISTEN, 7500, expected)


def test_service_names_stand_for_ports() -> None:
    row = one(output_of("6.1.0/service.txt"))
    assert row.local == Address("10.9.0.1", None, None, "https")
    assert str(row.local) == "10.9.0.1:https"
    row = one("ESTAB 0 0 localhost:zabbix-agent my-host.example:3com-tsmux")
    assert row.local == Address("localhost", None, None, "zabbix-agent")
    assert row.peer == Address("my-host.example", None, None, "3com-tsmux")


def test_a_listing_without_sockets_has_no_rows() -> None:
    assert rows_of("6.1.0/nothing.txt") == []
    assert parse("") == parse("\n") == parse("   ") == []


def test_proc_says_some_times_in_seconds() -> None:
    rows = {row.peer.port: row.info for row in rows_of("6.1.0/every-state-proc.txt")}
    close_wait = rows[6008]
    assert close_wait is not None
    assert (close_wait.rto_s, close_wait.ato_s, close_wait.reordering) == (0.2, 0.04, 0)
    info = one(f"{HEAD} ino:1 sk:2 rto:0.2 ato:0.04 qack:15 bidir cwnd:10 retrans:3/0 reordering:0")
    assert info.info == Info(
        words=("bidir",),
        rto_s=0.2,
        ato_s=0.04,
        qack=15,
        cwnd=10,
        retrans=3,
        retrans_total=0,
        reordering=0,
    )


def test_mptcp_is_an_upper_layer() -> None:
    info = one(output_of("6.1.0/mptcp.txt")).info
    assert info is not None and info.upper_layer is not None
    assert info.upper_layer.name == "mptcp"
    assert list(info.upper_layer.fields) == ["flags", "token", "seq", "sfseq", "ssnoff", "maplen"]


# ---- releases that are not at hand


def test_4_9_has_no_brackets_and_old_rates() -> None:
    rows = rows_of("4.9-reconstructed/two-lines.txt")
    assert [(row.state, row.local, row.peer) for row in rows] == [
        (S.LISTEN, Address("*", 22), Address("*", None)),
        (S.ESTABLISHED, Address("10.0.0.1", 22), Address("10.0.0.2", 51404)),
        (S.TIME_WAIT, Address("10.0.0.1", 8080), Address("10.0.0.2", 51410)),
        (S.LISTEN, Address("::", 22), Address("::", None)),
        (S.ESTABLISHED, Address("fe80::1", 22, "eth0"), Address("fe80::2", 40000)),
        (S.ESTABLISHED, Address("::ffff:10.0.0.1", 80), Address("::ffff:10.0.0.3", 40001)),
    ]
    assert rows[2].info is None
    assert rows[1].users == (User("sshd", 1120, 3), User("sshd", 1101, 3))
    assert rows[1].info == Info(
        words=("ts", "sack"),
        congestion_control="cubic",
        snd_wscale=7,
        rcv_wscale=7,
        rto_s=0.236,
        rtt_s=0.0355,
        rttvar_s=0.00125,
        ato_s=0.04,
        mss_bytes=1448,
        cwnd=10,
        bytes_acked=5001,
        bytes_received=4010,
        segs_out=60,
        segs_in=88,
        send_bps=3_300_000.0,
        lastsnd_s=0.004,
        lastrcv_s=0.008,
        lastack_s=0.004,
        pacing_rate_bps=6_500_000.0,
        unacked=1,
        rcv_rtt_s=0.048,
        rcv_space_bytes=28960,
        minrtt_s=0.035001,
    )


def test_columns_that_touch_are_told_apart() -> None:
    rows = rows_of("4.17-reconstructed/touching.txt")
    assert [(row.state, row.recv_q, row.send_q) for row in rows] == [
        (S.LISTEN, 0, 128),
        (S.CLOSE_WAIT, 1, 0),
        (S.FIN_WAIT_1, 0, 1),
        (S.FIN_WAIT_2, 0, 0),
        (S.SYN_SENT, 0, 1),
        (S.ESTABLISHED, 0, 0),
    ]
    rows = rows_of("4.17-reconstructed/table-touching.txt")
    assert [row.state for row in rows] == [S.LISTEN, S.ESTABLISHED, S.FIN_WAIT_1]


def test_5_4_0_ends_without_a_newline() -> None:
    output = output_of("5.4.0-reconstructed/no-last-newline.txt")
    assert not output.endswith("\n")
    last = parse(output)[-1]
    assert last.timer == Timer("keepalive", 9.373, 0)
    assert last.info is not None and last.info.app_limited and last.info.minrtt_s == 0.035001


def test_5_15_says_all_of_tcp() -> None:
    tls, mptcp = rows_of("5.15-reconstructed/upper-layers.txt")
    assert tls.info == Info(
        words=("ts", "sack", "ecn", "ecnseen"),
        congestion_control="dctcp",
        snd_wscale=7,
        rcv_wscale=7,
        rto_s=0.204,
        rtt_s=0.0005,
        rttvar_s=0.00025,
        ato_s=0.04,
        mss_bytes=1448,
        pmtu_bytes=1500,
        rcvmss_bytes=1448,
        advmss_bytes=1448,
        cwnd=10,
        ssthresh=7,
        bytes_sent=900000,
        bytes_retrans=2896,
        bytes_acked=897104,
        bytes_received=2000,
        segs_out=700,
        segs_in=400,
        data_segs_out=690,
        data_segs_in=9,
        dctcp=Dctcp(ce_state=0, alpha=1024, ab_ecn=0, ab_tot=1448),
        send_bps=231_680_000.0,
        lastsnd_s=0.012,
        lastrcv_s=0.012,
        lastack_s=0.012,
        pacing_rate_bps=277_984_000.0,
        max_pacing_rate_bps=1e9,
        delivery_rate_bps=115_840_000.0,
        delivered=688,
        delivered_ce=4,
        busy_s=2.0,
        rwnd_limited_s=1.18,
        rwnd_limited_share=0.59,
        sndbuf_limited_s=0.02,
        sndbuf_limited_share=0.01,
        unacked=2,
        retrans=1,
        retrans_total=2,
        lost=1,
        sacked=1,
        dsack_dups=1,
        reordering=5,
        reord_seen=2,
        rcv_rtt_s=0.0015,
        rcv_space_bytes=14480,
        rcv_ssthresh_bytes=64088,
        notsent_bytes=1448,
        minrtt_s=0.0004,
        upper_layer=UpperLayer(
            "tls",
            {"version": "1.3", "cipher": "aes-gcm-128", "rxconf": "sw", "txconf": "unknown(7)"},
        ),
    )
    assert mptcp.info is not None and mptcp.info.dctcp == Dctcp(fallback_mode=True)


def test_7_1_keeps_users_and_the_rest_apart() -> None:
    listener, busy, gone, bbr = rows_of("7.1-reconstructed/two-fields.txt")
    assert (listener.users, listener.uid, listener.cgroup) == (
        (User("sshd", 801, 3),),
        0,
        "/system.slice/ssh.service",
    )
    assert (busy.timer, busy.uid, busy.fwmark) == (Timer("delack", 0.012, 0), 1000, 0x1F)
    assert busy.cgroup == "/user.slice/my app uid:7"
    assert busy.info is not None
    assert (busy.info.words, busy.info.rehash) == (("ts", "usec_ts", "sack"), 1)
    assert busy.info.unknown == {"future_field": "7"}
    assert busy.info.upper_layer == UpperLayer(
        "tls", {"version": "1.3", "rxconf": "sw", "txconf": "sw"}, ("zc_ro_tx", "no_pad_rx")
    )
    assert (gone.timer, gone.users) == (Timer("timewait", 59.0, 0), ())
    assert (bbr.cgroup, bbr.shut_receive, bbr.shut_send) == ("unreachable:1f", True, False)
    assert bbr.info is not None
    assert bbr.info.bbr == Bbr(bw_bps=0.0, mrtt_s=None, pacing_gain=1.0, cwnd_gain=1.0)
    assert bbr.info.md5keys == (r"10.0.0.9/32=k\054y", "10.0.0.8/32=b")


# ---- shapes one by one


@pytest.mark.parametrize(
    ("text", "left_s"),
    [
        ("", 0.0),
        ("001ms", 0.001),
        ("052ms", 0.052),
        ("1.948ms", 1.948),
        ("1.948sec", 1.948),
        ("1sec", 1.0),
        ("59sec", 59.0),
        ("1min", 60.0),
        ("1min59sec", 119.0),
        ("119min", 7140.0),
    ],
)
def test_time_left(text: str, left_s: float) -> None:
    assert one(f"{HEAD} timer:(on,{text},3)").timer == Timer("on", left_s, 3)


@pytest.mark.parametrize("name", sorted(TIMERS))
def test_timers_by_name(name: str) -> None:
    assert one(f"{HEAD} timer:({name},1sec,0)").timer == Timer(name, 1.0, 0)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("10.0.0.1:22", Address("10.0.0.1", 22)),
        ("0.0.0.0:*", Address("0.0.0.0", None)),
        ("*:22", Address("*", 22)),
        ("*%lo:22", Address("*", 22, "lo")),
        ("0.0.0.0%eth0:22", Address("0.0.0.0", 22, "eth0")),
        ("[::1]:65535", Address("::1", 65535)),
        ("::1:22", Address("::1", 22)),
        (":::9000", Address("::", 9000)),
        (":::*", Address("::", None)),
        ("fe80::1%wire0:22", Address("fe80::1", 22, "wire0")),
        ("[fe80::1]%eth0:22", Address("fe80::1", 22, "eth0")),
        ('[fe80::1]%a](",*é:22', Address("fe80::1", 22, 'a](",*é')),
        ("[fe80::1]%if7:22", Address("fe80::1", 22, "if7")),
        ("::ffff:10.0.0.1:22", Address("::ffff:10.0.0.1", 22)),
        ("[::ffff:10.0.0.1]:22", Address("::ffff:10.0.0.1", 22)),
    ],
)
def test_addresses_of_every_era(text: str, address: Address) -> None:
    row = one(f"ESTAB 0 0 {text} {text}")
    assert (row.local, row.peer) == (address, address)


@pytest.mark.parametrize("text", ["10.0.0.1:22", "*:*", "[::1]%lo:22", "h:https"])
def test_an_address_prints_as_a_current_ss_prints_it(text: str) -> None:
    assert str(one(f"LISTEN 0 0 {text} *:*").local) == text


@pytest.mark.parametrize(
    ("text", "bps"),
    [
        ("3263098bps", 3263098.0),
        ("3.3Mbps", 3.3e6),
        ("4.1Mbps", 4.1e6),
        ("12.5Kbps", 12500.0),
        ("12.5kbps", 12500.0),
        ("1e+03Mbps", 1e9),
        ("1.5Gbps", 1.5e9),
        ("2Tbps", 2e12),
    ],
)
def test_rates_are_bits_a_second(text: str, bps: float) -> None:
    info = one(f"{HEAD} send {text} pacing_rate {text}/{text} delivery_rate {text}").info
    assert info == Info(
        send_bps=bps, pacing_rate_bps=bps, max_pacing_rate_bps=bps, delivery_rate_bps=bps
    )


def test_milliseconds_are_seconds_with_exponents_too() -> None:
    info = one(f"{HEAD} rto:1.23457e+06 rtt:0.009/1234.57 busy:12ms rwnd_limited:3ms").info
    assert info == Info(
        rto_s=1234.57, rtt_s=9e-06, rttvar_s=1.23457, busy_s=0.012, rwnd_limited_s=0.003
    )


def test_short_memory_and_negative_memory() -> None:
    assert one(f"{HEAD} mem:(r1,w2,f3,t4)").memory == Memory(1, 4, 3, 2)
    assert one(f"{HEAD} skmem:(r0,rb1,t2,tb3,f4294963200,w5,o6)").memory == Memory(
        0, 2, -4096, 5, 1, 3, 6
    )


def test_eight_blanks_continue_a_row_like_a_tab() -> None:
    rows = parse(f"{HEAD}\n         cubic cwnd:10\n{HEAD}\n\t cubic cwnd:11\n")
    assert [row.info for row in rows] == [
        Info(congestion_control="cubic", cwnd=10),
        Info(congestion_control="cubic", cwnd=11),
    ]


def test_a_cgroup_is_said_once_twice_or_alone() -> None:
    row = one(f"{HEAD} ino:1 sk:2 cgroup:/a b <-> tos:0x10 tclass:0xb8 class_id:0x1 cgroup:/a b")
    assert (row.cgroup, row.tos, row.tclass, row.class_id) == ("/a b", 0x10, 0xB8, 1)
    assert one(f"{HEAD} tos:0 cgroup:/a inet-sockopt: ()").inet_sockopt == ()
    assert one(f"{HEAD} cgroup:/a b\n\t cubic cwnd:1").cgroup == "/a b"
    assert one(f"{HEAD} cgroup:/a cubic cwnd:1").cgroup == "/a"
    assert one(f"{HEAD} cgroup:unreachable:1f").cgroup == "unreachable:1f"


def test_the_name_of_the_congestion_control_is_the_last_strange_word_before_a_field() -> None:
    info = one(f"{HEAD} ts accecn bbr2 cwnd:10 strange app_limited").info
    assert info == Info(
        words=("accecn", "ts", "strange", "app_limited"), congestion_control="bbr2", cwnd=10
    )
    assert one(f"{HEAD} cwnd:10").info == Info(cwnd=10)
    assert one(f"{HEAD} ts sack").info == Info(words=("ts", "sack"))


def test_brackets_may_hold_more_than_we_know() -> None:
    info = one(f"{HEAD} cwnd:1 bbr:(version:3,mrtt:0.5) dctcp:(alpha:1,new:x) new:(a:1)").info
    assert info == Info(
        cwnd=1,
        bbr=Bbr(mrtt_s=0.0005, unknown={"version": "3"}),
        dctcp=Dctcp(alpha=1, unknown={"new": "x"}),
        unknown={"new": "(a:1)"},
    )


def test_a_state_that_is_not_printed_is_the_one_that_was_asked_for() -> None:
    for text in ("0 5 10.0.0.1:1 10.0.0.2:2", "tcp   0 5 10.0.0.1:1 10.0.0.2:2"):
        row = one(text, state=S.LAST_ACK)
        assert (row.state, row.recv_q, row.send_q) == (S.LAST_ACK, 0, 5)
    rows = parse("Recv-Q Send-Q Local Address:Port Peer Address:Port\n" + text, state=S.LISTEN)
    assert len(rows) == 1


def test_queues_over_two_gibibytes_print_below_zero() -> None:
    row = one("ESTAB -2147483648 -1 10.0.0.1:1 10.0.0.2:2")
    assert (row.recv_q, row.send_q) == (-(2**31), -1)


def test_keys_before_a_table_and_touching_columns() -> None:
    assert one("secrettcp   LISTEN 0 5 10.0.0.1:1 0.0.0.0:*").state is S.LISTEN
    assert one("secretFIN-WAIT-10 5 10.0.0.1:1 0.0.0.0:*").state is S.FIN_WAIT_1
    assert one("ESTAB1LISTEN 0 5 10.0.0.1:1 0.0.0.0:*").state is S.LISTEN


# ---- rows that ss cut


def cut_row(tail: str = "") -> str:
    """A row as `ss` prints it where its users do not fit into one field."""
    users = ",".join(f'("é py",pid=77,fd={fd})' for fd in range(3, 4000))
    field = f" users:({users}".encode()[: ss.parser.FIELD_BYTES].decode("utf-8", "surrogateescape")
    return f"LISTEN 0 5 10.0.0.1:1 0.0.0.0:*{field}{tail}"


@pytest.mark.parametrize("tail", ["", "    \n", "\n" + HEAD])
def test_users_that_ss_cut_are_as_many_as_it_printed(tail: str) -> None:
    row = parse(cut_row(tail))[0]
    assert row.cut and row.inode is None
    assert len(row.users) > 2500
    assert row.users == tuple(User("é py", 77, fd) for fd in range(3, 3 + len(row.users)))


def test_from_6_8_on_the_rest_of_a_cut_row_is_there() -> None:
    row = one(cut_row("  ino:7 sk:8 <->"))
    assert (row.cut, row.inode, row.cookie, row.shut_send) == (True, 7, "8", False)


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        (" ino:12345 sk:1ab", {"inode": None, "cookie": None, "info": None}),
        (" ino:12345 sk:1 <-> cubic cwnd:1", {"inode": 12345, "cookie": "1", "info": None}),
        (
            " ino:12345 sk:1 <-> cubic cwnd:10 send 12",
            {"inode": 12345, "info": Info(congestion_control="cubic", cwnd=10)},
        ),
    ],
)
def test_the_last_word_of_a_cut_field_is_not_believed(
    rest: str, expected: dict[str, object]
) -> None:
    # One field for users and the rest, as up to 6.7, filled to its last byte.
    room = ss.parser.FIELD_BYTES - len(" users:()") - len(rest)
    entry = '("py",pid=77,fd=100),'
    users = entry * (room // len(entry) - 1)
    users += f'("py",pid={"7" * (room - len(users) - len(entry) + 3)},fd=100)'
    field = f" users:({users}){rest}"
    assert len(field) == ss.parser.FIELD_BYTES
    row = one(f"LISTEN 0 5 10.0.0.1:1 0.0.0.0:*{field}")
    assert {name: getattr(row, name) for name in expected} == expected
    assert row.cut
    assert len(row.users) == users.count("(")


# ---- refusals, as text

REFUSALS = [
    ("hello", "it is not a state, two queues and two addresses"),
    ("Usage: ss [ OPTIONS ]", "it is not a state, two queues and two addresses"),
    ("UNKNOWN 0 0 10.0.0.1:1 10.0.0.2:2", "the state is UNKNOWN, which TCP does not have"),
    ("UNDEF 0 0 10.0.0.1:1 10.0.0.2:2", "the state is UNDEF, which TCP does not have"),
    ("ESTAB 10.0.0.1:1 10.0.0.2:2", "it has no Recv-Q and Send-Q: leave out -Q"),
    ("\t cubic cwnd:10", "it continues a row, and there is none before it"),
    ("udp UNCONN 0 0 10.0.0.1:1 0.0.0.0:*", "it is a row of 'udp', and socklab reads those of tcp"),
    (
        "mptcp ESTAB 0 0 10.0.0.1:1 10.0.0.2:2",
        "it is a row of 'mptcp', and socklab reads those of tcp",
    ),
    ("mptcpESTAB 0 0 10.0.0.1:1 10.0.0.2:2", "'mptcp' stands before the state"),
    (
        "0 0 10.0.0.1:1 10.0.0.2:2",
        "it has no state, as when ss is asked for one state only: ask for all, or say which",
    ),
    ("ESTAB 0 0 10.0.0.1 10.0.0.2:2", "'10.0.0.1' is not an address and a port"),
    ("ESTAB 0 0 10.0.0.1:1 [::g]:2", "'[::g]:2' is not an address and a port"),
    ("ESTAB 0 0 10.0.0.1:1 10.0.0.2:123456", "'10.0.0.2:123456' is not an address and a port"),
    ("ESTAB 0 0 10.0.0.1:1 10.0.0.2:65536", "port 65536 of '10.0.0.2:65536' is over 65535"),
    (f'{HEAD} users:(("x",pid=1,fd=', "the list of users does not read"),
    (f"{HEAD} users:(())", "the list of users does not read"),
    (f"{HEAD} users:((\ud800", "it holds characters that no bytes decode to"),
    (f"{HEAD} timer:(off on,1sec,0)", "'timer:(off' does not read, or not there"),
    (f"{HEAD} timer:(sometimes,1sec,0)", "the timer (sometimes,1sec) is not one that ss prints"),
    (f"{HEAD} timer:(on,1.9sec,0)", "the timer (on,1.9sec) is not one that ss prints"),
    (f"{HEAD} ino:x sk:1", "'ino:x' does not read, or not there"),
    (f"{HEAD} skmem:(r0)", "the memory 'skmem:(r0)' does not read"),
    (f"{HEAD} <->x", "'<->x' is neither a field nor a word of TCP"),
    (f"{HEAD} cwnd:10 (1):", "'(1):' is neither a field nor a word of TCP"),
    (f"{HEAD} cwnd:10 new:", "'new:' is neither a field nor a word of TCP"),
    (f"{HEAD} hello world", "'hello' stands there without any field of TCP"),
    (f"{HEAD} cwnd:ten", "the field cwnd says 'ten', which is not a whole number"),
    (f"{HEAD} cwnd:1_0", "the field cwnd says '1_0', which is not a whole number"),
    (f"{HEAD} rto:inf", "the field rto says 'inf', which is not a number of milliseconds"),
    (f"{HEAD} rto:1_0", "the field rto says '1_0', which is not a number of milliseconds"),
    (
        f"{HEAD} rtt:1",
        "the field rtt says '1', which is not two numbers of milliseconds with a slash",
    ),
    (f"{HEAD} busy:1s", "the field busy says '1s', which is not a number of milliseconds"),
    (f"{HEAD} send fast", "the field send says 'fast', which is not a rate"),
    (f"{HEAD} send", "the field send says '', which is not a rate"),
    (
        f"{HEAD} bbr:(pacing_gain:nan)",
        "the field bbr says '(pacing_gain:nan)', which is not fields in brackets",
    ),
    (f"{HEAD} bbr:bw", "the field bbr says 'bw', which is not fields in brackets"),
    (f"{HEAD} cwnd:1 cwnd:2", "the field cwnd comes twice"),
    (f"{HEAD} send 1bps send 1bps", "the field send comes twice"),
    (f"{HEAD} cwnd:1 new:1 new:2", "the field new comes twice"),
    (f"{HEAD} tcp-ulp-tls a: ", "the field a of tls comes twice or says nothing"),
    (f"{HEAD} tcp-ulp-tls a:1 a:2", "the field a of tls comes twice or says nothing"),
    (f"{HEAD} cwnd:١", "a word that is not ASCII stands among the fields of TCP"),
    (f"{HEAD} cgroup:/a <-> cgroup:/b", "'cgroup:/b' does not read, or not there"),
    (f"{HEAD} cgroup:a", "'cgroup:a' does not read, or not there"),
]


@pytest.mark.parametrize(("line", "reason"), REFUSALS)
def test_refusals_say_why_and_where(line: str, reason: str) -> None:
    with pytest.raises(SsError) as caught:
        parse(f"{line}\n")
    assert str(caught.value) == f"line 1 of ss does not read: {reason}; it says {line!r}"


def test_a_refusal_keeps_the_line_and_counts_it() -> None:
    with pytest.raises(ToolError) as caught:
        parse(f"{HEAD}\n\t cwnd:1\n{HEAD}\nxESTAB 0 0 10.0.0.1:1 10.0.0.2:2 \n{HEAD}\n")
    error = caught.value
    assert isinstance(error, SsError)
    assert (error.exit_code, error.line_number, error.reason) == (
        3,
        4,
        "'x' stands before the state",
    )
    assert error.line == "xESTAB 0 0 10.0.0.1:1 10.0.0.2:2 "
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (str(twin), twin.line) == (str(error), error.line)


def test_a_long_line_is_not_shown_whole() -> None:
    with pytest.raises(SsError, match=r"it says 'x{160}\.\.\.'$") as caught:
        parse("x" * 70_000)
    assert len(caught.value.line) == 70_000


# ---- values


def test_the_example_of_the_front_page_is_true() -> None:
    assert doctest.testmod(ss) == (0, 2)


@pytest.mark.parametrize("collects", [True, False])
def test_the_garbage_collector_is_left_as_it_was(collects: bool) -> None:
    long = f"{HEAD}\n" * (ss.parser.COLLECTED_CHARACTERS // len(HEAD) + 1)
    before = gc.isenabled()
    (gc.enable if collects else gc.disable)()
    try:
        assert len(parse(long)) == long.count("\n")
        assert gc.isenabled() is collects
        with pytest.raises(SsError, match="stands before the state"):
            parse(f"{long}x{HEAD}")
        assert gc.isenabled() is collects
    finally:
        (gc.enable if before else gc.disable)()


def test_rows_are_values() -> None:
    [first], [second] = (parse(output_of("6.1.0/mptcp.txt")) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    with pytest.raises(AttributeError):
        first.state = S.CLOSED  # type: ignore[misc]
    with pytest.raises(AttributeError):
        first.info.cwnd = 1  # type: ignore[misc, union-attr]


def test_a_row_shows_what_was_said() -> None:
    row = one(f"{HEAD} cwnd:10")
    assert repr(row) == (
        "Row(state=<State.ESTABLISHED: 'ESTABLISHED'>, recv_q=0, send_q=0,"
        " local=Address(host='10.0.0.1', port=1, interface=None, service=None),"
        " peer=Address(host='10.0.0.2', port=2, interface=None, service=None),"
        " info=Info(cwnd=10))"
    )
