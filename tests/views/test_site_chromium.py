"""The site in a real browser: it is searched, filtered and linked to, and everybody can use it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from socklab.claims.document import observed
from socklab.outcome import Outcome
from socklab.situations import Situation
from socklab.views.site import Entry, Site, pages
from tests import grids
from tests.browsing import Visit, chromium, violations, visit
from tests.records import kept
from tests.views.test_player import MARKUP
from tests.views.test_site import OTHERS, entry

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PHONE = {"width": 360, "height": 640}
PROJECTOR = {"width": 1920, "height": 1000}

HOSTILE = f"{' '.join(MARKUP)} {'verylongword' * 40}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site: four labs that passed, one that failed, one that never ran, one with a bad name."""
    folder = tmp_path_factory.mktemp("site")
    evil = replace(kept("half-close"), lab=HOSTILE, title=HOSTILE, question=HOSTILE)
    entries = [
        entry(kept("half-close"), Tags="FIN, EPIPE", Level="1"),
        entry(kept("simultaneous-close"), Tags="FIN, crossing", Level="2"),
        entry(kept("two-clients"), Tags="accept", Level="1"),
        entry(kept("mishaps"), Tags="wire, FIN", Level="2"),
        entry(kept("refused"), Tags="RST", Level="1"),
        Entry(Outcome("handshake", "establish", 3, "handshake needs a held wire"), "The handshake"),
        Entry(Outcome(HOSTILE, HOSTILE, 1, HOSTILE, evil), HOSTILE, {"Tags": "wire, a&b=c#d"}),
    ]
    site = Site(
        entries,
        grid=grids.part(grids.kept(), Situation.ESTABLISHED, Situation.FIN_WAIT_2_ORPHAN),
        observed=observed(),
        made=HOSTILE,
    )
    for name, text in pages(site):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def names(page: Page) -> list[str]:
    """The labs that the index shows, the one with the bad name as `evil`."""
    told = page.locator("li.lab:visible .about code").all_inner_texts()
    assert page.inner_text("#found").split()[0] in (str(len(told)), "7")
    return ["evil" if "alert" in name else name for name in told]


def chosen(page: Page, name: str, value: str) -> None:
    page.select_option(f"select[name={name}]", value)


def quiet(seen: Visit) -> None:
    assert seen.complaints == []
    assert seen.requests == []


def test_the_index_is_searched_and_filtered_and_the_address_says_how(
    browser: Browser, folder: Path
) -> None:
    with visit(browser, folder / "index.html") as seen:
        page = seen.page
        assert len(names(page)) == 7
        page.fill("[name=q]", "  CLIENTS two ")
        assert names(page) == ["two-clients"], "each word, in any case and order"
        page.fill("[name=q]", "no lab says so")
        assert (names(page), page.is_visible("#none")) == ([], True)
        page.click("[type=reset]")
        assert len(names(page)) == 7
        chosen(page, "tag", "fin")
        assert names(page) == ["half-close", "simultaneous-close", "mishaps"]
        chosen(page, "state", "CLOSING")
        assert names(page) == ["simultaneous-close"]
        page.wait_for_function("() => location.hash === '#tag=fin&state=CLOSING'")
        chosen(page, "state", "")
        chosen(page, "level", "1")
        assert names(page) == ["half-close"]
        page.click("[type=reset]")
        chosen(page, "verdict", "failed")
        assert names(page) == ["refused", "evil"]
        assert page.locator("section.folder:visible").count() == 2
        page.click("[type=reset]")
        page.wait_for_function("() => location.hash === ''")
        page.click("li.lab >> text=EPIPE")
        assert names(page) == ["half-close"], "a tag of a lab is a link to its like"
        page.go_back()
        page.wait_for_function("() => document.querySelectorAll('li.lab[hidden]').length === 0")
        page.set_viewport_size({"width": 360, "height": 640})
        page.click("li.lab >> text=a&b=c#d")
        assert names(page) == ["evil"]
        top = page.evaluate("document.getElementById('filter').getBoundingClientRect().top")
        assert 0 <= top < PHONE["height"], "what was chosen is in sight"
        quiet(seen)


def test_a_link_to_a_filter_opens_the_index_with_it(browser: Browser, folder: Path) -> None:
    address = "#q=close&state=TIME-WAIT&tag=fin&level=&verdict=gone"
    with visit(browser, folder / "index.html", address) as seen:
        assert names(seen.page) == ["half-close", "simultaneous-close"], "what is unknown is any"
        assert seen.page.input_value("[name=q]") == "close"
        quiet(seen)


def test_links_lead_from_an_arrow_a_number_and_a_claim_to_the_step(
    browser: Browser, folder: Path
) -> None:
    with visit(browser, folder / "coverage.html") as seen:
        page = seen.page
        page.click('a:has([data-arrow="FIN-WAIT-1 CLOSING"]) .name')
        page.wait_for_selector("body.ready", state="attached")
        assert page.url.endswith("simultaneous-close.html#step-10")
        lit = page.locator(".step.now").inner_text()
        assert "FIN" in lit and "CLOSING" in lit
        page.click("text=All labs")
        assert len(names(page)) == 7
        page.click("text=Coverage")
        page.click(".events a >> nth=0")
        assert page.locator("details[open] :target").count() == 1, "it is unfolded"
        page.locator("details[open] :target a").first.click()
        page.wait_for_selector("body.ready", state="attached")
        assert int(page.inner_text("#position")) > 0
        page.click("text=All labs")
        page.click("text=Claims")
        page.click("#claim-2 .shown a >> nth=0")
        page.wait_for_selector("body.ready", state="attached")
        assert page.inner_text("#position") == "11"
        page.click("text=Next lab")
        page.wait_for_selector("body.ready", state="attached")
        assert "simultaneous-close.html" in page.url
        assert seen.complaints == []
        assert all(each.startswith(folder.as_uri()) for each in seen.requests)


@pytest.mark.parametrize("name", [*OTHERS, "half-close.html"])
def test_everybody_can_use_it_in_light_and_dark_and_nothing_is_too_wide(
    name: str, browser: Browser, folder: Path
) -> None:
    for window, light in ((PHONE, "light"), (PROJECTOR, "dark")):
        with visit(browser, folder / name, viewport=window, color_scheme=light) as seen:
            page = seen.page
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), window
            page.eval_on_selector_all(
                "main details", "all => all.forEach((one) => (one.open = true))"
            )
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), window
            assert violations(page) == []
            paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
            assert paper == {"light": "rgb(251, 250, 247)", "dark": "rgb(20, 24, 29)"}[light]
            quiet(seen)


def test_without_a_script_the_index_is_a_list_of_all(browser: Browser, folder: Path) -> None:
    with visit(browser, folder / "index.html", "#q=nothing", java_script_enabled=False) as seen:
        page = seen.page
        assert page.locator("li.lab:visible").count() == 7
        assert not page.is_visible("#filter") and not page.is_visible("#theme")
        page.click("li.lab a >> nth=0")
        assert page.url.endswith("half-close.html")


def test_a_lab_with_a_bad_name_is_text_and_has_a_page(browser: Browser, folder: Path) -> None:
    with visit(browser, folder / "index.html", viewport=PHONE) as seen:
        page = seen.page
        assert page.locator("li.lab h3 a").last.inner_text() == HOSTILE
        page.locator("li.lab h3 a").last.click()
        page.wait_for_selector("body.ready", state="attached")
        assert page.inner_text("h1") == HOSTILE
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert seen.complaints == []
