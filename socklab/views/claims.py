"""Judged claims as text for a terminal: what is said, the verdict, and the evidence."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence

from socklab.claims import Evidence, Judged, Verdict
from socklab.views.glyphs import ASCII, BOX

INDENT = "    "


def text(judged: Sequence[Judged], *, width: int, ascii_only: bool = False) -> str:
    """All of them, one under the other, and a line of totals.

    Args:
        judged: the claims, each with the evidence that was met.
        width: of the terminal, in columns.
        ascii_only: whether it can't print more than ASCII.
    """
    blocks = ["\n".join(_block(each, width, ascii_only)) for each in judged]
    return "\n\n".join([*blocks, *textwrap.wrap(_totals(judged), width)])


def _block(judged: Judged, width: int, ascii_only: bool) -> list[str]:
    glyphs = ASCII if ascii_only else BOX
    claim = judged.claim
    verdict = str(judged.verdict)
    number = f"{claim.number:>2}  "
    said = textwrap.wrap(
        claim.says,
        max(20, width - len(number) - max(len(str(each)) for each in Verdict) - 2),
        break_on_hyphens=False,  # TIME-WAIT is one word
    )
    first, *more = said
    room = width - len(number) - len(verdict)
    lines = [f"{number}{first:<{room}}{verdict}", *(INDENT + line for line in more)]
    lines += _wrapped(claim.answer, width, INDENT, INDENT)
    for speaks, evidence in (("for", claim.speaks_for), ("against", claim.speaks_against)):
        for each in evidence:
            mark = glyphs.met if each in judged.met else glyphs.not_observed
            start = f"{INDENT}{mark} {speaks:<7}  "
            lines += _wrapped(_told(each), width, start, " " * len(start))
    return lines


def _told(evidence: Evidence) -> str:
    after = f" (after `{evidence.after}`)" if evidence.after else ""
    return f"{evidence}{after}"


def _totals(judged: Sequence[Judged]) -> str:
    counts = Counter(each.verdict for each in judged)
    told = ", ".join(f"{counts[each]} {each}" for each in Verdict if counts[each])
    # As people speak of a kernel: 6.18, and not how its distributor calls it.
    kernels = dict.fromkeys(
        ".".join(kernel.split("-")[0].split(".")[:2]) for each in judged for kernel in each.kernels
    )
    where = f" Observed on Linux {', '.join(kernels)}." if kernels else ""
    return f"{len(judged)} claim{'s'[: len(judged) != 1]}: {told}.{where}"


def _wrapped(told: str, width: int, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        told,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
    )
