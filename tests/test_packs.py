from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from socklab import packs
from socklab.errors import LabError
from socklab.packs import (
    OWN,
    VARIABLE,
    Shelf,
    catalogue,
    files,
    find,
    labs_folder,
    name_of,
    shelf,
)
from tests import book
from tests.commands import PATIENCE_S, environment, socklab


def touch(folder: Path, *names: str) -> list[Path]:
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return paths


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """socklab's own labs, for a test: `close/half_close.py` is all there is."""
    folder = tmp_path / "own"
    monkeypatch.setattr(packs, "labs_folder", lambda: folder)
    monkeypatch.delenv(VARIABLE, raising=False)
    return touch(folder, "close/half_close.py")[0]


def install(site: Path, name: str, *points: str, version: str = "1.0") -> None:
    """What pip leaves of a distribution, and nothing of its packages."""
    (info,) = touch(site, f"{name.replace('-', '_')}-{version}.dist-info/METADATA")
    info.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = "\n".join(("[socklab.labs]", *points, ""))
    info.with_name("entry_points.txt").write_text(lines)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder from which Python imports, and in which a test installs."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def told(shelf: Shelf) -> list[str]:
    return [str(problem) for problem in shelf.problems]


# --- Folders ---


def test_a_name_is_a_files_with_dashes() -> None:
    assert name_of(Path("labs/close/half_close.py")) == "half-close"


def test_a_pack_has_what_is_in_its_folder_then_folder_by_folder(tmp_path: Path) -> None:
    names = ("b.py", "a_1.py", "close/b2.py", "abort/z.py", "close/deep/er.py")
    others = ("_shared.py", "close/_more.py", "_old/c.py", ".hidden/d.py", "e.txt", "close/f.pyc")
    touch(tmp_path, *names, *others)
    found = [str(path.relative_to(tmp_path)) for path in files(tmp_path, "--labs")]
    assert found == ["a_1.py", "b.py", "abort/z.py", "close/b2.py"]


def test_a_catalogue_is_by_name_in_the_order_of_folders_and_files(tmp_path: Path) -> None:
    touch(tmp_path, "close/b.py", "close/a_1.py", "abort/z.py", "close/_shared.py")
    assert list(catalogue(tmp_path).items()) == [
        ("z", tmp_path / "abort/z.py"),
        ("a-1", tmp_path / "close/a_1.py"),
        ("b", tmp_path / "close/b.py"),
    ]


def test_two_labs_of_one_name_are_refused(tmp_path: Path) -> None:
    one, two = touch(tmp_path, "abort/same.py", "close/same.py")
    with pytest.raises(LabError) as refused:
        catalogue(tmp_path)
    assert str(refused.value) == (
        f"two labs are named same: {one} and {two}; rename one, or run it by its path"
    )


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="there is no folder of labs at"):
        catalogue(tmp_path / "none")


def test_our_own_labs_are_beside_the_package() -> None:
    assert labs_folder().name == "labs"
    assert "half-close" in catalogue()


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("none", "--labs: there is no folder of labs at {}"),
        ("lab.py", "--labs: {} is no folder; a lab's file is run by its path"),
    ],
)
def test_a_folder_that_is_none_is_told_by_whoever_named_it(
    own: Path, tmp_path: Path, name: str, complaint: str
) -> None:
    touch(tmp_path, "lab.py")
    with pytest.raises(LabError) as refused:
        shelf([tmp_path / name])
    assert str(refused.value) == complaint.format(tmp_path / name)


