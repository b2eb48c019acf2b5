"""The house keeps its rules: who may import whom, what is committed, what the reader is told."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "socklab"

# --- Imports point downwards ------------------------------------------------------------------

LAYERS = {
    "pure": {
        "claims",
        "coverage",
        "craft",
        "deviations",
        "errors",
        "flows",
        "forgery",
        "grid",
        "hostile",
        "icmp",
        "ip",
        "joint",
        "moves",
        "options",
        "outcome",
        "packet",
        "position",
        "puzzles",
        "questions",
        "quiz",
        "record",
        "recorder",
        "schema",
        "script",
        "segment_arrives",
        "situations",
        "ss",
        "story",
        "tcp",
    },
    "linux": {
        "calls",
        "caretaker",
        "children",
        "crew",
        "doctor",
        "host",
        "link",
        "namespaces",
        "parent",
        "places",
        "program",
        "role",
        "sockets",
        "sockopt",
        "standstill",
        "syscalls",
        "threads",
        "tools",
        "weather",
        "wire",
        "worker",
    },
    "scenario": {
        "batch",
        "bench",
        "expect",
        "explore",
        "forgotten",
        "hints",
        "lab",
        "lint",
        "look",
        "loopback",
        "mover",
        "observer",
        "packs",
        "runner",
        "siege",
        "steer",
    },
    "views": {"views"},
    "play": {"play"},
    "cli": {"__main__", "cli"},
}
"""Every module of socklab, by what it may know of. A package counts as one module."""

MAY_IMPORT = {
    "pure": {"pure"},
    "linux": {"pure", "linux"},
    "scenario": {"pure", "linux", "scenario"},
    "views": {"pure", "views"},  # a view reads the Record and nothing else
    "play": {"pure", "scenario", "views", "play"},
    "cli": {"pure", "linux", "scenario", "views", "play", "cli"},
}

NOT_PURE = {"asyncio", "ctypes", "fcntl", "socket", "subprocess", "threading", "trio"}
"""What a pure module does without: it can be read, and tested, with no machine in mind."""

PURE_ALL_THE_SAME = {"socket.AF_INET", "socket.AF_INET6", "socket.inet_ntop", "socket.inet_pton"}
"""Names of those that are pure: they turn the text of an address into bytes and back."""


def is_module(name: str) -> bool:
    """Whether socklab has a module of that name, or has planned a place for one."""
    planned = any(name in names for names in LAYERS.values())
    return planned or find_spec(f"socklab.{name}") is not None


def layer_of(module: str) -> str:
    """The layer of a module, named as in `socklab.NAME`.

    Raises:
        LookupError: it stands in none, with the place where to add it.
    """
    for layer, modules in LAYERS.items():
        if module in modules:
            return layer
    raise LookupError(f"socklab.{module} is in no layer: add it to LAYERS in tests/test_house.py")


def imports(source: str) -> Iterator[str]:
    """All that a source imports, in full, wherever in it and for whatever purpose.

    `from socklab.tcp import State` gives `socklab.tcp.State`.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def siblings(source: str) -> set[str]:
    """The modules of socklab that a source imports: `ss` for `socklab.ss.rows.Row`."""
    return {name.split(".")[1] for name in imports(source) if name.startswith("socklab.")}


def complaints(module: str, source: str) -> list[str]:
    """What is wrong with the imports of one module of socklab, a sentence each."""
    layer = layer_of(module)
    found = []
    for name in sorted(siblings(source) - {module}):
        if not is_module(name):
            # A name like State: `from socklab import State` goes through the front door, which
            # knows every layer.
            found.append(f"import {name} from the module it lives in, not from the front door")
        elif (below := layer_of(name)) not in MAY_IMPORT[layer]:
            found.append(f"{module} ({layer}) imports {name} ({below})")
    if layer == "pure":
        others = set(imports(source)) - PURE_ALL_THE_SAME
        tops = {name.partition(".")[0] for name in others}
        found += [f"{module} is pure, and imports {name}" for name in sorted(tops & NOT_PURE)]
    return found


