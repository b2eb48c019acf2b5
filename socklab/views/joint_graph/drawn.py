"""What is drawn of a graph: boxes and arrows, for every joint state or for each pair of states.

Joint states that show the same TCP states are one box in the second picture. It is the one to
teach with: an arrow there says that some order of moves leads from one pair to the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from socklab.joint.graph import Edge, Graph, Node
from socklab.joint.state import Joint
from socklab.moves import Move, Verb
from socklab.tcp import CLOSED, LISTEN
from socklab.views.joint_graph.text import short, told

FEW = 60
"""Up to so many joint states each has a box of its own, if nobody asks for either."""

LABELS = 2
"""How many moves are named on an arrow; of more their count."""


class Kind(Enum):
    """What an arrow stands for."""

    PLAIN = "plain"
    FAULT = "fault"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Box:
    """A joint state, or all those that show the same states.

    Args:
        ends: each host and its state.
        wire: what is in flight.
        level: how many moves lead there at least.
        count: how many joint states it stands for.
        end: whether nothing can move any more in one of them.
        wrong: what must not be so there.
        left: whether not all was tried from there.
        title: all of that, and the shortest way, in words.
        nodes: the numbers of its joint states.
    """

    ends: tuple[tuple[str, str], ...]
    wire: tuple[str, ...]
    level: int
    count: int
    end: bool
    wrong: tuple[str, ...]
    left: bool
    title: str
    nodes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Arrow:
    """Moves from one box to another, by their numbers."""

    source: int
    target: int
    moves: tuple[str, ...]
    kind: Kind
    title: str

    @property
    def label(self) -> tuple[str, ...]:
        """The moves in few words, a line each."""
        more = len(self.moves) - LABELS
        if more <= 0:
            return self.moves
        return (*self.moves[: LABELS - 1], f"and {more + 1} more")


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn.

    Args:
        title: what was searched.
        pairs: whether a box stands for all joint states with the same states.
        boxes: by their numbers, those with the fewest moves first.
        arrows: between them.
        hosts: their names.
    """

    title: str
    pairs: bool
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    hosts: tuple[str, ...]


def drawn(graph: Graph, what: Literal["auto", "joint", "pairs"] = "auto") -> Drawing:
    """What is to be drawn of a graph.

    Args:
        graph: with one joint state at least.
        what: every joint state, each pair of states once, or the first if they are few.
    """
    pairs = what == "pairs" or (what == "auto" and len(graph.nodes) > FEW)
    groups: dict[object, list[int]] = {}
    for number, node in enumerate(graph.nodes):
        groups.setdefault(ends_of(node.joint) if pairs else number, []).append(number)
    # In the order in which they were reached, so the nearest of each stands first.
    boxes = tuple(_box(graph, numbers, pairs=pairs) for numbers in groups.values())
    place = {number: at for at, numbers in enumerate(groups.values()) for number in numbers}
    arrows = tuple(_arrows(graph, place, pairs=pairs))
    hosts = tuple(graph.nodes[0].joint.sockets)
    return Drawing(told(graph.terms), pairs, boxes, arrows, hosts)


def ends_of(joint: Joint) -> tuple[tuple[str, str], ...]:
    """Each host and its state, whoever holds the socket."""
    ends = []
    for host, sockets in joint.sockets.items():
        states = [socket.state for socket in sockets]
        told = [state for state in states if state != str(LISTEN)]
        ends.append((host, " + ".join(told) or (str(LISTEN) if states else str(CLOSED))))
    return tuple(ends)


def _box(graph: Graph, numbers: Sequence[int], *, pairs: bool) -> Box:
    nodes = [graph.nodes[number] for number in numbers]
    first = nodes[0]
    return Box(
        ends_of(first.joint),
        () if pairs else tuple(map(short, first.joint.wire)),
        len(first.way),
        len(nodes),
        any(node.end for node in nodes),
        tuple(dict.fromkeys(wrong for node in nodes for wrong in node.wrong)),
        any(not node.expanded for node in nodes),
        "\n".join(_title(nodes, pairs=pairs)),
        tuple(numbers),
    )


def _title(nodes: Sequence[Node], *, pairs: bool) -> Iterator[str]:
    first = nodes[0]
    yield ", ".join(f"{host} {state}" for host, state in ends_of(first.joint))
    if pairs:
        yield f"{len(nodes)} joint state{'s'[: len(nodes) != 1]}"
    elif first.joint.wire:
        yield f"on the wire: {', '.join(first.joint.wire)}"
    yield f"shortest way: {'; '.join(first.way) or 'none, it begins here'}"
    for node in nodes:
        yield from (f"wrong: {wrong}" for wrong in node.wrong)


def _arrows(graph: Graph, place: dict[int, int], *, pairs: bool) -> Iterator[Arrow]:
    found: dict[tuple[int, int, Kind], dict[str, str]] = {}
    for edge in graph.edges:
        if edge.target is None or place[edge.source] == place[edge.target]:
            continue
        move = in_short(edge.move, early=is_fault(graph, edge))
        ends = place[edge.source], place[edge.target]
        found.setdefault((*ends, _kind(graph, edge)), {})[move] = edge.move
    for (source, target, kind), moves in found.items():
        # Where one comes without a fault as well, that is the news.
        if pairs and kind is Kind.FAULT and (source, target, Kind.PLAIN) in found:
            continue
        yield Arrow(source, target, tuple(moves), kind, "\n".join(moves.values()))


def is_fault(graph: Graph, edge: Edge) -> bool:
    """Whether a move is a fault of the wire's."""
    return edge.move in graph.nodes[edge.source].faults


def _kind(graph: Graph, edge: Edge) -> Kind:
    if edge.illegal:
        return Kind.WRONG
    return Kind.FAULT if is_fault(graph, edge) else Kind.PLAIN


def in_short(text: str, *, early: bool = False) -> str:
    """A move in few words: who, and what; of a segment no number.

    Args:
        text: the move.
        early: whether it carries what is not next in turn.
    """
    move = Move.parse(text)
    copy = " copy" if move.copy else ""
    if move.verb is Verb.CALL:
        what = move.what.replace("SHUT_", "")
        return f"{move.who} {what if '(' in what else what + '()'}"
    if move.verb is Verb.CARRY:
        return f"{move.who}'s {move.what}{copy}{' early' * early}"
    if move.verb is Verb.DROP:
        return f"{move.who}'s {move.what}{copy} lost"
    if move.verb is Verb.DUPLICATE:
        return f"{move.who}'s {move.what}{copy} twice"
    if move.verb is Verb.WAIT:
        return f"{move.who}'s timer ({move.what})"
    return text
