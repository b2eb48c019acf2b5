"""What random walks found, as text for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from socklab.joint.walk import Census, Walk
from socklab.views.columns import Style
from socklab.views.joint_graph.text import INDENT, Paper, counted, moves_told

NAMED = 12
"""How many of the other walks that found the same are named; the rest is counted."""


def walked_text(
    walks: Sequence[Walk], again: Callable[[int], str], *, paper: Paper, took_s: float
) -> str:
    """What random walks came to.

    Args:
        walks: them.
        again: the command that makes the walk of a seed again.
        paper: what it is printed on.
        took_s: how long they took, in seconds.
    """
    lines: list[str] = []
    census = Census(walks)
    for what, seen in _found(walks).items():
        lines += paper.wrapped(f"VIOLATION: {what}.", style=Style.WORSE)
        lines += _again(seen, again, paper)
    failed: dict[str, list[Walk]] = {}
    for walk in walks:
        if walk.trouble:
            failed.setdefault(walk.trouble, []).append(walk)
    for what, seen in failed.items():
        lines += paper.wrapped(f"A program failed: {what}")
        lines += _again(seen, again, paper)
    lines.append(paper.line("Where they ended:", Style.STRONG))
    counts = [(str(count), end) for end, count in census.ends.most_common()]
    most = sum(walk.end is not None and not walk.ended for walk in walks)
    counts += [(str(most), "somewhere else: their moves were used up")] * bool(most)
    lines += [f"{count:>7}  {paper.line(end)}" for count, end in counts]
    figure = census.figure_5
    seen_of_it = sum(1 for count in figure.values() if count)
    lines += ["", paper.line("The changes of state, and how often:", Style.STRONG)]
    lines += [f"{n:>7}  {paper.line(arrow)}" for arrow, n in census.arrows.most_common()]
    moves = sum(len(walk.moves) for walk in walks)
    rate = f", {len(walks) / took_s:.0f} walks/s" if took_s else ""
    lines += [
        "",
        *paper.wrapped(
            f"{counted(len(walks), 'walk')} of {counted(moves, 'move')}{rate}; "
            f"{seen_of_it} of the {len(figure)} arrows of RFC 9293's figure 5 seen."
        ),
    ]
    return "\n".join(lines) + "\n"


def _found(walks: Sequence[Walk]) -> dict[str, list[Walk]]:
    found: dict[str, list[Walk]] = {}
    for walk in walks:
        for what in walk.findings:
            found.setdefault(what, []).append(walk)
    return found


def _again(seen: Sequence[Walk], again: Callable[[int], str], paper: Paper) -> Iterator[str]:
    """The shortest of these walks, and the seeds of some more."""
    shortest = min(seen, key=lambda walk: len(walk.moves))
    yield paper.line(INDENT + again(shortest.seed))
    yield from paper.listed(moves_told(shortest.moves), INDENT * 3)
    others = [str(walk.seed) for walk in seen if walk is not shortest]
    if others:
        more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
        plural = "s"[: len(others) != 1]
        yield from paper.wrapped(f"also seed{plural} {', '.join(others[:NAMED])}{more}", INDENT * 3)
    yield ""
