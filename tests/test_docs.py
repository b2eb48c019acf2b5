"""The book says what is so: its labs run, its dialogues happen, its tables are the code's.

How pages are marked is told in book.py. After a change that is meant,

    SOCKLAB_WRITE_DOCS=1 ./test.sh tests/test_docs.py

writes what really happens into the pages, but for dialogues with an ellipsis; read the diff.
"""

from __future__ import annotations

import doctest
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path

import pytest

from socklab.claims.document import observed
from socklab.lab import in_reading_order, load
from socklab.lint import RULES
from socklab.packs import catalogue
from socklab.puzzles import bests, puzzles
from socklab.questions import Topic, about, asked
from socklab.record import EVENTS, Record, Trouble
from socklab.runner import run_lab
from socklab.ss import SPELLED
from socklab.tcp import LINUX_STEPS, STEPS, TRANSIENT, State, table
from socklab.weather import CALM
from tests import book
from tests.book import GENERATED, ROOT, Block, Command

WRITE = bool(os.environ.get("SOCKLAB_WRITE_DOCS"))

PAGES = book.pages()
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in PAGES.items()}
BLOCKS = {name: list(book.blocks(text)) for name, text in TEXTS.items()}

WITH_A_PAGE = [name for name in catalogue() if f"docs/labs/{name}.md" in TEXTS]
"""The labs that have a page of their own."""

PIP = all(find_spec(name) for name in ("pip", "hatchling"))
"""Whether a page's `pip install` can be tried."""

SIDE_BY_SIDE = 4
"""How many pages are tried at once: most of a run is waiting for the kernel."""


# --- Dialogues --------------------------------------------------------------------------------


def dialogues(page: str) -> list[Block]:
    return [b for b in BLOCKS[page] if b.language == "console" and b.mark != "not run"]


def needs_kernel(page: str) -> bool:
    """Whether a page runs a lab on a wire; what only prints help needs nothing."""
    said = [c.command for block in dialogues(page) for c in book.commands(block)]
    return any(
        re.search(
            r"\bpytest\b|\b(run|replay|play|grid|puzzle|explore)\b(?!.*(--help|--bench loopback))",
            c,
        )
        for c in said
    )


@dataclass(frozen=True, slots=True)
class Heard:
    """A command of a page, and what it really printed."""

    command: Command
    real: str


def try_page(page: str, folder: Path) -> list[Heard]:
    """Go through a page from top to bottom, as its reader does."""
    environment = book.prepare(folder)
    heard, code = [], 0
    for block in BLOCKS[page]:
        if block.mark == "file":
            book.write_file(block, folder)
        elif block.language == "console" and block.mark != "not run":
            for command in book.commands(block):
                real, code = book.run(command.command, folder, environment, code)
                heard.append(Heard(command, real))
    return heard


@pytest.fixture(scope="session")
def tried(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, list[Heard]]:
    """Every page that a selected test asks for, tried."""
    wanted = {
        str(item.callspec.params["dialogue_of"])
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and hasattr(item, "callspec")
        and "dialogue_of" in item.callspec.params
        and not item.get_closest_marker("skip")
    }
    folders = {page: tmp_path_factory.mktemp("page") for page in sorted(wanted)}
    # Most first, so that the longest page does not end alone.
    longest = sorted(folders, key=lambda page: -sum(len(b.text) for b in dialogues(page)))
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        results = pool.map(lambda page: try_page(page, folders[page]), longest)
        return dict(zip(longest, results, strict=True))


def write(page: str, heard: Sequence[Heard]) -> None:
    """Put what really happened in the place of what a page shows."""
    lines = PAGES[page].read_text(encoding="utf-8").splitlines()
    for each in reversed(heard):
        shown = each.command.shown.splitlines()
        if book.GAP in shown or not book.differs(each.command.shown, each.real):
            continue
        start = each.command.line  # lines count from 1: this is the line after the command
        while lines[start - 1].endswith("\\"):
            start += 1
        lines[start : start + len(shown)] = each.real.splitlines()
    PAGES[page].write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    "dialogue_of",
    [
        pytest.param(page, marks=pytest.mark.kernel if needs_kernel(page) else ())
        for page in PAGES
        if dialogues(page)
    ],
)
def test_what_a_page_shows_is_what_happens(
    dialogue_of: str, tried: Mapping[str, list[Heard]]
) -> None:
    for tool in ("jq", "tshark"):
        if tool in "".join(b.text for b in dialogues(dialogue_of)) and shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    if "pip install" in "".join(b.text for b in dialogues(dialogue_of)) and not PIP:
        pytest.skip("pip and hatchling, which build a pack without a network, are not installed")
    heard = tried[dialogue_of]
    if WRITE:
        write(dialogue_of, heard)
    wrong = [
        f"{dialogue_of}:{each.command.line}: {each.command.command}\n{difference}"
        for each in heard
        if (difference := book.differs(each.command.shown, each.real))
    ]
    assert not wrong, "\n\n".join(wrong)


