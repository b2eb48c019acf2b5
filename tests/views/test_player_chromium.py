"""The player in a real browser: it steps, plays, asks and stays quiet, and everybody can use it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from socklab.record import Call, Move, Record, Trouble
from socklab.views.player import player
from tests.browsing import Visit, chromium, violations, visit
from tests.records import NASTY, kept
from tests.views.test_player import MARKUP, hostile

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LAST = 20
"""The steps of the kept half-close."""

WINDOWS = {
    "phone": {"width": 360, "height": 640},
    "laptop": {"width": 1280, "height": 720},
    "desk": {"width": 1280, "height": 900},
    "projector": {"width": 1920, "height": 1000},
}

Open = Callable[..., Visit]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens the page of a Record; at the end it must have asked for nothing and said nothing."""
    visits = []

    def opened(record: Record, address: str = "", **options: object) -> Visit:
        file = tmp_path / "page.html"
        file.write_text(player(record), encoding="utf-8")
        context = visit(browser, file, address, **{"viewport": WINDOWS["laptop"]} | options)
        seen = context.__enter__()
        visits.append((context, seen))
        if options.get("java_script_enabled", True):
            seen.page.wait_for_selector("body.ready", state="attached")
        return seen

    yield opened
    for context, seen in visits:
        assert seen.requests == []
        assert seen.complaints == []
        context.__exit__(None, None, None)


def step_of(page: Page) -> int:
    """The step that a page is at: its number, its slider and its ladder must agree."""
    number = int(page.inner_text("#position"))
    assert page.input_value("#slider") == str(number)
    lit = page.eval_on_selector_all(".step.now", "all => all.map((each) => each.id)")
    assert lit == ([f"step-{number}"] if page.query_selector(f"#step-{number}") else [])
    return number


def states_of(page: Page) -> dict[str, str]:
    """The state of each end, which its lit box must be of."""
    told = {}
    for figure in page.query_selector_all("figure.end:not([hidden])"):
        who = figure.query_selector(".who").inner_text()  # type: ignore[union-attr]
        state = figure.query_selector("figcaption .state").inner_text()  # type: ignore[union-attr]
        lit = figure.eval_on_selector_all(".here", "all => all.map((each) => each.dataset.state)")
        assert lit == [state]
        told[who] = state
    return told


# --- Steps ------------------------------------------------------------------------------------


def test_it_begins_before_the_first_move_with_everything_to_come(open_page: Open) -> None:
    page = open_page(kept("half-close")).page
    assert step_of(page) == 0
    assert page.locator(".step.ahead").count() == LAST
    assert states_of(page) == {"client": "CLOSED", "server": "CLOSED"}
    assert page.is_disabled("#back") and page.is_disabled("#first")


def test_buttons_go_a_step_on_and_back_and_to_both_ends(open_page: Open) -> None:
    page = open_page(kept("half-close")).page
    for button, step in (
        ("forward", 1), ("forward", 2), ("back", 1), ("last", LAST), ("back", LAST - 1),
        ("first", 0),
    ):  # fmt: skip
        page.click(f"#{button}")
        assert step_of(page) == step
        assert page.locator(".step.ahead").count() == LAST - step


def test_keys_go_where_the_buttons_go(open_page: Open) -> None:
    page = open_page(kept("half-close")).page
    for key, step in (
        ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", LAST), ("Home", 0),
    ):  # fmt: skip
        page.keyboard.press(key)
        assert step_of(page) == step


def test_keys_that_a_control_needs_are_its_own(open_page: Open) -> None:
    page = open_page(kept("half-close")).page
    page.focus("#speed")
    page.keyboard.press("End")
    assert (page.input_value("#speed"), step_of(page)) == ("4", 0)
    page.focus("#slider")
    page.keyboard.press("ArrowRight")
    assert step_of(page) == 1
    page.focus("#predict")
    page.keyboard.press("Space")
    assert page.get_attribute("#predict", "aria-pressed") == "true"
    assert "playing" not in (page.get_attribute("body", "class") or "")


def test_the_slider_goes_to_its_step_and_says_which(open_page: Open) -> None:
    page = open_page(kept("half-close")).page
    page.fill("#slider", "9")
    assert step_of(page) == 9
    assert page.get_attribute("#slider", "aria-valuetext") == "Step 9: The FIN of client arrives"


