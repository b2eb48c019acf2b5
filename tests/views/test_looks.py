"""What `ss` showed after a move, told in few words."""

from __future__ import annotations

import re

import pytest

from socklab.record import Look
from socklab.views.ladder import ladder
from socklab.views.looks import tell_look, timer_left
from tests.pages import rows
from tests.records import kept


def test_verbose_tells_every_move_and_what_ss_showed_then() -> None:
    text = ladder(kept("half-close"), width=120, verbose=True)
    for move in kept("half-close").moves():
        assert f"── {move} ──" in text
    assert re.search(r"ss client FIN-WAIT-1 Recv-Q 0 Send-Q 1 timer on \d+ s unacked 1\n", text)
    assert re.search(r"ss server CLOSE-WAIT Recv-Q 1 Send-Q 0", text)


def test_verbose_tells_a_row_again_only_when_it_changed() -> None:
    row = "ESTAB 0 0 10.0.0.1:40000 10.0.0.2:80"
    looks = [Look(n / 10, {"client": (text,)}) for n, text in enumerate([row, row, f"{row} ", ""])]
    more = Look(0.9, {"client": (row.replace("0 0", "5 0"),)})
    text = "\n".join(rows(*looks[:3], more, verbose=True))
    assert text.count("Recv-Q 0 Send-Q 0") == 1
    assert text.count("Recv-Q 5 Send-Q 0") == 1


def told(*texts: str) -> list[str]:
    """What is told of one socket's row, look by look; nothing where it is as it was."""
    looks = [Look(0.0, {"client": (text,)}) for text in texts]
    return [
        " ".join(" ".join(words) for _, words in tell_look(now, before, lambda *_: ""))
        for before, now in zip([None, *looks], looks, strict=False)
    ]


ROW = "ESTAB 0 0 10.0.0.1:40000 10.0.0.2:80 ino:7 sk:1 cgroup:/ <-> reno"


def test_what_the_kernel_knows_of_a_connection_is_told_once() -> None:
    text = f"{ROW} rto:232 rtt:31.915/15.957 mss:724 cwnd:10 snd_wnd:1448"
    assert told(text, text) == [
        "ESTABLISHED Recv-Q 0 Send-Q 0 cwnd 10 rto 0.232 s rtt 0.0319 s mss 724 snd_wnd 1448",
        "",
    ]


@pytest.mark.parametrize(
    ("before", "now", "news"),
    [
        ("cwnd:10", "cwnd:11", "cwnd 11"),
        ("cwnd:10", "cwnd:1 ssthresh:5", "cwnd 1 ssthresh 5"),
        ("cwnd:10", "cwnd:10 unacked:2 notsent:552", "unacked 2 notsent 552"),
        ("cwnd:10 unacked:2", "cwnd:10", "unacked 0"),
        ("cwnd:10 snd_wnd:1448", "cwnd:10", "snd_wnd 0"),
        ("cwnd:10", "cwnd:10 backoff:1 retrans:1/1 lost:1", "backoff 1 retrans 1/1 lost 1"),
        ("cwnd:10 retrans:1/1", "cwnd:10 retrans:0/1", "retrans 0/1"),
        ("cwnd:10 rtt:1/1 rto:200", "cwnd:11 rtt:2/1 rto:201", "cwnd 11 rto 0.201 s rtt 0.002 s"),
    ],
)
def test_what_changed_is_told_and_nothing_else(before: str, now: str, news: str) -> None:
    _, line = told(f"{ROW} {before}", f"{ROW} {now}")
    assert line == f"ESTABLISHED Recv-Q 0 Send-Q 0 {news}"


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("rtt:31.9/15 rto:232 cwnd:10", "rtt:33.2/14 rto:236 cwnd:10"),
        ("cwnd:10 lastsnd:4 segs_out:2", "cwnd:10 lastsnd:16 segs_out:3"),
    ],
)
def test_what_changes_all_the_time_is_no_news(before: str, now: str) -> None:
    assert told(f"{ROW} {before}", f"{ROW} {now}")[1] == ""


def test_of_a_listener_and_in_time_wait_there_is_nothing_to_know() -> None:
    listening = "LISTEN 0 128 10.0.0.2:80 0.0.0.0:* ino:9 sk:4 <-> reno cwnd:10"
    over = "TIME-WAIT 0 0 10.0.0.1:40000 10.0.0.2:80 timer:(timewait,59sec,0) ino:0 sk:3"
    assert told(listening) == ["LISTEN Recv-Q 0 Send-Q 128"]
    assert told(f"{ROW} cwnd:10 unacked:1", over)[1] == (
        "TIME-WAIT Recv-Q 0 Send-Q 0 timer timewait 59 s"
    )


def test_a_timer_that_merely_runs_on_is_no_news_and_another_one_is() -> None:
    row = "ESTAB 0 6 10.0.0.1:40000 10.0.0.2:80 timer:(on,{}ms,{})"
    lines = told(row.format(200, 0), row.format(100, 0), row.format(400, 1))
    assert lines[1:] == [
        "",
        "ESTABLISHED Recv-Q 0 Send-Q 6 timer on 0.4 s retransmissions 1",
    ]


def test_a_timer_is_found_by_its_name_and_the_first_to_fire_counts() -> None:
    row = "ESTAB 0 6 10.0.0.1:{} 10.0.0.2:80 timer:({},{}ms,0)"
    rows = [row.format(1, "on", 700), row.format(2, "on", 300), row.format(3, "persist", 100)]
    assert timer_left([*rows, "what is this"], "on") == "0.3 s"
    assert timer_left(rows, "timewait") == ""


def test_a_row_of_ss_that_does_not_read_is_told_as_it_is() -> None:
    assert "what is this" in "\n".join(rows(Look(0.1, {"client": ("what is this",)}), verbose=True))
