"""What the labs of a site have witnessed: the figure inked, its arrows, and the events by state.

Each arrow and each event leads to the steps in which it is to be seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from socklab.coverage import FIGURE_5, IN_TEXT, TAKES_A_MINUTE, Column, wanted
from socklab.tcp import LINUX_STEPS, State, Step
from socklab.views.coverage import inks, summary
from socklab.views.diagram import FIGURE, Ink, drawn
from socklab.views.player.text import escaped
from socklab.views.site.frame import counted, framed
from socklab.views.site.witnesses import Place, Witnesses

NAMED = 3
"""How many steps are named at once of each arrow; the others are folded away."""

WIDTH, HEIGHT = 1000, 1070
"""The part of the figure's paper on which it is drawn: the page has a heading and a legend."""

TOP = 60

GROUPS: Sequence[tuple[str, Sequence[Step]]] = (
    ("The arrows of figure 5", FIGURE_5),
    ("What the text of RFC 9293 adds", IN_TEXT),
    ("What Linux adds", LINUX_STEPS),
)


def page(seen: Witnesses, *, slow: bool, made: str) -> str:
    """The page of coverage.

    Args:
        seen: what was witnessed, and where.
        slow: whether labs waited for what takes a minute.
        made: what stands below.
    """
    body = _body(seen, slow)
    return framed("coverage.html", "Coverage", body, made=made, scripts=("unfold.js",))


def _body(seen: Witnesses, slow: bool) -> Iterator[str]:
    yield f'<p class="lead">{escaped(summary(seen.counted))}</p>'
    yield (
        "<p>Every arrow leads to the step of a lab that takes it, and every number below to the "
        "steps in which that event found a socket in that state.</p>"
    )
    yield from _not_counted(seen)
    yield from _figure(seen, slow)
    for title, steps in GROUPS:
        yield from _arrows(title, steps, seen, slow)
    yield from _events(seen)


def _not_counted(seen: Witnesses) -> Iterator[str]:
    for names, why in (
        (seen.counted.left_out, "nobody sees segments on loopback"),
        (seen.unread, "their rows of ss do not read"),
    ):
        if names:
            yield f"<p>Not counted, since {why}: {escaped(', '.join(names))}.</p>"


# --- Arrows -----------------------------------------------------------------------------------


def _figure(seen: Witnesses, slow: bool) -> Iterator[str]:
    leading = {}
    for step, ink in inks(seen.counted, slow=slow).items():
        leading[step.state, step.next] = _leading(ink, seen.of(step))
    yield (
        '<figure class="figure"><div class="wide" role="region" aria-label="Figure" tabindex="0">'
        f'<svg class="states" viewBox="20 {TOP} {WIDTH - 40} {HEIGHT}" '
        'role="group" aria-label="The states of a TCP connection, RFC 9293 figure 5">'
    )
    yield from drawn(FIGURE, leading, {})
    yield (
        '</svg></div><figcaption class="legend"><span class="inked">seen on a real end</span> '
        '<span class="faint">not seen</span> <span class="crossed">not there on Linux</span>'
        "</figcaption></figure>"
    )


def _leading(ink: Ink, places: Sequence[Place]) -> Ink:
    """An arrow that leads to where it is to be seen first."""
    if not places:
        return ink
    first = places[0]
    return replace(ink, link=first.address, title=f"{first.lab.entry.name}, step {first.step}")


def _arrows(title: str, steps: Sequence[Step], seen: Witnesses, slow: bool) -> Iterator[str]:
    yield f'<h2>{title}</h2><ul class="arrows">'
    unseen = []
    for step in steps:
        places = seen.of(step)
        if not places and step not in FIGURE_5:
            unseen.append(step)
            continue
        kind, glyph, word = _mark(step, seen, slow)
        yield (
            f'<li class="{kind}"><p><span class="sign" aria-hidden="true">{glyph}</span> '
            f'<span class="unseen">{word}:</span> <b>{step.state} → {step.next}</b> '
            f'<span class="on">{escaped(str(step.on))}</span></p>'
        )
        if not step.on_linux:
            yield f"<p>Not on Linux: {escaped(step.linux)}.</p>"
        if not places:
            minute = step.on in TAKES_A_MINUTE and not slow
            told = "takes a minute: --slow waits for it" if minute else f"it takes {wanted(step)}"
            yield f"<p>{escaped(told)}</p>"
        yield from _by_host(places)
        yield "</li>"
    yield "</ul>"
    if unseen:
        told = "; ".join(f"{step.state} → {step.next} on {step.on}" for step in unseen)
        count = counted(len(unseen), "more step")
        yield f"<details><summary>{count} not seen</summary><p>{escaped(told)}</p></details>"


def _mark(step: Step, seen: Witnesses, slow: bool) -> tuple[str, str, str]:
    """The class, the glyph and the word for what is known of a step."""
    if not step.on_linux:
        return "absent", "–", "not there"
    if seen.of(step):
        return "seen", "✓", "seen"
    lost = step in seen.counted.lost(slow=slow)
    return ("lost", "✗", "not seen") if lost else ("absent", "–", "not seen")


def _by_host(places: Sequence[Place]) -> Iterator[str]:
    """Where a step is to be seen, host by host; of many, the first few."""
    alike: dict[tuple[str, str], list[Place]] = {}
    for place in places:
        alike.setdefault((place.host, place.instead), []).append(place)
    for (host, instead), own in sorted(alike.items()):
        after = f": {escaped(instead)}" if instead else ""
        yield f"<p>{escaped(host)} in {_links(own[:NAMED])}{after}</p>"
        if more := own[NAMED:]:
            told = f"and {counted(len(more), 'more lab')}"
            yield f"<details><summary>{told}</summary><p>{_links(more)}</p></details>"


def _links(places: Iterable[Place]) -> str:
    return ", ".join(
        f'<a href="{place.address}">{escaped(place.lab.entry.name)}'
        f'<span class="soft"> step {place.step}</span></a>'
        for place in places
    )


# --- Events -----------------------------------------------------------------------------------


def _events(seen: Witnesses) -> Iterator[str]:
    yield "<h2>Events</h2><p>Which events found a socket in which state, and in how many labs.</p>"
    yield '<div class="wide" role="region" aria-label="Events" tabindex="0"><table class="events">'
    heads = "".join(f'<th scope="col">{escaped(str(column))}</th>' for column in Column)
    yield f'<thead><tr><th scope="col">State</th>{heads}</tr></thead><tbody>'
    for state in State:
        yield f'<tr><th scope="row">{state}</th>'
        for column in Column:
            count = len(seen.cell(state, column))
            told = f'<a href="#{_id(state, column)}">{count}</a>' if count else "·"
            yield f"<td>{told}</td>"
        yield "</tr>"
    yield "</tbody></table></div>"
    for state in State:
        found = [(column, seen.cell(state, column)) for column in Column]
        if any(places for _, places in found):
            yield f"<details><summary>In which steps: {state}</summary>"
            yield '<dl class="cells">'
            for column, places in found:
                if places:
                    yield f'<div id="{_id(state, column)}"><dt>{escaped(str(column))}</dt>'
                    yield f"<dd>{_links(places)}</dd></div>"
            yield "</dl></details>"


def _id(state: State, column: Column) -> str:
    return re.sub(r"\W+", "-", f"{state} {column}".lower()).strip("-")
