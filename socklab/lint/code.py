"""Rules on the code of a lab, as a tree: what it imports, calls, awaits and never expects."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Mapping

import socklab
from socklab.lab import host_of
from socklab.lint import awaits
from socklab.lint.finding import Finding
from socklab.lint.source import Function, Source, gets

LONGEST = 120
"""Lines: a header and about a screen of code."""

CLOCKS = ("asyncio", "datetime", "sched", "time")
"""Modules that ask a clock, or wait for one."""

TRIO_CLOCKS = (
    "current_time",
    "fail_after",
    "fail_at",
    "move_on_after",
    "move_on_at",
    "sleep",
    "sleep_until",
)

CHANCE = ("random", "secrets", "uuid")

SOCKETS = (
    "socket.create_connection",
    "socket.create_server",
    "socket.socket",
    "socket.socketpair",
    "trio.open_tcp_listeners",
    "trio.open_tcp_stream",
    "trio.serve_tcp",
    "trio.socket",
)
"""What makes sockets that are no role's: on the host of socklab itself, and unrecorded."""

OF_NAMEDTUPLE = ("_asdict", "_fields", "_make", "_replace")
"""Public in spite of their names."""


def findings(source: Source) -> Iterator[Finding]:
    """What is wrong with the code, rule by rule."""
    yield from _story(source)
    yield from _roles(source)
    yield from awaits.findings(source)
    yield from _unexpecting(source)
    yield from _imports(source)
    yield from _attributes(source)
    if len(source.lines) > LONGEST:
        told = f"{len(source.lines)} lines are more than {LONGEST}: a lab has one idea"
        yield source.finding(LONGEST + 1, "length", told)


# --- Story and roles ----------------------------------------------------------------------------


def _story(source: Source) -> Iterator[Finding]:
    if source.line_of("story") is None:
        last = len(source.lines) or 1
        yield source.finding(last, "story", "there is none: write `async def story(bench): …`")
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "story":
            yield source.finding(node, "story", "it is no coroutine: write `async def story`")


def _unexpecting(source: Source) -> Iterator[Finding]:
    asked = {node.attr for node in ast.walk(source.tree) if isinstance(node, ast.Attribute)}
    if not any(name == "prove" or name.startswith("expect") for name in asked):
        told = "the story expects nothing, so it can't pass: write `bench.expect(…)`"
        yield source.finding(source.line_of("story") or 1, "expect", told)


def _roles(source: Source) -> Iterator[Finding]:
    """Programs that run on no host, and that nothing else names, such as a control."""
    hosts = source.hosts
    named = {node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name)}
    for node in source.tree.body:
        if not isinstance(node, Function) or not gets(node, "Role"):
            continue
        on_a_host = host_of(node.name) in hosts
        if on_a_host and isinstance(node, ast.FunctionDef):
            told = f"{node.name} is no coroutine: write `async def {node.name}`"
            yield source.finding(node, "role", told)
        elif not on_a_host and node.name not in named:
            told = f"{node.name} has the name of no host, so nobody runs it; the hosts are "
            yield source.finding(node, "role", told + ", ".join(hosts))


# --- What is not for labs -----------------------------------------------------------------------


def _imports(source: Source) -> Iterator[Finding]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _name(source, node, alias.name, whole=True)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and not node.level:
            for alias in node.names:
                yield from _name(source, node, f"{node.module}.{alias.name}", whole=True)


def _attributes(source: Source) -> Iterator[Finding]:
    # A descriptor that a role has already may be wrapped: that makes no socket.
    wraps = {
        node.func
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and any(given.arg == "fileno" for given in node.keywords)
    }
    modules = source.modules
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Attribute):
            continue
        name = _dotted(node, modules)
        if name is not None and node not in wraps:
            yield from _name(source, node, name, whole=False)
        hidden = node.attr.startswith("_") and not node.attr.startswith("__")
        of_self = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
        if hidden and not of_self and node.attr not in OF_NAMEDTUPLE:
            told = f"`{ast.unparse(node)}` may be gone tomorrow: use what has no `_` before it"
            yield source.finding(node, "private", told)


def _dotted(node: ast.expr, modules: Mapping[str, str]) -> str | None:
    """A name as its module knows it: `trio.sleep` for `t.sleep` after `import trio as t`."""
    match node:
        case ast.Name(id=name):
            return modules.get(name)
        case ast.Attribute(value=value, attr=name):
            before = _dotted(value, modules)
            return None if before is None else f"{before}.{name}"
    return None


def _name(
    source: Source, node: ast.stmt | ast.expr, name: str, *, whole: bool
) -> Iterator[Finding]:
    """What is wrong with using a name, where it is imported (`whole`) or later."""
    top, *below = name.split(".")
    if top == "socklab" and below and below != ["*"]:
        offered = below[0] in socklab.__all__
        if not offered or (whole and len(below) > 1):
            known = [word for word in (below[-1], below[0]) if word in socklab.__all__]
            known += difflib.get_close_matches(below[-1], socklab.__all__, n=1, cutoff=0.7)
            cure = f"write `from socklab import {known[0]}`" if known else "labs do without it"
            yield source.finding(node, "private", f"`{name}` is not what socklab offers: {cure}")
    elif name in SOCKETS or (whole and name.startswith("trio.socket.")):
        told = f"`{name}` is on no host, and no call of it stops: write `me.socket()`"
        yield source.finding(node, "socket", told)
    elif (whole and top in CLOCKS) or (top == "trio" and below and below[0] in TRIO_CLOCKS):
        told = f"`{name}` makes a verdict hang on a clock: await a move, such as `bench.wait(…)`"
        yield source.finding(node, "clock", told)
    elif whole and top in CHANCE:
        told = f"`{name}` makes each run another one: choose, and write down what was chosen"
        yield source.finding(node, "clock", told)
