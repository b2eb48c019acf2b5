"""The player: a run as one HTML file that needs nothing else, to step through.

The ladder, the lab's text and its source stand in the page as HTML: it can be read, searched and
printed where no script runs. The script lights in it what a step is about, and fills the panes that
show a moment: states, sockets, rows of `ss`.

No build step: page.html, the style sheets and the scripts beside this module are put together as
they are. look.css has colors and type, and nothing of this page alone.

What a Record says is data. It gets into the page through `escaped` and `embedded` of text.py only;
the policy in the page's head then allows just the styles and scripts with these hashes, no request
to anywhere, and no style or handler in an attribute.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

from socklab.record import Record
from socklab.views.player import page
from socklab.views.player.ends import Ends
from socklab.views.player.ladder import lanes
from socklab.views.player.moments import moments
from socklab.views.player.page import Link
from socklab.views.player.steps import steps
from socklab.views.player.text import embedded, escaped, filled
from socklab.views.rungs import hosts_of

STYLES = ("look.css", "page.css", "ladder.css", "panes.css")
SCRIPTS = ("page.js", "sockets.js", "figures.js", "predict.js", "theme.js", "transport.js")

FIRST = 'document.documentElement.classList.add("js");'
"""Says before anything is laid out that there will be a script."""

NARROW = "@container ladder (max-width: 34rem)"
"""Where two hosts have no room beside their lifelines either."""


def player(
    record: Record, *, links: Sequence[Link] = (), labs: Mapping[str, str] | None = None
) -> str:
    """A run as an HTML page that plays it.

    Args:
        record: of any run, also of one that failed or was interrupted.
        links: to the pages that it stands among, in its head; a file of its own has none.
        labs: the addresses of other labs' pages, by their names: where the lab's header says
            which one comes next, that is a link.

    Returns:
        The text of one file, for UTF-8. It asks for nothing from anywhere.
    """
    told = steps(record)
    ends = Ends(record, told)
    style, script = _style(len(hosts_of(record))), _script()
    parts: dict[str, str | Iterator[str]] = {
        "policy": policy([style, file("print.css")], [FIRST, script]),
        "title": escaped(record.title or record.lab or "A run"),
        "style": style,
        "print": file("print.css"),
        "first": FIRST,
        "top": page.top(record, links),
        "wrong": page.went_wrong(record),
        "ladder": page.ladder_pane(record, told),
        "choice": page.choice(ends.connections),
        "figures": page.figures(ends.connections, hosts_of(record)),
        "command": page.COMMAND,
        "source": page.source_pane(record),
        "lab": page.lab_pane(record, told, labs or {}),
        "last": str(len(told) - 1),
        "data": embedded(moments(record, told, ends)),
        "script": script,
    }
    return filled(file("page.html"), parts)


@cache
def file(name: str) -> str:
    """A file of this package."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _style(hosts: int) -> str:
    columns = f"{file('lanes.css')}{lanes(hosts)}\n"
    if hosts == 2:
        columns = f"{NARROW} {{\n{columns}}}\n"
    return "".join(map(file, STYLES)) + columns


@cache
def _script() -> str:
    return "".join(map(file, SCRIPTS))


def policy(styles: Iterable[str], scripts: Iterable[str]) -> str:
    """The content security policy that allows these and nothing else."""

    def hashes(texts: Iterable[str]) -> str:
        digests = (hashlib.sha256(text.encode()).digest() for text in texts)
        return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)

    return (
        f"default-src 'none'; style-src {hashes(styles)}; script-src {hashes(scripts)}; "
        "base-uri 'none'; form-action 'none'"
    )
