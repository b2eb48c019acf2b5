"""A lab from a run that somebody steered, with a control.

It is written, run to see that it goes the same way, and each control was seen to fail.
"""

from __future__ import annotations

import json
import math
import re
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from socklab.errors import ExperimentError, LabError, MachineError
from socklab.lab import Control, Lab, load
from socklab.moves import Move, Verb
from socklab.record import Call, Event, Expect, Move as MoveEvent, Record, Segment, Trouble
from socklab.runner import run_lab
from socklab.story import Draft, Without
from socklab.weather import CALM, patient

FILE = "played.py"
"""What a lab is called while it is tried, in a folder that is gone when it is loaded."""

NEAR = 1 << 20
"""Sequence numbers farther than this from a connection's first belong to none that was seen, and so
are others in each run: a RST takes its number from what it answers. No game sends so much."""

TRIED = 5
"""How many moves are left out, one at a time, to find a control. Arbitrary: the first one does."""


@dataclass(frozen=True, slots=True)
class Written:
    """A lab that was written from a run.

    Args:
        text: its file.
        has_control: whether a control was found for it.
    """

    text: str
    has_control: bool


async def write_lab(
    record: Record,
    name: str,
    *,
    leads_to: str = "handshake",
    link: str = "auto",
    patience_s: float = math.inf,
) -> Written:
    """The lab that makes the moves of a run again, and expects what they led to.

    Args:
        record: the run, with the looks that were taken.
        name: what the lab is to be called.
        leads_to: the lab to read next.
        link: "tun", "veth" or "auto".
        patience_s: how long its timers may take; a lab that waits for longer is written and not
            run, and says so.

    Raises:
        LabError: nothing has happened that could be told, or the run has failed.
        ExperimentError: it does not go the same way again.
        MachineError: this machine can't run it, with the cure.
    """
    if any(record.of(Trouble)):
        raise LabError("the run has failed: take its last move back, and what is left is a lab")
    draft = Draft(record, name, leads_to, {} if record.source else _weather(record))
    ipv6 = any(":" in address for address in record.hosts.values())
    if draft.waits_s > patience_s:
        return Written(replace(draft, tried=False).text(), has_control=False)
    bench = _Bench(link, ipv6)
    for way in draft.ways():
        again = await bench.run(way)
        if (parted := _parted(record, again, assumes=way.assumes)) is None:
            draft = way
            break
    else:
        raise ExperimentError(f"the moves do not lead the same way again, so no lab: {parted}")
    control = await _control(draft, bench)
    return Written(replace(draft, control=control).text(), control is not None)


class _Bench:
    """Runs drafts."""

    def __init__(self, link: str, ipv6: bool) -> None:
        self._link = link
        self._ipv6 = ipv6

    async def run(self, draft: Draft, control: Control | None = None) -> Record:
        # What a program prints has been printed when it was played.
        with redirect_stdout(StringIO()):
            return await run_lab(
                self._load(draft), bench="wire", link=self._link, ipv6=self._ipv6, control=control
            )

    def _load(self, draft: Draft) -> Lab:
        text = draft.text()
        try:
            with TemporaryDirectory() as folder:
                path = Path(folder, FILE)
                path.write_text(text, encoding="utf-8")
                return load(path)
        except OSError as refused:
            raise MachineError(
                f"the lab can't be tried: {refused.strerror}; cure: TMPDIR with a folder elsewhere"
            ) from refused


def _weather(record: Record) -> dict[str, str]:
    """The settings of net/ipv4 that were not as they always are."""
    told = {}
    for name, value in record.weather.items():
        # A story does not think as long as a player, so it needs no patience.
        pin = patient(CALM).get(name.replace(".", "/"))
        usual = " ".join(pin.value.split()) if pin else ""
        of_ipv4, _, setting = name.partition("net.ipv4.")
        if not of_ipv4 and setting and "." not in setting and value not in ("absent", usual):
            told[setting] = value
    return told


# --- The same way ---


def _parted(played: Record, again: Record, *, assumes: bool) -> str | None:
    """Where a lab's run leaves the way of the run it was written from; None if it does not."""
    for trouble in reversed(again.events):
        if isinstance(trouble, Trouble):
            return trouble.text.rpartition(f"{FILE}:")[2].partition(": ")[2] or trouble.text
    one, other = _way(played), _way(again)
    if assumes:
        # The lab waits for a timer that fired while somebody was thinking, perhaps a move later.
        one, other = (
            sorted(line for line in way if '"text": "wait ' not in line) for way in (one, other)
        )
        return None if one == other else "a timer fired that nobody waited for"
    last = ""
    for wanted, got in zip(one, other, strict=False):
        if wanted != got:
            return f"they part after `{last}`"
        event = json.loads(wanted)
        last = event["text"] if event["kind"] == MoveEvent.kind else last
    # A wire that is still cut at the end of a story is joined there.
    more = [line for line in other[len(one) :] if '"text": "join ' not in line]
    return f"they part after `{last}`" if more or len(other) < len(one) else None


def _way(record: Record) -> list[str]:
    """What a run and the lab that was written from it have in common.

    A program that is written anew makes its sockets when it likes, and one call of a name at a
    time: `call client shutdown(SHUT_WR)` is `call client shutdown` there.
    """
    numbers: dict[str, dict[int, int]] = {}
    alike = [_plain(event, numbers) for event in record.events]
    events = [event for event in alike if event is not None]
    return replace(record, events=events).essence(expectations=False)


def _plain(event: Event, numbers: dict[str, dict[int, int]]) -> Event | None:
    """An event without what the way does not hang on; None if that is all of it.

    Args:
        event: of a run.
        numbers: of each role, the calls so far by their numbers in the run.
    """
    match event:
        case MoveEvent(text=text) if (move := Move.parse(text)).verb is Verb.CALL:
            what = move.what.partition("(")[0]
            return None if what == "socket" else replace(event, text=str(replace(move, what=what)))
        case Call(call="socket"):
            return None
        case Call(role=role, number=number):
            known = numbers.setdefault(role, {})
            return replace(event, number=known.setdefault(number, len(known) + 1))
        case Segment(seq=seq) if abs(seq) > NEAR:
            return replace(event, seq=0)
    return event


# --- The control ---


async def _control(draft: Draft, bench: _Bench) -> Without | None:
    """A move without which the lab fails, as it was seen to fail; None if there is none."""
    for move, why in draft.controls()[:TRIED]:
        tried = await bench.run(draft, Control(why, "", without=move))
        if (fails := _fails(tried)) is not None:
            return Without(move, why, fails)
    return None


def _fails(record: Record) -> str | None:
    """What an expectation says that was not met; None if none failed, or only a move."""
    for trouble in record.of(Trouble):
        _, expected, told = trouble.text.partition("expected ")
        if expected and any(expect.passed is False for expect in record.of(Expect)):
            # What is on the wire may be a copy more or less, by the kernel's time.
            head, observed, seen = told.partition("; observed ")
            hosts = re.split(r",? ?\bwire ", seen)[0]
            return f"{expected}{head}{observed}{hosts}"
    return None
