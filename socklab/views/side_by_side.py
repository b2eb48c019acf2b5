"""A comparison of two runs, to be read: what they share last, and from there on both of them.

They stand in two columns, as sdiff(1) shows two files: `|` between two steps that are not the same,
`<` beside one that only the first run has, `>` beside one that only the second has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from socklab.views.columns import Line, Style, clean, lines_of, wrap
from socklab.views.comparison import Comparison, Row
from socklab.views.steps import Step

SHOWN = 12
"""How many rows that differ are shown. Arbitrary: with the rest, about a screen."""

AROUND = 1
"""How many rows that are the same are shown around them."""

BEFORE = 5
"""How many steps of the last common move are shown. Arbitrary."""

ROOM_FOR_TWO = 60
"""From so many columns on there is room for two columns of steps."""


def side_by_side(
    compared: Comparison,
    names: tuple[str, str],
    *,
    width: int = 80,
    color: bool = False,
    verbose: bool = False,
    ascii: bool = False,  # noqa: A002 - the word that a caller would look for
) -> str:
    """What two runs share, and where they part.

    Args:
        compared: the runs.
        names: what to call them, such as their files.
        width: of the terminal in columns; no line is wider.
        color: whether to use colors (SGR sequences); nothing is said by color alone.
        verbose: whether to show all that follows, and not its beginning.
        ascii: whether to do with ASCII.

    Returns:
        Lines of text, each with its line feed. Control characters in the Records are escaped.
    """
    page = _Page(compared, names, width, verbose=verbose, ascii_only=ascii)
    return "".join(line.render(color=color) + "\n" for line in page.lines())


def overview(
    compared: Mapping[str, Comparison],
    names: tuple[str, str],
    *,
    only: tuple[Sequence[str], Sequence[str]] = ((), ()),
    width: int = 80,
    color: bool = False,
    ascii: bool = False,  # noqa: A002
) -> str:
    """Many runs compared: a line for each two that part, and a sum.

    Args:
        compared: the runs, by their lab.
        names: what to call the two sides.
        only: the labs that just one side has.
        width: of the terminal in columns.
        color: whether to use colors (SGR sequences).
        ascii: whether to do with ASCII.
    """
    lines: list[Line] = []

    def say(text: str, style: Style = Style.PLAIN) -> None:
        lines.extend(lines_of(clean(text, ascii_only=ascii), width, style, hang=2))

    parted = {lab: each for lab, each in compared.items() if not each.same}
    for lab, each in parted.items():
        say(f"{lab}: the same for {_count(each.common)}; then {' and '.join(_next(each))}")
    if parted:
        lines.append(Line(width))
    labs = f"{len(compared)} lab" + "s" * (len(compared) != 1)
    told = f"{labs} in both: {len(compared) - len(parted)} the same, {len(parted)} not."
    for name, more in zip(names, only, strict=True):
        told += f" Only in {name}: {', '.join(more)}." if more else ""
    say(told, Style.WORSE if parted else Style.GOOD)
    return "".join(line.render(color=color) + "\n" for line in lines)


def _next(compared: Comparison) -> Iterator[str]:
    """How each goes on from where they part."""
    for own in (compared.one, compared.other):
        yield f"`{own[compared.common].text}`" if compared.common < len(own) else "its end"


class _Page:
    """A comparison being laid out."""

    def __init__(
        self,
        compared: Comparison,
        names: tuple[str, str],
        width: int,
        *,
        verbose: bool,
        ascii_only: bool,
    ) -> None:
        self.compared = compared
        self.width = width
        self.verbose = verbose
        self.ascii_only = ascii_only
        self.names = names
        self.column = (width - 3) // 2

    def lines(self) -> Iterator[Line]:
        """All of it."""
        compared = self.compared
        if compared.same:
            yield from self._say(f"{self._alike()}: {_count(len(compared.one))}.", Style.GOOD)
            yield from self._besides()
            return
        yield from self._last()
        yield Line(self.width)
        yield from self._table()
        yield Line(self.width)
        yield from self._counts()
        yield from self._besides()

    def _say(self, text: str, style: Style = Style.PLAIN, indent: int = 0) -> Iterator[Line]:
        yield from lines_of(self._clean(text), self.width, style, indent=indent, hang=2)

    def _clean(self, text: str) -> str:
        return clean(text, ascii_only=self.ascii_only)

    def _last(self) -> Iterator[Line]:
        """The last step that they share, with the move that it came of."""
        common, last = self.compared.common, self.compared.last
        if not common:
            yield from self._say("They part at the very beginning.", Style.STRONG)
            return
        yield from self._say(f"The same for {_count(common)}, and this is the last:", Style.STRONG)
        for step in last if len(last) <= BEFORE else [last[0], *last[1 - BEFORE :]]:
            yield from self._say(step.text, indent=2 if step.is_move else 4)

    # --- From where they part ---

    def _rows(self) -> Iterator[Row | int]:
        """The rows that are shown; in the place of others their number."""
        rows = self.compared.rows
        shown = set(range(len(rows))) if self.verbose else _worth_showing(rows)
        begin = 0
        for number in [*sorted(shown), len(rows)]:
            if number > begin:
                yield number - begin
            if number < len(rows):
                yield rows[number]
            begin = number + 1

    def _table(self) -> Iterator[Line]:
        """Both sides, in two columns where there is room for them."""
        if self.width >= ROOM_FOR_TWO:
            put = self._beside
            yield from put(*self.names, " ", Style.STRONG)
            rule = ("-" if self.ascii_only else "─") * self.column
            yield from put(rule, rule, " ", Style.FAINT)
        else:
            put = self._below
            yield from put(*self.names, "|", Style.STRONG)
        for row in self._rows():
            if isinstance(row, int):
                yield from self._say(f"({_count(row)} left out: --verbose)", Style.FAINT, indent=2)
            else:
                style = Style.FAINT if row.mark == " " else Style.PLAIN
                yield from put(_told(row.one), _told(row.other), row.mark, style)

    def _beside(self, one: str, other: str, mark: str, style: Style) -> Iterator[Line]:
        sides = [wrap(self._clean(text), self.column, hang=4) for text in (one, other)]
        for number in range(max(map(len, sides))):
            line = Line(self.width)
            for column, side in zip((0, self.column + 3), sides, strict=True):
                line.put(column, side[number] if number < len(side) else "", style)
            line.put(self.column + 1, mark if number == 0 else " ", Style.STRONG)
            yield line

    def _below(self, one: str, other: str, mark: str, style: Style) -> Iterator[Line]:
        """One below the other, with a sign for the run that has it."""
        if mark == " ":
            yield from self._say(one, style, indent=2)
            return
        for sign, text in zip("<>", (one, other), strict=True):
            if text:
                yield from self._say(f"{sign} {text}", style)

    def _alike(self) -> str:
        """That they are the same, and what was not asked."""
        counted = self.compared.counted
        ignored = [name for name in ("times", "ports", "copies") if not getattr(counted, name)]
        if not ignored:
            return "The same"
        *most, last = ignored
        return f"The same, but for {', '.join(most)}{' and ' if most else ''}{last}"

    def _counts(self) -> Iterator[Line]:
        """How much of each the other does not have, and what each came to."""
        compared = self.compared
        for name, record, own, only in zip(
            self.names, compared.records, (compared.one, compared.other), compared.only, strict=True
        ):
            came_to = "proved" if record.passed else "not proved"
            yield from self._say(f"{name}: {came_to}; {only} of {_count(len(own))} differ")

    def _besides(self) -> Iterator[Line]:
        """What else is not the same, though it is no step."""
        if besides := self.compared.besides():
            told = "; ".join(f"{name} {' and '.join(pair)}" for name, pair in besides.items())
            yield from self._say(f"Not alike, and not compared: {told}.", Style.FAINT)


def _worth_showing(rows: Sequence[Row]) -> set[int]:
    """The rows that differ, as many as fit, with those around them and the move they came of."""
    differ = [number for number, row in enumerate(rows) if row.mark != " "][:SHOWN]
    shown: set[int] = set()
    for number in differ:
        shown.update(range(max(0, number - AROUND), min(len(rows), number + AROUND + 1)))
        moves = (n for n in range(number, -1, -1) if rows[n].is_move)
        shown.update(islice(moves, 1))
    return shown


def _told(step: Step | None) -> str:
    """A step in its column: what came of a move stands below it, indented."""
    if step is None:
        return ""
    return step.text if step.is_move else f"  {step.text}"


def _count(number: int) -> str:
    return f"{number} step" + "s" * (number != 1)
