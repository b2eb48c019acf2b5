"""What helps somebody whose run went another way: where it was, and what to try."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from socklab.look import Look
from socklab.packs import MODULE
from socklab.places import LABS, SITES, is_ours, shown
from socklab.role import Role
from socklab.wire import Segment, Wire

INSTALLED = frozenset(
    Path(sysconfig.get_path(kind)) for kind in ("stdlib", "platstdlib", "purelib", "platlib")
)
"""Where Python and what was installed for it lie."""


def place_of(error: BaseException) -> str:
    """An error in one line: its type, its text, and the line of the lab that it came from."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]  # Nurseries wrap; one error in a group is that error.
    walked = traceback.walk_tb(error.__traceback__)
    frames = [
        told
        for (frame, _), told in zip(walked, traceback.extract_tb(error.__traceback__), strict=False)
        # A lab may be installed, too, like what is none of its author's business.
        if frame.f_globals.get("__name__", "").startswith(MODULE) or _is_theirs(told.filename)
    ]
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if not frames:
        return text
    last = frames[-1]
    told = f"{text}, at {shown(last.filename)}:{last.lineno}"
    return f"{told}: {last.line}" if last.line else told


def _is_theirs(filename: str) -> bool:
    """Whether this is the lab's code: not socklab's, nor Python's, nor an installed package's."""
    if filename.startswith("<frozen "):  # Python's own import system has no file.
        return False
    path = Path(filename)
    installed = any(folder in path.parents for folder in INSTALLED) or not SITES.isdisjoint(
        path.parts
    )
    return LABS in path.parents or not (installed or is_ours(filename))


def name(segment: Segment) -> str:
    """A segment in words: `FIN seq 1 ack 1 from client`."""
    ack = "" if segment.ack is None else f" ack {segment.ack}"
    length = f" len {len(segment.packet.payload)}" if segment.packet.payload else ""
    again = " (a copy)" if segment.copy else ""
    return f"{segment.packet.kind} seq {segment.seq}{ack}{length} from {segment.sender}{again}"


def on_the_wire(wire: Wire) -> str:
    """What the wire holds, in words."""
    if not wire.held:
        return "the wire is empty"
    return "the wire holds " + ", ".join(name(segment) for segment in wire.held)


def roles(made: Mapping[str, Role], hosts: Iterable[str]) -> str:
    """What each role is doing, and which of these hosts has none: why nothing moves."""
    told = [role.whereabouts() for role in made.values()]
    told += [
        f"no role runs on {host}"
        for host in hosts
        if host not in {role.host.name for role in made.values()}
    ]
    return ", ".join(told)


def give(wire: Wire, roles: Iterable[Role], hosts: Sequence[str], seen: Look) -> list[str]:
    """What may be missing where these hosts did not show what was expected.

    Args:
        wire: what is held on it.
        roles: what each stands before.
        hosts: those that the expectation failed on.
        seen: the last look.
    """
    given = []
    held = [segment for segment in wire.held if segment.receiver in hosts]
    if held:
        told = ", ".join(name(segment) for segment in held)
        given.append(f"the wire still holds {told}; carry it first if it is to be there by now")
    given += [
        f"{role.whereabouts()}; let it go first if it is to be done by now"
        for role in roles
        if role.host.name in hosts and role.standing
    ]
    for host in hosts:
        given += [
            f"the timer {row.timer.name!r} of {host} has {row.timer.left_s:g} s left"
            for row in seen.rows.get(host, ())
            if row.timer and row.timer.name == "timewait"
        ]
    return given or ["nothing is held and no role waits: the kernel did as it was told"]