def test_a_click_on_a_step_goes_there(open_page: Open) -> None:
    page = open_page(kept("half-close")).page
    page.click("#step-4 .move a")
    assert step_of(page) == 4
    page.click("#step-5 .arrow")
    assert step_of(page) == 5


def test_a_link_leads_to_a_step_and_the_address_follows(open_page: Open) -> None:
    page = open_page(kept("half-close"), "#step-7").page
    assert step_of(page) == 7
    page.click("#forward")
    page.wait_for_function("() => location.hash === '#step-8'")
    page.evaluate("location.hash = '#step-3'")
    page.wait_for_function("() => document.getElementById('position').textContent === '3'")
    assert step_of(page) == 3


@pytest.mark.parametrize("address", ["#step-99", "#step--1", "#step-x", "#nowhere", "#%00"])
def test_a_link_to_no_step_is_passed_over(open_page: Open, address: str) -> None:
    assert step_of(open_page(kept("half-close"), address).page) == 0


def test_it_plays_to_the_end_and_stops_there(open_page: Open) -> None:
    page = open_page(kept("half-close"), f"#step-{LAST - 2}").page
    page.select_option("#speed", "4")
    page.keyboard.press("Space")
    assert page.get_attribute("#play", "aria-label") == "Pause"
    page.wait_for_selector("body:not(.playing)", state="attached")
    assert step_of(page) == LAST
    assert page.get_attribute("#play", "aria-label") == "Play"


def test_it_pauses_and_stays(open_page: Open) -> None:
    page = open_page(kept("half-close")).page
    page.click("#play")
    page.wait_for_function("() => document.getElementById('position').textContent === '1'")
    page.click("#play")
    assert "playing" not in (page.get_attribute("body", "class") or "")
    assert step_of(page) == 1


def test_a_long_ladder_is_followed_wherever_one_jumps(open_page: Open) -> None:
    record = kept("half-close")
    long = replace(record, events=[event for _ in range(60) for event in record.events])
    page = open_page(long).page
    for key in ("End", "Home", "ArrowRight", "End", "ArrowLeft"):
        page.keyboard.press(key)
        page.wait_for_function(
            """() => {
                const item = document.querySelector(".step.now");
                if (!item) return document.getElementById("ladder").scrollTop === 0;
                const pane = document.getElementById("ladder").getBoundingClientRect();
                const box = item.getBoundingClientRect();
                return pane.top <= box.top && box.bottom <= pane.bottom;
            }"""
        )
    assert step_of(page) == len(long.moves()) - 1


# --- The moment -------------------------------------------------------------------------------


def test_the_figures_have_the_states_and_the_way_so_far(open_page: Open) -> None:
    page = open_page(kept("half-close"), "#step-9").page
    assert states_of(page) == {"client": "FIN-WAIT-1", "server": "CLOSE-WAIT"}
    inked = page.eval_on_selector_all(
        "#end-1 .arrow.inked", "all => all.map((each) => each.dataset.arrow)"
    )
    assert set(inked) == {
        "CLOSED LISTEN",
        "LISTEN SYN-RECEIVED",
        "SYN-RECEIVED ESTABLISHED",
        "ESTABLISHED CLOSE-WAIT",
    }
    last = page.eval_on_selector_all(".arrow.last", "all => all.map((each) => each.dataset.arrow)")
    assert last == ["ESTABLISHED CLOSE-WAIT"]
    assert page.inner_text("#end-1 .cause") == "by FIN"


def test_closed_is_lit_where_the_way_ended(open_page: Open) -> None:
    page = open_page(kept("half-close"), f"#step-{LAST}").page
    assert states_of(page)["server"] == "CLOSED"
    lit = page.eval_on_selector("#end-1 .here rect", "box => box.getBoundingClientRect().top")
    listen = page.eval_on_selector(
        "#end-1 [data-state=LISTEN] rect", "box => box.getBoundingClientRect().top"
    )
    assert lit > listen