def modules() -> dict[str, list[Path]]:
    """The files of each module of socklab; the front door `socklab/__init__.py` is none."""
    found: dict[str, list[Path]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if name != "__init__":
            found.setdefault(name, []).append(path)
    return found


@pytest.mark.parametrize("module", modules())
def test_imports_point_downwards(module: str) -> None:
    for path in modules()[module]:
        assert complaints(module, path.read_text(encoding="utf-8")) == [], path.name


def test_imports_make_no_circle() -> None:
    below = {
        module: set().union(*(siblings(path.read_text(encoding="utf-8")) for path in paths))
        for module, paths in modules().items()
    }
    # CycleError, if there is a circle, names its modules in order.
    TopologicalSorter({module: names - {module} for module, names in below.items()}).prepare()


@pytest.mark.parametrize("path", sorted((ROOT / "labs").rglob("*.py")), ids=lambda path: path.stem)
def test_a_lab_enters_by_the_front_door(path: Path) -> None:
    deep = [
        name
        for name in imports(path.read_text(encoding="utf-8"))
        if name.startswith("socklab.") and is_module(name.split(".")[1])
    ]
    assert deep == [], "a lab imports from socklab and nothing deeper"


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        ("host", "from socklab.lab import Lab", "host (linux) imports lab (scenario)"),
        ("ss", "import trio", "ss is pure, and imports trio"),
        ("ip", "from socket import inet_pton, create_server", "ip is pure, and imports socket"),
        ("ss", "def look():\n    from subprocess import run", "ss is pure, and imports subprocess"),
        ("views", "import socklab.host", "views (views) imports host (linux)"),
        ("lab", "from socklab import cli", "lab (scenario) imports cli (cli)"),
        (
            "lab",
            "from socklab import State",
            "import State from the module it lives in, not from the front door",
        ),
    ],
)
def test_a_wrong_import_is_found(module: str, source: str, complaint: str) -> None:
    assert complaints(module, source) == [complaint]


def test_a_right_import_is_let_through() -> None:
    assert complaints("lab", "import trio\nfrom socklab.tcp import State\n") == []
    assert complaints("ip", "from socket import inet_pton") == []


def test_a_module_in_no_layer_is_told_where_to_go() -> None:
    with pytest.raises(LookupError, match=r"add it to LAYERS in tests/test_house\.py"):
        complaints("newcomer", "")


# --- What is committed ------------------------------------------------------------------------

# In pieces, so that this file does not contain what it looks for.
OF_ONE_MACHINE = [
    *("/" + folder for folder in ("home/", "root/", "Users/", "work/", "opt/")),
    *(
        ".".join(host)
        for host in (("files", "pythonhosted"), ("deb", "debian"), ("registry", "npmjs"))
    ),
    "pypi.org" + "/simple",
]
"""Folders that one machine has, and hosts that one machine gets its packages from: what names
them is true for one reader only."""


def committed() -> list[Path]:
    """The files that git has, or would take with `git add .`."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            encoding="utf-8",
        )
    except FileNotFoundError:
        pytest.skip("git is not installed")
    except subprocess.CalledProcessError as refused:
        reason, *_ = refused.stderr.splitlines()
        pytest.skip(f"git does not list it: {reason}")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def strings_of_one_machine(text: str) -> list[str]:
    return [
        f"line {number}: {wanted}"
        for number, line in enumerate(text.splitlines(), start=1)
        for wanted in OF_ONE_MACHINE
        if wanted in line
    ]


def test_nothing_committed_is_true_on_one_machine_only() -> None:
    found = {}
    for path in committed():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        if lines := strings_of_one_machine(text):
            found[str(path.relative_to(ROOT))] = lines
    assert found == {}


def test_a_path_of_one_machine_is_found() -> None:
    for wanted in OF_ONE_MACHINE:
        assert strings_of_one_machine(f"fine\nsee {wanted}ada\n") == [f"line 2: {wanted}"]


# --- What the reader is told ------------------------------------------------------------------


def test_the_changelog_has_a_place_for_the_next_line() -> None:
    headings = [
        line
        for line in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("## ")
    ]
    assert headings[0] == "## [Unreleased]"


def test_every_page_of_the_book_is_in_its_contents() -> None:
    contents = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    assert {page for page in pages if f" {page}\n" not in contents} == set()


@pytest.mark.skipif(find_spec("socklab.cli") is None, reason="socklab has no command line yet")
def test_every_command_says_what_it_does_in_one_sentence() -> None:
    from typer.core import TyperGroup
    from typer.main import get_command

    from socklab.cli import app

    group = get_command(app)
    assert isinstance(group, TyperGroup)
    assert group.commands
    for name, command in group.commands.items():
        help_text = (command.help or "").strip()
        assert help_text.partition("\n")[0].endswith("."), f"socklab {name}: {help_text!r}"
