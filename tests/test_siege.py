"""The whole grid on this kernel: the same everywhere, and true where the truth is known."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import trio

from socklab import siege
from socklab.errors import LabError, MachineError
from socklab.grid import Grid
from socklab.hostile import CELLS, WITH_SYN, Cell, Hostile, Outcome, Position
from socklab.link import LinkKind
from socklab.segment_arrives import demanded
from socklab.siege import TRIES, besiege
from socklab.situations import Situation
from socklab.tcp import SYNCHRONIZED
from tests.grids import kept

S, H, P = Situation, Hostile, Position


@pytest.fixture(scope="module")
def here() -> Grid:
    """The grid of this kernel over veth, which can be had wherever a grid can."""
    return trio.run(lambda: besiege(link="veth"))


@pytest.mark.kernel
def test_it_has_every_cell_in_order(here: Grid) -> None:
    assert list(here.outcomes) == list(CELLS)
    assert here.kernel == os.uname().release
    assert len(CELLS) >= 400


@pytest.mark.kernel
async def test_it_is_the_same_over_any_link_and_any_ip(
    here: Grid, kind: LinkKind, ipv6: bool
) -> None:
    again = await besiege(link=kind.value, ipv6=ipv6)
    assert replace(again, ipv6=False).to_json() == here.to_json()


KNOWN = [
    # RFC 5961 section 3.2: a RST resets at RCV.NXT, is challenged in the window, else dropped.
    (S.ESTABLISHED, H.RST, P.BEFORE, "no reply, ESTABLISHED"),
    (S.ESTABLISHED, H.RST, P.NEXT, "no reply, CLOSED"),
    (S.ESTABLISHED, H.RST, P.AHEAD, "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, ESTABLISHED"),
    (S.ESTABLISHED, H.RST, P.BEYOND, "no reply, ESTABLISHED"),
    # RFC 9293: the handshake, and both ways to say goodbye.
    (S.LISTEN, H.SYN, P.NEXT, "<SEQ=ISS><ACK=SEG.SEQ+SEG.LEN><CTL=SYN,ACK>, SYN-RECEIVED"),
    (S.SYN_SENT, H.SYN_ACK, P.NEXT, "<SEQ=SND.NXT><ACK=SEG.SEQ+SEG.LEN><CTL=ACK>, ESTABLISHED"),
    (S.SYN_RECEIVED, H.ACK, P.NEXT, "no reply, ESTABLISHED"),
    (S.ESTABLISHED, H.FIN_ACK, P.NEXT, "<SEQ=SND.NXT><ACK=SEG.SEQ+SEG.LEN><CTL=ACK>, CLOSE-WAIT"),
    (S.FIN_WAIT_1, H.ACK, P.NEXT, "no reply, FIN-WAIT-2"),
    (S.FIN_WAIT_2, H.FIN_ACK, P.NEXT, "<SEQ=SND.NXT><ACK=SEG.SEQ+SEG.LEN><CTL=ACK>, TIME-WAIT"),
    (S.CLOSING, H.ACK, P.NEXT, "no reply, TIME-WAIT"),
    (S.LAST_ACK, H.ACK, P.NEXT, "no reply, CLOSED"),
    # RFC 1337: a RST assassinates TIME-WAIT, for tcp_rfc1337 is 0.
    (S.TIME_WAIT, H.RST, P.NEXT, "no reply, CLOSED"),
    (S.TIME_WAIT, H.SYN, P.BEYOND, "<SEQ=ISS><ACK=SEG.SEQ+SEG.LEN><CTL=SYN,ACK>, SYN-RECEIVED"),
    # RFC 9293 section 3.10.7.1: nobody there.
    (S.CLOSED, H.SYN, P.NEXT, "<SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>, CLOSED"),
    (S.CLOSED, H.ACK, P.NEXT, "<SEQ=SEG.ACK><CTL=RST>, CLOSED"),
    # Data for a program that has closed: RFC 9293 section 3.6.1 SHLD-3.
    (S.FIN_WAIT_2_ORPHAN, H.DATA, P.NEXT, "<SEQ=SEG.ACK><CTL=RST>, CLOSED"),
]


@pytest.mark.kernel
@pytest.mark.parametrize(("situation", "kind", "position", "expected"), KNOWN)
def test_what_is_known_is_so(
    here: Grid, situation: Situation, kind: Hostile, position: Position, expected: str
) -> None:
    assert str(here.outcomes[Cell(situation, kind, position)]) == expected


@pytest.mark.kernel
def test_a_syn_never_ends_a_connection_that_a_program_holds(here: Grid) -> None:
    for cell, outcome in here.outcomes.items():
        held = cell.situation.state in SYNCHRONIZED and cell.situation.held
        if held and cell.kind in WITH_SYN:
            assert str(outcome) == (
                f"<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, {cell.situation.state}"
            ), cell


@pytest.mark.kernel
def test_at_rcv_nxt_linux_does_what_the_rfc_demands_of_all_but_a_second_syn_or_fin(
    here: Grid,
) -> None:
    otherwise = {
        (str(cell.situation), str(cell.kind))
        for cell, outcome in here.outcomes.items()
        if cell.position is P.NEXT and outcome not in demanded(cell)
    }
    assert otherwise == {
        ("SYN-RECEIVED", "SYN"),
        ("SYN-RECEIVED", "SYN+ACK"),
        ("FIN-WAIT-2 orphan", "SYN"),
        ("FIN-WAIT-2 orphan", "SYN+ACK"),
        ("CLOSE-WAIT", "FIN+ACK"),
        ("CLOSING", "FIN+ACK"),
    }


@pytest.mark.kernel
def test_it_is_the_one_that_was_kept(here: Grid) -> None:
    if not here.kernel.startswith("6.18."):
        pytest.skip(f"the kept grid is Linux 6.18's, and this is Linux {here.kernel}")
    assert list(here.differences(kept())) == []


@pytest.mark.kernel
async def test_some_cells_are_besieged_as_in_the_whole_grid(here: Grid) -> None:
    some = [cell for cell in CELLS if cell.kind is H.FIN_ACK and cell.situation.held]
    grid = await besiege(some, link="veth")
    assert list(grid.outcomes.items()) == [(cell, here.outcomes[cell]) for cell in some]


@pytest.mark.kernel
async def test_an_unknown_link_is_refused() -> None:
    with pytest.raises(LabError, match="there is no link 'cable'"):
        await besiege(link="cable")


class Spoilt:
    """Stands for batches in which a timer fires, so many times."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.opened = 0

    @asynccontextmanager
    async def open_batch(self, *_: object, **__: object) -> AsyncIterator[Spoilt]:
        self.opened += 1
        yield self

    async def besiege(self) -> dict[Cell, Outcome] | None:
        self.left -= 1
        return None if self.left >= 0 else {}


@pytest.mark.kernel
async def test_a_spoilt_batch_is_thrown_away_and_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoilt = Spoilt(TRIES - 1)
    monkeypatch.setattr(siege, "open_batch", spoilt.open_batch)
    assert (await besiege(CELLS[:3], link="veth")).outcomes == {}
    assert spoilt.opened == TRIES


@pytest.mark.kernel
async def test_a_machine_that_is_always_too_slow_is_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(siege, "open_batch", Spoilt(TRIES).open_batch)
    with pytest.raises(MachineError) as told:
        await besiege(CELLS[:3], link="veth")
    assert str(told.value) == (
        "this machine is too busy: in each of 5 tries with CLOSED more than a second passed, "
        "and the kernel sent again what it had sent; cure: try again later"
    )
