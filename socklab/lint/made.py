"""Rules on what a lab's file makes when it is imported: the lab, and above all its control."""

from __future__ import annotations

import traceback
from collections.abc import Collection, Iterator

from socklab.errors import LabError
from socklab.lab import Lab, host_of, load
from socklab.lint.finding import Finding
from socklab.lint.source import Source

LACKS = frozenset({"header", "story", "role"})
"""Rules on what a lab must have to be loaded: where one has spoken, loading says the same."""


def findings(source: Source, told: Collection[str]) -> Iterator[Finding]:
    """What is wrong with the lab in a file, which is imported for it.

    Args:
        source: the lab.
        told: the rules that have found something already.
    """
    try:
        lab = load(source.path)
    except LabError as problem:
        # Without `async`, an `await` in it is no Python either.
        again = problem.__cause__ is None or isinstance(problem.__cause__, SyntaxError)
        if not again or LACKS.isdisjoint(told):
            sentence = str(problem).removeprefix(f"{source.path} ")
            yield source.finding(_line_of(problem, source), "load", sentence)
        return
    yield from _control(lab, source)


def _line_of(problem: LabError, source: Source) -> int:
    """The line of the file on which its import failed; the first if none did."""
    frames = traceback.extract_tb(problem.__cause__.__traceback__) if problem.__cause__ else []
    lines = [frame.lineno for frame in frames if frame.filename == str(source.path)]
    return next((line for line in reversed(lines) if line), 1)


def _control(lab: Lab, source: Source) -> Iterator[Finding]:
    control, line = lab.control, source.line_of("control") or len(source.lines)
    if control is None:
        told = "there is none, so nobody knows that the lab can fail: write `control = Control(…)`"
        yield source.finding(line, "control", told)
        return
    if not control.why.strip():
        yield source.finding(line, "control", "it does not say what is different: fill in `why`")
    if len(control.fails.split()) < 2:
        told = f"any failure may say {control.fails!r}: quote in `fails` what only this one says"
        yield source.finding(line, "control", told)
    if not (control.roles or control.loses or control.weather is not None or control.without):
        told = "it takes nothing away: give it roles=, loses=, weather= or without="
        yield source.finding(line, "control", told)
    for role in control.roles:
        if host_of(role) not in lab.hosts:
            told = f"its role {role!r} has the name of no host; the hosts are "
            yield source.finding(line, "control", told + ", ".join(lab.hosts))
