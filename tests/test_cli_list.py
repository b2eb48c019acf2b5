"""`socklab list`: every lab, in the order in which one reads, and none hidden by another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from socklab import cli
from socklab.lab import tags_of
from socklab.packs import catalogue
from tests.commands import LAB

FIELDS = "\nQuestion: what?\nSee: this\nSource: RFC 9293\nNext: half-close\n"


def invoke(*arguments: str) -> tuple[int, str, str]:
    """A command in this process: its exit code, and what it printed."""
    result = CliRunner().invoke(cli.app, list(arguments), prog_name="socklab")
    return result.exit_code, result.stdout, result.stderr


def test_the_list_has_every_lab_under_its_folder() -> None:
    code, out, _ = invoke("list")
    assert code == 0
    folder = ""
    found = {}
    for line in out.splitlines():
        if line.endswith("/") and not line.startswith(" "):
            folder = line.rstrip("/")
        elif line.startswith("  ") and line[2] != " ":
            found[line.split()[0]] = folder
    assert found == {name: path.parent.name for name, path in catalogue().items()}


def test_the_list_as_json_has_what_each_header_says() -> None:
    code, out, _ = invoke("list", "--json")
    assert code == 0
    listed = {lab["name"]: lab for lab in json.loads(out)}
    assert listed.keys() == catalogue().keys()
    first, second, *_ = listed
    assert (first, second) == ("handshake", listed["handshake"]["next"])
    assert listed["half-close"]["folder"] == "close"
    assert listed["half-close"]["pack"] == "socklab"
    assert listed["half-close"]["question"] == "can the server still send after the client's FIN?"


def test_a_list_goes_folder_by_folder_and_in_each_as_one_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socklab.packs.labs_folder", lambda: tmp_path)
    nexts = {"a/one": "four", "b/two": "three", "a/three": "one", "b/four": "two", "b/by": "one"}
    for name, after in nexts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        header = FIELDS.replace("Next: half-close", f"Next: {after}\nTags: {name[-1]}")
        (tmp_path / f"{name}.py").write_text(f'"""A lab.\n{header}"""\n')

    def listed(*tags: str) -> list[str]:
        return [line.split()[0] for line in invoke("list", *tags)[1].splitlines()[:-2] if line]

    # Nobody leads to `by`, so it comes first, and then what it leads to.
    assert listed() == ["b/", "by", "four", "two", "a/", "one", "three"]
    assert listed("--tag", "e", "--tag", "r") == ["a/", "one", "three", "b/", "four"]


def test_a_list_by_tag_is_shorter_and_a_tag_that_is_none_has_the_nearest() -> None:
    code, out, _ = invoke("list", "--json", "--tag", "half-CLOSE", "--tag", "abort")
    assert code == 0
    listed = {lab["name"]: lab for lab in json.loads(out)}
    assert {"half-close", "rst-abort"} <= set(listed) < set(catalogue())
    assert all(tags_of(Path(lab["path"])) & {"half-close", "abort"} for lab in listed.values())
    assert invoke("list", "--tag", "half-clsoe") == (
        2,
        "",
        "socklab: no lab has the tag 'half-clsoe'; did you mean half-close?\n",
    )


def test_a_list_has_the_level_of_each_lab_and_says_which_are_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socklab.packs.labs_folder", lambda: tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "close").mkdir()
    for name, more in (("a", "Level: 3"), ("b", "Slow: a timer of 60 s"), ("c", "Level: 1")):
        (tmp_path / f"close/{name}.py").write_text(f'"""A lab.\n{FIELDS}{more}\n"""\n')
    assert invoke("list")[1].splitlines()[:4] == [
        "close/",
        "  a  3  A lab",
        "  b  -  A lab (slow)",
        "  c  1  A lab",
    ]


def test_one_broken_lab_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "close").mkdir()
    (tmp_path / "close" / "good.py").write_text(LAB)
    (tmp_path / "close" / "bad.py").write_text('"""No header."""\n')
    monkeypatch.setattr("socklab.packs.labs_folder", lambda: tmp_path)
    code, out, err = invoke("list")
    assert code == 2
    assert "good" in out
    assert "bad.py has no Question" in err
