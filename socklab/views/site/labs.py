"""The labs of a site: what is told of each, where its page is, and which one is next."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from socklab.outcome import Outcome, Verdict
from socklab.record import Expect, Record, State
from socklab.views.rungs import hosts_of

TAKEN = frozenset(("index", "coverage", "grid", "claims"))
"""The names of the site's other pages."""

NO_FILE = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)))
)
"""Names that no file can have on Windows, where a site may be read.

Source: Microsoft, "Naming Files, Paths, and Namespaces"
"""

MOST = 60
"""Characters of a file's name: in UTF-8 they fit into the 255 bytes that a name may have."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A lab that was to be run: what became of it, and what its file says of it."""

    outcome: Outcome
    heading: str = ""
    header: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The lab's name."""
        return self.outcome.lab

    @property
    def title(self) -> str:
        """What it is called: its title, or its name if nobody could read that."""
        record = self.outcome.record
        return self.heading or (record.title if record is not None else "") or self.name

    @property
    def question(self) -> str:
        """What it asks."""
        record = self.outcome.record
        return self.header.get("Question", "") or (record.question if record is not None else "")

    @property
    def level(self) -> str:
        """How hard it is, from 1 to 3."""
        return self.header.get("Level", "")

    @property
    def tags(self) -> list[str]:
        """What its header says that it is about."""
        words = (word.strip() for word in self.header.get("Tags", "").split(","))
        return list(dict.fromkeys(word for word in words if word))

    @property
    def verdict(self) -> str:
        """What became of it, in a word or a few."""
        record = self.outcome.record
        if self.outcome.verdict is Verdict.PASSED and record is not None:
            partly = any(expect.passed is None for expect in record.of(Expect))
            return "passed in part" if partly else "passed"
        return self.outcome.verdict.value


@dataclass(frozen=True, slots=True, eq=False)  # two runs may be alike, and have a page each
class Lab:
    """A lab of a site, and the file that its page is; empty if it has none, since it never ran."""

    entry: Entry
    file: str

    @property
    def record(self) -> Record | None:
        """Its run."""
        return self.entry.outcome.record

    @property
    def address(self) -> str:
        """Its page, as a link from another one has it."""
        return quote(self.file)

    def step(self, number: int) -> str:
        """The address of a step."""
        return f"{self.address}#step-{number}"


def states_of(record: Record) -> dict[str, list[str]]:
    """The states that each host's sockets came to be in, each once, in their order."""
    seen: dict[str, list[str]] = {host: [] for host in hosts_of(record)}
    for change in record.of(State):
        of_host = seen.setdefault(change.host, [])
        if change.now not in of_host:
            of_host.append(change.now)
    return seen


class Labs(Sequence[Lab]):
    """The labs of a site, folder by folder.

    Args:
        entries: what there is to show, in the order in which it is read.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        folders = dict.fromkeys(entry.outcome.folder for entry in entries)
        ordered = [e for folder in folders for e in entries if e.outcome.folder == folder]
        files = _files(ordered)
        self._labs = [Lab(entry, file) for entry, file in zip(ordered, files, strict=True)]
        self.pages: dict[str, str] = {}
        """The addresses of the labs' pages, by their names."""
        for lab in self._labs:
            if lab.file:
                self.pages.setdefault(lab.entry.name, lab.address)

    def __len__(self) -> int:
        return len(self._labs)

    def __getitem__(self, index: int) -> Lab:  # type: ignore[override]
        return self._labs[index]

    def next(self, lab: Lab) -> Lab | None:
        """The lab to read after one that has a page: the one that its header names, if it is here.

        Else it is the next one here; None after the last.
        """
        paged = [each for each in self._labs if each.file]
        named = lab.entry.header.get("Next")
        for each in paged:
            if each.entry.name == named and each is not lab:
                return each
        after = paged.index(lab) + 1
        return paged[after] if after < len(paged) else None


def _files(entries: Sequence[Entry]) -> Iterator[str]:
    """A file name for each: one that every system can have, and no two the same in any case."""
    taken = set(TAKEN)
    for entry in entries:
        if entry.outcome.record is None:
            yield ""
            continue
        name = re.sub(r"[^\w.-]+", "-", entry.name)[:MOST].strip("-.") or "lab"
        unlike, number = name, 1
        while unlike.casefold() in taken or unlike.casefold() in NO_FILE:
            number += 1
            unlike = f"{name}-{number}"
        taken.add(unlike.casefold())
        yield f"{unlike}.html"
