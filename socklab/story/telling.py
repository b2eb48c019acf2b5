"""The story of a lab from the turns of a run: a line for each move, and what it must lead to."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum

from socklab.craft import Crafted
from socklab.moves import ON_SEGMENTS, ON_THE_WIRE, Move, Verb
from socklab.packet import Kind
from socklab.record import Call, Phase, State as StateEvent
from socklab.story.layout import INDENT, called, literal, string
from socklab.story.turns import Turn, names
from socklab.tcp import CLOSED, ESTABLISHED, LISTEN, State

TOLD_WHEN_BLOCKED = frozenset({"recv", "send", "close", "connect"})
"""Calls of which it is worth a line that they block; accept() nearly always does."""

AGAIN = 3
"""From how many alike on `[CLOSE_WAIT] * 3` is written, and not each."""


class Wire(Enum):
    """What a story asks of the wire: all that it holds, that without copies, or nothing."""

    ALL = "all"
    ORIGINALS = "originals"
    NOTHING = "nothing"


class Telling:
    """Tells turns as the code of a story.

    Args:
        hosts: their names, in the order of the lab.
        plain: whether a call is named without its arguments, since each program makes only one.
        wire: what it asks of the wire.
    """

    def __init__(self, hosts: Sequence[str], *, plain: bool, wire: Wire = Wire.ALL) -> None:
        self._hosts = hosts
        self._plain = plain
        self._wire = wire
        self._indent = INDENT
        self._empty = False
        self._cut: list[tuple[str, ...]] = []
        self._latest: dict[tuple[str, str], int] = {}
        self.words: set[str] = set()
        """What of socklab's words the code uses, to be imported."""

    def flow(self) -> str:
        """The move that makes all moves up to an established connection."""
        self.words.add("ESTABLISHED")
        return called("await bench.flow", [f"{host}=ESTABLISHED" for host in self._hosts])

    def lines(self, told: Sequence[Turn], before: Turn | None) -> Iterator[str]:
        """The lines of turns.

        Args:
            told: the turns.
            before: the one before the first.
        """
        for line in self._lines(told, before):
            self._empty = line.endswith(":")
            yield line
        yield from self._nothing()

    def _lines(self, told: Sequence[Turn], before: Turn | None) -> Iterator[str]:
        for number, turn in enumerate(told):
            yield from self._move(turn)
            expected = list(self._states(turn, before))
            yield from expected
            yield from self._calls(turn)
            if number == len(told) - 1 and not expected and turn.rows is not None:
                yield self._expect(turn, {host: self._sockets(turn, host) for host in self._hosts})
            before = turn if turn.rows is not None else before

    def pass_over(self, told: Sequence[Turn]) -> None:
        """Turns that are told otherwise: only which calls were the latest is kept."""
        for turn in told:
            for call in turn.calls:
                self._note(call)

    # --- Moves ---

    def text(self, move: Move) -> str:
        """A move as the story makes it."""
        if move.verb is Verb.CALL and self._plain:
            return str(Move(move.verb, move.who, move.what.partition("(")[0]))
        return str(move)

    def _move(self, turn: Turn) -> Iterator[str]:
        move = turn.move
        if move.verb in ON_THE_WIRE:
            yield from self._on_the_wire(move)
            return
        yield called(f"await bench.{move.verb.value}", list(self._arguments(turn)), self._indent)

    def _arguments(self, turn: Turn) -> Iterator[str]:
        move = turn.move
        if move.verb in ON_SEGMENTS:
            yield f"{move.who}={self._which(turn)}"
            if move.copy:
                yield "copy=True"
            if move.verb is Verb.DELAY:
                yield f"after_s={move.more}"
            elif move.verb is Verb.UNREACHABLE:
                yield f"why={self._word('Unreachable')}.{move.more.upper()}"
        elif move.verb is Verb.INJECT:
            yield from self._crafted(move)
        elif move.verb is Verb.DESTROY:
            yield f"{move.who}={self._word(State(move.what).name)}"
        else:
            yield f"{move.who}={string(self.text(move).split(maxsplit=2)[2])}"

    def _which(self, turn: Turn) -> str:
        """What points at the segment of a move, and at no other."""
        move = turn.move
        like = [each for each in turn.before if each.sender == move.who and each.copy is move.copy]
        kind = self._word(Kind(move.what).name)
        same_kind = [each for each in like if str(each.kind) == move.what]
        if same_kind and names(move, same_kind[0]):
            return kind
        same_number = [each for each in like if each.number == move.number]
        if same_number and names(move, same_number[0]):
            return f"lambda segment: segment.number == {move.number}"
        return f"lambda segment: (segment.number, segment.packet.kind) == ({move.number}, {kind})"

    def _crafted(self, move: Move) -> Iterator[str]:
        made = Crafted.parse(move.what, move.more)
        usual = Crafted(made.kind, made.seq)
        yield f"{move.who}={self._word(made.kind.name)}"
        yield f"seq={made.seq}"
        if made.payload:
            yield f"payload={literal(made.payload)}"
        for name in ("ack", "window", "connection", "port"):
            if (value := getattr(made, name)) != getattr(usual, name):
                yield f"{name}={value}"

    def _on_the_wire(self, move: Move) -> Iterator[str]:
        """A cut is a block; it ends where the wire is joined, or with the story."""
        if move.verb is Verb.CUT:
            hosts = ", ".join(f'"{host}"' for host in move.hosts)
            yield f"{self._indent}with bench.cut({hosts}):"
            self._cut.append(move.hosts)
            self._indent += INDENT
        elif self._cut and self._cut[-1] == move.hosts:
            yield from self._nothing()
            self._cut.pop()
            self._indent = self._indent.removesuffix(INDENT)

    def _nothing(self) -> Iterator[str]:
        """What stands in a block in which nothing is done."""
        if self._empty:
            yield f"{self._indent}pass"

    # --- Expectations ---

    def _states(self, turn: Turn, before: Turn | None) -> Iterator[str]:
        """What `ss` must show, if the move has changed it."""
        if turn.rows is None:
            return
        if turn.changes:
            changed = {change.host for change in turn.changes}
            told = {
                host: self._sockets(turn, host)
                for host in self._hosts
                if host in changed or any(row.state is not CLOSED for row in turn.rows[host])
            }
            yield self._expect(turn, told)
        elif before is not None and before.rows is not None:
            queues = ((host, self._queues(turn, before, host)) for host in self._hosts)
            if told := {host: text for host, text in queues if text}:
                yield self._expect(turn, told)

    def _expect(self, turn: Turn, told: Mapping[str, str]) -> str:
        arguments = [f"{host}={text}" for host, text in told.items()]
        if self._wire is not Wire.NOTHING:
            copies_too = self._wire is Wire.ALL
            held = [each.kind for each in turn.held if copies_too or not each.copy]
            kinds = sorted(held, key=list(Kind).index)
            wire = ", ".join(self._word(kind.name) for kind in kinds)
            arguments.append(f"wire=[{wire}]")
        return called("bench.expect", arguments, self._indent)

    def _sockets(self, turn: Turn, host: str) -> str:
        """A host's sockets as an expectation has them.

        Its listeners are named where one came or went, or where there is nothing else.
        """
        assert turn.rows is not None
        states = [row.state for row in turn.rows[host] if row.state is not CLOSED]
        connected = [state for state in states if state is not LISTEN]
        listens = any(_of_a_listener(change, host) for change in turn.changes)
        shown = states if listens or not connected else connected
        words = [self._word(state.name) for state in shown]
        if len(words) >= AGAIN and len(set(words)) == 1:
            return f"[{words[0]}] * {len(words)}"
        if len(words) == 1:
            return words[0]
        return f"[{', '.join(words)}]" if words else self._word(CLOSED.name)

    def _queues(self, turn: Turn, before: Turn, host: str) -> str:
        """The connections of a host with the queues that have changed; nothing if none has."""
        assert turn.rows is not None
        assert before.rows is not None
        known = {(row.local, row.peer): row for row in before.rows[host]}
        texts, changed = [], False
        for row in turn.rows[host]:
            if row.state in (CLOSED, LISTEN):
                continue
            was = known.get((row.local, row.peer), row)
            queues = [
                f"{queue}={getattr(row, queue)}"
                for queue in ("recv_q", "send_q")
                if getattr(row, queue) != getattr(was, queue)
            ]
            texts.append((row.state.name, queues))
            changed |= bool(queues)
        if not changed:
            return ""
        words = [
            f"{self._word('row')}({', '.join([self._word(name), *queues])})"
            if queues
            else self._word(name)
            for name, queues in texts
        ]
        return words[0] if len(words) == 1 else f"[{', '.join(words)}]"

    def _calls(self, turn: Turn) -> Iterator[str]:
        """What calls came to, where that is more than success."""
        for call in turn.calls:
            self._note(call)
        returned = {call.number for call in turn.calls if call.phase is Phase.RETURNED}
        for call in turn.calls:
            if self._latest[call.role, call.call] != call.number:
                continue  # `expect_call` asks for the latest of its name
            if call.phase is Phase.BEGUN:
                blocks = call.number not in returned and call.call in TOLD_WHEN_BLOCKED
                came_to = "blocked=True" if blocks else ""
            else:
                came_to = _came_to(call)
            if came_to:
                arguments = [f'{call.role}="{call.call}"', came_to]
                yield called("bench.expect_call", arguments, self._indent)

    def _note(self, call: Call) -> None:
        if call.phase is Phase.BEGUN:
            self._latest[call.role, call.call] = call.number

    def _word(self, name: str) -> str:
        self.words.add(name)
        return name


def _came_to(call: Call) -> str:
    """What a call that has returned gave back; nothing if that is nothing, or can't be told."""
    if call.error is not None:
        return f'fails="{call.error}"' if call.error.isidentifier() else ""
    if isinstance(call.result, int):
        return f"returns={call.result}" if call.result else ""
    if call.result is None or not call.result.startswith(("b'", 'b"')):
        return ""
    data = ast.literal_eval(call.result)
    return f"returns={literal(data)}" if isinstance(data, bytes) else ""


def _of_a_listener(change: StateEvent, host: str) -> bool:
    return change.host == host and str(LISTEN) in (change.was, change.now)


def opening(told: Sequence[Turn], hosts: Sequence[str]) -> int:
    """How many turns at the beginning `flow` may make: those of a handshake, if more follows."""
    for number, turn in enumerate(told):
        if turn.move.verb not in (Verb.CALL, Verb.CARRY) or turn.move.copy or turn.assumed:
            return 0
        if turn.rows is not None and all(
            [row.state for row in turn.rows.get(host, ()) if row.state not in (CLOSED, LISTEN)]
            == [ESTABLISHED]
            for host in hosts
        ):
            return (number + 1) % len(told)
    return 0