def test_a_wrong_dialogue_is_found() -> None:
    shown = "Proved on Linux 6.18 (tun): it\nis so."
    assert not book.differs(shown, "Proved on Linux 7.0 (veth): it is\nso.")
    assert book.differs(shown, "Proved on Linux 7.0 (veth): it is not\nso.")
    assert not book.differs("one\n…\nfour", "one\ntwo\nthree\nfour")
    assert book.differs("one\n…\nfour", "one\ntwo\nthree")
    assert not book.differs("= client:40538", "= client:51234")
    assert book.differs("= client:40538", "= server:40538")


# --- Code -------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_python_is_tried(page: str) -> None:
    for block in BLOCKS[page]:
        if block.language == "python":
            assert block.mark, f"{page}:{block.line}: no mark says how this is tried"


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(b.language == "pycon" for b in BLOCKS[page])]
)
def test_sessions_with_python_give_what_they_show(page: str) -> None:
    runner = doctest.DocTestRunner(verbose=False)
    names: dict[str, object] = {}  # a page is one session
    for block in BLOCKS[page]:
        if block.language == "pycon":
            test = doctest.DocTestParser().get_doctest(
                block.text + "\n", names, page, page, block.line
            )
            assert runner.run(test, clear_globs=False).failed == 0
            names = test.globs


def test_what_is_quoted_from_a_file_stands_there() -> None:
    for page, blocks in BLOCKS.items():
        for block in blocks:
            if block.mark == "from":
                source = (ROOT / block.argument).read_text(encoding="utf-8")
                assert f"\n{block.text}\n" in source, f"{page}:{block.line}"


STORIES = [(page, b) for page in PAGES for b in BLOCKS[page] if b.mark == "story of"]


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("page", "block"), STORIES, ids=[f"{Path(p).stem}-{b.line}" for p, b in STORIES]
)
async def test_a_piece_of_story_goes_as_it_says(page: str, block: Block, tmp_path: Path) -> None:
    for each in BLOCKS[page]:
        if each.mark == "file" and each.argument.startswith(block.argument):
            book.write_file(each, tmp_path)
    lab = tmp_path / block.argument
    indented = "".join(f"    {line}".rstrip() + "\n" for line in block.text.splitlines())
    lab.write_text(lab.read_text(encoding="utf-8") + indented, encoding="utf-8")
    record = await run_lab(load(lab))
    assert [trouble.text for trouble in record.of(Trouble)] == []
    assert record.passed


# --- What is made from the code ---------------------------------------------------------------


def weather_table() -> str:
    lines = ["| setting | value | why |", "|---|---|---|"]
    for name, pin in CALM.items():
        since = f" (Linux {pin.since} and newer)" if pin.since else ""
        value = " ".join(pin.value.split())
        lines.append(f"| `{name.replace('/', '.')}` | `{value}` | {pin.why}{since} |")
    return "\n".join(lines) + "\n"


def names_table() -> str:
    lines = ["| RFC 9293, and socklab | `ss` | stands still without a held wire |", "|---|---|---|"]
    for state in State:
        still = "no" if state in TRANSIENT else "yes"
        spelled = f"`{SPELLED[state]}`" if state is not State.CLOSED else "no row"
        lines.append(f"| {state} | {spelled} | {'' if state is State.CLOSED else still} |")
    return "\n".join(lines) + "\n"


def labs_table() -> str:
    """The labs in the order in which one reads, folder by folder."""
    found = {name: load(path) for name, path in catalogue().items()}
    lines: list[str] = []
    folder = ""
    for name in in_reading_order({name: lab.header["Next"] for name, lab in found.items()}):
        lab = found[name]
        if lab.path.parent.name != folder:
            folder = lab.path.parent.name
            lines += ["", f"### {folder}/", "", "| lab | what it asks | level |", "|---|---|---|"]
        # A page that is made when the book is built is linked as its lab's file: tools/players.py.
        file = f"../labs/{folder}/{lab.path.name}"
        page = f"labs/{name}.md" if name in WITH_A_PAGE else file
        told = f"[{name}]({page})"
        slow = ", slow" if lab.slow else ""
        lines.append(f"| {told} | {lab.header['Question']} | {lab.header['Level']}{slow} |")
    return "\n".join(lines) + "\n\n"


def claims_table() -> str:
    lines = ["| | what is said | verdict | what is so |", "|---|---|---|---|"]
    lines += [
        f"| {each.claim.number} | {each.claim.says} | {each.verdict} | {each.claim.answer} |"
        for each in observed()
    ]
    return "\n".join(lines) + "\n"


