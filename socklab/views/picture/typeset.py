"""How wide a text may get in a picture whose fonts are its reader's, and where it is broken.

An SVG has no fonts of its own: a reader's machine takes the first of a list that it has. So each
character counts as wide as it is in the widest of them, by the advance widths of Liberation Sans
(which are Helvetica's and Arial's), Noto Sans, Open Sans, Roboto and DejaVu Sans. With Helvetica a
text is a tenth shorter than the room it was given; with none of them is it longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from socklab.views.columns import cells

SANS = (
    '"Helvetica Neue",Helvetica,Arial,"Liberation Sans","Noto Sans",Roboto,"Segoe UI",'
    '"Open Sans","DejaVu Sans",sans-serif'
)
"""Those with the metrics of Helvetica first: so a picture looks alike on most machines."""

MONO = (
    'Menlo,Consolas,"Liberation Mono","DejaVu Sans Mono","Noto Sans Mono","Courier New",monospace'
)

_REGULAR: Mapping[int, str] = {
    28: "'ijl",
    34: " ,.:;I",
    39: "-f",
    42: "!()/[\\]rt",
    46: '"',
    56: "*?JL_csz|",
    61: "`kvxy",
    64: "$0123456789FTabdeghnopqu{}",
    69: "ABEKPSVXYZ",
    74: "CRU",
    79: "&DGHNOQ",
    84: "#+<=>^w~",
    92: "M",
    102: "%@Wm",
}
"""The widest advance of each character of ASCII, in hundredths of its size."""

_BOLD: Mapping[int, str] = {
    35: " 'ijl",
    39: ",.I",
    42: "-/:;",
    46: "!()[\\]f",
    50: "rt",
    56: '"*J_|',
    61: "`csz",
    66: "?Lvxy",
    69: "EFTaeko",
    73: "$0123456789SYZbdghnpqu{}",
    78: "ABCKPRVX",
    85: "#+<=>DGHNU^~",
    93: "&OQw",
    101: "%@M",
    111: "Wm",
}

_OURS = dict.fromkeys("…→–—×“”‘’§·", 100)
"""What socklab's own sentences use beyond ASCII."""

_MONO = 60.3
"""Any character of ASCII in a font whose characters are all alike."""

_OTHER = (0, 65, 100)
"""Any other character, by the columns of a terminal that it takes. That is how wide it mostly is;
whoever sets it has to see to it that it is no wider."""


@dataclass(frozen=True, slots=True)
class Face:
    """How a piece of text is set: its class in the style sheet, size in pixels, and kind."""

    name: str
    size: float
    bold: bool = False
    mono: bool = False


@cache
def _widths(bold: bool) -> Mapping[str, int]:
    table = _BOLD if bold else _REGULAR
    return {character: width for width, characters in table.items() for character in characters}


def is_plain(text: str) -> bool:
    """Whether it is known how wide each of its characters gets at most."""
    return text.isascii() or all(c.isascii() or c in _OURS for c in text)


def width_of(text: str, face: Face) -> float:
    """The most room that a clean text takes, in pixels."""
    if face.mono and text.isascii():
        return len(text) * _MONO * face.size / 100
    return sum(_width(character, face) for character in text) * face.size / 100


def _width(character: str, face: Face) -> float:
    if character.isascii():
        return _MONO if face.mono else _widths(face.bold)[character]
    return _OURS.get(character) or _OTHER[cells(character)]


def wrap(text: str, width: float, face: Face) -> list[str]:
    """A clean text as lines that are no wider; broken at blanks, and where it must, anywhere.

    Args:
        text: the text; blanks at a break are left out.
        width: in pixels; a character that is wider has a line of its own.
        face: how it is set.
    """
    lines: list[str] = []
    rest = text
    while rest:
        line, rest = _first_line(rest, width, face)
        lines.append(line)
    return lines or [""]


def _first_line(text: str, room: float, face: Face) -> tuple[str, str]:
    """As much of a text as fits, and what is left."""
    if width_of(text, face) <= room:
        return text, ""
    per_pixel = face.size / 100
    taken = 0.0
    end = 0
    while end < len(text) and (taken := taken + _width(text[end], face) * per_pixel) <= room:
        end += 1
    end = max(end, 1)
    blank = text.rfind(" ", 1, end + 1)
    # A break near the beginning would leave a line nearly empty: then rather break the word.
    if blank * 3 >= end:
        return text[:blank].rstrip(), text[blank:].lstrip()
    if (bracket := text.rfind("(", 0, end) + 1) * 3 >= end:
        end = bracket
    elif (escape := text.rfind("\\x", max(end - 3, 1), end + 1)) > 0:
        end = escape
    # What stands on top of a character goes with it.
    while end < len(text) and cells(text[end]) == 0:
        end += 1
    return text[:end], text[end:]
