"""What mkdocs does on top for this book: a page for each lab, and a player in it.

A hook of mkdocs.yml. The pages and the players are made while the book is built, from real runs
(runs.py), and nothing of them is committed. A page of docs/labs/ that is written by hand stays as
it is; the player takes the place of its line `<!-- player: LAB -->`.

A link to a lab's file leads to the file for those who read docs/ in the repository, and to the
lab's page for those who read the book.

The names of the functions are those of the events: https://www.mkdocs.org/dev-guide/plugins/
"""

from __future__ import annotations

import logging
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from socklab.errors import SocklabError
from socklab.lab import in_reading_order
from socklab.packs import catalogue
from socklab.record import Record
from socklab.views.player import player
from tools.lab_pages import AT, Told, embedded, instead, page, told
from tools.runs import Runs, runs

log = logging.getLogger("mkdocs.hooks.players")  # under mkdocs: --strict counts its warnings

LINK = re.compile(r"(?<=\]\()(?:\.\./)+labs/\w+/\w+\.py(?=\))")
"""In a page: a link to a lab's file."""

SECTION = "Labs"
"""The section of the contents that begins with the catalogue."""

Contents = Mapping[str, Sequence[Mapping[str, str]]]
"""A section of the contents, as mkdocs.yml has it: titles of pages and their files."""


@dataclass(slots=True)
class Book:
    """What one build knows: the labs by their names, in their order, and their runs."""

    labs: Mapping[str, Told]
    runs: Runs


_built: list[Book] = []
"""The book that is being built: events of mkdocs have nothing else in common."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put every lab into the contents: in the section of the catalogue, by their folders.

    Raises:
        PluginError: a lab has no header.
    """
    try:
        found = {name: told(name, path) for name, path in catalogue().items()}
    except SocklabError as refused:
        raise PluginError(f"the labs' pages can't be made: {refused}") from refused
    order = in_reading_order({name: lab.header["Next"] for name, lab in found.items()})
    book = Book({name: found[name] for name in order}, Runs())
    _built[:] = [book]
    for section in config.nav or ():
        if isinstance(section, dict) and isinstance(pages := section.get(SECTION), list):
            pages[1:] = _contents(book.labs.values(), pages[1:])
    return config


def _contents(labs: Iterable[Told], pages: Sequence[object]) -> list[Contents]:
    """The labs' part of the contents, folder by folder.

    Args:
        labs: in their order.
        pages: titles and pages of those whose pages are written by hand.
    """
    named = [each for each in pages if isinstance(each, Mapping)]
    titles = {file: title for each in named for title, file in each.items()}
    folders: dict[str, list[Mapping[str, str]]] = {}
    for lab in labs:
        file = page_of(lab.name)
        short = escape(lab.title.partition(":")[0])  # a theme takes it as HTML
        folders.setdefault(lab.folder, []).append({titles.get(file, short): file})
    return [{folder.capitalize(): within} for folder, within in folders.items()]


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages and the players to the files of the book.

    Raises:
        PluginError: a file that was given has no Records in it.
    """
    [book] = _built
    try:
        book.runs = runs({name: lab.path for name, lab in book.labs.items()})
    except SocklabError as refused:
        raise PluginError(f"the labs' players can't be made: {refused}") from refused
    for name, lab in book.labs.items():
        if files.get_file_from_path(page_of(name)) is None:
            files.append(File.generated(config, page_of(name), content=page(lab, book.labs)))
        if (record := book.runs.records.get(name)) is not None:
            files.append(File.generated(config, player_of(name), content=_player(name, record)))
    _warn(book)
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put the player where a page has its marker, and let links to labs' files lead to pages."""
    [book] = _built
    here = page.file
    if here.generated_by is None:
        markdown = LINK.sub(lambda found: _to_page(found[0], here, book), markdown)

    def put(found: re.Match[str]) -> str:
        name = found[1]
        file = files.get_file_from_path(player_of(name))
        if name not in book.labs:
            log.warning("%s has a player of a lab that is none: %s", here.src_uri, name)
            return ""
        if file is None:
            return instead(book.runs.missing.get(name, "its run left nothing"))
        return embedded(book.labs[name], file.url_relative_to(here))

    # Only the first: on a page that is made here the lab's source, which may say anything, follows.
    return AT.sub(put, markdown, count=1)


def page_of(name: str) -> str:
    """The file of a lab's page, in docs/."""
    return f"labs/{name}.md"


def player_of(name: str) -> str:
    """The file of a lab's player."""
    return f"players/{name}.html"


def _to_page(link: str, here: File, book: Book) -> str:
    """A link to a lab's file as one to its page; another one stays."""
    folder = posixpath.dirname(here.src_uri)
    file = posixpath.normpath(posixpath.join("docs", folder, link))
    for lab in book.labs.values():
        if lab.file == file:
            return posixpath.relpath(page_of(lab.name), folder or ".")
    return link


def _warn(book: Book) -> None:
    """Say what is not as it should be: a warning where that can be mended, else for information."""
    for name, lab in book.labs.items():
        record = book.runs.records.get(name)
        if record is None:
            continue
        if not record.passed:
            log.warning("the run of %s is not as its lab says: `socklab run %s`", name, name)
        if record.source and record.source.rstrip() != lab.source.rstrip():
            log.warning("the run of %s is of another version of %s", name, lab.file)
    missing = {name: why for name, why in book.runs.missing.items() if name in book.labs}
    if missing:
        level = logging.WARNING if book.runs.can else logging.INFO
        first, *others = missing
        who = f"{first} and {len(others)} more have" if others else f"{first} has"
        log.log(level, "%s no player: %s", who, missing[first])


_players: dict[str, tuple[Record, str]] = {}


def _player(name: str, record: Record) -> str:
    """The player of a run; `mkdocs serve` asks for it at every save, and it takes 15 ms."""
    made = _players.get(name)
    if made is None or made[0] is not record:
        made = _players[name] = record, player(record)
    return made[1]
