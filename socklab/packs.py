"""Packs: folders of labs, socklab's own and those from elsewhere; and how a lab is found.

Labs come from four places, asked in this order:

1. socklab's own folder `labs/`;
2. folders that were given, as by `--labs`;
3. the folders that SOCKLAB_LABS names;
4. installed packages that have an entry point in the group `socklab.labs`.

In a pack every .py file is a lab, in its folder or one folder down, unless its name or its
folder's begins with `_` or `.`. A lab's name is its file's, with dashes: `half-close` is
half_close.py. Nothing here opens a lab's file or imports a pack; what is in a lab, lab.py says.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from socklab.errors import LabError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "socklab.labs"
"""The entry points by which an installed package says that it has labs. Each names a package."""

VARIABLE = "SOCKLAB_LABS"
"""An environment variable with folders of labs, separated as in PATH."""

MODULE = "socklab_lab_"
"""How the name of the module begins that a lab becomes when it is loaded."""

OWN = "socklab"
"""The origin of socklab's own labs."""


class TwoLabs(LabError):
    """Two labs have one `name`; a catalogue keeps `one`, and not the `other`."""

    def __init__(self, name: str, one: Path, other: Path) -> None:
        super().__init__(
            f"two labs are named {name}: {one} and {other}; rename one, or run it by its path"
        )
        self.name, self.one, self.other = name, one, other


@dataclass(frozen=True, slots=True)
class Pack:
    """A folder of labs.

    Args:
        folder: where they are, in it or one folder down.
        origin: who says so: "socklab", "--labs", "SOCKLAB_LABS", or an installed distribution
            and its version.
        labs: each one's file, by its name.
    """

    folder: Path
    origin: str
    labs: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The packs there are, and what is wrong with others: one broken pack hides no other.

    Of two labs with one name the first is kept, and the problem told.
    """

    packs: tuple[Pack, ...]
    problems: tuple[LabError, ...]

    @property
    def labs(self) -> dict[str, Path]:
        """Every lab's file, by its name."""
        return {name: path for pack in self.packs for name, path in pack.labs.items()}


def name_of(path: Path) -> str:
    """A lab's name: its file's, with dashes."""
    return path.stem.replace("_", "-")


