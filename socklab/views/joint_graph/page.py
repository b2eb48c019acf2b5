"""A graph of joint states as one HTML page: the picture, and beside it what a state is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import Literal

from socklab.joint.graph import Graph
from socklab.views.joint_graph.drawn import drawn, ends_of, is_fault
from socklab.views.joint_graph.svg import svg
from socklab.views.joint_graph.text import Paper, sums, told
from socklab.views.player import FIRST, file as of_player, policy
from socklab.views.player.text import embedded, escaped, filled, tidy

LEGEND = (
    "A box with a double border: it may end there. A dashed arrow: a fault of the wire. "
    "A dashed border: not all that may follow was tried. The heavy arrows: the shortest way."
)


def page(graph: Graph, what: Literal["auto", "joint", "pairs"] = "auto") -> str:
    """The page.

    Args:
        graph: with one joint state at least.
        what: what is drawn; see `drawn`.

    Returns:
        The text of one file, for UTF-8. It asks for nothing from anywhere.
    """
    drawing = drawn(graph, what)
    style = of_player("look.css") + _file("page.css")
    script = of_player("theme.js") + _file("page.js")
    whole = Paper(width=10_000)
    picture = svg(drawing, alone=False)
    return filled(
        _file("page.html"),
        {
            "policy": policy([style], [FIRST, script]),
            "title": f"{escaped(graph.terms.lab)}: joint states",
            "style": style,
            "first": FIRST,
            "heading": escaped(told(graph.terms)),
            "sums": escaped(" ".join(sums(graph, whole))),
            "wrong": _wrong(graph),
            "graph": picture,
            "legend": escaped(LEGEND),
            "data": embedded(_data(graph, [box.nodes for box in drawing.boxes])),
            "script": script,
        },
    )


@cache
def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _wrong(graph: Graph) -> Iterator[str]:
    found = list(graph.violations())
    if not found:
        return
    yield '<section class="wrong-list" aria-label="What is wrong"><h2>What must not be</h2><ul>'
    for what, way in found:
        yield f"<li>✗ {escaped(what)}: <code>{escaped('; '.join(way))}</code></li>"
    yield "</ul></section>"


def _data(graph: Graph, boxes: list[tuple[int, ...]]) -> dict[str, object]:
    """What the script needs: each joint state, and what follows from it."""
    edges: list[list[dict[str, object]]] = [[] for _ in graph.nodes]
    before: list[int | None] = [None] * len(graph.nodes)
    for edge in graph.edges:
        edges[edge.source].append(
            {
                "move": tidy(edge.move),
                "target": edge.target,
                "trouble": tidy(edge.trouble),
                "illegal": tidy(edge.illegal),
                "fault": is_fault(graph, edge),
            }
        )
        way = (*graph.nodes[edge.source].way, edge.move)
        if edge.target is not None and graph.nodes[edge.target].way == way:
            before[edge.target] = edge.source
    nodes = [
        {
            "ends": ends_of(node.joint),
            "sockets": {
                host: [asdict(socket) for socket in sockets]
                for host, sockets in node.joint.sockets.items()
            },
            "wire": list(map(tidy, node.joint.wire)),
            "roles": {
                name: {
                    "made": list(map(tidy, role.made)),
                    "standing": list(map(tidy, role.standing)),
                    "inside": list(map(tidy, role.inside)),
                    "ended": role.ended,
                    "error": role.error,
                }
                for name, role in node.joint.roles.items()
            },
            "way": list(map(tidy, node.way)),
            "end": node.end,
            "wrong": list(map(tidy, node.wrong)),
            "left": not node.expanded,
            "edges": edges[number],
            "before": before[number],
        }
        for number, node in enumerate(graph.nodes)
    ]
    return {"boxes": [list(box) for box in boxes], "nodes": nodes}
