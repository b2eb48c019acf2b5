"""The game on the screen: a position, the moves that are made on it, and the time that passes."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import termios
import time
from collections.abc import Callable, Iterator
from functools import partial

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.widgets import Static

from socklab.errors import SocklabError, ToolError
from socklab.moves import Verb
from socklab.play.menu import WAIT, Item, menu_of
from socklab.play.panes import Choices, Keys
from socklab.play.requests import Request, Requests, Run
from socklab.play.table import LARGE, LEAST, Table
from socklab.position import Position, tell
from socklab.record import Look

TICK_S = 0.5
"""How often it is told what timers have left, in seconds."""

SOON_S = 0.3
"""What takes longer than this is said to be under way, in seconds."""

READ_S = 2.0
"""For so long a refusal stays, in seconds, before what is under way is told again."""


def terminal_is_gone() -> bool:
    """Whether standard input was a terminal, and is none any more: its window was closed."""
    try:
        termios.tcgetattr(0)
    except termios.error as refused:
        return bool(refused.args[0] == errno.EIO)  # what never was a terminal says ENOTTY
    return False


class Game(App[int]):
    """A run on the screen, with what it takes to make moves.

    What there is besides, and which keys, is a subclass's: see app.py.

    Args:
        run: what is played: a Session, made before the app runs, since it forks.
        title: of what is played.
        subtitle: a question or a goal; may be empty.
        clock: tells the time, in seconds since whenever.
    """

    CSS_PATH = "play.tcss"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - as Textual declares it
        (0, "-narrow"),
        (LEAST[0], "-fits"),
        (LARGE[0], "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-low"),
        (LEAST[1], "-high"),
        (LARGE[1], "-tall"),
    ]

    def __init__(
        self,
        run: Run,
        *,
        title: str,
        subtitle: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.title = "socklab play"
        self._table = Table(title, subtitle, menu_of(run.position))
        self._small = Static(id="small", markup=False)
        self._run = run
        self._clock = clock
        self._requests = Requests(run, self._done, self._refused)
        self._looked_at = self._asked_at = clock()
        self._refused_at = -READ_S
        self._verbose = False
        self._to_confirm = ""
        self._failure: Exception | None = None

    @property
    def position(self) -> Position:
        """Where the run stands."""
        return self._run.position

    @property
    def is_waiting(self) -> bool:
        """Whether a wait for a timer is under way, which Esc stops."""
        under_way = self._requests.under_way
        return under_way is not None and under_way.left_s is not None

    async def standstill(self) -> None:
        """Until all that was asked for is done and shown: for programs that press keys."""
        await self._requests.standstill()

    def compose(self) -> ComposeResult:
        """The table, and the keys below it; or that there is no room for them."""
        yield self._small
        with Container(id="game"):
            yield self._table
            yield Keys(self._keys(), id="keys")

    def has(self, action: str) -> bool:
        """Whether there is such a thing in this game: everything that has a name."""
        return bool(action)

    def arrived(self) -> None:
        """Called when a position is shown that the run has come to."""

    def _keys(self) -> Iterator[Binding]:
        """The keys that are worth a word at the bottom, the most used first."""
        for binding in self.BINDINGS:
            if isinstance(binding, Binding) and binding.show and self.has(binding.action):
                yield binding

    def on_mount(self) -> None:
        """Begin to listen."""
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(signum) is not signal.SIG_IGN:
                loop.add_signal_handler(signum, self._end, 128 + signum)
        # Not by the loop: it may wait for ever to write on what is no more.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, lambda *_: self._hung_up(loop))
        self.run_worker(self._serve())
        self.set_interval(TICK_S, self.tick)

    def on_resize(self, event: events.Resize) -> None:
        """Find anew what has its place."""
        columns, lines = event.size
        self._small.update(
            f"This takes {LEAST[0]} columns and {LEAST[1]} lines; the terminal has "
            f"{columns} and {lines}. Make it larger, or leave with q."
        )
        self.call_after_refresh(self._show)

    @property
    def _too_small(self) -> bool:
        return self.size.width < LEAST[0] or self.size.height < LEAST[1]

    def _show(self, *, stay: bool = False) -> None:
        """Show the position; `stay` leaves the cursor where it is."""
        if self._too_small or not self._table.is_attached:
            return
        since_s = self._clock() - self._looked_at
        count = self._run.undoable
        self._table.show(self.position, since_s, count=count, verbose=self._verbose, stay=stay)
        if self.position.trouble:
            told = f"✗ {self.position.trouble}. Backspace takes the last move back."
            self._table.say(told, "trouble")

    # --- Moves ---

    def action_choose(self, key: str) -> None:
        """Make what has a key."""
        item = self._table.menu.by_key(key)
        if item is not None:
            self._make(item)
        elif key == WAIT:
            self._refuse("No timer runs: there is nothing to wait for.")
        else:
            self._refuse(f"Nothing has the key {key} here.")

    def action_segment(self, name: str) -> None:
        """Decide the fate of the selected segment."""
        verb = Verb(name)
        item = self._table.segment
        if item is not None and verb in item.moves:
            self._make(item, verb)
        elif item is not None:
            self._refuse(f"This one you can't {name} now.")
        elif self.position.held:
            self._refuse(f"Which one? Select a segment on the wire, then {name} it.")
        else:
            self._refuse(f"Nothing is on the wire that you could {name}.")

    def on_choices_made(self, event: Choices.Made) -> None:
        """Make what Enter was pressed on, or what was clicked."""
        self._make(event.item)

    def _make(self, item: Item, verb: Verb | None = None) -> None:
        move = item.move if verb is None else item.moves[verb]
        left_s = None
        if item.left_s is not None:
            left_s = max(0.0, item.left_s - (self._clock() - self._looked_at))
        told = tell(move, item.held)
        if move.verb is Verb.CALL:  # with its arguments, as it stands in the menu
            told = f"{move.who} calls {item.text.removeprefix(f'{move.who}: ')}"
        self._ask(Request(told, partial(self._run.make, move), left_s))

    def action_undo(self) -> None:
        """Take the last move back."""
        if not self._run.undoable and self._requests.idle:
            self._refuse("Nothing to take back: this is how it begins.")
        else:
            self._ask(Request("the last move is taken back", partial(self._run.undo, 1)))

    def action_stop(self) -> None:
        """Stop waiting for a timer."""
        if self.is_waiting:
            self._run.cancel()

    def _ask(self, request: Request) -> None:
        self._to_confirm = ""
        under_way = self._requests.under_way
        if under_way is not None and self.is_waiting:
            self._refuse(f"Not now: {under_way.told}. Esc stops waiting.")
            return
        if self._requests.idle:
            self._asked_at = self._clock()
            self.set_timer(SOON_S, self.tick)
        self._requests.ask(request)

    def _done(self, request: Request, before: Position, position: Position) -> None:
        """Show where a request has led to."""
        self._looked_at = self._asked_at = self._clock()
        if request.quiet:
            self._show(stay=_happened(position) == _happened(before))
        else:
            stopped = request.left_s is not None and len(position.made) <= len(before.made)
            again = "The moves before it were made again, on fresh hosts."
            self._table.say(f"Stopped: {request.told}. {again}" if stopped else f"✓ {request.told}")
            self._show()
        self.arrived()

    def _refused(self, request: Request, refused: SocklabError) -> None:
        """Say why a request was not done, or end if its run is no more."""
        self._looked_at = self._clock()
        if isinstance(refused, ToolError):
            self._failure = refused
            self._end(refused.exit_code)
        else:
            self._refuse(f"{refused}")

    def _refuse(self, why: str) -> None:
        self._to_confirm = ""
        self._refused_at = self._clock()
        self._table.say(why, "refused")

    async def _serve(self) -> None:
        try:
            await self._requests.serve()
        except Exception as bug:
            self._failure = bug
            self._end(70)

    def tick(self) -> None:
        """Tell what time has done: to what is waited for, and to the timers."""
        self._see_terminal()
        if self._too_small or not self._table.is_attached:
            return
        now = self._clock()
        under_way = self._requests.under_way
        if under_way is not None:
            gone_s = now - self._asked_at
            is_read = not self._to_confirm and now - self._refused_at >= READ_S
            if not under_way.quiet and gone_s >= SOON_S and is_read:
                self._table.say(under_way.progress(gone_s))
            return
        since_s = now - self._looked_at
        self._table.pass_time(since_s)
        timers = [item.left_s for item in self._table.menu.items if item.left_s is not None]
        if timers and min(timers) <= since_s and self._requests.idle:
            self._requests.ask(Request("", self._run.refresh, quiet=True))

    def _hung_up(self, loop: asyncio.AbstractEventLoop) -> None:
        self._see_terminal()
        loop.call_soon_threadsafe(self._end, 128 + signal.SIGHUP)

    def _see_terminal(self) -> None:
        """End here and now if the terminal is gone: nothing can be shown, nor put back in order."""
        if terminal_is_gone():
            self._run.kill()
            os._exit(128 + signal.SIGHUP)

    def _end(self, code: int) -> None:
        if not self._requests.idle:
            # What is under way may take a minute, and its thread would be waited for.
            self._requests.forget()
            self._run.kill()
        self.exit(code)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether there is a key for something now."""
        whole = f"{action}({parameters[0]!r})" if parameters else action
        if not self.has(whole):
            return False
        # Nobody makes a move that he can't see.
        return not self._too_small or action in ("leave", "interrupt")


def _happened(position: Position) -> tuple[object, ...]:
    """What a player would see that timers have done."""
    events = sum(1 for event in position.record.events if not isinstance(event, Look))
    return events, position.held, position.trouble, [c.move for c in position.choices]
