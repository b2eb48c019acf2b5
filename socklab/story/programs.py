"""The programs of a lab from the calls that were made: straight on, a line for each call.

Who picked the calls of a program one at a time has no source of it. What it did is known all the
same: which call on which socket, and which of them failed.
"""

from __future__ import annotations

import ast
import errno
import re
from collections.abc import Iterable, Mapping, Sequence

from socklab.errors import LabError
from socklab.record import Call, Phase, Record
from socklab.story.layout import INDENT, called, literal

BACKLOG = "128"
"""What listen() takes if nobody says otherwise."""

OF_SOCKLAB = frozenset({"TCP_FASTOPEN_CONNECT", "TCP_REPAIR"})
"""Options that labs import from socklab, for Python's socket module lacks them."""


class Programs:
    """The roles' code, and what it imports.

    Args:
        record: of the run.

    Raises:
        LabError: a call can't be written as code.
    """

    def __init__(self, record: Record) -> None:
        self.of_socket: set[str] = set()
        self.of_socklab: set[str] = {"Role"}
        self.suppresses = False
        calls = [call for call in record.of(Call) if call.call != "socket"]
        # As the host that is asked first by `flow`: servers stand before clients in labs.
        roles = sorted({call.role for call in calls}, key=lambda role: (role[:6] != "server", role))
        self.code = [self._role([call for call in calls if call.role == role]) for role in roles]

    def _role(self, calls: Sequence[Call]) -> str:
        begun = [call for call in calls if call.phase is Phase.BEGUN]
        returned = {call.number: call for call in calls if call.phase is Phase.RETURNED}
        variables = _variables(calls)
        used = {call.socket for call in begun}
        role = begun[0].role
        lines = [f"async def {role}(me: Role) -> None:"]
        made = 0
        for index, call in enumerate(begun):
            if index and begun[index - 1].number not in returned:
                raise LabError(
                    f"{role} made {call.call}() while it was inside {begun[index - 1].call}(): "
                    "such a program can't be written from its calls"
                )
            arguments = list(self._arguments(call))
            while made < _number(call.socket):
                made += 1  # also one that is never used: they are counted
                name = variables.get(f"{role}/{made}")
                lines.append(f"{INDENT}{name} = me.socket()" if name else f"{INDENT}me.socket()")
            code = f"{variables[call.socket]}.{call.call}"
            outcome = returned.get(call.number)
            if call.call == "accept" and outcome is not None and outcome.error is None:
                made += 1
                if (accepted := f"{role}/{made}") in used:
                    lines.append(f"{INDENT}{variables[accepted]}, _ = await {code}()")
                    continue
            if outcome is not None and outcome.error is not None:
                self.suppresses = True
                lines.append(f"{INDENT}with suppress({_raised(outcome.error)}):")
                lines.append(called(f"await {code}", arguments, INDENT * 2))
            else:
                lines.append(called(f"await {code}", arguments))
        return "\n".join(lines)

    def _arguments(self, call: Call) -> Iterable[str]:
        told = call.arguments
        match call.call:
            case "bind" | "connect":
                host, _, port = told[0].rpartition(":")
                return [f'("{host.strip("[]")}", {port})']
            case "listen":
                return [] if told[0] == BACKLOG else [told[0]]
            case "accept" | "close" | "disconnect":
                return []
            case "send":
                return [_bytes(call), *map(self._constant, told[1:])]
            case "recv":
                return [told[0], *map(self._constant, told[1:])]
            case "shutdown" | "getsockopt":
                return list(map(self._constant, told))
            case "setsockopt":
                level, option, value = told
                return [self._constant(level), self._constant(option), self._value(call, value)]
        raise LabError(
            f"{call.role} made {call.call}(), which can't be written from its Record alone"
        )

    def _constant(self, text: str) -> str:
        """A number, or the names of constants, which are imported."""
        names = re.findall(r"[A-Z]\w+", text)
        for name in names:
            (self.of_socklab if name in OF_SOCKLAB else self.of_socket).add(name)
        return text.replace("|", " | ")

    def _value(self, call: Call, text: str) -> str:
        if re.fullmatch(r"-?\d+", text):
            return text
        if found := re.fullmatch(r"\{l_onoff=1, l_linger=(\d+)\}", text):
            self.of_socklab.add("linger")
            return f"linger({found[1]})"
        raise LabError(f"{call.role} set {call.arguments[1]} to {text}, which can't be written")


def _variables(calls: Sequence[Call]) -> Mapping[str, str]:
    """A name for each socket that a program used, by what it did with it."""
    listeners = {call.socket for call in calls if call.call == "listen"}
    named: dict[str, str] = {}
    for call in calls:
        if call.socket not in named:
            kind = "listener" if call.socket in listeners else "connection"
            count = sum(name.partition("_")[0] == kind for name in named.values())
            named[call.socket] = f"{kind}_{count + 1}" if count else kind
    return named


def _number(socket: str) -> int:
    return int(socket.rpartition("/")[2])


def _raised(name: str) -> str:
    """The exception that Python raises for an errno, such as ConnectionResetError."""
    number = getattr(errno, name, None)
    return OSError.__name__ if number is None else type(OSError(number, "")).__name__


def _bytes(call: Call) -> str:
    try:
        data = ast.literal_eval(call.arguments[0])
    except (SyntaxError, ValueError):
        data = None
    if not isinstance(data, bytes):
        raise LabError(
            f"{call.role} sent {call.arguments[0]}, of which the Record has the length only"
        )
    return literal(data)
