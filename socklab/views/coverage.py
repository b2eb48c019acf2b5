"""What labs have witnessed, as text: the arrows of the figure, and the events by state.

Also how the two pictures of it are inked, the figure and the graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from socklab.coverage import FIGURE_5, IN_TEXT, TAKES_A_MINUTE, Column, Coverage, wanted
from socklab.tcp import LINUX_STEPS, On, State, Step
from socklab.views.columns import Line, Style, clean, lines_of
from socklab.views.diagram import Ink, Line as Stroke
from socklab.views.glyphs import ASCII, BOX, Glyphs

NAMED = 3
"""How many labs are named of each end; `verbose` names them all."""

HEADS: Mapping[Column, tuple[str, str]] = {
    Column.SYN: ("", "SYN"),
    Column.SYN_ACK: ("SYN", "+ACK"),
    Column.ACK: ("", "ACK"),
    Column.DATA: ("", "data"),
    Column.FIN: ("", "FIN"),
    Column.RST: ("", "RST"),
    Column.OLD: ("", "old"),
    Column.IN_WINDOW: ("in", "window"),
    Column.BEYOND: ("be-", "yond"),
    Column.CLOSE: ("close", "()"),
    Column.SHUTDOWN: ("shut-", "down()"),
    Column.TIMEOUT: ("time-", "out"),
}
"""The columns' names on two lines, so that all of them fit on a terminal."""

NOTHING = "."

BESIDE = 33
"""The column at which a step's trigger stands: behind the longest pair of states."""


def table(
    counted: Coverage,
    *,
    slow: bool = True,
    all_steps: bool = False,
    verbose: bool = False,
    width: int = 80,
    color: bool = False,
    ascii: bool = False,  # noqa: A002
) -> str:
    """Which arrows of figure 5 were seen, by which lab and on which end; and the events.

    Args:
        counted: what was witnessed.
        slow: whether labs that wait a minute were among those that ran.
        all_steps: whether to tell also the steps that the figure does not draw.
        verbose: whether to name every lab, and not the first few.
        width: in columns.
        color: whether to use colors (SGR sequences).
        ascii: whether to do with ASCII.
    """
    page = _Page(counted, slow, verbose, width, ASCII if ascii else BOX)
    lines = [*page.wrapped(summary(counted), Style.STRONG), Line(width)]
    for step in FIGURE_5:
        lines += page.step(step)
    if all_steps:
        for title, steps in (
            ("What the text of RFC 9293 adds to its figure:", IN_TEXT),
            ("What Linux adds:", LINUX_STEPS),
        ):
            lines += [Line(width), *page.wrapped(title, Style.STRONG), Line(width)]
            for step in steps:
                lines += page.step(step) if counted.seen(step) else ()
            lines += page.unseen([step for step in steps if not counted.seen(step)])
    lines += [Line(width), *_events(counted, width)]
    if counted.left_out:
        told = f"Not counted, since nobody sees segments on loopback: {', '.join(counted.left_out)}"
        lines += [Line(width), *page.wrapped(told)]
    return "\n".join(line.render(color=color) for line in lines) + "\n"


def summary(counted: Coverage) -> str:
    """What is true of the figure's arrows, in a sentence."""
    seen, labs, absent = _sums(counted)
    all_of_them = f"Of the {len(FIGURE_5)} arrows of RFC 9293's figure 5"
    return f"{all_of_them}, {seen} were seen on real ends, in {labs}; {absent}."


def heading(counted: Coverage) -> list[str]:
    """The same, as lines for the picture."""
    seen, labs, absent = _sums(counted)
    system = " and ".join(counted.systems) or "Linux"
    return [
        f"RFC 9293, figure 5, on {system}",
        f"{seen} of {len(FIGURE_5)} arrows seen on real ends, in {labs}",
        absent,
    ]


def _sums(counted: Coverage) -> tuple[int, str, str]:
    """How many arrows were seen, in how many labs, and about the one that Linux does not have."""
    seen = sum(bool(counted.seen(step)) for step in FIGURE_5 if step.on_linux)
    (absent,) = (step for step in FIGURE_5 if not step.on_linux)
    shown = "as a lab shows" if counted.seen(absent) else "which no lab has shown"
    return seen, _count(len(counted.labs)), f"1 is not there on Linux, {shown}"


