"""Text in columns: what is printable, what it takes, and how it is broken."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from socklab.views.columns import Line, Style, clean, width_of, wrap
from tests.records import NASTY

texts = st.one_of(st.text(), st.sampled_from(NASTY)).map(clean)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("naïve café", "naïve café"),
        ("\x1b[31m", r"\x1b[31m"),
        ("a\tb\r\n", r"a\tb\r\n"),
        ("\x7f\x85", r"\x7f\x85"),
        ("\u202eevil", r"\u202eevil"),
        ("\u200b\ufe0f", r"\u200b\ufe0f"),
        ("\ud800", r"\ud800"),
        ("\u2028", r"\u2028"),
        ("a\u00a0b", "a b"),
        ("日本", "日本"),
        ("e\u0301", "e\u0301"),
        ("…→", "…→"),
    ],
)
def test_what_is_no_visible_character_is_escaped(text: str, shown: str) -> None:
    assert clean(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"), [("a → b…", "a -> b..."), ("2 × é", r"2 x \xe9"), ("日", r"\u65e5")]
)
def test_for_ascii_our_own_signs_are_spelled_and_all_else_is_escaped(text: str, shown: str) -> None:
    assert clean(text, ascii_only=True) == shown


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("日本", 4), ("e\u0301", 1), ("한국", 4), ("👩", 2), ("", 0), ("é", 1)],
)
def test_a_text_takes_as_many_columns_as_a_terminal_gives_it(text: str, columns: int) -> None:
    assert width_of(text) == columns


@given(texts, st.integers(2, 40), st.integers(0, 4))
def test_wrapped_lines_fit_and_lose_nothing_but_blanks(text: str, width: int, hang: int) -> None:
    lines = wrap(text, width, hang=hang)
    assert all(width_of(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("connect(server:80)", 18, ["connect(server:80)"]),
        ("one two three", 8, ["one two", "three"]),
        ("connect(server:80)", 14, ["connect(", "server:80)"]),
        (r"b'\xe6\x97\xa5'", 8, [r"b'\xe6", r"\x97\xa5", "'"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("TCP_FASTOPEN_CONNECT, 1)", 20, ["TCP_FASTOPEN_", "CONNECT, 1)"]),
        ("日本語", 5, ["日本", "語"]),
        ("a bcdefghij", 8, ["a bcdefg", "hij"]),
        ("= -1 ECONNREFUSED", 15, ["= -1", "ECONNREFUSED"]),
        ("", 5, [""]),
    ],
)
def test_a_text_is_broken_where_it_reads_best(text: str, width: int, lines: list[str]) -> None:
    assert wrap(text, width) == lines


def test_later_lines_hang_where_there_is_room() -> None:
    assert wrap("one two three four", 10, hang=2) == ["one two", "  three", "  four"]
    assert wrap("a bcdefghi", 9, hang=1) == ["a", " bcdefghi"]
    assert wrap("a bcdefghij", 9, hang=1) == ["a bcdefgh", " ij"]


@given(st.lists(st.tuples(st.integers(0, 30), texts)), st.integers(1, 30))
def test_a_line_never_outgrows_its_width(puts: list[tuple[int, str]], width: int) -> None:
    line = Line(width)
    for column, text in puts:
        line.put(column, text)
    assert width_of(line.render()) <= width


def test_half_a_wide_character_is_never_left() -> None:
    line = Line(6)
    line.put(0, "日本")
    line.put(1, "x")
    assert line.render() == " x本"
    line.put(2, "y")
    line.put(5, "語")
    assert line.render() == " xy"


@given(texts, st.integers(1, 30))
def test_a_line_that_is_cut_off_says_so_and_fits(text: str, width: int) -> None:
    line = Line(width_of(text) or 1)
    line.put(0, text)
    cut = line.cut(width, "…").render()
    assert width_of(cut) <= width
    assert cut == line.render() or cut.endswith("…")
    assert line.cut(None, "…") is line


def test_styles_are_closed_where_they_end() -> None:
    line = Line(10)
    line.put(0, "ab", Style.BAD)
    line.put(2, "cd")
    assert line.render(color=True) == "\x1b[31mab\x1b[0mcd"
    assert line.render() == "abcd"
