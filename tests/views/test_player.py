"""The player as text: one file, every step in it, and whatever a Record says stays text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field, fields, replace
from html.parser import HTMLParser
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from socklab.host import LOOK
from socklab.lab import load
from socklab.moves import Verb
from socklab.packs import catalogue
from socklab.record import Event, Expect, Fate, Look, Move, Record, Segment, State, Trouble
from socklab.views.columns import clean
from socklab.views.ending import claim, verdict_of
from socklab.views.player import STYLES, file, player
from socklab.views.player.code import code
from socklab.views.player.ends import Ends
from socklab.views.player.moves import sentence
from socklab.views.player.page import COMMAND
from socklab.views.player.rows import Rows, Told, changed
from socklab.views.player.steps import steps
from socklab.views.player.text import embedded, escaped
from socklab.views.rungs import rungs
from tests.records import NASTY, kept, kept_names, records
from tests.runs import every_lab

MOST = 300 * 1024
"""Bytes that a lab's page may have."""

QUICK = [name for name, path in catalogue().items() if not load(path).slow]

MARKUP = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<!--<script>",
    '"><img src=x onerror=alert(1)>',
    "' onclick='alert(1)",
    "]]></style><style>*{display:none}</style>",
    "javascript:alert(1)",
    "$script$ $data$",
    "&lt;b&gt; &amp;",
)
"""What would be more than text if it were let."""


@dataclass
class Page(HTMLParser):
    """A page as a browser reads it: its elements, and its text by the element that it is in."""

    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    text: str = ""
    scripts: list[tuple[dict[str, str], str]] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._in = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.elements.append((tag, said))
        if tag in ("script", "style"):
            self._in = tag
            if tag == "script":
                self.scripts.append((said, ""))
            else:
                self.styles.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in == "script":
            said, before = self.scripts[-1]
            self.scripts[-1] = said, before + data
        elif self._in == "style":
            self.styles[-1] += data
        else:
            self.text += data

    @property
    def data(self) -> Any:
        (told,) = [text for said, text in self.scripts if said.get("type") == "application/json"]
        return json.loads(told)

    def classed(self, name: str) -> list[tuple[str, dict[str, str]]]:
        return [each for each in self.elements if name in each[1].get("class", "").split()]


def read(html: str) -> Page:
    page = Page()
    page.feed(html)
    page.close()
    return page


def shown(name: str) -> Page:
    return read(player(kept(name)))


# --- One file ---------------------------------------------------------------------------------


def test_a_page_is_one_file_that_asks_for_nothing() -> None:
    html = player(kept("half-close"))
    page = read(html)
    assert html.startswith("<!doctype html>")
    assert page.elements[2] == ("meta", {"charset": "utf-8"})
    for tag, said in page.elements:
        assert not {"src", "srcset", "data", "action", "style"} & said.keys(), tag
        assert said.get("href", "#").startswith("#")
        assert not [name for name in said if name.startswith("on")]
    assert (
        "@import" not in html
        and "url(" not in html
        and "http" not in html.replace("http-equiv", "")
    )


def test_its_policy_allows_its_own_styles_and_scripts_and_nothing_else() -> None:
    page = shown("half-close")
    (policy,) = [said["content"] for tag, said in page.elements if "http-equiv" in said]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules.pop("default-src") == rules.pop("base-uri") == rules.pop("form-action") == "'none'"

    def hashes(texts: list[str]) -> list[str]:
        digests = [hashlib.sha256(text.encode()).digest() for text in texts]
        return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]

    code = [text for said, text in page.scripts if said.get("type") != "application/json"]
    assert rules.pop("style-src").split() == hashes(page.styles)
    assert rules.pop("script-src").split() == hashes(code)
    assert rules == {}


@pytest.mark.parametrize("name", kept_names())
def test_a_page_is_small(name: str) -> None:
    assert len(player(kept(name)).encode()) < MOST


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.kernel
def test_the_page_of_every_lab_is_small_and_has_all_steps(name: str) -> None:
    record = every_lab()[name]
    html = player(record)
    assert len(html.encode()) < MOST
    page = read(html)
    assert len(page.data["steps"]) == len(record.moves()) + 1
    lit = {told["line"] for told in page.data["steps"][1:]}
    assert 0 not in lit, "a move's line is not in the source"


