"""What is told of each packet: where it began, all that became of it, and its ends' states."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given

from socklab.record import Event, Fate, Move, Other, Record, Segment, State
from socklab.views.fates import fates
from tests.records import HOSTS, kept, records

CLIENT, SERVER = "10.0.0.1:40000", "10.0.0.2:80"
SYN = Segment(
    0.1, "client", "server", 1, "S", 0, None, 0, Fate.SENT, False, "", CLIENT, SERVER, "45"
)  # fmt: skip
FIN = replace(SYN, number=3, flags="F.", seq=1, ack=1, raw="46")
LISTENS = State(0.0, "server", "10.0.0.2:80", "0.0.0.0:*", "CLOSED", "LISTEN", "listen")
SYN_SENT = State(0.1, "client", CLIENT, SERVER, "CLOSED", "SYN-SENT", "connect")
SYN_RECEIVED = State(0.2, "server", SERVER, CLIENT, "CLOSED", "SYN-RECEIVED", "S")


def told(*events: Event) -> list[list[str]]:
    """What is told of each packet."""
    record = Record("made", "wire", "tun", dict(HOSTS), events=list(events))
    return [lines for _, lines in fates(record)]


def became(segment: Segment, fate: Fate, at_s: float = 0.2, **more: str) -> Segment:
    return replace(segment, fate=fate, at_s=at_s, **more)  # type: ignore[arg-type]


def test_a_packet_is_told_once_with_its_moves_and_the_states_after_each() -> None:
    assert told(
        LISTENS,
        Move(0.1, "call client connect"),
        SYN,
        SYN_SENT,
        Move(0.2, "carry client 1 SYN"),
        became(SYN, Fate.CARRIED),
        SYN_RECEIVED,
    ) == [
        [
            "sent (call client connect): client SYN-SENT, server LISTEN",
            "carried at 0.200000 s (carry client 1 SYN): client SYN-SENT, server SYN-RECEIVED",
        ]
    ]


def test_who_decided_is_told_instead_of_the_move_where_it_was_no_move() -> None:
    [lines] = told(
        Move(0, "call client send"), SYN, became(SYN, Fate.DROPPED, by="the wire is cut")
    )
    assert lines[1] == "dropped at 0.200000 s (the wire is cut): client CLOSED, server CLOSED"


def test_a_copy_says_that_it_is_one() -> None:
    copy = replace(SYN, copy=True)
    [lines] = told(Move(0, "wait client on"), copy)
    assert lines == [
        "sent again, a copy (wait client on): client CLOSED, server CLOSED",
        "held to the end of the run",
    ]


def test_what_the_wire_doubles_is_a_packet_of_its_own_and_the_original_knows() -> None:
    original, doubled = told(SYN, Move(0, "duplicate client 1 SYN"), became(SYN, Fate.DUPLICATED))
    assert [line.partition(" (")[0] for line in doubled] == [
        "given once more, and still on the wire"
    ]
    assert [line.partition(" at ")[0].partition(":")[0] for line in original] == [
        "sent",
        "given once more, and still on the wire",
        "held to the end of the run",
    ]


def test_what_was_injected_is_told_though_nobody_sent_it() -> None:
    forged = replace(SYN, fate=Fate.INJECTED, number=0, flags="R")
    assert told(LISTENS, Move(0, "inject client RST seq=1"), forged) == [
        ["injected (inject client RST seq=1): client CLOSED, server LISTEN"]
    ]


def test_a_fate_whose_beginning_no_record_has_is_not_lost() -> None:
    assert told(became(FIN, Fate.CARRIED)) == [["carried: client CLOSED, server CLOSED"]]


def test_what_is_not_tcp_is_told_with_its_fate() -> None:
    error = Other(0.1, "server", "client", "ICMP", "ICMP host unreachable", Fate.INJECTED, "45")
    assert told(Move(0, "unreachable client 1 SYN host"), error) == [
        ["injected (unreachable client 1 SYN host)"]
    ]


def test_an_end_is_closed_where_its_connection_was_and_only_a_syn_asks_the_listener() -> None:
    gone = State(0.3, "server", SERVER, CLIENT, "LAST-ACK", "CLOSED", ".")
    ack = replace(FIN, flags=".")
    (last, *_), (again, *_) = told(LISTENS, gone, ack, SYN)
    assert last.endswith("server CLOSED")
    assert again.endswith("server LISTEN")


def test_an_address_without_a_host_has_no_state() -> None:
    [[line]] = told(replace(SYN, from_="10.0.0.9", fate=Fate.INJECTED))
    assert line == "injected: server CLOSED"


def test_a_listener_that_is_gone_is_told_no_more() -> None:
    gone = replace(LISTENS, was="LISTEN", now="CLOSED")
    [[line, _]] = told(LISTENS, gone, SYN)
    assert line.endswith("server CLOSED")


@given(records())
def test_every_packet_of_any_record_is_told_and_nothing_of_it_is_lost(record: Record) -> None:
    begins = (Fate.SENT, Fate.INJECTED, Fate.DUPLICATED)
    told_of = list(fates(record))
    packets = [event for event, _ in told_of]
    assert [p for p in packets if isinstance(p, Other)] == list(record.of(Other))
    assert [p for p in packets if isinstance(p, Segment) and p.fate in begins] == [
        segment for segment in record.of(Segment) if segment.fate in begins
    ]
    lines = [line for _, lines in told_of for line in lines if not line.startswith("held")]
    assert len(lines) >= len(list(record.of(Segment, Other)))


def test_every_fate_of_a_real_run_is_told() -> None:
    record = kept("mishaps")
    text = json.dumps([lines for _, lines in fates(record)])
    for word in ("carried at", "dropped at", "given once more", "injected (", "sent again, a copy"):
        assert word in text
