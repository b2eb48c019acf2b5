from __future__ import annotations

from typing import Self

import pytest

from socklab import look as looking, ss
from socklab.errors import ToolError
from socklab.host import Address, Host
from socklab.look import Change, ImpossibleTransition, Look, causes, check
from socklab.record import Call, Event, Fate, Move, Other, Phase, Segment
from socklab.tcp import (
    CLOSE_WAIT,
    CLOSED,
    CLOSING,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    LISTEN,
    SYN_RECEIVED,
    TIME_WAIT,
    State,
)
from tests.stand import Stand, children, open_descriptors

CLIENT, SERVER = "10.0.0.1:40000", "10.0.0.2:80"
ANY = "0.0.0.0:*"


def look(client: str = "", server: str = "") -> Look:
    return Look({"client": ss.parse(client), "server": ss.parse(server)})


def line(state: str, local: str = CLIENT, peer: str = SERVER) -> str:
    return f"{state} 0 0 {local} {peer}\n"


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ("", "", []),
        (line("ESTAB"), line("ESTAB"), []),
        ("", line("ESTAB"), [(CLIENT, SERVER, CLOSED, ESTABLISHED)]),
        (line("ESTAB"), "", [(CLIENT, SERVER, ESTABLISHED, CLOSED)]),
        (line("ESTAB"), line("FIN-WAIT-1"), [(CLIENT, SERVER, ESTABLISHED, FIN_WAIT_1)]),
        # Bound and not used, it is no connection.
        ("", line("UNCONN", CLIENT, ANY), []),
        (line("UNCONN", SERVER, ANY), line("LISTEN", SERVER, ANY), [(SERVER, ANY, CLOSED, LISTEN)]),
        # Two connections, told apart by their addresses, in the order of these.
        (
            line("ESTAB") + line("ESTAB", "10.0.0.1:40001"),
            line("CLOSE-WAIT", "10.0.0.1:40001") + line("FIN-WAIT-1"),
            [
                (CLIENT, SERVER, ESTABLISHED, FIN_WAIT_1),
                ("10.0.0.1:40001", SERVER, ESTABLISHED, CLOSE_WAIT),
            ],
        ),
        # A listener stays while its connection comes.
        (
            line("LISTEN", SERVER, ANY),
            line("SYN-RECV", SERVER, CLIENT) + line("LISTEN", SERVER, ANY),
            [(SERVER, CLIENT, CLOSED, SYN_RECEIVED)],
        ),
        # Two listeners share one address (SO_REUSEPORT); one of them goes.
        (
            line("LISTEN", SERVER, ANY) * 2,
            line("LISTEN", SERVER, ANY),
            [(SERVER, ANY, LISTEN, CLOSED)],
        ),
        (line("LISTEN", SERVER, ANY) * 2, "", [(SERVER, ANY, LISTEN, CLOSED)] * 2),
        # What shares addresses and stays is no change, whatever the order of rows.
        (
            line("ESTAB") + line("TIME-WAIT"),
            line("TIME-WAIT") + line("FIN-WAIT-1"),
            [(CLIENT, SERVER, ESTABLISHED, FIN_WAIT_1)],
        ),
    ],
)
def test_changes_are_told_socket_by_socket(
    before: str, after: str, changes: list[tuple[str, str, State, State]]
) -> None:
    assert look(after).since(look(before)) == [Change("client", *each) for each in changes]


def test_changes_come_in_the_order_of_hosts() -> None:
    before = look(line("ESTAB"), line("ESTAB", SERVER, CLIENT))
    after = look(line("FIN-WAIT-1"), line("CLOSE-WAIT", SERVER, CLIENT))
    assert after.since(before) == [
        Change("client", CLIENT, SERVER, ESTABLISHED, FIN_WAIT_1),
        Change("server", SERVER, CLIENT, ESTABLISHED, CLOSE_WAIT),
    ]


def test_a_first_look_has_everything_come_from_closed() -> None:
    assert look(line("ESTAB")).since(Look()) == [
        Change("client", CLIENT, SERVER, CLOSED, ESTABLISHED)
    ]


def test_texts_are_the_rows_as_printed() -> None:
    assert look(line("ESTAB")).texts() == {"client": (line("ESTAB").strip(),), "server": ()}


