"""A lab: one file with its roles, its story and the text around them.

A lab's file reads from top to bottom: a header that says what it asks (its docstring), the
server's and the client's program, the story, and a control. Where labs are, packs.py says.
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
from socklab.packs import MODULE, labs_folder, name_of
from socklab.weather import CALM, Pin

if TYPE_CHECKING:
    from socklab.bench import Bench
    from socklab.role import Role
    from socklab.wire import Segment

Program = Callable[["Role"], Awaitable[None]]
"""What a role does: a coroutine function."""

Story = Callable[["Bench"], Awaitable[None]]

FIELDS = ("Question", "See", "Linux", "Source", "Next", "Level", "Tags", "Bench", "Slow", "Waits")
"""What a header may say, in this order.

Linux: where it differs from the RFC, or from what books say. Slow: why it takes real seconds.
Waits: what a story that asks `bench.slow` then waits for.
"""

REQUIRED = ("Question", "See", "Source", "Next")

FIRST = "handshake"
"""The lab with which one begins; reading on from it leads through all of socklab's own."""

DOCSTRING = re.compile(r'\s*"""[^\\]*?"""')
"""A docstring at the beginning of a file: what a catalogue reads of a lab, and it has many."""

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


def header_of(path: Path) -> tuple[str, dict[str, str]]:
    """A lab's title and header, read without running the file.

    Raises:
        LabError: it can't be read, has no header, or lacks a field.
    """
    import ast

    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows editors begin with a BOM
        begun = DOCSTRING.match(text)
        docstring = ast.get_docstring(ast.parse(begun[0] if begun else text, str(path)))
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


def tags_of(path: Path) -> set[str]:
    """What a lab can be found by, in lower case: its Tags, and the folder in which it is.

    A file that can't be read as a lab has its folder only.
    """
    try:
        tags = header_of(path)[1].get("Tags", "")
    except LabError:
        tags = ""
    words = (*tags.split(","), path.absolute().parent.name)
    return {word.strip().lower() for word in words if word.strip()}


def tagged(labs: Mapping[str, Path], tags: Sequence[str]) -> dict[str, Path]:
    """The labs that have one of these tags, in any case; without tags, all of them.

    Raises:
        LabError: no lab has such a tag, with the nearest.
    """
    if not tags:
        return dict(labs)
    known = {name: tags_of(path) for name, path in labs.items()}
    every = set().union(*known.values())
    wanted = {tag.strip().lower() for tag in tags}
    for tag in sorted(wanted - every):
        near = difflib.get_close_matches(tag, sorted(every), n=1)
        advice = f"did you mean {near[0]}?" if near else "`socklab show LAB` shows a lab's tags"
        raise LabError(f"no lab has the tag {tag!r}; {advice}")
    return {name: path for name, path in labs.items() if wanted & known[name]}


def in_reading_order(nexts: Mapping[str, str]) -> list[str]:
    """Labs in the order in which one reads them: behind each its next.

    It begins with FIRST; then come those that no other leads to.

    Args:
        nexts: what each lab's header says in Next, by the lab's name.
    """
    led_to = set(nexts.values())
    order: dict[str, None] = {}
    for begin in (FIRST, *(name for name in nexts if name not in led_to), *nexts):
        name = begin
        while name in nexts and name not in order:
            order[name] = None
            name = nexts[name]
    return list(order)


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
    hosts = _given(module, path, "hosts", HOSTS, _are_hosts, '("client", "server")')
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
        _given(module, path, "control", None, lambda it: isinstance(it, Control), "Control(…)"),
        _given(module, path, "weather", CALM, lambda it: isinstance(it, Mapping), "but(…)"),
        tuple(hosts),
    )


def _given(
    module: ModuleType, path: Path, name: str, absent: Any, fits: Callable[[Any], bool], such: str
) -> Any:
    """What a lab's file sets a name to; `absent` if it does not.

    Raises:
        LabError: it sets it to something else, with what it may be.
    """
    value = getattr(module, name, None)
    if value is None:
        return absent
    if not fits(value):
        raise LabError(f"{path} has {name} = {value!r}: write `{name} = {such}`")
    return value


def _are_hosts(value: object) -> bool:
    return isinstance(value, tuple | list) and all(isinstance(name, str) for name in value)


def _roles(module: ModuleType, hosts: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """The roles in the order in which the file tells them."""
    for name, value in vars(module).items():
        if host_of(name) in hosts and inspect.iscoroutinefunction(value):
            yield name, value


def _import(path: Path) -> ModuleType:
    name = f"{MODULE}{path.parent.name}_{path.stem}"
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
