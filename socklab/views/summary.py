"""What became of many labs, on one screen: a table, what went wrong, and how to see that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from socklab.outcome import Outcome, Verdict
from socklab.views.columns import Line, Style, clean, lines_of, width_of
from socklab.views.glyphs import ASCII, BOX, Glyphs

GAP = 2
"""Columns between two labs in a row, and before the first."""

TIME = 9
"""What a time takes: ` 123.45 s`."""

PRINTED_LINES = 6
"""How much is shown of what a lab printed that failed: so many lines of its beginning, where a
crash tells its place, and of its end, where a traceback does."""

Clean = Callable[[str], str]


def summary(
    outcomes: Sequence[Outcome],
    *,
    took_s: float,
    left_out: int = 0,
    not_begun: int = 0,
    times: int = 1,
    controls: bool = False,
    width: int = 80,
    color: bool = False,
    ascii: bool = False,  # noqa: A002
) -> str:
    """A table of labs, folder by folder, and what went wrong; the last line sums up.

    Args:
        outcomes: what became of each lab, in the order in which they are told.
        took_s: how long they took, side by side, in seconds.
        left_out: how many slow labs were not asked for.
        not_begun: how many were never begun, because the run was interrupted.
        times: how often each was run.
        controls: whether these were the labs' controls.
        width: in columns; only commands may be longer.
        color: whether to use colors (SGR sequences).
        ascii: whether to do with ASCII.
    """
    glyphs = ASCII if ascii else BOX
    tidy = partial(clean, ascii_only=ascii)
    lines = [line.render(color=color) for line in _table(outcomes, width, glyphs, tidy)]
    wrong = [o for o in outcomes if o.verdict in (Verdict.FAILED, Verdict.NOT_RUN)]
    for alike in _alike(wrong):
        lines.append("")
        lines += [
            line if isinstance(line, str) else line.render(color=color)
            for line in _told(alike, width, glyphs, tidy)
        ]
    total = f"{_verdicts(outcomes, times, controls=controls)} {_times(outcomes, took_s)}"
    if not_begun:
        total += f" {_count(not_begun, 'lab')} not begun."
    if left_out:
        total += f" {_count(left_out, 'slow lab')} left out; --slow runs them, too."
    style = Style.WORSE if wrong else Style.GOOD
    lines.append("")
    lines += [line.render(color=color) for line in lines_of(tidy(total), width, style)]
    return "\n".join(lines) + "\n"


def _mark(outcome: Outcome, glyphs: Glyphs) -> tuple[str, Style]:
    match outcome.verdict:
        case Verdict.PASSED:
            return glyphs.met, Style.GOOD
        case Verdict.FAILED:
            return glyphs.not_met, Style.WORSE
        case _:
            return glyphs.not_observed, Style.ODD


def _table(outcomes: Sequence[Outcome], width: int, glyphs: Glyphs, tidy: Clean) -> Iterator[Line]:
    """Folder by folder, in as many columns as there is room for, read downwards."""
    mark = len(glyphs.met) + 1
    longest = max((width_of(tidy(outcome.lab)) for outcome in outcomes), default=0)
    name = min(longest, width - GAP - mark - TIME)
    cell = GAP + mark + name + TIME
    beside = max(1, width // cell)
    folders: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        folders.setdefault(outcome.folder, []).append(outcome)
    for folder, labs in folders.items():
        yield from lines_of(tidy(f"{folder}/"), width, Style.STRONG)
        rows = -(-len(labs) // beside)
        for row in range(rows):
            line = Line(width)
            for column, outcome in enumerate(labs[row::rows]):
                begin = column * cell + GAP
                sign, style = _mark(outcome, glyphs)
                line.put(begin, sign, style)
                line.put(begin + mark, tidy(outcome.lab))
                # Over the end of a name that is too long.
                time = f" {outcome.took_s:.2f} s"
                line.put(begin + mark + name, " " * TIME)
                line.put(begin + mark + name + TIME - len(time), time, Style.FAINT)
            yield line


def _alike(wrong: Sequence[Outcome]) -> Iterator[list[Outcome]]:
    """One by one, but together what could not run for one and the same reason."""
    groups: dict[str | int, list[Outcome]] = {}
    for number, outcome in enumerate(wrong):
        together = outcome.verdict is Verdict.NOT_RUN
        key = outcome.why.replace(outcome.lab, "") if together else number
        groups.setdefault(key, []).append(outcome)
    yield from groups.values()


def _told(
    alike: Sequence[Outcome], width: int, glyphs: Glyphs, tidy: Clean
) -> Iterator[Line | str]:
    """What went wrong with one lab, or with several alike; a string is a line that stays whole."""
    first, *others = alike
    sign, style = _mark(first, glyphs)
    indent = len(sign) + 1
    who = f"{len(alike)} labs" if others else first.lab
    for line in lines_of(tidy(f"{sign} {who} {first.verdict.value}: {first.why}"), width, hang=2):
        line.put(0, sign, style)
        sign = ""
        yield line
    if others:
        names = ", ".join(outcome.lab for outcome in alike)
        yield from lines_of(tidy(names), width, indent=indent, hang=2)
    printed = first.printed.rstrip().splitlines()
    if len(printed) > 2 * PRINTED_LINES:
        printed[PRINTED_LINES:-PRINTED_LINES] = ["…"]
    if printed:
        yield from lines_of("it printed:", width, indent=indent)
        for text in printed:
            yield from lines_of(tidy(text), width, Style.FAINT, indent=indent + 2, hang=2)
    if first.again:
        yield " " * indent + tidy(first.again)


def _verdicts(outcomes: Sequence[Outcome], times: int, *, controls: bool) -> str:
    counts = Counter(outcome.verdict for outcome in outcomes)
    said = {verdict: verdict.value for verdict in Verdict}
    if controls:
        said |= {Verdict.PASSED: "failed as they should", Verdict.FAILED: "did not"}
    noun = _count(len(outcomes), "control" if controls else "lab")
    if times > 1:
        noun += f", {times:,} times each"
    return f"{noun}: {', '.join(f'{counts[v]} {said[v]}' for v in Verdict if counts[v])}."


def _times(outcomes: Sequence[Outcome], took_s: float) -> str:
    alone_s = sum(outcome.took_s for outcome in outcomes)
    return f"Took {took_s:.1f} s; their own times add up to {alone_s:.1f} s."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + "s" * (number != 1)
