"""What a search found, as text for a terminal: what is wrong first, and the sums last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from socklab.joint.graph import Graph, Node, Terms
from socklab.views.columns import Style, clean, width_of, wrap

FREE = "free"
"""The name of free play among labs."""

INDENT = "  "

Script = Callable[[Sequence[str]], Sequence[str]]
"""From the moves of a way, the lines of a script that makes them, a command first."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What is printed on.

    Args:
        width: in columns.
        color: whether with colours (SGR sequences).
        ascii_only: whether with ASCII alone.
    """

    width: int = 80
    color: bool = False
    ascii_only: bool = False

    def line(self, text: str, style: Style = Style.PLAIN) -> str:
        """A line, clean, and cut nowhere."""
        text = clean(text, ascii_only=self.ascii_only)
        if not self.color or style is Style.PLAIN:
            return text
        return f"\x1b[{style.value}m{text}\x1b[0m"

    def wrapped(self, text: str, indent: str = "", style: Style = Style.PLAIN) -> Iterator[str]:
        """A text as lines that are no wider."""
        text = clean(text, ascii_only=self.ascii_only)
        for line in wrap(text, max(20, self.width - len(indent))):
            yield indent + self.line(line, style)

    def listed(self, texts: Sequence[str], indent: str = "", sign: str = ";") -> Iterator[str]:
        """Texts one after another on such lines, of which none is broken."""
        line = ""
        for number, text in enumerate(texts, start=1):
            item = clean(text, ascii_only=self.ascii_only) + sign * (number < len(texts))
            if line and width_of(f"{indent}{line} {item}") > self.width:
                yield indent + self.line(line, Style.FAINT)
                line = ""
            line = f"{line} {item}".lstrip()
        yield indent + self.line(line, Style.FAINT)


def explored_text(
    graph: Graph,
    script: Script,
    *,
    paper: Paper,
    verbose: bool = False,
    took_s: float | None = None,
) -> str:
    """All that a search found.

    Args:
        graph: what it found.
        script: makes a way into a script that shows it again.
        paper: what it is printed on.
        verbose: whether to tell every joint state, each with its shortest way.
        took_s: how long it took, in seconds; None if that is not known.
    """
    lines = [*wrong(graph, script, paper)]
    lines += [*paper.wrapped(told(graph.terms), style=Style.STRONG), ""]
    lines += _every_state(graph, paper) if verbose else _states(graph, paper)
    lines += ["", *_ends(graph, paper)]
    lines += ["", *_transitions(graph, paper)]
    lines += ["", *sums(graph, paper, took_s)]
    return "\n".join(lines) + "\n"


def told(terms: Terms) -> str:
    """What was searched, in words."""
    calls = f"calls: {', '.join(terms.calls) or 'all'}"
    most = {0: "", 1: ", each once at most"}.get(
        terms.most_calls, f", each {terms.most_calls} times at most"
    )
    faults = "no faults"
    if terms.faults:
        count = f"{terms.most_faults} fault{'s'[: terms.most_faults != 1]}"
        faults = f"at most {count} ({', '.join(terms.faults)})"
    timers = f", timers of {terms.timers_s:g} s at most" if terms.timers_s else ""
    ipv6 = ", IPv6" if terms.ipv6 else ""
    start = f" after {len(terms.start)} moves" if terms.start else ""
    lab = "Free play" if terms.lab == FREE else terms.lab
    return f"{lab}{start}; {calls}{most}; {faults}{timers}{ipv6}."


# --- What is wrong ---


def wrong(graph: Graph, script: Script, paper: Paper) -> Iterator[str]:
    """What must not be, each with the shortest moves that show it; and programs that failed."""
    for what, way in graph.violations():
        yield from paper.wrapped(f"VIOLATION: {what}.", style=Style.WORSE)
        yield "It takes these moves:"
        yield from (paper.line(INDENT + line) for line in script(way))
        yield ""
    failures = list(graph.failures())
    if failures:
        count = len(failures)
        yield paper.line(f"{count} way{'s'[: count != 1]} in which a program failed:", Style.STRONG)
        for what, way in failures:
            yield from paper.wrapped(what, INDENT)
            yield from paper.listed(way, INDENT * 3)
        yield ""


# --- The joint states ---


def _states(graph: Graph, paper: Paper) -> Iterator[str]:
    """A table of them: those that show the same of sockets and wire, in one row."""
    counts: dict[tuple[tuple[str, ...], str], list[int]] = {}
    for node in graph.nodes:
        counts.setdefault((tuple(node.joint.states.values()), _wire(node)), []).append(
            len(node.way)
        )
    hosts = list(graph.nodes[0].joint.states)
    rows = [
        (str(min(ways)), str(len(ways)), *states, wire) for (states, wire), ways in counts.items()
    ]
    yield from _table(("moves", "states", *hosts, "on the wire"), rows, paper)


def _every_state(graph: Graph, paper: Paper) -> Iterator[str]:
    yield paper.line("The joint states:", Style.STRONG)
    for number, node in enumerate(graph.nodes):
        wire = f"; on the wire {_wire(node)}" if node.joint.wire else ""
        mark = " (end)" if node.end else "" if node.expanded else " (not followed)"
        yield from paper.wrapped(f"{number} {node.joint.headline}{wire}{mark}", INDENT)
        yield from paper.listed(moves_told(node.way), INDENT * 3)


def _wire(node: Node) -> str:
    """What is in flight: `client FIN, server ACK`."""
    return ", ".join(map(short, node.joint.wire))


def short(segment: str) -> str:
    """A segment in flight in few words: its sender and its kind."""
    sender, kind, *more = segment.split()
    return " ".join([sender, kind, *(["copy"] if "copy" in more else [])])


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], paper: Paper) -> Iterator[str]:
    cells = [[clean(cell, ascii_only=paper.ascii_only) for cell in row] for row in (heads, *rows)]
    widths = [max(map(width_of, column)) for column in zip(*cells, strict=True)]
    last = len(heads) - 1
    # The first two are numbers; the last takes what is left.
    room = max(12, paper.width - sum(widths[:-1]) - 2 * last)
    for number, row in enumerate(cells):
        first, *more = _broken(row[last], room)
        padded = [
            cell.rjust(width) if column < 2 else cell + " " * (width - width_of(cell))
            for column, (cell, width) in enumerate(zip(row[:-1], widths[:-1], strict=True))
        ]
        line = "  ".join([*padded, first]).rstrip()
        yield paper.line(line, Style.STRONG if number == 0 else Style.PLAIN)
        yield from (" " * (paper.width - room) + rest for rest in more)


def _broken(cell: str, room: int) -> list[str]:
    """A list of segments on lines, none of them broken."""
    whole = Paper(room, ascii_only=True).listed(cell.split(", "), sign=",")
    return list(whole)


def _ends(graph: Graph, paper: Paper) -> Iterator[str]:
    """Where nothing can move any more: those that show the same in one, by the shortest way."""
    counts: dict[str, list[Node]] = {}
    for node in graph.nodes:
        if node.end:
            counts.setdefault(node.joint.headline, []).append(node)
    if not counts:
        yield paper.line("No end was reached.", Style.STRONG)
        return
    yield paper.line("Where it ends:", Style.STRONG)
    for headline, nodes in counts.items():
        times = f" ({len(nodes)} joint states)" if len(nodes) > 1 else ""
        yield from paper.wrapped(f"{headline}{times}", INDENT)
        yield from paper.listed(moves_told(nodes[0].way), INDENT * 3)


def _transitions(graph: Graph, paper: Paper) -> Iterator[str]:
    seen = graph.transitions()
    if not seen:
        yield paper.line("No socket changed its state.", Style.STRONG)
        return
    yield paper.line("The changes of state, by the shortest way to each:", Style.STRONG)
    for change, way in seen.items():
        yield from paper.wrapped(change, INDENT)
        yield from paper.listed(way, INDENT * 3)


def moves_told(way: Sequence[str]) -> Sequence[str]:
    """The moves of a way, or a word for none."""
    return way or ("no move",)


# --- The sums ---


def sums(graph: Graph, paper: Paper, took_s: float | None = None) -> Iterator[str]:
    """How much there is, and whether that is all."""
    nodes, edges = len(graph.nodes), len(graph.edges)
    rate = f", {graph.runs / took_s:.0f} runs/s" if took_s else ""
    left = len(graph.frontier)
    if graph.complete:
        whole = "complete"
    else:
        deepest = max(len(node.way) for node in graph.nodes)
        whole = (
            f"depth {graph.terms.depth} was exhausted"
            if deepest >= graph.terms.depth
            else "it was stopped"
        )
        whole += f", and {left} joint state{'s'[: left != 1]} not followed"
    text = f"{counted(nodes, 'joint state')}, {counted(edges, 'move')} between them, "
    yield from paper.wrapped(f"{text}{counted(graph.runs, 'run')}{rate}: {whole}.")
    bad = len(list(graph.violations()))
    failed = len(list(graph.failures()))
    if bad or failed:
        told = [counted(bad, "violation")] * bool(bad)
        told += [f"{counted(failed, 'way')} to make a program fail"] * bool(failed)
        yield from paper.wrapped(f"{', '.join(told)}: see above.", style=Style.BAD)


def counted(number: int, what: str) -> str:
    """So many of something: `1 move`, `2 moves`."""
    return f"{number} {what}{'s'[: number != 1]}"
