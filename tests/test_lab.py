from __future__ import annotations

import sys
from pathlib import Path

import pytest

from socklab import lab as labs
from socklab.errors import LabError
from socklab.lab import (
    HOSTS,
    Control,
    catalogue,
    find,
    header_of,
    host_of,
    labs_folder,
    load,
    name_of,
    parse_header,
)
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


def test_a_name_is_a_files_with_dashes() -> None:
    assert name_of(Path("labs/close/half_close.py")) == "half-close"


@pytest.mark.parametrize(
    ("role", "host"), [("client", "client"), ("client_2", "client"), ("server_old", "server")]
)
def test_a_role_runs_on_the_host_it_is_named_after(role: str, host: str) -> None:
    assert host_of(role) == host


def test_a_catalogue_has_every_lab_in_the_order_of_folders_and_files(tmp_path: Path) -> None:
    for name in ("close/b.py", "close/a_1.py", "abort/z.py", "close/_shared.py", "top.py"):
        put(tmp_path, "", name)
    assert list(catalogue(tmp_path).items()) == [
        ("z", tmp_path / "abort/z.py"),
        ("a-1", tmp_path / "close/a_1.py"),
        ("b", tmp_path / "close/b.py"),
    ]


def test_two_labs_of_one_name_are_refused(tmp_path: Path) -> None:
    one, two = (put(tmp_path, "", f"{folder}/same.py") for folder in ("abort", "close"))
    with pytest.raises(LabError) as refused:
        catalogue(tmp_path)
    assert str(refused.value) == f"two labs are named same: {one} and {two}"


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="there is no folder of labs at"):
        catalogue(tmp_path / "none")


@pytest.fixture
def half_close(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The only lab there is."""
    monkeypatch.setattr(labs, "labs_folder", lambda: tmp_path)
    return put(tmp_path, f'"""{HEADER}"""\n{BODY}')


@pytest.mark.parametrize("name", ["half-close", "half_close"])
def test_a_lab_is_found_by_its_name(half_close: Path, name: str) -> None:
    assert find(name) == half_close


def test_a_lab_is_found_by_its_path(half_close: Path) -> None:
    assert find(str(half_close)) == half_close


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("half-clos", "there is no lab half-clos; did you mean half-close?"),
        ("xyz", "there is no lab xyz; `socklab list` shows them all"),
        ("close/none.py", "there is no lab file close/none.py"),
        ("none.py", "there is no lab file none.py"),
    ],
)
def test_a_name_that_is_no_lab_has_the_nearest(half_close: Path, name: str, told: str) -> None:
    with pytest.raises(LabError) as refused:
        find(name)
    assert str(refused.value) == told


def test_our_own_labs_all_have_their_headers() -> None:
    known = catalogue()
    assert "half-close" in known
    assert labs_folder().name == "labs"
    for path in known.values():
        assert header_of(path)[0]


def test_a_folder_is_no_lab_and_capitals_do_not_matter(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"is a folder; name a lab's file in it"):
        find(f"{tmp_path}/")
    assert find("HALF_close") == find("half-close")


def test_a_file_that_can_not_be_looked_at_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", refuse)
    with pytest.raises(LabError, match=r"the lab file x/y\.py can't be read: Permission denied"):
        find("x/y.py")
