"""What a story may expect of sockets, how it compares with a look, and how both are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from socklab.errors import ExperimentError, LabError
from socklab.ss import Row
from socklab.tcp import CLOSED, LISTEN, TRANSIENT, State


class ExpectationNotMet(ExperimentError):
    """An expectation was not met.

    `str()` tells all: the `summary` in a line, the story so far, and as `advice` what `ss`
    saw, how to look oneself, and what to try.
    """

    def __init__(self, summary: str, story: Sequence[str], advice: Sequence[str]) -> None:
        super().__init__("\n".join((summary, *story, *advice)))
        self.summary = summary
        self.advice = tuple(advice)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A socket as a story wants it; what is None may be anything. Made by `row`."""

    state: State
    recv_q: int | None = None
    send_q: int | None = None
    timer: str | None = None
    left_s: tuple[float, float] | None = None
    orphan: bool | None = None
    accepted: bool | None = None

    def fits(self, row: Row) -> bool:
        """Whether a row of `ss` is such a socket."""
        return not any(self.misses(row))

    def misses(self, row: Row) -> tuple[bool, int]:
        """How far a row is from it: whether its state is another one, and how many details are."""
        name = row.timer.name if row.timer else ""
        left_s = row.timer.left_s if row.timer else 0.0
        details = (
            self.recv_q in (None, row.recv_q),
            self.send_q in (None, row.send_q),
            self.timer in (None, name),
            self.left_s is None or self.left_s[0] <= left_s <= self.left_s[1],
            self.orphan in (None, not row.inode),
            self.accepted in (None, bool(row.inode)),
        )
        return row.state is not self.state, details.count(False)

    def __str__(self) -> str:
        told = [str(self.state)]
        if self.recv_q is not None:
            told.append(f"Recv-Q {self.recv_q}")
        if self.send_q is not None:
            told.append(f"Send-Q {self.send_q}")
        if self.timer is not None:
            told.append(f"timer {self.timer}" if self.timer else "no timer")
        if self.left_s is not None:
            least, most = self.left_s
            span = f"{least:g} to {most:g}" if least != most else f"{least:g}"
            told.append(f"{span} s left")
        if self.orphan is not None:
            told.append("orphan" if self.orphan else "held by a descriptor")
        if self.accepted is not None:
            told.append("accepted" if self.accepted else "waiting for accept()")
        return " ".join(told)

    def like(self, row: Row) -> Wanted:
        """A row in the terms of this one: what is asked for here, and nothing else."""
        timer = row.timer.name if row.timer else ""
        left_s = row.timer.left_s if row.timer else 0.0
        return Wanted(
            row.state,
            None if self.recv_q is None else row.recv_q,
            None if self.send_q is None else row.send_q,
            None if self.timer is None and self.left_s is None else timer,
            None if self.left_s is None else (left_s, left_s),
            None if self.orphan is None else not row.inode,
            None if self.accepted is None else bool(row.inode),
        )


def row(
    state: State,
    *,
    recv_q: int | None = None,
    send_q: int | None = None,
    timer: str | None = None,
    left_s: tuple[float, float] | None = None,
    orphan: bool | None = None,
    accepted: bool | None = None,
) -> Wanted:
    """One socket as `ss` must show it.

    Args:
        state: its state.
        recv_q: its Recv-Q in bytes; an unread FIN counts as one.
        send_q: its Send-Q in bytes; our SYN or FIN that is not acknowledged counts as one.
        timer: the timer that runs, as `ss -o` names it ("on", "keepalive", "timewait",
            "persist"); "" for none.
        left_s: the least and the most seconds left on that timer.
        orphan: whether no descriptor holds it any more (`ss -e` shows no inode).
        accepted: whether accept() has given it a descriptor; the same column of `ss`, before.

    Source: ss(8)
    """
    if state is CLOSED:
        raise LabError("a CLOSED socket has no row: expect CLOSED itself")
    return Wanted(state, recv_q, send_q, timer, left_s, orphan, accepted)


Expected = State | Wanted | Sequence[State | Wanted]
"""A socket, or several in any order; CLOSED for none."""


