"""Records from files, as `run` writes them: one, or an array of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from socklab.errors import LabError, ToolError

if TYPE_CHECKING:
    from json import JSONDecodeError

    from socklab.record import Record

LISTED = 10
"""How many Records a message lists. Arbitrary: it is a sentence."""

OfSeveral = Annotated[
    str | None,
    typer.Option(
        "--lab",
        metavar="LAB",
        help="Of a file with several Records, that of this lab; or its number, from 1.",
    ),
]
"""What a command calls `lab`, and gives to `chosen`."""


def told_as(file: Path) -> str:
    """What a file is called in a sentence."""
    return "standard input" if str(file) == "-" else str(file)


def records_in(file: Path) -> list[Record]:
    """The Records in a file; those on standard input for `-`.

    Raises:
        LabError: it can't be read, or has something else in it; then the place is told.
    """
    return read(file)[0]


def read(file: Path) -> tuple[list[Record], bool]:
    """The Records in a file, and whether they stand in an array there.

    Raises:
        LabError: it can't be read, or has something else in it.
    """
    return parsed(bytes_in(file), told_as(file))


def bytes_in(file: Path) -> bytes:
    """All that is in a file, or on standard input for `-`.

    Raises:
        LabError: it can't be read.
    """
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as refused:
        raise LabError(f"{told_as(file)} can't be read: {refused.strerror}") from refused


def parsed(data: bytes, name: str) -> tuple[list[Record], bool]:
    """The Records in these bytes, and whether they stand in an array there.

    Args:
        data: the text of one document.
        name: what to call it in a sentence.

    Raises:
        LabError: there is something else.
    """
    from socklab.record import Record
    from socklab.schema import Misfit, NewerError

    try:
        document = _parsed(data)
        if not isinstance(document, list):
            return [Record.from_json(document)], False
        return [_read_one(Record, each, index) for index, each in enumerate(document)], True
    except NewerError as newer:
        raise LabError(f"{name}: {newer}") from newer
    except Misfit as misfit:
        raise LabError(
            f"{name} is not as socklab wrote it: {misfit}; mend it there, or record the run anew"
        ) from misfit
    except (ToolError, ValueError) as problem:
        raise LabError(
            f"{name} has no Record in it, as `socklab run --record` writes one: {problem}"
        ) from problem


def _read_one(kind: type[Record], document: Any, index: int) -> Record:
    from socklab.schema import Misfit

    try:
        return kind.from_json(document)
    except Misfit as misfit:
        misfit.steps.append(index)
        raise


def _parsed(data: bytes) -> Any:
    """The document in these bytes.

    Raises:
        ValueError: they are none; with what they are instead.
    """
    import json

    if not data.strip():
        raise ValueError("it is empty; record the run anew")
    try:
        return json.loads(data, parse_constant=_refused)
    except json.JSONDecodeError as problem:
        raise ValueError(_broken(problem)) from problem
    except UnicodeDecodeError as problem:
        raise ValueError("it is not text") from problem
    except RecursionError as problem:
        raise ValueError("it is nested deeper than any Record") from problem


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON")


def _broken(problem: JSONDecodeError) -> str:
    """What is wrong with a text that is not JSON: cut off, or something else altogether."""
    cut_off = (
        problem.msg.startswith("Unterminated string") or not problem.doc[problem.pos :].strip()
    )
    begun = re.match(r"\s*[\[{]", problem.doc)
    if begun and cut_off:
        lines = problem.doc.count("\n") + 1
        return (
            f"it was cut off in line {lines}, as by a full disk or a copy that was broken off; "
            "copy it again, or record the run anew"
        )
    return f"line {problem.lineno}, column {problem.colno} is not JSON: {problem.msg}"


def chosen(records: Sequence[Record], which: str | None, file: Path) -> Sequence[Record]:
    """Those of a file's Records that were asked for: one, by its lab or number, or all.

    Args:
        records: of the file.
        which: a lab's name, or a number from 1 on.
        file: for messages.

    Raises:
        LabError: there is none such, or no Record at all, or the name fits several.
    """
    name = told_as(file)
    if not records:
        raise LabError(f"{name} has an empty array in it, and no Record")
    if which is None:
        return records
    if which.isascii() and which.isdecimal():
        if not 1 <= int(which) <= len(records):
            told = "1 Record" if len(records) == 1 else f"{len(records)} Records"
            raise LabError(f"{name} has no Record number {which}; it has {told}")
        return [records[int(which) - 1]]
    wanted = which.replace("_", "-")
    found = [n for n, record in enumerate(records, start=1) if record.lab == wanted]
    if not found:
        from difflib import get_close_matches

        names = list(dict.fromkeys(record.lab for record in records))
        near = get_close_matches(wanted, names, n=1)
        hint = f"did you mean {_listed(near)}?" if near else f"it has {_listed(names)}"
        raise LabError(f"{name} has no Record of {which}; {hint}")
    if len(found) > 1:
        numbers = _listed([str(number) for number in found])
        raise LabError(
            f"{name} has {len(found)} Records of {which}: say which by its number, of {numbers}"
        )
    return [records[found[0] - 1]]


def _listed(words: Sequence[str]) -> str:
    """Words of Records, in which there may be anything, for a sentence."""
    from socklab.views.columns import clean

    more = len(words) - LISTED
    return clean(", ".join(words[:LISTED])) + (f" and {more} more" if more > 0 else "")
