"""The rule on awaits: a coroutine method that is called and not awaited does nothing."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Collection, Iterator

import socklab
from socklab.lab import host_of
from socklab.lint.finding import Finding
from socklab.lint.source import Function, Source, gets


def findings(source: Source) -> Iterator[Finding]:
    """Moves of a bench and calls of a role that nobody awaits."""
    # The classes say which those are: a new move needs no line here.
    of_bench, of_socket = _coroutines(socklab.Bench), _coroutines(socklab.Socket)
    told: set[ast.Call] = set()
    for function in ast.walk(source.tree):
        if not isinstance(function, Function):
            continue
        names: frozenset[str] = frozenset()
        if gets(function, "Bench") or function.name == "story":
            names |= of_bench
        if any(gets(function, kind) for kind in ("Role", "Socket")) or (
            host_of(function.name) in source.hosts
        ):
            names |= of_socket
        for call, name in _calls(function, names, source.modules.keys()):
            if call not in told:  # a function within another is walked twice
                told.add(call)
                written = f"{ast.unparse(call.func)}(…)"
                why = f"nobody awaits {name}(), so it does nothing"
                yield source.finding(call, "await", f"{why}: write `await {written}`")


def _coroutines(of: type) -> frozenset[str]:
    methods = {name: inspect.unwrap(getattr(of, name)) for name in dir(of) if name[0] != "_"}
    return frozenset(name for name, each in methods.items() if inspect.iscoroutinefunction(each))


def _calls(
    function: Function, names: frozenset[str], modules: Collection[str]
) -> Iterator[tuple[ast.Call, str]]:
    """The calls of methods of these names that are not awaited where they stand."""
    fine = set(_awaited(function))
    others = {*modules, *_others(function, modules)}
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=of))) if of in others:
                pass  # os.close(…), log.close()
            case ast.Call(func=ast.Attribute(attr=name)) if name in names and node not in fine:
                yield node, name


def _awaited(function: Function) -> Iterator[ast.expr]:
    """What is awaited, or given to a caller who may await it."""
    for node in ast.walk(function):
        match node:
            case ast.Await(value=given) | ast.Lambda(body=given):
                yield given
            case ast.Return(value=ast.expr() as given):
                yield given


def _others(function: Function, modules: Collection[str]) -> Iterator[str]:
    """Names of what a function has made itself, and with no role: a file, a plain socket."""
    for node in ast.walk(function):
        match node:
            case ast.withitem(optional_vars=ast.Name(id=name)):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=called)):
                match called:
                    case ast.Attribute(value=ast.Name(id=of), attr="socket") if of not in modules:
                        pass  # me.socket()
                    case _:
                        yield name
