"""The programs of a lab from its source: what its roles are made of, and no story."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from socklab.errors import LabError
from socklab.story.layout import imported

OF_THE_STORY = frozenset({"story", "control"})
"""What a lab defines, and another one with the same programs writes anew."""

SETTINGS = frozenset({"hosts", "weather"})
"""What a lab defines for its bench."""


class Source:
    """What a lab with the same programs takes over: imports, and the code that the roles need.

    Args:
        text: the lab's file.
        hosts: the names of its hosts.

    Raises:
        LabError: it is no Python, as a file that was changed since.
    """

    def __init__(self, text: str, hosts: Sequence[str]) -> None:
        try:
            body = ast.parse(text).body
        except (SyntaxError, ValueError) as problem:
            raise LabError(f"the lab's source does not read as Python: {problem}") from problem
        self._lines = text.splitlines()
        if body and ast.get_docstring(ast.Module(body, [])) is not None:
            body = body[1:]
        kept = _needed(body, hosts)
        names = {name for node in kept for name in _used(node)}
        self.of_socklab: set[str] = set()
        self.imports: list[str] = []
        """Of other modules, a statement each."""
        self.settings: list[str] = []
        """The code above the roles: weather, constants."""
        self.code: list[str] = []
        """The roles, and what else is a block of its own."""
        for node in body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node, names)
        for node in kept:
            block = isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef | ast.ClassDef)
            above = not block and not self.code
            (self.settings if above else self.code).append(self._text(node))

    def _import(self, node: ast.Import | ast.ImportFrom, names: set[str]) -> None:
        aliases = [each for each in node.names if each.name == "*" or _known_as(each) in names]
        if not aliases:
            return
        told = [f"{a.name} as {a.asname}" if a.asname else a.name for a in aliases]
        match node:
            case ast.ImportFrom(module="__future__"):
                pass
            case ast.ImportFrom(module="socklab", level=0) if "*" not in told:
                self.of_socklab |= set(told)
            case ast.ImportFrom():
                self.imports.append(imported("." * node.level + (node.module or ""), told))
            case _:
                self.imports += [f"import {name}" for name in told]

    def _text(self, node: ast.stmt) -> str:
        """A statement as it was written, with its decorators and what is said above it."""
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(each.lineno for each in decorators)]) - 1
        while first and self._lines[first - 1].startswith("#"):
            first -= 1
        return "\n".join(self._lines[first : node.end_lineno])


def _needed(body: Sequence[ast.stmt], hosts: Sequence[str]) -> list[ast.stmt]:
    """The statements that roles and settings are made of, in their order."""
    code = [node for node in body if not isinstance(node, ast.Import | ast.ImportFrom)]
    kept = {
        node
        for node in code
        if (isinstance(node, ast.AsyncFunctionDef) and node.name.partition("_")[0] in hosts)
        or not set(_bound(node)).isdisjoint(SETTINGS)
        or not list(_bound(node))  # it does something, to whatever
    }
    while True:
        used = {name for node in kept for name in _used(node)}
        more = {
            node
            for node in code
            if node not in kept and not used.isdisjoint(set(_bound(node)) - OF_THE_STORY)
        }
        if not more:
            return [node for node in code if node in kept]
        kept |= more


def _bound(node: ast.stmt) -> Iterator[str]:
    """The names that a statement at the top of a file gives a meaning to."""
    if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef | ast.ClassDef):
        yield node.name
        return
    for each in ast.walk(node):
        match each:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                yield from map(_known_as, aliases)
            case ast.AsyncFunctionDef(name=name) | ast.FunctionDef(name=name):
                yield name


def _used(node: ast.stmt) -> Iterator[str]:
    for each in ast.walk(node):
        match each:
            case ast.Name(id=name):
                yield name
            case ast.Constant(value=str(text)) if text.isidentifier():
                yield text  # an annotation in quotes, perhaps


def _known_as(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]