def test_the_view_of_a_record_needs_nothing_that_linux_has() -> None:
    blocked = (
        "trio",
        "fcntl",
        "termios",
        "pwd",
        "grp",
        "resource",
        "socklab.host",
        "socklab.bench",
    )
    program = f"""
import sys
for name in {blocked!r}:
    sys.modules[name] = None
from socklab.record import Record
from socklab.views.player import player
print(len(player(Record("", "wire", "", {{}}))))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert int(ran.stdout) > 1000


def test_colors_and_type_have_a_file_of_their_own() -> None:
    assert STYLES[0] == "look.css"
    for name in STYLES[1:]:
        assert not re.search(r"#[0-9a-f]{3,8}\b(?=[;, )])", file(name)), f"{name} has a color"


# --- Steps ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", kept_names())
def test_the_steps_are_the_moves_and_have_every_event_and_rung_once(name: str) -> None:
    record = kept(name)
    told = steps(record)
    assert [event for step in told for event in step.events] == record.events
    assert [step.move.text for step in told[1:] if step.move] == record.moves()
    assert [step.begin for step in told] == sorted(step.begin for step in told)
    unlooked = replace(record, events=[e for e in record.events if not isinstance(e, Look)])
    plain = [rung for rung in rungs(unlooked, verbose=True) if not rung.is_move]
    assert [rung for step in told for rung in step.rungs] == plain
    numbered = [each for step in told for each in step.expects]
    assert numbered == list(enumerate(record.of(Expect), start=1))


@pytest.mark.parametrize("name", kept_names())
def test_every_step_is_an_item_that_a_link_leads_to(name: str) -> None:
    record, page = kept(name), shown(name)
    items = [said["id"] for _, said in page.classed("step")]
    first = 0 if "step-0" in items else 1
    assert items == [f"step-{number}" for number in range(first, len(record.moves()) + 1)]
    ids = Counter(said["id"] for _, said in page.elements if "id" in said)
    assert [name for name, count in ids.items() if count > 1] == []
    for _, said in page.elements:
        if "href" in said:
            assert said["href"].removeprefix("#") in ids


def test_a_run_without_moves_is_one_step() -> None:
    page = read(player(Record("", "wire", "", {})))
    assert len(page.data["steps"]) == 1
    assert page.data["connections"] == [{"name": "", "ends": []}]


def test_a_ladder_says_in_words_what_it_shows_by_place() -> None:
    page = shown("half-close")
    assert "client to server: SYN seq 0" in page.text
    assert "server to client: FIN seq 11 ack 2" in page.text
    assert "client: shutdown(SHUT_WR)" in page.text
    assert "server: LAST-ACK" in page.text


def test_dropped_held_forged_and_copied_segments_differ_without_color() -> None:
    page = shown("mishaps")
    arrows = {
        kind: len(page.classed(kind))
        for kind in ("dropped", "held", "rest", "again", "forged", "sourceless")
    }
    assert all(arrows.values()), arrows
    assert "dropped" in page.text and "(copy)" in page.text and "(injected)" in page.text
    ends = Counter(tag for tag, said in page.elements if said.get("class") in ("lost", "stop"))
    assert ends["svg"] == arrows["dropped"] and ends["i"] == arrows["held"]


def test_more_than_two_hosts_have_a_lane_each() -> None:
    hosts = {"client": "10.0.0.1", "proxy": "10.0.0.3", "server": "10.0.0.2", "other": "10.0.0.4"}
    events: list[Event] = [
        Move(0.1, "carry client 1 SYN"),
        Segment(0.1, "client", "other", 1, "S", 0, None, 0, Fate.CARRIED),
        State(0.1, "proxy", "10.0.0.3:80", "10.0.0.1:4000", "CLOSED", "SYN-RECEIVED", "S"),
    ]
    html = player(Record("", "wire", "", hosts, events=events))
    page = read(html)
    (arrow,) = [said for _, said in page.classed("arrow") if "right" in said["class"].split()]
    assert "f0 t3" in arrow["class"]
    (note,) = page.classed("note")
    assert "at1" in note[1]["class"]
    assert ".rung .arrow.t3 { grid-column-end: 4; }" in page.styles[0]
    assert ".rung .note.at3 { grid-column: 3; }" in page.styles[0]


@pytest.mark.parametrize("verb", Verb)
def test_every_move_has_a_sentence(verb: Verb) -> None:
    move = f"{verb.value} client 3 data 1.5"
    told = sentence(move)
    assert told != move
    assert "client" in told


def test_a_move_that_nobody_knows_is_its_own_sentence() -> None:
    for text in ("", "call", "juggle client 3", "carry client", "wait client"):
        assert sentence(text) == text


def test_moves_in_sentences() -> None:
    assert sentence("call client shutdown") == "client calls shutdown()"
    assert sentence("call client shutdown(SHUT_WR)") == "client calls shutdown(SHUT_WR)"
    assert sentence("carry client 3 FIN") == "The FIN of client arrives"
    assert sentence("drop server 4 data copy") == "The copied data of server is lost"
    assert sentence("delay server 4 ACK 0.5") == "The ACK of server is delayed by 0.5 s"
    assert sentence("unreachable client 1 SYN host") == (
        "The SYN of client is lost, and a router says: host unreachable"
    )
    assert sentence("wait client on") == (
        "Time passes until the retransmission timer of client has fired"
    )


# --- How it went ------------------------------------------------------------------------------


def test_a_proved_run_says_so_and_what() -> None:
    record = kept("half-close")
    page = shown("half-close")
    assert page.classed("verdict")[0][1]["class"] == "verdict proved"
    assert verdict_of(record) in page.text
    assert not page.classed("wrong")


def failed(trouble: Trouble) -> Record:
    record = kept("half-close")
    events = [*record.events[:60], trouble]
    return replace(record, events=events, passed=False)


def test_a_failed_run_says_so_with_its_trouble_and_its_advice() -> None:
    trouble = Trouble(1.0, "story", "expected client LISTEN", ("What ss showed:", "nothing at all"))
    page = read(player(failed(trouble)))
    assert page.classed("verdict")[0][1]["class"] == "verdict refuted"
    assert page.text.count("✗ Not proved") == 1
    assert "Not proved: expected client LISTEN" in page.text
    for line in trouble.advice:
        assert line in page.text
    assert len(page.classed("trouble")) == 1
    assert not page.classed("proof")


def test_an_interrupted_run_says_so() -> None:
    page = read(player(failed(Trouble(1.0, "SIGINT", "the run was interrupted"))))
    assert page.classed("verdict")[0][1]["class"] == "verdict interrupted"
    assert "■ Interrupted" in page.text


def test_what_could_not_be_observed_is_marked_as_such() -> None:
    page = shown("half-close-loopback")
    assert "Proved in part" in page.text
    assert page.classed("unobserved")


def test_every_expectation_stands_in_the_page_and_at_its_step() -> None:
    record, page = kept("half-close"), shown("half-close")
    told = [each for step in page.data["steps"] for each in step.get("expects", [])]
    expects = list(record.of(Expect))
    assert [number for number, _, _ in told] == list(range(1, len(expects) + 1))
    assert [text for _, _, text in told] == [claim(expect) for expect in expects]
    assert {kind for _, kind, _ in told} == {"met"}
    for expect in expects:
        assert claim(expect) in page.text


# --- Text is text -----------------------------------------------------------------------------


def hostile(record: Record, text: str) -> Record:
    """The same run, with a text wherever it may have one that nobody checks."""
    kept_words = {"from_", "to", "host", "local", "peer", "source", "destination", "flags", "raw"}

    def spoiled(event: Event) -> Event:
        changes: dict[str, Any] = {}
        for each in fields(event):
            value = getattr(event, each.name)
            if each.name in kept_words:
                continue
            if isinstance(value, str):
                changes[each.name] = text
            elif isinstance(value, tuple):
                changes[each.name] = (text, *value)
            elif isinstance(value, dict) and isinstance(event, Expect):
                changes[each.name] = {text: text}
            elif isinstance(value, dict):
                changes[each.name] = {host: (text, *rows) for host, rows in value.items()}
        return replace(event, **changes)

    events = [spoiled(event) if not isinstance(event, Move) else event for event in record.events]
    events.insert(0, Trouble(0.0, text, text, (text,)))
    events.insert(1, Move(0.0, text, text))
    return replace(
        record,
        lab=text, title=text, question=text, see=text, link=text, file=text, source=text,
        header={text: text, "Linux": text}, weather={text: text}, passed=False, events=events,
        machine={"kernel": text, text: text}, hosts={**record.hosts, text: text},
    )  # fmt: skip


def names_of(page: Page) -> tuple[set[str], set[str]]:
    return (
        {tag for tag, _ in page.elements},
        {name for _, said in page.elements for name in said},
    )


@pytest.mark.parametrize("text", [*MARKUP, *NASTY, "\u2028\u2029", "\ud800"])
def test_a_text_of_a_record_adds_no_element_and_no_attribute(text: str) -> None:
    told = player(hostile(kept("mishaps"), text))
    page, calm = read(told), read(player(hostile(kept("mishaps"), "calm")))
    assert names_of(page) == names_of(calm)
    assert len(page.elements) >= len(calm.elements)
    assert len(page.scripts) == 3 and len(page.styles) == 2
    assert page.scripts[0] == calm.scripts[0] and page.scripts[2] == calm.scripts[2]
    assert clean(text) in page.text
    assert page.data["steps"][1]["move"] == clean(text)
    told.encode()  # which a lone surrogate would not let


@given(records(), st.sampled_from([("client", "server"), ("client",), (), ("a", "b", "c", "d")]))
@settings(max_examples=60)
def test_any_record_becomes_a_page(record: Record, hosts: tuple[str, ...]) -> None:
    record = replace(record, hosts={name: f"10.0.0.{n}" for n, name in enumerate(hosts, start=1)})
    page = read(player(record))
    assert len(page.scripts) == 3
    assert len(page.data["steps"]) == 1 + len(record.moves())


@given(st.recursive(st.one_of(st.text(), st.integers(), st.none()), st.lists, max_leaves=9))
def test_what_is_embedded_can_be_read_again_and_ends_no_script(value: object) -> None:
    text = embedded(value)
    assert json.loads(text) == value
    assert text.isascii() and not set("<>&") & set(text)


def test_what_is_escaped_fits_between_quotes() -> None:
    assert escaped("""<a b='c' d="e">&\x1b\u202e""") == (
        "&lt;a b=&#x27;c&#x27; d=&quot;e&quot;&gt;&amp;\\x1b\\u202e"
    )


# --- Rows of ss -------------------------------------------------------------------------------


def rebuilt(told: list[Told], index: int) -> list[str]:
    """A row's words again, as sockets.js puts them together."""
    row = told[index]
    if isinstance(row, str):
        return row.split(" ")
    base, *changes = row
    assert isinstance(base, int)
    old, words, at = rebuilt(told, base), list[str](), 0
    for change in changes:
        if isinstance(change, str):
            words += change.split(" ")
        elif change > 0:
            words += old[at : at + change]
            at += change
        else:
            at -= change
    return words


