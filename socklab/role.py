"""A role: the program on a host. Its socket calls are recorded, and each stops before it begins.

A role is an ordinary Trio coroutine that gets a `Role` to make its sockets with. Wherever it
calls one, it stands before that call until somebody lets it go. Trio knows when every task is
blocked, so "all roles stand still" is something one can wait for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from socklab.children import Child
from socklab.host import Host
from socklab.recorder import Recorder
from socklab.sockets import Owner


class Role(Owner):
    """The program on a host, as it sees its world: it makes sockets and knows where it is.

    Args:
        name: the role's name in the lab; the host's, unless a host has several.
        host: where it runs.
        recorder: who writes its calls down.
        hosts: every host's address, so that a role can say `("server", 80)`.
        port: what a service's port is here, where it can't have the one it asks for.
    """

    def __init__(
        self,
        name: str,
        host: Host,
        recorder: Recorder,
        hosts: Mapping[str, str],
        port: Callable[[int], int] = lambda wanted: wanted,
    ) -> None:
        super().__init__(name, host, recorder, hosts, port)
        self.children: list[Child] = []

    async def fork(self) -> Child:
        """A child process that has this program's descriptors too.

        A connection is closed with its last descriptor: the child holds open what its parent
        closes, until the child ends.
        """

        async def act() -> Child:
            # Names that Python closed have the descriptor -1.
            return Child(self, [s.fileno() for s in self.sockets if s.fileno() != -1])

        child: Child = await self.perform("", "fork", (), act, lambda child: "a child")
        self.children.append(child)
        return child

    def abort(self) -> None:
        """Close what is still open, without a FIN that anybody would have to wait for."""
        for child in self.children:
            child.end()
        for each in self.sockets:
            each.abort()
