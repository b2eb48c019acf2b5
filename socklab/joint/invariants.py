"""Invariants: what must be so wherever a run ends, whatever the order of its moves."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from socklab.joint.state import Joint, Role, Socket
from socklab.tcp import State

ERRORS = re.compile(r" = E[A-Z]+$")

LASTS = frozenset({"LISTEN", "TIME-WAIT"})
"""States in which a socket may stay without anybody's doing."""


def wrong_at_end(joint: Joint, *, faults: bool) -> Iterator[str]:
    """What must not be so where nothing can move any more.

    Args:
        joint: the state of both ends then.
        faults: whether segments were lost: then a timer may still have something to do.
    """
    yield from _left_over(joint, faults=faults)
    if not faults:
        yield from _lost_bytes(joint)


def _left_over(joint: Joint, *, faults: bool) -> Iterator[str]:
    """Sockets that nobody holds, and that wait for nobody who does."""
    held = any(
        socket.held and socket.state not in LASTS
        for sockets in joint.sockets.values()
        for socket in sockets
    )
    for host, sockets in joint.sockets.items():
        for socket in sockets:
            waits = held or (faults and socket.timer)
            if not socket.held and socket.state not in LASTS and not waits:
                yield (
                    f"{host} ends with a socket in {socket.state} that no program holds, "
                    "and neither does anybody at the other end"
                )


def _lost_bytes(joint: Joint) -> Iterator[str]:
    """Bytes that send() took, that nobody will read, and of which no call told."""
    told = any(ERRORS.search(done) for role in joint.roles.values() for done in role.made)
    waiting = sum(map(_waiting, joint.sockets.values()))
    for name, role in joint.roles.items():
        others = [each for other, each in joint.roles.items() if other != name]
        sent, read = _sent(role), sum(map(_read, others)) + waiting
        # A program that has not closed may still read; one that has ended will not.
        over = all(not each.inside and _is_over(each) for each in others)
        if sent > read and over and not told and not any(role.error for role in (*others, role)):
            count = "1 byte" if sent - read == 1 else f"{sent - read} bytes"
            were = "was" if sent - read == 1 else "were"
            yield f"{count} that {name} sent {were} never read, and no call told so"


def _waiting(sockets: Sequence[Socket]) -> int:
    """Bytes that are not lost yet: those that wait for a program, or to be acknowledged."""
    return sum(
        socket.send_q + (socket.recv_q if socket.held else 0)
        for socket in sockets
        if socket.state != str(State.LISTEN)  # of a listener, the queues are of connections
    )


def _is_over(role: Role) -> bool:
    """Whether a program has no connection any more to read from."""
    return role.ended or not any(call.startswith("recv(") for call in role.standing)


def _sent(role: Role) -> int:
    return sum(int(done.rpartition(" = ")[2]) for done in role.made if _is_call(done, "send"))


def _read(role: Role) -> int:
    total = 0
    for done in role.made:
        if _is_call(done, "recv"):
            outcome = done.rpartition(" = ")[2]
            counted = re.fullmatch(r"(\d+) bytes", outcome)
            total += int(counted[1]) if counted else len(ast.literal_eval(outcome))
    return total


def _is_call(done: str, name: str) -> bool:
    """Whether it is a call of that name, which has come back without an error."""
    return done.startswith(f"{name}(") and not re.search(r" = (E[A-Z]+|blocked|cancelled)$", done)
