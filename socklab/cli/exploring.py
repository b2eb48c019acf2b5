"""What `socklab explore` reads, shows while it works, and writes."""

from __future__ import annotations

import difflib
import os
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from socklab.cli import saving
from socklab.cli.ending import complain
from socklab.cli.exports import only_one_printed
from socklab.cli.streams import put
from socklab.errors import LabError, SocklabError

if TYPE_CHECKING:
    from socklab.joint.graph import Graph, Terms
    from socklab.lab import Lab

FREE = "free"
"""What free play is called where a lab's name stands."""

CALLS = ("close", "shutdown(SHUT_WR)")
"""The calls that are tried in free play where nobody says which: every order of closing."""

FREE_CALLS = (
    *("socket", "bind", "listen", "accept", "connect", "send", "recv", "close"),
    *("shutdown", "shutdown(SHUT_WR)", "shutdown(SHUT_RD)", "shutdown(SHUT_RDWR)"),
    *("setsockopt", "setsockopt(SO_LINGER)", "setsockopt(SO_REUSEADDR)"),
)
"""What the programs of free play can call."""

Draw = Literal["auto", "joint", "pairs"]
"""What is drawn: every joint state, or each pair of the ends' states once."""

REDRAWN_S = 0.1
"""How often the progress is drawn anew, in seconds."""


# --- What was asked for ---


def calls_in(text: str, free: bool) -> tuple[str, ...]:
    """The calls that a list names: `close,shutdown(SHUT_WR)`.

    Raises:
        LabError: one is no call; of free play's, with the nearest.
    """
    calls = tuple(part.strip().removesuffix("()") for part in text.split(",") if part.strip())
    if not calls:
        raise LabError("--calls wants the names of calls, such as close,shutdown(SHUT_WR)")
    for call in calls:
        if not re.fullmatch(r"[a-z_]\w*(\(\w+\))?", call):
            raise LabError(f"--calls: {call!r} is no call; one is such as close, shutdown(SHUT_WR)")
        if free and call not in FREE_CALLS:
            near = difflib.get_close_matches(call, FREE_CALLS, n=1)
            told = f"did you mean {near[0]}?" if near else f"there are {', '.join(FREE_CALLS)}"
            raise LabError(f"--calls: no program of free play calls {call}; {told}")
    return calls


def faults_in(text: str) -> tuple[str, ...]:
    """The faults that a list names, in the order in which they are known.

    Raises:
        LabError: one is none, with the nearest.
    """
    from socklab.explore.choices import FAULTS

    wanted = [part.strip() for part in text.split(",") if part.strip()]
    for fault in wanted:
        if fault not in FAULTS:
            near = difflib.get_close_matches(fault, FAULTS, n=1)
            told = f"did you mean {near[0]}?" if near else f"there are {', '.join(FAULTS)}"
            raise LabError(f"--faults: {fault!r} is no fault; {told}")
    return tuple(fault for fault in FAULTS if fault in wanted)


def graph_in(file: Path) -> Graph:
    """The graph in a file.

    Raises:
        LabError: it can't be read, or is none.
    """
    from socklab.cli.reading import bytes_in, told_as
    from socklab.joint.graph import Graph

    try:
        return Graph.from_json(bytes_in(file).decode(errors="replace"))
    except LabError as problem:
        text = str(problem)
        raise LabError(text if told_as(file) in text else f"{told_as(file)}: {text}") from problem


def see_same(asked: Terms, found: Terms, named: Sequence[str], file: Path) -> Terms:
    """The terms on which a search goes on: as in its file, but for a greater depth.

    Args:
        asked: what the command line says.
        found: what the file says.
        named: the fields of which the command line says something at all.
        file: which file.

    Raises:
        LabError: they are not the same.
    """
    for name in named:
        one, other = getattr(asked, name), getattr(found, name)
        if one != other and name != "depth":
            raise LabError(
                f"{file} was searched with {_told(name, other)}, and this asks for "
                f"{_told(name, one)}: leave that out to go on, or --resume to begin anew"
            )
    return replace(found, depth=asked.depth) if "depth" in named else found


def _told(name: str, value: Any) -> str:
    if name == "lab":
        return "--free" if value == FREE else str(value)
    if name == "start":
        return f"a start of {len(value)} moves" if value else "no start"
    option = "--" + name.removesuffix("_s").replace("_", "-")
    if isinstance(value, tuple):
        return f"{option} {','.join(value)}" if value else f"no {option}"
    if isinstance(value, bool):
        return option if value else f"no {option}"
    return f"{option} {value:g}"


