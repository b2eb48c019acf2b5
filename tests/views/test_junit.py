"""JUnit's XML: what CI systems read of it, and that nothing in a lab can break it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, strategies as st

from socklab.outcome import Outcome
from socklab.views.junit import junit
from tests.records import kept, kept_names, records, texts

BEGAN = "2026-01-02T03:04:05"

COUNTS = {"tests", "failures", "errors", "time"}
ALLOWED = {
    "testsuites": ({"name", *COUNTS}, {"testsuite"}),
    "testsuite": ({"name", *COUNTS, "skipped", "timestamp"}, {"testcase"}),
    "testcase": ({"classname", "name", "time"}, {"failure", "error", "skipped", "system-out"}),
    "failure": ({"message", "type"}, set()),
    "error": ({"message", "type"}, set()),
    "skipped": ({"message", "type"}, set()),
    "system-out": (set(), set()),
}
"""The attributes and children of each element, all within what Jenkins checks.

Source: junit-10.xsd of jenkinsci/xunit-plugin
"""


def read(outcomes: list[Outcome]) -> ET.Element:
    """The report, as a program reads it that minds the format."""
    root = ET.fromstring(junit(outcomes, took_s=1.5, began=BEGAN))
    assert root.tag == "testsuites"
    for element in root.iter():
        attributes, children = ALLOWED[element.tag]
        assert set(element.keys()) <= attributes
        assert {child.tag for child in element} <= children
    return root


def case_of(outcome: Outcome) -> ET.Element:
    case = read([outcome]).find("testsuite/testcase")
    assert case is not None
    return case


def test_a_suite_counts_and_names_its_labs() -> None:
    codes = {"half-close": 0, "late-fin": 1, "handshake": 2, "syn-lost": 3, "other": 130}
    root = read([Outcome(name, "close", code, took_s=0.25) for name, code in codes.items()])
    suite = root.find("testsuite")
    assert suite is not None
    assert suite.attrib == {
        "name": "socklab",
        "tests": "5",
        "failures": "1",
        "errors": "2",
        "skipped": "1",
        "time": "1.500",
        "timestamp": BEGAN,
    }
    assert [case.attrib for case in suite] == [
        {"classname": "close", "name": name, "time": "0.250"} for name in codes
    ]


def test_a_passed_lab_has_nothing_to_say() -> None:
    assert list(case_of(Outcome("half-close", "close", 0))) == []


@pytest.mark.parametrize(
    ("code", "element", "kind"),
    [
        (1, "failure", "failed"),
        (2, "error", "could not run"),
        (3, "error", "could not run"),
        (70, "error", "could not run"),
        (143, "skipped", "interrupted"),
    ],
)
def test_what_went_wrong_has_an_element_of_its_kind(code: int, element: str, kind: str) -> None:
    (told,) = case_of(Outcome("half-close", "close", code, "so it was"))
    assert (told.tag, told.attrib) == (element, {"message": "so it was", "type": kind})


def test_a_failure_has_the_story_its_advice_and_the_command_that_shows_it() -> None:
    record = kept("refused")
    again = "socklab run half-close"
    (told,) = case_of(Outcome("half-close", "close", 1, "why", record, again=again))
    assert told.text is not None
    lines = told.text.splitlines()
    assert lines[: len(record.story())] == record.story()
    assert any("ss -H -n -O -a" in line for line in lines)
    assert lines[-1] == again


def test_what_a_lab_printed_is_there_also_if_it_passed() -> None:
    (printed,) = case_of(Outcome("half-close", "close", 0, printed="one\ntwo\n"))
    assert (printed.tag, printed.text) == ("system-out", "one\ntwo")


def test_markup_and_control_characters_are_text() -> None:
    nasty = "</failure><x a='\"'>&amp;]]>\x00\x1b[31m\ud800\ufffe"
    (told,) = case_of(Outcome("half-close", "close", 1, nasty))
    assert told.get("message") == "</failure><x a='\"'>&amp;]]>\\x00\\x1b[31m\\ud800\\ufffe"


@given(
    st.lists(
        st.builds(
            Outcome,
            lab=texts,
            folder=texts,
            exit_code=st.sampled_from([0, 1, 2, 3, 70, 130]),
            why=texts,
            record=st.one_of(st.none(), records()),
            took_s=st.floats(0, 100_000),
            printed=texts,
            again=texts,
        ),
        max_size=3,
    )
)
def test_it_is_xml_whatever_is_in_it(outcomes: list[Outcome]) -> None:
    junit(outcomes, took_s=1, began=BEGAN).encode()
    cases = read(outcomes).findall("testsuite/testcase")
    assert len(cases) == len(outcomes)


@pytest.mark.parametrize("name", kept_names())
def test_a_real_run_can_be_told(name: str) -> None:
    record = kept(name)
    (told,) = case_of(Outcome(record.lab, "close", 1, "why", record))
    assert told.text is not None
    assert told.text.count("\n") >= len(record.story())