def test_every_step_shows_the_rows_of_its_look_word_for_word(open_page: Open) -> None:
    record = kept("half-close")
    page = open_page(record, viewport=WINDOWS["projector"]).page
    looks = page.evaluate("""() => {
        const told = [];
        for (let step = 0; step <= Number(document.getElementById("slider").max); step++) {
            const rows = [...document.querySelectorAll("#rows li")];
            told.push(rows.map((row) => row.textContent));
            document.getElementById("forward").click();
        }
        return told;
    }""")
    rows: list[str] = []
    expected = []
    for event in record.events:
        if isinstance(event, Move):
            expected.append(rows)
        elif hasattr(event, "rows"):
            rows = [text.rstrip() for texts in event.rows.values() for text in texts]
    assert looks == [*expected, rows]


def test_sockets_have_their_queues_and_timers_and_what_changed_is_marked(open_page: Open) -> None:
    page = open_page(kept("half-close"), "#step-9", viewport=WINDOWS["projector"]).page
    cells = page.eval_on_selector_all(
        "#facts tr", "rows => rows.map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    assert [(row[0], row[3], row[4], row[5]) for row in cells] == [
        ("client", "FIN-WAIT-1", "0", "1"),
        ("server", "LISTEN", "0", "128"),
        ("server", "CLOSE-WAIT", "1", "0"),
    ]
    assert cells[0][6].startswith("retransmission ")
    assert page.locator("#facts .changed").all_inner_texts() == ["1"]
    assert "CLOSE-WAIT" in page.locator("#rows mark").all_inner_texts()
    assert page.inner_text("#wire") == "server → client: ACK seq 1 ack 2"


def test_a_blocked_call_is_told_until_it_returns(open_page: Open) -> None:
    page = open_page(kept("half-close"), "#step-4", viewport=WINDOWS["projector"]).page
    assert page.inner_text("#blocked") == "server: accept()\nclient: connect(server:80)"
    page.keyboard.press("End")
    assert page.inner_text("#blocked") == "no call"


def test_the_lines_of_move_and_call_are_lit(open_page: Open) -> None:
    record = replace(kept("half-close"), file="lab.py", source="one\ntwo\nthree\n")
    moves = [replace(e, where="lab.py:3") if isinstance(e, Move) else e for e in record.events]
    events = [replace(e, where="lab.py:1") if isinstance(e, Call) else e for e in moves]
    page = open_page(replace(record, events=events), "#step-1").page
    assert page.locator(".code .story").all_text_contents() == ["three"]
    assert page.locator(".code .calling").all_text_contents() == ["one"]
    assert page.get_attribute(".code .calling", "data-who") == "server"


def test_the_expectations_of_a_step_are_told(open_page: Open) -> None:
    page = open_page(kept("half-close"), "#step-8").page
    assert page.inner_text("#claims") == "✓1 client FIN-WAIT-1, server ESTABLISHED"
    page.click("#step-9 .mark")
    assert page.is_visible("#expect-2")


def test_a_connection_can_be_kept_in_sight(open_page: Open) -> None:
    page = open_page(kept("two-clients")).page
    page.keyboard.press("End")
    names = page.locator("#which option").all_inner_texts()
    assert names[0] == "the one at hand" and len(names) >= 3
    page.select_option("#which", label=names[1])
    first = page.inner_text("#end-0 .address")
    page.select_option("#which", label=names[2])
    assert page.inner_text("#end-0 .address") != first


# --- Prediction -------------------------------------------------------------------------------


def test_prediction_covers_what_comes_until_the_reader_has_chosen(open_page: Open) -> None:
    page = open_page(kept("half-close"), "#step-8").page
    page.click("#predict")
    assert page.inner_text("#sentence") == "The FIN of client arrives. What follows?"
    assert step_of(page) == 8
    covered = "#step-9 .rungs, #step-9 .marks, #step-10 .move, .proof, .expects, .header"
    for hidden in page.query_selector_all(covered):
        assert not hidden.is_visible()
    assert page.is_visible("#step-9 .move")
    for key in ("ArrowRight", "End"):
        page.keyboard.press(key)
        assert step_of(page) == 8
    assert page.evaluate("document.activeElement.textContent") == "stays FIN-WAIT-1"
    page.fill("#slider", "15")
    assert step_of(page) == 8
    page.click("#question >> text=stays FIN-WAIT-1")
    assert step_of(page) == 8
    page.click("#question >> text=CLOSE-WAIT")
    assert step_of(page) == 9
    assert page.is_visible("#step-9 .rungs")
    told = page.inner_text("#question")
    assert "client stays FIN-WAIT-1" in told and "server is in CLOSE-WAIT" in told
    assert told.endswith("2 of 2 right")


