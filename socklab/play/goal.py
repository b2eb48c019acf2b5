"""A goal: what a player is to reach, who tells when it is reached, and hints on the way.

All that a puzzle needs of the program is here: `PlayApp(session, goal=Goal(…))`. Who wants to keep
what was reached does so in `check`, which is asked after every move.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from socklab.moves import Verb
from socklab.position import Position


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be reached.

    Args:
        text: what, in a sentence: it stands above the game all the time.
        check: whether a position is it: what there is to say then, or None. It is asked in the
            program's thread after every move, undo and timer that fired, until it says something;
            after a restart it is asked again.
        hints: shown one after the other when asked for, each more than the one before.
        best: the fewest moves it can be reached in, if that is known.
        verbs: what a player may do beside calls; the keys of the rest are not there. None is all.
    """

    text: str
    check: Callable[[Position], str | None]
    hints: Sequence[str] = ()
    best: int | None = None
    verbs: Collection[Verb] | None = None
