"""The picture: what is in it, and that nothing lies on anything else, for any Record."""

from __future__ import annotations

import itertools
import os
import re
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, strategies as st

from socklab.errors import LabError, MachineError
from socklab.record import Expect, Fate, Record, State
from socklab.views.columns import clean
from socklab.views.ending import claim, verdict_of
from socklab.views.folding import Loop, folded
from socklab.views.picture import png, raster, svg
from socklab.views.picture.canvas import FACES, SHAPES, Canvas
from socklab.views.picture.layout import PAGE, Room
from socklab.views.picture.notes import draw_note
from socklab.views.picture.typeset import Face, is_plain, width_of
from socklab.views.rung import Part, Piece, Tone
from socklab.views.rungs import rungs
from tests.browsing import chromium
from tests.pages import CALL, CARRIED, CARRY, DROPPED, MET, RETURNED, SENT, STATE, record_of
from tests.records import NASTY, events, kept, kept_names, records, segments

BOOK = Path(__file__).resolve().parents[2] / "docs" / "half-close.svg"

SVG = "{http://www.w3.org/2000/svg}"

BY_CLASS = {f"ladder-{face.name}": face for face in FACES}

anywhere = st.sampled_from(["client", "server", "10.9.9.9", "ff02::16"])
any_records = st.one_of(
    records(),
    records(st.one_of(events, segments(anywhere))),
    records(hosts=()),
    records(hosts=("server",)),
    records(hosts=("client", "server", "router")),
    records(hosts=("a", "b", "c", "d", "e", "server", "client")),
)


def drawn(record: Record) -> ET.Element:
    return ET.fromstring(svg(record))


def size(picture: ET.Element) -> tuple[float, float]:
    _, _, width, height = map(float, picture.attrib["viewBox"].split())
    return width, height


@dataclass(frozen=True)
class Text:
    """A line of text, and the most room that it takes."""

    words: str
    face: Face
    left: float
    top: float
    right: float
    bottom: float


def texts(picture: ET.Element) -> Iterator[Text]:
    for text in picture.iter(f"{SVG}text"):
        runs = [
            (each.text or "", BY_CLASS[each.attrib["class"]])
            for each in (text, *text)
            if "class" in each.attrib
        ]
        wide = sum(width_of(words, face) for words, face in runs)
        x, y = float(text.attrib["x"]), float(text.attrib["y"])
        before = {"start": 0.0, "middle": wide / 2, "end": wide}
        left = x - before[text.get("text-anchor", "start")]
        face = runs[0][1]
        whole = "".join(words for words, _ in runs)
        # As high as a d and as deep as a p, in every font.
        yield Text(whole, face, left, y - 0.77 * face.size, left + wide, y + 0.24 * face.size)


def words(picture: ET.Element) -> list[str]:
    return [text.words for text in texts(picture)]


def shapes(picture: ET.Element) -> Counter[str]:
    """How often each class of shape is drawn."""
    classes = (each.get("class", "") for each in picture.iter())
    return Counter(name.removeprefix("ladder-") for name in classes)


def squeezed(text: str) -> str:
    """A text without blanks: so is what was broken into lines whole again."""
    return re.sub(r"\s", "", text)


# --- For any Record -----------------------------------------------------------------------------


@given(any_records)
def test_no_text_lies_on_another_or_beyond_the_page(record: Record) -> None:
    picture = drawn(record)
    width, height = size(picture)
    placed = list(texts(picture))
    for each in placed:
        assert each.left >= 0 and each.right <= width, each
        assert each.top >= 0 and each.bottom <= height, each
    for one, other in itertools.combinations(placed, 2):
        apart = one.right <= other.left + 0.1 or other.right <= one.left + 0.1
        assert apart or one.bottom <= other.top + 0.1 or other.bottom <= one.top + 0.1, (one, other)


@given(any_records)
def test_it_is_drawn_of_lines_boxes_and_texts_and_nothing_else(record: Record) -> None:
    names = {each.tag.removeprefix(SVG) for each in drawn(record).iter()}
    allowed = {"svg", "title", "desc", "style", "rect", "line", "path", "polygon", "circle"}
    assert names <= allowed | {"text", "tspan"}
    attributes = {name for each in drawn(record).iter() for name in each.attrib}
    assert not {name for name in attributes if name.startswith("on") or "href" in name}