def test_an_impossible_transition_is_refused_with_a_sentence() -> None:
    with pytest.raises(ImpossibleTransition) as refused:
        check(Change("client", CLIENT, SERVER, TIME_WAIT, ESTABLISHED))
    assert str(refused.value) == (
        "the socket 10.0.0.1:40000 → 10.0.0.2:80 on client went from TIME-WAIT to ESTABLISHED, "
        "which neither RFC 9293 nor Linux allows"
    )


def test_between_samples_states_may_have_passed_but_not_backwards() -> None:
    two_steps = Change("client", CLIENT, SERVER, ESTABLISHED, FIN_WAIT_2)
    check(two_steps, sampled=True)
    with pytest.raises(ImpossibleTransition):
        check(two_steps)
    for sampled in (False, True):
        check(Change("client", CLIENT, SERVER, FIN_WAIT_1, CLOSING), sampled=sampled)
        with pytest.raises(ImpossibleTransition):
            check(Change("client", CLIENT, SERVER, CLOSE_WAIT, ESTABLISHED), sampled=sampled)


def call(host: str, name: str, phase: Phase) -> Event:
    return Call(0.0, host, host, f"{host}/1", 1, name, (), phase)


def segment(to: str, fate: Fate, flags: str = "F.") -> Event:
    return Segment(0.0, "x", to, 1, flags, 0, None, 0, fate)


@pytest.mark.parametrize(
    ("events", "touched"),
    [
        ([], {}),
        ([Move(0.0, "call client close")], {}),
        ([call("client", "close", Phase.BEGUN)], {"client": "close"}),
        ([call("client", "recv", Phase.RETURNED)], {}),
        ([segment("server", Fate.SENT)], {}),
        ([segment("server", Fate.DROPPED)], {}),
        ([segment("server", Fate.CARRIED)], {"server": "F."}),
        ([segment("server", Fate.DUPLICATED)], {"server": "F."}),
        ([segment("server", Fate.INJECTED, "R")], {"server": "R"}),
        (
            [Other(0.0, "server", "client", "ICMP", "ICMP port unreachable", Fate.CARRIED)],
            {"client": "ICMP port unreachable"},
        ),
        ([Other(0.0, "server", "client", "ICMP", "ICMP port unreachable", Fate.DROPPED)], {}),
        # The last one is the cause.
        (
            [call("client", "close", Phase.BEGUN), segment("client", Fate.CARRIED, ".")],
            {"client": "."},
        ),
    ],
)
def test_what_touched_a_host_last_is_the_cause(
    events: list[Event], touched: dict[str, str]
) -> None:
    assert causes(events) == touched


class Looking:
    """An `ss` that prints what one likes."""

    def __init__(self, text: str, problem: Exception | None = None) -> None:
        self.text, self.problem, self.closed = text, problem, False

    def output(self) -> str:
        if self.problem is not None:
            raise self.problem
        return self.text

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True


@pytest.mark.parametrize(
    "first", [Looking("no row of ss\n"), Looking("", ToolError("`ss` failed (1): sorry"))]
)
def test_when_one_look_fails_none_is_left_running(
    monkeypatch: pytest.MonkeyPatch, first: Looking
) -> None:
    second = Looking(line("ESTAB"))
    hosts = [Host(name, Address("10.0.0.1", "")) for name in ("client", "server")]
    looks = {"client": first, "server": second}
    monkeypatch.setattr(Host, "look", lambda host: looks[host.name])
    with pytest.raises(ToolError):
        looking.take(hosts)
    assert (first.closed, second.closed) == (True, True)


@pytest.mark.kernel
async def test_a_look_at_a_standstill_is_the_same_again(stand: Stand) -> None:
    client, server = await stand.connection()
    await client.send(b"on the wire")
    client.shutdown(1)
    await stand.wire.fence()
    descriptors, processes = open_descriptors(), children()
    first = looking.take(stand.hosts)
    seen = {name: [(row.state, row.send_q) for row in rows] for name, rows in first.rows.items()}
    assert seen == {
        "client": [(FIN_WAIT_1, len(b"on the wire") + 1)],
        "server": [(ESTABLISHED, 0)],
    }
    for _ in range(10):
        assert looking.take(stand.hosts).since(first) == []
    assert (open_descriptors(), children()) == (descriptors, processes)
    client.close()
    server.close()