@pytest.mark.parametrize("name", kept_names())
def test_rows_are_told_by_what_is_new_in_them_and_are_the_same_again(name: str) -> None:
    rows = Rows()
    for look in kept(name).of(Look):
        for host, indexes in rows.of(look).items():
            texts = [" ".join(rebuilt(rows.told, index)) for index in indexes]
            assert texts == [text.rstrip() for text in look.rows[host]]
    assert len(rows.sockets) == len(rows.told)


few_words = st.lists(st.sampled_from(["", "a", "b", "c", "d:1", "d:2"]), max_size=20)


@given(few_words.filter(bool), few_words.filter(bool))
def test_any_row_can_be_told_by_any_other(old: list[str], new: list[str]) -> None:
    assert rebuilt([" ".join(old), [0, *changed(old, new)]], 1) == new


def test_a_row_that_changes_in_one_word_takes_few_characters() -> None:
    rows = Rows()
    row = "ESTAB 0 0 10.0.0.1:40000 10.0.0.2:80 ino:7 sk:1 cgroup:/ <-> " + "ts sack reno " * 9
    for number in range(3):
        rows.of(Look(0.0, {"client": (f"{row}lastsnd:{number}",)}))
    assert [len(embedded(told)) < 40 for told in rows.told] == [False, True, True]
    assert rows.sockets == [0, 0, 0]
    assert rows.facts == [("ESTABLISHED", 0, 0, "10.0.0.1:40000", "10.0.0.2:80", "", "")]


