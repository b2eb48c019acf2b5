"""What the player's script needs to know of each step, as JSON can tell it.

The ladder, the source and the texts are in the page already. This is the rest: what `ss` showed,
which calls were blocked and which segments on the wire, and which state each end was in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from socklab.record import Call, Fate, Phase, Record, Segment, State
from socklab.tcp import State as TcpState, steps as ways
from socklab.views.arrows import label
from socklab.views.ending import claim
from socklab.views.journeys import Journeys
from socklab.views.player.ends import Ends
from socklab.views.player.ladder import mark
from socklab.views.player.moves import sentence
from socklab.views.player.rows import Rows
from socklab.views.player.steps import Step
from socklab.views.player.text import tidy
from socklab.views.rungs import Arrow, Part, hosts_of

NEVER = -1
"""In place of a step: it did not come."""

Json = dict[str, Any]


def moments(record: Record, steps: Sequence[Step], ends: Ends) -> Json:
    """All steps as one document; page.js reads it, and says what its fields are."""
    rows = Rows()
    told = list(_steps(record, steps, ends, rows))
    return {
        "hosts": [tidy(host) for host in hosts_of(record)],
        "steps": told,
        "rows": rows.told,
        "sockets": rows.sockets,
        "facts": rows.facts,
        "calls": list(_calls(record, steps)),
        "wire": list(_on_the_wire(record, steps)),
        "connections": [
            {
                "name": tidy(connection.name),
                "ends": [
                    {
                        "host": tidy(end.host),
                        "local": tidy(end.local),
                        "turns": [
                            [turn.step, turn.was, turn.now, tidy(turn.cause), int(turn.afresh)]
                            for turn in end.turns
                        ],
                    }
                    for end in connection.ends
                ],
            }
            for connection in ends.connections
        ],
        "next": [
            [str(was), [str(now) for now in TcpState if now is not was and ways(was, now)]]
            for was in TcpState
        ],
    }


def _steps(record: Record, steps: Sequence[Step], ends: Ends, rows: Rows) -> Iterator[Json]:
    for step, connection in zip(steps, ends.touched(), strict=True):
        told: Json = {"at": step.at_s, "connection": connection}
        if step.move is not None:
            told["move"] = tidy(sentence(step.move.text))
            told["line"] = line_of(record, step.move.where)
        if step.look is not None:
            told["rows"] = [[tidy(host), of] for host, of in rows.of(step.look).items()]
        if step.expects:
            told["expects"] = [
                [number, mark(expect.passed)[0], tidy(claim(expect))]
                for number, expect in step.expects
            ]
        if changes := [event for event in step.events if isinstance(event, State)]:
            told["changes"] = [
                [tidy(event.host), tidy(event.was), tidy(event.now)] for event in changes
            ]
        yield told


def _calls(record: Record, steps: Sequence[Step]) -> Iterator[list[str | int]]:
    """Each call: its role, its text, its line, and the steps in which it began and returned."""
    open_calls: dict[tuple[str, int], list[str | int]] = {}
    for step in steps:
        for event in step.events:
            if not isinstance(event, Call):
                continue
            key = event.role, event.number
            if event.phase is Phase.BEGUN:
                text = f"{event.call}({', '.join(event.arguments)})"
                line = line_of(record, event.where)
                told: list[str | int]
                told = [tidy(event.role), tidy(text), line, step.number, NEVER]
                open_calls[key] = told
                yield told
            elif key in open_calls:
                # It was given away already, and is the same list.
                open_calls.pop(key)[4] = step.number


def _on_the_wire(record: Record, steps: Sequence[Step]) -> Iterator[list[str | int]]:
    """Each segment that a step left on the wire: its way, its label, and from when until when."""
    journeys = Journeys(record.events, ())
    step_of = [step.number for step in steps for _ in step.events]
    left: dict[int, int] = {}
    for index, event in enumerate(record.events):
        if isinstance(event, Segment) and event.fate not in (Fate.SENT, Fate.DUPLICATED):
            begin = journeys.sent_at(index)
            if begin is not None:
                left[begin] = step_of[index]
    for index, event in enumerate(record.events):
        if isinstance(event, Segment) and event.fate is Fate.SENT:
            begin, end = step_of[index], left.get(index, NEVER)
            if begin != end:
                text = label(Arrow(event, Part.WHOLE))
                yield [tidy(event.from_), tidy(event.to), tidy(text), begin, end]


def line_of(record: Record, where: str) -> int:
    """The line of the lab's file that a place is on; 0 if it is in another file, or unknown."""
    file, _, line = where.rpartition(":")
    return int(line) if file == record.file and file and line.isdecimal() else 0
