"""The panes: widgets that show a position, or let something be chosen from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from socklab.play import words
from socklab.play.menu import Item
from socklab.position import Position
from socklab.views.columns import Line


class Choices(OptionList):
    """A column of the menu.

    A click on a call makes it. A click on a segment only selects it, for there are four things
    that can be done with one; a second click carries it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "app.column(-1)", show=False),
        Binding("right", "app.column(1)", show=False),
        # The lists are short, and the ladder is long.
        Binding("pageup", "app.scroll('page_up')", show=False),
        Binding("pagedown", "app.scroll('page_down')", show=False),
        Binding("home", "app.scroll('home')", show=False),
        Binding("end", "app.scroll('end')", show=False),
    ]

    class Made(Message):
        """Somebody wants an item to be made."""

        def __init__(self, item: Item) -> None:
            self.item = item
            super().__init__()

    def __init__(self, *, id: str) -> None:  # noqa: A002 - the word of every widget
        super().__init__(id=id, markup=False)
        self._items: Sequence[Item] = ()
        self._position: Position | None = None
        self._since_s = 0.0

    def show_items(
        self, position: Position, items: Sequence[Item], first: Item | None, *, stay: bool = False
    ) -> None:
        """Show what can be done.

        Args:
            position: where.
            items: what.
            first: what a story would do: the cursor is on it, if it is here.
            stay: whether the cursor stays where it was instead, if that can be.
        """
        before = self.highlighted
        self._position, self._items, self._since_s = position, items, 0.0
        self.clear_options()
        self.add_options(Option(self._line(item)) for item in items)
        at = items.index(first) if first in items else 0
        if stay and before is not None:
            at = min(before, len(items) - 1)
        self.highlighted = at if items else None

    def pass_time(self, since_s: float) -> None:
        """Tell what timers have left by now.

        Args:
            since_s: how long ago the position was shown, in seconds.
        """
        self._since_s = since_s
        for index, item in enumerate(self._items):
            if item.left_s is not None:  # any other line would be drawn for nothing
                self.replace_option_prompt_at_index(index, self._line(item))

    @property
    def selected(self) -> Item | None:
        """What the cursor is on."""
        return None if self.highlighted is None else self._items[self.highlighted]

    def _line(self, item: Item) -> Text:
        assert self._position is not None
        width = self.scrollable_content_region.width or 24
        return words.item(self._position, item, width, self._since_s)

    def on_resize(self) -> None:
        """Draw the arrows as long as there is room now."""
        for index, item in enumerate(self._items):
            self.replace_option_prompt_at_index(index, self._line(item))

    def on_click(self, event: events.Click) -> None:
        """Make a call, select a segment."""
        event.prevent_default()  # the list's own way makes whatever is clicked
        index = event.style.meta.get("option")
        if index is None:
            return
        self.highlighted = index
        item = self._items[index]
        if item.held is None or event.chain > 1:
            self.post_message(self.Made(item))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Make what Enter was pressed on."""
        event.stop()
        self.post_message(self.Made(self._items[event.option_index]))


class Ladder(ScrollView, can_focus=False):
    """Lines of a ladder, of which the last ones are in sight."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._strips: list[Strip] = []
        self._texts: list[str] = []

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show these, the last one at the bottom."""
        texts = [line.render(color=True) for line in lines]
        same = next(
            (n for n, (old, new) in enumerate(zip(self._texts, texts, strict=False)) if old != new),
            min(len(texts), len(self._texts)),
        )
        self._strips[same:] = [self._strip(text) for text in texts[same:]]
        if texts == self._texts:
            return
        self._texts = texts
        self.virtual_size = Size(0, len(texts))
        self.scroll_end(animate=False, immediate=True, force=True)
        self.refresh()

    def on_resize(self) -> None:
        """Keep the end in sight, as soon as it is known how much room there is."""
        self.call_after_refresh(self.scroll_end, animate=False, force=True)

    def _strip(self, text: str) -> Strip:
        """A line with SGR sequences as Textual has it."""
        told = Text.from_ansi(text, no_wrap=True, end="")
        return Strip(told.render(self.app.console))

    def render_line(self, y: int) -> Strip:
        """A line of what is in sight."""
        number = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        if number >= len(self._strips):
            return Strip.blank(width, self.rich_style)
        return self._strips[number].adjust_cell_length(width).apply_style(self.rich_style)


class Keys(Static):
    """The line at the bottom: what the keys do, each of which can also be clicked.

    Textual's own would be made anew whenever the cursor moves.
    """

    def __init__(self, bindings: Iterable[Binding], *, id: str) -> None:  # noqa: A002
        told = (
            f"[@click=app.{each.action}][b]{each.key_display or each.key}[/b] {each.description}[/]"
            for each in bindings
        )
        super().__init__("  ".join(told), id=id)
