"""Text in columns of a terminal: what a character takes, wrapping, and lines to write into.

Text of a Record is data: a payload, an error, the name of a process. `clean` makes it
printable, so that nothing in it can move the cursor, colour the screen or turn the reading
direction. Everything else here then counts on that.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from enum import Enum


class Style(Enum):
    """How something looks on a terminal with colours: the parameters of SGR (ECMA-48)."""

    PLAIN = ""
    STRONG = "1"
    FAINT = "2"
    GOOD = "32"
    BAD = "31"
    WORSE = "1;31"
    ODD = "33"


# Nothing in here has a glyph of its own. U+FE0F and its kin are marks of category Mn, and yet
# terminals disagree on how wide they make the character before them.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SELECTORS = range(0xFE00, 0xFE10)

_SIMPLER = str.maketrans(
    {
        "…": "...",
        "→": "->",
        "–": "-",
        "—": "-",
        "×": "x",
        "“": '"',
        "”": '"',
        "‘": "'",
        "’": "'",
        "§": "section ",
        "·": "-",
    }
)
"""What socklab's own sentences use beyond ASCII."""


def clean(text: str, *, ascii_only: bool = False) -> str:
    """A text as it may be printed: what is not a visible character, as Python escapes it.

    Args:
        text: whatever it is.
        ascii_only: whether everything beyond ASCII has to go, too.
    """
    if ascii_only:
        text = text.translate(_SIMPLER)
    return "".join(_visible(character, ascii_only) for character in text)


def _visible(character: str, ascii_only: bool) -> str:
    if " " <= character <= "~":
        return character
    category = unicodedata.category(character)
    if ascii_only or category in _UNPRINTABLE or ord(character) in _SELECTORS:
        return character.encode("unicode_escape").decode("ascii")
    return " " if category == "Zs" else character


def cells(character: str) -> int:
    """How many columns a character takes: 0 on top of the one before it, 2 if it is wide.

    Source: Unicode Standard Annex #11; wcwidth(3)
    """
    if character < "\u0300":
        return 1
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    if "\u1160" <= character <= "\u11ff":  # vowels and finals of Hangul join what precedes
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def width_of(text: str) -> int:
    """How many columns a clean text takes."""
    return sum(map(cells, text))


def wrap(text: str, width: int, *, hang: int = 0) -> list[str]:
    """A clean text as lines that are no wider; broken at blanks, and where it must, anywhere.

    Args:
        text: the text; blanks at a break are left out.
        width: in columns, 2 at least, or a wide character would fit nowhere.
        hang: how many columns the lines after the first are indented.
    """
    hang = min(hang, max(0, width - 8))
    lines: list[str] = []
    rest = text
    while rest:
        room = width - (hang if lines else 0)
        line, rest = _first_line(rest, room, width - hang)
        lines.append((" " * hang if lines else "") + line)
    return lines or [""]


def _first_line(text: str, room: int, later: int) -> tuple[str, str]:
    """As much of a text as fits into its room, and what is left for lines of later ones."""
    taken = 0
    end = 0
    while end < len(text) and (taken := taken + cells(text[end])) <= room:
        end += 1
    if end == len(text):
        return text, ""
    end = max(end, 1)
    blank = text.rfind(" ", 1, end + 1)
    word = text[blank:].lstrip().partition(" ")[0]
    # A break near the beginning would leave a line nearly empty: then a word is rather broken
    # that has to be broken anyway.
    if blank * 3 >= end or (blank > 0 and width_of(word) <= later):
        return text[:blank].rstrip(), text[blank:].lstrip()
    bracket, joint = (text.rfind(sign, 0, end) + 1 for sign in "(_")
    escape = text.rfind("\\x", max(end - 3, 1), end + 1)
    if bracket * 3 >= end:
        end = bracket
    elif escape > 0:
        end = escape
    elif joint * 3 >= end:
        end = joint
    return text[:end], text[end:]


class Line:
    """One line of so many columns to write into; what would leave it is cut off."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._cells = [" "] * width
        self._styles = [Style.PLAIN] * width

    def put(self, column: int, text: str, style: Style = Style.PLAIN) -> None:
        """Write a clean text, from a column on that counts from 0."""
        for character in text:
            taken = cells(character)
            if taken == 0:
                if 0 < column <= self.width:
                    before = column - 1
                    # The second half of a wide character is an empty cell.
                    self._cells[before - (self._cells[before] == "")] += character
                continue
            if column + taken > self.width:
                return
            # Half a wide character can't stay: its other half goes, too.
            if self._cells[column] == "":
                self._cells[column - 1] = " "
            if column + taken < self.width and self._cells[column + taken] == "":
                self._cells[column + taken] = " "
            self._cells[column] = character
            if taken == 2:
                self._cells[column + 1] = ""
            self._styles[column : column + taken] = [style] * taken
            column += taken

    def cut(self, width: int | None, sign: str) -> Line:
        """The line, or its beginning and a clean sign of so many columns that there is more."""
        if width is None or width_of(self.render()) <= width:
            return self
        line = Line(width)
        line._cells[:] = self._cells[:width]
        line._styles[:] = self._styles[:width]
        if self._cells[width] == "":
            line._cells[-1] = " "  # half a wide character
        line.put(max(0, width - width_of(sign)), sign, Style.FAINT)
        return line

    def render(self, *, color: bool = False) -> str:
        """The line as text without blanks at its end, with SGR sequences if asked."""
        length = self.width
        while length and self._cells[length - 1] == " ":
            length -= 1
        if not color:
            return "".join(self._cells[:length])
        return "".join(
            f"\x1b[{style.value}m{text}\x1b[0m" if style.value else text
            for style, text in self._runs(length)
        )

    def _runs(self, length: int) -> Iterator[tuple[Style, str]]:
        begin = 0
        for end in range(1, length + 1):
            if end == length or self._styles[end] is not self._styles[begin]:
                yield self._styles[begin], "".join(self._cells[begin:end])
                begin = end


def lines_of(
    text: str, width: int, style: Style = Style.PLAIN, *, indent: int = 0, hang: int = 0
) -> Sequence[Line]:
    """A clean text as wrapped lines.

    Args:
        text: the text.
        width: of the lines, in columns.
        style: of the text.
        indent: how many columns stay empty on the left.
        hang: how many more do in the lines after the first.
    """
    indent = min(indent, max(0, width - 8))
    lines = []
    for part in wrap(text, width - indent, hang=hang):
        line = Line(width)
        line.put(indent, part, style)
        lines.append(line)
    return lines
