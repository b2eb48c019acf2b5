"""Each rule says no to what breaks it, and is silent about what does not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from socklab.errors import LabError
from socklab.lint import RULES, Finding, lint, two_of_a_name
from socklab.packs import TwoLabs, catalogue, labs_folder

GOOD = (labs_folder() / "_template.py").read_text(encoding="utf-8")
"""A lab in which there is nothing to find; a test changes one thing."""

KNOWN = {name: Path(f"labs/close/{name}.py") for name in ("half-close", "handshake")}

IMPORT = "from socklab import CLOSE_WAIT, ESTABLISHED, FIN, FIN_WAIT_1, Bench, Control, Role\n"
CARRY = "    await bench.carry(client=FIN)\n"
CLOSE = "    await connection.close()  # each call waits until the story lets it go\n"
FAILS = '    fails="expected server CLOSE-WAIT; observed server ESTABLISHED",\n'
LOSES = "    loses=lambda segment: segment.packet.kind is FIN,\n"
DOCSTRING = GOOD[: GOOD.index('"""\n\n') + 4]


@dataclass(frozen=True)
class Change:
    """A text of the good lab and what takes its place, and what the rule then says, if anything."""

    rule: str
    old: str
    new: str
    says: str = ""


def imported(line: str) -> str:
    return f"{line}\n{IMPORT}"


def look(folder: Path, text: str, name: str = "mine.py") -> list[Finding]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return lint(path, KNOWN)


def changed(change: Change) -> str:
    assert change.old in GOOD
    return GOOD.replace(change.old, change.new)


HEADER_NO = [
    Change("header", "Source:   RFC 9293 §3.6, case 2\n", "", "it has no Source: write a line"),
    Change(
        "header", "Level:    1\nTags:     close, CLOSE-WAIT, FIN\n", "", "no Level, Tags: write"
    ),
    Change("header", "Question: who brings the server to CLOSE-WAIT?", "Question:", "no Question:"),
    Change("header", GOOD.split("\n\n", maxsplit=1)[0] + "\n\n", '"""', "it has no title: say in"),
    Change("field", "See:  ", "Sea:\nSee:  ", "`Sea:` is no field; a header has Question, See,"),
    Change("field", "Bench: ", "Brench: ", "`Brench:` is no field: did you mean `Bench:`?"),
    Change("field", "Level:  ", "Colour: red\nLevel:  ", "`Colour:` is no field; a header has"),
    Change("field", "Level:  ", "Next: handshake\nLevel:  ", "Next is there twice: keep one"),
    Change("field", "Level:    1\nTags: ", "Tags: x\nLevel:    1\nLinux:", "Linux comes before So"),
    Change("question", "to CLOSE-WAIT?", "to CLOSE-WAIT.", "it ends with no question mark"),
    Change("level", "Level:    1", "Level:    easy", "'easy' is none of 1, 2 and 3"),
    Change("bench", "wire or loopback", "loopback", "'loopback' is neither `wire` nor `wire or"),
    Change("waits", CARRY, CARRY + "    assert not bench.slow\n", "say in a line `Waits: …` what"),
    Change("waits", 'loopback\n"""', 'loopback\nWaits:    60 s\n"""', "never asks `bench.slow`"),
    Change("next", "half-close", "half-clse", "no lab 'half-clse'; did you mean half-close?"),
    Change("next", "half-close", "xyz", "there is no lab 'xyz'; `socklab list` shows them all"),
    Change("next", "half-close", "mine", "it leads back to itself: name another lab"),
]

