"""A puzzle that is solved: who says so, what there is to say then, and that it is kept."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from socklab.cli.kept import Kept
from socklab.errors import ExperimentError, MachineError
from socklab.joint.state import joint
from socklab.moves import Move, Verb
from socklab.position import Position
from socklab.puzzles import Best, Puzzle

if TYPE_CHECKING:
    from socklab.explore.limit import Limit
    from socklab.moves import Move


LONG_S = 45.0
"""A run that is younger was changed by no timer: the shortest that ends a state, TIME-WAIT's, has
60 seconds; what the kernel sends again before, a puzzle leaves out."""

BY_A_TIMER = (
    "But not by these moves: the kernel's timers have ended something while you were thinking, as "
    "they do after a minute. It does not count. Begin again with r."
)


@dataclass(slots=True)
class Solving:
    """Somebody at a puzzle: `way` is there once it is solved.

    Args:
        puzzle: which.
        best: in how few moves it can be, if that is known.
        kept: where it is kept that it is solved.
        link: "tun", "veth" or "auto".
    """

    puzzle: Puzzle
    best: Best | None
    kept: Kept
    link: str = "auto"
    way: tuple[str, ...] | None = None
    not_kept: str = ""
    """Why it is not kept, in a sentence; empty if it is."""

    @property
    def start(self) -> list[Move]:
        """The moves with which it begins."""
        from socklab.explore.solve import terms_of

        return [Move.parse(text) for text in terms_of(self.puzzle).start]

    @property
    def limit(self) -> Limit:
        """What may be done, of whoever asks: one for each run."""
        from socklab.explore.limit import Limit
        from socklab.explore.solve import terms_of

        return Limit(terms_of(self.puzzle))

    @property
    def verbs(self) -> frozenset[Verb]:
        """What there is to do beside calls. To overtake is to carry what is not next."""
        faults = {verb for verb in (Verb.DROP, Verb.DUPLICATE) if verb.value in self.puzzle.faults}
        return frozenset({Verb.CARRY, *faults})

    def check(self, position: Position) -> str | None:
        """What there is to say of a position that solves it; None for any other."""
        if not self.puzzle.goal.met(joint(position)):
            return None
        way = position.made[len(self.start) :]
        if _age_s(position) > LONG_S and not _leads_there_again(self.puzzle, way, self.link):
            return BY_A_TIMER
        if self.way is None or len(way) < len(self.way):
            self.way = way
        self._keep(way)
        return "\n".join([self.puzzle.shows, self.next_step, *self.warnings])

    def _keep(self, way: tuple[str, ...]) -> None:
        self.not_kept = ""
        try:
            self.kept.change(lambda progress: progress.with_way(self.puzzle.name, way))
        except MachineError as refused:
            self.not_kept = f"that it is solved is not kept: {refused}"

    @property
    def warnings(self) -> list[str]:
        """What went wrong beside: with the explorer, or with what is kept."""
        return list(filter(None, [self.bug, self.not_kept, self.kept.put_aside]))

    @property
    def told(self) -> str:
        """In how many moves it was solved, and in how few it can be."""
        assert self.way is not None
        told = f"{self.puzzle.name}: solved in {moves(len(self.way))}"
        if self.best is None or self.bug:
            return told
        if len(self.way) == self.best.moves:
            return f"{told}, and there is no shorter way"
        return f"{told}; the best is {self.best.moves}"

    @property
    def next_step(self) -> str:
        """Where the story is told."""
        return f"`socklab run {self.puzzle.lab}` tells the story."

    @property
    def bug(self) -> str:
        """What to say where somebody was better than the explorer, which can't be."""
        if self.way is None or self.best is None or len(self.way) >= self.best.moves:
            return ""
        way = "; ".join(self.way)
        return (
            f"BUG IN SOCKLAB: the explorer says that {self.puzzle.name} takes {self.best.moves} "
            f"moves, and here it is solved in {len(self.way)}; please report it, with these: {way}"
        )


# --- Time ---


def _age_s(position: Position) -> float:
    """How old a run is, in seconds."""
    events = position.record.events
    return events[-1].at_s if events else 0.0


def _leads_there_again(puzzle: Puzzle, way: Sequence[str], link: str) -> bool:
    """Whether these moves solve a puzzle on fresh hosts, where no timer has the time to help.

    That takes a process without threads: one that shows a screen has some.
    """
    command = [sys.executable, "-m", "socklab", "puzzle", puzzle.name, "--script", "-"]
    again = subprocess.run(
        [*command, "--link", link],
        check=False,
        input="".join(f"{move}\n" for move in way).encode(),
        capture_output=True,
        # As this process found socklab, however it was started.
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    return again.returncode != ExperimentError.exit_code


# --- In words ---

STARTS = {
    "nothing": "Each program has a socket, and has called nothing.",
    "listening": "The server is inside accept().",
    "established": "Both ends are ESTABLISHED.",
}
"""Where a puzzle begins, in words."""


def rules(puzzle: Puzzle) -> str:
    """Where a puzzle begins, and what may be done in it."""
    begun = f" Then: {', '.join(puzzle.begun)}." if puzzle.begun else ""
    calls = ", ".join(call if "(" in call else f"{call}()" for call in puzzle.calls)
    told = (
        f"It begins so: {STARTS[puzzle.start]}{begun} "
        f"The calls are {calls}: each program may make each {_times(puzzle.most_calls)}."
    )
    if puzzle.faults:
        told += (
            f" Beside carrying segments: {', '.join(puzzle.faults)}, {_times(puzzle.most_faults)}."
        )
    return told


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def moves(count: int) -> str:
    """A number of moves in words: "1 move", "4 moves"."""
    return "1 move" if count == 1 else f"{count} moves"


def wrapped(text: str, columns: int, indent: str = "", first: str | None = None) -> list[str]:
    """A text in lines, in which TIME-WAIT and `shutdown(SHUT_WR)` stay in one piece."""
    return textwrap.wrap(
        text,
        columns,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