def test_a_folder_that_can_not_be_read_is_told(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = Path.iterdir

    def refuse(folder: Path) -> object:
        if folder == tmp_path:
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(LabError) as refused:
        shelf([tmp_path])
    assert str(refused.value) == f"--labs: {tmp_path} can't be read: Permission denied"


# --- What comes from where ---


def test_given_folders_come_after_our_own_and_before_those_of_the_variable(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, three = touch(tmp_path, "given/one.py", "a/two.py", "b/close/three.py")
    folders = [str(two.parent), "", str(three.parents[1])]
    monkeypatch.setenv(VARIABLE, os.pathsep.join(folders))
    found = shelf([one.parent])
    assert found.problems == ()
    assert [(pack.origin, dict(pack.labs)) for pack in found.packs[:4]] == [
        (OWN, {"half-close": own}),
        ("--labs", {"one": one}),
        (VARIABLE, {"two": two}),
        (VARIABLE, {"three": three}),
    ]


def test_of_two_labs_with_one_name_the_first_is_kept_and_both_are_told(
    own: Path, tmp_path: Path
) -> None:
    other, fine = touch(tmp_path, "given/half_close.py", "given/other.py")
    found = shelf([other.parent])
    assert found.labs["half-close"] == own
    assert found.labs["other"] == fine
    assert told(found) == [
        f"two labs are named half-close: {own} and {other}; rename one, or run it by its path"
    ]


def test_a_folder_given_twice_or_within_another_is_no_clash(own: Path, tmp_path: Path) -> None:
    (lab,) = touch(tmp_path, "given/close/lab.py")
    found = shelf([lab.parents[1], lab.parents[1], lab.parent, own.parent])
    assert found.problems == ()
    assert sorted(found.labs) == ["half-close", "lab"]


@pytest.mark.parametrize(
    ("package", "lab", "value"),
    [
        ("ada_labs", "ada_labs/last_words.py", "ada_labs"),
        ("ada_labs", "ada_labs/close/last_words.py", "ada_labs"),
        ("ada_labs", "ada_labs/labs/last_words.py", "ada_labs.labs"),
        ("", "ada_labs/last_words.py", "ada_labs"),  # a namespace package
    ],
)
def test_an_installed_package_is_a_pack_and_is_not_imported(
    own: Path, site: Path, package: str, lab: str, value: str
) -> None:
    (path,) = touch(site, lab)
    if package:
        (site / package / "__init__.py").write_text("raise SystemExit('imported')\n")
    install(site, "ada-labs", f"ada = {value}")
    found = shelf()
    assert found.problems == ()
    (pack,) = (pack for pack in found.packs if pack.origin == "ada-labs 1.0")
    assert dict(pack.labs) == {"last-words": path}
    assert "ada_labs" not in sys.modules


@pytest.mark.parametrize(
    "value", ["gone_labs", "ada_labs.gone", "ada_labs:lab", "alone", ".", "a b"]
)
def test_a_broken_pack_is_told_with_its_distribution_and_hides_no_other(
    own: Path, site: Path, value: str
) -> None:
    touch(
        site, "ada_labs/__init__.py", "alone.py", "eve_labs/__init__.py", "eve_labs/last_words.py"
    )
    install(site, "ada-labs", f"ada = {value}", version="2.1")
    install(site, "eve-labs", "eve = eve_labs")
    found = shelf()
    assert told(found) == [
        f"the labs of ada-labs 2.1 can't be found: its entry point `ada = {value}` must name a "
        "package that is installed"
    ]
    assert "last-words" in found.labs


def test_two_entry_points_for_one_folder_are_one_pack(own: Path, site: Path) -> None:
    touch(site, "ada_labs/__init__.py", "ada_labs/last_words.py")
    install(site, "ada-labs", "ada = ada_labs", "again = ada_labs")
    found = shelf()
    assert found.problems == ()
    assert [pack.origin for pack in found.packs].count("ada-labs 1.0") == 1


# --- Finding one ---


@pytest.mark.parametrize("name", ["half-close", "half_close", "HALF_close"])
def test_a_lab_is_found_by_its_name(own: Path, name: str) -> None:
    assert find(name) == own


def test_a_lab_is_found_by_its_path(own: Path) -> None:
    assert find(str(own)) == own


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("half-clos", "there is no lab half-clos; did you mean half-close?"),
        ("xyz", "there is no lab xyz; `socklab list` shows them all"),
        ("close/none.py", "there is no lab file close/none.py"),
        ("none.py", "there is no lab file none.py"),
    ],
)
def test_a_name_that_is_no_lab_has_the_nearest(own: Path, name: str, complaint: str) -> None:
    with pytest.raises(LabError) as refused:
        find(name)
    assert str(refused.value) == complaint


def test_a_folder_is_no_lab(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"is a folder; name a lab's file in it"):
        find(f"{tmp_path}/")


def test_a_file_that_can_not_be_looked_at_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", refuse)
    with pytest.raises(LabError, match=r"the lab file x/y\.py can't be read: Permission denied"):
        find("x/y.py")


def test_a_name_that_two_labs_have_is_found_by_neither_and_others_are(
    own: Path, tmp_path: Path
) -> None:
    other, fine = touch(tmp_path, "given/half_close.py", "given/other.py")
    with pytest.raises(LabError, match="two labs are named half-close: "):
        find("half-close", [other.parent])
    assert find("other", [fine.parent]) == fine


