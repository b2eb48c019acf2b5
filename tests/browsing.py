"""A real browser for tests of pages: Chromium, driven by Playwright.

Neither is needed to use socklab, so tests are skipped where one is missing, and say which.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Request

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

LOOKED_FOR = "$SOCKLAB_CHROMIUM, " + ", ".join(NAMES)

SERIOUS = ("serious", "critical")
"""The impacts of a violation, as axe grades them, that no page may have."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium; the test is skipped if it, or Playwright, is not installed."""
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install 'socklab[browser]'"
    )
    program = os.environ.get("SOCKLAB_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), "")
    with sync_api.sync_playwright() as playwright:
        program = program or playwright.chromium.executable_path
        if not Path(program).exists():
            pytest.skip(f"there is no Chromium: looked for {LOOKED_FOR} and for Playwright's own")
        browser = playwright.chromium.launch(executable_path=program)
        yield browser
        browser.close()


@dataclass
class Visit:
    """A page that was opened from a file, and what it did that it should not."""

    page: Page
    requests: list[str] = field(default_factory=list)
    """What it asked for besides itself."""
    complaints: list[str] = field(default_factory=list)
    """Errors of its scripts, and what its console was told."""


@contextmanager
def visit(browser: Browser, file: Path, address: str = "", **options: Any) -> Iterator[Visit]:
    """A page, opened in a profile of its own.

    Args:
        browser: that opens it.
        file: the page.
        address: what follows the file's address, such as `#step-7`.
        options: of Playwright's new_context(), such as color_scheme.
    """
    context: BrowserContext = browser.new_context(**{"reduced_motion": "reduce"} | options)
    page = context.new_page()
    seen = Visit(page)
    own = file.as_uri()

    def asked(request: Request) -> None:
        if request.url.partition("#")[0] != own:
            seen.requests.append(request.url)

    page.on("request", asked)
    page.on("console", lambda message: seen.complaints.append(message.text))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("dialog", lambda dialog: seen.complaints.append(dialog.message))
    page.goto(own + address)
    yield seen
    context.close()


def violations(page: Page) -> list[str]:
    """What axe finds of a page as it stands, if it is serious: a line each."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright",
        reason="axe is not installed: pip install 'socklab[browser]'",
    )
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{each['id']} ({each['impact']}): {node['html'][:120]}"
        for each in found
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]
