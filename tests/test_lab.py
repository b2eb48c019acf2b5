from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from socklab.errors import LabError
from socklab.lab import (
    HOSTS,
    Control,
    header_of,
    host_of,
    in_reading_order,
    load,
    parse_header,
    tagged,
    tags_of,
)
from socklab.packs import catalogue
from socklab.weather import CALM

HEADER = """Half-close: the client has said goodbye.

Question: can the server still send?
See:      the client stays in FIN-WAIT-2
          for as long as it takes
Source:   RFC 9293 §3.6.1
Next:     forgotten-close
"""

BODY = """
async def server(me):
    pass

async def client(me):
    pass

async def story(bench):
    pass
"""

FOUR = {
    "Question": "can the server still send?",
    "See": "the client stays in FIN-WAIT-2 for as long as it takes",
    "Source": "RFC 9293 §3.6.1",
    "Next": "forgotten-close",
}


def put(folder: Path, text: str, name: str = "close/half_close.py") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "title", "header"),
    [
        (HEADER, "Half-close: the client has said goodbye", FOUR),
        (HEADER + "Bench: loopback\n", None, FOUR | {"Bench": "loopback"}),
        # The order does not matter, nor what else the text says.
        (HEADER.replace("Source:", "And now:\n\nSource:"), None, FOUR),
        (HEADER + "\nWarning: no field of a header\n", None, FOUR),
        # A field that is indented goes on with the line before it.
        (
            HEADER.replace("Next: ", "  Level: hard\nNext: "),
            None,
            FOUR | {"Source": "RFC 9293 §3.6.1 Level: hard"},
        ),
        ("\n    ".join(HEADER.splitlines()), None, FOUR),
    ],
)
def test_a_header_is_a_title_and_fields(
    text: str, title: str | None, header: dict[str, str]
) -> None:
    got = parse_header(text, Path("half_close.py"))
    assert got[1] == header
    assert title is None or got[0] == title


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("", "Question, See, Source, Next"),
        ("Only a title.", "Question, See, Source, Next"),
        (HEADER.replace("Source:", "Sources:"), "Source"),
        (HEADER.replace("forgotten-close", ""), "Next"),
        (HEADER.replace("Question: can", "question: can"), "Question"),
    ],
)
def test_missing_fields_are_named(text: str, missing: str) -> None:
    with pytest.raises(LabError) as refused:
        parse_header(text, Path("labs/close/half_close.py"))
    assert str(refused.value) == (
        f"labs/close/half_close.py has no {missing} in its header: a lab begins with a docstring "
        "whose lines say Question:, See:, Source: and Next:"
    )


def test_a_header_is_read_without_running_the_file(tmp_path: Path) -> None:
    path = put(tmp_path, f'"""{HEADER}"""\nraise SystemExit(9)\n')
    assert header_of(path)[1] == FOUR


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"async def (:\n", "does not read as Python: "),
        (b'"""\xff\xfe"""\n', "does not read as Python: "),
        (b"x = '\x00'\n", "does not read as Python: "),
        (b"pass\n", "has no Question, See, Source, Next in its header"),
    ],
)
def test_a_file_that_is_no_lab_is_told_by_its_name(tmp_path: Path, text: bytes, told: str) -> None:
    path = tmp_path / "half_close.py"
    path.write_bytes(text)
    with pytest.raises(LabError) as refused:
        header_of(path)
    assert str(refused.value).startswith(f"{path} {told}")


def test_a_lab_is_loaded_with_its_roles_in_the_order_of_its_file(tmp_path: Path) -> None:
    extra = "async def client_2(me):\n    pass\n\nasync def helper(me):\n    pass\n"
    path = put(tmp_path, f'"""{HEADER}Bench: wire or loopback\n"""\n{BODY}\n{extra}')
    lab = load(path)
    assert (lab.name, lab.path, lab.hosts) == ("half-close", path, HOSTS)
    assert list(lab.roles) == ["server", "client", "client_2"]
    assert lab.story.__name__ == "story"
    assert (lab.control, lab.weather, lab.loopback) == (None, CALM, True)


def test_a_lab_may_have_a_control_and_a_weather(tmp_path: Path) -> None:
    extra = """
from socklab import Control, but
weather = but(tcp_fin_timeout=0)
control = Control(why="nobody closes", fails="expected")
"""
    lab = load(put(tmp_path, f'"""{HEADER}"""\n{extra}{BODY}'))
    assert lab.control == Control("nobody closes", "expected")
    assert lab.weather["net/ipv4/tcp_fin_timeout"].value == "0"
    assert not lab.loopback


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("", " has no story: write `async def story(bench): …`"),
        ("def story(bench):\n    pass\n", " has no story: write `async def story(bench): …`"),
        (
            "async def story(bench):\n    pass\n",
            " has no role: write `async def client(me): …` or `server`",
        ),
        (
            "import no_such_module\n",
            " does not import: ModuleNotFoundError: No module named 'no_such_module', at ",
        ),
        ("1 / 0\n", " does not import: ZeroDivisionError: division by zero, at "),
        (
            f"{BODY}hosts = 'client'\n",
            ' has hosts = \'client\': write `hosts = ("client", "server")`',
        ),
        (f"{BODY}weather = 60\n", " has weather = 60: write `weather = but(…)`"),
        (f"{BODY}control = story\n", " has control = <function story at 0x"),
    ],
)
def test_what_a_lab_lacks_is_told(tmp_path: Path, body: str, told: str) -> None:
    path = put(tmp_path, f'"""{HEADER}"""\n{body}')
    with pytest.raises(LabError) as refused:
        load(path)
    assert str(refused.value).startswith(f"{path}{told}")


