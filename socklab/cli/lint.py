"""`socklab lint`: what is wrong with labs, before anybody runs them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from socklab.cli.ending import complain
from socklab.cli.names import LabFolders, complete, from_here
from socklab.cli.streams import put
from socklab.errors import ExperimentError, LabError
from socklab.packs import Shelf, files, find, name_of, shelf

if TYPE_CHECKING:
    from socklab.lint import Finding


def lint(
    labs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="LAB...",
            help="A lab's name, its file, or a folder of labs; all there are, if none is given.",
            autocompletion=complete,
        ),
    ] = None,
    folders: LabFolders = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead.")] = False,
) -> None:
    """Check labs: the header, the names, the control, and that no verdict hangs on a clock."""
    known = shelf(folders or ())
    paths = _paths(labs, known, folders or ())
    # A lab may print what it likes when it is imported, but not into a document.
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        found, broken = _findings(paths, known, every=not labs)
    if as_json:
        import json

        put(json.dumps([finding.to_json() for finding in found], indent=2))
    else:
        put("\n".join([*map(_told, found), _summary(len(paths), len(found))]))
    for problem in broken:
        complain(problem)
    if broken:
        raise typer.Exit(LabError.exit_code)
    if found:
        raise typer.Exit(ExperimentError.exit_code)


def _paths(labs: Sequence[str] | None, known: Shelf, folders: Sequence[Path]) -> list[Path]:
    """The files that were asked for.

    Raises:
        LabError: there is no such lab, file or folder.
    """
    if not labs:
        return list(known.labs.values())
    paths: dict[Path, None] = {}
    for lab in labs:
        if not _is_folder(lab):
            paths[find(lab, folders)] = None
        elif within := dict.fromkeys(files(Path(lab), "lint")):
            paths |= within
        else:
            raise LabError(f"there are no labs in {lab}")
    return list(paths)


def _is_folder(lab: str) -> bool:
    try:
        return Path(lab).is_dir()
    except OSError:  # as below a folder of somebody else's
        return False


def _findings(
    paths: Sequence[Path], known: Shelf, *, every: bool
) -> tuple[list[Finding], list[LabError]]:
    """What is wrong with these labs, and which could not be read; with `every`, also with packs."""
    from socklab.lint import lint as look, two_of_a_name
    from socklab.packs import TwoLabs

    others = {name_of(path): path for path in reversed(paths)} | known.labs
    found: list[Finding] = two_of_a_name(known.problems) if every else []
    broken = [p for p in known.problems if every and not isinstance(p, TwoLabs)]
    for path in paths:
        try:
            found += look(path, others)
        except LabError as problem:
            broken.append(problem)
    return found, broken


def _told(finding: Finding) -> str:
    return f"{from_here(finding.path)}:{finding.line}: {finding.rule}: {finding.sentence}"


def _summary(labs: int, findings: int) -> str:
    counted = "1 lab" if labs == 1 else f"{labs} labs"
    if not findings:
        return f"{counted}, and nothing to say."
    return f"{counted}, 1 finding." if findings == 1 else f"{counted}, {findings} findings."
