"""Text of a Record on its way into a page. All of it is data, whatever stands in it.

What is not a visible character is shown as Python escapes it, as on a terminal; then nothing in
a payload or an error can turn the reading direction. After that there are two ways into the
page, and no third: `escaped` into HTML, `embedded` into the block of JSON that the script reads.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping

from socklab.views.columns import clean


def tidy(text: str) -> str:
    """A text as it may be shown: what is not a visible character, as Python escapes it."""
    return text if text.isascii() and text.isprintable() else clean(text)


def escaped(text: str) -> str:
    """A text as HTML has it, in an element or between the quotes of an attribute."""
    return html.escape(tidy(text))


def embedded(value: object) -> str:
    """A value as JSON that may stand in a script element: ASCII, and no `<` in it."""
    text = json.dumps(value, separators=(",", ":"))
    # What could end a script element, or begin a comment in it.
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text


def filled(page: str, parts: Mapping[str, str | Iterable[str]]) -> str:
    """A page with its places filled.

    Args:
        page: with each place as its name between two `$`.
        parts: what belongs there, in one text or in several, by the place's name.
    """
    # What is filled in may look like a place itself, so all are filled in one go.
    pieces = page.split("$")
    return "".join(
        text
        for number, piece in enumerate(pieces)
        for text in _texts(piece if number % 2 == 0 else parts[piece])
    )


def _texts(part: str | Iterable[str]) -> Iterable[str]:
    return (part,) if isinstance(part, str) else part
