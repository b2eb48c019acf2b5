"""The ladder: kept as text at four widths, and what must hold for any Record at any width."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

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
from socklab.views.columns import clean
from socklab.views.ladder import ladder
from tests.records import HOSTS, KEPT, calls, events, kept, kept_names, records, segments

WIDTHS = (40, 80, 120, 200)

SGR = re.compile(r"\x1b\[[0-9;]*m")


def columns(line: str) -> int:
    """How many columns a terminal gives to a line; counted apart from what is tested."""
    return sum(
        0
        if unicodedata.category(c) in ("Mn", "Me")
        else 2
        if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in line
    )


def squeezed(text: str) -> str:
    """A text without blanks and what a ladder is drawn with: so is what was wrapped whole again."""
    return re.sub(r"[\s│├┤─╌═►◄✗○]", "", text)


def record_of(*events: Event, **more: object) -> Record:
    record = Record("made", "wire", "tun", dict(HOSTS), events=list(events))
    return replace(record, **more)  # type: ignore[arg-type]


def rows(*events: Event, width: int = 80, verbose: bool = False) -> list[str]:
    """The ladder of these events without its head and its end."""
    lines = ladder(record_of(*events), width=width, verbose=verbose).splitlines()
    begin = lines.index("")
    return lines[begin + 2 : lines.index("", begin + 1)]


SENT = Segment(
    0.1, "client", "server", 3, "F.", 1, 1, 0, Fate.SENT, False, "",
    "10.0.0.1:40000", "10.0.0.2:80", "45",
)  # fmt: skip
CARRIED = replace(SENT, fate=Fate.CARRIED)
DROPPED = replace(SENT, fate=Fate.DROPPED)
BACK = replace(
    SENT,
    from_="server",
    to="client",
    source="10.0.0.2:80",
    destination="10.0.0.1:40000",
    flags=".",
    ack=2,
)
CALL = Call(0.1, "client", "client", "client/1", 1, "shutdown", ("SHUT_WR",), Phase.BEGUN)
RETURNED = replace(CALL, phase=Phase.RETURNED, result=0)
CARRY = Move(0.1, "carry client 3 FIN")
STATE = State(
    0.2, "client", "10.0.0.1:40000", "10.0.0.2:80", "ESTABLISHED", "FIN-WAIT-1", "shutdown"
)
MET = Expect(0.2, {"client": "FIN-WAIT-1"}, {"client": "FIN-WAIT-1"}, True, "lab.py:7")


# --- As it was kept -----------------------------------------------------------------------------


def snapshots() -> list[tuple[str, str, dict[str, bool], int]]:
    """Each kept text: its file, its Record, what it was made with, and its width."""
    found = [
        (f"{name}.{width}.txt", name, dict[str, bool](), width)
        for name in kept_names()
        for width in WIDTHS
    ]
    found += [
        ("half-close.80.verbose.txt", "half-close", {"verbose": True}, 80),
        ("mishaps.80.color.txt", "mishaps", {"color": True}, 80),
        ("mishaps.80.ascii.txt", "mishaps", {"ascii": True}, 80),
        ("half-close.20.txt", "half-close", {}, 20),
    ]
    return found


@pytest.mark.parametrize(("file", "name", "options", "width"), snapshots(), ids=str)
def test_a_kept_record_looks_as_it_did(
    file: str, name: str, options: dict[str, bool], width: int
) -> None:
    # Made anew by `python -m tests.views.test_ladder`: read what changed before you keep it.
    expected = (KEPT / file).read_text(encoding="utf-8")
    assert ladder(kept(name), width=width, **options) == expected


def test_every_kept_text_is_still_compared() -> None:
    assert {path.name for path in KEPT.glob("*.txt")} == {file for file, *_ in snapshots()}


# --- For any Record -----------------------------------------------------------------------------

widths = st.one_of(st.sampled_from([20, *WIDTHS]), st.integers(20, 240))
anywhere = st.sampled_from(["client", "server", "10.9.9.9", "ff02::16"])
any_records = st.one_of(
    records(),
    records(st.one_of(events, segments(anywhere))),
    records(hosts=()),
    records(hosts=("server",)),
    records(hosts=("client", "server", "router")),
    records(hosts=("a", "b", "c", "d", "e", "server", "client")),
)


@given(any_records, widths, st.booleans(), st.booleans())
def test_no_line_is_wider_than_asked_and_nothing_is_a_control_character(
    record: Record, width: int, verbose: bool, ascii_only: bool
) -> None:
    text = ladder(record, width=width, verbose=verbose, ascii=ascii_only)
    for line in text.split("\n"):
        assert columns(line) <= width
        assert not line.endswith(" ")
    unprintable = {unicodedata.category(c) for c in text.replace("\n", "")}
    assert not unprintable & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not ascii_only or text.isascii()


@given(any_records, widths, st.booleans())
def test_colour_changes_nothing_but_colour(record: Record, width: int, verbose: bool) -> None:
    coloured = ladder(record, width=width, verbose=verbose, color=True)
    assert SGR.sub("", coloured) == ladder(record, width=width, verbose=verbose)
    assert coloured.count("\x1b") == len(SGR.findall(coloured))


# The narrow layout has one thing a line, so that what was wrapped can be put together again.
told_once = st.one_of(calls(), segments(), events).filter(
    lambda event: not isinstance(event, Expect)
)


@given(records(told_once))
def test_every_call_segment_and_state_is_told(record: Record) -> None:
    page = ladder(replace(record, title="", lab="", question="", see=""), width=60)
    text = squeezed(page)
    for call in record.of(Call):
        if call.phase is Phase.BEGUN:
            assert squeezed(clean(f"{call.call}({', '.join(call.arguments)})")) in text
        elif call.error is not None:
            assert f"-1{call.error}" in text
    states = Counter(state.now for state in record.of(State))
    for state, count in states.items():
        assert text.count(f"[{state}]") >= count
    fates = Counter(
        f"seq{segment.seq}" for segment in record.of(Segment) if segment.fate is not Fate.SENT
    )
    for label, count in fates.items():
        assert text.count(label) >= count
    for segment in record.of(Segment):
        assert f"seq{segment.seq}" in text


@pytest.mark.parametrize("name", kept_names())
@pytest.mark.parametrize("width", [20, *WIDTHS])
def test_a_kept_record_tells_each_of_its_states_and_ticks_each_expectation(
    name: str, width: int
) -> None:
    record = kept(name)
    text = ladder(record, width=width)
    end = text[
        text.rindex("\n\n", 0, max(text.rfind("\nProved"), text.rfind("\nNot proved")) - 1) :
    ]
    for state, count in Counter(state.now for state in record.of(State)).items():
        assert text.count(f"[{state}]") == count
    marks = Counter({True: "✓", False: "✗", None: "–"}[e.passed] for e in record.of(Expect))
    for mark, count in marks.items():
        assert len(re.findall(rf"^{mark}\d", end, re.MULTILINE)) == count


# --- Segments -----------------------------------------------------------------------------------


def test_a_segment_that_goes_on_at_once_is_one_arrow() -> None:
    lines = rows(SENT, CARRY, CARRIED)
    assert len(lines) == 1
    assert "├─ FIN seq 1 ack 1 ──" in lines[0] and lines[0].endswith("►│")


def test_a_segment_that_waits_while_something_happens_is_a_stub_and_an_arrow() -> None:
    close = replace(CALL, host="server", role="server", call="close", arguments=())
    stub, call, arrow = rows(SENT, Move(0.1, "call server close"), close, CARRY, CARRIED)
    assert "├─ FIN seq 1 ack 1 ─┤ held" in stub or "┤ held" in stub
    assert "close()" in call
    assert "│╌╌╌ FIN seq 1 ack 1 ─" in arrow and arrow.endswith("►│")


def test_a_segment_that_nobody_decided_is_held_to_the_end() -> None:
    assert "held to the end" in "\n".join(rows(SENT, width=200))
    assert "held to the end" in " ".join(" ".join(rows(SENT, width=40)).split())


def test_a_burst_that_goes_in_its_order_has_no_stubs() -> None:
    second = replace(SENT, number=4, seq=2)
    lines = rows(SENT, second, CARRY, CARRIED, CARRY, replace(second, fate=Fate.CARRIED))
    assert len(lines) == 2
    assert "held" not in "\n".join(lines)


def test_a_segment_that_is_overtaken_was_held() -> None:
    second = replace(SENT, number=4, seq=2)
    lines = rows(SENT, second, CARRY, replace(second, fate=Fate.CARRIED), CARRY, CARRIED)
    assert ["seq 1" in lines[0], "seq 2" in lines[1], "seq 1" in lines[2]] == [True] * 3
    assert "held" in lines[0]


def test_a_lost_segment_does_not_arrive() -> None:
    [line] = rows(SENT, CARRY, DROPPED)
    assert "✗ dropped" in line and "►" not in line


def test_a_rule_that_lost_a_segment_is_named() -> None:
    text = "\n".join(rows(SENT, replace(DROPPED, by="the first FIN is lost"), width=200))
    assert "✗ dropped: the first FIN is lost" in text


def test_an_arrow_points_to_its_receiver() -> None:
    [line] = rows(BACK, CARRY, replace(BACK, fate=Fate.CARRIED))
    assert re.fullmatch(r" *│◄─+ ACK seq 1 ack 2 ─┤", line)


def test_a_copy_says_so_and_is_drawn_broken() -> None:
    copy = replace(SENT, copy=True)
    [line] = rows(copy, CARRY, replace(copy, fate=Fate.CARRIED))
    assert "├╌ FIN (copy) seq 1 ack 1 ╌" in line


def test_an_injected_segment_begins_on_the_wire() -> None:
    [line] = rows(replace(SENT, fate=Fate.INJECTED, flags="R", ack=None))
    assert "│  ○═ RST (injected) seq 1 ═" in line


def test_a_duplicate_says_so_and_what_it_was_made_from_goes_on_later() -> None:
    twin, later = rows(SENT, CARRY, replace(SENT, fate=Fate.DUPLICATED), CARRY, CARRIED)
    assert "├═ FIN (duplicate) seq 1 ack 1 ═" in twin
    assert "│╌╌╌ FIN seq 1 ack 1 ─" in later


def test_an_icmp_error_is_an_arrow_with_its_words() -> None:
    [line] = rows(
        Other(0.1, "server", "client", "ICMP", "ICMP host unreachable", Fate.CARRIED), width=100
    )
    assert re.search(r"│◄─+ ICMP host unreachable ─┤", line)


def test_what_goes_to_nobody_says_whereto() -> None:
    report = Other(0.1, "server", "ff02::16", "ICMPv6", "MLDv2 report", Fate.DROPPED)
    text = "\n".join(rows(report, width=120))
    assert "MLDv2 report to ff02::16" in text and "✗" in text


@pytest.mark.parametrize(
    ("flags", "payload_bytes", "words"),
    [
        ("S", 0, "SYN seq 1"),
        ("S.", 0, "SYN+ACK seq 1"),
        (".", 0, "ACK seq 1"),
        ("P.", 9, "data seq 1 ack 1 len 9"),
        (".", 9, "data seq 1 ack 1 len 9"),
        ("FP.", 9, "FIN seq 1 ack 1 len 9"),
        ("R.", 0, "RST seq 1"),
        ("SEW", 0, "SYN [SEW] seq 1"),
    ],
)
def test_a_segment_is_called_what_people_call_it(
    flags: str, payload_bytes: int, words: str
) -> None:
    segment = replace(CARRIED, flags=flags, payload_bytes=payload_bytes)
    assert f" {words} " in rows(segment)[0]


def test_a_wide_arrow_has_the_flags_the_length_and_the_window() -> None:
    text = ladder(kept("half-close"), width=120)
    assert re.search(r"─ SYN \[S\] seq 0 len 0 win \d+ ─", text)


# --- Calls and states ---------------------------------------------------------------------------


def test_a_call_that_does_what_it_should_is_told_without_its_result() -> None:
    assert [line.split() for line in rows(CALL, RETURNED)] == [["shutdown(SHUT_WR)", "│", "│"]]


def test_a_call_that_blocks_is_told_again_when_it_returns() -> None:
    recv = replace(CALL, call="recv", arguments=("100",))
    lines = rows(recv, CARRY, replace(recv, phase=Phase.RETURNED, result="b'still here'"))
    assert "recv(100) … │" in lines[0]
    assert "…recv() = b'still here' │" in lines[1]


def test_an_error_is_told_as_c_tells_it() -> None:
    failed = replace(RETURNED, result=None, error="ENOTCONN")
    assert "shutdown(SHUT_WR) = -1 ENOTCONN" in rows(CALL, failed)[0]


@pytest.mark.parametrize(
    ("argument", "result", "told"),
    [
        ("b'four'", 4, "send(b'four') │"),
        ("b'four'", 3, "send(b'four') = 3 │"),
        ("4096 bytes", 4096, "send(4096 bytes) │"),
        ("4096 bytes", 4000, "send(4096 bytes) = 4000 │"),
        ("something", 4, "send(something) = 4 │"),
    ],
)
def test_a_send_tells_its_result_where_it_was_cut_short(
    argument: str, result: int, told: str
) -> None:
    send = replace(CALL, call="send", arguments=(argument,))
    assert told in rows(send, replace(send, phase=Phase.RETURNED, result=result))[0]


def test_accept_tells_a_host_by_its_name() -> None:
    accept = replace(CALL, host="server", role="server", call="accept", arguments=())
    accepted = replace(accept, phase=Phase.RETURNED, result="10.0.0.1:40000")
    assert "accept() = client:40000" in rows(accept, accepted)[0]


def test_a_state_stands_at_the_end_of_the_arrow_that_brought_it() -> None:
    server = replace(STATE, host="server", now="CLOSE-WAIT", cause="F.")
    [line] = rows(SENT, STATE, CARRY, CARRIED, server)
    assert "[FIN-WAIT-1] ├─ FIN" in line and line.endswith("►│ [CLOSE-WAIT]")


def test_a_state_does_not_move_past_an_expectation() -> None:
    server = replace(STATE, host="server", now="CLOSE-WAIT", cause="F.")
    text = ladder(record_of(SENT, STATE, MET, CARRY, CARRIED, server))
    state, arrow = (line for line in text.splitlines() if "│" in line)
    assert state.startswith("✓1 ") and "[FIN-WAIT-1]" in state
    assert "─ FIN" in arrow and "[CLOSE-WAIT]" in arrow


def test_a_state_that_a_timer_brought_says_so_but_not_on_loopback() -> None:
    timed = replace(STATE, now="CLOSED", cause="timer")
    assert "[CLOSED] by a timer" in ladder(record_of(timed))
    assert "by a timer" not in ladder(record_of(timed, bench="loopback"))


def test_time_that_passes_is_told_though_nothing_else_shows_it() -> None:
    [line] = rows(Move(0.1, "wait client timewait"))
    assert "wait client timewait: until its timewait timer has fired" in line
    assert rows(CALL, Move(0.1, "call client shutdown")) == rows(CALL)


def test_a_destroyed_socket_is_told_by_the_command_that_does_it() -> None:
    [line] = rows(Move(0.1, "destroy client ESTABLISHED"))
    assert "destroy client ESTABLISHED: by `ss -K`" in line


# --- Several of a kind --------------------------------------------------------------------------


def second(event: Segment) -> Segment:
    return replace(event, source="10.0.0.1:40001", number=9, fate=Fate.CARRIED)


def test_several_connections_are_told_apart_by_their_ports() -> None:
    lines = rows(CARRIED, second(CARRIED), replace(CARRIED, number=7))
    assert [line.split()[0] for line in lines] == [":40000", ":40001", ":40000"]


def test_the_port_is_told_once_for_what_follows_on_the_same_connection() -> None:
    lines = rows(CARRIED, replace(CARRIED, number=7), second(CARRIED))
    assert [":40000" in line for line in lines] == [True, False, False]


def test_the_only_connection_has_no_name() -> None:
    assert ":40000" not in "\n".join(rows(CARRIED, STATE))


def test_a_call_is_told_with_the_connection_that_its_socket_came_to_have() -> None:
    text = ladder(kept("two-clients"), width=200)
    ports = re.findall(r"accept\(\) = client(:\d+)", text)
    assert len(set(ports)) == 2
    named = ""
    sends = {}
    for line in text.splitlines():
        if found := re.match(r"[\d.]+ s +(?:✓\d+ +)?(:\d+) ", line):
            named = found[1]
        if "send(b'to the second')" in line:
            sends[named] = line
    assert list(sends) == [ports[1]]


def test_two_roles_on_one_host_are_told_apart() -> None:
    other = replace(CALL, role="client_2", call="close", arguments=())
    lines = rows(CALL, RETURNED, other)
    assert "client: shutdown(SHUT_WR)" in lines[0]
    assert "client_2: close()" in lines[1]


@pytest.mark.parametrize("width", [20, 30, 40, 80, 120])
def test_a_third_host_is_told(width: int) -> None:
    hosts = {**HOSTS, "router": "10.0.0.3"}
    passing = replace(CARRIED, to="router")
    text = ladder(record_of(passing, STATE, hosts=hosts), width=width)
    assert "router" in text and "[FIN-WAIT-1]" in text


def test_ten_connections_stay_readable() -> None:
    events: list[Event] = []
    for port in range(40000, 40010):
        for flags in ("S", ".", "P.", "F."):
            sent = replace(SENT, source=f"10.0.0.1:{port}", flags=flags, raw=f"{port:04x}")
            events += [sent, CARRY, replace(sent, fate=Fate.CARRIED)]
            local = f"10.0.0.1:{port}"
            events.append(replace(STATE, local=local, was="CLOSED", now="ESTABLISHED"))
    for width in WIDTHS:
        text = ladder(record_of(*events), width=width)
        assert all(text.count(f":{port}") == 1 for port in range(40000, 40010))
        assert text.count("►") == 40
        assert text.count("[ESTABLISHED]") == 40


# --- What a terminal must not get ---------------------------------------------------------------


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_an_escape_sequence_is_shown_and_not_sent(width: int) -> None:
    nasty = "\x1b]0;owned\x07\u202e"
    record = record_of(
        replace(CALL, arguments=(nasty,)),
        replace(DROPPED, by=nasty),
        Look(0.1, {"client": (nasty,)}),
        Expect(0.2, {nasty: nasty}, {nasty: nasty}, False, nasty, nasty),
        Trouble(0.3, "story", nasty, (nasty,)),
        title=nasty,
        see=nasty,
    )
    text = ladder(record, width=width, verbose=True)
    assert not {"\x1b", "\x07", "\u202e"} & set(text)
    assert r"\x1b]0;owned\x07\u202e" in squeezed(text)


def test_wide_characters_keep_the_lifelines_straight() -> None:
    wide = replace(CALL, host="server", role="server", call="send", arguments=("日本語の端末" * 4,))
    left = replace(CALL, call="send", arguments=("e\u0301" * 6 + "端末",))
    for width in (40, 80, 120):
        lines = rows(left, wide, width=width)
        places = {
            tuple(columns(line[: at.start()]) for at in re.finditer("│", line)) for line in lines
        }
        assert len({place for place in places if len(place) == 2}) == 1


# --- The end ------------------------------------------------------------------------------------


def end_of(*events: Event, **more: object) -> str:
    return ladder(record_of(*events, **more), width=100).rstrip("\n").split("\n\n")[-1]


def test_a_run_that_passed_ends_with_what_it_proved_and_where() -> None:
    machine = {"kernel": "6.18.44-generic"}
    end = end_of(MET, passed=True, see="the FIN waits", machine=machine)
    assert end == "Proved on Linux 6.18 (tun): the FIN waits."


NOT_SEEN = Expect(0.2, {"client": "CLOSING"}, {}, None, note="not observable here: no wire")


def test_what_could_not_be_observed_is_not_ticked_and_not_proved() -> None:
    record = record_of(MET, NOT_SEEN, passed=True, see="the FIN waits", bench="loopback", link="")
    text = ladder(record)
    assert "\n–2 client CLOSING: not observable here: no wire\n" in text
    assert "but for 1 of its expectations, not observable here" in " ".join(text.split())
    assert "(loopback)" in text


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ({"client": "CLOSING", "wire": "ACK + ACK"}, "client CLOSING, wire ACK + ACK"),
        ({"client send()": "EPIPE"}, "client send() = EPIPE"),
        ({"the end of the FIN": "2"}, "the end of the FIN: 2"),
    ],
)
def test_an_expectation_is_told_as_what_it_is(expected: dict[str, str], told: str) -> None:
    met = replace(MET, expected=expected, observed=expected, where="")
    assert f"\n✓1 {told}\n" in ladder(record_of(met))


def test_a_failed_expectation_has_both_values_and_the_run_says_why() -> None:
    refused = replace(MET, observed={"client": "ESTABLISHED"}, passed=False)
    trouble = Trouble(0.3, "story", "lab.py:7: expected client FIN-WAIT-1; observed ESTABLISHED",
                      ("What `ss` showed:", "  client: no socket"))  # fmt: skip
    text = ladder(record_of(refused, trouble, see="the FIN waits"))
    assert "✗1 client FIN-WAIT-1; observed client ESTABLISHED" in text
    assert "Not proved: lab.py:7: expected client FIN-WAIT-1; observed ESTABLISHED" in text
    assert "    client: no socket" in text
    assert "Proved on" not in text and "the FIN waits" not in text


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ((), "nothing was expected of it"),
        ((CALL,), "nothing was expected of it"),
        ((MET,), "the run ended before its story did"),
        ((NOT_SEEN,), "nothing of it is observable on this bench (tun)"),
        ((replace(MET, observed={}, passed=False),), "expected client FIN-WAIT-1"),
    ],
)
def test_a_run_that_proved_nothing_says_why(events: Sequence[Event], why: str) -> None:
    end = end_of(*events, see="the FIN waits")
    assert end.startswith(f"Not proved: {why}")


def test_an_interrupted_run_is_told_as_far_as_it_came() -> None:
    record = kept("half-close")
    record.events = record.events[: len(record.events) // 2]
    record.passed = False
    text = ladder(record)
    assert "[FIN-WAIT-1]" in text and "[TIME-WAIT]" not in text
    assert "Not proved: the run ended before its story did." in text


def test_a_roles_trouble_is_told_in_its_column_and_in_full_at_the_end() -> None:
    trouble = Trouble(0.3, "client", "ValueError: no such luck, at lab.py:9")
    story = Trouble(0.4, "story", "client failed: ValueError: no such luck, at lab.py:9")
    text = ladder(record_of(CALL, RETURNED, trouble, story))
    assert re.search(r"ValueError │", text)
    assert text.count("no such luck") == 1
    assert text.endswith("Not proved: client failed: ValueError: no such luck, at lab.py:9\n")


def test_the_place_of_an_expectation_is_told_where_there_is_room_for_all() -> None:
    assert re.search(r"^✓1 client FIN-WAIT-1 +lab.py:7$", ladder(record_of(MET)), re.MULTILINE)
    assert "lab.py:7" not in ladder(record_of(MET), width=20)


# --- More of it ---------------------------------------------------------------------------------


def test_verbose_tells_every_move_and_what_ss_showed_then() -> None:
    text = ladder(kept("half-close"), width=120, verbose=True)
    for move in kept("half-close").moves():
        assert f"── {move} ──" in text
    assert re.search(r"ss client FIN-WAIT-1 Recv-Q 0 Send-Q 1 unacked 1 timer on \d+ s", text)
    assert re.search(r"ss server CLOSE-WAIT Recv-Q 1 Send-Q 0", text)


def test_verbose_tells_a_row_again_only_when_it_changed() -> None:
    row = "ESTAB 0 0 10.0.0.1:40000 10.0.0.2:80"
    looks = [Look(n / 10, {"client": (text,)}) for n, text in enumerate([row, row, f"{row} ", ""])]
    more = Look(0.9, {"client": (row.replace("0 0", "5 0"),)})
    text = "\n".join(rows(*looks[:3], more, verbose=True))
    assert text.count("Recv-Q 0 Send-Q 0") == 1
    assert text.count("Recv-Q 5 Send-Q 0") == 1


def test_a_row_of_ss_that_does_not_read_is_told_as_it_is() -> None:
    assert "what is this" in "\n".join(rows(Look(0.1, {"client": ("what is this",)}), verbose=True))


def test_times_are_told_where_there_is_room_or_they_are_asked_for() -> None:
    assert rows(CALL, width=100)[0].startswith("0.100 s ")
    assert rows(CALL, verbose=True)[0].startswith("0.100 s ")
    assert "0.100 s" not in rows(CALL)[0]


def test_ascii_draws_and_escapes_with_ascii_alone() -> None:
    text = ladder(kept("mishaps"), ascii=True)
    assert text.isascii()
    assert "ok1 " in text and "|- SYN seq 0 -" in text


@settings(max_examples=25)
@given(records(), st.integers(-3, 19))
def test_a_width_that_is_too_small_still_gives_a_page(record: Record, width: int) -> None:
    assert max(map(columns, ladder(record, width=width).splitlines())) <= max(width, 8)


if __name__ == "__main__":
    for file, name, options, width in snapshots():
        (Path(KEPT) / file).write_text(ladder(kept(name), width=width, **options), encoding="utf-8")