@given(any_records)
def test_whose_width_nobody_knows_is_told_it(record: Record) -> None:
    for text in drawn(record).iter(f"{SVG}text"):
        told = "textLength" in text.attrib
        assert told != is_plain("".join(text.itertext()))


# --- What is in it ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", kept_names())
def test_all_that_the_ladder_tells_is_there(name: str) -> None:
    record = kept(name)
    whole = squeezed("".join(words(drawn(record))))
    for rung in rungs(record):
        for note in (*rung.notes.values(), rung.aside):
            for piece in note:
                text = clean(piece.text).removeprefix("[").removesuffix("]")
                assert squeezed(text) in whole
    for state, count in Counter(state.now for state in record.of(State)).items():
        boxes = [text for text in texts(drawn(record)) if text.face.name == "state"]
        assert [text.words for text in boxes].count(state) == count
    for expect in record.of(Expect):
        assert squeezed(clean(claim(expect))) in whole
    assert squeezed(clean(verdict_of(record))) in whole
    assert record.title.split()[0] in words(drawn(record))[0]


@pytest.mark.parametrize("name", kept_names())
def test_every_expectation_is_numbered_in_the_margin_and_below(name: str) -> None:
    record = kept(name)
    marks = [t.words for t in texts(drawn(record)) if t.face.name in ("mark", "wrong")]
    count = sum(1 for _ in record.of(Expect))
    numbered: list[int] = []
    for mark in marks:
        first, _, last = mark.partition("–")
        numbered += range(int(first), int(last or first) + 1)
    assert sorted(numbered) == sorted([*range(1, count + 1)] * 2)


def test_a_name_is_only_text() -> None:
    for nasty in [*NASTY, "<script>alert(1)</script>", "&amp;", "]]>", '"', "a   b"]:
        record = record_of(
            replace(CALL, arguments=(nasty,)),
            replace(STATE, now=nasty),
            replace(DROPPED, by=nasty),
            replace(MET, expected={nasty: nasty}, observed={}, passed=False),
            title=nasty,
            question=nasty,
            hosts={"client": nasty, "server": "10.0.0.2"},
        )
        picture = drawn(record)
        assert squeezed(clean(nasty)) in squeezed("".join(words(picture)))
        assert not [each for each in picture.iter() if each.tag.endswith("script")]


def test_it_needs_nothing_from_elsewhere() -> None:
    text = svg(kept("mishaps"))
    assert not re.search(r"url\(|href|@import|@font-face", text)
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]


def test_it_says_what_it_shows_to_those_who_do_not_see_it() -> None:
    picture = drawn(kept("half-close"))
    assert picture.attrib["role"] == "img"
    title, description = picture.find(f"{SVG}title"), picture.find(f"{SVG}desc")
    assert title is not None and title.text == picture.attrib["aria-label"]
    assert description is not None and "Proved on Linux" in (description.text or "")


# --- How it looks -------------------------------------------------------------------------------


def test_it_is_legible_on_a4() -> None:
    width, _ = size(drawn(kept("half-close")))
    assert width == PAGE
    points = min(face.size for face in FACES) * (170 / 25.4 * 72) / width
    assert points >= 7  # points, between margins of 20 mm


def test_what_a_line_means_is_told_without_color() -> None:
    def look(shape: str) -> tuple[str, ...]:
        rules = dict(rule.split(":") for rule in SHAPES[shape].split(";"))
        return rules["stroke-width"], rules.get("stroke-dasharray", "")

    assert len({look(shape) for shape in ("line", "copy", "held")}) == 3
    lost = drawn(record_of(CARRY, SENT, DROPPED))
    assert shapes(lost)["cross"] == 1 + (not record_of().passed)
    assert "dropped" in words(lost)
    forged = drawn(record_of(CARRY, replace(SENT, fate=Fate.INJECTED)))
    assert shapes(forged)["forged"] == 2 + 1 + 2 + 1  # two lines and a source, and so in the key
    assert "sent by no kernel" in words(forged)
    copy = drawn(record_of(CARRY, replace(SENT, copy=True), replace(CARRIED, copy=True)))
    assert shapes(copy)["copy"] == 2  # the arrow, and the key
    assert "sent again by its kernel" in words(copy)


def test_a_key_is_there_for_what_needs_one_only() -> None:
    assert not {"sent by no kernel", "held on the wire"} & set(words(drawn(kept("refused"))))


