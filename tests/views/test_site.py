"""The site as text: every link leads somewhere, to the step that shows it, and data stay text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote

import pytest
from hypothesis import given, settings, strategies as st

from socklab.claims import Evidence, Judged, Verdict, said as every_claim
from socklab.claims.document import observed
from socklab.coverage import FIGURE_5, Column
from socklab.grid import Grid
from socklab.outcome import Outcome
from socklab.record import Expect, Look, Record, State as StateEvent, Trouble
from socklab.tcp import CLOSED, LINUX_STEPS, LISTEN, STEPS, State
from socklab.views.player.steps import steps
from socklab.views.site import Entry, Site, pages
from socklab.views.site.labs import Labs
from socklab.views.site.witnesses import Witnesses
from tests import grids
from tests.records import NASTY, kept, records
from tests.views.test_player import MARKUP, Page, hostile, read

NAMES = ("half-close", "simultaneous-close", "two-clients", "mishaps", "refused")

OTHERS = ["coverage.html", "grid.html", "claims.html", "index.html"]


def entry(record: Record, *, code: int | None = None, **header: str) -> Entry:
    """A lab that came to what its Record says, in a folder `close`."""
    passed = 0 if record.passed else 1
    outcome = Outcome(record.lab, "close", passed if code is None else code, record=record)
    return Entry(outcome, record.title, {"Question": record.question, **header})


def made(*entries: Entry, grid: Grid | str = "They were not tried.") -> dict[str, str]:
    """The files of a site of these labs."""
    return dict(pages(Site(entries, grid=grid, observed=observed())))


@dataclass
class Files:
    """A site as a browser reads it."""

    pages: Mapping[str, Page]

    def ids(self, name: str) -> set[str]:
        return {said["id"] for _, said in self.pages[name].elements if "id" in said}

    def dead_ends(self) -> list[str]:
        """The links that lead nowhere."""
        found = []
        for name, page in self.pages.items():
            for _, said in page.elements:
                file, mark, place = said.get("href", "#").partition("#")
                to = unquote(file) or name
                if to not in self.pages:
                    found.append(f"{name}: {said['href']}")
                # step-0 is before the first, and what has a `=` is a filter.
                elif place and "=" not in place and place != "step-0" and mark:
                    found += [] if unquote(place) in self.ids(to) else [f"{name}: {said['href']}"]
        return found


def files(texts: Mapping[str, str]) -> Files:
    return Files({name: read(text) for name, text in texts.items()})


KEPT = tuple(entry(kept(name), Tags="close, FIN") for name in NAMES)

SITE = made(*KEPT, grid=grids.kept())


# --- A folder of files ------------------------------------------------------------------------


def test_every_lab_has_its_page_and_the_index_comes_last() -> None:
    assert list(SITE) == [*(f"{name}.html" for name in NAMES), *OTHERS]


def test_every_link_leads_to_a_page_of_the_site_and_to_a_place_in_it() -> None:
    assert files(SITE).dead_ends() == []
    spoiled = {**SITE, "claims.html": SITE["claims.html"].replace("#step-8", "#step-99")}
    assert files(spoiled).dead_ends() != [], "the test can say no"


@pytest.mark.parametrize("name", OTHERS)
def test_a_page_asks_for_nothing_and_its_policy_allows_nothing_else(name: str) -> None:
    page = read(SITE[name])
    for tag, said in page.elements:
        assert not {"src", "srcset", "action", "style"} & said.keys(), tag
        assert not [each for each in said if each.startswith("on")]
        assert not re.match(r"[a-z]+:|/", said.get("href", "")), "links are relative"
    assert "url(" not in SITE[name] and "@import" not in SITE[name]
    (policy,) = [said["content"] for _, said in page.elements if "http-equiv" in said]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


def test_a_lab_leads_back_to_the_index_and_on_to_the_next() -> None:
    first = entry(kept("half-close"), Next="mishaps")
    labs = [first, entry(kept("two-clients"), Next="not-here"), entry(kept("mishaps"))]
    texts = made(*labs)

    def around(name: str) -> list[tuple[str, str]]:
        (nav,) = re.findall(r'<nav class="around".*?</nav>', texts[name])
        return re.findall(r'<a href="([^"]*)" title="[^"]*">([^<]*)</a>', nav)

    back = ("index.html", "All labs")
    assert around("half-close.html") == [back, ("mishaps.html", "Next lab")], "as its header says"
    assert around("two-clients.html") == [back, ("mishaps.html", "Next lab")], "as the site goes on"
    assert around("mishaps.html") == [back], "the last of the site"
    named = replace(kept("half-close"), header={"Next": "mishaps"})
    told = made(entry(named), entry(kept("mishaps")))["half-close.html"]
    assert '<dt>Next lab</dt><dd><a href="mishaps.html">mishaps</a></dd>' in told


def test_labs_of_a_folder_stand_together() -> None:
    elsewhere = replace(KEPT[1].outcome, folder="abort")
    index = read(made(KEPT[0], replace(KEPT[1], outcome=elsewhere), KEPT[2])["index.html"])
    order = [said["href"] for _, said in index.elements if said.get("href", "").endswith(".html")]
    assert order[4:] == ["half-close.html", "two-clients.html", "simultaneous-close.html"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            ["half-close", "half-close", "Half-Close"],
            ["half-close", "half-close-2", "Half-Close-3"],
        ),
        (["index", "coverage", "GRID"], ["index-2", "coverage-2", "GRID-2"]),
        (["a b?<c>", "..", "", "../up", "con"], ["a-b-c", "lab", "lab-2", "up", "con-2"]),
        (["über", "日本", "x" * 300, "\udc80"], ["über", "日本", "x" * 60, "lab"]),
    ],
)
def test_a_page_has_a_file_that_every_system_can_have(
    names: Sequence[str], expected: Sequence[str]
) -> None:
    labs = Labs([entry(replace(kept("refused"), lab=name)) for name in names])
    assert [lab.file for lab in labs] == [f"{name}.html" for name in expected]
    assert files(made(*(lab.entry for lab in labs))).dead_ends() == []


# --- The index --------------------------------------------------------------------------------


def items(text: str) -> list[dict[str, str]]:
    return [said for _, said in read(text).classed("lab")]


def test_a_lab_is_told_with_the_states_that_each_end_came_to_be_in() -> None:
    (item,) = items(made(KEPT[0])["index.html"])
    states = (
        "SYN-SENT,ESTABLISHED,FIN-WAIT-1,FIN-WAIT-2,TIME-WAIT,"
        "LISTEN,SYN-RECEIVED,CLOSE-WAIT,LAST-ACK,CLOSED"
    )
    assert item == {
        "class": "lab passed",
        "data-tags": "close,fin",
        "data-states": states,
        "data-level": "",
        "data-verdict": "passed",
    }
    text = " ".join(read(made(KEPT[0])["index.html"]).text.split())
    assert "clientSYN-SENT · ESTABLISHED · FIN-WAIT-1 · FIN-WAIT-2 · TIME-WAIT" in text
    assert "1 lab on Linux 6.18 (tun): 1 passed." in text


def test_what_became_of_a_lab_is_told_and_what_never_ran_has_no_page() -> None:
    interrupted = kept("mishaps")
    interrupted.passed = False
    interrupted.events.append(Trouble(1.0, "Ctrl-C", "the run was interrupted"))
    texts = made(
        entry(kept("half-close-loopback")),
        Entry(replace(entry(kept("refused")).outcome, why="refused.py:7: expected\nserver LISTEN")),
        Entry(Outcome("handshake", "establish", 3, "handshake needs a held wire"), "The handshake"),
        entry(interrupted, code=130),
    )
    told = {said["data-verdict"] for said in items(texts["index.html"])}
    assert told == {"passed in part", "failed", "could not run", "interrupted"}
    text = read(texts["index.html"]).text
    assert "refused.py:7: expected server LISTEN" in text
    assert "The handshake could not run" in text and "handshake needs a held wire" in text
    assert "4 labs on " in text
    assert ": 1 passed in part, 1 failed, 1 could not run, 1 interrupted." in text
    assert "handshake.html" not in texts and {"refused.html", "mishaps.html"} < texts.keys()
    assert files(texts).dead_ends() == []


def test_of_no_labs_there_is_a_site_that_says_so() -> None:
    texts = made()
    assert list(texts) == OTHERS
    assert "No lab was run." in read(texts["index.html"]).text
    assert "They were not tried." in read(texts["grid.html"]).text
    assert files(texts).dead_ends() == []


# --- What is witnessed ------------------------------------------------------------------------


def test_a_step_that_an_arrow_leads_to_has_that_change_of_state() -> None:
    labs = Labs(KEPT)
    seen = Witnesses(labs)
    checked = 0
    for step in FIGURE_5:
        assert bool(seen.of(step)) == bool(seen.counted.seen(step))
        for place in seen.of(step):
            assert place.lab.record is not None
            there = steps(place.lab.record)[place.step]
            changes = [e for e in there.events if isinstance(e, StateEvent)]
            # Linux keeps the listener in a row of its own, and its child comes from nowhere.
            was = {str(step.state)} | ({str(CLOSED)} if step.state is LISTEN else set())
            assert any(e.was in was and e.now == str(step.next) for e in changes), (step, place)
            checked += 1
    assert checked > 30


def test_it_witnesses_what_coverage_counts() -> None:
    seen = Witnesses(Labs(KEPT))
    for step in STEPS + LINUX_STEPS:
        told = {(place.lab.entry.name, place.host, place.instead) for place in seen.of(step)}
        assert told == {(each.lab, each.host, each.instead) for each in seen.counted.seen(step)}
    for state in State:
        for column in Column:
            labs = [place.lab.entry.name for place in seen.cell(state, column)]
            assert labs == seen.counted.cell(state, column), (state, column)


def test_a_number_of_events_counts_labs_and_leads_to_their_steps() -> None:
    page = read(SITE["coverage.html"])
    counts = re.findall(r'<td><a href="#([a-z0-9-]+)">(\d+)</a></td>', SITE["coverage.html"])
    assert ("listen-syn", "5") not in counts
    assert dict(counts)["listen-syn"] == "4", "nobody listens in one of the five"
    for place, count in counts:
        (listed,) = re.findall(rf'id="{place}"><dt>[^<]*</dt><dd>(.*?)</dd>', SITE["coverage.html"])
        assert listed.count("<a ") == int(count)
    assert len(page.classed("wide")) == 2


def test_an_arrow_of_the_figure_is_a_link_if_it_was_seen() -> None:
    arrows = re.findall(
        r'(<a href="[^"]*">\n?)?<g class="arrow (\w+)" data-arrow="([^"]*)">', SITE["coverage.html"]
    )
    assert len(arrows) == len(FIGURE_5)
    linked = Counter((line, bool(link)) for link, line, _ in arrows)
    assert linked[("inked", False)] == linked[("faint", True)] == 0
    assert linked[("inked", True)] > 10


def test_a_run_whose_rows_do_not_read_witnesses_nothing_and_the_page_says_so() -> None:
    record = kept("half-close")
    looks = iter(range(99))
    record.events = [
        Look(e.at_s, {"client": ("nonsense",)}) if isinstance(e, Look) and next(looks) == 5 else e
        for e in record.events
    ]
    text = read(made(entry(record))["coverage.html"]).text
    assert "Not counted, since their rows of ss do not read: half-close." in text
    assert "0 were seen on real ends, in 0 labs" in text


def test_on_loopback_nothing_is_witnessed() -> None:
    text = read(made(entry(kept("half-close-loopback")))["coverage.html"]).text
    assert "Not counted, since nobody sees segments on loopback: half-close." in text


# --- The grid ---------------------------------------------------------------------------------


def test_the_grid_has_every_cell_and_marks_where_linux_differs() -> None:
    grid = grids.kept()
    cells = re.findall(r"<td([^>]*)>", SITE["grid.html"])
    spans = [int(match[1]) if (match := re.search(r'colspan="(\d+)"', td)) else 1 for td in cells]
    assert sum(spans) == len(grid.outcomes) == 588
    differing = sum(n for n, td in zip(spans, cells, strict=True) if "differs" in td)
    text = read(SITE["grid.html"]).text
    assert f"Linux differs from that in {differing} of 588 cells" in text
    ideal = made(grid=grids.ideal())["grid.html"]
    assert "differs" not in "".join(re.findall(r"<td([^>]*)>", ideal))


# --- Claims -----------------------------------------------------------------------------------


CLAIM = every_claim()[1]
"""All that decides it is in half-close."""


def claim(text: str, number: int) -> str:
    """What the page tells of a claim."""
    (article,) = re.findall(rf'id="claim-{number}">(.*?)</article>', text, re.DOTALL)
    return " ".join(read(article).text.split())


def test_a_claim_is_judged_by_the_runs_of_the_site_and_leads_to_the_steps() -> None:
    (article,) = re.findall(r'id="claim-2">(.*?)</article>', SITE["claims.html"], re.DOTALL)
    assert 'class="judged false"' in article
    places = re.findall(r'href="half-close.html#step-(\d+)"', article)
    told = steps(kept("half-close"))
    shown = [each for each in CLAIM.evidence if each.met(kept("half-close"))]
    assert len(places) == len(shown) == 2, "the kept run is of an older story"
    assert article.count("(not met here)") == 1
    for place, evidence in zip(places, shown, strict=True):
        met = [expect for _, expect in told[int(place)].expects]
        assert any(
            set(evidence.shows) <= {f"{name} {value}" for name, value in each.expected.items()}
            for each in met
        )


def test_what_did_not_run_here_is_taken_from_elsewhere_and_said_to_be() -> None:
    texts = made(entry(kept("mishaps")))
    told = claim(texts["claims.html"], 2)
    assert "false" in told and "(not run here; met on Linux 6.18)" in told
    assert "For 27 claims some evidence is not from here" in read(texts["claims.html"]).text


def test_what_ran_here_and_was_not_met_is_not_taken_from_elsewhere() -> None:
    record = kept("half-close")
    record.events = [e for e in record.events if not isinstance(e, Expect)]
    told = claim(made(entry(record))["claims.html"], 2)
    assert "undecided" in told and told.count("(not met here)") == 3


def test_what_loopback_cannot_show_is_taken_from_elsewhere() -> None:
    assert "false" in claim(made(entry(kept("half-close-loopback")))["claims.html"], 2)


def test_evidence_that_waits_is_put_only_where_labs_wait() -> None:
    waits = Evidence("half-close", ("client on the moon",), slow=True)
    judged = Judged(replace(CLAIM, speaks_for=(waits,), speaks_against=()), frozenset((waits,)))
    assert judged.verdict is Verdict.TRUE
    for slow, verdict in ((False, "true"), (True, "undecided")):
        texts = dict(pages(Site(KEPT[:1], observed=[judged], slow=slow)))
        assert f'class="judged {verdict}"' in texts["claims.html"]


# --- Data are text ----------------------------------------------------------------------------


@pytest.mark.parametrize("text", [*MARKUP, *NASTY])
def test_what_a_lab_or_a_run_says_is_never_markup(text: str) -> None:
    def of(text: str) -> dict[str, str]:
        record = hostile(kept("half-close"), text)
        header = {"Question": text, "Tags": text, "Level": text, "Next": text}
        outcomes = [
            Outcome(text, text, 1, text, record),
            Outcome(text, text, 3, text),
        ]
        entries = [Entry(outcome, text, header) for outcome in outcomes]
        site = Site(entries, grid=text, observed=observed(), made=text)
        return dict(pages(site))

    plain, spoiled = of("word"), of(text)
    assert len(plain) == len(spoiled)
    for name in OTHERS:
        tags = [Counter(tag for tag, _ in read(each[name]).elements) for each in (plain, spoiled)]
        # A comma parts tags, of which each is a link and an option.
        assert tags[0].keys() == tags[1].keys()
        assert tags[0]["script"] == tags[1]["script"] and tags[0]["style"] == tags[1]["style"]
        for _, said in read(spoiled[name]).elements:
            assert not [each for each in said if each.startswith("on")]
            assert not said.get("href", "").lower().startswith("javascript:")
    assert files(spoiled).dead_ends() == []


@given(st.lists(records(), max_size=2))
@settings(max_examples=25, deadline=None)
def test_any_records_make_a_site_whose_links_lead_somewhere(runs: list[Record]) -> None:
    assert files(made(*(entry(record) for record in runs))).dead_ends() == []


def test_every_state_has_a_place_among_the_events() -> None:
    heads = re.findall(r'<th scope="row">([A-Z0-9-]+)</th><td>', SITE["coverage.html"])
    assert heads == [str(state) for state in State]
