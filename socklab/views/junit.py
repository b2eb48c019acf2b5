"""Outcomes as JUnit XML, which CI systems (Jenkins, GitLab, GitHub's actions) show as a table.

The format has no owner. This keeps to what Jenkins' xUnit plugin checks: its junit-10.xsd.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from socklab.outcome import Outcome, Verdict
from socklab.record import Trouble
from socklab.views.columns import clean

ELEMENTS = {
    Verdict.FAILED: "failure",
    Verdict.NOT_RUN: "error",
    Verdict.INTERRUPTED: "skipped",
}
"""What tells of a lab that has not passed: JUnit knows an assertion that failed, and trouble of
other kinds."""


def junit(outcomes: Sequence[Outcome], *, took_s: float, began: str) -> str:
    """One test suite, with a test case for each lab.

    Args:
        outcomes: what became of each lab.
        took_s: how long they took, side by side, in seconds.
        began: when, as ISO 8601 writes it, to the second.
    """
    counts = [outcome.verdict for outcome in outcomes]
    totals = {
        "tests": str(len(outcomes)),
        "failures": str(counts.count(Verdict.FAILED)),
        "errors": str(counts.count(Verdict.NOT_RUN)),
        "time": f"{took_s:.3f}",
    }
    suites = ET.Element("testsuites", {"name": "socklab", **totals})
    skipped = str(counts.count(Verdict.INTERRUPTED))
    more = {"skipped": skipped, "timestamp": began}
    suite = ET.SubElement(suites, "testsuite", {"name": "socklab", **totals, **more})
    for outcome in outcomes:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=_text(outcome.folder),
            name=_text(outcome.lab),
            time=f"{outcome.took_s:.3f}",
        )
        _tell(case, outcome)
    ET.indent(suites)
    text = ET.tostring(suites, encoding="unicode", short_empty_elements=True)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _tell(case: ET.Element, outcome: Outcome) -> None:
    element = ELEMENTS.get(outcome.verdict)
    if element is not None:
        told = ET.SubElement(case, element, message=_text(outcome.why), type=outcome.verdict.value)
        told.text = "\n".join(map(_text, _lines(outcome)))
    if outcome.printed:
        printed = ET.SubElement(case, "system-out")
        printed.text = "\n".join(map(_text, outcome.printed.splitlines()))


def _lines(outcome: Outcome) -> list[str]:
    """The run so far, what helps to see why it ended so, and the command that shows it."""
    lines = []
    if outcome.record is not None:
        lines += outcome.record.story()
        for trouble in outcome.record.of(Trouble):
            lines += trouble.advice
    return [*lines, outcome.again]


def _text(text: str) -> str:
    """As XML may have it: control characters, for one, have no place in it, escaped or not.

    Source: https://www.w3.org/TR/xml/#charsets
    """
    return clean(text)