def wanted(expected: Expected) -> tuple[Wanted, ...]:
    """What a story wrote, as the sockets it wants.

    Raises:
        LabError: it wrote something else, such as a state's name in quotes.
    """
    several = (expected,) if isinstance(expected, State | Wanted) else expected
    for each in several:
        if not isinstance(each, State | Wanted):
            raise LabError(
                f"{expected!r} is nothing to expect of a host: give a state such as ESTABLISHED, "
                "row(…), or a list of them"
            )
    return tuple(
        each if isinstance(each, Wanted) else Wanted(each) for each in several if each is not CLOSED
    )


def concerned(rows: Iterable[Row], expected: Sequence[Wanted]) -> list[Row]:
    """The rows that an expectation speaks of.

    A listener stays what it is while its connections come and go: it counts only where the
    expectation names LISTEN. A socket that is bound and not used never counts.
    """
    listeners_too = any(each.state is LISTEN for each in expected)
    return [
        row
        for row in rows
        if row.state is not CLOSED and (listeners_too or row.state is not LISTEN)
    ]


def met(rows: Sequence[Row], expected: Sequence[Wanted]) -> bool:
    """Whether each row can be given one expected socket that it fits, and none is left over."""
    return len(rows) == len(expected) == len(_paired(rows, expected))


def _paired(rows: Sequence[Row], expected: Sequence[Wanted]) -> dict[int, int]:
    """As many rows as possible, each with an expected socket of its own that it fits."""
    given: dict[int, int] = {}

    def place(number: int, tried: set[int]) -> bool:
        # Augmenting paths: a row may have to make room for one that fits nowhere else.
        for candidate, each in enumerate(expected):
            if candidate not in tried and each.fits(rows[number]):
                tried.add(candidate)
                if candidate not in given or place(given[candidate], tried):
                    given[candidate] = number
                    return True
        return False

    for number in range(len(rows)):
        place(number, set())
    return {number: candidate for candidate, number in given.items()}


def _nearest(rows: Sequence[Row], expected: Sequence[Wanted]) -> list[Wanted]:
    """For each row the expected socket that it was most likely to be."""
    pairs = _paired(rows, expected)
    distances = sorted(
        (each.misses(row), candidate, number)
        for number, row in enumerate(rows)
        for candidate, each in enumerate(expected)
    )
    for _, candidate, number in distances:
        if number not in pairs and candidate not in pairs.values():
            pairs[number] = candidate
    for (another_state, _), candidate, number in distances:
        # One too many is told in the terms of another one of its state.
        if number not in pairs and not another_state:
            pairs[number] = candidate
    return [
        expected[pairs[number]] if number in pairs else Wanted(row.state)
        for number, row in enumerate(rows)
    ]


def transient(expected: Sequence[Wanted]) -> bool:
    """Whether this can stand still only on a held wire."""
    return any(each.state in TRANSIENT for each in expected)


def tell(expected: Sequence[Wanted]) -> str:
    """Expected sockets in words: `FIN-WAIT-2`, `10 × CLOSE-WAIT`, CLOSED for none."""
    return _counted([str(each) for each in expected])


def tell_rows(rows: Sequence[Row], expected: Sequence[Wanted]) -> str:
    """Observed sockets, each in the terms of the expected one that it is nearest to."""
    near = _nearest(rows, expected)
    return _counted([str(each.like(row)) for row, each in zip(rows, near, strict=True)])


def _counted(texts: Sequence[str]) -> str:
    if not texts:
        return str(CLOSED)
    counts: dict[str, int] = {}
    for text in sorted(texts):
        counts[text] = counts.get(text, 0) + 1
    return " + ".join(text if n == 1 else f"{n} × {text}" for text, n in counts.items())


def not_met(
    *,
    where: str,
    expected: Mapping[str, str],
    observed: Mapping[str, str],
    wrong: Sequence[str],
    story: Sequence[str],
    rows: Mapping[str, Sequence[str]],
    command: str,
    hints: Sequence[str],
) -> ExpectationNotMet:
    """The error for an expectation that was not met, with all that helps to see why."""
    told_expected = ", ".join(f"{name} {expected[name]}" for name in wrong)
    told_observed = ", ".join(f"{name} {observed[name]}" for name in wrong)
    advice = [f"What `{command}` showed:"]
    for name, texts in rows.items():
        advice += [f"  {name}: {text}" for text in texts or ("no socket",)]
    advice += [f"Hint: {hint}." for hint in hints]
    summary = f"{where}: expected {told_expected}; observed {told_observed}"
    return ExpectationNotMet(summary, story, advice)
