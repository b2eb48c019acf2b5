"""What became of a lab on one line: the verdict, its name, how long it took, and why."""

from __future__ import annotations

from socklab.outcome import Outcome, Verdict
from socklab.views.columns import Line, Style, clean, width_of
from socklab.views.ending import verdict_of

STYLES = {
    Verdict.PASSED: Style.GOOD,
    Verdict.FAILED: Style.WORSE,
    Verdict.NOT_RUN: Style.ODD,
    Verdict.INTERRUPTED: Style.ODD,
}

PLAYED = "played"
"""What is said of a run of which nothing was expected, for its moves had no story."""

VERDICTS = max(len(verdict.value) for verdict in Verdict) + 2
TIMES = len("100.00 s") + 2


def brief(
    outcome: Outcome,
    *,
    names: int = 0,
    control: bool = False,
    width: int | None = None,
    color: bool = False,
    ascii: bool = False,  # noqa: A002
) -> str:
    """One line, without its line feed.

    Args:
        outcome: what became of the lab.
        names: the columns for its name; of several lines the longest one's.
        control: whether it was the lab's control.
        width: where to cut the line off, in columns; None for all of it.
        color: whether to colour the verdict with SGR sequences.
        ascii: whether to do with ASCII.
    """
    played = outcome.exit_code == 0 and outcome.record is not None and outcome.record.replay
    verdict = PLAYED if played else outcome.verdict.value
    name = clean(outcome.lab, ascii_only=ascii)
    time = f"{outcome.took_s:.2f} s"
    why = clean(_why(outcome, control=control), ascii_only=ascii)
    start = VERDICTS + max(names, width_of(name)) + TIMES + 2
    whole = Line(start + width_of(why))
    whole.put(0, verdict, Style.STRONG if played else STYLES[outcome.verdict])
    whole.put(VERDICTS, name)
    whole.put(start - 2 - len(time), time, Style.FAINT)
    whole.put(start, why)
    return whole.cut(width, "..." if ascii else "…").render(color=color)


def _why(outcome: Outcome, *, control: bool) -> str:
    if outcome.why or outcome.record is None:
        return outcome.why
    if control:
        return "Without its cause the lab fails, as it should."
    return verdict_of(outcome.record)
