"""The grid as text: a matrix of what comes back and of the state afterwards, or a list of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from socklab.grid import Difference, Grid
from socklab.hostile import Cell, Outcome, Position
from socklab.segment_arrives import demanded
from socklab.tcp import CLOSED
from socklab.views.columns import Line, Style, clean, lines_of, width_of
from socklab.views.glyphs import ASCII, BOX
from socklab.views.grid_runs import HEADS, Block, Run, blocks
from socklab.views.grid_words import HOW_TO_READ, MARK, asked, meanings, reasons

NARROWEST = 11
"""The least width of a column, in which ESTABLISHED still fits."""


def grid_text(
    grid: Grid,
    *,
    width: int = 80,
    color: bool = False,
    verbose: bool = False,
    ascii: bool = False,  # noqa: A002 - the word that a caller would look for
) -> str:
    """A grid, what its words mean, what RFC 9293 asks, and where this kernel differs.

    Args:
        grid: what was measured.
        width: of the terminal in columns; where there are too few for a matrix, it is a list.
        color: whether to colour with SGR sequences; nothing is said by colour alone.
        verbose: whether to list every reply in the words of RFC 9293, and what it demands.
        ascii: whether to draw with ASCII alone.

    Returns:
        Lines of text, each with its line feed.
    """
    page = _Page(grid, max(width, 20), verbose=verbose, ascii_only=ascii)
    return "".join(line.render(color=color) + "\n" for line in page.lines())


def differences_text(differences: Sequence[Difference], theirs: str, ours: str) -> str:
    """The cells in which two kernels differ, a line each: the cell, theirs, ours.

    Args:
        differences: the cells.
        theirs: the release of their kernel.
        ours: the release of ours.
    """
    told = (
        f"{one.cell}: {_told(one.cell, one.theirs)} ({theirs}); "
        f"{_told(one.cell, one.ours)} ({ours})"
        for one in differences
    )
    return "".join(f"{clean(line)}\n" for line in told)


def _told(cell: Cell, outcome: Outcome) -> str:
    replies = " ".join(map(str, outcome.replies)) or "no reply"
    return replies if outcome.becomes is cell.situation.state else f"{replies}, {outcome.becomes}"


class _Page:
    def __init__(self, grid: Grid, width: int, *, verbose: bool, ascii_only: bool) -> None:
        self._grid = grid
        self._width = width
        self._verbose = verbose
        self._ascii = ascii_only
        self._rule = (ASCII if ascii_only else BOX).rule
        self._blocks = blocks(grid, by_exact_outcome=verbose)
        labels = (text for block in self._blocks for row in block.rows for text in row.label)
        self._margin = max(map(width_of, labels), default=0) + 1
        self._column = (width - self._margin) // len(Position)

    def _clean(self, text: str) -> str:
        return clean(text, ascii_only=self._ascii)

    def lines(self) -> Iterator[Line]:
        """The whole page."""
        count = len(self._grid.outcomes)
        over = "IPv6" if self._grid.ipv6 else "IPv4"
        title = f"Hostile segments on Linux {self._grid.kernel} over {over}: {count} cells"
        yield from self._sentence(title, Style.STRONG)
        for block in self._blocks:
            yield Line(self._width)
            as_list = self._verbose or self._column < NARROWEST
            yield from self._list(block) if as_list else self._matrix(block)
        yield from self._below(count)

    def _sentence(self, text: str, style: Style = Style.PLAIN, *, hang: int = 0) -> Sequence[Line]:
        return lines_of(self._clean(text), self._width, style, hang=hang)

    def _matrix(self, block: Block) -> Iterator[Line]:
        yield from self._sentence(block.title, Style.STRONG)
        head = Line(self._width)
        for number, text in enumerate(HEADS.values()):
            head.put(self._margin + number * self._column, text, Style.FAINT)
        yield head
        for row in block.rows:
            lines = [Line(self._width) for _ in row.label]
            for line, text in zip(lines, row.label, strict=True):
                line.put(0, self._clean(text))
            begin = self._margin
            for run in row.runs:
                room = self._column * len(run.cells)
                for number, (text, style) in enumerate(self._cell(run, room)):
                    if number == len(lines):
                        lines.append(Line(self._width))
                    lines[number].put(begin, text, style)
                begin += room
            yield from lines

    def _cell(self, run: Run, room: int) -> Iterator[tuple[str, Style]]:
        """What stands in the room of a run, line by line."""
        words = run.words
        left = room - width_of(words) - 3
        drawn = f"{words} {self._rule * left}" if len(run.cells) > 1 and left > 0 else words
        yield drawn, Style.ODD if run.differs else Style.PLAIN
        if run.becomes:
            style = Style.BAD if run.outcome.becomes is CLOSED else Style.STRONG
            fits = width_of(run.becomes) < room
            parts = [run.becomes] if fits else run.becomes.replace("-", "- ", 1).split()
            for part in parts:
                yield part, style

    def _list(self, block: Block) -> Iterator[Line]:
        yield from self._sentence(block.title, Style.STRONG)
        for row in block.rows:
            yield from self._sentence(" ".join(text.strip() for text in row.label))
            for run in row.runs:
                first, last = run.cells[0], run.cells[-1]
                where = str(first.position)
                if last is not first:
                    where += f" to {last.position}"
                if self._verbose:
                    what = " ".join(map(str, run.outcome.replies)) or "no reply"
                    what += f" {MARK}" if run.differs else ""
                else:
                    what = run.words
                if run.becomes:
                    what += f", then {run.becomes}"
                style = Style.ODD if run.differs else Style.PLAIN
                text = self._clean(f"{where}: {what}")
                yield from lines_of(text, self._width, style, indent=2, hang=2)
                if self._verbose and run.differs:
                    yield from lines_of(self._clean(_demand(first)), self._width, indent=6, hang=2)

    def _below(self, count: int) -> Iterator[Line]:
        told = list(meanings(self._grid))
        if self._verbose:
            told = [(word, meaning) for word, meaning in told if word == MARK]
        hang = max((len(word) for word, _ in told), default=0) + 2
        if told:
            yield Line(self._width)
        for word, meaning in told:
            yield from self._sentence(f"{word:<{hang}}{meaning}", hang=hang)
        if not self._verbose:
            yield from self._sentence(HOW_TO_READ)
        yield Line(self._width)
        yield from self._sentence("What RFC 9293 asks:", Style.STRONG)
        for sentence in asked(self._grid):
            yield from self._sentence(f"- {sentence}", hang=2)
        found = reasons(self._grid)
        differing = sum(number for _, number in found)
        yield Line(self._width)
        head = f"Linux {self._grid.kernel} differs from that in {differing} of {count} cells"
        yield from self._sentence(f"{head}{':' if found else '.'}", Style.STRONG)
        for reason, number in found:
            yield from self._sentence(f"{number:>3}  {reason}", hang=5)


def _demand(cell: Cell) -> str:
    demand = demanded(cell)
    told = " or ".join(_told(cell, outcome) for outcome in demand.allowed)
    return f"{demand.source}: {told}"
