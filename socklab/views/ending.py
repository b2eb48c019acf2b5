"""What stands above and below a ladder: the question, the expectations, and what was proved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from socklab.record import Expect, Record, Trouble
from socklab.views.columns import Line, Style, lines_of, width_of
from socklab.views.glyphs import Glyphs

Clean = Callable[[str], str]


def opening(record: Record, width: int, clean: Clean) -> Iterator[Line]:
    """The lab's title and its question."""
    title = record.title or record.lab
    if title:
        yield from lines_of(clean(title), width, Style.STRONG)
    if record.question:
        yield from lines_of(
            clean(f"Question: {record.question}"), width, hang=10 if width >= 60 else 2
        )
    if title or record.question:
        yield Line(width)


def mark(expect: Expect, glyphs: Glyphs) -> tuple[str, Style]:
    """Whether it was met, as one glyph and its style."""
    if expect.passed is None:
        return glyphs.not_observed, Style.FAINT
    return (glyphs.met, Style.GOOD) if expect.passed else (glyphs.not_met, Style.WORSE)


def closing(record: Record, width: int, glyphs: Glyphs, clean: Clean) -> Iterator[Line]:
    """Every expectation with its mark, then a sentence that says what the run proved."""
    expects: list[Expect] = list(record.of(Expect))
    digits = len(str(len(expects)))
    # Where it stands in the lab, if there is room for it beside every one.
    begin = max((width_of(clean(claim(e))) for e in expects), default=0) + digits + 5
    places = [clean(expect.where) for expect in expects]
    room = begin + max(map(width_of, places), default=0) <= width
    for number, expect in enumerate(expects, start=1):
        sign, style = mark(expect, glyphs)
        lead = f"{sign}{number:<{digits}} "
        indent = width_of(lead)
        for line in lines_of(clean(claim(expect)), width, indent=indent, hang=2):
            line.put(0, lead, style)
            if lead and room:
                line.put(begin, places[number - 1], Style.FAINT)
            lead = ""
            yield line
    if expects:
        yield Line(width)
    style, lead = _lead(record)
    for line in lines_of(clean(verdict_of(record)), width):
        line.put(0, lead, style)
        lead = ""
        yield line
    for trouble in record.of(Trouble):
        for advice in trouble.advice:
            yield from lines_of(clean(advice), width, indent=2, hang=2)


def _lead(record: Record) -> tuple[Style, str]:
    """The words with which the verdict begins that are worth a colour, and that colour."""
    if record.passed:
        return Style.GOOD, "Proved"
    if record.replay:
        failed = any(record.of(Trouble))
        return (Style.WORSE if failed else Style.STRONG), _played(record)
    return Style.WORSE, "Not proved"


def claim(expect: Expect) -> str:
    """An expectation as one reads it, with what was observed instead if it was not met."""
    told = _told(expect.expected)
    if expect.passed is None:
        return f"{told}: {expect.note or 'not observable here'}"
    if expect.passed:
        return told
    wrong = {
        name: text for name, text in expect.observed.items() if expect.expected.get(name) != text
    }
    return f"{told}; observed {_told(wrong or expect.observed)}"


def _told(values: Mapping[str, str]) -> str:
    """A host and its sockets, a call and its outcome, a claim in words and its value."""
    between = {
        name: " = " if name.endswith("()") else ": " if " " in name else " " for name in values
    }
    return ", ".join(f"{name}{between[name]}{value}" for name, value in values.items())


def verdict_of(record: Record) -> str:
    """One sentence: what was proved and where, or why not."""
    if record.passed:
        unseen = sum(expect.passed is None for expect in record.of(Expect))
        but = f", but for {unseen} of its expectations, not observable here" if unseen else ""
        see = (record.see or "all that was expected").rstrip(".")
        part = " in part" if unseen else ""  # what `see` says may be among what was not seen
        return f"Proved{part} on {system(record)}{but}: {see}."
    if record.replay and any(record.of(Trouble)):
        return f"{_played(record)} on {system(record)}, and it failed: {_why_not(record)}"
    if record.replay:
        what = "a replay" if _is_again(record) else "moves without a story"
        return f"{_played(record)} on {system(record)}; of {what} nothing is expected."
    return f"Not proved: {_why_not(record)}"


def _is_again(record: Record) -> bool:
    """Whether the moves are those of a run that a story told; else somebody chose them."""
    return record.title.startswith("Again: ")


def _played(record: Record) -> str:
    return "Played again" if _is_again(record) else "Played"


def _why_not(record: Record) -> str:
    # The story's own trouble often only repeats a role's.
    troubles = [trouble.text for trouble in record.of(Trouble)]
    if told := [text for text in troubles[:-1] if text not in troubles[-1]] + troubles[-1:]:
        return "; ".join(told)
    expects = list(record.of(Expect))
    if refused := [expect for expect in expects if expect.passed is False]:
        return f"expected {claim(refused[0])}."
    if not expects:
        return "nothing was expected of it."
    if all(expect.passed is None for expect in expects):
        return f"nothing of it is observable on this bench ({record.link or record.bench})."
    return "the run ended before its story did."


def system(record: Record) -> str:
    """What it ran on: `Linux 6.18 (tun)`."""
    release = ".".join(record.machine.get("kernel", "").split(".")[:2])
    name = f"{record.machine.get('system', 'Linux')} {release}".strip()
    return f"{name} ({record.link or record.bench})"
