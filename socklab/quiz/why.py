"""Why a move led where it did: the arrows that were taken, and what the lab says of it."""

from __future__ import annotations

from collections.abc import Iterator

from socklab.coverage.ends import Scene
from socklab.coverage.evidence import in_the_figure, told
from socklab.quiz.shown import calls, came_to
from socklab.quiz.situation import held
from socklab.record import Call, Expect, Fate, Move, Record, Segment
from socklab.tcp import Step


def why(scene: Scene) -> tuple[str, ...]:
    """What happened in a turn, a line each: calls, segments, and the arrow behind each change."""
    return (*_calls(scene), *_segments(scene), *_arrows(scene))


def _calls(scene: Scene) -> Iterator[str]:
    for call in calls(scene.turn):
        result = came_to(scene.turn, call.role, call.number)
        yield f"{call.role} {call.call}({', '.join(call.arguments)}) {result}"


def _segments(scene: Scene) -> Iterator[str]:
    for event in scene.turn.events:
        if isinstance(event, Segment) and event.fate is Fate.SENT:
            segment = held(event)
            if segment is not None:
                yield f"sent: {segment}"


def _arrows(scene: Scene) -> Iterator[str]:
    for change in scene.turn.changes:
        happened = scene.happened(change)
        step = None if happened is None else told(happened)
        arrow = f"{change.host} {change.was} → {change.now}"
        if step is None:
            yield f"{arrow}, by {change.cause}"
        else:
            yield f"{arrow} on {step.on} ({_source(step)})"


def _source(step: Step) -> str:
    figure = in_the_figure(step)
    if figure is not None:  # where Linux has a row of its own for what was a listener's
        return f"{step.source}; {figure.source} has {figure.state} → {figure.next}"
    return step.source if not step.linux else f"{step.source}; Linux: {step.linux}"


def remarks(record: Record, step: int) -> tuple[str, ...]:
    """What the lab's file remarks beside a move, its call, and what it then expects; each once.

    They begin with `#`, as they do in the file.

    Args:
        record: of a run with its story, which a run that is steered has not.
        step: the move's number, from 1.
    """
    number, places = 0, []
    for event in record.events:
        number += isinstance(event, Move)
        if number == step and isinstance(event, Move | Call | Expect):
            places.append(event.where)
    found = (_remark(record, place) for place in places)
    return tuple(dict.fromkeys(f"# {remark}" for remark in found if remark))


def _remark(record: Record, place: str) -> str:
    """The comment at the end of a line of the lab's file; empty if it has none."""
    file, _, line = place.rpartition(":")
    lines = record.source.splitlines()
    if file != record.file or not line.isdecimal() or not 0 < int(line) <= len(lines):
        return ""
    return lines[int(line) - 1].partition("  # ")[2].strip()
