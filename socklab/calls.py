"""Calls: a program stops before each, is inside it, and gets back what it comes to."""

from __future__ import annotations

import errno
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import trio

from socklab.places import where
from socklab.record import Call as CallEvent, Phase
from socklab.recorder import Recorder


@dataclass(eq=False)
class Call:
    """One socket call of a role, from standing before it to what it gave back."""

    role: str
    host: str
    socket: str
    number: int
    name: str
    arguments: tuple[str, ...]
    where: str = ""
    go: trio.Event = field(default_factory=trio.Event, repr=False)
    begun: bool = False
    returned: bool = False
    result: str | int | None = None
    error: str | None = None
    value: object = field(default=None, repr=False)
    """What it gave back, itself; `result` is how the Record tells it."""
    let: bool = False
    """Whether it has been let go; it begins when its program comes to run."""
    gone: bool = False
    """Whether its program has left it, by cancelling it or for an error that C does not know."""

    @property
    def outcome(self) -> str:
        """How it stands: what it gave back, its error, or that it has not returned."""
        if self.gone:
            return "cancelled"
        if not self.returned:
            return "blocked" if self.begun else "not begun"
        return self.error if self.error is not None else str(self.result)

    @property
    def succeeded(self) -> bool:
        """Whether it has returned, and not with an error."""
        return self.returned and self.error is None

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.arguments)})"

    def let_go(self) -> None:
        """Let it begin."""
        self.let = True
        self.go.set()

    def answers_to(self, text: str) -> bool:
        """Whether a move's words mean this call: its name, or `shutdown(SHUT_WR)` in full."""
        return text in (self.name, self.in_full)

    @property
    def in_full(self) -> str:
        """The call as one word of a move, where its name alone does not tell it from others."""
        return f"{self.name}({','.join(self.arguments)})".replace(" ", "")


@dataclass(frozen=True, slots=True)
class Offer:
    """A call that a program would make if it were let go; see `Caller.choose`.

    Args:
        on: the name of the socket.
        name: the call's name.
        arguments: what tells it from other offers of that name.
        make: makes the call, as a program would.
    """

    on: str
    name: str
    arguments: tuple[str, ...]
    make: Callable[[], Awaitable[Any]]


class Caller:
    """A program as those see it who let its calls go, one at a time.

    What it holds is told in three words: it *stands* before a call, it is *inside* one (a
    recv() with nothing to read), or it has *ended*. Another kind of program, an executable whose
    calls are held from outside, can tell the same three.
    """

    def __init__(self, name: str, host: str, recorder: Recorder) -> None:
        self.name = name
        self._host_name = host
        self._recorder = recorder
        self._numbers = itertools.count(1)
        self.calls: list[Call] = []
        self.ended = False
        self._chosen: Call | None = None

    @property
    def standing(self) -> list[Call]:
        """The calls this role stands before, oldest first."""
        return [call for call in self.calls if not call.begun and not call.gone]

    @property
    def inside(self) -> list[Call]:
        """The calls this role is inside of, oldest first."""
        return [call for call in self.calls if call.begun and not call.returned and not call.gone]

    def whereabouts(self) -> str:
        """What the role is doing, for people."""
        if standing := self.standing:
            return f"{self.name} stands before " + " and ".join(map(str, standing))
        if inside := self.inside:
            return f"{self.name} is inside " + " and ".join(map(str, inside))
        return f"{self.name} has ended" if self.ended else f"{self.name} makes no call"

    @property
    def words(self) -> dict[str, Call]:
        """The calls this role stands before, by the word that a move says for each."""
        standing = self.standing
        names = Counter(call.name for call in standing)
        words: dict[str, Call] = {}
        for call in standing:
            words.setdefault(call.name if names[call.name] == 1 else call.in_full, call)
        return words

    async def choose(self, offers: Sequence[Offer]) -> Offer:
        """Stand before several calls at once; make the one that is let go, and no other.

        A program knows its next call. One that somebody steers does not: what it offers is what
        it could do.

        Returns:
            The offer that was taken.

        Raises:
            OSError: the call failed.
        """
        number, taken = next(self._numbers), trio.Event()
        calls = [
            Call(self.name, self._host_name, each.on, number, each.name, each.arguments, "", taken)
            for each in offers
        ]
        self.calls += calls
        try:
            await taken.wait()
        finally:
            for call in calls:
                self.calls.remove(call)
        self._chosen = next(call for call in calls if call.let)
        self.calls.append(self._chosen)
        offer = offers[calls.index(self._chosen)]
        await offer.make()
        return offer

    async def perform(
        self,
        on: str,
        name: str,
        arguments: tuple[str, ...],
        act: Callable[[], Awaitable[Any]],
        show: Callable[[Any], str | int] = lambda result: 0 if result is None else str(result),
    ) -> Any:
        """Stand before a call on a socket, then make it, and write both down.

        Its error is the role's.
        """
        call, self._chosen = self._chosen, None
        if call is None:
            number = next(self._numbers)
            call = Call(self.name, self._host_name, on, number, name, arguments, where())
            self.calls.append(call)
        else:
            # What it really is; the offer told it from the others.
            call.socket, call.name, call.arguments, call.where = on, name, arguments, where()
        try:
            await call.go.wait()
            call.begun = True
            self._write(call, Phase.BEGUN)
            result = await act()
        except OSError as failed:
            call.error = errno.errorcode.get(failed.errno or 0, str(failed))
            raise
        else:
            call.result, call.value = show(result), result
            return result
        finally:
            # A cancelled call never returns, and nobody can let it go any more.
            if call.error is None and call.result is None:
                call.gone = True
            else:
                call.returned = True
                self._write(call, Phase.RETURNED)

    def _write(self, call: Call, phase: Phase) -> None:
        self._recorder.add(
            CallEvent(
                self._recorder.now(),
                call.host,
                call.role,
                call.socket,
                call.number,
                call.name,
                call.arguments,
                phase,
                call.result,
                call.error,
                call.where,
            )
        )
