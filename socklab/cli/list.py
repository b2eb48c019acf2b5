"""`socklab list`: which labs there are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer

from socklab.cli.ending import complain
from socklab.cli.names import LabFolders, LabTags
from socklab.cli.streams import put, width
from socklab.errors import LabError
from socklab.lab import header_of, in_reading_order, tagged
from socklab.packs import OWN, Pack, shelf


def list_labs(
    folders: LabFolders = None,
    tags: LabTags = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead.")] = False,
) -> None:
    """Show the labs there are, in the order in which one reads them."""
    known = shelf(folders or ())
    wanted = tagged(known.labs, tags or ())
    labs, broken = _read(known.packs, wanted)
    if as_json:
        import json

        put(json.dumps([lab.to_json() for lab in labs], indent=2))
    else:
        put("\n".join(_lines(labs, width())))
    problems = [*known.problems, *broken]
    for problem in problems:
        complain(problem)
    if problems:
        raise typer.Exit(LabError.exit_code)


@dataclass(frozen=True, slots=True)
class Listed:
    """A lab as a list shows it: where it is, and what it says of itself."""

    name: str
    path: Path
    pack: Pack
    title: str
    header: dict[str, str]

    @property
    def heading(self) -> str:
        """What it stands under: its folder, and for labs from elsewhere where that comes from."""
        below = self.path.relative_to(self.pack.folder).parent
        if self.pack.origin == OWN:
            return f"{below}/"
        # Where an installed package lies is nobody's concern; a folder that was given is.
        installed = " " in self.pack.origin
        folder = Path(self.pack.folder.name) if installed else self.pack.folder
        return f"{folder / below}/  ({self.pack.origin})"

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "name": self.name,
            "folder": self.path.absolute().parent.name,
            "pack": self.pack.origin,
            "path": str(self.path),
            "title": self.title,
            **{field.lower(): text for field, text in self.header.items()},
        }


def _read(packs: Sequence[Pack], wanted: Collection[str]) -> tuple[list[Listed], list[LabError]]:
    """What the labs say of themselves, and what is wrong with those that do not.

    They come folder by folder, and in each as one reads.
    """
    labs: list[Listed] = []
    broken: list[LabError] = []
    for pack in packs:
        read: dict[str, Listed] = {}
        for name, path in pack.labs.items():
            try:
                read[name] = Listed(name, path, pack, *header_of(path))
            except LabError as problem:
                broken += [problem] if name in wanted else []
        folders: dict[str, list[Listed]] = {}
        # Of all, and not of those that are wanted: one may lead to another by way of a third.
        for name in in_reading_order({name: lab.header["Next"] for name, lab in read.items()}):
            if name in wanted:
                folders.setdefault(read[name].heading, []).append(read[name])
        labs += chain.from_iterable(folders.values())
    return labs, broken


def _lines(labs: Sequence[Listed], columns: int) -> Iterator[str]:
    import textwrap

    longest = max((len(lab.name) for lab in labs), default=0)
    heading = ""
    for lab in labs:
        if lab.heading != heading:
            if heading:
                yield ""
            yield lab.heading
            heading = lab.heading
        level = lab.header.get("Level", "-")
        beside = 2 + longest + 2 + len(level) + 2
        if columns - beside >= 24:
            start, rest = f"  {lab.name:<{longest}}  {level}  ", " " * beside
        else:  # no room beside the name
            yield f"  {lab.name}  {level}"
            start = rest = "      "
        yield from textwrap.wrap(
            f"{lab.title} (slow)" if lab.header.get("Slow") else lab.title,
            columns,
            initial_indent=start,
            subsequent_indent=rest,
            break_on_hyphens=False,  # TIME-WAIT is one word
        )
    if heading:
        yield ""
    counted = "1 lab" if len(labs) == 1 else f"{len(labs)} labs"
    yield from textwrap.wrap(f"{counted}; the number is the level, 1 to 3.", columns)
