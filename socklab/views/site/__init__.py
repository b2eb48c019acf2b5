"""The site: every lab's player, an index to find one by, and what all of them show together.

A folder of files that needs nothing else: it opens from a USB stick, and from any web server. Its
links are relative, and no page asks for anything but the next one.

    index.html      every lab, with a search and filters
    NAME.html       a lab's run, to step through: see the player
    coverage.html   the arrows of the state diagram and the events, each with the steps that show it
    grid.html       hostile segments against a socket in every state
    claims.html     what is said of connections, and whether it is so

Pure: it makes texts of Records and of what was measured besides; the command line writes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from socklab.claims import Judged
from socklab.grid import Grid
from socklab.views.player import player
from socklab.views.player.page import Link
from socklab.views.site import claims, coverage, grid, index
from socklab.views.site.labs import Entry, Lab, Labs
from socklab.views.site.witnesses import Witnesses

__all__ = ["Entry", "Site", "pages"]


@dataclass(frozen=True, slots=True)
class Site:
    """What a site is made of.

    Args:
        entries: the labs that were to be run, in the order in which one reads them.
        grid: the hostile segments; or why they were not tried, as a sentence.
        observed: the claims as they were judged elsewhere, for those whose labs did not run here.
        slow: whether stories waited for what takes real seconds.
        left_out: how many slow labs were not asked for.
        made: what made it, and when.
    """

    entries: Sequence[Entry]
    grid: Grid | str = "They were not tried."
    observed: Sequence[Judged] = ()
    slow: bool = False
    left_out: int = 0
    made: str = "Made by socklab."


def pages(site: Site) -> Iterator[tuple[str, str]]:
    """The files of a site: each one's name, and its text for UTF-8. The index is the last."""
    labs = Labs(site.entries)
    for lab in labs:
        if lab.record is not None:
            links = list(_links(labs, lab))
            yield lab.file, player(lab.record, links=links, labs=labs.pages)
    seen = Witnesses(labs)
    yield "coverage.html", coverage.page(seen, slow=site.slow, made=site.made)
    yield "grid.html", grid.page(site.grid, made=site.made)
    yield "claims.html", claims.page(labs, site.observed, slow=site.slow, made=site.made)
    yield "index.html", index.page(labs, left_out=site.left_out, made=site.made)


def _links(labs: Labs, lab: Lab) -> Iterator[Link]:
    yield Link("index.html", "All labs", "The index of all labs")
    following = labs.next(lab)
    if following is not None:
        yield Link(following.address, "Next lab", following.entry.title)