@dataclass(frozen=True, slots=True)
class _Page:
    """What is told of steps, and how."""

    counted: Coverage
    slow: bool
    verbose: bool
    width: int
    glyphs: Glyphs

    def wrapped(self, text: str, style: Style = Style.PLAIN, *, indent: int = 0) -> Sequence[Line]:
        """A text in lines."""
        tidy = clean(text, ascii_only=self.glyphs is ASCII)
        return lines_of(tidy, self.width, style, indent=indent, hang=2 if indent else 0)

    def step(self, step: Step) -> Iterator[Line]:
        """A step, its trigger beside it where there is room, and beneath it who saw it."""
        sign, style = self._mark(step)
        arrow = f"{sign:<{len(self.glyphs.met)}} {step.state} → {step.next}"
        beside = len(str(step.on)) + BESIDE <= self.width
        for number, line in enumerate(self.wrapped(arrow)):
            if number == 0:
                line.put(0, sign, style)
                line.put(BESIDE, str(step.on) if beside else "")
            yield line
        if not beside:
            yield from self.wrapped(f"on {step.on}", indent=4)
        for told in by_whom(self.counted, step, slow=self.slow, named=self._named):
            yield from self.wrapped(told, Style.FAINT, indent=4)

    def unseen(self, steps: Sequence[Step]) -> Iterator[Line]:
        """Steps that nobody saw: of those that share all but the state, the states together."""
        for title, on_linux in (("Not seen:", True), ("Not there, which no lab has shown:", False)):
            together: dict[tuple[On, State], list[str]] = {}
            for step in steps:
                if step.on_linux is on_linux:
                    together.setdefault((step.on, step.next), []).append(str(step.state))
            if together:
                yield Line(self.width)
                yield from self.wrapped(title)
            for (on, now), states in together.items():
                told = f"{on}: {', '.join(states)} → {now}"
                yield from self.wrapped(told, Style.FAINT, indent=4)

    @property
    def _named(self) -> int:
        return len(self.counted.labs) if self.verbose else NAMED

    def _mark(self, step: Step) -> tuple[str, Style]:
        if self.counted.seen(step) and step.on_linux:
            return self.glyphs.met, Style.GOOD
        if step in self.counted.lost(slow=self.slow):
            return self.glyphs.not_met, Style.WORSE
        return self.glyphs.not_observed, Style.FAINT


def by_whom(counted: Coverage, step: Step, *, slow: bool, named: int) -> Iterator[str]:
    """Who saw a step, end by end; or why nobody did.

    Args:
        counted: what was witnessed.
        step: which.
        slow: whether labs that wait a minute were among those that ran.
        named: how many labs of each end are named.
    """
    seen = counted.seen(step)
    if not step.on_linux:
        yield f"not on Linux: {step.linux}"
    alike: dict[tuple[str, str], list[str]] = {}
    for each in seen:
        alike.setdefault((each.host, each.instead), []).append(each.lab)
    for (host, instead), labs in sorted(alike.items()):
        more = f" and {len(labs) - named} more" if len(labs) > named else ""
        after = f": {instead}" if instead else ""
        yield f"{host} in {', '.join(labs[:named])}{more}{after}"
    if not seen and step.on in TAKES_A_MINUTE and not slow:
        yield "takes a minute: --slow waits for it"
    elif not seen:
        yield f"not seen: it takes {wanted(step)}"


def _events(counted: Coverage, width: int) -> Iterator[Line]:
    """The table of events; where it is too wide, a line for each state."""
    told = "Events that found a socket in a state, in how many labs:"
    yield from lines_of(told, width, Style.STRONG)
    yield Line(width)
    cells = {(s, c): len(counted.cell(s, c)) for s in State for c in HEADS}
    begins, at = [], 13
    for column, (above, below) in HEADS.items():
        wide = max(len(above), len(below), *(len(str(cells[state, column])) for state in State))
        # What a segment is, where it lay, and what came from elsewhere: three groups.
        at += wide + (3 if column in (Column.OLD, Column.CLOSE) else 1)
        begins.append(at)
    if at > width:
        for state in State:
            found = [f"{column} {cells[state, column]}" for column in HEADS if cells[state, column]]
            yield from lines_of(f"{state}: {', '.join(found) or 'none'}", width, hang=4)
        return
    for number in range(2):
        line = Line(width)
        for end, head in zip(begins, HEADS.values(), strict=True):
            line.put(end - len(head[number]), head[number], Style.FAINT)
        yield line
    for state in State:
        line = Line(width)
        line.put(0, str(state))
        for end, column in zip(begins, HEADS, strict=True):
            text = str(cells[state, column] or NOTHING)
            line.put(end - len(text), text, Style.PLAIN if cells[state, column] else Style.FAINT)
        yield line


def inks(counted: Coverage, steps: Sequence[Step] = FIGURE_5, *, slow: bool) -> dict[Step, Ink]:
    """How steps are drawn: what was seen, what was not, and what is not there to be seen.

    Args:
        counted: what was witnessed.
        steps: those to draw.
        slow: whether labs that wait a minute were among those that ran.
    """
    drawn = {}
    for step in steps:
        seen = counted.seen(step)
        title = "; ".join(by_whom(counted, step, slow=slow, named=len(counted.labs)))
        if not step.on_linux:
            note = seen[0].instead.partition(",")[0] if seen else "no lab shows so"
            drawn[step] = Ink(Stroke.CROSSED, f"not there: {note}", title)
        elif seen:
            labs = list(dict.fromkeys(each.lab for each in seen))
            note = labs[0] if len(labs) == 1 else _count(len(labs))
            drawn[step] = Ink(Stroke.INKED, note, title)
        else:
            minute = step.on in TAKES_A_MINUTE and not slow
            drawn[step] = Ink(Stroke.FAINT, "takes 60 s" if minute else "not seen", title)
    return drawn


def _count(labs: int) -> str:
    return f"{labs} lab{'' if labs == 1 else 's'}"
