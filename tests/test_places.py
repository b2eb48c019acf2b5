from __future__ import annotations

from pathlib import Path

import pytest

from socklab import places


def test_where_is_the_line_that_asks() -> None:
    told = places.where()
    assert told.startswith("tests/test_places.py:")
    assert "places.where()" in Path(__file__).read_text().splitlines()[int(told.split(":")[1]) - 1]


def test_a_run_without_a_story_has_no_line() -> None:
    # As trio calls the first function of a task that is none of anybody's.
    task: dict[str, object] = {"__name__": "trio._core._run", "where": places.where}
    exec(compile("told = where()", "trio/_core/_run.py", "exec"), task)
    assert task["told"] == ""


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/some/where/labs/close/half_close.py", "labs/close/half_close.py"),
        ("/my/labs/labs/close/half_close.py", "labs/close/half_close.py"),
        ("/some/where/else.py", "/some/where/else.py"),
        (str(Path.cwd() / "mine" / "lab.py"), "mine/lab.py"),
    ],
)
def test_a_path_is_shown_as_one_reads_it(path: str, told: str) -> None:
    assert places.shown(path) == told


@pytest.mark.parametrize("name", ["socklab/places.py", "socklab/cli/run.py"])
def test_the_library_is_ours(name: str) -> None:
    assert places.is_ours(str(Path(places.__file__).parents[1] / name))


@pytest.mark.parametrize("name", ["socklab/labs/close/half_close.py", "labs/x.py", "mine.py"])
def test_labs_are_not_wherever_they_lie(name: str) -> None:
    assert not places.is_ours(str(Path(places.__file__).parents[1] / name))
