"""Playing: a full-screen program in which a person makes the moves of a run.

`run_app` is all that a command calls. It imports Textual, so it is imported where it is called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from socklab.lab import Lab
    from socklab.moves import Move
    from socklab.play.goal import Goal
    from socklab.position import Position

__all__ = ["Limit", "Save", "run_app"]

Save = Callable[[Path, "Position"], None]
"""Writes what a player wants to keep to a file, which may exist: the player was asked.

It is called in a thread, and raises a SocklabError, in a sentence, where it can't.
"""

Limit = Callable[["Position"], "Position"]
"""Takes a position, and gives it back with what a player may do there."""


def run_app(
    lab: Lab,
    *,
    start: Sequence[Move] = (),
    link: str = "auto",
    ipv6: bool = False,
    goal: Goal | None = None,
    save_moves: Save | None = None,
    save_lab: Save | None = None,
    lab_file: Path | None = None,
    limit: Limit | None = None,
) -> int:
    """Play a lab on this terminal, until its player has had enough.

    Args:
        lab: whose programs, hosts and weather there are; `steer.free.free_lab()` for free play.
        start: the moves that are made first, and never undone.
        link: "tun", "veth" or "auto".
        ipv6: whether the hosts have IPv6 addresses.
        goal: what the player is to reach, if anything.
        save_moves: writes the moves so far; without it the key for it is not there.
        save_lab: writes them as a lab; the same.
        lab_file: where `save_lab` writes if nothing else is said; what was played is written
            there at the end, too, unless it was before.
        limit: leaves of each position what may be done; without it, all.

    Returns:
        An exit code: 0, or of the signal that ended it 130 or 143.

    Raises:
        MachineError: this machine can't run it, with the cure.
        MoveRefused: a move of the start can't be made.
        ToolError: the run's process died.
    """
    # Textual takes longer to import than most commands take; and the run must be there before
    # it starts threads.
    from socklab.play.app import PlayApp
    from socklab.steer.session import Session

    limited = {} if limit is None else {"limit": limit}
    with Session(lab, start=start, link=link, ipv6=ipv6, patient=True, **limited) as session:
        app = PlayApp(
            session,
            title=lab.title,
            question=lab.header.get("Question", ""),
            goal=goal,
            save_moves=save_moves,
            save_lab=save_lab,
            lab_file=lab_file,
        )
        return app.play()
