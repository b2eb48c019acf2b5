"""The figure as a picture: every arrow is there, can be read, and tells its line without color."""

from __future__ import annotations

import itertools
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from socklab.coverage import FIGURE_5
from socklab.tcp import CLOSED, ESTABLISHED, FIN_WAIT_1, LISTEN, SYN_SENT, State
from socklab.views.diagram import ARROWS, BOX, BOXES, HEIGHT, WIDTH, Ink, Line, diagram
from tests.records import NASTY

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "figure-5.svg"

SVG = "{http://www.w3.org/2000/svg}"

LONGEST_NOTE = "close-in-syn-received"
"""About the longest name that a lab has."""


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)


def arrows(svg: str) -> dict[str, ET.Element]:
    groups = parsed(svg).iter(f"{SVG}g")
    return {group.attrib["data-arrow"]: group for group in groups if "data-arrow" in group.attrib}


def words(element: ET.Element) -> list[str]:
    return [text.text or "" for text in element.iter(f"{SVG}text")]


def ours() -> str:
    """The picture in the book: what `.ci/run` sees to, that no arrow is lost."""
    inks = {
        (step.state, step.next): Ink(Line.INKED if step.on_linux else Line.CROSSED)
        for step in FIGURE_5
    }
    return diagram(inks, heading=["RFC 9293, figure 5, on Linux"])


# --- What is there ----------------------------------------------------------------------------


def test_it_has_the_arrows_of_the_table_and_no_other() -> None:
    assert set(ARROWS) == {(step.state, step.next) for step in FIGURE_5}
    assert len(arrows(diagram({}))) == 21
    assert {state for state, _ in BOXES} == set(State)


def test_an_arrow_has_the_name_of_its_trigger() -> None:
    for step in FIGURE_5:
        name = ARROWS[step.state, step.next].name
        assert name == str(step.on) or str(step.on).startswith(f"{name} or ")


def test_an_arrow_tells_its_note_and_its_tooltip() -> None:
    drawn = diagram({(LISTEN, SYN_SENT): Ink(Line.CROSSED, "not there", "send() fails with EPIPE")})
    arrow = arrows(drawn)["LISTEN SYN-SENT"]
    assert words(arrow) == ["send()", "not there"]
    (title,) = arrow.iter(f"{SVG}title")
    assert title.text == "LISTEN → SYN-SENT: send(). send() fails with EPIPE"


def test_an_arrow_may_lead_somewhere() -> None:
    address = 'a"b.html?x=1&y#step-7'
    drawn = parsed(diagram({(CLOSED, LISTEN): Ink(Line.INKED, link=address)}))
    (link,) = drawn.iter(f"{SVG}a")
    assert link.attrib == {"href": address}
    assert [each.attrib["data-arrow"] for each in link] == ["CLOSED LISTEN"]


def test_what_is_not_named_is_faint() -> None:
    drawn = arrows(diagram({(CLOSED, LISTEN): Ink(Line.INKED)}))
    assert drawn["CLOSED LISTEN"].attrib["class"] == "arrow inked"
    assert drawn["LISTEN CLOSED"].attrib["class"] == "arrow faint"


def test_the_three_lines_differ_without_color() -> None:
    style = parsed(diagram({})).find(f"{SVG}style")
    assert style is not None
    lines = {}
    for line in Line:
        found = re.search(rf"\.states \.{line.value} \.line \{{([^}}]+)\}}", style.text or "")
        assert found is not None
        lines[line] = dict(p.strip().split(": ") for p in found[1].split(";") if p.strip())
    drawn = {(rule["stroke-width"], rule.get("stroke-dasharray")) for rule in lines.values()}
    assert len(drawn) == 3
    crossed = arrows(diagram({(LISTEN, SYN_SENT): Ink(Line.CROSSED)}))["LISTEN SYN-SENT"]
    assert [p for p in crossed.iter(f"{SVG}path") if p.attrib["class"] == "cross"]


def test_the_states_of_a_moment_are_lit_and_named() -> None:
    drawn = parsed(diagram({}, {"client": FIN_WAIT_1, "server": ESTABLISHED}))
    boxes = [g for g in drawn.iter(f"{SVG}g") if "data-state" in g.attrib]
    lit = {g.attrib["data-state"]: words(g) for g in boxes if g.attrib["class"] == "box here"}
    assert lit == {
        "FIN-WAIT-1": ["FIN-WAIT-1", "client"],
        "ESTABLISHED": ["ESTABLISHED", "server"],
    }
    both = diagram({}, {"client": ESTABLISHED, "server": ESTABLISHED})
    assert "client and server" in words(parsed(both))