def test_a_labs_own_error_is_told_with_its_line(tmp_path: Path) -> None:
    path = put(tmp_path, f'"""{HEADER}"""\n1 / 0\n', "broken.py")
    with pytest.raises(LabError, match=r"broken\.py:9: 1 / 0$"):
        load(path)


def test_dataclasses_of_a_lab_find_their_module(tmp_path: Path) -> None:
    extra = """
from __future__ import annotations
from dataclasses import dataclass

@dataclass
class Seen:
    count: int
"""
    load(put(tmp_path, f'"""{HEADER}"""\n{extra}{BODY}'))
    assert "socklab_lab_close_half_close" in sys.modules


@pytest.mark.parametrize(
    ("role", "host"), [("client", "client"), ("client_2", "client"), ("server_old", "server")]
)
def test_a_role_runs_on_the_host_it_is_named_after(role: str, host: str) -> None:
    assert host_of(role) == host


@pytest.mark.parametrize(
    ("nexts", "order"),
    [
        ({"b": "a", "a": "c", "c": "c"}, "bac"),
        ({"a": "b", "b": "a"}, "ab"),
        ({"z": "a", "handshake": "b", "a": "elsewhere", "b": "handshake"}, ["handshake", *"bza"]),
        ({}, ""),
    ],
)
def test_behind_each_lab_comes_its_next(nexts: dict[str, str], order: Sequence[str]) -> None:
    assert in_reading_order(nexts) == list(order)


def test_our_own_labs_all_have_their_headers() -> None:
    for path in catalogue().values():
        assert header_of(path)[0]


@pytest.mark.parametrize(
    "text",
    [
        f'"""{HEADER}"""\n',
        f'  \n"""{HEADER}"""\n',
        f'# a remark\n"""{HEADER}"""\n',
        f"'''{HEADER}'''\n",
        f'r"""{HEADER}"""\n',
        f'"""{HEADER} \\u00a7"""\n',
    ],
)
def test_a_header_is_a_docstring_however_python_lets_it_be_written(
    tmp_path: Path, text: str
) -> None:
    title, header = header_of(put(tmp_path, text))
    assert title == "Half-close: the client has said goodbye"
    assert header["Source"] == "RFC 9293 §3.6.1"


# --- Tags ---


@pytest.fixture
def three(tmp_path: Path) -> dict[str, Path]:
    """Labs with tags, without, and with no header at all."""
    tags = f'"""{HEADER}Tags: FIN-WAIT-2,  sequence numbers ,, close\n"""\n'
    return {
        "one": put(tmp_path, tags, "close/one.py"),
        "two": put(tmp_path, f'"""{HEADER}"""\n', "abort/two.py"),
        "three": put(tmp_path, "pass\n", "abort/three.py"),
    }


def test_a_labs_tags_are_those_of_its_header_and_its_folder(three: dict[str, Path]) -> None:
    assert tags_of(three["one"]) == {"fin-wait-2", "sequence numbers", "close"}
    assert tags_of(three["two"]) == tags_of(three["three"]) == {"abort"}


@pytest.mark.parametrize(
    ("tags", "names"),
    [
        ([], ["one", "two", "three"]),
        (["fin-WAIT-2"], ["one"]),
        (["Sequence numbers "], ["one"]),
        (["abort"], ["two", "three"]),
        (["abort", "FIN-WAIT-2"], ["one", "two", "three"]),
    ],
)
def test_labs_with_one_of_the_tags_are_chosen(
    three: dict[str, Path], tags: list[str], names: list[str]
) -> None:
    assert tagged(three, tags) == {name: three[name] for name in names}


@pytest.mark.parametrize(
    ("tags", "complaint"),
    [
        (["clsoe"], "no lab has the tag 'clsoe'; did you mean close?"),
        (["abort", "xyz"], "no lab has the tag 'xyz'; `socklab show LAB` shows a lab's tags"),
    ],
)
def test_a_tag_that_no_lab_has_is_told_with_the_nearest(
    three: dict[str, Path], tags: list[str], complaint: str
) -> None:
    with pytest.raises(LabError) as refused:
        tagged(three, tags)
    assert str(refused.value) == complaint
