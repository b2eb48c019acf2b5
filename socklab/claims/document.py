"""Judged claims as JSON: what `socklab claims --json` prints, and observed.json beside this module.

The document tells which evidence was met and the verdict. Read again, only the evidence counts:
the verdict is computed anew, for the claims as they are phrased now.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from socklab.claims import Claim, Evidence, Judged, said
from socklab.errors import LabError

SCHEMA: Final = "socklab.claims/1"


def to_json(judged: Iterable[Judged]) -> dict[str, Any]:
    """Judged claims as a document."""
    return {
        "schema": SCHEMA,
        "claims": [
            {
                "number": each.claim.number,
                "says": each.claim.says,
                "verdict": each.verdict.value,
                "answer": each.claim.answer,
                "kernels": list(each.kernels),
                "evidence": [
                    *_told("for", each.claim.speaks_for, each.met),
                    *_told("against", each.claim.speaks_against, each.met),
                ],
            }
            for each in judged
        ],
    }


def _told(
    speaks: str, evidence: Iterable[Evidence], met: frozenset[Evidence]
) -> list[dict[str, Any]]:
    return [
        {
            "speaks": speaks,
            "lab": each.lab,
            "after": each.after,
            "shows": list(each.shows),
            "met": each in met,
        }
        for each in evidence
    ]


def from_json(document: Any, claims: Sequence[Claim]) -> list[Judged]:
    """Claims as a document saw them judged; what it does not know of was not met.

    Raises:
        LabError: it is no such document.
    """
    says = document.get("schema") if isinstance(document, Mapping) else None
    if says != SCHEMA:
        raise LabError(f"these are not claims of schema {SCHEMA}: it says {says!r}")
    try:
        met = {
            (each["lab"], each["after"], tuple(each["shows"]))
            for claim in document["claims"]
            for each in claim["evidence"]
            if each["met"]
        }
        kernels = {claim["says"]: tuple(claim["kernels"]) for claim in document["claims"]}
    except (KeyError, TypeError, AttributeError) as problem:
        raise LabError(f"the claims do not read: {problem!r}") from problem
    return [
        Judged(
            claim,
            frozenset(e for e in claim.evidence if (e.lab, e.after, e.shows) in met),
            kernels.get(claim.says, ()),
        )
        for claim in claims
    ]


def observed() -> list[Judged]:
    """The claims as they were judged when this version of socklab was made."""
    text = files("socklab.claims").joinpath("observed.json").read_text(encoding="utf-8")
    return from_json(json.loads(text), said())
