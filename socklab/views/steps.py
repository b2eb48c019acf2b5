"""A Record as steps, a line each, told so that the steps of two runs can be compared.

Left out is what no two runs share, unless it is asked for: times, the ports that the kernel picks
(they are numbered as they appear), the copies that it sends again when somebody is slow. Addresses
are told as the names of their hosts, so that a run on IPv6 is the same as one on IPv4. Looks are
left out, since what changed between them is a step of its own; so are the lines of files, which
move when somebody edits the lab.

Where two steps are told alike they are alike: nothing is compared that a reader can't see.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from socklab.packet import Kind
from socklab.record import (
    Call,
    Event,
    Expect,
    Look,
    Move,
    Other,
    Phase,
    Record,
    Segment,
    State,
    Trouble,
    told,
)
from socklab.views.arrows import kind_of
from socklab.views.connections import Connections

PICKED = re.compile(r":(\d{4,5})\b")
"""A port that the kernel may have picked, as `Record.essence` finds one."""

LEFT = re.compile(r"\b[\d.]+ s left\b")
"""How long a timer still had to go."""

ANYWHERE = re.compile(r"(?:0\.0\.0\.0|\[::\]):")
"""The address of a socket that listens on all of its host's."""

FLAGS = {
    Kind.SYN: ("S",),
    Kind.SYN_ACK: ("S.",),
    Kind.ACK: (".",),
    Kind.DATA: ("P.",),
    Kind.FIN: ("F.",),
    Kind.RST: ("R", "R."),
}
"""The flags that a kind of segment has unless something is unusual about it; of a RST, the number
that it acknowledges tells which."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What else is compared: `times`, the real `ports`, the kernel's `copies`."""

    times: bool = False
    ports: bool = False
    copies: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened; two are the same if their texts are."""

    at_s: float
    text: str
    is_move: bool = False


def is_of_several(record: Record) -> bool:
    """Whether a run has several connections, so that a step has to say of which it is."""
    return Connections(record).several


def steps(record: Record, counted: Counted, *, several: bool) -> list[Step]:
    """The steps of a run, in order.

    Args:
        record: the run.
        counted: what is compared beyond the usual.
        several: whether each segment and state says which connection it is of.
    """
    plain = _plain(record, counted)
    found = []
    for event in record.events:
        text = plain(_tell(event, several=several or counted.ports))
        if text and (counted.copies or not (isinstance(event, Segment) and event.copy)):
            text = f"{event.at_s:.6f} s {text}" if counted.times else text
            found.append(Step(event.at_s, text, isinstance(event, Move)))
    return found


def _tell(event: Event, *, several: bool) -> str:
    """A step in words; none for what is told by others."""
    match event:
        case Look():
            return ""
        case Move():
            return event.text
        case Call(phase=Phase.BEGUN):
            return f"{event.socket or event.role} {event.call}({', '.join(event.arguments)})"
        case Call():
            outcome = event.error if event.error is not None else event.result
            return f"{event.socket or event.role} {event.call}() = {outcome}"
        case Segment():
            return f"{_segment(event, several=several)}, {event.fate.value}"
        case Other():
            return f"{event.from_} → {event.to} {event.summary}, {event.fate.value}"
        case State():
            ends = f" ({event.local} – {event.peer})" if several else ""
            return f"{event.host} {event.was} → {event.now} by {event.cause}{ends}"
        case Expect():
            return f"expected {told(event.expected)}{_outcome(event)}"
        case Trouble():
            return f"{event.who}: {event.text}"


def _segment(segment: Segment, *, several: bool) -> str:
    """A segment as moves name it; its flags where its kind does not say them all."""
    kind = kind_of(segment)
    words = [f"{segment.from_} {segment.number} {kind}"]
    words += [f"[{segment.flags}]"] if segment.flags not in FLAGS[kind] else []
    words += [f"seq {segment.seq}"]
    words += [f"ack {segment.ack}"] if segment.ack is not None else []
    words += [f"len {segment.payload_bytes}"] if segment.payload_bytes else []
    words += [f"→ {segment.to}"]
    words += ["(copy)"] if segment.copy else []
    words += [f"({segment.source} → {segment.destination})"] if several else []
    return " ".join(words)


def _outcome(expect: Expect) -> str:
    if expect.passed is None:
        return f": not observed, {expect.note}"
    return ": met" if expect.passed else f"; observed {told(expect.observed)}"


def _plain(record: Record, counted: Counted) -> Callable[[str], str]:
    """Turns the text of a step into what two runs can share."""
    patterns: dict[str, str] = {}
    for host, address in record.hosts.items():
        patterns |= dict.fromkeys(_patterns(address), host)
    addresses = [(re.compile(pattern), host) for pattern, host in patterns.items()]
    numbers: dict[str, str] = {}

    def numbered(port: re.Match[str]) -> str:
        return f":port{numbers.setdefault(port[1], str(len(numbers) + 1))}"

    def plain(text: str) -> str:
        for address, host in addresses:
            text = address.sub(host.replace("\\", r"\\"), text)
        text = ANYWHERE.sub("*:", text)
        if not counted.ports:
            text = PICKED.sub(numbered, text)
        return text if counted.times else LEFT.sub("some s left", text)

    return plain


def _patterns(address: str) -> Iterator[str]:
    """What finds an address in a text, and not within a longer one."""
    try:
        version = ip_address(address).version
    except ValueError:
        return
    if version == 4:
        yield rf"(?<![\w.]){re.escape(address)}(?!\.?\w)"
    else:
        yield rf"\[{re.escape(address)}\]"
        yield rf"(?<![\w:]){re.escape(address)}(?![\w:])"
