"""What is raised when `ss` printed something that does not read."""

from __future__ import annotations

from socklab.errors import ToolError

SHOWN_CHARACTERS = 160
"""How much of a line a message shows. Arbitrary: two rows of a terminal; `line` has it all."""


class SsError(ToolError):
    """A line of `ss` that does not read. Nothing is guessed: one such line fails the text.

    `reason` says what is wrong, `line` is the raw line and `line_number` its place in the
    text, from 1.
    """

    def __init__(self, reason: str, line: str, line_number: int) -> None:
        # The three are `args`, so that the error survives copy and pickle.
        super().__init__(reason, line, line_number)
        self.reason = reason
        self.line = line
        self.line_number = line_number

    def __str__(self) -> str:
        shown = self.line
        if len(shown) > SHOWN_CHARACTERS:
            shown = shown[:SHOWN_CHARACTERS] + "..."
        return f"line {self.line_number} of ss does not read: {self.reason}; it says {shown!r}"


class Unreadable(Exception):
    """Says why, before it is known where: `parse` makes an `SsError` of it."""