CODE_NO = [
    Change("story", "async def story", "async def tale", "write `async def story(bench): …`"),
    Change("story", "async def story", "def story", "it is no coroutine: write `async def story`"),
    Change("role", "def client(", "def caller(", "caller has the name of no host, so nobody runs"),
    Change("role", "async def client(", "def client(", "write `async def client`"),
    Change(
        "role", "\n\n\nasync def s", "\nhosts = ['client']\n\n\nasync def s", "server has the na"
    ),
    Change(
        "await", CARRY, CARRY.replace("await ", ""), "does nothing: write `await bench.carry(…)`"
    ),
    Change("await", CARRY, CARRY.replace("await", "fin ="), "write `await bench.carry(…)`"),
    Change(
        "await", CARRY, "    assert bench.carry(client=FIN).seq == 1\n", "nobody awaits carry()"
    ),
    Change("await", CLOSE, "    connection.close()\n", "write `await connection.close(…)`"),
    Change("await", CLOSE, "    for c in [connection]:\n        c.close()\n", "`await c.close(…)`"),
    Change("await", "await listener.listen()", "me.socket().listen()", "await me.socket().listen("),
    Change(
        "await", "me: Role) -> None:  # a", "me) -> None:\n    me.socket().close()  # ", "close()"
    ),
    Change("expect", "bench.expect(", "dict(", "the story expects nothing, so it can't pass"),
    Change("clock", IMPORT, imported("import time"), "`time` makes a verdict hang on a clock"),
    Change("clock", IMPORT, imported("from datetime import date"), "`datetime.date` makes a"),
    Change("clock", IMPORT, imported("from trio import sleep"), "`trio.sleep` makes a verdict"),
    Change(
        "clock", IMPORT, imported("import trio as t\nNOW = t.current_time"), "trio.current_time"
    ),
    Change("clock", IMPORT, imported("import random"), "`random` makes each run another one"),
    Change("socket", IMPORT, imported("import socket\nMINE = socket.socket()"), "`me.socket()`"),
    Change("socket", IMPORT, imported("from socket import create_server"), "create_server` is on"),
    Change("socket", IMPORT, imported("from trio import socket"), "`trio.socket` is on no host"),
    Change("socket", IMPORT, imported("from trio.socket import socket"), "`trio.socket.socket`"),
    Change("private", IMPORT, imported("from socklab.bench import Bench"), "socklab import Bench`"),
    Change("private", IMPORT, imported("from socklab.ss import parse"), "from socklab import ss`"),
    Change("private", IMPORT, imported("from socklab import wire"), "labs do without it"),
    Change("private", IMPORT, imported("import socklab.bench"), "`socklab.bench` is not what sock"),
    Change(
        "private", IMPORT, imported("import socklab\nH = socklab.host"), "`socklab.host` is not"
    ),
    Change("private", CARRY, f"{CARRY}    bench._seen\n", "`bench._seen` may be gone tomorrow"),
    Change("length", DOCSTRING, DOCSTRING + "\n" * 90, " lines are more than 120: a lab has one"),
]

MADE_NO = [
    Change("load", IMPORT, imported("import no_such_module"), "not import: ModuleNotFoundError"),
    Change("load", IMPORT, imported("exit(0)"), "does not import: it calls exit()"),
    Change("load", IMPORT, imported("hosts = 'client'"), "has hosts = 'client': write `hosts = ("),
    Change("load", IMPORT, imported("weather = 1"), "has weather = 1: write `weather = but(…)`"),
    Change("load", "control = Control(", "control = dict(why=", "write `control = Control(…)`"),
    Change("load", "async def story", "story = 1\n\n\nasync def tell", "has no story: write"),
    Change("control", "control = Control(", "other = Control(", "write `control = Control(…)`"),
    Change("control", '"the FIN is lost"', '" "', "it does not say what is different"),
    Change("control", FAILS, '    fails="expected",\n', "any failure may say 'expected': quote"),
    Change("control", LOSES, "", "it takes nothing away: give it roles="),
    Change(
        "control", LOSES, '    roles={"router": server},\n', "its role 'router' has the name of"
    ),
]

YES = [
    Change("header", "Template: the server's", "Half: the server's"),
    Change("field", "Source: ", "Linux:    as the RFC says\nSource: "),
    Change("field", 'loopback\n"""', 'loopback\n\nWarning: this is no field\n"""'),
    Change("field", "is there: the", "is\n          there: the"),
    Change("level", "Level:    1", "Level:    3"),
    Change("bench", "wire or loopback", "wire"),
    Change("bench", "Bench:    wire or loopback\n", ""),
    Change("next", "half-close", "beside-it"),
    Change("role", "\n\n\nasync def s", "\nhosts = ('server', 'client')\n\n\nasync def s"),
    Change("role", "async def server(", "async def server_2("),
    Change("await", CARRY, f"{CARRY}    later = lambda: bench.carry(client=FIN)\n"),
    Change("await", CLOSE, f"{CLOSE}    with open('/dev/null') as log:\n        log.close()\n"),
    Change("await", CLOSE, f"{CLOSE}    log = open('/dev/null')\n    log.close()\n"),
    Change("await", CLOSE, f"{CLOSE}    import os\n    os.close(99)\n"),
    Change("expect", "bench.expect(", "bench.prove(claim='', "),
    Change("control", LOSES, '    roles={"client": server, "server_2": server},\n'),
    Change("control", LOSES, '    without="carry client FIN",\n'),
    Change("control", LOSES, "    weather={},\n"),
    Change("clock", IMPORT, imported("import trio\nFOR_EVER = trio.sleep_forever")),
    Change("socket", IMPORT, imported("from socket import SHUT_WR")),
    Change("socket", IMPORT, imported("import socket\nSAME = lambda n: socket.socket(fileno=n)")),
    Change("private", IMPORT, imported("import socklab\nPARSE = socklab.ss.parse")),
    Change("private", IMPORT, imported("from socklab import *")),
    Change("private", CARRY, f"{CARRY}    tuple._replace\n    bench.__class__\n"),
    Change("length", DOCSTRING, DOCSTRING + "\n" * 60),
    Change("load", IMPORT, imported("import struct")),
]


