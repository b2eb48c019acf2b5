"""The grid as tables: hostile segments against a socket in every state, and what came of each."""

from __future__ import annotations

import re
from collections.abc import Iterator

from socklab.grid import Grid
from socklab.hostile import Outcome
from socklab.segment_arrives import demanded
from socklab.tcp import CLOSED
from socklab.views.grid_runs import HEADS, Block, Run, blocks
from socklab.views.grid_words import HOW_TO_READ, asked, meanings, reasons
from socklab.views.player.text import escaped
from socklab.views.site.frame import framed


def page(grid: Grid | str, *, made: str) -> str:
    """The page of hostile segments.

    Args:
        grid: what was measured; or why it was not, as a sentence.
        made: what stands below.
    """
    body = _reason(grid) if isinstance(grid, str) else _body(grid)
    return framed("grid.html", "Hostile segments", body, made=made)


def _reason(why: str) -> Iterator[str]:
    yield f'<p class="lead">{escaped(why)}</p>'
    yield "<p><code>socklab grid</code> tries them, where a wire can be held.</p>"


def _body(grid: Grid) -> Iterator[str]:
    over = "IPv6" if grid.ipv6 else "IPv4"
    yield (
        f'<p class="lead">{len(grid.outcomes)} hostile segments, on Linux '
        f"{escaped(grid.kernel)} over {over}: what came back, and in which state the socket then "
        "was.</p>"
    )
    yield "<p>Every kind of segment, at six places of its sequence number, in every state.</p>"
    yield "<h2>How to read it</h2>"
    told = "".join(
        f"<div><dt>{escaped(word)}</dt><dd>{escaped(text)}</dd></div>"
        for word, text in meanings(grid)
    )
    yield f'<dl class="words">{told}</dl><p>{escaped(HOW_TO_READ)}</p>'
    every = blocks(grid, by_exact_outcome=True)
    links = "".join(f'<a href="#{_id(block)}">{escaped(_name(block))}</a>' for block in every)
    yield f'<h2>States</h2><nav class="within" aria-label="States">{links}</nav>'
    for block in every:
        yield from _block(block)
    yield "<h2>What RFC 9293 asks</h2><ul>"
    yield from (f"<li>{escaped(sentence)}</li>" for sentence in asked(grid))
    yield "</ul>"
    found = reasons(grid)
    cells = f"{sum(number for _, number in found)} of {len(grid.outcomes)} cells"
    yield f'<h2 id="linux">Linux differs from that in {cells}</h2>'
    rows = "".join(
        f"<div><dt>{number}</dt><dd>{escaped(str(reason))}</dd></div>" for reason, number in found
    )
    yield f'<dl class="words">{rows}</dl>'


def _block(block: Block) -> Iterator[str]:
    title = escaped(block.title)
    yield (
        f'<div class="wide" role="region" aria-label="{title}" tabindex="0">'
        f'<table class="grid" id="{_id(block)}"><caption>{title}</caption>'
        '<thead><tr><th scope="col">Segment</th>'
    )
    yield from (f'<th scope="col">{head}</th>' for head in HEADS.values())
    yield "</tr></thead><tbody>"
    for row in block.rows:
        label = escaped(" ".join(text.strip() for text in row.label))
        yield f'<tr><th scope="row">{label}</th>'
        for run in row.runs:
            yield _cell(run)
        yield "</tr>"
    yield "</tbody></table></div>"


def _cell(run: Run) -> str:
    kinds = ["differs"] * run.differs + ["gone"] * (run.becomes == str(CLOSED))
    kind = f' class="{" ".join(kinds)}"' if kinds else ""
    span = f' colspan="{len(run.cells)}"' if len(run.cells) > 1 else ""
    then = f"<b>{run.becomes}</b>" if run.becomes else ""
    return f'<td{kind}{span} title="{escaped(_exact(run))}">{escaped(run.words)}{then}</td>'


def _exact(run: Run) -> str:
    """What came back in the RFC's own notation, and what it demands if that is something else."""
    told = _told(run.outcome)
    if not run.differs:
        return told
    demand = demanded(run.cells[0])
    return f"{told}. {demand.source}: {' or '.join(map(_told, demand.allowed))}"


def _told(outcome: Outcome) -> str:
    return f"{' '.join(map(str, outcome.replies)) or 'no reply'}, then {outcome.becomes}"


def _name(block: Block) -> str:
    """What a matrix is of, without how it came to be."""
    return block.title.partition(" (")[0]


def _id(block: Block) -> str:
    return re.sub(r"\W+", "-", _name(block).lower())
