"""The page around the ladder: its head, its panes, and what plays them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from socklab.record import Expect, Record, Trouble
from socklab.tcp import CLOSED, State
from socklab.views.diagram import Arrow, Ink, Line, Plan, drawn
from socklab.views.ending import claim, system, verdict_of
from socklab.views.player.code import code
from socklab.views.player.ends import Connection, End, Turn
from socklab.views.player.ladder import heads, ladder, mark
from socklab.views.player.steps import Step
from socklab.views.player.text import escaped
from socklab.views.pocket import BOX, HEAD, HEIGHT, POCKET, WIDTH, jump

COMMAND = "ss -HnOatoei"
"""With what a reader sees the same rows on a host."""

LONG, CHUNK = 300, 50
"""A ladder of more steps than this is several lists of so many, and the browser lays out only
those that are to be seen."""

FIELDS: Mapping[str, str] = {"See": "Answer", "Linux": "On Linux", "Next": "Next lab"}
"""Fields of a lab's header that are told by another name."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another page: where it leads, what it says, and what more there is to say."""

    address: str
    text: str
    title: str = ""


def top(record: Record, links: Sequence[Link] = ()) -> Iterator[str]:
    """What the lab is about, what became of the run, and links to the pages around it."""
    title = record.title or record.lab or "A run"
    yield f'<div class="titles"><h1>{escaped(title)}</h1>'
    if record.question:
        yield f'<p class="question"><b>Question:</b> {escaped(record.question)}</p>'
    kind, glyph, word = _verdict(record)
    yield (
        f'</div><p class="verdict {kind}"><b><span aria-hidden="true">{glyph}</span> {word}</b> '
        f"<span>on {escaped(system(record))}</span></p>"
    )
    if links:
        told = "".join(
            f'<a href="{escaped(link.address)}" title="{escaped(link.title)}">'
            f"{escaped(link.text)}</a>"
            for link in links
        )
        yield f'<nav class="around" aria-label="Labs">{told}</nav>'


def went_wrong(record: Record) -> Iterator[str]:
    """Why a run did not prove anything, and what helps; nothing of one that did."""
    if record.passed:
        return
    yield '<section class="wrong" aria-label="What went wrong">'
    yield f"<p>{escaped(verdict_of(record))}</p>"
    if advice := [line for trouble in record.of(Trouble) for line in trouble.advice]:
        yield "<details open><summary>What helps to see why</summary><ul>"
        yield from (f"<li>{escaped(line)}</li>" for line in advice)
        yield "</ul></details>"
    yield "</section>"


def _verdict(record: Record) -> tuple[str, str, str]:
    """The class, the glyph and the word for what became of a run."""
    if record.passed:
        partly = any(expect.passed is None for expect in record.of(Expect))
        return "proved", "✓", "Proved in part" if partly else "Proved"
    if any(t.text.startswith("the run was interrupted") for t in record.of(Trouble)):
        return "interrupted", "■", "Interrupted"
    return "refuted", "✗", "Not proved"


def ladder_pane(record: Record, steps: Sequence[Step]) -> Iterator[str]:
    """The ladder, with the names of the hosts above it and the verdict below."""
    yield f'<div class="heads">{heads(record)}</div>'
    items = list(ladder(record, steps))
    if len(items) <= LONG:
        yield f'<ol class="steps">{"".join(items)}</ol>'
    else:
        for begin in range(0, len(items), CHUNK):
            some = items[begin : begin + CHUNK]
            yield f'<ol class="steps chunk">{"".join(some)}</ol>'
    if record.passed:
        yield f'<p class="proof spoiler">{escaped(verdict_of(record))}</p>'


# --- The figures ------------------------------------------------------------------------------


def figures(connections: Sequence[Connection], hosts: Sequence[str]) -> Iterator[str]:
    """RFC 9293's figure for each end of the first connection, as the run left it."""
    jumps = _jumps(turn for each in connections for end in each.ends for turn in end.turns)
    most = max(len(connection.ends) for connection in connections)
    for number in range(most):
        own = connections[0].ends
        end = own[number] if number < len(own) else End("", "")
        hue = hosts.index(end.host) % 4 if end.host in hosts else 0
        yield from _figure(f"end-{number}", end, hue, jumps)


