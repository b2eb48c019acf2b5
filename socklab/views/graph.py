"""Steps between states as a graph in the language of Graphviz, DOT: of many runs, or of one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from socklab.packet import Kind
from socklab.record import Call, Record, State as StateChange
from socklab.tcp import (
    CLOSE_WAIT,
    CLOSED,
    CLOSING,
    FIN_WAIT_1,
    FIN_WAIT_2,
    LAST_ACK,
    LISTEN,
    SYN_RECEIVED,
    SYN_SENT,
    State,
    Step,
)
from socklab.views.columns import clean
from socklab.views.diagram import Ink, Line
from socklab.views.rungs import hosts_of

STYLES: Mapping[Line, str] = {
    Line.INKED: 'style=bold, penwidth=2.5, color="#0b4f9e"',
    Line.FAINT: 'style=dashed, color="#6b7480", fontcolor="#4c5560"',
    Line.CROSSED: 'style=dotted, color="#b3261e", fontcolor="#4c5560", arrowhead=teeodot',
}
"""How an edge looks for each kind of line, without its color too."""


ROWS = (
    (SYN_RECEIVED, SYN_SENT),
    (FIN_WAIT_1, CLOSE_WAIT),
    (FIN_WAIT_2, CLOSING, LAST_ACK),
)
"""States that stand side by side, as in RFC 9293's figure."""

LOOKS = (
    '  graph [bgcolor=white, fontname="Helvetica"];',
    '  node [shape=box, style="rounded,filled", fillcolor="#eef2f7", fontname="Helvetica"];',
    '  edge [fontname="Helvetica", fontsize=10];',
)
"""How a graph looks, but for what single edges say."""

FLAGS = re.compile(r"[SFRPUEWe.]+")
"""The flags of a segment, as tcpdump writes them."""


def dot(inks: Mapping[Step, Ink]) -> str:
    """The steps as a directed graph, a node for each state.

    Of several steps between the same two states there is one edge. It names those that were seen,
    or that are not there, and is inked if one of them is.

    Args:
        inks: the steps, and how each is drawn.
    """
    edges: dict[tuple[State, State], list[Step]] = {}
    for step in inks:
        edges.setdefault((step.state, step.next), []).append(step)
    lines = [
        "digraph tcp {",
        *LOOKS,
        *(f"  {_quoted(str(state))};" for state in State),
        *(f"  {{ rank=same; {' '.join(_quoted(str(each)) for each in row)}; }}" for row in ROWS),
    ]
    for (was, now), steps in edges.items():
        kinds = {inks[step].line for step in steps}
        line = next(line for line in Line if line in kinds)
        tooltip = "\n".join(f"{step.on}: {inks[step].title}" for step in steps)
        lines.append(
            f"  {_quoted(str(was))} -> {_quoted(str(now))} "
            f"[label={_quoted(_label(inks, steps))}, tooltip={_quoted(tooltip)}, {STYLES[line]}];"
        )
    return "\n".join([*lines, "}"]) + "\n"


MOST_NUMBERS = 4
"""How many changes of state are numbered on one edge; of more the first are, and their count."""


def observed(record: Record) -> str:
    """The changes of state of one run as a graph: for each host the states that its ends were in.

    An edge has the numbers of its changes, in the order in which `ss` showed them on both hosts,
    and what caused them. A connection that came out of a listener comes from LISTEN. States with a
    double border are those in which an end was at the end of the run.

    Args:
        record: the run.

    Returns:
        A directed graph, a cluster for each host.
    """
    changes = list(_changes(record))
    lines = ["digraph observed {", *LOOKS]
    lines.append(f"  graph [label={_quoted(_title(record))}, labelloc=t];")
    for number, host in enumerate(hosts_of(record)):
        own = [change for change in changes if change.host == host]
        if own:
            # Without a border: Graphviz lets the labels of edges reach over it.
            lines.append(f"  subgraph {_quoted(f'cluster {number}')} {{")
            lines.append(f"    graph [label={_quoted(clean(host))}, peripheries=0];")
            lines += (f"    {line}" for line in _states_of(own, number))
            lines.append("  }")
    return "\n".join([*lines, "}"]) + "\n"


