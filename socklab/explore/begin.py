"""Where a search begins: the moves of a script, as they were made once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import partial

import trio

from socklab.crew import Crew
from socklab.errors import LabError, MachineError, SocklabError, ToolError
from socklab.explore.probe import unhurried
from socklab.joint.graph import Terms
from socklab.lab import Lab
from socklab.mover import MoveRefused
from socklab.runner import new_record
from socklab.script import Flow, Step
from socklab.steer.scripted import play
from socklab.tcp import State
from socklab.worker import Job, Result

PATIENCE_S = 120.0
"""A watchdog for making the start once, in seconds."""


def established(lab: Lab) -> Step:
    """The step that opens a lab's connection: everything flows until both ends are ESTABLISHED."""
    states = dict.fromkeys(lab.hosts, (State.ESTABLISHED,))
    text = f"flow {','.join(f'{host}={State.ESTABLISHED}' for host in lab.hosts)}"
    return Step("--start established", text, Flow(states))


def moves_of(
    lab: Lab,
    steps: Sequence[Step],
    *,
    link: str = "auto",
    ipv6: bool = False,
    stop_on: Sequence[int] = (),
) -> tuple[tuple[str, ...], int | None]:
    """The moves that these steps come to, a line of text each; and the signal that came instead.

    Raises:
        LabError: they can't be made.
        MachineError: this machine can't run it, with the cure.
    """
    work = partial(_work, unhurried(lab, Terms(lab.name)), steps, link=link, ipv6=ipv6)
    # In a process of its own: one that has had a Trio run may have threads, and must not fork.
    crew = Crew([Job("the start", work, PATIENCE_S)], 1, stop_on=stop_on)
    with closing(crew.results()) as results:
        moves = next((_told(each) for each in results if each is not None), None)
    if crew.stopped_by is None and moves is None:
        raise ToolError("the process that makes the start ended without a word")
    return moves or (), crew.stopped_by


def _work(
    lab: Lab, steps: Sequence[Step], *, link: str, ipv6: bool
) -> tuple[str, ...] | SocklabError:
    record = new_record(lab)
    try:
        trio.run(partial(play, lab, steps, record, link=link, ipv6=ipv6))
    except (LabError, MachineError, ToolError) as refused:
        return type(refused)(str(refused))
    except SocklabError as failed:
        if isinstance(failed, MoveRefused):
            return LabError(f"the start can't be made: {failed}")
        return LabError(f"the start ends the run: {failed}")
    return tuple(record.moves())


def _told(result: Result[tuple[str, ...] | SocklabError]) -> tuple[str, ...] | None:
    if isinstance(result.value, SocklabError):
        raise result.value
    return result.value