def labs_folder() -> Path:
    """Where socklab's own labs are: inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / "labs"
    return inside if inside.is_dir() else inside.parent.parent / "labs"


def catalogue(folder: Path | None = None) -> dict[str, Path]:
    """Every lab of one folder by its name, in the order of folders and files.

    Args:
        folder: socklab's own, if none is given.

    Raises:
        LabError: two labs have one name, or there is no such folder.
    """
    shelf = _shelve([(folder or labs_folder(), OWN)])
    for problem in shelf.problems:
        raise problem
    return shelf.labs


def shelf(folders: Sequence[Path] = ()) -> Shelf:
    """All labs there are: socklab's own, those of these folders, of SOCKLAB_LABS, and installed.

    It asks what is installed, which takes some 20 ms; `find` does so only where it must.

    Raises:
        LabError: a folder that was given can't be read.
    """
    packages, broken = _installed()
    found = _shelve([*_near(folders), *packages])
    return Shelf(found.packs, (*found.problems, *broken))


def is_path(name: str) -> bool:
    """Whether this names a lab by its file: then it ends in .py or has a / in it."""
    return name.endswith(".py") or "/" in name


def find(name: str, folders: Sequence[Path] = ()) -> Path:
    """The file of a lab: by its name, or by a path to a file anywhere.

    Args:
        name: with dashes or underscores, in any case; a path ends in .py or has a / in it.
        folders: where to look besides; see `shelf`.

    Raises:
        LabError: there is none, with the nearest name; or there are two.
    """
    if is_path(name):
        return _file(name)
    wanted = name.replace("_", "-").lower()
    known = _shelve(_near(folders))
    if wanted not in known.labs:
        known = shelf(folders)  # so that socklab's own labs are found without its wait
    for problem in known.problems:
        if isinstance(problem, TwoLabs) and problem.name == wanted:
            raise problem
    if wanted not in known.labs:
        near = difflib.get_close_matches(wanted, known.labs, n=1)
        advice = f"did you mean {near[0]}?" if near else "`socklab list` shows them all"
        # It may be in a pack that is broken.
        broken = [str(problem) for problem in known.problems if not isinstance(problem, TwoLabs)]
        raise LabError("; ".join([f"there is no lab {name}", *broken[:1], advice]))
    return known.labs[wanted]


def _file(name: str) -> Path:
    path = Path(name)
    try:
        if path.is_dir():
            raise LabError(f"{name} is a folder; name a lab's file in it")
        if not path.is_file():
            raise LabError(f"there is no lab file {name}")
    except OSError as refused:
        raise LabError(f"the lab file {name} can't be read: {refused.strerror}") from refused
    return path


def _near(folders: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """The folders, and their origins, that are known without asking what is installed."""
    yield labs_folder(), OWN
    yield from ((folder, "--labs") for folder in folders)
    for text in os.environ.get(VARIABLE, "").split(os.pathsep):
        if text:
            yield Path(text), VARIABLE


def _shelve(folders: Iterable[tuple[Path, str]]) -> Shelf:
    """These folders as packs, each file in the first of them in which it is."""
    packs, problems = [], []
    known: dict[str, Path] = {}
    seen: set[Path] = set()
    for folder, origin in folders:
        labs = {}
        for path in files(folder, origin):
            name, file = name_of(path), path.resolve()
            if file in seen:
                continue  # a folder that was given twice, or one that is in another
            seen.add(file)
            if name in known:
                problems.append(TwoLabs(name, known[name], path))
            else:
                known[name] = labs[name] = path
        packs.append(Pack(folder, origin, labs))
    return Shelf(tuple(packs), tuple(problems))


def files(folder: Path, origin: str) -> Iterator[Path]:
    """The labs' files of a pack: those in the folder, then folder by folder.

    Args:
        folder: where to look.
        origin: who named it, for the error.

    Raises:
        LabError: there is no such folder, or it can't be read.
    """
    within = _entries(folder, origin)
    yield from (path for path in within if path.suffix == ".py")
    for below in within:
        if below.is_dir():
            yield from (path for path in _entries(below, origin) if path.suffix == ".py")


def _entries(folder: Path, origin: str) -> list[Path]:
    """What is in a folder, in order, but for what begins with `_` or `.`."""
    try:
        return sorted(path for path in folder.iterdir() if path.name[0] not in "_.")
    except FileNotFoundError as refused:
        told = f"there is no folder of labs at {folder}"
        raise LabError(told if origin == OWN else f"{origin}: {told}") from refused
    except NotADirectoryError as refused:
        raise LabError(f"{origin}: {folder} is no folder; a lab's file is run by its path") from (
            refused
        )
    except OSError as refused:
        raise LabError(f"{origin}: {folder} can't be read: {refused.strerror}") from refused


# --- What is installed --------------------------------------------------------------------------


def _installed() -> tuple[list[tuple[Path, str]], list[LabError]]:
    """The folders of installed packs and their origins, and what is wrong with others."""
    from importlib.metadata import entry_points  # it takes 15 ms

    folders: dict[Path, str] = {}
    broken = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: (_origin(point), point.name)):
        of_package = _folders_of(point.value)
        for folder in of_package:
            folders.setdefault(folder, _origin(point))
        if not of_package:
            broken.append(
                LabError(
                    f"the labs of {_origin(point)} can't be found: its entry point "
                    f"`{point.name} = {point.value}` must name a package that is installed"
                )
            )
    return list(folders.items()), broken


def _origin(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.name


def _folders_of(module: str) -> list[Path]:
    """The folders of a package that is installed, without importing it; none if it is not."""
    top, *below = module.split(".")
    try:
        found = find_spec(top)  # with a dot in its name this would import what is before it
    except (ImportError, ValueError):  # as where nothing is before the dot
        return []
    where = found.submodule_search_locations if found else None
    folders = (Path(folder, *below) for folder in where or ())
    return [folder for folder in folders if folder.is_dir()]
