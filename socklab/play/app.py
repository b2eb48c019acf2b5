"""The whole game: its keys, a goal if there is one, and what is looked at, saved and left."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from socklab.moves import Verb
from socklab.play import Save, words
from socklab.play.game import Game
from socklab.play.goal import Goal
from socklab.play.help import help_text
from socklab.play.menu import KEYS, WAIT
from socklab.play.requests import Request, Run
from socklab.play.screens import AskFile, Paper
from socklab.play.table import side_by_side

VERBS = {
    "segment('carry')": Verb.CARRY,
    "segment('drop')": Verb.DROP,
    "segment('duplicate')": Verb.DUPLICATE,
    "segment('postpone')": Verb.POSTPONE,
    f"choose('{WAIT}')": Verb.WAIT,
}
"""The actions that do not go without saying where a goal is to be reached."""


class PlayApp(Game):
    """A run that is played. What it comes to is an exit code.

    Args:
        run: what is played: a Session, made before the app runs, since it forks.
        title: of what is played.
        question: what to ask oneself, if there is no goal.
        goal: what is to be reached, if anything.
        save_moves: writes the moves so far to a file.
        save_lab: writes them as a lab.
        lab_file: where, if nothing else is said; what is played is written there at the end, too.
        clock: tells the time, in seconds since whenever.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "segment('carry')", "carry"),
        Binding("d", "segment('drop')", "drop"),
        Binding("u", "segment('duplicate')", "twice"),
        Binding("p", "segment('postpone')", "postpone"),
        Binding(WAIT, f"choose('{WAIT}')", "wait"),
        Binding("backspace,ctrl+z", "undo", "undo", key_display="⌫"),
        Binding("h", "hint", "hint"),
        Binding("question_mark", "help", "help", key_display="?"),
        Binding("q", "leave", "quit"),
        Binding("s", "save_moves", "save"),
        Binding("l", "save_lab", "lab"),
        Binding("r", "restart", "restart"),
        Binding("v", "verbose", "verbose"),
        Binding("f", "figures", "figures"),
        Binding("i", "rows", "ss"),
        Binding("escape", "stop", show=False),
        Binding("ctrl+c", "interrupt", show=False, priority=True),
        *(Binding(key, f"choose('{key}')", show=False) for key in "".join(KEYS.values())),
    ]

    def __init__(
        self,
        run: Run,
        *,
        title: str,
        question: str = "",
        goal: Goal | None = None,
        save_moves: Save | None = None,
        save_lab: Save | None = None,
        lab_file: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        asked = f"Question: {question}" if question else ""
        subtitle = f"Goal: {goal.text}" if goal else asked
        super().__init__(run, title=title, subtitle=subtitle, clock=clock)
        self._goal = goal
        self._save_moves = save_moves
        self._save_lab = save_lab
        self._lab_file = lab_file
        self._saved = self._saved_as_lab = run.position.made
        self.hints_shown = 0
        """How many hints the player has asked for."""
        self.reached: str | None = None
        """What the goal's check has said; None until it is reached."""

    def play(self) -> int:
        """Play on this terminal; the exit code.

        Raises:
            SocklabError: what ended the game, if not its player.
        """
        code = self.run()
        if self._failure is not None:
            raise self._failure
        if code == 0 and self._lab_file and self._save_lab and self._unsaved(self._saved_as_lab):
            self._save_lab(self._lab_file, self.position)
        # Without a code something failed in the drawing, and Textual has told what.
        return 70 if code is None else code

    def has(self, action: str) -> bool:
        """Whether there is such a thing in this game."""
        if action == "hint":
            return self._goal is not None and bool(self._goal.hints)
        if action in VERBS and self._goal is not None and self._goal.verbs is not None:
            return VERBS[action] in self._goal.verbs
        if action == "save_moves":
            return self._save_moves is not None
        return action != "save_lab" or self._save_lab is not None

    def action_restart(self) -> None:
        """Take all moves back."""
        if self._sure("r", "Begin again"):
            self._saved = self._saved_as_lab = ()
            self.reached = None
            self._ask(Request("all moves are taken back", self._run.restart))

    # --- Goal ---

    def arrived(self) -> None:
        """See whether the goal is reached."""
        if self._goal is None or self.reached is not None:
            return
        self.reached = self._goal.check(self.position)
        if self.reached is None:
            if not (self.position.choices or self.position.trouble):
                self._refuse("Nothing more can be done. Backspace takes the last move back.")
            return
        count = self._run.undoable
        told = f"Reached in {count} move{'' if count == 1 else 's'}"
        if self._goal.best is not None:
            told += f"; the fewest are {self._goal.best}"
        body = f"{self.reached}\n\n{told}. In the game, r begins again and q leaves."
        self._read("Reached", Text(body))

    def action_hint(self) -> None:
        """Show one hint more, and those before it."""
        if self._goal is None:
            return
        self.hints_shown = min(self.hints_shown + 1, len(self._goal.hints))
        shown = self._goal.hints[: self.hints_shown]
        more = len(self._goal.hints) - len(shown)
        lines = [f"{number}. {hint}" for number, hint in enumerate(shown, start=1)]
        lines.append(f"\nh shows one more; {more} to come." if more else "\nThat is all.")
        self._read("Hints", Text("\n".join(lines)))

    def _read(self, heading: str, body: Text) -> None:
        _ = self.push_screen(Paper(heading, body))

    # --- Looking, saving, leaving ---

    def action_help(self) -> None:
        """Show what the keys do."""
        self._read("Keys", help_text())

    def action_figures(self) -> None:
        """Show the state diagrams, for where they don't stand on the table."""
        self._read("The states of both ends", side_by_side(self.position))

    def action_rows(self) -> None:
        """Show the rows of `ss`."""
        self._read("ss -H -n -O -a -t -o -e -i", words.rows(self.position))

    def action_verbose(self) -> None:
        """Tell every move and look in the ladder, or only what came of them."""
        self._verbose = not self._verbose
        self._show(stay=True)

    def action_column(self, steps: int) -> None:
        """Go to another column of the menu."""
        self._table.go(steps)

    def action_scroll(self, where: str) -> None:
        """Scroll the ladder."""
        self._table.scroll(where)

    def action_save_moves(self) -> None:
        """Ask for a file, and save the moves so far."""
        if self._save_moves is not None:
            self._keep("the moves", Path("moves.txt"), self._save_moves)

    def action_save_lab(self) -> None:
        """Ask for a file, and save the moves so far as a lab."""
        if self._save_lab is not None:
            self._keep("the moves as a lab", self._lab_file or Path("my_lab.py"), self._save_lab)

    def _keep(self, what: str, path: Path, save: Save) -> None:
        position = self.position
        if not self._run.undoable:
            self._refuse("No move is made yet: there is nothing to save.")
            return

        def saved(path: Path | None) -> None:
            if path is None:
                return
            self._saved = position.made
            if save is self._save_lab:
                self._saved_as_lab = position.made
            self._table.say(f"✓ {path} has {what}, with {len(position.made)} in all.")

        _ = self.push_screen(AskFile(what, str(path), lambda path: save(path, position)), saved)

    def action_leave(self) -> None:
        """Leave, after a question if something would be lost."""
        if self._too_small or self._sure("q", "Leave"):
            self._end(0)

    def action_interrupt(self) -> None:
        """Leave at once."""
        self._end(128 + signal.SIGINT)

    def _sure(self, key: str, what: str) -> bool:
        """Whether moves may be lost: none would, or the same key was pressed before."""
        count = self._run.undoable
        can_save = self._save_moves or self._save_lab
        if not can_save or not self._unsaved(self._saved) or self._to_confirm == key:
            self._to_confirm = ""
            return True
        told = "One move is" if count == 1 else f"{count} moves are"
        self._table.say(f"{what}? {told} not saved: {key} again does it, s saves them.", "refused")
        self._to_confirm = key
        return False

    def _unsaved(self, saved: tuple[str, ...]) -> bool:
        return bool(self._run.undoable) and self.position.made != saved
