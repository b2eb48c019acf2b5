"""How wide a text gets: no line is wider than its room, and no font wider than the table."""

from __future__ import annotations

import re
import string

from hypothesis import given, strategies as st

from socklab.views.columns import clean
from socklab.views.picture.canvas import CODE, FACES, LABEL, STATE
from socklab.views.picture.typeset import MONO, SANS, Face, is_plain, width_of, wrap
from tests.browsing import chromium

PRINTABLE = string.printable.strip() + " "


@given(st.text().map(clean), st.floats(20, 400), st.sampled_from(list(FACES)))
def test_a_line_is_no_wider_than_its_room(text: str, room: float, face: Face) -> None:
    lines = wrap(text, room, face)
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)
    for line in lines:
        widest = max((width_of(character, face) for character in line), default=0)
        assert width_of(line, face) <= max(room, widest) + 1e-9


def test_a_line_is_broken_where_it_reads_best() -> None:
    assert wrap("nothing fits here", 60, LABEL) == ["nothing", "fits here"]
    assert wrap("setsockopt(SOL_SOCKET)", 120, CODE) == ["setsockopt(", "SOL_SOCKET)"]
    assert wrap(r"b'\xe6\x97\xa5'", 70, CODE) == [r"b'\xe6", r"\x97\xa5'"]
    assert wrap("", 60, LABEL) == [""]


def test_what_stands_on_a_letter_stays_with_it() -> None:
    assert wrap("e\u0301" * 4, 16, LABEL) == ["e\u0301" * 2] * 2


def test_only_texts_whose_widths_are_known_are_plain() -> None:
    assert is_plain("…accept() = client:40000 → 10 × §3")
    assert not is_plain("日本語")
    assert not is_plain("é")


ADVANCES = """([fonts, characters]) => fonts.map(font => [...characters].map(character => {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = font;
  return pen.measureText(character).width / 1000;
}))"""


def test_no_character_is_wider_than_the_table_says() -> None:
    asked = [
        (face, font)
        for face in (LABEL, STATE, CODE)
        for font in ((MONO, '"DejaVu Sans Mono"') if face.mono else (SANS, '"DejaVu Sans"'))
    ]
    fonts = [f"{'bold' if face.bold else 'normal'} 1000px {font}" for face, font in asked]
    with chromium() as browser:
        found = browser.new_page().evaluate(ADVANCES, [fonts, PRINTABLE])
    for (face, font), widths in zip(asked, found, strict=True):
        assert len(widths) == len(PRINTABLE) == 95
        for character, width in zip(PRINTABLE, widths, strict=True):
            assert width <= width_of(character, face) / face.size + 0.001, (font, character)
