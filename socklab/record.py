"""The Record: everything that happened in one run, in order.

An event is a past fact and a value: a call that began or returned, a segment and its
fate, a look with `ss`, a socket's change of state, an expectation and what was observed.
Views, comparisons and replays read the Record and nothing else.

Two runs of one lab give the same Record but for what no two runs share: times, the ports
and initial sequence numbers that the kernel picks, and the copies it sends again when
somebody is slow. `Record.essence()` leaves just those out.

As JSON it is described by record.schema.json, beside this module; `socklab.record.SCHEMA_FILE`
has its name. What is new there since a document was written has its default when it is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from functools import cache
from typing import Any, ClassVar

from socklab.schema import Check, compiled, fields_in, see_format

SCHEMA = "socklab.record/1"
"""Name and version of the document. A new field keeps it; a changed meaning raises it."""

SCHEMA_FILE = "record.schema.json"
"""The document's JSON Schema, a file of this package: `importlib.resources` finds it."""


class Phase(Enum):
    """Where a call stands. Source: the words of strace(1) for interrupted calls."""

    BEGUN = "begun"
    RETURNED = "returned"


class Fate(Enum):
    """What became of a segment.

    SENT: the sender's kernel put it on the wire. CARRIED: it was given to its receiver.
    DROPPED: it never will be. DUPLICATED: given once more. INJECTED: given to the
    receiver though no kernel sent it.
    """

    SENT = "sent"
    CARRIED = "carried"
    DROPPED = "dropped"
    DUPLICATED = "duplicated"
    INJECTED = "injected"


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody let one thing happen; `text` is the move as `moves.py` reads and writes it."""

    kind: ClassVar[str] = "move"
    at_s: float
    text: str
    where: str = ""
    """The line of the story that made it."""


@dataclass(frozen=True, slots=True)
class Call:
    """A socket call of a role began or returned.

    `number` pairs the two phases. `result` is what the call gave back (bytes as Python
    writes them, 0 where C has nothing but success), `error` an errno name such as "EPIPE".
    """

    kind: ClassVar[str] = "call"
    at_s: float
    host: str
    role: str
    socket: str
    number: int
    call: str
    arguments: tuple[str, ...]
    phase: Phase
    result: str | int | None = None
    error: str | None = None
    where: str = ""
    """The line of the role that makes it."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One thing that became of a TCP segment.

    `number` counts the sender's segments, copies aside; a copy has its original's. `seq`
    and `ack` are relative to the connection's initial ones, as Wireshark shows them: a
    SYN is 0. `raw` is the whole IP packet in hexadecimal, absolute numbers included.
    """

    kind: ClassVar[str] = "segment"
    at_s: float
    from_: str
    to: str
    number: int
    flags: str
    seq: int
    ack: int | None
    payload_bytes: int
    fate: Fate
    copy: bool = False
    by: str = ""
    """Who decided the fate where no move did: the name of a rule, or why a copy went."""
    source: str = ""
    destination: str = ""
    raw: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Other:
    """A packet on the wire that is not TCP, such as an ICMP error."""

    kind: ClassVar[str] = "other"
    at_s: float
    from_: str
    to: str
    protocol: str
    summary: str
    fate: Fate
    raw: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Look:
    """The rows of `ss` on every host after a move, as `ss` printed them."""

    kind: ClassVar[str] = "look"
    at_s: float
    rows: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class State:
    """A socket changed state between two looks; CLOSED stands for "no row".

    `cause` is what the last move gave this host: a call's name, a segment's flags, or
    "timer" where the move did not touch it ("unseen" on loopback, where segments are, too).
    """

    kind: ClassVar[str] = "state"
    at_s: float
    host: str
    local: str
    peer: str
    was: str
    now: str
    cause: str


@dataclass(frozen=True, slots=True)
class Expect:
    """An expectation of the story and what was observed.

    Both map what was looked at to its text, in the same order: a host to its sockets
    ("FIN-WAIT-2"), a call to its outcome, a claim to its value. `passed` is None where
    the bench can't observe it, and `note` then says why.
    """

    kind: ClassVar[str] = "expect"
    at_s: float
    expected: Mapping[str, str]
    observed: Mapping[str, str]
    passed: bool | None
    where: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What ended the run before its story did: one sentence, and who it came from.

    `advice` has what helps to see why, a line each: what `ss` showed, and hints.
    """

    kind: ClassVar[str] = "trouble"
    at_s: float
    who: str
    text: str
    advice: tuple[str, ...] = ()


