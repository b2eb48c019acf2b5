"""The lab's file as lines of HTML, each with its number, so that one can be lit."""

from __future__ import annotations

import io
import keyword
import tokenize
from collections.abc import Iterator
from itertools import pairwise

from socklab.views.player.text import escaped

TAB = 8
"""Columns: what Python counts with where tabs and blanks are mixed."""

Span = tuple[int, int, str]
"""From a column to another, and what stands there: the name of a class."""


def code(source: str) -> Iterator[str]:
    """A Python file, line by line, in an element each. What is not Python is plain text."""
    lines = source.expandtabs(TAB).split("\n")
    while lines and not lines[-1].strip(" "):
        lines.pop()
    spans, header = _spans("\n".join(lines) + "\n")
    for number, line in enumerate(lines, start=1):
        told = "".join(_painted(line, spans.get(number, [])))
        kind = "line header" if number in header else "line"
        yield f'<span class="{kind}" id="line-{number}" data-number="{number}">{told}</span>'


def _painted(line: str, spans: list[Span]) -> Iterator[str]:
    at = 0
    for begin, end, kind in spans:
        yield escaped(line[at:begin])
        yield f'<i class="{kind}">{escaped(line[begin:end])}</i>'
        at = end
    yield escaped(line[at:])


def _spans(source: str) -> tuple[dict[int, list[Span]], range]:
    """What is not plain code, by the line; and the lines of the docstring that it begins with."""
    spans: dict[int, list[Span]] = {}
    header = range(0)
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return {}, header
    lines = source.split("\n")
    for before, token in pairwise([tokens[0], *tokens]):
        kind = _kind(before, token)
        if not kind:
            continue
        (first, begin), (last, end) = token.start, token.end
        if not spans and kind == "string":
            header = range(first, last + 1)
        for number in range(first, last + 1):
            left = begin if number == first else 0
            right = end if number == last else len(lines[number - 1])
            if left < right:
                spans.setdefault(number, []).append((left, right, kind))
    return spans, header


def _kind(before: tokenize.TokenInfo, token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.COMMENT:
        return "comment"
    # From Python 3.12 on an f-string is several tokens, its fields among them as code.
    if token.type == tokenize.STRING or tokenize.tok_name[token.type].startswith("FSTRING"):
        return "string"
    if token.type == tokenize.NAME:
        if keyword.iskeyword(token.string):
            return "keyword"
        if before.string == "def":
            return "function"
    return ""
