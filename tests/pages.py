"""Events of a small run for tests of what is shown, and the ladder that they make."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from socklab.record import Call, Event, Expect, Fate, Move, Phase, Record, Segment, State
from socklab.views.ladder import ladder
from tests.records import HOSTS

WIDTHS = (40, 80, 120, 200)

SGR = re.compile(r"\x1b\[[0-9;]*m")

SENT = Segment(
    0.1, "client", "server", 3, "F.", 1, 1, 0, Fate.SENT, False, "",
    "10.0.0.1:40000", "10.0.0.2:80", "45",
)  # fmt: skip
CARRIED = replace(SENT, fate=Fate.CARRIED)
DROPPED = replace(SENT, fate=Fate.DROPPED)
BACK = replace(
    SENT,
    from_="server",
    to="client",
    source="10.0.0.2:80",
    destination="10.0.0.1:40000",
    flags=".",
    ack=2,
)
CALL = Call(0.1, "client", "client", "client/1", 1, "shutdown", ("SHUT_WR",), Phase.BEGUN)
RETURNED = replace(CALL, phase=Phase.RETURNED, result=0)
CARRY = Move(0.1, "carry client 3 FIN")
STATE = State(
    0.2, "client", "10.0.0.1:40000", "10.0.0.2:80", "ESTABLISHED", "FIN-WAIT-1", "shutdown"
)
MET = Expect(0.2, {"client": "FIN-WAIT-1"}, {"client": "FIN-WAIT-1"}, True, "lab.py:7")


def columns(line: str) -> int:
    """How many columns a terminal gives to a line; counted apart from what is tested."""
    return sum(
        0
        if unicodedata.category(c) in ("Mn", "Me")
        else 2
        if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in line
    )


def squeezed(text: str) -> str:
    """A text without blanks and what a ladder is drawn with: so is what was wrapped whole again."""
    return re.sub(r"[\s│├┤─╌═►◄✗○]", "", text)


def record_of(*events: Event, **more: object) -> Record:
    """A Record of these events."""
    record = Record("made", "wire", "tun", dict(HOSTS), events=list(events))
    return replace(record, **more)  # type: ignore[arg-type]


def rows(*events: Event, width: int = 80, verbose: bool = False) -> list[str]:
    """The ladder of these events without its head and its end."""
    return rungs_of(ladder(record_of(*events), width=width, verbose=verbose))


def rungs_of(text: str) -> list[str]:
    """The lines of a ladder's rungs: what stands below the hosts' names, and above the end."""
    lines = text.splitlines()
    begin = lines.index("")
    return lines[begin + 2 : lines.index("", begin + 1)]