Event = Move | Call | Segment | Other | Look | State | Expect | Trouble
EVENTS: Mapping[str, type[Event]] = {
    event.kind: event for event in (Move, Call, Segment, Other, Look, State, Expect, Trouble)
}


@dataclass(slots=True)
class Record:
    """The ordered events of one run, and what is needed to read them.

    Sized by the run: some hundred events a lab. `hosts` maps a name to its address,
    `weather` a pinned setting to the value in force, `machine` a word to a version; `header` has
    all that the lab's header says, `file` its name as `where` tells it, `source` its text. A
    `replay` makes the moves of another run, and expects nothing.
    """

    lab: str
    bench: str
    link: str
    hosts: dict[str, str]
    title: str = ""
    question: str = ""
    see: str = ""
    header: dict[str, str] = field(default_factory=dict)
    file: str = ""
    source: str = field(default="", repr=False)
    replay: bool = False
    passed: bool = False
    duration_s: float = 0.0
    weather: dict[str, str] = field(default_factory=dict)
    machine: dict[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def of(self, *kinds: type[Event]) -> Iterator[Any]:
        """The events of these kinds, in order."""
        return (event for event in self.events if isinstance(event, kinds))

    def moves(self) -> list[str]:
        """The run's moves as text, ready to be saved and replayed."""
        return [event.text for event in self.of(Move)]

    def to_json(self) -> dict[str, Any]:
        """The document that `socklab run --json` prints. Its schema: record.schema.json."""
        document: dict[str, Any] = {"schema": SCHEMA}
        for each in fields(self):
            if each.name == "hosts":
                document["hosts"] = {
                    name: {"address": address} for name, address in self.hosts.items()
                }
            elif each.name == "events":
                document["events"] = [_event_to_json(event) for event in self.events]
            else:
                value = getattr(self, each.name)
                document[each.name] = dict(value) if isinstance(value, dict) else value
        return document

    @classmethod
    def from_json(cls, document: Any) -> Record:
        """The Record that `to_json` wrote, checked against its schema.

        What an earlier release did not write has its default, and what only a later one writes is
        passed over; all the rest is as the schema says.

        Raises:
            NewerError: a later release wrote it, and changed what fields mean.
            Misfit: it is not as the schema says; the place is told, such as `events[12].fate`.
            ToolError: it is not a Record at all.
        """
        see_format(document, SCHEMA, "Record")
        _checked()(document)
        values = fields_in(cls, document)
        values["hosts"] = {
            name: fields_in(_Host, host, "hosts", name)["address"]
            for name, host in values["hosts"].items()
        }
        values["events"] = [
            _event_from_json(event, index) for index, event in enumerate(values["events"])
        ]
        return cls(**values)

    def essence(self, *, expectations: bool = True) -> list[str]:
        """What two runs of the same lab have in common, a line an event.

        Left out: times, raw bytes, looks (their changes of state are in), copies, advice, and the
        lines of moves and calls, which a replay makes from elsewhere. Ports
        that the kernel picked are numbered in the order in which they appear.

        Args:
            expectations: whether those are in, which a replay of moves does not ask again.
        """
        left_out = (Look,) if expectations else (Look, Expect)
        ports: dict[str, str] = {}

        def port(match: re.Match[str]) -> str:
            return ":" + ports.setdefault(match[1], f"port{len(ports) + 1}")

        lines = []
        for event in self.events:
            if isinstance(event, left_out) or (isinstance(event, Segment) and event.copy):
                continue
            if isinstance(event, Trouble) and event.who == "story" and not expectations:
                continue
            told = _event_to_json(event)
            for volatile in ("at_s", "raw", "by", "advice"):
                told.pop(volatile, None)
            if not isinstance(event, Expect):
                told.pop("where", None)
            text = re.sub(r":(\d{4,5})\b", port, json.dumps(told, ensure_ascii=False))
            lines.append(re.sub(r"\b[\d.]+ s left", "some s left", text))
        return lines

    def story(self) -> list[str]:
        """The run so far as lines of text, as a failed expectation tells it."""
        return [line for event in self.events for line in _tell(event)]


def _event_to_json(event: Event) -> dict[str, Any]:
    told: dict[str, Any] = {"at_s": event.at_s, "kind": event.kind}
    for each in fields(event):
        value = getattr(event, each.name)
        if isinstance(value, Enum):
            value = value.value
        elif isinstance(value, tuple):
            value = list(value)
        elif isinstance(value, Mapping):
            value = {k: list(v) if isinstance(v, tuple) else v for k, v in value.items()}
        told[each.name.rstrip("_")] = value
    return told


@dataclass(frozen=True, slots=True)
class _Host:
    """What a document has of a host."""

    address: str


@cache
def _checked() -> Check:
    from importlib.resources import files

    schema = files("socklab").joinpath(SCHEMA_FILE).read_text(encoding="utf-8")
    return compiled(json.loads(schema))


def _event_from_json(told: Mapping[str, Any], index: int) -> Event:
    event = EVENTS[told["kind"]]
    values = fields_in(event, told, "events", index)
    for name, value in values.items():
        if name == "phase":
            values[name] = Phase(value)
        elif name == "fate":
            values[name] = Fate(value)
        elif isinstance(value, list):
            values[name] = tuple(value)
        elif isinstance(value, dict):
            values[name] = {k: tuple(v) if isinstance(v, list) else v for k, v in value.items()}
    return event(**values)


def _tell(event: Event) -> Sequence[str]:
    """One line of the story, `0.004 s` first; nothing for what other lines tell better."""
    match event:
        case Call(phase=Phase.BEGUN):
            text = f"{event.role:<16}  {event.call}({', '.join(event.arguments)})"
        case Call():
            outcome = event.error if event.error is not None else event.result
            text = f"{event.role:<16}  {event.call}() = {outcome}"
        case Segment():
            numbers = f"seq {event.seq}" + ("" if event.ack is None else f" ack {event.ack}")
            text = (
                f"{event.from_ + ' → ' + event.to:<16}  {event.flags:<3} {numbers}"
                f" len {event.payload_bytes}  {event.fate.value}"
                + (" (copy)" if event.copy else "")
                + (f" by {event.by}" if event.by else "")
            )
        case Other():
            text = f"{event.from_ + ' → ' + event.to:<16}  {event.summary}  {event.fate.value}"
        case State():
            text = f"{event.host:<16}  {event.was} → {event.now}"
        case Expect(passed=True):
            text = f"{'expected':<16}  {told(event.expected)}"
        case Trouble():
            text = f"{event.who:<16}  {event.text}"
        case _:
            return ()
    return (f"{event.at_s:8.3f} s  {text}",)


def told(values: Mapping[str, str]) -> str:
    """A mapping of an expectation as one reads it: `client FIN-WAIT-2, server CLOSE-WAIT`."""
    return ", ".join(f"{name} {value}" for name, value in values.items())


def verdict(events: Iterable[Event]) -> bool:
    """Whether these events amount to a passed run: something observed, nothing refused."""
    seen = [event.passed for event in events if isinstance(event, Expect)]
    return bool(seen) and all(p is not False for p in seen) and any(seen)
