"""`socklab run --html-dir`: a site of what ran, whatever became of it; or none, and why."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
import trio

from socklab import siege
from socklab.cli import site
from socklab.cli.attempt import Options
from socklab.cli.ending import Interrupted
from socklab.errors import MachineError
from socklab.grid import Grid
from socklab.hostile import Cell
from tests.commands import LAB, in_shell, socklab
from tests.test_cli_many import ENDS
from tests.test_cli_many_signals import at_work

OTHERS = {"index.html", "coverage.html", "grid.html", "claims.html"}

QUICK = Options()


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return socklab("run", *arguments, cwd=folder)


def names(folder: Path) -> set[str]:
    """The files of a folder; hidden ones, too."""
    return {path.name for path in folder.iterdir()}


def lead(page: Path) -> str:
    """The sentence with which a page begins."""
    (told,) = re.findall(r'<p class="lead">(.*?)</p>', page.read_text())
    return str(told)


# --- Written ----------------------------------------------------------------------------------


@pytest.mark.kernel
def test_every_lab_has_a_page_and_the_exit_code_is_that_of_the_labs(tmp_path: Path) -> None:
    for name, story in (
        ("passes", ENDS),
        ("fails", "    bench.expect(server=FIN_WAIT_2)\n"),
        ("exits", "    import os\n    os._exit(9)\n"),
    ):
        (tmp_path / f"{name}.py").write_text(LAB + story)
    labs = ("./passes.py", "./fails.py", "./exits.py", "simultaneous-close", "half-close")
    done = run(tmp_path, *labs, "--jobs", "2", "--html-dir", "site")
    assert done.returncode == 1
    told = lead(tmp_path / "site" / "index.html")
    assert re.fullmatch(r"5 labs on Linux [\d.]+ \(\w+\): 3 passed, 2 failed\.", told)
    pages = {f"{name}.html" for name in ("passes", "fails", "simultaneous-close", "half-close")}
    assert names(tmp_path / "site") == OTHERS | pages
    index = (tmp_path / "site" / "index.html").read_text()
    assert "its process ended with exit code 9" in index
    assert index.index("half-close.html") < index.index("simultaneous-close.html"), "as one reads"
    assert lead(tmp_path / "site" / "grid.html").startswith("588 hostile segments, on Linux ")
    assert "in 4 labs" in lead(tmp_path / "site" / "coverage.html"), "what failed went as far"


@pytest.mark.kernel
def test_labs_one_after_the_other_and_one_alone_have_a_site_too(tmp_path: Path) -> None:
    done = run(tmp_path, "half-close", "--html-dir", "site", "--html", "half-close.html")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Half-close: ")
    assert names(tmp_path / "site") == OTHERS | {"half-close.html"}
    assert names(tmp_path) == {"site", "half-close.html"}
    alone = (tmp_path / "half-close.html").read_text()
    assert (
        "index.html" not in alone
        and "index.html" in (tmp_path / "site" / "half-close.html").read_text()
    )


@pytest.mark.kernel
def test_what_cannot_run_here_is_listed_with_the_reason(tmp_path: Path) -> None:
    labs = ("half-close", "handshake", "--bench", "loopback", "--jobs", "2")
    done = run(tmp_path, *labs, "--html-dir", "site")
    assert done.returncode == 3
    told = lead(tmp_path / "site" / "index.html")
    assert told.endswith("(loopback): 1 passed in part, 1 could not run.")
    assert "handshake needs a held wire" in (tmp_path / "site" / "index.html").read_text()


@pytest.mark.kernel
def test_force_replaces_what_it_writes_and_leaves_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    (folder / "half-close.html").write_text("old")
    refused = run(tmp_path, "half-close", "--html-dir", "site")
    assert (refused.returncode, refused.stdout) == (2, ""), "told before anything is run"
    assert "there are files in site: --force replaces those" in refused.stderr
    assert names(folder) == {"mine.txt", "half-close.html"}
    assert run(tmp_path, "half-close", "--html-dir", "site", "--force").returncode == 0
    assert names(folder) == OTHERS | {"mine.txt", "half-close.html"}
    assert (folder / "mine.txt").read_text() == "mine"
    assert len((folder / "half-close.html").read_text()) > 1000


# --- Not written ------------------------------------------------------------------------------


@pytest.mark.kernel
def test_where_no_lab_ran_there_is_nothing_to_show(tmp_path: Path) -> None:
    (tmp_path / "headless.py").write_text("from socklab import *\n")
    done = run(tmp_path, "./headless.py", "--jobs", "1", "--html-dir", "site")
    assert done.returncode == 2
    assert "--html-dir has nothing to show: no lab ran, so no site is written" in done.stderr
    assert names(tmp_path) == {"headless.py"}


@pytest.mark.kernel
def test_a_run_that_was_interrupted_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    with at_work(tmp_path, "--html-dir", "site") as process:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert process.returncode == 130
    assert "the run was interrupted, so no site is written to site" in err
    assert err.splitlines()[-1] == "socklab: interrupted by Ctrl-C"
    assert not [name for name in names(tmp_path) if "site" in name]


@pytest.mark.kernel
def test_on_a_full_disk_nothing_is_left_and_the_run_keeps_its_result(tmp_path: Path) -> None:
    where = tmp_path / "site"
    # A file of more than 40 KiB can't be written: like a full disk, it shows half way.
    done = in_shell(f"ulimit -f 40; $S run half-close --quiet --html-dir {where}")
    assert done.returncode == 3
    assert done.stdout.startswith("passed ")
    assert f"the site can't be written to {where}: File too large; cure: --html-dir" in done.stderr
    assert names(tmp_path) == set()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("half-close --control --html-dir x", "--html-dir shows labs, and not their controls"),
        ("--html-dir x", "which lab? `socklab list` shows them"),
        ("--all --html x", "; --html-dir DIR has a page for each, and an index"),
        ("half-close --html-dir -", "--html-dir wants a folder, and - is none"),
        ("half-close --html-dir no/x", "--html-dir: there is no folder no"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_run(
    arguments: str, told: str, tmp_path: Path
) -> None:
    done = run(tmp_path, *arguments.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert names(tmp_path) == set()


# --- The grid, in a process of its own --------------------------------------------------------


def test_a_grid_that_cannot_be_had_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    async def besiege(*_: object, **__: object) -> Grid:
        raise MachineError("no wire can be held here")

    monkeypatch.setattr(siege, "besiege", besiege)
    assert site._grid(QUICK) == "They were not tried: no wire can be held here."


def test_a_grid_that_crashes_costs_the_grid_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def besiege(*_: object, **__: object) -> Grid:
        os._exit(9)

    monkeypatch.setattr(siege, "besiege", besiege)
    told = site._grid(QUICK)
    assert told == "They were not tried to the end: the process that did ended with exit code 9."


def test_the_grid_is_measured_as_the_labs_were(monkeypatch: pytest.MonkeyPatch) -> None:
    async def besiege(cells: object = (), *, link: str, ipv6: bool) -> Grid:
        outcomes: dict[Cell, object] = {}
        return Grid(link, ipv6, outcomes)  # type: ignore[arg-type]

    monkeypatch.setattr(siege, "besiege", besiege)
    assert site._grid(Options(link="veth", ipv6=True)) == Grid("veth", ipv6=True)


def test_a_signal_while_it_is_measured_interrupts(monkeypatch: pytest.MonkeyPatch) -> None:
    async def besiege(*_: object, **__: object) -> Grid:
        os.kill(os.getppid(), signal.SIGTERM)
        await trio.sleep_forever()
        raise AssertionError

    monkeypatch.setattr(siege, "besiege", besiege)
    with pytest.raises(Interrupted) as raised:
        site._grid(QUICK)
    assert raised.value.signum == signal.SIGTERM