def test_the_lab_that_everybody_starts_from_has_nothing_to_find(tmp_path: Path) -> None:
    assert look(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    "change", [*HEADER_NO, *CODE_NO, *MADE_NO], ids=lambda c: f"{c.rule}-{c.says[:30]}"
)
def test_a_rule_says_no_to_what_breaks_it_and_no_other_does(tmp_path: Path, change: Change) -> None:
    found = look(tmp_path, changed(change))
    assert [finding.rule for finding in found] == [change.rule]
    assert change.says in found[0].sentence
    assert found[0].path == tmp_path / "mine.py"


@pytest.mark.parametrize("change", YES, ids=lambda c: f"{c.rule}-{c.new[-40:]!r}")
def test_a_rule_says_nothing_to_what_is_fine(tmp_path: Path, change: Change) -> None:
    (tmp_path / "beside_it.py").touch()
    assert look(tmp_path, changed(change)) == []


def test_a_finding_has_the_line_that_it_speaks_of(tmp_path: Path) -> None:
    text = GOOD.replace("Level:    1", "Level:    9").replace(CARRY, CARRY.replace("await ", ""))
    text = text.replace("to CLOSE-WAIT?", "to CLOSE-WAIT")
    lines = text.splitlines()
    told = {finding.rule: lines[finding.line - 1].strip() for finding in look(tmp_path, text)}
    assert told == {
        "question": "Question: who brings the server to CLOSE-WAIT",
        "level": "Level:    9",
        "await": "bench.carry(client=FIN)",
    }


def test_an_error_of_the_import_has_its_line(tmp_path: Path) -> None:
    (found,) = look(tmp_path, GOOD + "\n\n1 / 0\n")
    assert (found.rule, found.line) == ("load", len(GOOD.splitlines()) + 3)


def test_the_lines_of_a_header_are_counted_from_where_it_begins(tmp_path: Path) -> None:
    text = GOOD.replace('"""', '# a remark\n"""\n\n', 1).replace("Level:    1", "Level:    9")
    (found,) = look(tmp_path, text)
    assert text.splitlines()[found.line - 1] == "Level:    9"


def test_findings_come_by_line_and_are_all_told_at_once(tmp_path: Path) -> None:
    text = "import time\n\nasync def caller(me: Role) -> None:\n    pass\n"
    found = look(tmp_path, text)
    assert [(finding.line, finding.rule) for finding in found] == [
        (1, "header"),
        (1, "header"),
        (1, "expect"),
        (1, "clock"),
        (3, "role"),
        (4, "story"),
    ]


@pytest.mark.parametrize("text", ["def (\n", "x = '\0'\n"])
def test_what_is_no_python_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(LabError, match=r"mine\.py does not read as Python: "):
        look(tmp_path, text)


def test_an_empty_file_has_findings_and_no_accident(tmp_path: Path) -> None:
    assert {finding.rule for finding in look(tmp_path, "")} == {"header", "story", "expect"}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("half_close.py", "half-close is also labs/close/half-close.py: rename one"),
        ("Mine.py", "nobody finds a lab named 'Mine': take lower case, and _ between words"),
        ("my lab.py", "nobody finds a lab named 'my lab': take lower case, and _ between words"),
    ],
)
def test_a_name_that_is_taken_or_that_nobody_finds_is_told(
    tmp_path: Path, name: str, says: str
) -> None:
    text = GOOD.replace("half-close", "handshake")
    assert [(f.rule, f.line, f.sentence) for f in look(tmp_path, text, name)] == [("name", 1, says)]


def test_a_lab_is_not_mistaken_for_itself(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(GOOD, encoding="utf-8")
    assert lint(path, {**KNOWN, "mine": tmp_path / "." / "mine.py"}) == []


def test_two_labs_of_one_name_are_a_finding_of_the_second() -> None:
    clash = TwoLabs("same", Path("a/same.py"), Path("b/same.py"))
    assert two_of_a_name([clash, LabError("another problem")]) == [
        Finding(Path("b/same.py"), 1, "name", "same is also a/same.py: rename one")
    ]


@pytest.mark.parametrize("name", catalogue())
def test_our_own_labs_have_nothing_to_find(name: str) -> None:
    known = catalogue()
    assert lint(known[name], known) == []


def test_every_rule_is_seen_to_say_no() -> None:
    seen = {change.rule for change in (*HEADER_NO, *CODE_NO, *MADE_NO)}
    assert seen | {"name"} == RULES.keys()
