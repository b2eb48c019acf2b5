"""The siege: the whole grid on this machine's kernel, one situation after the other."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import groupby

from socklab.batch import open_batch
from socklab.errors import MachineError
from socklab.grid import Grid
from socklab.hostile import CELLS, Cell, Outcome
from socklab.link import LinkKind, choose
from socklab.namespaces import be_allowed

TRIES = 5
"""How often a situation is besieged before we give up. One is nearly always enough: it takes
some hundredths of a second, and only a full one spoils it."""


async def besiege(cells: Iterable[Cell] = CELLS, *, link: str = "auto", ipv6: bool = False) -> Grid:
    """What this kernel does in each of these cells.

    Every situation has a host of its own, new and quiet, and every cell a connection of its own,
    so that nothing in the grid remembers anything else in it.

    Args:
        cells: which, in the order of `CELLS`.
        link: "tun", "veth" or "auto"; the outcomes are the same.
        ipv6: whether the host has an IPv6 address.

    Raises:
        MachineError: this machine can't do it, with the cure.
    """
    be_allowed()
    kind = choose(link)
    outcomes: dict[Cell, Outcome] = {}
    for _, group in groupby(cells, key=lambda cell: cell.situation):
        outcomes |= await _besiege_one(tuple(group), kind, ipv6=ipv6)
    return Grid(os.uname().release, ipv6, outcomes)


async def _besiege_one(cells: Sequence[Cell], kind: LinkKind, *, ipv6: bool) -> dict[Cell, Outcome]:
    for _ in range(TRIES):
        async with open_batch(cells, kind, ipv6=ipv6) as batch:
            outcomes = await batch.besiege()
        if outcomes is not None:
            return outcomes
    raise MachineError(
        f"this machine is too busy: in each of {TRIES} tries with {cells[0].situation} more than "
        "a second passed, and the kernel sent again what it had sent; cure: try again later"
    )