def test_what_was_held_goes_on_where_it_was_held() -> None:
    record = record_of(SENT, replace(CALL, at_s=0.2), RETURNED, CARRY, CARRIED)
    parts = [rung.arrow.part for rung in rungs(record) if rung.arrow]
    assert parts == [Part.STUB, Part.REST]
    picture = drawn(record)
    held = [line.attrib for line in picture.iter(f"{SVG}line") if "held" in line.attrib["class"]]
    thread, _key = held
    assert thread["x1"] == thread["x2"]
    assert float(thread["y1"]) < float(thread["y2"])
    lines = [
        line.attrib for line in picture.iter(f"{SVG}line") if line.get("class") == "ladder-line"
    ]
    assert thread["x1"] in {line["x2"] for line in lines}  # where it was held
    assert thread["x2"] in {line["x1"] for line in lines}  # where it went on
    assert "held" in words(picture)


def test_a_text_stands_in_front_of_what_is_held_behind_it() -> None:
    picture = drawn(kept("mishaps"))
    masks = [
        [float(box.attrib[name]) for name in ("x", "y", "width", "height")]
        for box in picture.iter(f"{SVG}rect")
        if box.get("class") == "ladder-mask"
    ]
    threads = [line for line in picture.iter(f"{SVG}line") if line.get("class") == "ladder-held"]
    crossed = 0
    for thread in threads:
        x, top, bottom = (float(thread.attrib[name]) for name in ("x1", "y1", "y2"))
        for text in texts(picture):
            if text.left < x < text.right and top < text.top and text.bottom < bottom:
                if text.face.name == "aside":
                    continue  # in a band of its own
                crossed += 1
                assert any(
                    left <= text.left and left + width >= text.right and y <= text.top + 3
                    for left, y, width, _ in masks
                ), text
    assert crossed


def test_what_is_held_to_the_end_says_so() -> None:
    picture = drawn(record_of(SENT, CALL, RETURNED))
    assert "held to the end" in words(picture)
    assert not shapes(picture)["held"]


def test_expectations_of_one_moment_share_a_mark() -> None:
    picture = drawn(record_of(CALL, RETURNED, MET, MET, MET, replace(MET, passed=False)))
    marks = [t.words for t in texts(picture) if t.face.name in ("mark", "wrong")]
    assert marks[:2] == ["1–3", "4"]
    assert shapes(picture)["pill-wrong"] == 2
    assert shapes(picture)["cross"] == 3  # in the margin, below, and of the verdict


def test_a_run_that_failed_is_shown_as_such() -> None:
    record = record_of(CALL, RETURNED, replace(MET, observed={"client": "CLOSED"}, passed=False))
    picture = drawn(record)
    assert any(text.startswith("Not proved:") for text in words(picture))
    assert any("observed client CLOSED" in text for text in words(picture))


def test_what_loopback_does_not_show_has_a_dashed_mark() -> None:
    record = kept("half-close-loopback")
    unseen = sum(expect.passed is None for expect in record.of(Expect))
    assert unseen
    assert shapes(drawn(record))["pill-open"] >= unseen + 1


def test_an_empty_record_is_a_sentence() -> None:
    picture = drawn(Record("", "wire", "tun", {}))
    assert words(picture) == ["Not proved: nothing was expected of it."]


def test_what_repeats_is_drawn_once_in_a_frame() -> None:
    events = [replace(event, at_s=n) for n in range(6) for event in (CALL, RETURNED, CARRY, SENT)]
    record = record_of(*events)
    (loop,) = [each for each in folded(rungs(record)) if isinstance(each, Loop)]
    picture = drawn(record)
    assert f"{loop.times} times; the first is drawn" in words(picture)
    assert shapes(picture)["frame"] == 1


def test_a_tall_ladder_has_its_hosts_at_its_end_too() -> None:
    def heads(calls: int) -> int:
        told = [replace(CALL, number=n, arguments=(str(n),)) for n in range(calls)]
        return words(drawn(record_of(*told))).count("client")

    assert (heads(3), heads(100)) == (1, 2)


def test_a_long_name_of_a_connection_keeps_to_its_margin() -> None:
    other = replace(SENT, source="[2001:db8:1234:5678:9abc:def0:1234:5678]:40000")
    same_port = replace(other, destination="[2001:db8:1234:5678:9abc:def0:1234:1]:80")
    picture = drawn(
        record_of(SENT, CARRIED, other, same_port, replace(same_port, fate=Fate.CARRIED))
    )
    names = [text for text in texts(picture) if text.face.name == "name"]
    assert len(names) > 2
    calls = min(t.left for t in texts(picture) if t.face.name in ("kind", "host"))
    assert max(name.right for name in names) <= calls


