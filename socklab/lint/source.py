"""The source of a lab: its text, and the tree that Python makes of it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from socklab.errors import LabError
from socklab.lab import HOSTS
from socklab.lint.finding import Finding

Function = ast.AsyncFunctionDef | ast.FunctionDef


@dataclass(frozen=True, slots=True)
class Source:
    """A lab's file, read and not run."""

    path: Path
    lines: tuple[str, ...]
    tree: ast.Module

    @classmethod
    def read(cls, path: Path) -> Source:
        """Read a file.

        Raises:
            LabError: it can't be read, or is no Python.
        """
        try:
            text = path.read_text(encoding="utf-8-sig")  # as lab.header_of does
            return cls(path, tuple(text.splitlines()), ast.parse(text, str(path)))
        except (OSError, SyntaxError, ValueError) as problem:
            raise LabError(f"{path} does not read as Python: {problem}") from problem

    def finding(self, at: int | ast.stmt | ast.expr, rule: str, sentence: str) -> Finding:
        """What is wrong at a line or a node of the tree."""
        return Finding(self.path, at if isinstance(at, int) else at.lineno, rule, sentence)

    def line_of(self, name: str) -> int | None:
        """Where the file defines a name at its top level; None if it does not."""
        for node in self.tree.body:
            match node:
                case ast.AsyncFunctionDef(name=defined) | ast.FunctionDef(name=defined):
                    names = [defined]
                case ast.Assign(targets=targets):
                    names = [each.id for each in targets if isinstance(each, ast.Name)]
                case ast.AnnAssign(target=ast.Name(id=defined)):
                    names = [defined]
                case ast.ImportFrom(names=aliases):
                    names = [alias.asname or alias.name for alias in aliases]
                case _:
                    continue
            if name in names:
                return node.lineno
        return None

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that the lab names with `hosts = (…)`, else the usual ones."""
        for node in self.tree.body:
            match node:
                case ast.Assign(
                    targets=[ast.Name(id="hosts")],
                    value=ast.Tuple(elts=names) | ast.List(elts=names),
                ):
                    told = [name.value for name in names if isinstance(name, ast.Constant)]
                    return tuple(name for name in told if isinstance(name, str))
        return HOSTS

    @property
    def modules(self) -> dict[str, str]:
        """The modules that the file imports, by the names by which it knows them."""
        found = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]  # `import a.b` makes `a` known
                    found[alias.asname or top] = alias.name if alias.asname else top
        return found


def gets(function: Function, kind: str) -> bool:
    """Whether one of a function's parameters is annotated as a Bench, a Role or a Socket."""
    arguments = function.args
    return any(
        ast.unparse(each.annotation).strip("'\"").rpartition(".")[2] == kind
        for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        if each.annotation is not None
    )
