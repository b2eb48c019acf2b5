"""A batch: real sockets in every situation, and what keeps a timer's doing out of the outcomes."""

from __future__ import annotations

import select
from pathlib import Path

import pytest

from socklab import batch as batches
from socklab.batch import WEATHER, Batch, Connection, open_batch
from socklab.errors import MachineError, ToolError
from socklab.forgery import Ends, Numbers
from socklab.hostile import CELLS, Cell, Hostile, Position
from socklab.link import LinkKind
from socklab.packet import Flags, Packet
from socklab.segment_arrives import is_challenge
from socklab.situations import WAYS, Situation, Step
from socklab.ss import Row
from socklab.tcp import steps
from tests.stand import children, open_descriptors

ENDS = Ends("10.0.0.2", 10_000, "10.0.0.1", 80)


def cells_of(situation: Situation) -> list[Cell]:
    return [cell for cell in CELLS if cell.situation is situation]


def counter(batch: Batch, name: str) -> int:
    """One of the kernel's counters on a batch's host."""
    with batch._host.entered():
        lines = Path("/proc/thread-self/net/netstat").read_text().splitlines()
    names, values = (line.split() for line in lines[:2])
    return int(values[names.index(name)])


# --- The peer's memory ---


def packet(flags: Flags, seq: int, ack: int = 0, window: int = 64_240) -> Packet:
    return Packet("10.0.0.1", "10.0.0.2", 80, 10_000, flags, seq, ack, window)


def test_a_connection_knows_what_its_socket_has_told() -> None:
    one = Connection(ENDS)
    assert one.numbers == Numbers(batches.NO_SND_NXT, batches.PEER_ISS, batches.NO_WINDOW)
    one.learn(packet(Flags.SYN | Flags.ACK, 2**32 - 1, 1_000_001))
    assert one.numbers == Numbers(0, 1_000_001, 64_240)
    one.learn(packet(Flags.FIN | Flags.ACK, 0, 1_000_001))
    one.learn(packet(Flags.SYN | Flags.ACK, 2**32 - 1, 1_000_001))  # a copy takes nothing back
    assert one.numbers == Numbers(1, 1_000_001, 64_240)


def test_a_syn_tells_no_window() -> None:
    one = Connection(ENDS)
    one.learn(packet(Flags.SYN, 41))
    assert one.numbers == Numbers(42, batches.PEER_ISS, batches.NO_WINDOW)


# --- Every situation on a real host ---


@pytest.mark.kernel
@pytest.mark.parametrize("situation", Situation, ids=str)
async def test_a_situation_is_reached_and_each_change_is_a_step(
    situation: Situation, kind: LinkKind
) -> None:
    cells = cells_of(situation)
    async with open_batch(cells, kind) as batch:
        before = counter(batch, "TCPChallengeACK")
        outcomes = await batch.besiege()
        challenged = counter(batch, "TCPChallengeACK") - before
    assert outcomes is not None
    assert list(outcomes) == cells
    for cell, outcome in outcomes.items():
        was, now = situation.state, outcome.becomes
        assert was is now or steps(was, now), f"{cell}: {outcome}"
        assert len(outcome.replies) <= 1
    # Two witnesses: what we call a challenge ACK, the kernel counts as one. It does not in what
    # has no full socket, where the same segment is sent for older reasons.
    if situation.held or situation is Situation.FIN_WAIT_1_ORPHAN:
        assert challenged == sum(is_challenge(*pair) for pair in outcomes.items())


@pytest.mark.kernel
async def test_a_step_left_out_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    ways = dict(WAYS) | {Situation.FIN_WAIT_2: WAYS[Situation.FIN_WAIT_1]}
    monkeypatch.setattr(batches, "WAYS", ways)
    async with open_batch(cells_of(Situation.FIN_WAIT_2), LinkKind.VETH) as batch:
        with pytest.raises(ToolError) as told:
            await batch.besiege()
    assert str(told.value).startswith(
        "42 of 42 sockets are not in FIN-WAIT-2; `ss` shows of the first: FIN-WAIT-1"
    )


@pytest.mark.kernel
async def test_an_orphan_and_a_held_socket_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    ways = dict(WAYS) | {Situation.FIN_WAIT_1_ORPHAN: WAYS[Situation.FIN_WAIT_1]}
    monkeypatch.setattr(batches, "WAYS", ways)
    async with open_batch(cells_of(Situation.FIN_WAIT_1_ORPHAN), LinkKind.VETH) as batch:
        with pytest.raises(ToolError, match="42 of 42 sockets are not in FIN-WAIT-1 orphan"):
            await batch.besiege()


