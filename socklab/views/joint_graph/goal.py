"""Whether a search has reached its goal, and how, as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from socklab.joint.goal import Goal
from socklab.joint.graph import Graph
from socklab.views.columns import Style
from socklab.views.joint_graph.text import INDENT, Paper, Script, counted, sums, wrong


def goal_text(
    graph: Graph, goal: Goal, script: Script, *, paper: Paper, stopped: bool = False
) -> str:
    """The shortest way to a goal, or why there is none.

    Args:
        graph: what the search has found.
        goal: what it has looked for.
        script: makes a way into a script that goes it again.
        paper: what it is printed on.
        stopped: whether the search was stopped before its end.
    """
    node = next(graph.reached(goal), None)
    lines = list(wrong(graph, script, paper))
    if node is None:
        lines += paper.wrapped(f"{goal} was not reached: {_why(graph, stopped)}.", style=Style.BAD)
        lines += sums(graph, paper)
    else:
        after = " after the start" if graph.terms.start else ""
        count = counted(len(node.way), "move")
        leads = "leads" if len(node.way) == 1 else "lead"
        lines += paper.wrapped(
            f"{count}{after} {leads} to {goal}; there is no shorter way.", style=Style.STRONG
        )
        lines += _script(script(node.way), paper)
    return "\n".join(lines) + "\n"


def _script(lines: Sequence[str], paper: Paper) -> Iterator[str]:
    yield from (paper.line(INDENT + line) for line in lines)


def _why(graph: Graph, stopped: bool) -> str:
    if graph.complete:
        return f"all {counted(len(graph.nodes), 'joint state')} were tried, so it can't be"
    if stopped:
        return "the search was stopped"
    return f"depth {graph.terms.depth} was exhausted without it"