def test_what_does_not_fit_beside_a_state_stands_below_it() -> None:
    def heights(width: float) -> list[float]:
        canvas = Canvas("ladder")
        note = (Piece("[SYN-RECEIVED]", Tone.STATE), Piece("by a timer", Tone.ASIDE))
        draw_note(canvas, note, Room(0, width, flush_right=False), 20)
        placed = texts(ET.fromstring(canvas.svg(400, 100, "", "")))
        return [text.bottom - 0.24 * text.face.size for text in placed]

    state, aside = heights(300)
    assert state == pytest.approx(aside)
    state, aside = heights(130)
    assert state < aside - 12


def test_the_picture_in_the_book_is_what_the_code_draws() -> None:
    if os.environ.get("SOCKLAB_WRITE_DOCS"):
        BOOK.write_text(svg(kept("half-close")), encoding="utf-8")
    assert BOOK.read_text(encoding="utf-8") == svg(kept("half-close"))


# --- In a browser -------------------------------------------------------------------------------

BOXES = """() => [...document.querySelectorAll("svg")].map(picture => {
  const [, , width, height] = picture.getAttribute("viewBox").split(" ").map(Number);
  const boxes = [...picture.querySelectorAll("text")].map(text => {
    const box = text.getBBox();
    return [text.textContent, box.x, box.y, box.width, box.height];
  });
  return [width, height, boxes];
})"""


def test_nothing_lies_on_anything_in_a_real_browser() -> None:
    pictures = [svg(kept(name)) for name in kept_names()]
    # Classes hold for a whole page, so with the widest font they are called otherwise.
    wide = [each.replace('"Helvetica Neue"', '"DejaVu Sans"') for each in pictures]
    pictures += [each.replace("ladder-", "wide-") for each in wide]
    with chromium() as browser:
        page = browser.new_page()
        page.set_content("".join(pictures))
        measured = page.evaluate(BOXES)
    for width, height, boxes in measured:
        for told, x, y, wide, high in boxes:
            assert x >= 0 and x + wide <= width and y >= 0 and y + high <= height, told
        for one, other in itertools.combinations(boxes, 2):
            # A box is as high as a line of its font; letters fill the middle of it.
            tops = [y + 0.12 * high for _, _, y, _, high in (one, other)]
            bottoms = [y + 0.88 * high for _, _, y, _, high in (one, other)]
            apart = one[1] + one[3] <= other[1] + 0.3 or other[1] + other[3] <= one[1] + 0.3
            assert apart or bottoms[0] <= tops[1] + 0.3 or bottoms[1] <= tops[0] + 0.3, (one, other)


# --- In pixels ----------------------------------------------------------------------------------


def test_a_png_is_as_wide_as_asked_and_as_tall_as_the_picture() -> None:
    pytest.importorskip("resvg_py", reason="resvg-py is not installed")
    try:
        image = png(kept("half-close"), width_px=380)
    except MachineError as lack:
        pytest.skip(str(lack))
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = (int.from_bytes(image[at : at + 4], "big") for at in (16, 20))
    _, tall = size(drawn(kept("half-close")))
    assert width == 380
    assert abs(height - tall / 2) <= 1
    assert image != png(replace(kept("half-close"), title="Another title"), width_px=380)


def test_without_resvg_one_sentence_says_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(MachineError, match=r"pip install 'socklab\[png\]'") as raised:
        png(kept("half-close"))
    assert raised.value.exit_code == 3


def test_without_a_font_it_is_refused_and_not_drawn_without_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blank = SimpleNamespace(svg_to_bytes=lambda **_: b"the same whatever text there is")
    monkeypatch.setattr(raster, "import_module", lambda _: blank)
    raster._has_font.cache_clear()
    with pytest.raises(MachineError, match="no proportional or monospaced font"):
        png(kept("half-close"))
    raster._has_font.cache_clear()


def test_what_would_not_fit_into_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # What resvg does then is to end the process.
    letters = SimpleNamespace(svg_to_bytes=lambda svg_string, **_: svg_string.encode())
    monkeypatch.setattr(raster, "import_module", lambda _: letters)
    raster._has_font.cache_clear()
    with pytest.raises(LabError, match=r"of this run would have 1000000 × \d+ pixels.*--svg"):
        png(kept("half-close"), width_px=1_000_000)
    raster._has_font.cache_clear()