def words(terms: Terms, lab: str | None) -> list[str]:
    """The arguments of `explore` that stand for these terms, but for the start.

    Args:
        terms: them.
        lab: the lab as it was named; None for free play.
    """
    from socklab.joint.graph import Terms

    told = [lab or "--free"]
    usual = Terms(terms.lab, most_calls=int(terms.lab == FREE))
    for each in fields(terms):
        value = getattr(terms, each.name)
        if each.name in ("lab", "start") or value == getattr(usual, each.name):
            continue
        option = "--" + each.name.removesuffix("_s").replace("_", "-")
        if value is True:
            told.append(option)
        else:
            text = ",".join(value) if isinstance(value, tuple) else f"{value:g}"
            told += [option, text]
    return told


def script(terms: Terms, lab: str | None) -> Callable[[Sequence[str]], list[str]]:
    """What makes a way into a script for `socklab play`, with the command in its first line.

    Args:
        terms: those of the search.
        lab: the lab as it was named; None for free play.
    """
    ipv6 = ["--ipv6"] * terms.ipv6
    command = shlex.join(["socklab", "play", lab or "--free", *ipv6, "--script"])

    def lines(way: Sequence[str]) -> list[str]:
        return [f"# {command} FILE", *terms.start, *way]

    return lines


# --- While it works ---


class Progress:
    """A line on a terminal that tells how far a search is, and goes when it is done."""

    def __init__(self, *, quiet: bool) -> None:
        self._shown = not quiet and sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._began = time.monotonic()
        self._drawn = 0.0

    def level(self, graph: Graph) -> Callable[[int, int, int], None]:
        """What a search tells how far it is."""
        known = graph.runs

        def watch(depth: int, tries: int, done: int) -> None:
            rate = (graph.runs - known + done) / max(0.001, time.monotonic() - self._began)
            self.show(
                f"level {depth}: {done} of {tries} tries, {len(graph.nodes)} joint states, "
                f"{rate:.0f} runs/s",
                last=done == tries,
            )

        return watch

    def show(self, text: str, *, last: bool = False) -> None:
        """Show this, unless something was shown just now."""
        now = time.monotonic()
        if self._shown and (last or now - self._drawn > REDRAWN_S):
            self._drawn = now
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leave nothing of it."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


# --- What is written ---


@dataclass(frozen=True, slots=True)
class Output:
    """A file that a graph is written to, or standard output for `-`.

    Args:
        option: what asked for it.
        path: where.
        make: makes its text.
        force: whether a file that exists is replaced.
    """

    option: str
    path: Path
    make: Callable[[Graph], str]
    force: bool

    @property
    def printed(self) -> bool:
        """Whether it goes to standard output."""
        return str(self.path) == "-"


class Outputs:
    """All that is to be written of a graph.

    Raises:
        LabError: one can't be written, or two are the same.
    """

    def __init__(self, asked: Sequence[tuple[str, Path | None, Any, bool]], lab: Path | None):
        self._all = [
            Output(option, path, make, force)
            for option, path, make, force in asked
            if path is not None
        ]
        self.printed = [each.option for each in self._all if each.printed]
        only_one_printed(self.printed)
        saved = [each for each in self._all if not each.printed]
        for each in saved:
            saving.check(each.path, each.option, force=each.force)
        others = [("--save-lab", lab)] if lab is not None else []
        saving.apart([*((each.option, each.path) for each in saved), *others])

    def write(self, graph: Graph) -> int:
        """Write them all; what is in the way of one is told, and its exit code given."""
        codes = [0]
        for each in self._all:
            try:
                text = each.make(graph)
                if each.printed:
                    put(text.removesuffix("\n"))
                else:
                    saving.save(each.path, text, each.option)
            except SocklabError as refused:  # the others are written all the same
                complain(refused)
                codes.append(refused.exit_code)
        return max(codes)


def drawings(
    files: dict[str, Path | None], draw: Draw, force: bool
) -> Iterator[tuple[str, Path | None, Callable[[Graph], str], bool]]:
    """The pictures that were asked for, each with what draws it."""

    def dot(graph: Graph) -> str:
        from socklab.views.joint_graph.dot import dot as write
        from socklab.views.joint_graph.drawn import drawn

        return write(drawn(graph, draw))

    def svg(graph: Graph) -> str:
        from socklab.views.joint_graph.drawn import drawn
        from socklab.views.joint_graph.svg import svg as write

        return write(drawn(graph, draw))

    def html(graph: Graph) -> str:
        from socklab.views.joint_graph.page import page

        return page(graph, draw)

    for name, make in (("dot", dot), ("svg", svg), ("html", html)):
        yield f"--{name}", files[name], make, force


def lab_of(name: str | None, folders: Sequence[Path]) -> Lab:
    """The lab of that name, or free play.

    Raises:
        LabError: there is none.
    """
    from socklab.lab import load
    from socklab.packs import find
    from socklab.steer.free import free_lab

    return free_lab() if name is None else load(find(name, folders))
