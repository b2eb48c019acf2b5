"""How the tests themselves are run: all of them side by side, some of them at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.commands import PATIENCE_S, ROOT, environment
from tests.side_by_side import LONGEST, longest_first, workers

TESTS = Path(__file__).parent

FROM = pytest.Config.ArgsSource


def asked(source: FROM = FROM.TESTPATHS, keyword: str = "", *, lf: bool = False) -> Any:
    """A configuration of pytest, as far as it is looked at."""
    return SimpleNamespace(args_source=source, option=SimpleNamespace(keyword=keyword, lf=lf))


def test_all_tests_have_a_worker_for_each_processor_and_some_have_none() -> None:
    assert workers(asked()) == len(os.sched_getaffinity(0))
    assert workers(asked(FROM.ARGS)) == workers(asked(keyword="close")) == 0
    assert workers(asked(lf=True)) == 0


def test_the_longest_files_come_first_and_are_all_there() -> None:
    items: list[Any] = [
        SimpleNamespace(path=Path(name), number=number)
        for number, name in enumerate(["test_a.py", LONGEST[1], "test_b.py", LONGEST[0], "test_a"])
    ]
    longest_first(items)
    assert [item.number for item in items] == [3, 1, 0, 2, 4]
    assert set(LONGEST) <= {path.name for path in TESTS.rglob("test_*.py")}


SAYS_WHERE = """
import os
import pytest

@pytest.mark.kernel
def test_where():
    worker = os.environ["PYTEST_XDIST_WORKER"]
    print(worker, os.readlink("/proc/self/ns/user"), os.readlink("/proc/self/ns/net"))
"""


@pytest.mark.kernel
def test_workers_stand_in_one_place_and_whoever_started_them_is_not_asked_again(
    tmp_path: Path,
) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    for name in ("test_one.py", "test_two.py"):
        (tmp_path / name).write_text(SAYS_WHERE)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", "--need-kernel"),
            *("-rP", "-p", "no:cacheprovider", "-p", "tests.conftest", "--rootdir", ROOT),
            *("-c", ROOT / "pyproject.toml", tmp_path),
        ],
        check=False,
        capture_output=True,
        encoding="utf-8",
        env=environment(),
        cwd=ROOT,
        timeout=4 * PATIENCE_S,
    )
    assert done.returncode == 0, done.stdout
    told = [line.split() for line in done.stdout.splitlines() if line.startswith("gw")]
    assert {worker for worker, *_ in told} == {"gw0", "gw1"}
    assert len({tuple(place) for _, *place in told}) == 1
