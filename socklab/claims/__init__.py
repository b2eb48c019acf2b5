"""What textbooks and blogs say of opening and closing connections, and what a kernel shows.

A claim names the expectations of labs that speak for it, and those that speak against it. Its
verdict is computed from what runs of those labs came to, on the kernel that they ran on: where
only the one kind was met it is true, where only the other false, where both partly true.

The claims are claims.toml, beside this module, as their authors phrase them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

from socklab.errors import LabError
from socklab.record import Expect, Move, Record


class Verdict(Enum):
    """What became of a claim."""

    TRUE = "true"
    FALSE = "false"
    PARTLY = "partly"
    UNDECIDED = "undecided"
    """Nothing that would decide it was met."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Evidence:
    """An expectation that a lab must meet for it to count.

    Args:
        lab: its name.
        shows: what the expectation says, item by item, as a run prints them: a host and its
            sockets ("client FIN-WAIT-1"), a call and its outcome, the wire, a claim and its value.
        after: the move that came last before it, or the last moves with "; " between them; in each
            * stands for anything.
        slow: whether the lab shows it only if it may wait for what takes real seconds.
    """

    lab: str
    shows: tuple[str, ...]
    after: str = ""
    slow: bool = False

    def __str__(self) -> str:
        return f"{self.lab}: {', '.join(self.shows)}"

    def met(self, record: Record) -> bool:
        """Whether a run of its lab met it."""
        return self.step(record) is not None

    def step(self, record: Record) -> int | None:
        """After how many moves a run of its lab met it; None if it never did."""
        moves: list[str] = []
        for event in record.of(Move, Expect):
            if isinstance(event, Move):
                moves.append(event.text)
            elif event.passed and self._comes_after(moves):
                said = {f"{name} {value}" for name, value in event.expected.items()}
                if said.issuperset(self.shows):
                    return len(moves)
        return None

    def _comes_after(self, moves: Sequence[str]) -> bool:
        patterns = self.after.split("; ") if self.after else []
        last = moves[len(moves) - len(patterns) :]
        return len(last) == len(patterns) and all(map(fnmatchcase, last, patterns))


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim.

    Args:
        number: of those in claims.toml, from 1.
        says: the claim, as its authors phrase it.
        answer: one sentence on what is so.
        speaks_for: what would make it true.
        speaks_against: what would make it false.
    """

    number: int
    says: str
    answer: str
    speaks_for: tuple[Evidence, ...]
    speaks_against: tuple[Evidence, ...]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """All that decides it."""
        return self.speaks_for + self.speaks_against


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim, and which of its evidence was met. `kernels` are those on which it was put."""

    claim: Claim
    met: frozenset[Evidence]
    kernels: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """What the evidence that was met makes of it."""
        return {
            (True, True): Verdict.PARTLY,
            (True, False): Verdict.TRUE,
            (False, True): Verdict.FALSE,
            (False, False): Verdict.UNDECIDED,
        }[
            any(each in self.met for each in self.claim.speaks_for),
            any(each in self.met for each in self.claim.speaks_against),
        ]

    @property
    def missing(self) -> list[Evidence]:
        """The evidence that was not met: on another kernel, perhaps, or its lab did not run."""
        return [each for each in self.claim.evidence if each not in self.met]


def judge(claims: Iterable[Claim], records: Iterable[Record]) -> list[Judged]:
    """Put claims to what runs of labs came to."""
    by_lab: dict[str, list[Record]] = {}
    for record in records:
        by_lab.setdefault(record.lab, []).append(record)

    def judged(claim: Claim) -> Judged:
        of_its_labs = [record for lab in _labs(claim.evidence) for record in by_lab.get(lab, ())]
        met = (
            each
            for each in claim.evidence
            if any(each.met(record) for record in by_lab.get(each.lab, ()))
        )
        kernels = {record.machine.get("kernel", "?"): None for record in of_its_labs}
        return Judged(claim, frozenset(met), tuple(kernels))

    return [judged(claim) for claim in claims]


def labs_of(claims: Iterable[Claim], *, slow: bool = True) -> list[str]:
    """The labs that decide claims, each once.

    Args:
        claims: which.
        slow: whether those are in that show it only after real seconds.
    """
    return _labs(each for claim in claims for each in claim.evidence if slow or not each.slow)


def _labs(evidence: Iterable[Evidence]) -> list[str]:
    return list(dict.fromkeys(each.lab for each in evidence))


@cache
def said() -> tuple[Claim, ...]:
    """The claims of claims.toml."""
    text = files(__name__).joinpath("claims.toml").read_text(encoding="utf-8")
    return read(tomllib.loads(text))


def read(document: Mapping[str, Any]) -> tuple[Claim, ...]:
    """The claims of a document such as claims.toml.

    Raises:
        LabError: something in it is missing, or is not known.
    """
    try:
        return tuple(
            Claim(
                number,
                claim["says"],
                claim["answer"],
                _read_evidence(claim.get("for", ())),
                _read_evidence(claim.get("against", ())),
            )
            for number, claim in enumerate(document["claim"], start=1)
        )
    except (KeyError, TypeError) as problem:
        raise LabError(f"the claims do not read: {problem}") from problem


def _read_evidence(told: Sequence[Mapping[str, Any]]) -> tuple[Evidence, ...]:
    return tuple(Evidence(**{**each, "shows": tuple(each["shows"])}) for each in told)