@pytest.mark.kernel
async def test_a_connection_that_is_not_there_yet_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ways = dict(WAYS) | {Situation.ESTABLISHED: (Step.SYN, Step.ACCEPT)}
    monkeypatch.setattr(batches, "WAYS", ways)
    async with open_batch(cells_of(Situation.ESTABLISHED), LinkKind.VETH) as batch:
        with pytest.raises(ToolError, match=r"0 of 42 connections reached accept\(\)"):
            await batch.besiege()


@pytest.mark.kernel
async def test_a_reply_counts_for_its_own_cell_only(kind: LinkKind) -> None:
    cells = [
        Cell(Situation.ESTABLISHED, Hostile.RST, Position.NEXT),
        Cell(Situation.ESTABLISHED, Hostile.RST, Position.AHEAD),
        Cell(Situation.ESTABLISHED, Hostile.RST, Position.BEYOND),
    ]
    async with open_batch(cells, kind) as batch:
        outcomes = await batch.besiege()
    assert outcomes is not None
    assert [str(one) for one in outcomes.values()] == [
        "no reply, CLOSED",
        "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, ESTABLISHED",
        "no reply, ESTABLISHED",
    ]


@pytest.mark.kernel
async def test_a_late_reply_still_finds_its_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [
        Cell(Situation.ESTABLISHED, Hostile.RST, Position.AHEAD),
        Cell(Situation.ESTABLISHED, Hostile.RST, Position.BEYOND),
    ]
    async with open_batch(cells, LinkKind.VETH) as batch:
        take, look, waiting = batch._take, batch._look, [[]]  # type: ignore[var-annotated]

        async def take_late() -> list[Packet]:
            waiting.append(await take())
            return list(waiting.pop(0))

        def look_and_be_late() -> dict[tuple[int, int], Row]:
            monkeypatch.setattr(batch, "_take", take_late)
            return look()

        monkeypatch.setattr(batch, "_look", look_and_be_late)
        outcomes = await batch.besiege()
    assert outcomes is not None
    assert [len(one.replies) for one in outcomes.values()] == [1, 0]


# --- Timers ---


@pytest.mark.kernel
@pytest.mark.parametrize(
    "situation",
    [Situation.SYN_SENT, Situation.SYN_RECEIVED, Situation.SYN_RECEIVED_SIMULTANEOUS],
    ids=str,
)
async def test_a_timer_that_fires_meanwhile_spoils_the_batch(
    situation: Situation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_batch(cells_of(situation), LinkKind.VETH) as batch:
        look, looks = batch._look, 0

        def look_late() -> dict[tuple[int, int], Row]:
            nonlocal looks
            looks += 1
            if looks == 1:
                # Until the kernel sends something by itself: the SYN or SYN+ACK again.
                (descriptor,) = batch._wire._link.descriptors()
                readable = select.poll()
                readable.register(descriptor, select.POLLIN)
                assert readable.poll(20_000), "a watchdog: it takes a second"
            return look()

        monkeypatch.setattr(batch, "_look", look_late)
        assert await batch.besiege() is None


# --- What it stands on ---


def test_the_rto_is_frozen_and_yet_close_leaves_a_time_wait_socket() -> None:
    # tcp_fin_time() is 3.5 RTO; from a minute on, an orphan in FIN-WAIT-2 stays a full socket.
    rto_min_us = int(WEATHER["net/ipv4/tcp_rto_min_us"].value)
    assert 10_000_000 < rto_min_us < 60_000_000 / 3.5


@pytest.mark.kernel
async def test_nothing_is_left_behind(kind: LinkKind) -> None:
    descriptors, processes = open_descriptors(), children()
    async with open_batch(cells_of(Situation.CLOSE_WAIT), kind) as batch:
        assert open_descriptors() > descriptors
        await batch.besiege()
    assert (open_descriptors(), children()) == (descriptors, processes)


@pytest.mark.kernel
async def test_an_error_comes_out_as_it_is_and_leaves_nothing_behind() -> None:
    descriptors = open_descriptors()
    with pytest.raises(ZeroDivisionError):
        async with open_batch(cells_of(Situation.LISTEN), LinkKind.VETH):
            raise ZeroDivisionError
    assert open_descriptors() == descriptors


@pytest.mark.kernel
async def test_too_few_descriptors_are_told_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_batch(cells_of(Situation.SYN_SENT), LinkKind.VETH) as batch:

        def refuse(*_: object) -> None:
            raise OSError(24, "Too many open files")

        monkeypatch.setattr(batch._host, "socket", refuse)
        with pytest.raises(MachineError) as told:
            await batch.besiege()
    assert str(told.value) == (
        "42 sockets can't be had at once: Too many open files; cure: ulimit -n 256"
    )
