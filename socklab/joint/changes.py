"""Changes: what a move did to the sockets' states, from one joint state to the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

from socklab.joint.state import Joint
from socklab.tcp import CLOSED, State, steps


@dataclass(frozen=True, slots=True)
class Change:
    """One socket's change of state; CLOSED stands for none."""

    host: str
    was: State
    now: State

    def __str__(self) -> str:
        return f"{self.host} {self.was} → {self.now}"

    @property
    def legal(self) -> bool:
        """Whether a row of the tables in tcp.py leads from one to the other."""
        return bool(steps(self.was, self.now))


def between(before: Joint, after: Joint) -> list[Change]:
    """The changes from one joint state to another, one move later."""
    return [
        change
        for host in after.sockets
        for change in _on(host, _states(before, host), _states(after, host))
    ]


def _on(host: str, before: Counter[State], after: Counter[State]) -> Iterator[Change]:
    gone = sorted((before - after).elements(), key=str)
    come = sorted((after - before).elements(), key=str)
    longest = max(len(gone), len(come))
    gone += [CLOSED] * (longest - len(gone))
    come += [CLOSED] * (longest - len(come))
    # Which became which, nobody has seen: as TCP would have it, if it can be.
    fitting = next((now for now in permutations(come) if all(map(steps, gone, now))), come)
    for was, now in zip(gone, fitting, strict=True):
        yield Change(host, was, now)


def _states(joint: Joint, host: str) -> Counter[State]:
    return Counter(State(socket.state) for socket in joint.sockets.get(host, ()))
