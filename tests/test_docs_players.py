"""The book has a page for each lab and a player in it, made from runs when it is built."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from socklab.lab import header_of, in_reading_order
from socklab.packs import catalogue
from tests.browsing import chromium, visit
from tests.records import kept
from tests.sites import ROOT, Elements, Site, mkdocs, write_records

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LABS = catalogue()

PLAYED = ("half-close", "simultaneous-close", "syn-lost")
"""The labs of which the book of these tests has a run."""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """This book, with runs of three labs."""
    if find_spec("mkdocs") is None:
        pytest.skip("mkdocs is not installed")
    folder = tmp_path_factory.mktemp("book")
    half, simultaneous = kept("half-close"), kept("simultaneous-close")
    records = write_records(
        folder / "some.json",
        half,
        simultaneous,
        replace(half, lab="syn-lost", passed=False, source="other"),
    )
    built = mkdocs(ROOT, site=folder / "site", records=records)
    assert built.code == 0, built.said
    return built


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def test_every_lab_has_a_page_with_its_title_and_its_question(book: Site) -> None:
    for name, path in LABS.items():
        title, header = header_of(path)
        text = " ".join(book.read(f"labs/{name}.html").text.split())
        for wanted in (title, header["Question"][1:]):
            assert wanted.replace("`", "") in text, name


def test_a_page_that_is_made_has_what_the_lab_s_file_says(book: Site) -> None:
    path = LABS["syn-ack-lost"]
    page = book.read("labs/syn-ack-lost.html")
    text = " ".join(page.text.split())
    for field in ("See", "Slow", "Tags", "Source"):
        assert header_of(path)[1][field][1:] in text, field
    assert " ".join(path.read_text(encoding="utf-8").split()) in text
    assert "socklab run syn-ack-lost" in text
    following = header_of(path)[1]["Next"]
    assert {"href": f"{following}.html"} in page.of("a")
    assert header_of(LABS[following])[0] in text


def test_a_page_that_is_written_by_hand_stays_and_has_its_player(book: Site) -> None:
    text = book.read("labs/half-close.html").text
    assert "Which programs need a half-close?" in text
    assert [frame["src"] for frame in book.read("labs/half-close.html").of("iframe")] == [
        "../players/half-close.html"
    ]


def test_every_page_that_is_written_by_hand_has_a_place_for_its_player() -> None:
    for page in (ROOT / "docs" / "labs").glob("*.md"):
        assert f"\n<!-- player: {page.stem} -->\n" in page.read_text(encoding="utf-8"), page.name


def test_the_catalogue_links_every_lab_to_its_page(book: Site) -> None:
    links = {each.get("href") for each in book.read("catalogue.html").of("a")}
    assert {f"labs/{name}.html" for name in LABS} <= links
    assert not [link for link in links if link and ".py" in link]


def test_the_contents_have_every_lab_in_the_order_in_which_one_reads(book: Site) -> None:
    hrefs = [each.get("href", "") for each in book.read("index.html").of("a")]
    found = [re.sub(r".*/|\.html", "", href) for href in hrefs if href.startswith("labs/")]
    # What the page itself says of labs comes after.
    order = in_reading_order({name: header_of(path)[1]["Next"] for name, path in LABS.items()})
    assert found[: len(LABS)] == order


def test_a_page_has_its_player_in_a_frame_with_a_title_and_a_link_to_it(book: Site) -> None:
    for name in PLAYED:
        page = book.read(f"labs/{name}.html")
        [frame] = page.of("iframe")
        assert name in frame["title"]
        assert frame["sandbox"] == "allow-scripts"
        assert frame["src"] == f"../players/{name}.html"
        assert {"href": frame["src"]} in page.of("a")
        player = (book.folder / "players" / f"{name}.html").read_text(encoding="utf-8")
        assert 'id="slider"' in player


def test_a_page_without_a_player_says_why(book: Site) -> None:
    for name in LABS.keys() - set(PLAYED):
        page = book.read(f"labs/{name}.html")
        assert page.of("iframe") == []
        assert (
            "There is no player here: some.json, from which this book has its runs, has none of it."
        ) in " ".join(page.text.split()), name
    made = {file.stem for file in (book.folder / "players").iterdir()}
    assert made == set(PLAYED)


def test_what_is_wrong_with_the_runs_is_a_warning(book: Site) -> None:
    assert "WARNING" in book.said
    assert "the run of syn-lost is not as its lab says: `socklab run syn-lost`" in book.said
    assert "the run of syn-lost is of another version of labs/establish/syn_lost.py" in book.said
    others = len(LABS) - len(PLAYED) - 1
    assert f"and {others} more have no player: some.json, from which" in book.said


def test_no_page_wants_anything_from_elsewhere(book: Site) -> None:
    for file in book.folder.rglob("*.html"):
        page = Elements(file.read_text(encoding="utf-8"))
        wanted = [each.get("src", "") for _, each in page.elements]
        wanted += [each.get("href", "") for each in page.of("link")]
        assert [each for each in wanted if re.match(r"\w+:|//", each)] == [], file.name


def test_the_player_in_a_page_steps(book: Site, browser: Browser) -> None:
    with visit(browser, book.folder / "labs" / "half-close.html") as seen:
        page = seen.page
        assert page.evaluate("scrollY") == 0  # a frame does not draw its page to itself
        frame = page.frame_locator("iframe")
        frame.locator("#forward").click()
        frame.locator("body").press("ArrowRight")
        assert frame.locator("#position").inner_text() == "2"
        assert "server calls listen()" in frame.locator("#sentence").inner_text()
        assert all(address.startswith(book.folder.as_uri()) for address in seen.requests)
        # The search of mkdocs has a worker where there is a web server, and does without else.
        assert [each for each in seen.complaints if "search/worker.js" not in each] == []
        page.get_by_role("link", name="Open it alone").click()
        page.wait_for_selector("body.ready")
        assert page.url == (book.folder / "players" / "half-close.html").as_uri()


def test_a_player_fits_its_page(book: Site, browser: Browser) -> None:
    file = book.folder / "labs" / "half-close.html"
    for width in (360, 768, 1024, 1280, 1920):
        with visit(browser, file, viewport={"width": width, "height": 800}) as seen:
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
            box = seen.page.locator("iframe").bounding_box()
            assert box is not None
            assert box["x"] >= 0 and int(box["x"] + box["width"]) <= width
            assert 480 <= box["height"] <= 800
            beside_the_ladder = seen.page.frame_locator("iframe").locator("#states").is_visible()
            assert beside_the_ladder == (width >= 1280)
