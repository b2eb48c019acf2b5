"""A stage for the game: a run that was recorded stands in for one, and the screen can be read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from html import unescape
from threading import Event as ThreadEvent

from textual.pilot import Pilot
from textual.widgets import Static

from socklab import ss
from socklab.errors import SocklabError
from socklab.mover import MoveRefused
from socklab.moves import ON_SEGMENTS, Move, Verb
from socklab.play.app import PlayApp
from socklab.position import Choice, Held, Position, Program, tell
from socklab.record import (
    Call,
    Event,
    Expect,
    Fate,
    Look,
    Move as MoveEvent,
    Phase,
    Record,
    Segment,
)
from socklab.views.arrows import kind_of
from tests.records import kept

Script = Callable[[Pilot[int]], Awaitable[None]]
"""What presses the keys."""

SMALL, LARGE = (80, 24), (120, 40)


class Rehearsal:
    """A recorded run, played again: its next move leads on, every other one is refused.

    Args:
        record: of the run.
        begun: how many of its moves are made already, and never undone.
    """

    def __init__(self, record: Record | None = None, begun: int = 0) -> None:
        self.positions = list(positions(record or kept("half-close")))
        self.begun = begun
        self.at = begun
        self.asked: list[str] = []
        """What was asked of it."""
        self.fails: SocklabError | Exception | None = None
        """What the next thing that is asked ends with."""
        self.holds = ThreadEvent()
        """Cleared, it keeps whoever asks waiting."""
        self.holds.set()
        self.cancelled = self.killed = False

    @property
    def position(self) -> Position:
        return self.positions[self.at]

    @property
    def undoable(self) -> int:
        return self.at - self.begun

    def make(self, move: Move) -> Position:
        self._ask(str(move))
        if self.cancelled:
            self.cancelled = False
            return self.position
        ahead = self.position.choices[0].move if self.position.choices else None
        if move != ahead:
            raise MoveRefused(f"{move} is not in the play")
        self.at += 1
        return self.position

    def undo(self, count: int = 1) -> Position:
        self._ask(f"undo {count}")
        self.at = max(self.begun, self.at - count)
        return self.position

    def restart(self) -> Position:
        return self.undo(self.undoable)

    def refresh(self) -> Position:
        self._ask("refresh")
        return self.position

    def cancel(self) -> None:
        self.cancelled = True
        self.holds.set()

    def kill(self) -> None:
        self.killed = True
        self.holds.set()

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        assert self.holds.wait(60)
        if self.fails is not None:
            failure, self.fails = self.fails, None
            raise failure


def positions(record: Record) -> Iterator[Position]:
    """Where a recorded run stood before each of its moves, and at its end."""
    events: list[Event] = [event for event in record.events if not isinstance(event, Expect)]
    for end, event in enumerate([*events, None]):
        if event is None or isinstance(event, MoveEvent):
            so_far = replace(record, events=events[:end])
            later = [call for call in events[end:] if isinstance(call, Call)]
            yield position_of(so_far, later, "" if event is None else event.text)


def position_of(record: Record, later: list[Call], ahead: str) -> Position:
    look: Look = list(record.of(Look))[-1]
    held = list(held_in(record))
    programs = {host: program_of(record, host, later) for host in record.hosts}
    found = [Move.parse(ahead)] if ahead else []
    found += [
        Move(verb, segment.sender, segment.kind, segment.number, segment.copy)
        for verb in (Verb.CARRY, Verb.DROP, Verb.DUPLICATE, Verb.POSTPONE)
        for segment in held
    ]
    choices = []
    for move in dict.fromkeys(found):
        on = next((h for h in held if move.verb in ON_SEGMENTS and h.sender == move.who), None)
        choices.append(Choice(move, tell(move, on)))
    for host, texts in look.rows.items():
        for row in ss.parse("\n".join(texts)):
            if row.timer is not None:
                move = Move(Verb.WAIT, host, row.timer.name)
                choices.append(Choice(move, tell(move), row.timer.left_s))
    rows = {host: look.rows.get(host, ()) for host in record.hosts}
    return Position(tuple(record.moves()), tuple(choices), rows, tuple(held), programs, record)


def held_in(record: Record) -> Iterator[Held]:
    """What was sent and has no other fate yet."""
    waiting: dict[tuple[str, int, bool], Segment] = {}
    for segment in record.of(Segment):
        key = (segment.from_, segment.number, segment.copy)
        if segment.fate is Fate.SENT:
            waiting[key] = segment
        else:
            waiting.pop(key, None)
    for s in waiting.values():
        yield Held(
            s.from_, s.to, s.number, s.copy, s.flags, str(kind_of(s)), s.seq, s.ack, s.payload_bytes
        )


def program_of(record: Record, role: str, later: list[Call]) -> Program:
    inside: dict[int, str] = {}
    for call in record.of(Call):
        if call.role == role and call.phase is Phase.BEGUN:
            inside[call.number] = f"{call.call}({', '.join(call.arguments)})"
        elif call.role == role:
            inside.pop(call.number)
    ahead = [call for call in later if call.role == role and call.phase is Phase.BEGUN]
    standing = [f"{c.call}({', '.join(c.arguments)})" for c in ahead[:1] if not inside]
    return Program(role, tuple(standing), tuple(inside.values()), (), not (inside or standing))


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def app_of(run: Rehearsal, **more: object) -> PlayApp:
    """The game on a rehearsal, in which no time passes."""
    how: dict[str, object] = {
        "title": "Half-close: the client has said goodbye, the server keeps talking",
        "question": "can the server still send after the client's FIN?",
        "clock": Clock(),
    }
    return PlayApp(run, **how | more)  # type: ignore[arg-type]


def played(
    app: PlayApp,
    script: Script,
    size: tuple[int, int] = SMALL,
) -> None:
    """Play a game by a script. A test's own loop, since Textual's is asyncio's and not Trio's."""

    async def play() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await script(pilot)

    asyncio.run(play())


async def press(pilot: Pilot[int], *keys: str) -> None:
    """Press keys, one after the other, and wait until what they ask for is done and shown."""
    for key in keys:
        await pilot.press(key)
        await done(pilot)


async def done(pilot: Pilot[int]) -> None:
    app = pilot.app
    assert isinstance(app, PlayApp)
    await pilot.pause()
    await app.standstill()
    if len(app.screen_stack) > 1:  # a file may be being written
        await app.workers.wait_for_complete(w for w in app.workers if w.node is app.screen)
    await pilot.pause()


_TEXT = re.compile(
    r'<text [^>]*x="([\d.]+)"[^>]*textLength="([\d.]+)"[^>]*line-(\d+)\)"[^>]*>(.*?)</text>'
)


def screen(app: PlayApp) -> str:
    """What is on the screen, as text: that of the picture that Textual makes of it."""
    lines = text_of(app.export_screenshot())
    return "".join(line + "\n" for line in lines + [""] * (app.size.height - len(lines)))


def text_of(picture: str) -> list[str]:
    """The lines of text in a picture of a screen."""
    lines: dict[int, str] = {}
    for x, length, number, text in _TEXT.findall(picture):
        told = unescape(text).replace("\xa0", " ")
        column = round(float(x) / (float(length) / len(told)))
        line = lines.get(int(number), "").ljust(column)
        lines[int(number)] = line[:column] + told + line[column + len(told) :]
    return [lines.get(number, "").rstrip() for number in range(max(lines) + 1)]


def said(app: PlayApp) -> str:
    """What the line for messages says, as one line."""
    return " ".join(str(app.query_one("#message", Static).content).split())
