"""A look: `ss` on every host at once, parsed, and what changed since the look before.

While it is taken nothing of ours runs: the processes of `ss` are waited for right here, some
two milliseconds, so that all hosts are seen at the same standstill.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from socklab import ss
from socklab.errors import ExperimentError
from socklab.host import Host
from socklab.moves import Verb
from socklab.record import Call, Event, Fate, Move, Other, Phase, Segment
from socklab.tcp import CLOSED, State, can_become, steps

Rows = Mapping[str, Sequence[ss.Row]]
"""What each host's `ss` shows."""


class ImpossibleTransition(ExperimentError):
    """A socket changed its state in a way that neither RFC 9293 nor Linux has."""


@dataclass(frozen=True, slots=True)
class Change:
    """One socket's change of state between two looks; CLOSED stands for "no row"."""

    host: str
    local: str
    peer: str
    was: State
    now: State


@dataclass(frozen=True, slots=True)
class Look:
    """What `ss` showed on every host at one standstill."""

    rows: Rows = field(default_factory=dict)

    def texts(self) -> dict[str, tuple[str, ...]]:
        """The rows as `ss` printed them."""
        return {name: tuple(row.text for row in rows) for name, rows in self.rows.items()}

    def since(self, before: Look) -> list[Change]:
        """The changes of state since an earlier look, in the order of hosts and addresses."""
        changes: list[Change] = []
        for name, rows in self.rows.items():
            now, was = _states(rows), _states(before.rows.get(name, ()))
            for local, peer in sorted(now.keys() | was.keys()):
                gone = was.get((local, peer), Counter()) - now.get((local, peer), Counter())
                come = now.get((local, peer), Counter()) - was.get((local, peer), Counter())
                changes += [
                    Change(name, local, peer, earlier, later)
                    for earlier, later in _paired(gone, come)
                ]
        return changes


def take(hosts: Iterable[Host]) -> Look:
    """Look at these hosts, all at once.

    Raises:
        ToolError: `ss` failed, or printed what we can't read.
    """
    with ExitStack() as looks:
        started = [(host, looks.enter_context(host.look())) for host in hosts]
        return Look({host.name: ss.parse(running.output()) for host, running in started})


def check(change: Change, *, sampled: bool = False) -> None:
    """See that this change can be.

    Args:
        change: what was seen.
        sampled: whether states may have passed between the two looks, as on loopback.

    Raises:
        ImpossibleTransition: no row of the tables in tcp.py leads from one state to the other.
    """
    allowed = can_become if sampled else steps
    if not allowed(change.was, change.now):
        raise ImpossibleTransition(
            f"the socket {change.local} → {change.peer} on {change.host} went from {change.was} "
            f"to {change.now}, which neither RFC 9293 nor Linux allows"
        )


def causes(events: Iterable[Event]) -> dict[str, str]:
    """What last happened to each host: a call's name, a segment's flags, a packet's summary.

    A host that is not in it was not touched by these events: what it did is a timer's doing.
    """
    touched = {}
    for event in events:
        match event:
            case Call(phase=Phase.BEGUN):
                touched[event.host] = event.call
            case Segment(fate=Fate.CARRIED | Fate.DUPLICATED | Fate.INJECTED):
                touched[event.to] = event.flags
            case Move(text=text) if text.startswith(f"{Verb.DESTROY.value} "):
                touched[text.split()[1]] = Verb.DESTROY.value
            case Other(fate=Fate.CARRIED | Fate.INJECTED):
                touched[event.to] = event.summary
    return touched


def _states(rows: Iterable[ss.Row]) -> dict[tuple[str, str], Counter[State]]:
    """The states at each pair of addresses: usually one, but two listeners may share theirs."""
    states: dict[tuple[str, str], Counter[State]] = {}
    for row in rows:
        if row.state is not CLOSED:  # UNCONN: bound or not, it is no connection
            states.setdefault((str(row.local), str(row.peer)), Counter())[row.state] += 1
    return states


def _paired(gone: Counter[State], come: Counter[State]) -> list[tuple[State, State]]:
    earlier = sorted(gone.elements(), key=str)
    later = sorted(come.elements(), key=str)
    longest = max(len(earlier), len(later))
    earlier += [CLOSED] * (longest - len(earlier))
    later += [CLOSED] * (longest - len(later))
    return list(zip(earlier, later, strict=True))
