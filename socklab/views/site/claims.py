"""The claims, judged by the runs of a site, each with the steps that decide it.

A claim may hang on labs that did not run here: on a slow one, or where no wire can be held. For
these alone it counts what they met elsewhere, and the page says which those are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from socklab.claims import Evidence, Judged, Verdict
from socklab.views.player.text import escaped
from socklab.views.site.frame import counted, framed
from socklab.views.site.labs import Lab, Labs

SIGNS = {
    Verdict.TRUE: "✓",
    Verdict.FALSE: "✗",
    Verdict.PARTLY: "±",
    Verdict.UNDECIDED: "?",
}


@dataclass(frozen=True, slots=True)
class Weighed:
    """A piece of evidence: where it was met here, or whether it was met elsewhere instead."""

    evidence: Evidence
    lab: Lab | None = None
    step: int = 0
    put: bool = True
    """Whether its lab was put to this machine in such a way that it could be met."""
    elsewhere: bool = False

    @property
    def met(self) -> bool:
        """Whether it counts."""
        return self.lab is not None or (not self.put and self.elsewhere)


def page(labs: Labs, observed: Sequence[Judged], *, slow: bool, made: str) -> str:
    """The page of claims.

    Args:
        labs: those of the site.
        observed: the claims as they were judged elsewhere.
        slow: whether stories waited here for what takes real seconds.
        made: what stands below.
    """
    weighed = [(each, _weigh(each, labs, slow)) for each in observed]
    return framed("claims.html", "Claims", _body(weighed), made=made)


def _weigh(judged: Judged, labs: Labs, slow: bool) -> list[Weighed]:
    return [
        _weigh_one(evidence, labs, slow, elsewhere=evidence in judged.met)
        for evidence in judged.claim.evidence
    ]


def _weigh_one(evidence: Evidence, labs: Labs, slow: bool, *, elsewhere: bool) -> Weighed:
    put = False
    for lab in labs:
        if lab.record is None or lab.entry.name != evidence.lab:
            continue
        step = evidence.step(lab.record)
        if step is not None:
            return Weighed(evidence, lab, step)
        # On loopback nobody sees segments, and a story that did not wait has not seen the end.
        put = put or (lab.record.bench == "wire" and (slow or not evidence.slow))
    return Weighed(evidence, put=put, elsewhere=elsewhere)


def _body(weighed: Sequence[tuple[Judged, Sequence[Weighed]]]) -> Iterator[str]:
    verdicts = [_verdict(judged, evidence) for judged, evidence in weighed]
    counts = Counter(verdicts)
    told = ", ".join(f"{counts[each]} {each}" for each in Verdict if counts[each])
    yield f'<p class="lead">{counted(len(weighed), "claim")}: {told or "none"}.</p>'
    yield (
        "<p>What is said of opening and closing connections, as it is said. Each verdict is what "
        "the evidence below it comes to, and each piece of it is a step of a lab.</p>"
    )
    yield from _elsewhere(weighed)
    for (judged, evidence), verdict in zip(weighed, verdicts, strict=True):
        yield from _claim(judged, evidence, verdict)


def _verdict(judged: Judged, evidence: Sequence[Weighed]) -> Verdict:
    met = frozenset(each.evidence for each in evidence if each.met)
    return replace(judged, met=met).verdict


def _elsewhere(weighed: Sequence[tuple[Judged, Sequence[Weighed]]]) -> Iterator[str]:
    """How much of it was not shown here, and where it was."""
    borrowed = [
        (judged, evidence)
        for judged, evidence in weighed
        if any(each.met and each.lab is None for each in evidence)
    ]
    if borrowed:
        told = (
            f"For {counted(len(borrowed), 'claim')} some evidence is not from here: its lab did "
            "not run, or not for long enough. It is what "
            f"{_kernels(judged for judged, _ in borrowed)} met, and has a ○."
        )
        yield f"<p>{escaped(told)}</p>"


def _kernels(judged: Iterator[Judged]) -> str:
    # As people speak of a kernel: 6.18, and not how its distributor calls it.
    known = dict.fromkeys(
        ".".join(kernel.split("-")[0].split(".")[:2]) for each in judged for kernel in each.kernels
    )
    return f"Linux {' and '.join(known)}" if known else "another kernel"


def _claim(judged: Judged, evidence: Sequence[Weighed], verdict: Verdict) -> Iterator[str]:
    claim = judged.claim
    yield (
        f'<article class="claim" id="claim-{claim.number}"><h2><a href="#claim-{claim.number}">'
        f"{claim.number}</a> {escaped(claim.says)}</h2>"
        f'<p class="judged {verdict}"><span aria-hidden="true">{SIGNS[verdict]}</span> '
        f'{verdict}</p><p class="answer">{escaped(claim.answer)}</p><ul class="evidence">'
    )
    for each in evidence:
        speaks = "for it" if each.evidence in claim.speaks_for else "against it"
        yield from _evidence(each, speaks, judged)
    yield "</ul></article>"


def _evidence(weighed: Weighed, speaks: str, judged: Judged) -> Iterator[str]:
    evidence = weighed.evidence
    shows = escaped(", ".join(evidence.shows))
    after = f", after <code>{escaped(evidence.after)}</code>" if evidence.after else ""
    if weighed.lab is not None:
        kind, glyph = "shown", "✓"
        where = (
            f'<a href="{weighed.lab.step(weighed.step)}">{escaped(evidence.lab)}'
            f'<span class="soft"> step {weighed.step}</span></a>'
        )
        not_here = ""
    else:
        kind, glyph = ("elsewhere", "○") if weighed.met else ("missing", "–")
        where = escaped(evidence.lab)
        not_here = f' <span class="soft">({escaped(_why(weighed, judged))})</span>'
    yield (
        f'<li class="{kind}"><span class="sign" aria-hidden="true">{glyph}</span> '
        f"<b>{speaks}:</b> {where}, {shows}{after}{not_here}</li>"
    )


def _why(weighed: Weighed, judged: Judged) -> str:
    if weighed.put:
        return "not met here"
    if weighed.elsewhere:
        return f"not run here; met on {_kernels(iter((judged,)))}"
    return "not run here"
