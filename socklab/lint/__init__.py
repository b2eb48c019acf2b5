"""Lint: what is wrong with a lab's file before anybody runs it, each with its line and its cure.

The text is read first: the header, and the code as a tree. Then the file is imported, as a run
would, and what it made is looked at. No story is told and no role is started.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from socklab.lint import code, header, made
from socklab.lint.finding import RULES, Finding
from socklab.lint.source import Source
from socklab.packs import TwoLabs, name_of

__all__ = ["RULES", "Finding", "lint", "two_of_a_name"]


def lint(path: Path, others: Mapping[str, Path]) -> list[Finding]:
    """What is wrong with a lab's file, by line.

    Args:
        path: the file.
        others: the labs that it may lead on to, and be mistaken for, by their names. It may be
            among them; the labs beside it need not be.

    Raises:
        LabError: it can't be read, or is no Python.
    """
    source = Source.read(path)
    beside = (name_of(each) for each in path.absolute().parent.glob("[!_.]*.py"))
    found = [
        *_name(path, others),
        *header.findings(source, {*others, *beside}),
        *code.findings(source),
    ]
    found += made.findings(source, frozenset(finding.rule for finding in found))
    return sorted(found, key=lambda finding: finding.line)


def two_of_a_name(problems: Iterable[Exception]) -> list[Finding]:
    """The labs that have the name of another, as findings."""
    return [
        _taken(clash.other, clash.name, clash.one)
        for clash in problems
        if isinstance(clash, TwoLabs)
    ]


def _name(path: Path, others: Mapping[str, Path]) -> Iterator[Finding]:
    name = name_of(path)
    other = others.get(name)
    if other is not None and other.resolve() != path.resolve():
        yield _taken(path, name, other)
    if name != name.lower() or not name.replace("-", "").isalnum():
        told = f"nobody finds a lab named {name!r}: take lower case, and _ between words"
        yield Finding(path, 1, "name", told)


def _taken(path: Path, name: str, other: Path) -> Finding:
    return Finding(path, 1, "name", f"{name} is also {other}: rename one")
