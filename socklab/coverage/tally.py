"""What all labs together have witnessed: the steps, by lab and end, and the events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from socklab.coverage.ends import scenes
from socklab.coverage.events import Column, Reached, reached
from socklab.coverage.witness import refused, witnessed
from socklab.record import Record
from socklab.tcp import LINUX_STEPS, STEPS, Cause, On, State, Step

SCHEMA = "socklab.coverage/1"
"""Name and version of the document. A new field keeps it; a changed meaning raises it."""

FIGURE_5 = tuple(
    step
    for step in STEPS
    if step.source.startswith("RFC 9293 §3.3.2 figure 5") and step.on is not On.RST_SENT
)
"""The 21 arrows of RFC 9293's figure 5, those of its notes 1 and 2 among them.

Its note 3, a RST that is sent, is about arrows that the figure does not draw.
"""

IN_TEXT = tuple(step for step in STEPS if step not in FIGURE_5)
"""What RFC 9293's text adds to its figure."""

TAKES_A_MINUTE = frozenset({On.TIME_WAIT_TIMEOUT})
"""Triggers that no setting hurries: who did not wait for them can't have seen their arrows."""


@dataclass(frozen=True, slots=True)
class Seen:
    """By whom a step was seen: a lab, and the host of the end that took it, or did not."""

    lab: str
    host: str
    instead: str = ""
    """What was seen instead of a step that Linux does not take."""


@dataclass(slots=True)
class Coverage:
    """What the Records of some runs have witnessed.

    `labs` has the names of those that count, `systems` what they ran on, such as "Linux 6.18".
    """

    labs: list[str] = field(default_factory=list)
    systems: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """Runs without a wire: nobody saw their segments, so they witness nothing."""
    taken: dict[Step, list[Seen]] = field(default_factory=dict)
    not_taken: dict[Step, list[Seen]] = field(default_factory=dict)
    events: dict[Reached, list[str]] = field(default_factory=dict)
    """The labs in which an event reached a state, by both, and for segments by their position."""

    def add(self, record: Record) -> None:
        """Count what a Record witnesses.

        Raises:
            SsError: a row of its looks does not read.
        """
        lab = record.lab or "a run"
        if record.bench != "wire":
            _note(self.left_out, lab)
            return
        _note(self.labs, lab)
        _note(self.systems, _system(record))
        for scene in scenes(record):
            for witness in witnessed(scene):
                _note(self.taken.setdefault(witness.step, []), Seen(lab, witness.host))
            for refusal in refused(scene):
                seen = Seen(lab, refusal.host, refusal.instead)
                _note(self.not_taken.setdefault(refusal.step, []), seen)
            for each in reached(scene):
                _note(self.events.setdefault(each, []), lab)

    def seen(self, step: Step) -> list[Seen]:
        """By whom it was seen that Linux takes a step, or that it does not."""
        return (self.taken if step.on_linux else self.not_taken).get(step, [])

    def lost(self, *, slow: bool) -> list[Step]:
        """The arrows of figure 5 that no lab accounts for.

        Args:
            slow: whether labs that wait a minute were among them.
        """
        return [
            step
            for step in FIGURE_5
            if not self.seen(step) and (slow or step.on not in TAKES_A_MINUTE)
        ]

    def cell(self, state: State, column: Column) -> list[str]:
        """The labs in which an event reached a socket in a state."""
        found: list[str] = []
        for each, labs in self.events.items():
            if each.state is state and column in each.columns:
                for lab in labs:
                    _note(found, lab)
        return sorted(found, key=self.labs.index)

    def to_json(self) -> dict[str, Any]:
        """The document that `socklab coverage --json` prints."""
        return {
            "schema": SCHEMA,
            "labs": self.labs,
            "systems": self.systems,
            "steps": [self._step(step) for step in STEPS + LINUX_STEPS],
            "events": [
                {
                    "state": str(each.state),
                    "event": str(each.event),
                    "position": None if each.position is None else str(each.position),
                    "labs": labs,
                }
                for each, labs in sorted(self.events.items(), key=_place)
            ],
        }

    def _step(self, step: Step) -> dict[str, Any]:
        return {
            "state": str(step.state),
            "on": str(step.on),
            "cause": str(step.on.cause),
            "next": str(step.next),
            "source": step.source,
            "figure_5": step in FIGURE_5,
            "on_linux": step.on_linux,
            "seen": [
                {"lab": seen.lab, "host": seen.host}
                | ({} if step.on_linux else {"instead": seen.instead})
                for seen in self.seen(step)
            ],
        }


def coverage(records: Iterable[Record]) -> Coverage:
    """What these Records have witnessed.

    Raises:
        SsError: a row of a look does not read.
    """
    counted = Coverage()
    for record in records:
        counted.add(record)
    return counted


def wanted(step: Step) -> str:
    """The kind of lab that would witness a step, in words."""
    how = {
        Cause.CALL: f"in which a program calls {step.on} on a socket in {step.state}",
        Cause.SEGMENT: f"that carries {step.on} to an end in {step.state}",
        Cause.TIMER: f"that waits in {step.state} for the {step.on}",
    }[step.on.cause]
    return f"a lab {how}" + ("" if step.on_linux else ", and sees what happens instead")


def _system(record: Record) -> str:
    release = ".".join(record.machine.get("kernel", "").split(".")[:2])
    return f"{record.machine.get('system', 'Linux')} {release}".strip()


def _place(item: tuple[Reached, list[str]]) -> tuple[int, int, str]:
    states, columns = list(State), list(Column)
    return states.index(item[0].state), columns.index(item[0].event), str(item[0].position)


def _note(seen: list[Any], what: object) -> None:
    if what not in seen:
        seen.append(what)
