"""What a Record witnesses: the steps that its ends took, and steps that Linux does not take.

That a step is not taken is told by its cause: the call was made in that state, and what RFC 9293
has follow did not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from socklab.coverage.ends import LINGER_0, Scene
from socklab.coverage.evidence import in_the_figure, told
from socklab.coverage.turns import listener_of, row_of
from socklab.record import Call, State as StateEvent
from socklab.tcp import CLOSED, LISTEN, STEPS, TIME_WAIT, On, State, Step

_FROM_LISTEN = {"send": On.SEND, "connect": On.ACTIVE_OPEN}
"""The calls with which RFC 9293 has a listener become active."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A step that an end took: which, and on which host."""

    step: Step
    host: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A step of RFC 9293 that Linux was seen not to take, on which host, and what was instead."""

    step: Step
    host: str
    instead: str


def witnessed(scene: Scene) -> Iterator[Witness]:
    """The steps that were taken in a turn.

    Where Linux keeps the listener in a row of its own, its step stands for RFC 9293's as well.
    """
    for change in scene.turn.changes:
        happened = scene.happened(change)
        step = None if happened is None else told(happened)
        if step is None:
            continue
        yield Witness(step, change.host)
        if (figure := in_the_figure(step)) is not None and _has_listener(scene, change):
            yield Witness(figure, change.host)


def refused(scene: Scene) -> Iterator[Refusal]:
    """The steps that RFC 9293 has, and Linux did not take in a turn."""
    for host in scene.turn.after:
        for call in scene.turn.begun(host):
            yield from _refused_call(scene, call)
    for change in scene.turn.changes:
        happened = scene.happened(change)
        if happened is not None and happened.sent_reset and happened.now is CLOSED:
            step = _not_on_linux(happened.was, On.RST_SENT)
            if step is not None:
                yield Refusal(step, change.host, "CLOSED at once")


def _refused_call(scene: Scene, call: Call) -> Iterator[Refusal]:
    pair = scene.names.pair(call.socket)
    if pair is None:
        return
    was, now = (row_of(rows, call.host, pair) for rows in (scene.turn.before, scene.turn.after))
    if was is None or now is None or (was.state, was.cookie) != (now.state, now.cookie):
        return
    returned = scene.turn.returned(call)
    if was.state is LISTEN and call.call in _FROM_LISTEN and returned and returned.error:
        step = _not_on_linux(LISTEN, _FROM_LISTEN[call.call])
        quiet = not any(segment.flags.startswith("S") for segment in scene.turn.sent(call.host))
        if step is not None and quiet:
            yield Refusal(step, call.host, f"{returned.error}, and it stays in LISTEN")
    lingers = scene.names.option(call.socket, "SO_LINGER") == LINGER_0
    if was.state is TIME_WAIT and call.call == "close" and lingers:
        step = _not_on_linux(TIME_WAIT, On.ABORT)
        if step is not None:
            yield Refusal(step, call.host, "it stays in TIME-WAIT")


def _not_on_linux(state: State, on: On) -> Step | None:
    return next((s for s in STEPS if s.state is state and s.on is on and not s.on_linux), None)


def _has_listener(scene: Scene, change: StateEvent) -> bool:
    """Whether a listener was there before and after, so that a change was of a child of its."""
    return all(
        listener_of(rows, change.host, change.local) is not None
        for rows in (scene.turn.before, scene.turn.after)
    )
