"""A run whose moves a script makes."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from socklab.errors import LabError
from socklab.lab import Lab
from socklab.mover import MoveRefused
from socklab.moves import Move
from socklab.record import Record
from socklab.runner import is_made
from socklab.script import Flow, Step
from socklab.steer.free import NAME as FREE
from socklab.steer.pilot import Pilot, steer

OFFERED = 4
"""How many moves a sentence names instead of one that can't be made."""


async def play(
    lab: Lab,
    steps: Sequence[Step],
    record: Record,
    *,
    start: Sequence[Move] = (),
    link: str = "auto",
    ipv6: bool = False,
) -> None:
    """Make the moves of a script.

    Args:
        lab: whose programs, hosts and weather there are.
        steps: what is done.
        record: where to write, for a caller who wants what there is when it is interrupted.
        start: the moves that come before.
        link: "tun", "veth" or "auto".
        ipv6: whether the hosts have IPv6 addresses.

    Raises:
        MoveRefused: a move can't be made; the sentence says which, and what can be done instead.
        ExperimentError: what came of a move ended the run.
        MachineError: this machine can't run it, with the cure.
    """
    async with steer(lab, link=link, ipv6=ipv6, record=record) as pilot:
        for move in start:
            await pilot.make(move)
        for step in steps:
            try:
                await _do(pilot, step)
            except MoveRefused as refused:
                told = f"{step.where}: {refused}; {_instead(pilot, step)}"
                raise MoveRefused(told) from refused
            except LabError as mistake:
                raise LabError(f"{step.where}: {mistake}") from mistake


async def _do(pilot: Pilot, step: Step) -> None:
    bench = pilot.bench
    match step.does:
        case Flow() if bench.record.lab == FREE:
            raise LabError(
                "nothing flows in free play, where programs make no call of their own; "
                "`--start established` opens a connection"
            )
        case Flow(states=states):
            await bench.flow(None, **states)
        case Move() as move:
            if not is_made(bench, move):
                await pilot.make(move)


def _instead(pilot: Pilot, step: Step) -> str:
    """What can be done where a step can't, the nearest first."""
    texts = [str(choice.move) for choice in pilot.position().choices]
    if not texts:
        return "nothing can be done any more"
    near = difflib.get_close_matches(step.text, texts, n=1)
    offered = list(dict.fromkeys([*near, *texts]))[:OFFERED]
    told = ", ".join(f"`{text}`" for text in offered)
    return f"what can be done is {told}" + (" and more" if len(texts) > len(offered) else "")