def _figure(name: str, end: End, hue: int, jumps: Sequence[Arrow]) -> Iterator[str]:
    yield (
        f'<figure class="end h{hue}" id="{name}"><figcaption>'
        f'<p><b class="who">{escaped(end.host)}</b> '
        f'<span class="address">{escaped(end.local)}</span></p>'
        f'<p><span class="state" id="{name}-state">{escaped(end.state())}</span> '
        f'<span class="cause"></span></p><p class="queues"></p></figcaption>'
        f'<svg class="pocket" viewBox="-4 -4 {WIDTH + 8} {HEIGHT + 8}" role="img" '
        f'aria-labelledby="{name}-state {name}-path">'
        f'<title id="{name}-path">{escaped(" → ".join(_path(end)))}</title>'
    )
    taken = {arrow for turn in end.turns if (arrow := _arrow(turn)) is not None}
    yield '<g class="jumps">'
    # Before the boxes, which hide where they begin.
    plan = Plan((WIDTH, HEIGHT), BOX, (), {a: jump(a) for a in jumps}, dict.fromkeys(Line, HEAD))
    yield from drawn(plan, {a: Ink(Line.INKED) for a in taken & set(jumps)}, {})
    yield "</g>"
    inks = {arrow: Ink(Line.INKED) for arrow in taken & POCKET.arrows.keys()}
    yield from drawn(POCKET, inks, {})
    yield "</svg></figure>"


def _arrow(turn: Turn) -> Arrow | None:
    """A turn between two states; None if one of them is none."""
    try:
        return State(turn.was), State(turn.now)
    except ValueError:
        return None


def _jumps(turns: Iterator[Turn]) -> list[Arrow]:
    """The ways that were taken and that the figure leaves out."""
    taken = dict.fromkeys(_arrow(turn) for turn in turns)
    return [a for a in taken if a is not None and a not in POCKET.arrows and a[0] is not a[1]]


def _path(end: End) -> list[str]:
    return [end.turns[0].was, *(turn.now for turn in end.turns)] if end.turns else [str(CLOSED)]


def choice(connections: Sequence[Connection]) -> str:
    """Which connection the figures are of, where there are several."""
    if len(connections) < 2:
        return ""
    options = "".join(
        f'<option value="{number}">{escaped(connection.name)}</option>'
        for number, connection in enumerate(connections)
    )
    return (
        '<label>Connection <select id="which"><option value="">the one at hand</option>'
        f"{options}</select></label>"
    )


# --- The lab's text and source ----------------------------------------------------------------


def lab_pane(record: Record, steps: Sequence[Step], labs: Mapping[str, str]) -> Iterator[str]:
    """All that the lab's header says, the expectations, and what the run stood on."""
    header = {"Question": record.question, "See": record.see, **record.header}
    yield '<dl class="about">'
    for name, text in header.items():
        if text:
            spoils = ' class="spoiler"' if name in ("See", "Linux") else ""
            told, says = escaped(FIELDS.get(name, name)), escaped(text)
            if name == "Next" and text in labs:
                says = f'<a href="{escaped(labs[text])}">{says}</a>'
            yield f"<div{spoils}><dt>{told}</dt><dd>{says}</dd></div>"
    if record.lab:
        yield f"<div><dt>Run it</dt><dd><code>socklab run {escaped(record.lab)}</code></dd></div>"
    yield "</dl>"
    if any(step.expects for step in steps):
        yield '<h3>Expectations</h3><ol class="expects spoiler">'
        for step in steps:
            for number, expect in step.expects:
                yield from _expectation(step, number, expect)
        yield "</ol>"
    yield "<details><summary>What it ran on</summary><dl>"
    standing = {
        "bench": record.bench,
        "link": record.link,
        **record.hosts,
        **record.machine,
        "took": f"{record.duration_s:.3f} s",
        **record.weather,
    }
    for name, text in standing.items():
        yield f"<div><dt>{escaped(name)}</dt><dd><code>{escaped(text)}</code></dd></div>"
    yield "</dl></details>"


def _expectation(step: Step, number: int, expect: Expect) -> Iterator[str]:
    kind, glyph = mark(expect.passed)
    yield (
        f'<li id="expect-{number}" class="{kind}"><span class="mark {kind}">{glyph}{number}</span> '
        f"{escaped(claim(expect))} "
        f'<a href="#step-{step.number}">step {step.number}</a> '
        f'<span class="where">{escaped(expect.where)}</span></li>'
    )


def source_pane(record: Record) -> Iterator[str]:
    """The lab's file."""
    if not record.source:
        yield "<p>The Record has no source.</p>"
        return
    yield f'<p class="file">{escaped(record.file)}</p><pre class="code" tabindex="0"><code>'
    yield from code(record.source)
    yield "</code></pre>"
