"""Steps between states as a graph in the language of Graphviz, DOT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from socklab.tcp import (
    CLOSE_WAIT,
    CLOSING,
    FIN_WAIT_1,
    FIN_WAIT_2,
    LAST_ACK,
    SYN_RECEIVED,
    SYN_SENT,
    State,
    Step,
)
from socklab.views.diagram import Ink, Line

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
        '  graph [bgcolor=white, fontname="Helvetica"];',
        '  node [shape=box, style="rounded,filled", fillcolor="#eef2f7", fontname="Helvetica"];',
        '  edge [fontname="Helvetica", fontsize=10];',
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
