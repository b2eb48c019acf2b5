"""A random walk: what came of moves that were drawn by lot, and what many of them came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from socklab.coverage import FIGURE_5
from socklab.joint.state import Joint


@dataclass(frozen=True, slots=True)
class Walk:
    """One random walk.

    Args:
        seed: gives the same moves again.
        moves: all of them, after the start.
        changes: the sockets' changes of state, such as `client ESTABLISHED → FIN-WAIT-1`.
        end: where it ended; None where a move ended the run.
        ended: whether nothing could follow; if not, its moves were used up.
        wrong: what must not be so at an end.
        illegal: changes that TCP does not have.
        trouble: what ended the run, such as a program that failed.
        disturbed: how often it had to be made again, for a timer may have had a hand in it.
    """

    seed: int
    moves: tuple[str, ...]
    changes: tuple[str, ...]
    end: Joint | None
    ended: bool = False
    wrong: tuple[str, ...] = ()
    illegal: tuple[str, ...] = ()
    trouble: str = ""
    disturbed: int = field(default=0, compare=False)

    @property
    def findings(self) -> Iterator[str]:
        """What must not be."""
        yield from (f"{each}, which neither RFC 9293 nor Linux allows" for each in self.illegal)
        yield from self.wrong


@dataclass(frozen=True, slots=True)
class Census:
    """What many walks came to."""

    walks: Sequence[Walk]

    @property
    def ends(self) -> Counter[str]:
        """Where they ended, by the states of both ends, and how many did."""
        return Counter(walk.end.headline for walk in self.walks if walk.end and walk.ended)

    @property
    def arrows(self) -> Counter[str]:
        """The changes of state that were seen, whichever host's: `FIN-WAIT-1 → CLOSING`."""
        return Counter(change.partition(" ")[2] for walk in self.walks for change in walk.changes)

    @property
    def figure_5(self) -> dict[str, int]:
        """Every arrow of RFC 9293's figure 5, and how often it was seen."""
        seen = self.arrows
        return {arrow: seen[arrow] for arrow in _figure_5()}


def _figure_5() -> Iterator[str]:
    """The arrows that the figure draws, each once: a state, and the one that follows."""
    yield from dict.fromkeys(f"{step.state} → {step.next}" for step in FIGURE_5)
