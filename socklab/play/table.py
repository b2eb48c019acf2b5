"""The table: everything there is to see of a position, and the lists that moves are chosen from."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Static

from socklab.play import words
from socklab.play.menu import Column, Item, Menu, menu_of
from socklab.play.panes import Choices, Ladder
from socklab.position import Position
from socklab.views.columns import wrap
from socklab.views.figure import figure, way_of
from socklab.views.unfinished import Unfinished

LEAST = (80, 24)
"""Columns and lines of a terminal on which everything has its place."""

LARGE = (120, 36)
"""From so many on there is room for the figures and the rows of `ss`; play.tcss shows them."""

ALL_OF_SS = 180
"""From so many columns on, the rows of `ss` have what `-i` adds; a page of its own always has."""


class Table(Vertical):
    """What is shown of a position.

    Args:
        title: of what is played.
        subtitle: a goal or a question, that stands below it; may be empty.
        menu: what can be done at first; a key may come before anything is shown.
    """

    def __init__(self, title: str, subtitle: str, menu: Menu) -> None:
        super().__init__(id="table")
        # Kept, and not looked up: they may be told something when the screen is being taken down.
        self._title = Static(title, id="name", markup=False)
        self._count = Static(id="count", markup=False)
        self._subtitle = Static(subtitle, id="goal", markup=False)
        self._subtitle.display = bool(subtitle)
        self._hosts = {
            Column.LEFT: Static(id="left-host", classes="host"),
            Column.RIGHT: Static(id="right-host", classes="host"),
        }
        self._wire_title = Static(id="wire-title")
        self._lists = {column: Choices(id=column.name.lower()) for column in Column}
        self._board = Horizontal(id="board")
        self._figures = [Static(classes="figure"), Static(classes="figure")]
        self._rows = Static(id="ss")
        self._ladder = Ladder(id="ladder")
        self._message = Static(id="message")
        self._drawing = ((0, False), Unfinished())
        self._position: Position | None = None
        self.menu = menu
        """What can be done at the position that is shown."""

    def compose(self) -> ComposeResult:
        """The title, the menu under the hosts, the figures, the ladder, and a line to talk."""
        with Horizontal(id="title"):
            yield self._title
            yield self._count
        yield self._subtitle
        with self._board:
            with Vertical(classes="column"):
                yield self._hosts[Column.LEFT]
                yield self._lists[Column.LEFT]
            with Vertical(classes="column", id="middle"):
                yield self._wire_title
                yield self._lists[Column.WIRE]
            with Vertical(classes="column"):
                yield self._hosts[Column.RIGHT]
                yield self._lists[Column.RIGHT]
        with Horizontal(id="figures"):
            yield self._figures[0]
            with VerticalScroll(id="rows", can_focus=False):
                yield self._rows
            yield self._figures[1]
        yield self._ladder
        yield self._message

    def show(
        self, position: Position, since_s: float, *, count: int, verbose: bool, stay: bool = False
    ) -> None:
        """Show a position, with the cursor where a story would make its next move.

        Args:
            position: which.
            since_s: how long ago the run stood there, in seconds.
            count: how many moves the player has made.
            verbose: whether the ladder tells every move and look.
            stay: whether the cursor stays where it is.
        """
        self._position = position
        self.menu = menu_of(position)
        told = f"{'verbose · ' if verbose else ''}{count} move{'' if count == 1 else 's'}"
        self._count.styles.width = len(told) + 2
        self._count.update(told, layout=False)
        held = len(position.held)
        on_it = f" {held} on it" if held else " nothing on it"
        title = Text.assemble(("the wire", "bold"), (on_it, "dim"))
        self._wire_title.update(title, layout=False)
        for column, choices in self._lists.items():
            items = self.menu.column(column)
            choices.show_items(position, items, self.menu.first, stay=stay)
        self.pass_time(since_s)
        self._make_room(position)
        if self.app.size.width >= LARGE[0] and self.app.size.height >= LARGE[1]:
            for pane, drawn in zip(self._figures, figures(position), strict=False):
                pane.update(drawn, layout=False)
            whole = self.app.size.width >= ALL_OF_SS
            self._rows.update(words.rows(position, whole=whole))
        self._show_ladder(position, verbose=verbose)
        if not stay:
            self.begin()

    def _make_room(self, position: Position) -> None:
        """Make the board as high as what stands on it, if the ladder can spare that.

        Heights are set, and not found by Textual: to lay the screen out anew takes 10 ms and more,
        and mostly nothing has moved.
        """
        wanted = [1 + len(self.menu.column(Column.WIRE))]
        for column, pane in self._hosts.items():
            lines = words.hosts(position, column).plain.split("\n")
            height = sum(len(wrap(line, pane.size.width or LEAST[0])) for line in lines)
            pane.styles.height = height
            wanted.append(height + len(self.menu.column(column)))
        self._board.styles.height = min(max(wanted), self.app.size.height // 2)

    def _show_ladder(self, position: Position, *, verbose: bool) -> None:
        manner = (self._ladder.scrollable_content_region.width, verbose)
        if self._drawing[0] != manner:
            self._drawing = manner, Unfinished(width=manner[0], verbose=verbose)
        self._ladder.show_lines(self._drawing[1].lines(position.record))

    def pass_time(self, since_s: float) -> None:
        """Show what timers have left by now.

        Args:
            since_s: how long ago `ss` told it, in seconds.
        """
        if self._position is None:
            return
        for column, pane in self._hosts.items():
            pane.update(words.hosts(self._position, column, since_s), layout=False)
        self._lists[Column.WIRE].pass_time(since_s)

    def say(self, sentence: str, kind: str = "") -> None:
        """Show a sentence.

        Args:
            sentence: may be empty.
            kind: "refused", "trouble", or nothing if all is well.
        """
        self._message.set_classes(kind)
        told = words.short(sentence, max(20, self.app.size.width - 2), 3)
        self._message.styles.height = told.count("\n") + 1
        self._message.update(Text(told), layout=False)

    # --- The cursor ---

    def begin(self) -> None:
        """Put the cursor into the list where a story would make its next move."""
        first = self.menu.first
        column = Column.WIRE if first is None else first.column
        self._lists[column].focus()

    def go(self, steps: int) -> None:
        """Put the cursor into the next list that has something, to the right or to the left."""
        filled = [column for column in Column if self.menu.column(column)]
        now = next((c for c in Column if self._lists[c].has_focus), Column.WIRE)
        ahead = [column for column in filled if (column - now) * steps > 0]
        if ahead:
            self._lists[ahead[0] if steps > 0 else ahead[-1]].focus()

    def scroll(self, where: str) -> None:
        """Scroll the ladder: "page_up", "page_down", "home" or "end"."""
        getattr(self._ladder, f"scroll_{where}")(animate=False)

    @property
    def segment(self) -> Item | None:
        """The selected segment, or the only one; None if none is meant."""
        selected = self._lists[Column.WIRE].selected
        if selected is not None and selected.held is not None:
            return selected
        segments = [item for item in self.menu.items if item.held is not None]
        return segments[0] if len(segments) == 1 else None


def figures(position: Position) -> list[Text]:
    """The state diagrams of the first host on the left and the first on the right."""
    return [
        words.figure(figure(way_of(position.record, name, words.here(position, name))), name)
        for name in words.shown_hosts(position)
    ]


def side_by_side(position: Position) -> Text:
    """Both of them, for where they don't stand on the table."""
    return Text("\n", no_wrap=True).join(
        Text(" ").join(lines)
        for lines in zip(*(drawn.split("\n") for drawn in figures(position)), strict=True)
    )