def test_what_is_installed_is_asked_only_where_nothing_else_has_the_name(
    own: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = touch(site, "ada_labs/last_words.py")
    install(site, "ada-labs", "ada = ada_labs")
    assert find("last-words") == path

    def never() -> object:
        raise AssertionError("it was asked what is installed")

    monkeypatch.setattr(packs, "_installed", never)
    assert find("half-close") == own
    with pytest.raises(AssertionError):
        find("last-words")


def test_a_broken_pack_is_told_to_those_who_may_look_for_its_labs(own: Path, site: Path) -> None:
    install(site, "ada-labs", "ada = gone_labs", "eve = gone_too")
    assert find("half-close") == own
    with pytest.raises(LabError) as refused:
        find("last-words")
    assert str(refused.value) == (
        "there is no lab last-words; the labs of ada-labs 1.0 can't be found: its entry point "
        "`ada = gone_labs` must name a package that is installed; `socklab list` shows them all"
    )


# --- The command line ---


def test_a_given_folder_is_known_to_every_command(tmp_path: Path) -> None:
    assert socklab("new", "last-words", "--folder", tmp_path).returncode == 0
    name = ("last-words", "--labs", tmp_path)
    assert socklab("show", *name).stdout.startswith("Last words: ")
    assert "\nlast-words\t" in "\n" + completed(f"socklab show --labs {tmp_path} last")
    assert socklab("lint", *name).returncode == 0
    assert socklab("run", *name, "--bench", "loopback").returncode == 0
    assert socklab("list", "--labs", tmp_path, "--tag", tmp_path.name).stdout.startswith(
        f"{tmp_path}/  (--labs)\n  last-words  1  Last words: "
    )
    assert socklab("show", "last-words", env={VARIABLE: str(tmp_path)}).returncode == 0
    assert socklab("show", "last-words").returncode == 2


@pytest.mark.kernel
def test_a_run_of_a_lab_from_elsewhere_is_replayed_by_its_name(tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    given = ("--labs", tmp_path)
    assert socklab("new", "last-words", "--folder", tmp_path).returncode == 0
    assert socklab("run", "last-words", *given, "--record", record).returncode == 0
    assert socklab("replay", record, *given).returncode == 0
    assert socklab("replay", record).stderr.startswith("socklab: there is no lab last-words; ")


def completed(words: str) -> str:
    env = {
        "_SOCKLAB_COMPLETE": "complete_fish",
        "_TYPER_COMPLETE_ARGS": words,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    return socklab(env=env).stdout


@pytest.mark.parametrize("command", [("list",), ("show", "half-close"), ("lint",)])
def test_a_variable_that_names_no_folder_is_told(command: tuple[str, ...]) -> None:
    done = socklab(*command, env={VARIABLE: "nowhere"})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"socklab: {VARIABLE}: there is no folder of labs at nowhere\n"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which the pack of docs/packs.md is installed."""
    if find_spec("hatchling") is None:
        pytest.skip("hatchling, which builds the pack, is not installed")
    root, site = tmp_path_factory.mktemp("pack"), tmp_path_factory.mktemp("site")
    page = (book.ROOT / "docs/packs.md").read_text(encoding="utf-8")
    for block in book.blocks(page):
        if block.mark == "file":
            book.write_file(block, root)
    touch(root, "ada_labs/__init__.py")
    assert socklab("new", "who-closes", "--folder", root / "ada_labs").returncode == 0
    # As pip does: ask for a wheel, and unpack it where Python imports from.
    subprocess.run(
        [sys.executable, "-c", "from hatchling.build import build_wheel; build_wheel('dist')"],
        check=True,
        cwd=root,
        env=environment(),
        stdout=subprocess.DEVNULL,
        timeout=PATIENCE_S,
    )
    (wheel,) = (root / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return {"PYTHONPATH": os.pathsep.join((environment()["PYTHONPATH"], str(site)))}


def test_the_pack_of_the_book_is_listed_and_shown(installed: dict[str, str]) -> None:
    listed = socklab("list", env=installed)
    assert listed.returncode == 0, listed.stderr
    assert "\nada_labs/  (ada-labs 1.0)\n  who-closes " in listed.stdout
    assert "site/ada_labs/who_closes.py" not in listed.stdout
    assert socklab("lint", "who-closes", env=installed).stdout == "1 lab, and nothing to say.\n"


@pytest.mark.kernel
def test_the_pack_of_the_book_runs(installed: dict[str, str]) -> None:
    done = socklab("run", "who-closes", env=installed)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\nProved on Linux " in done.stdout


def test_a_mistake_in_an_installed_lab_is_told_with_its_line(site: Path) -> None:
    (path,) = touch(site, "site-packages/ada_labs/broken.py")
    path.write_text(
        '"""A.\n\nQuestion: ?\nSee: a\nSource: b\nNext: half-close\n"""\n1 / 0\n', encoding="utf-8"
    )
    done = socklab("run", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"socklab: {path} does not import: ZeroDivisionError: division by zero, "
        "at ada_labs/broken.py:8: 1 / 0\n"
    )
