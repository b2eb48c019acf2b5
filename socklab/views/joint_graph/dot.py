"""A graph of joint states in the language of Graphviz, DOT."""

from __future__ import annotations

from collections.abc import Mapping

from socklab.views.columns import clean
from socklab.views.joint_graph.drawn import Box, Drawing, Kind

STYLES: Mapping[Kind, str] = {
    Kind.PLAIN: "",
    Kind.FAULT: ', style=dashed, color="#765700", fontcolor="#765700"',
    Kind.WRONG: ', style=bold, color="#ab2118", fontcolor="#ab2118", arrowhead=teenormal',
}
"""How an arrow looks, without its color too."""


def dot(drawing: Drawing) -> str:
    """A directed graph: those that are as far from the start stand side by side.

    Where it may end, the border is double; what must not be so has a heavy one, and a cross.
    """
    lines = [
        "digraph joint {",
        f'  graph [rankdir=TB, bgcolor=white, fontname="Helvetica", labelloc=t, '
        f"label={_quoted(drawing.title)}];",
        '  node [shape=box, style="rounded,filled", fillcolor="#eef2f7", fontname="Helvetica", '
        "fontsize=11];",
        '  edge [fontname="Helvetica", fontsize=9];',
    ]
    levels: dict[int, list[int]] = {}
    for number, box in enumerate(drawing.boxes):
        levels.setdefault(box.level, []).append(number)
        lines.append(f"  n{number} [{_box(box)}];")
    lines += (
        f"  {{ rank=same; {' '.join(f'n{number};' for number in numbers)} }}"
        for numbers in levels.values()
    )
    for arrow in drawing.arrows:
        # The blanks keep a label off its edge.
        label = "\n".join(f" {line} " for line in arrow.label)
        lines.append(
            f"  n{arrow.source} -> n{arrow.target} [label={_quoted(label)}, "
            f"tooltip={_quoted(arrow.title)}{STYLES[arrow.kind]}];"
        )
    return "\n".join([*lines, "}"]) + "\n"


def _box(box: Box) -> str:
    lines = [f"{host} {state}" for host, state in box.ends]
    if box.wire:
        lines.append(f"({', '.join(box.wire)})")
    if box.count > 1:
        lines.append(f"{box.count} joint states")
    if box.left:
        lines.append("not followed")
    attributes = [f"label={_quoted(chr(10).join(['✗ ' * bool(box.wrong) + lines[0], *lines[1:]]))}"]
    attributes.append(f"tooltip={_quoted(box.title)}")
    if box.end:
        attributes.append("peripheries=2")
    if box.wrong:
        attributes.append('penwidth=3, color="#ab2118"')
    if box.left:
        attributes.append('style="rounded,filled,dashed"')
    return ", ".join(attributes)


def _quoted(text: str) -> str:
    """A text as a string of DOT: clean, and a new line written as a backslash and an n."""
    told = "\n".join(map(clean, text.split("\n")))
    escaped = told.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
