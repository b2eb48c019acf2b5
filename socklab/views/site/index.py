"""The index: every lab with its question, what became of it, and the states that were seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from urllib.parse import urlencode

from socklab.outcome import Verdict
from socklab.tcp import State
from socklab.views.ending import system
from socklab.views.player.text import escaped
from socklab.views.site.frame import counted, framed
from socklab.views.site.labs import Lab, Labs, states_of

SIGNS = {
    Verdict.PASSED: ("passed", "✓"),
    Verdict.FAILED: ("failed", "✗"),
    Verdict.NOT_RUN: ("unrun", "–"),
    Verdict.INTERRUPTED: ("failed", "■"),
}
"""The class and the glyph of what became of a lab."""

VERDICTS = ("passed", "passed in part", "failed", "could not run", "interrupted")
"""What may become of one, in the order in which it is told."""


def page(labs: Labs, *, left_out: int, made: str) -> str:
    """The index of a site.

    Args:
        labs: those of the site.
        left_out: how many slow ones were not asked for.
        made: what stands below.
    """
    return framed("index.html", "Labs", _body(labs, left_out), made=made, scripts=("filter.js",))


def _body(labs: Labs, left_out: int) -> Iterator[str]:
    yield f'<p class="lead">{escaped(_sums(labs, left_out))}</p>'
    yield (
        "<p>Each page plays a run on real sockets, step by step: what two programs called, which "
        "segments went, and which states <code>ss</code> showed at both ends.</p>"
    )
    yield from _form(labs)
    # A heading for each folder, in the order in which its labs are read.
    for folder, own in groupby(labs, key=lambda lab: lab.entry.outcome.folder):
        yield f'<section class="folder"><h2>{escaped(folder)}</h2><ul class="labs">'
        for lab in own:
            yield from _item(lab)
        yield "</ul></section>"


def _sums(labs: Labs, left_out: int) -> str:
    """How many labs there are, on what they ran, and what became of them."""
    if not labs:
        return "No lab was run."
    counts = Counter(lab.entry.verdict for lab in labs)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
    systems = dict.fromkeys(system(lab.record) for lab in labs if lab.record is not None)
    where = f" on {' and '.join(systems)}" if systems else ""
    are = "is" if left_out == 1 else "are"
    without = f" {counted(left_out, 'slow lab')} {are} left out." if left_out else ""
    return f"{counted(len(labs), 'lab')}{where}: {told}.{without}"


def _form(labs: Labs) -> Iterator[str]:
    """The search and the filters; without a script there are none, and all labs are shown."""
    tags = Counter(tag.lower() for lab in labs for tag in _tags(lab))
    spelled = {tag.lower(): tag for lab in labs for tag in reversed(_tags(lab))}
    states = [str(state) for state in State if any(str(state) in _states(lab) for lab in labs)]
    levels = sorted({lab.entry.level for lab in labs if lab.entry.level})
    verdicts = [each for each in VERDICTS if any(lab.entry.verdict == each for lab in labs)]
    yield (
        '<form id="filter" role="search" aria-label="Labs" autocomplete="off">'
        '<label class="words">Search <input type="search" name="q" '
        'placeholder="a word of a title, a question, a name"></label>'
    )
    how_many = ((tag, f"{spelled[tag]} ({tags[tag]})") for tag in sorted(tags))
    yield from _select("tag", "Tag", how_many)
    yield from _select("state", "State seen", ((state, state) for state in states))
    yield from _select("level", "Level", ((level, level) for level in levels))
    if len(verdicts) > 1:
        yield from _select("verdict", "Result", ((verdict, verdict) for verdict in verdicts))
    yield (
        '<p class="found"><span id="found" role="status"></span> '
        '<button type="reset">Show all</button></p></form>'
        '<p id="none" hidden>No lab has all of that.</p>'
    )


def _select(name: str, called: str, options: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f'<label>{called} <select name="{name}"><option value="">any</option>'
    for value, text in options:
        yield f'<option value="{escaped(value)}">{escaped(text)}</option>'
    yield "</select></label>"


def _item(lab: Lab) -> Iterator[str]:
    entry, record = lab.entry, lab.record
    kind, glyph = SIGNS[entry.outcome.verdict]
    yield (
        f'<li class="lab {kind}" data-tags="{escaped(",".join(_tags(lab)).lower())}" '
        f'data-states="{escaped(",".join(_states(lab)))}" '
        f'data-level="{escaped(entry.level)}" '
        f'data-verdict="{escaped(entry.verdict)}">'
    )
    title = escaped(entry.title)
    told = f'<a href="{lab.address}">{title}</a>' if lab.file else title
    word = "unseen" if entry.verdict == "passed" else "word"
    yield (
        f'<h3><span class="sign" aria-hidden="true">{glyph}</span> {told} '
        f'<span class="{word}">{escaped(entry.verdict)}</span></h3>'
    )
    if entry.outcome.why:
        yield f'<p class="why">{escaped(" ".join(entry.outcome.why.split()))}</p>'
    if entry.question:
        yield f'<p class="question">{escaped(entry.question)}</p>'
    if record is not None:
        yield '<dl class="ways">'
        for number, (host, states) in enumerate(states_of(record).items()):
            way = " · ".join(f"<span>{escaped(state)}</span>" for state in states)
            way = way or "nothing to be seen"
            yield f'<div class="h{number % 4}"><dt>{escaped(host)}</dt><dd>{way}</dd></div>'
        yield "</dl>"
    yield f'<p class="about"><code>{escaped(entry.name)}</code>'
    if entry.level:
        yield f"<span>level {escaped(entry.level)}</span>"
    for tag in entry.tags:
        yield f'<a href="#{escaped(urlencode({"tag": tag.lower()}))}">{escaped(tag)}</a>'
    yield "</p></li>"


def _tags(lab: Lab) -> list[str]:
    """What a lab can be found by: its tags, and its folder."""
    folder = lab.entry.outcome.folder
    return [*lab.entry.tags, *([folder] if folder and folder not in lab.entry.tags else ())]


def _states(lab: Lab) -> list[str]:
    """The states in which any of its sockets was seen."""
    if lab.record is None:
        return []
    of_hosts = states_of(lab.record).values()
    return list(dict.fromkeys(state for states in of_hosts for state in states))