def test_a_wrong_prediction_is_told_what_is_right(open_page: Open) -> None:
    page = open_page(kept("half-close"), "#step-8").page
    page.click("#predict")
    page.click("#question >> text=TIME-WAIT >> nth=0")
    page.click("#question >> text=CLOSE-WAIT")
    assert page.locator(".was-wrong").inner_text() == "client stays FIN-WAIT-1, not TIME-WAIT"
    assert "1 of 2 right" in page.inner_text("#question")


def test_who_does_not_want_to_choose_is_shown(open_page: Open) -> None:
    page = open_page(kept("half-close"), "#step-8").page
    page.click("#predict")
    page.click("text=Show me")
    assert step_of(page) == 9
    assert "right" not in page.inner_text("#question")
    page.click("#predict")
    assert page.locator(".asked").count() == 0
    page.keyboard.press("End")
    assert step_of(page) == LAST


def test_what_was_shown_in_prediction_may_be_seen_again(open_page: Open) -> None:
    page = open_page(kept("half-close"), "#step-3").page
    page.click("#predict")
    page.keyboard.press("Home")
    assert step_of(page) == 0
    page.keyboard.press("ArrowRight")
    assert step_of(page) == 1
    page.keyboard.press("End")
    assert step_of(page) == 3
    assert page.locator(".asked").get_attribute("id") == "step-4"


def test_every_step_can_be_predicted_to_the_end(open_page: Open) -> None:
    page = open_page(kept("two-clients")).page
    page.click("#predict")
    last = int(page.get_attribute("#slider", "max") or 0)
    for step in range(1, last + 1):
        assert step_of(page) == step - 1
        for fieldset in page.query_selector_all("#question fieldset"):
            fieldset.query_selector("button").click()  # type: ignore[union-attr]
        page.keyboard.press("ArrowRight")
    assert step_of(page) == last


# --- Panes, light, print ----------------------------------------------------------------------


@pytest.mark.parametrize("window", WINDOWS)
def test_every_pane_can_be_seen_in_every_window(open_page: Open, window: str) -> None:
    page = open_page(kept("half-close"), "#step-9", viewport=WINDOWS[window]).page
    for name in ("ladder", "states", "sockets", "source", "lab"):
        button = page.locator(f".views [data-view={name}]")
        if button.is_visible():
            button.click()
            assert button.get_attribute("aria-pressed") == "true"
        box = page.locator(f"#{name}").bounding_box()
        assert box is not None and box["height"] > 60 and box["width"] > 200, name


@pytest.mark.parametrize("window", WINDOWS)
def test_nothing_is_wider_than_the_window(open_page: Open, window: str) -> None:
    record = replace(kept("mishaps"), title="A title with averylongwordthatgoesonandonandon " * 4)
    page = open_page(record, viewport=WINDOWS[window]).page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.body.scrollWidth <= innerWidth")
    controls = page.locator(".transport button, .transport select, .transport input")
    for control in controls.all():
        box = control.bounding_box()
        assert box is not None and box["x"] >= 0
        assert box["x"] + box["width"] <= WINDOWS[window]["width"]


def test_a_pane_that_a_wider_window_always_shows_is_not_chosen_there(open_page: Open) -> None:
    page = open_page(kept("half-close"), viewport=WINDOWS["phone"]).page
    page.click(".views [data-view=states]")
    page.set_viewport_size({"width": 1920, "height": 1000})
    page.wait_for_selector(".views [data-view=source][aria-pressed=true]")
    assert page.is_visible("#states") and page.is_visible("#source")


def test_the_figures_can_be_enlarged_and_steps_go_on(open_page: Open) -> None:
    page = open_page(kept("half-close"), "#step-9").page
    small = page.locator("#end-0 svg").bounding_box()
    page.click("#enlarge")
    large = page.locator("#end-0 svg").bounding_box()
    assert small is not None and large is not None and large["width"] > 1.2 * small["width"]
    assert page.locator("#end-0 .name").first.is_visible()
    page.keyboard.press("ArrowRight")
    assert states_of(page)["client"] == "FIN-WAIT-2"
    page.keyboard.press("Escape")
    assert page.get_attribute("#enlarge", "aria-pressed") == "false"


