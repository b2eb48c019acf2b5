"""A lab's page in the book: its text, its run to step through, its source, and the next lab.

What a lab says is data. In Markdown each character that could be markup stands as its number
(`&#60;`), so that a header with `<script>` or `*` in it stays what it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from socklab.lab import header_of

MARKER = "<!-- player: {} -->"
"""The line of a page at which a lab's player is to be, with the lab's name."""

AT = re.compile(r"^<!-- player: ([\w-]+) -->$", re.MULTILINE)

MARKUP = re.compile(r"""[^\w\s,.;?'/()–…→§-]|_""")
"""Whatever may mean something in HTML or in Markdown; and others, which does no harm."""

CODE = re.compile(r"`([^`]+)`")
"""A command or an option in a header."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a lab's file says, read without running it. `source` is its text."""

    name: str
    path: Path
    title: str
    header: Mapping[str, str]
    source: str

    @property
    def folder(self) -> str:
        """The name of the folder in which its file is."""
        return self.path.parent.name

    @property
    def file(self) -> str:
        """Its file's name in the repository."""
        return f"labs/{self.folder}/{self.path.name}"


def told(name: str, path: Path) -> Told:
    """What the file of a lab says.

    Raises:
        LabError: it has no header.
    """
    return Told(name, path, *header_of(path), path.read_text(encoding="utf-8-sig"))


def page(lab: Told, labs: Mapping[str, Told]) -> str:
    """The page of a lab as Markdown, with a marker for its player.

    Args:
        lab: whose page.
        labs: all of them, by name, to lead to the next.
    """
    header = lab.header
    see = plain(_sentence(header["See"]))
    parts = [
        f"# {plain(lab.title)}",
        f"**Question:** {plain(_sentence(header['Question']))}",
        "## The run",
        MARKER.format(lab.name),
        f"In a terminal: `socklab run {lab.name}`.",
        "## What to see",
        f'<details markdown="1">\n<summary>The answer</summary>\n\n{see}\n</details>',
    ]
    if header.get("Linux"):
        parts += ["## Linux and the book", plain(_sentence(header["Linux"]))]
    parts += ["## The lab", _properties(lab), _fenced(lab.source)]
    parts += ["## Sources", f"{plain(header['Source'])}."]
    if (following := labs.get(header["Next"])) is not None:
        parts.append(f"Next: [{plain(following.title)}]({following.name}.md)")
    return "\n\n".join(parts) + "\n"


def plain(text: str) -> str:
    """A text that is only text, in Markdown as in HTML; but `code` in it is code."""
    pieces = CODE.split(" ".join(text.split()))
    told = [MARKUP.sub(lambda found: f"&#{ord(found[0])};", piece) for piece in pieces]
    told[1::2] = [f"<code>{piece}</code>" for piece in told[1::2]]
    return "".join(told)


def _sentence(text: str) -> str:
    """With a capital and an end, unless it begins with a name as a program writes it."""
    first = re.match(r"\w+", text)
    is_name = first is not None and (
        text[first.end() : first.end() + 1] in ("(", "=", "_") or "_" in first[0]
    )
    begun = text if is_name else text[:1].upper() + text[1:]
    return begun if begun.endswith((".", "?", "!")) else f"{begun}."


def _properties(lab: Told) -> str:
    """Where it is, how hard, and by which words one finds it."""
    header = lab.header
    lines = [f"`{lab.file}`"]
    if header.get("Level"):
        lines.append(f"level {plain(header['Level'])} of 3")
    said = [", ".join(lines) + "."]
    said += [
        f"{name}: {plain(header[name])}." for name in ("Slow", "Waits", "Tags") if header.get(name)
    ]
    return "\n\n".join(said)


def _fenced(text: str) -> str:
    """A block of Python, whatever backticks there are in it."""
    longest = max((len(found) for found in re.findall("`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}python\n{text.rstrip()}\n{fence}"


# --- The player ---------------------------------------------------------------------------------


def embedded(lab: Told, address: str) -> str:
    """The player of a run as HTML, to stand in a page.

    The frame has no origin of its own: it can neither read the page around it nor lead that
    elsewhere.

    Args:
        lab: whose run.
        address: of the player's file, as seen from the page.
    """
    address = escape(address)
    title = escape(f"The run of {lab.name}, to step through")
    return (
        '<figure class="player">\n'
        f'<iframe src="{address}" title="{title}" loading="lazy" sandbox="allow-scripts">'
        "</iframe>\n"
        "<figcaption>A real run, step by step: with the buttons or, once you have clicked into it, "
        f'the arrow keys. <a href="{address}">Open it alone</a></figcaption>\n'
        "</figure>"
    )


def instead(why: str) -> str:
    """What stands in a page where there is no player, and why, as Markdown."""
    return f"*There is no player here: {plain(why)}.*"