def questions_list() -> str:
    """The questions, topic by topic, each with its answer folded away."""
    lines: list[str] = []
    for topic in Topic:
        lines += ["", f"## {str(topic).capitalize()}"]
        for each in about(asked(), topic=topic):
            path = catalogue()[each.lab]
            file = f"../labs/{path.parent.name}/{path.name}"
            page = f"labs/{each.lab}.md" if each.lab in WITH_A_PAGE else file
            after = ", then ".join(f"`{move}`" for move in each.shown.after.split("; "))
            shows = ", ".join(each.shown.shows)
            asks = re.sub("`(.+?)`", r"<code>\1</code>", each.asks)  # no Markdown in a summary
            lines += [
                *("", '<details markdown="1">', f"<summary>{asks}</summary>"),
                *("", f"**{each.right}** {each.answer}"),
                *("", f"Level {each.level}. Seen in [{each.lab}]({page}) after {after}: {shows}."),
                *(f"Source: {each.source.replace('__', '&#95;_')}.", "</details>"),
            ]
    return "\n".join(lines) + "\n\n"


def puzzles_table() -> str:
    """The puzzles, without how they are solved."""
    lines = ["| puzzle | what to reach | level | fewest moves |", "|---|---|---|---|"]
    for each in puzzles():
        title = each.title if each.title[-1] in "?!" else f"{each.title}."
        best = bests()[each.name].moves
        lines.append(f"| `{each.name}` | **{title}** {each.text} | {each.level} | {best} |")
    return "\n".join(lines) + "\n"


def lint_table() -> str:
    lines = ["| rule | what it asks for |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{rule}` | {asks} |" for rule, asks in RULES.items())]) + "\n"


MADE: Mapping[str, Callable[[], str]] = {
    "weather": weather_table,
    "names": names_table,
    "labs": labs_table,
    "claims": claims_table,
    "questions": questions_list,
    "puzzles": puzzles_table,
    "lint": lint_table,
    "rfc": lambda: table(STEPS),
    "linux": lambda: table(LINUX_STEPS),
}


@pytest.mark.parametrize("page", [page for page in PAGES if GENERATED.search(TEXTS[page])])
def test_generated_parts_are_what_the_code_says(page: str) -> None:
    def made(match: re.Match[str]) -> str:
        return f"{match[1]}{MADE[match[2]]()}{match[4]}"

    text = PAGES[page].read_text(encoding="utf-8")
    fresh = GENERATED.sub(made, text)
    if WRITE:
        PAGES[page].write_text(fresh, encoding="utf-8")
    else:
        assert text == fresh


def test_every_generated_part_is_in_the_book() -> None:
    found = {match[2] for text in TEXTS.values() for match in GENERATED.finditer(text)}
    assert found == MADE.keys()


def test_every_command_and_every_lab_has_its_place() -> None:
    from socklab.cli import app

    names = {info.name for info in app.registered_commands}
    assert {f"$ socklab {name} --help" for name in names} <= set(TEXTS["docs/cli.md"].splitlines())
    for name in WITH_A_PAGE:
        assert f"$ socklab run {name}\n" in TEXTS[f"docs/labs/{name}.md"]


@pytest.mark.parametrize("name", WITH_A_PAGE)
def test_a_lab_page_asks_what_its_lab_asks(name: str) -> None:
    lab = load(catalogue()[name])
    page = " ".join(TEXTS[f"docs/labs/{name}.md"].split())
    assert lab.title in page
    question = lab.header["Question"]
    assert question[0].upper() + question[1:] in page
    for heading in ("What to watch", "The run", "The story", "Linux and the book", "Sources"):
        assert f"## {heading}" in page
    assert "<details" in page


def test_the_page_of_the_record_tells_every_field_and_every_kind() -> None:
    page = TEXTS["docs/record.md"]
    for field in fields(Record):
        assert f"`{field.name}`" in page, field.name
    for kind, event in EVENTS.items():
        assert f"### {kind}\n" in page, kind
        section = page.partition(f"### {kind}\n")[2].partition("\n### ")[0]
        for field in fields(event):
            assert f"`{field.name.rstrip('_')}`" in section, f"{kind}: {field.name}"


def test_the_json_on_a_page_is_json() -> None:
    for page, blocks in BLOCKS.items():
        for block in blocks:
            if block.language == "json":
                assert json.loads(block.text), page


# --- Links ------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    text = re.sub(r"(?ms)^```.*?^```$", "", path.read_text(encoding="utf-8"))
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:|mailto:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), f"{page}: {link}"
        if anchor:
            assert anchor in book.anchors(target.read_text(encoding="utf-8")), f"{page}: {link}"


@pytest.mark.skipif(find_spec("mkdocs") is None, reason="mkdocs is not installed")
def test_the_book_builds_without_a_warning(tmp_path: Path) -> None:
    built = subprocess.run(
        [
            *(sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"),
            *("--site-dir", str(tmp_path / "site")),
        ],
        check=False,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert built.returncode == 0, built.stdout
