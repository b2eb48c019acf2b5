"""`socklab lint`: which labs it looks at, how findings are told, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from socklab import cli
from socklab.packs import labs_folder

GOOD = (labs_folder() / "_template.py").read_text(encoding="utf-8")
NO_QUESTION = GOOD.replace("to CLOSE-WAIT?", "to CLOSE-WAIT.")


def invoke(*arguments: str | Path) -> tuple[int, str, str]:
    """A command in this process: its exit code, and what it printed."""
    result = CliRunner().invoke(cli.app, ["lint", *map(str, arguments)], prog_name="socklab")
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where each test stands, with no labs but its own."""
    own = tmp_path / "own"
    (own / "close").mkdir(parents=True)
    monkeypatch.setattr("socklab.packs.labs_folder", lambda: own)
    monkeypatch.setattr("socklab.packs._installed", lambda: ([], []))
    put(own / "close/half_close.py", GOOD.replace("half-close", "handshake"))
    put(own / "close/handshake.py", GOOD)
    there = tmp_path / "here"
    there.mkdir()
    monkeypatch.chdir(there)
    return there


def put(path: Path, text: str = GOOD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_name_all_labs_are_looked_at(here: Path) -> None:
    assert invoke() == (0, "2 labs, and nothing to say.\n", "")
    put(here / "given/mine.py", NO_QUESTION)
    assert invoke("--labs", "given") == (
        1,
        "given/mine.py:3: question: it ends with no question mark: ask one\n3 labs, 1 finding.\n",
        "",
    )


def test_a_lab_is_named_a_file_or_a_folder(here: Path) -> None:
    mine = put(here / "given/mine.py", NO_QUESTION)
    put(here / "given/close/other.py")
    told = "given/mine.py:3: question: it ends with no question mark: ask one\n"
    assert invoke("half-close") == (0, "1 lab, and nothing to say.\n", "")
    assert invoke("given/mine.py") == invoke(mine) == (1, f"{told}1 lab, 1 finding.\n", "")
    assert invoke("given") == (1, f"{told}2 labs, 1 finding.\n", "")
    assert invoke("mine", "other", "--labs", "given")[1] == f"{told}2 labs, 1 finding.\n"
    assert invoke("given", "given/mine.py", "half-close")[1] == f"{told}3 labs, 1 finding.\n"


def test_labs_that_are_looked_at_together_know_of_each_other(here: Path) -> None:
    put(here / "given/close/one.py", GOOD.replace("half-close", "two"))
    put(here / "given/abort/two.py", GOOD.replace("half-close", "one"))
    assert invoke("given")[0] == 0
    assert invoke("given/close/one.py")[0] == 1


def test_two_labs_of_one_name_are_found(here: Path) -> None:
    put(here / "given/half_close.py", GOOD.replace("half-close", "handshake"))
    own = here.parent / "own/close/half_close.py"
    told = f"given/half_close.py:1: name: half-close is also {own}: rename one"
    assert invoke("--labs", "given") == (1, f"{told}\n2 labs, 1 finding.\n", "")
    assert invoke("given") == (1, f"{told}\n1 lab, 1 finding.\n", "")
    put(here / "both/close/same.py")
    put(here / "both/abort/same.py")
    assert "both/close/same.py:1: name: same is also both/abort/same.py" in invoke("both")[1]


def test_json_has_each_finding(here: Path) -> None:
    put(here / "mine.py", NO_QUESTION)
    code, out, err = invoke("mine.py", "--json")
    assert (code, err) == (1, "")
    assert json.loads(out) == [
        {
            "path": "mine.py",
            "line": 3,
            "rule": "question",
            "sentence": "it ends with no question mark: ask one",
        }
    ]
    assert invoke("half-close", "--json") == (0, "[]\n", "")


def test_what_a_lab_prints_is_no_part_of_the_document(here: Path) -> None:
    put(here / "mine.py", f"{GOOD}print('hello')\n")
    code, out, err = invoke("mine.py", "--json")
    assert (code, json.loads(out), err) == (0, [], "hello\n")


def test_what_can_not_be_read_is_told_and_the_rest_is_looked_at(here: Path) -> None:
    put(here / "given/mine.py", NO_QUESTION)
    put(here / "given/broken.py", "def (\n")
    code, out, err = invoke("given")
    assert code == 2
    assert out == (
        "given/mine.py:3: question: it ends with no question mark: ask one\n2 labs, 1 finding.\n"
    )
    assert err.startswith("socklab: given/broken.py does not read as Python: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("argument", "complaint"),
    [
        ("half-clse", "there is no lab half-clse; did you mean half-close?"),
        ("none.py", "there is no lab file none.py"),
        ("no/where", "there is no lab file no/where"),
        ("empty", "there are no labs in empty"),
    ],
)
def test_what_is_not_there_is_told(here: Path, argument: str, complaint: str) -> None:
    (here / "empty").mkdir()
    assert invoke(argument) == (2, "", f"socklab: {complaint}\n")


def test_what_nobody_may_look_at_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    may = Path.is_dir

    def refuse(path: Path) -> bool:
        if path == Path("x/y.py"):
            raise PermissionError(13, "Permission denied")
        return may(path)

    monkeypatch.setattr(Path, "is_dir", refuse)
    assert invoke("x/y.py") == (
        2,
        "",
        "socklab: the lab file x/y.py can't be read: Permission denied\n",
    )


def test_a_broken_pack_is_told_where_all_labs_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from socklab.errors import LabError

    monkeypatch.setattr("socklab.packs._installed", lambda: ([], [LabError("a broken pack")]))
    assert invoke() == (2, "2 labs, and nothing to say.\n", "socklab: a broken pack\n")
    assert invoke("half-close")[0] == 0
