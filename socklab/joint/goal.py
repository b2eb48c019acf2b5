"""A goal: what a joint state must show, as one says it: `client=CLOSING,server=CLOSING`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from socklab.errors import LabError
from socklab.joint.state import Joint
from socklab.packet import Kind
from socklab.tcp import CLOSED, State

SYNTAX = (
    "client=CLOSING (a host's state; + between several), "
    "client.recv=ECONNRESET (what a call came to), wire=FIN (what is in flight, or empty)"
)

WIRE, EMPTY = "wire", "empty"


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must be so: of a host, of one of a role's calls, or of the wire."""

    subject: str
    call: str
    wanted: tuple[str, ...]

    def __str__(self) -> str:
        subject = f"{self.subject}.{self.call}" if self.call else self.subject
        return f"{subject}={'+'.join(self.wanted) or EMPTY}"

    def met(self, joint: Joint) -> bool:
        """Whether a joint state shows it.

        Raises:
            LabError: there is no such host or role.
        """
        if self.call:
            role = joint.roles.get(self.subject)
            if role is None:
                raise _unknown(self.subject, joint.roles)
            return any(_came_to(done, self.call, self.wanted[0]) for done in role.made) or (
                self.wanted[0] == "blocked"
                and any(call.startswith(f"{self.call}(") for call in role.inside)
            )
        if self.subject == WIRE:
            kinds = sorted(text.split()[1] for text in joint.wire)
            return kinds == sorted(self.wanted)
        if self.subject not in joint.sockets:
            raise _unknown(self.subject, joint.sockets)
        listeners_too = str(State.LISTEN) in self.wanted
        shown = [
            socket.state
            for socket in joint.sockets[self.subject]
            if listeners_too or socket.state != str(State.LISTEN)
        ]
        return sorted(shown) == sorted(state for state in self.wanted if state != str(CLOSED))


@dataclass(frozen=True, slots=True)
class Goal:
    """All conditions that must be so at once."""

    conditions: tuple[Condition, ...]

    def __str__(self) -> str:
        return ",".join(map(str, self.conditions))

    def met(self, joint: Joint) -> bool:
        """Whether a joint state is one that was looked for.

        Raises:
            LabError: it names a host or a role that there is not.
        """
        return False not in [condition.met(joint) for condition in self.conditions]

    @classmethod
    def parse(cls, text: str) -> Goal:
        """The goal that a text stands for.

        Raises:
            LabError: it stands for none, with what could be meant.
        """
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if not parts:
            raise LabError(f"a goal says what is looked for: {SYNTAX}")
        return cls(tuple(map(_condition, parts)))


def _condition(text: str) -> Condition:
    found = re.fullmatch(r"([a-z]\w*)(?:\.(\w+))?\s*=\s*(\S.*)", text)
    if found is None:
        raise LabError(f"{text!r} is no goal; one says {SYNTAX}")
    subject, call, wanted = found[1], found[2] or "", found[3].strip()
    if call:
        return Condition(subject, call, (wanted,))
    words = [word.strip() for word in wanted.split("+")]
    if subject == WIRE:
        return Condition(subject, "", _kinds(wanted))
    return Condition(subject, "", tuple(str(State.named(word)) for word in words))


def _kinds(text: str) -> tuple[str, ...]:
    if text == EMPTY:
        return ()
    # SYN+ACK is one kind of segment, and not two; so it is looked for first.
    known = sorted(map(str, Kind), key=len, reverse=True)
    if not re.fullmatch(one := f"({'|'.join(map(re.escape, known))})", text):
        several = rf"{one}(\+{one})*"
        if not re.fullmatch(several, text):
            raise LabError(f"{text!r} is no kind of segment; there are {', '.join(known)}, empty")
    return tuple(found[0] for found in re.finditer(one, text))


def _came_to(done: str, call: str, outcome: str) -> bool:
    """Whether a call that a role has made is this one: `recv(4096) = ECONNRESET`."""
    name, _, came_to = done.partition(" = ")
    return name.partition("(")[0] == call and came_to == outcome


def _unknown(subject: str, known: Iterable[str]) -> LabError:
    names = sorted(known)
    near = difflib.get_close_matches(subject, [*names, WIRE], n=1)
    advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
    return LabError(f"the goal names {subject!r}, which is not there; {advice}")
