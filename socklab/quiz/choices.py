"""Choices: the answer that a run gave, among others that one may well believe.

They come from what lies near: the states that tcp.py's arrows lead to, the state as it was, the
other end's; the other kinds of segments; what else a call of that name can come to.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from random import Random

from socklab.coverage.turns import Turn
from socklab.packet import ACK, DATA, FIN, RST, SYN, SYN_ACK, Kind
from socklab.quiz.moments import Asks, Moment
from socklab.quiz.shown import (
    BLOCKS,
    NOTHING,
    ORDER,
    States,
    as_one_speaks,
    calls,
    led_to,
    returns,
    sent,
    states,
    tell_sent,
    tell_states,
)
from socklab.record import Call
from socklab.tcp import CLOSED, LINUX_STEPS, LISTEN, STEPS, State

OFFERED = 4
"""How many choices a question has, the right one included."""

NEAR = 2
"""How many of the wrong ones come from what lies nearest, if there are as many."""

FAILS: Mapping[str, tuple[str, ...]] = {
    "accept": ("ECONNABORTED", "EINVAL", "EMFILE"),
    "bind": ("EADDRINUSE", "EADDRNOTAVAIL", "EINVAL"),
    "close": ("ECONNRESET", "ENOTCONN", "EPIPE"),
    "connect": ("ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH", "EISCONN"),
    "listen": ("EADDRINUSE", "EINVAL"),
    "recv": ("ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTCONN"),
    "send": ("EPIPE", "ECONNRESET", "ETIMEDOUT", "ENOTCONN"),
    "shutdown": ("ENOTCONN", "EPIPE", "EINVAL"),
}
"""The errors that a call of a name may be believed to fail with, the likeliest first."""

_END_OF_FILE = returns("b''")


def choices(
    moment: Moment, turn: Turn, hosts: Sequence[str], chance: Random, heard: Sequence[str] = ()
) -> tuple[str, ...]:
    """What to choose from, shuffled; what the run that chose the moment led to is among them.

    Args:
        moment: what is asked.
        turn: the moment's in the run that chose it.
        hosts: of the run, in order.
        chance: decides which, and in which order.
        heard: what others have sent before, as a Record tells bytes.
    """
    if moment.asks is Asks.STATES:
        near, far = _states(turn, hosts)
    elif moment.asks is Asks.SEGMENTS:
        near, far = _segments(moment, turn, hosts)
    else:
        near, far = _outcomes(moment, turn, heard)
    wrong = _chosen(near, far, moment.found, chance)
    offered = [moment.found, *wrong]
    chance.shuffle(offered)
    return tuple(offered)


def _chosen(near: Iterable[str], far: Iterable[str], right: str, chance: Random) -> list[str]:
    """Some of what lies near, and of what lies further off; each once, and none of it right."""
    pools = [[text for text in dict.fromkeys(pool) if text != right] for pool in (near, far)]
    pools[1] = [text for text in pools[1] if text not in pools[0]]
    for pool in pools:
        chance.shuffle(pool)
    first, second = pools
    return [*first[:NEAR], *second, *first[NEAR:]][: OFFERED - 1]


# --- States -------------------------------------------------------------------------------------


def _states(turn: Turn, hosts: Sequence[str]) -> tuple[list[str], list[str]]:
    before, after = states(turn.before, hosts), led_to(turn, hosts)
    near: list[dict[str, States]] = [before]
    near += [after | {host: before[host]} for host in hosts]
    if len(hosts) == 2:  # two ends may be taken one for the other
        one, other = hosts
        near.append({one: after[other], other: after[one]})
    far = [
        start | {host: ends}
        for start in (after, before)
        for host in hosts
        for ends in _neighbours(before[host], after[host])
    ]
    truth = _leniently(after)
    near_and_far = (
        [
            tell_states({host: as_one_speaks(before[host], each[host]) for host in hosts})
            for each in pool
            if _leniently(each) != truth
        ]
        for pool in (near, far)
    )
    nearest, further = near_and_far
    return nearest, further


def _leniently(of_hosts: Mapping[str, States]) -> tuple[States, ...]:
    """States as if LISTEN and CLOSED were the same: one may be meant by the other."""
    return tuple((CLOSED,) if of == (LISTEN,) else of for of in of_hosts.values())


def _neighbours(was: States, now: States) -> list[States]:
    """States as a host might have them where one socket has gone another way."""
    return [
        _with(of, index, other)
        for of in (was, now)
        for index, state in enumerate(of)
        for other in _after(state)
    ]


def _with(of: States, index: int, other: State) -> States:
    changed = [*of[:index], other, *of[index + 1 :]]
    connected = sorted((s for s in changed if s not in (CLOSED, LISTEN)), key=ORDER.__getitem__)
    return tuple(connected) or ((LISTEN,) if LISTEN in changed else (CLOSED,))


def _after(state: State) -> list[State]:
    """Where the arrows from a state lead, but for those with which a new connection begins."""
    every = [step for step in STEPS + LINUX_STEPS if step.state is state and step.on_linux]
    later = [step.next for step in every if not step.opens or state in (CLOSED, LISTEN)]
    return list(dict.fromkeys(later))


# --- Segments -----------------------------------------------------------------------------------

_OPENING = frozenset({CLOSED, LISTEN, State.SYN_SENT, State.SYN_RECEIVED})


def _segments(moment: Moment, turn: Turn, hosts: Sequence[str]) -> tuple[list[str], list[str]]:
    by_host = sent(turn, hosts)
    actor = next((host for host, kinds in by_host.items() if kinds), None) or _actor(moment, hosts)
    near: list[Mapping[str, Sequence[Kind]]] = [{actor: (ACK,)}, {actor: (RST,)}]
    near += [{other: by_host[actor] or (ACK,)} for other in hosts if other != actor]
    opening = _OPENING.issuperset(states(turn.before, hosts)[actor])
    others: tuple[tuple[Kind, ...], ...]
    others = ((SYN,), (SYN_ACK,), (DATA,)) if opening else ((FIN,), (ACK, FIN), (DATA,))
    return [NOTHING, *map(tell_sent, near)], [tell_sent({actor: kinds}) for kinds in others]


def _actor(moment: Moment, hosts: Sequence[str]) -> str:
    """The host that would be the one to send: whose program calls, or who gets a segment."""
    move = moment.move
    own = move.who.partition("_")[0]
    if move.verb.value in ("call", "wait", "destroy", "unreachable"):
        return own if own in hosts else hosts[0]
    return next((host for host in hosts if host != own), own)


# --- Calls --------------------------------------------------------------------------------------


def _outcomes(moment: Moment, turn: Turn, heard: Sequence[str]) -> tuple[list[str], list[str]]:
    call = next(c for c in calls(turn) if (c.role, c.number) == (moment.role, moment.number))
    fails = [f"fails with {error}" for error in FAILS.get(call.call, ())]
    told = [returns(data) for data in heard if call.call == "recv"]
    return [BLOCKS, *_well(call), *told[-1:], *fails[:1]], fails[1:]


def _well(call: Call) -> list[str]:
    """How a call comes back that succeeds."""
    if call.call == "recv":
        return [_END_OF_FILE]
    if call.call == "send":
        size = _size(call)
        return [returns(size)] if size else []
    return ["returns a connection" if call.call == "accept" else returns(0)]


def _size(call: Call) -> int | None:
    """How many bytes a program wants to send, as its Record tells it."""
    told = call.arguments[0] if call.arguments else ""
    if told.endswith(" bytes"):
        number = told.removesuffix(" bytes")
        return int(number) if number.isdecimal() else None
    try:
        value = ast.literal_eval(told)
    except (ValueError, SyntaxError):
        return None
    return len(value) if isinstance(value, bytes) else None