def test_a_row_that_does_not_read_is_shown_all_the_same() -> None:
    rows = Rows()
    assert rows.of(Look(0.0, {"client": ("no row at all",)})) == {"client": [0]}
    assert (rows.told, rows.sockets) == (["no row at all"], [-1])


def test_the_command_above_the_rows_is_the_one_that_a_look_runs() -> None:
    program, options = COMMAND.split()
    assert program == LOOK[0]
    assert sorted(options.removeprefix("-")) == sorted(
        letter.removeprefix("-") for letter in LOOK[1:]
    )


# --- Ends of connections ----------------------------------------------------------------------


def ways(record: Record) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for connection in Ends(record, steps(record)).connections:
        for end in connection.ends:
            turns = [f"{turn.was} {turn.now}" for turn in end.turns]
            told[f"{connection.name} {end.host}".strip()] = turns
    return told


def test_a_passive_end_begins_with_its_listener() -> None:
    assert ways(kept("half-close"))["server"] == [
        "CLOSED LISTEN",
        "LISTEN SYN-RECEIVED",
        "SYN-RECEIVED ESTABLISHED",
        "ESTABLISHED CLOSE-WAIT",
        "CLOSE-WAIT LAST-ACK",
        "LAST-ACK CLOSED",
    ]


def test_each_of_several_connections_has_ends_of_its_own() -> None:
    record = kept("two-clients")
    told = steps(record)
    ends = Ends(record, told)
    names = [connection.name for connection in ends.connections]
    assert len(names) == len(set(names)) >= 2 and all(names)
    touched = [index for index, _ in groupby(ends.touched())]
    assert len(touched) >= 2
    assert max(touched) < len(names)