def _states_of(changes: Sequence[_Change], host: int) -> Iterator[str]:
    """The states of one host and the edges between them; a node's name is the host's number too."""
    last = {change.socket: change.now for change in changes}.values()
    for state in dict.fromkeys(state for change in changes for state in (change.was, change.now)):
        border = ", peripheries=2" if state in last else ""
        yield f"{_quoted(f'{host} {state}')} [label={_quoted(state)}{border}];"
    edges: dict[tuple[str, str], list[_Change]] = {}
    for change in changes:
        edges.setdefault((change.was, change.now), []).append(change)
    for (was, now), along in edges.items():
        sockets = "\n".join(dict.fromkeys(change.socket for change in along))
        yield (
            f"{_quoted(f'{host} {was}')} -> {_quoted(f'{host} {now}')} "
            f"[label={_quoted(_causes(along))}, tooltip={_quoted(sockets)}];"
        )


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of state, numbered from 1."""

    number: int
    host: str
    socket: str
    was: str
    now: str
    cause: str


def _changes(record: Record) -> Iterator[_Change]:
    """The changes of state of a run, in order."""
    calls = {call.call for call in record.of(Call)}
    listening: set[tuple[str, str]] = set()
    for number, event in enumerate(record.of(StateChange), start=1):
        port = event.host, event.local.rpartition(":")[2]
        was = event.was
        if event.peer.endswith(":*"):
            (listening.add if event.now == str(LISTEN) else listening.discard)(port)
        elif was == str(CLOSED) and port in listening and event.cause not in calls:
            # Linux keeps a listener in a row of its own, and makes one for each connection.
            was = str(LISTEN)
        cause = event.cause
        if cause in calls:
            cause = f"{cause}()"
        elif FLAGS.fullmatch(cause):
            cause = _kind(cause)
        texts = f"{event.local} {event.peer}", was, event.now, cause
        yield _Change(number, event.host, *map(clean, texts))


def _kind(flags: str) -> str:
    """What a segment is to people, from its flags as tcpdump writes them."""
    kinds = {"R": Kind.RST, "S": Kind.SYN_ACK if "." in flags else Kind.SYN, "F": Kind.FIN}
    kinds["P"] = Kind.DATA
    return str(next((kind for flag, kind in kinds.items() if flag in flags), Kind.ACK))


def _causes(along: Sequence[_Change]) -> str:
    """The causes of an edge, a line each, after the numbers of the changes.

    The blanks keep a label off its edge.
    """
    numbers: dict[str, list[int]] = {}
    for change in along:
        numbers.setdefault(change.cause, []).append(change.number)
    told = []
    for cause, own in numbers.items():
        shown = [str(number) for number in own[:MOST_NUMBERS]]
        if more := len(own) - len(shown):
            shown.append(f"{more} more")
        told.append(f" {', '.join(shown)}: {cause or 'unseen'} ")
    return "\n".join(told)


def _title(record: Record) -> str:
    title = record.title or record.lab
    if not any(record.of(StateChange)):
        title = f"{title}: no end changed its state".removeprefix(": ")
    return clean(title)


def _label(inks: Mapping[Step, Ink], steps: Sequence[Step]) -> str:
    named = [step for step in steps if inks[step].line is not Line.FAINT]
    if len(steps) == 1:
        named = list(steps)
    told = [f"{step.on}: {inks[step].note}" for step in named]
    if more := len(steps) - len(named):
        told.append(f"{more} not seen" if not named else f"and {more} not seen")
    return "\n".join(told)


def _quoted(text: str) -> str:
    """A text as a string of DOT; a new line there is written as a backslash and an n."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
