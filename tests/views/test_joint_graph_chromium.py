"""The page of a graph in a real browser: one can look around in it, with a mouse or without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from socklab.views.joint_graph.page import page
from tests.browsing import Visit, chromium, violations, visit
from tests.views.test_joint_graph import hostile, kept
from tests.views.test_player import MARKUP

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PHONE = {"width": 360, "height": 640}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graphs")
    for name in ("close", "closing", "connect"):
        (folder / f"{name}.html").write_text(page(kept(name)), encoding="utf-8")
    words = " ".join(MARKUP)
    (folder / "hostile.html").write_text(page(hostile(words)), encoding="utf-8")
    return folder


def heading(opened: Visit) -> str:
    return opened.page.locator("#now h2").inner_text()


def test_a_box_that_is_clicked_tells_what_it_is(browser: Browser, folder: Path) -> None:
    with visit(browser, folder / "close.html") as opened:
        assert heading(opened) == "0: client ESTABLISHED, server ESTABLISHED"
        opened.page.locator(".joint .box", has_text="CLOSING").nth(2).click()
        assert heading(opened) == "13: client CLOSING, server CLOSING"
        assert opened.page.locator("#now ol li").all_inner_texts() == list(
            kept("close").nodes[13].way
        )
        assert opened.page.locator(".joint .taken").count() == 4
        assert opened.complaints == []
        assert opened.requests == []


def test_moves_lead_on_and_the_address_follows(browser: Browser, folder: Path) -> None:
    with visit(browser, folder / "close.html") as opened:
        opened.page.get_by_role("button", name="call client close → ").click()
        assert heading(opened).startswith("1: ") or heading(opened).startswith("2: ")
        assert opened.page.url.endswith(f"#state-{heading(opened).split(':')[0]}")
    with visit(browser, folder / "close.html", "#state-13") as opened:
        assert heading(opened) == "13: client CLOSING, server CLOSING"


def test_the_search_finds_by_states_wire_and_calls(browser: Browser, folder: Path) -> None:
    with visit(browser, folder / "close.html") as opened:
        opened.page.get_by_label("Find a joint state").fill("closing time-wait")
        assert opened.page.locator("#list button").count() == 2
        assert opened.page.locator("#found").inner_text() == "2 of 22 joint states"
        assert opened.page.locator(".joint .box.faded").count() == 20
        opened.page.locator("#list button").first.click()
        assert "TIME-WAIT" in heading(opened)


def test_a_pair_of_states_lists_its_joint_states(browser: Browser, folder: Path) -> None:
    with visit(browser, folder / "closing.html") as opened:
        opened.page.locator(".joint .box").nth(1).click()
        assert opened.page.locator("#list button").count() == 3


def test_keys_do_what_the_mouse_does(browser: Browser, folder: Path) -> None:
    with visit(browser, folder / "close.html") as opened:
        opened.page.locator(".joint .box").nth(5).focus()
        opened.page.keyboard.press("Enter")
        assert heading(opened).startswith("5: ")
        opened.page.keyboard.press("Tab")
        opened.page.keyboard.press(" ")
        assert heading(opened).startswith("6: ")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["close", "closing", "connect", "hostile"])
def test_everybody_can_use_it(browser: Browser, folder: Path, name: str, scheme: str) -> None:
    with visit(browser, folder / f"{name}.html", color_scheme=scheme) as opened:
        assert violations(opened.page) == []
        assert opened.complaints == []
        assert opened.requests == []


@pytest.mark.parametrize("name", ["close", "hostile"])
def test_nothing_is_cut_off_on_a_phone(browser: Browser, folder: Path, name: str) -> None:
    with visit(browser, folder / f"{name}.html", viewport=PHONE) as opened:
        width = opened.page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"]


def test_text_of_a_run_does_nothing(browser: Browser, folder: Path) -> None:
    with visit(browser, folder / "hostile.html", "#state-1") as opened:
        assert "alert(1)" in opened.page.locator("#now").inner_text()
        assert opened.page.locator("#now img").count() == 0
        assert opened.complaints == []
