"""Forgotten awaits: `bench.call(…)` without `await` makes no move, and Python only warns of it.

So what a bench promises with a coroutine it remembers, and the next thing that it is asked
for begins with the question whether the last promise was ever awaited.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, TypeVar, cast

from socklab.errors import LabError
from socklab.places import where


class Promises:
    """What has coroutine methods, marked with `promised`, that must be awaited one by one."""

    _promise: tuple[Coroutine[Any, Any, Any], str] | None = None
    """The last one, and its place and name for people."""

    def forgotten(self) -> LabError | None:
        """The mistake, if the last promise was not awaited; told once."""
        promise, self._promise = self._promise, None
        if promise is None or inspect.getcoroutinestate(promise[0]) != inspect.CORO_CREATED:
            return None
        promise[0].close()  # or Python would warn of it, too
        return LabError(promise[1])


Method = TypeVar("Method", bound=Callable[..., Coroutine[Any, Any, Any]])


def promised(method: Method) -> Method:
    """A coroutine method whose caller is told when `await` is missing."""

    @wraps(method)
    def promising(self: Promises, *args: Any, **kwargs: Any) -> Coroutine[Any, Any, Any]:
        if (mistake := self.forgotten()) is not None:
            raise mistake
        coroutine = method(self, *args, **kwargs)
        name = method.__name__
        self._promise = (
            coroutine,
            f"{where()}: nobody awaits {name}(), so it does nothing: write `await bench.{name}(…)`",
        )
        return coroutine

    return cast(Method, promising)
