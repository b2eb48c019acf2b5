"""The graph of joint states: what a search has reached, by which moves, and what it found wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from socklab.errors import LabError, ToolError
from socklab.joint.goal import Goal
from socklab.joint.state import Joint

SCHEMA = "socklab.graph/1"
"""Name and version of the document. A new field keeps it; a changed meaning raises it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What was searched, and within which limits: two graphs of the same terms are the same.

    Args:
        lab: whose programs these are.
        start: the moves that stand before every way.
        calls: the calls that may be made, as moves name them, with or without whose they are:
            `send`, `client send`; empty for all.
        most_calls: how often a program may make one and the same call; 0 for as often as it likes.
        faults: which are allowed: drop, duplicate, reorder.
        most_faults: how many of them a way may have.
        timers_s: how long a wait for a timer may take, in seconds; 0 for no waits.
        depth: how many moves a way may have, after the start.
        ipv6: whether the hosts have IPv6 addresses.
    """

    lab: str
    start: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    most_calls: int = 0
    faults: tuple[str, ...] = ()
    most_faults: int = 1
    timers_s: float = 0.0
    depth: int = 40
    ipv6: bool = False


@dataclass(slots=True)
class Node:
    """A joint state that was reached, and the shortest way to it after the start.

    Args:
        joint: the state.
        way: the moves.
        next: the moves that may follow.
        faults: those of them that are faults.
        expanded: whether all that may follow has been tried.
        end: whether nothing may follow: every program has ended or waits for ever.
        wrong: what must not be so at an end.
    """

    joint: Joint
    way: tuple[str, ...]
    next: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    expanded: bool = False
    end: bool = False
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """A move from one joint state to another, by their numbers in the graph.

    Args:
        source: before the move.
        move: as the way to its source says it.
        target: after it; None where the run ended there.
        changes: the sockets' changes of state, such as `client ESTABLISHED → FIN-WAIT-1`.
        trouble: what ended the run, such as a program that failed.
        illegal: those of the changes that TCP does not have.
    """

    source: int
    move: str
    target: int | None
    changes: tuple[str, ...] = ()
    trouble: str = ""
    illegal: str = ""


@dataclass(slots=True)
class Graph:
    """All that a search has reached. Node 0 is where every way begins."""

    terms: Terms
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    runs: int = 0
    """How many runs it took."""
    _numbers: dict[Joint, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._numbers = {node.joint: number for number, node in enumerate(self.nodes)}

    def add(self, node: Node) -> tuple[int, bool]:
        """A node's number, and whether it is new: an equal joint state may have been reached."""
        number = self._numbers.get(node.joint)
        if number is not None:
            return number, False
        self.nodes.append(node)
        self._numbers[node.joint] = len(self.nodes) - 1
        return len(self.nodes) - 1, True

    @property
    def frontier(self) -> list[int]:
        """The nodes from which not all has been tried, in the order in which they were reached."""
        return [number for number, node in enumerate(self.nodes) if not node.expanded]

    @property
    def complete(self) -> bool:
        """Whether there is nothing left to try."""
        return not self.frontier

    def reached(self, goal: Goal) -> Iterator[Node]:
        """The nodes that show a goal, the shortest way first."""
        return (node for node in self.nodes if goal.met(node.joint))

    def transitions(self) -> dict[str, list[str]]:
        """Every change of state that was seen, host by host, each once, with its move's way."""
        seen: dict[str, list[str]] = {}
        for edge in self.edges:
            for change in edge.changes:
                seen.setdefault(change, [*self.nodes[edge.source].way, edge.move])
        return seen

    def violations(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """What must not be, each with the shortest way that shows it."""
        told = set()
        for edge in self.edges:
            if edge.illegal and edge.illegal not in told:
                told.add(edge.illegal)
                told_as = f"{edge.illegal}, which neither RFC 9293 nor Linux allows"
                yield told_as, (*self.nodes[edge.source].way, edge.move)
        for node in self.nodes:
            for wrong in node.wrong:
                if wrong not in told:
                    told.add(wrong)
                    yield wrong, node.way

    def failures(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The programs that failed, each with the shortest way that shows it."""
        told = set()
        for edge in self.edges:
            if edge.trouble and edge.trouble not in told:
                told.add(edge.trouble)
                yield edge.trouble, (*self.nodes[edge.source].way, edge.move)

    # --- As a document ---

    def to_json(self) -> str:
        """The graph as JSON, a line for each node and each edge: made for `git diff`."""
        nodes = ",\n".join(_line(_node(node)) for node in self.nodes)
        edges = ",\n".join(_line(asdict(edge)) for edge in self.edges)
        head = f'{{"schema":"{SCHEMA}",\n"terms":{_line(asdict(self.terms))},\n"runs":{self.runs}'
        return f'{head},\n"nodes":[\n{nodes}\n],\n"edges":[\n{edges}\n]}}\n'

    @classmethod
    def from_json(cls, text: str) -> Graph:
        """The graph in a document.

        Raises:
            LabError: the text is no such document.
            ToolError: it is of a version that only a later release reads.
        """
        try:
            value: Any = json.loads(text)
            schema = value["schema"]
            if schema != SCHEMA and str(schema).startswith("socklab.graph/"):
                raise ToolError(f"it is a {schema}, and this release reads {SCHEMA}")
            if schema != SCHEMA:
                raise LabError(f"it is no graph of joint states: its schema is {schema!r}")
            graph = cls(
                Terms(**_tuples(_known(Terms, value["terms"]))),
                [_read_node(each) for each in value["nodes"]],
                [Edge(**_tuples(_known(Edge, each))) for each in value["edges"]],
                int(value["runs"]),
            )
            _see(graph)
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise LabError(
                f"it is no graph of joint states, or a part of one: {problem}"
            ) from problem
        return graph


def _see(graph: Graph) -> None:
    """See that a document's numbers are those of its nodes."""
    count = len(graph.nodes)
    for edge in graph.edges:
        if not 0 <= edge.source < count or not (edge.target is None or 0 <= edge.target < count):
            raise ValueError(f"an edge leads from {edge.source} to {edge.target}, of {count} nodes")
    if len({node.joint for node in graph.nodes}) != count:
        raise ValueError("two of its nodes are the same")


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _node(node: Node) -> dict[str, object]:
    value = {name.name: getattr(node, name.name) for name in fields(node)}
    return value | {"joint": json.loads(node.joint.text)}


def _read_node(value: Mapping[str, Any]) -> Node:
    known = _tuples(_known(Node, value))
    return Node(**(known | {"joint": Joint.from_json(value["joint"])}))


def _known(kind: type, value: Mapping[str, Any]) -> dict[str, Any]:
    """Without what a later release may have added."""
    names = {each.name for each in fields(kind)}
    return {name: value[name] for name in value if name in names}


def _tuples(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(of) if isinstance(of, list) else of for name, of in value.items()}


def ways(moves: Iterable[str]) -> str:
    """Moves as a script: a line each, as `socklab play --script` reads them."""
    return "".join(f"{move}\n" for move in moves)