def test_light_and_dark_can_be_chosen_and_are_kept(open_page: Open) -> None:
    page = open_page(kept("half-close"), color_scheme="light").page

    def paper() -> str:
        return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))

    light = paper()
    page.emulate_media(color_scheme="dark")
    dark = paper()
    assert light != dark
    page.click("#theme")
    assert (page.inner_text("#theme"), paper()) == ("Theme: light", light)
    page.reload()
    page.wait_for_selector("body.ready", state="attached")
    assert paper() == light


def test_print_is_the_whole_ladder_in_ink(open_page: Open) -> None:
    page = open_page(kept("half-close"), "#step-3", color_scheme="dark").page
    page.click("#predict")
    page.emulate_media(media="print")
    for gone in (".transport", "#now", "#states", "#source", "#sockets", ".views"):
        assert page.is_hidden(gone)
    colors = page.eval_on_selector_all(
        ".step .call", "all => all.map((each) => getComputedStyle(each).color)"
    )
    assert set(colors) == {"rgb(0, 0, 0)"}
    for item in page.query_selector_all(".step"):
        assert item.is_visible()
    assert page.is_visible(".proof") and page.is_visible(".expects")
    assert page.evaluate("document.documentElement.scrollHeight") > 900


def test_without_scripts_it_can_be_read(open_page: Open) -> None:
    page = open_page(kept("half-close"), java_script_enabled=False).page
    for shown in ("#step-1", f"#step-{LAST}", "#end-1 svg", "#source", "#lab", ".proof"):
        assert page.locator(shown).is_visible()
    for hidden in (".transport", "#now", ".views", "#sockets", "#theme"):
        assert page.locator(hidden).is_hidden()


# --- For everybody, and against some ----------------------------------------------------------


@pytest.mark.parametrize(
    ("window", "light"),
    [("phone", "light"), ("laptop", "dark"), ("desk", "light"), ("projector", "dark")],
)
def test_axe_finds_nothing_serious(open_page: Open, window: str, light: str) -> None:
    page = open_page(kept("mishaps"), "#step-4", viewport=WINDOWS[window], color_scheme=light).page
    found = violations(page)
    for button in page.locator(".views button").all():
        if button.is_visible():
            button.click()
            found += violations(page)
    page.click("#predict")
    found += violations(page)
    assert found == []


def test_axe_finds_nothing_serious_in_a_failed_run(open_page: Open) -> None:
    record = kept("half-close")
    trouble = Trouble(1.0, "client", "ValueError: no", ("What ss showed:", "nothing"))
    failed = replace(record, passed=False, events=[*record.events[:50], trouble])
    assert violations(open_page(failed, "#step-2").page) == []


def test_what_is_said_is_the_step_and_its_changes(open_page: Open) -> None:
    page = open_page(kept("half-close"), "#step-8").page
    page.wait_for_function("() => document.getElementById('spoken').textContent !== ''")
    assert page.text_content("#spoken") == (
        "Step 8. client calls shutdown(). client from ESTABLISHED to FIN-WAIT-1"
    )


@pytest.mark.parametrize("text", [*MARKUP, *NASTY, "\u2028", "__proto__", "constructor"])
def test_a_hostile_record_is_shown_and_runs_nothing(open_page: Open, text: str) -> None:
    record = hostile(kept("mishaps"), text)
    for event in record.events:
        if hasattr(event, "was"):
            object.__setattr__(event, "was", text)
            object.__setattr__(event, "now", text)
    calm = open_page(hostile(kept("mishaps"), "calm")).page
    page = open_page(record).page
    count = "document.querySelectorAll('script, style, img, iframe, [onclick], [onerror]').length"
    assert page.evaluate(count) == calm.evaluate(count)
    for key in ("End", "Home", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    page.click("#predict")
    page.click("text=Show me")
    assert page.evaluate(count) == calm.evaluate(count)
    assert re.search(r"\S", page.inner_text("#sentence"))
