"""What a move led to, in the words in which the choices of a question say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from socklab.coverage.ends import Scene, scenes
from socklab.coverage.numbers import packet_of
from socklab.coverage.turns import Rows, Turn
from socklab.packet import Kind
from socklab.record import Call, Record
from socklab.tcp import CLOSED, LISTEN, State

NOTHING = "nothing"
"""What is said of a wire on which nothing is put."""

BLOCKS = "blocks"
"""What is said of a call that has not returned."""

SUCCESS = 0
"""How a Record tells that a call has succeeded which gives nothing back."""

States = tuple[State, ...]
"""Those of a host's sockets, in the order of figure 5; LISTEN only where there is nothing else."""

ORDER = {state: number for number, state in enumerate(State)}


def at(record: Record, step: int) -> Scene | None:
    """The turn of a move, counted from 1; None if there is none, or nobody looked after it."""
    return next((scene for number, scene in numbered(record) if number == step), None)


def numbered(record: Record) -> Iterator[tuple[int, Scene]]:
    """The turns of a Record in which a move was made, each with its number.

    A scene is good for as long as the next one has not been asked for.
    """
    number = 0
    for scene in scenes(record):
        if scene.turn.move:
            number += 1
            yield number, scene


def states(rows: Rows, hosts: Sequence[str]) -> dict[str, States]:
    """Each host's states, as its rows in `ss` show them."""
    return {host: _states(row.state for row in rows.get(host, ())) for host in hosts}


def _states(every: Iterable[State]) -> States:
    found = sorted(every, key=ORDER.__getitem__)
    connected = tuple(state for state in found if state not in (CLOSED, LISTEN))
    # A listener beside a connection is no part of it; a host with nothing else has that state.
    return connected or ((LISTEN,) if LISTEN in found else (CLOSED,))


def led_to(turn: Turn, hosts: Sequence[str]) -> dict[str, States]:
    """Each host's states after a turn, as one speaks of a connection.

    Where a connection's row has gone and its listener is left, the connection is CLOSED.
    """
    before, after = states(turn.before, hosts), states(turn.after, hosts)
    return {host: as_one_speaks(before[host], after[host]) for host in hosts}


def as_one_speaks(before: States, after: States) -> States:
    """States of a host in which LISTEN stands for no connection that it had before."""
    had_one = any(state not in (CLOSED, LISTEN) for state in before)
    return (CLOSED,) if had_one and after == (LISTEN,) else after


def tell_states(of_hosts: Mapping[str, States]) -> str:
    """States in words: `client TIME-WAIT, server 2 × ESTABLISHED`."""
    return ", ".join(f"{host} {_counted(map(str, of))}" for host, of in of_hosts.items())


def sent(turn: Turn, hosts: Sequence[str]) -> dict[str, tuple[Kind, ...]]:
    """What each host put on the wire, in order. A copy counts only if it was waited for."""
    waited = turn.move.startswith("wait ")
    return {
        host: tuple(
            packet.kind
            for segment in turn.sent(host)
            if (waited or not segment.copy) and (packet := packet_of(segment)) is not None
        )
        for host in hosts
    }


def tell_sent(by_host: Mapping[str, Sequence[Kind]]) -> str:
    """What was put on the wire, in words: `client sends data and FIN`."""
    told = [
        f"{host} sends {_counted(map(str, kinds), ' and ')}"
        for host, kinds in by_host.items()
        if kinds
    ]
    return ", ".join(told) or NOTHING


def came_to(turn: Turn, role: str, number: int) -> str | None:
    """What a call came to in a turn; None if it was no call of that turn."""
    for call in calls(turn):
        if (call.role, call.number) == (role, number):
            returned = turn.returned(call)
            return BLOCKS if returned is None else outcome(returned)
    return None


def calls(turn: Turn) -> list[Call]:
    """The calls that began in a turn, or came back; each once."""
    found: dict[tuple[str, int], Call] = {}
    for event in turn.events:
        if isinstance(event, Call):
            found.setdefault((event.role, event.number), event)
    return list(found.values())


def outcome(returned: Call) -> str:
    """How a call came back, in words that two runs have in common."""
    if returned.error is not None:
        return f"fails with {returned.error}"
    if returned.call == "accept":  # the port is the kernel's choice
        return "returns a connection"
    return returns(returned.result)


def returns(result: str | int | None) -> str:
    """That a call gave something back, in words."""
    if result == SUCCESS:
        return "returns 0"
    return "returns b'' (end of file)" if result == "b''" else f"returns {result}"


def _counted(words: Iterable[str], between: str = " + ") -> str:
    return between.join(
        word if count == 1 else f"{count} × {word}" for word, count in Counter(words).items()
    )