def test_an_arrow_that_the_figure_does_not_have_is_refused() -> None:
    with pytest.raises(KeyError, match="no arrow from CLOSED to ESTABLISHED"):
        diagram({(CLOSED, ESTABLISHED): Ink(Line.INKED)})


@pytest.mark.parametrize("nasty", [*NASTY, "<b>&amp;\"'</b>", "]]>", "--"])
def test_a_name_is_only_text(nasty: str) -> None:
    drawn = diagram({(CLOSED, LISTEN): Ink(Line.INKED, nasty, nasty)}, heading=[nasty])
    assert len(arrows(drawn)) == 21
    assert "<b>" not in drawn


def test_it_needs_nothing_from_elsewhere() -> None:
    drawn = ours()
    assert not re.search(r"url\(|href|@import|@font-face", drawn)
    assert re.findall(r"https?://[^\"]+", drawn) == ["http://www.w3.org/2000/svg"]
    paper = parsed(drawn).find(f"{SVG}rect")
    assert paper is not None
    assert paper.attrib["class"] == "paper"


# --- Where it is ------------------------------------------------------------------------------

Area = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def on_the_edge(point: tuple[float, float], state: State) -> bool:
    """Whether a point lies on the edge of a box of this state."""
    for boxed, (x, y) in BOXES:
        dx, dy = abs(point[0] - x), abs(point[1] - y)
        wide, high = BOX[0] / 2, BOX[1] / 2
        if boxed is state and dx <= wide and dy <= high and (dx == wide or dy == high):
            return True
    return False


@pytest.mark.parametrize("arrow", ARROWS, ids=lambda arrow: f"{arrow[0]} {arrow[1]}")
def test_an_arrow_goes_from_its_state_to_the_next(arrow: tuple[State, State]) -> None:
    points = ARROWS[arrow].points
    assert on_the_edge(points[0], arrow[0])
    assert on_the_edge(points[-1], arrow[1])


def labels() -> Iterator[tuple[str, Area]]:
    """The room that the words of each arrow take, with the longest note."""
    for (was, now), place in ARROWS.items():
        x, y = place.label
        # A letter is some 0.6 of its size wide; the name is set in 18, the note in 14.
        wide = max(0.6 * 18 * len(place.name), 0.55 * 14 * len(LONGEST_NOTE))
        left = {"start": x, "middle": x - wide / 2, "end": x - wide}[place.anchor]
        yield f"{was} {now}", (left, y - 15, left + wide, y + 22)


def boxes() -> Iterator[tuple[str, Area]]:
    for state, (x, y) in BOXES:
        yield str(state), (x - BOX[0] / 2, y - BOX[1] / 2, x + BOX[0] / 2, y + BOX[1] / 2)


def overlap(one: Area, other: Area) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def test_no_words_lie_on_a_box_on_other_words_or_beyond_the_paper() -> None:
    for (name, area), (other, taken) in itertools.product(labels(), boxes()):
        assert not overlap(area, taken), f"{name} on {other}"
    for (name, area), (other, taken) in itertools.combinations(labels(), 2):
        assert not overlap(area, taken), f"{name} on {other}"
    for name, (left, top, right, bottom) in labels():
        assert left >= 0 and top >= 0 and right <= WIDTH and bottom <= HEIGHT, name


def test_no_line_crosses_a_box() -> None:
    for (was, now), place in ARROWS.items():
        for step in range(1, 100):
            t = step / 100
            weights = [1 - t, t]
            if len(place.points) == 4:
                weights = [(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3]
            x = sum(w * p[0] for w, p in zip(weights, place.points, strict=True))
            y = sum(w * p[1] for w, p in zip(weights, place.points, strict=True))
            for state, (left, top, right, bottom) in boxes():
                assert not (left < x < right and top < y < bottom), f"{was} {now} in {state}"


# --- The book ---------------------------------------------------------------------------------


def test_the_picture_in_the_book_is_what_the_code_draws() -> None:
    if os.environ.get("SOCKLAB_WRITE_DOCS"):
        PICTURE.write_text(ours(), encoding="utf-8")
    assert PICTURE.read_text(encoding="utf-8") == ours()
