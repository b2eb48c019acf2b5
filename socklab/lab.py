"""A lab: one file with its roles, its story and the text around them; and how labs are found.

A lab's file reads from top to bottom: a header that says what it asks (its docstring), the
server's and the client's program, the story, and a control. `half-close` is half_close.py in
one of the folders below labs/.
"""

from __future__ import annotations

import difflib
import importlib.util
import inspect
import re
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from socklab.errors import LabError
from socklab.weather import CALM, Pin

if TYPE_CHECKING:
    from socklab.bench import Bench
    from socklab.role import Role
    from socklab.wire import Segment

Program = Callable[["Role"], Awaitable[None]]
"""What a role does: a coroutine function."""

Story = Callable[["Bench"], Awaitable[None]]

FIELDS = ("Question", "See", "Linux", "Source", "Next", "Level", "Tags", "Bench", "Slow")
"""What a header may say, in this order.

Linux: where it differs from the RFC, or from what books say. Slow: why it takes real seconds.
"""

REQUIRED = ("Question", "See", "Source", "Next")

HOSTS = ("client", "server")
"""The hosts of a lab that names no others with `hosts = (…)`.

A role is a coroutine function named after its host, or `client_…` and `server_…`.
"""


@dataclass(frozen=True, slots=True)
class Control:
    """The same lab with its cause removed, which must fail: the proof that its check can say no.

    Args:
        why: what is different, in words.
        fails: what the failure's first line must say, so that it fails for its reason.
        roles: programs that take the place of the lab's, by role.
        loses: tells of a segment that the story carries whether it is lost instead.
        weather: the settings that are pinned instead of the lab's.
        without: how the moves begin that are not made, such as "inject" or "drop client".
    """

    why: str
    fails: str
    roles: Mapping[str, Program] = field(default_factory=dict)
    loses: Callable[[Segment], bool] | None = None
    weather: Mapping[str, Pin] | None = None
    without: str = ""


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab, loaded. `header` maps each of its fields to its text."""

    name: str
    path: Path
    title: str
    header: Mapping[str, str]
    roles: Mapping[str, Program]
    story: Story
    control: Control | None
    weather: Mapping[str, Pin]
    hosts: tuple[str, ...] = HOSTS

    @property
    def loopback(self) -> bool:
        """Whether it has something to show without a held wire; its header says so."""
        return "loopback" in self.header.get("Bench", "wire")

    @property
    def slow(self) -> bool:
        """Whether it takes seconds that no setting shortens; its header says why."""
        return bool(self.header.get("Slow"))


def name_of(path: Path) -> str:
    """A lab's name: its file's, with dashes."""
    return path.stem.replace("_", "-")


def labs_folder() -> Path:
    """Where socklab's own labs are: inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / "labs"
    return inside if inside.is_dir() else inside.parent.parent / "labs"


def catalogue(folder: Path | None = None) -> dict[str, Path]:
    """Every lab of a folder by its name, in the order of folders and files.

    Raises:
        LabError: two labs have one name, or there is no such folder.
    """
    found: dict[str, Path] = {}
    folder = folder or labs_folder()
    if not folder.is_dir():
        raise LabError(f"there is no folder of labs at {folder}")
    for path in sorted(folder.glob("*/*.py")):
        if path.stem.startswith("_"):
            continue
        if (other := found.get(name_of(path))) is not None:
            raise LabError(f"two labs are named {name_of(path)}: {other} and {path}")
        found[name_of(path)] = path
    return found


def find(name: str) -> Path:
    """The file of a lab: by its name, or by a path to a file anywhere.

    Raises:
        LabError: there is none, with the nearest name.
    """
    if name.endswith(".py") or "/" in name:
        path = Path(name)
        try:
            if path.is_dir():
                raise LabError(f"{name} is a folder; name a lab's file in it")
            if not path.is_file():
                raise LabError(f"there is no lab file {name}")
        except OSError as refused:
            raise LabError(f"the lab file {name} can't be read: {refused.strerror}") from refused
        return path
    known = catalogue()
    wanted = name.replace("_", "-").lower()
    if wanted not in known:
        near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.4)
        advice = f"did you mean {near[0]}?" if near else "`socklab list` shows them all"
        raise LabError(f"there is no lab {name}; {advice}")
    return known[wanted]


def header_of(path: Path) -> tuple[str, dict[str, str]]:
    """A lab's title and header, read without running the file.

    Raises:
        LabError: it can't be read, has no header, or lacks a field.
    """
    import ast

    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows editors begin with a BOM
        docstring = ast.get_docstring(ast.parse(text, str(path)))
    except (OSError, SyntaxError, ValueError) as problem:
        raise LabError(f"{path} does not read as Python: {problem}") from problem
    return parse_header(docstring or "", path)


def parse_header(docstring: str, path: Path) -> tuple[str, dict[str, str]]:
    """A docstring as a title and fields; a field's text may go on in indented lines.

    Raises:
        LabError: a field that a lab must have is missing.
    """
    lines = inspect.cleandoc(docstring).splitlines()
    title = lines[0].rstrip(".") if lines else ""
    found = re.findall(
        rf"^({'|'.join(FIELDS)}):[ \t]*(.*(?:\n[ \t]+.*)*)", "\n".join(lines), re.MULTILINE
    )
    header = {key: " ".join(text.split()) for key, text in found}
    if missing := [name for name in REQUIRED if not header.get(name)]:
        raise LabError(
            f"{path} has no {', '.join(missing)} in its header: a lab begins with a docstring "
            "whose lines say Question:, See:, Source: and Next:"
        )
    return title, header


def load(path: Path) -> Lab:
    """The lab in a file.

    Raises:
        LabError: the file does not import, has no story, or its header lacks a field.
    """
    title, header = header_of(path)
    module = _import(path)
    story = getattr(module, "story", None)
    if not inspect.iscoroutinefunction(story):
        raise LabError(f"{path} has no story: write `async def story(bench): …`")
    hosts = tuple(getattr(module, "hosts", HOSTS))
    roles = dict(_roles(module, hosts))
    if not roles:
        raise LabError(f"{path} has no role: write `async def client(me): …` or `server`")
    return Lab(
        name_of(path),
        path,
        title,
        header,
        roles,
        story,
        getattr(module, "control", None),
        getattr(module, "weather", CALM),
        hosts,
    )


def _roles(module: ModuleType, hosts: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """The roles in the order in which the file tells them."""
    for name, value in vars(module).items():
        if host_of(name) in hosts and inspect.iscoroutinefunction(value):
            yield name, value


def _import(path: Path) -> ModuleType:
    name = f"socklab_lab_{path.parent.name}_{path.stem}"
    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # as import does: dataclasses of a lab look for it there
    writes_none = sys.dont_write_bytecode
    # A lab of one's own leaves no __pycache__ beside it: nobody asked for one.
    sys.dont_write_bytecode = writes_none or labs_folder() not in path.absolute().parents
    try:
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as problem:
        from socklab.hints import place_of

        del sys.modules[name]
        why = "it calls exit()" if isinstance(problem, SystemExit) else place_of(problem)
        raise LabError(f"{path} does not import: {why}") from problem
    finally:
        sys.dont_write_bytecode = writes_none
    return module


def host_of(role: str) -> str:
    """The host on which a role runs: `client_2` runs on `client`."""
    return role.partition("_")[0]
