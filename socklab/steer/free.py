"""Free play: a client and a server whose calls whoever steers them picks, one at a time.

Each program has one socket, and stands before every call that it could make next. A server that
has accepted a connection goes on with that, and comes back to its listener when it has closed it.
"""

from __future__ import annotations

import socket as stdlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from socklab import sockopt
from socklab.calls import Offer
from socklab.errors import LabError
from socklab.lab import Lab
from socklab.weather import CALM, Pin

if TYPE_CHECKING:
    from socklab.bench import Bench
    from socklab.role import Role
    from socklab.sockets import Socket

NAME = "free"

PORT = 80
"""Both ends bind to it: a server as servers do, a client for a simultaneous open."""

DATA = b"data"

PEERS = {"client": "server", "server": "client"}

_LISTEN = ("call server bind", "call server listen", "call server accept")
_OPEN = (
    "call client connect",
    "carry client 1 SYN",
    "carry server 1 SYN+ACK",
    "carry client 2 ACK",
)

STARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "nothing": (),
        "listening": _LISTEN,
        "established": (*_LISTEN, *_OPEN),
    }
)
"""The moves with which free play may begin, so that nobody has to open a connection each time."""


def start(name: str) -> tuple[str, ...]:
    """The moves of a start.

    Raises:
        LabError: there is none of that name.
    """
    try:
        return STARTS[name]
    except KeyError:
        raise LabError(f"there is no start {name!r}; there are {', '.join(STARTS)}") from None


def free_lab(weather: Mapping[str, Pin] = CALM) -> Lab:
    """Free play as a lab without a story."""

    async def story(bench: Bench) -> None:
        """Nobody but the player has one."""

    header = {
        "Question": "What do you want to know?",
        "See": "Pick the calls of both ends, and carry or lose what they send.",
        "Source": "RFC 9293",
        "Next": "",
    }
    roles = {"server": program, "client": program}
    return Lab(NAME, Path(NAME), "Free play", header, roles, story, None, weather)


async def program(me: Role) -> None:
    """One end: make whichever call is picked, for ever."""
    end = _End(me)
    while True:
        # What a call comes to, the Record tells; a program that is steered goes on.
        with suppress(OSError):
            await me.choose(list(end.offers()))


class _End:
    """What a program has in its hands, and what it could do with it."""

    def __init__(self, me: Role) -> None:
        self._me = me
        self._listener: Socket | None = None
        self._socket: Socket | None = me.socket()
        self._bound = self._connected = False

    def offers(self) -> Iterator[Offer]:
        """The calls that make sense now, also those that will fail."""
        held = self._socket
        if held is None:
            yield Offer("", "socket", (), self._again)
            return

        def offer(name: str, make: Callable[[], Awaitable[object]], *arguments: str) -> Offer:
            return Offer(held.name, name, arguments, make)

        if held is self._listener:
            yield offer("accept", partial(self._accept, held))
        elif self._connected:
            yield offer("send", partial(held.send, DATA))
            yield offer("recv", partial(held.recv, 4096))
            for how in ("SHUT_WR", "SHUT_RD", "SHUT_RDWR"):
                yield offer("shutdown", partial(held.shutdown, getattr(stdlib, how)), how)
            yield offer("setsockopt", _set(held, stdlib.SO_LINGER, sockopt.linger(0)), "SO_LINGER")
        else:
            if self._bound:
                yield offer("listen", partial(self._listen, held))
            else:
                yield offer("setsockopt", _set(held, stdlib.SO_REUSEADDR, 1), "SO_REUSEADDR")
                yield offer("bind", partial(self._bind, held))
            yield offer("connect", partial(self._connect, held))
        yield offer("close", partial(self._close, held))

    async def _bind(self, held: Socket) -> None:
        await held.bind((self._me.name, PORT))
        self._bound = True

    async def _listen(self, held: Socket) -> None:
        await held.listen()
        self._listener = held

    async def _connect(self, held: Socket) -> None:
        await held.connect((PEERS[self._me.name], PORT))
        self._connected = True

    async def _accept(self, listener: Socket) -> None:
        self._socket, _ = await listener.accept()
        self._connected = True

    async def _close(self, held: Socket) -> None:
        # Whatever close() says, the descriptor is gone.
        self._connected = False
        if held is self._listener:
            self._listener = None
        self._socket = self._listener
        await held.close()

    async def _again(self) -> None:
        async def act() -> None:
            self._socket = self._me.socket()
            self._bound = False

        await self._me.perform("", "socket", (), act)


def _set(held: Socket, option: int, value: int | bytes) -> Callable[[], Awaitable[None]]:
    return partial(held.setsockopt, stdlib.SOL_SOCKET, option, value)