def test_a_second_connection_of_the_same_ends_begins_afresh() -> None:
    def change(was: str, now: str, cause: str) -> list[Event]:
        ends = "10.0.0.1:4000", "10.0.0.2:80"
        return [Move(0.0, "wait client on"), State(0.0, "client", *ends, was, now, cause)]

    events = [
        *change("CLOSED", "SYN-SENT", "connect"),
        *change("SYN-SENT", "CLOSED", "R."),
        *change("CLOSED", "SYN-SENT", "connect"),
        *change("SYN-SENT", "CLOSED", "timer"),
    ]
    record = Record("", "wire", "", {"client": "10.0.0.1", "server": "10.0.0.2"}, events=events)
    ((client,),) = [c.ends for c in Ends(record, steps(record)).connections]
    assert [(turn.step, turn.cause, turn.afresh) for turn in client.turns] == [
        (1, "connect()", True),
        (2, "RST", False),
        (3, "connect()", True),
        (4, "a timer", False),
    ]


def test_hosts_that_only_listen_have_a_figure_too() -> None:
    events: list[Event] = [
        Move(0.0, "call server listen"),
        State(0.0, "server", "10.0.0.2:80", "0.0.0.0:*", "CLOSED", "LISTEN", "listen"),
    ]
    record = Record("", "wire", "", {"client": "10.0.0.1", "server": "10.0.0.2"}, events=events)
    assert ways(record) == {"client": [], "server": ["CLOSED LISTEN"]}


def test_the_figures_show_how_the_run_ended_before_a_script_runs() -> None:
    page = shown("half-close")
    inked = [
        said["data-arrow"]
        for tag, said in page.elements
        if tag == "g" and said.get("class") == "arrow inked"
    ]
    assert inked.count("ESTABLISHED FIN-WAIT-1") == 1
    assert inked.count("CLOSE-WAIT LAST-ACK") == 1
    assert len(page.classed("pocket")) == 2


# --- The source -------------------------------------------------------------------------------


def test_a_file_is_shown_line_by_line() -> None:
    source = 'def f():\n\t"""Say."""\n\n\treturn "<b>"  # so\n\n\n'
    lines = [read(line) for line in code(source)]
    assert [line.text for line in lines] == [
        "def f():", '        """Say."""', "", '        return "<b>"  # so',
    ]  # fmt: skip
    kinds = [said["class"] for tag, said in lines[3].elements if tag == "i"]
    assert kinds == ["keyword", "string", "comment"]


def test_the_header_is_known_because_it_tells_the_answer() -> None:
    classes = [read(line).elements[0][1]["class"] for line in code('"""A\nb\n"""\nx = "y"\n')]
    assert classes == ["line header", "line header", "line header", "line"]


@pytest.mark.parametrize(
    "source", ["", "(", "'''", "if:\n\t\tx\n  y\n", "\x00", "\ud800 = 1", "$?"]
)
def test_what_is_not_python_is_plain_text(source: str) -> None:
    told = "".join(read(line).text for line in code(source))
    assert told == "".join(clean(line) for line in source.expandtabs(8).split("\n"))


@given(st.text(max_size=80))
def test_no_text_of_a_file_is_lost(source: str) -> None:
    told = [read(line).text for line in code(source)]
    lines = source.expandtabs(8).split("\n")
    while lines and not lines[-1].strip(" "):
        lines.pop()
    assert told == [clean(line) for line in lines]
