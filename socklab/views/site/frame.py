"""What every page of a site has around its own: the way to the others, and the look of the player.

Like a player a page is one file: its styles and scripts stand in it, its policy allows those and
nothing else, and what labs and runs say gets into it through `escaped` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files

from socklab.views.player import FIRST, file as of_player, policy
from socklab.views.player.text import escaped, filled

PAGES = {
    "index.html": "Labs",
    "coverage.html": "Coverage",
    "grid.html": "Hostile segments",
    "claims.html": "Claims",
}
"""The pages that lead to each other, and what they are called there."""


def framed(
    name: str, heading: str, body: Iterable[str], *, made: str, scripts: Sequence[str] = ()
) -> str:
    """A page.

    Args:
        name: its file, one of `PAGES`.
        heading: what it is about.
        body: what it says, as HTML.
        made: what stands below: what made it, and when.
        scripts: those that it needs, by the names of their files.
    """
    style = of_player("look.css") + _file("site.css")
    script = of_player("theme.js") + "".join(map(_file, scripts))
    parts: dict[str, str | Iterable[str]] = {
        "policy": policy([style], [FIRST, script]),
        "title": f"{escaped(heading)} – socklab",
        "style": style,
        "first": FIRST,
        "nav": "".join(
            f'<a href="{page}"{_current(page == name)}>{called}</a>'
            for page, called in PAGES.items()
        ),
        "heading": escaped(heading),
        "body": body,
        "made": escaped(made),
        "script": script,
    }
    return filled(_file("frame.html"), parts)


def counted(number: int, what: str) -> str:
    """A number of things: `1 lab`, `2 labs`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _current(is_it: bool) -> str:
    return ' aria-current="page"' if is_it else ""


@cache
def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
