"""What stands before the game for a while: a page to read, and the question for a file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from socklab.errors import SocklabError


class Paper(ModalScreen[None]):
    """A page to read; most keys put it away.

    Args:
        heading: what it is.
        body: its text.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, "dismiss", show=False)
        for key in ("escape", "enter", "space", "q", "f", "i", "h", "question_mark")
    ]
    AUTO_FOCUS = "VerticalScroll"

    def __init__(self, heading: str, body: Text) -> None:
        super().__init__()
        self._heading = heading
        self._body = body

    def compose(self) -> ComposeResult:
        """A heading, the page, and how to get away from it."""
        with Vertical():
            yield Static(self._heading, classes="heading", markup=False)
            with VerticalScroll():
                yield Static(self._body, classes="body")
            yield Static("Esc or Enter: back to the game. Arrows scroll.", classes="foot")

    def on_click(self) -> None:
        """A click puts it away, too."""
        _ = self.dismiss()


class AskFile(ModalScreen[Path | None]):
    """The name of a file, until what is to be in it is written.

    Args:
        what: what is to be saved.
        name: a name for it.
        save: writes it to a file, which may exist; it is called in a thread.

    It gives back the file that was written, or None.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, what: str, name: str, save: Callable[[Path], None]) -> None:
        super().__init__()
        self._what = what
        self._suggested = name
        self._save = save
        self._replaces = ""

    def compose(self) -> ComposeResult:
        """The question, a line to answer it, and what there is to say of the answer."""
        with Vertical():
            yield Static(f"A file for {self._what}:", markup=False)
            yield Input(self._suggested, select_on_focus=False)
            yield Static("Enter writes it, Esc does not.", classes="said", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Write it, if nothing is in the way that the player has not been asked about."""
        event.stop()
        name = event.value.strip()
        try:
            if not name:
                return self._say("A file has a name.")
            path = Path(name).expanduser()
            if path.is_dir():
                return self._say(f"{path} is a folder: say which file in it.")
            if path.exists() and path.stat().st_size and self._replaces != name:
                self._replaces = name
                return self._say(f"{path} exists. Enter again replaces it, Esc does not.")
        except (
            OSError,
            ValueError,
            RuntimeError,
        ) as refused:  # such as `~nobody`, or a name of 300
            return self._say(f"{name} can't be a file: {refused}")
        event.input.disabled = True  # one is written at a time
        self._say(f"{path} is being written …")
        self.run_worker(self._write(path))
        return None

    async def _write(self, path: Path) -> None:
        """Write it in a thread: to write a lab takes a while, for it is run."""
        try:
            await asyncio.to_thread(self._save, path)
        except SocklabError as refused:
            self._say(f"{refused}")
            answer = self.query_one(Input)
            answer.disabled = False
            answer.focus()
        else:
            _ = self.dismiss(path)

    def _say(self, sentence: str) -> None:
        self.query_one(".said", Static).update(Text(sentence))

    def action_leave(self) -> None:
        """Write nothing, unless it is being written."""
        if not self.query_one(Input).disabled:
            _ = self.dismiss(None)
