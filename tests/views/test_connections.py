"""Several connections, roles and hosts on one ladder, and how they are told apart."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from socklab.record import Call, Event, Fate, Move, Phase, Record, Segment, State
from socklab.views.connections import Connections
from socklab.views.ladder import ladder
from tests.pages import CALL, CARRIED, CARRY, RETURNED, SENT, STATE, WIDTHS, record_of, rows
from tests.records import HOSTS, kept


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


def test_a_role_that_is_not_its_hosts_namesake_is_told_by_its_name() -> None:
    other = replace(CALL, role="client_2", call="close", arguments=())
    lines = rows(CALL, RETURNED, other)
    assert lines[0].split() == ["shutdown(SHUT_WR)", "│", "│"]
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


# --- Sockets, and what they are connected to ----------------------------------------------------


def call(name: str, number: int, *arguments: str, socket: str = "client/1") -> Call:
    role = socket.partition("/")[0]
    return Call(0.1, role, role, socket, number, name, arguments, Phase.BEGUN)


def returned(call: Call, result: str | int = 0, error: str | None = None) -> Call:
    return replace(call, phase=Phase.RETURNED, result=None if error else result, error=error)


def syn(port: int) -> Segment:
    return replace(SENT, flags="S", source=f"10.0.0.1:{port}", raw=f"{port:04x}")


def named(*events: Event) -> list[str]:
    """The names that the calls have which begin in these events."""
    record = record_of(*events)
    connections = Connections(record)
    begun = [event for event in record.of(Call) if event.phase is Phase.BEGUN]
    return [connections.of_call(event) for event in begun]


MOVE = Move(0.1, "call client connect")


def test_a_socket_that_connects_twice_has_two_connections() -> None:
    once, twice = call("connect", 1, "server:80"), call("connect", 3, "server:80")
    assert named(
        *(MOVE, once, syn(40000), returned(once)),
        *(MOVE, call("disconnect", 2)),
        *(MOVE, twice, syn(40001), returned(twice)),
        *(MOVE, call("close", 4)),
    ) == [":40000", ":40000", ":40001", ":40001"]


def test_what_comes_before_the_first_connect_is_for_its_sake() -> None:
    other = call("connect", 1, "server:80", socket="client_2/1")
    assert named(
        *(MOVE, replace(other, host="client"), syn(40001)),
        *(MOVE, call("setsockopt", 1)),
        *(MOVE, call("connect", 2, "server:80"), syn(40000)),
    ) == [":40001", ":40000", ":40000"]


def test_a_connect_that_leads_to_nothing_has_no_port_of_a_later_one() -> None:
    vain, other = call("connect", 1, "server:80"), call("connect", 1, socket="client_2/1")
    assert named(
        *(MOVE, vain, returned(vain, error="EADDRNOTAVAIL")),
        *(MOVE, call("connect", 2, "server:80"), syn(40000)),
        *(MOVE, replace(other, host="client"), syn(40001)),
    ) == ["client/1", ":40000", ":40001"]


def test_a_listener_that_can_not_connect_is_still_a_listener() -> None:
    bind = call("bind", 1, "server:80", socket="server/1")
    listen = call("listen", 2, "128", socket="server/1")
    connect = call("connect", 3, "client:4000", socket="server/1")
    assert named(
        *(bind, returned(bind), listen, returned(listen)),
        *(MOVE, connect, returned(connect, error="EISCONN")),
        *(syn(40000), syn(40001)),
    ) == [":80", ":80", ":80"]


def test_a_connect_that_sends_its_syn_later_is_known_by_its_state() -> None:
    connect = call("connect", 1, "server:80")
    opened = State(0.2, "client", "10.0.0.1:40000", "10.0.0.2:80", "CLOSED", "SYN-SENT", "connect")
    assert named(MOVE, connect, returned(connect), opened, syn(40001), call("send", 2)) == [
        ":40000",
        ":40000",
    ]


def test_accepted_sockets_are_known_by_their_numbers() -> None:
    accepts = [call("accept", n, socket="server/1") for n in (3, 4)]
    both = [returned(a, f"10.0.0.1:4000{n}") for n, a in enumerate(accepts)]
    states = [
        replace(STATE, host="server", local="10.0.0.2:80", peer=f"10.0.0.1:4000{n}")
        for n in range(2)
    ]
    listen = call("listen", 2, socket="server/1")
    second = call("recv", 5, "100", socket="server/3")
    assert named(listen, *both, *states, second) == [":?", ":40001"]


def test_an_accepted_socket_stays_what_it_is_when_its_client_connects_elsewhere() -> None:
    accept, later = call("accept", 3, socket="server/1"), call("recv", 4, "1", socket="server/3")
    ends = [("10.0.0.2:80", "10.0.0.1:40000"), ("10.0.0.2:81", "10.0.0.1:40000")]
    first, second = (
        replace(STATE, host="server", local=local, peer=peer, was="CLOSED", now="SYN-RECEIVED")
        for local, peer in ends
    )
    binds = [call("bind", n, f"server:8{n}", socket=f"server/{n + 1}") for n in range(2)]
    accepted = returned(accept, "10.0.0.1:40000")
    orders: list[list[Event]] = [[first, accepted, second], [accepted, first, second]]
    for states in orders:
        assert named(*binds, *states, later)[-1] == ":40000"


# --- Names --------------------------------------------------------------------------------------


def names(*pairs: tuple[str, str]) -> list[str]:
    """The names of connections that are opened from the first of two endpoints."""
    record = Record("made", "wire", "tun", {})
    record.events = [replace(SENT, flags="S", source=own, destination=to) for own, to in pairs]
    return [Connections(record).between(*pair) for pair in pairs]


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        ([("a:40000", "b:80"), ("a:40001", "b:80")], [":40000", ":40001"]),
        ([("a:40000", "b:80"), ("a:40000", "b:81")], [":40000", ":81"]),
        ([("a:4000", "b:80"), ("c:4000", "b:80")], [":4000", "c:4000"]),
        ([("a:80", "b:4000"), ("b:4001", "a:80")], [":80", ":4001"]),
        (
            [("a:1", "b:80"), ("a:2", "b:81"), ("a:1", "b:81"), ("a:1", "b:82"), ("a:2", "b:80")],
            [":1", ":2", "a:1", ":82", "a:2"],
        ),
    ],
)
def test_a_connection_is_called_by_the_port_that_tells_it_apart(
    pairs: list[tuple[str, str]], told: list[str]
) -> None:
    assert names(*pairs) == told
    assert len(set(told)) == len(told)


def test_a_name_that_was_given_stays() -> None:
    connections = Connections()
    given: dict[str, str] = {}
    for event in kept("two-clients").events:
        connections.add(event)
        if isinstance(event, Segment) and connections.several:
            name = connections.of(event)
            assert given.setdefault(min(event.source, event.destination), name) == name
    assert len(given) == 2
