"""The book as a test reads it: blocks, the marks above them, and what commands really print.

A mark is a comment of HTML on the line above a block, which no reader sees:

    <!-- file: NAME -->            the block is a file; the commands below find it in their folder
    <!-- file: NAME, at its end -->                 the block goes on where that file ends
    <!-- file: NAME, instead of its last line -->   the block takes that line's place
    <!-- story of: NAME -->        the block goes on where that lab's story ends, for this once
    <!-- from: PATH -->            the block stands so in that file of the repository
    <!-- not run: REASON -->       the block is not tried

A block of `console` is a dialogue: lines that begin with `$ ` are run, and what follows is what
they must print. A line of nothing but `…` stands for any number of lines. What differs from
run to run and from machine to machine (ports, times, the kernel, the link) may differ.
"""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GAP = "…"

MARK = re.compile(r"<!-- (file|story of|from|not run): (.+?) -->")
FENCE = re.compile(r"```(\w*)$")
GENERATED = re.compile(r"(?s)(<!-- generated: (\w+) -->\n)(.*?)(<!-- end -->)")
"""A part of a page that is made from the code."""

PATIENCE_S = 120
"""A watchdog over one command, in seconds."""

OFFLINE = (
    "--disable-pip-version-check --no-input install --root-user-action ignore --no-index "
    "--no-deps --no-build-isolation"
)
"""What becomes of `pip install` on a page: nothing is fetched, and no environment is changed."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: where its text begins (a line, from 1), its language, its mark, its text."""

    line: int
    language: str
    mark: str
    argument: str  # of the mark
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a dialogue, and what the page says that it prints."""

    line: int
    command: str
    shown: str


def pages() -> dict[str, Path]:
    """The README and every page of the book, by the name in the repository."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return {str(path.relative_to(ROOT)): path for path in found}


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a page, in order."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        opened = FENCE.match(lines[at])
        if opened is None:
            at += 1
            continue
        marked = MARK.search(lines[at - 1]) if at else None
        end = lines.index("```", at + 1)
        yield Block(
            at + 2,
            opened[1],
            marked[1] if marked else "",
            marked[2] if marked else "",
            "\n".join(lines[at + 1 : end]),
        )
        at = end + 1


def commands(block: Block) -> Iterator[Command]:
    """The commands of a dialogue; a line that ends in a backslash goes on in the next."""
    lines = block.text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    assert starts[:1] == [0], f"line {block.line}: a dialogue begins with `$ `"
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        command, first = lines[start][2:], start + 1
        while command.endswith("\\"):
            command, first = command[:-1] + lines[first].strip(), first + 1
        yield Command(block.line + start, command, "\n".join(lines[first:end]))


def write_file(block: Block, folder: Path) -> None:
    """Put a marked block where the commands after it find it."""
    name, _, more = block.argument.partition(", ")
    path = folder / name
    assert "/" not in name
    before = path.read_text(encoding="utf-8") if more else ""
    if more == "instead of its last line":
        before = before[: before.rstrip("\n").rindex("\n") + 1]
    else:
        assert more in ("", "at its end"), f"line {block.line}: {more}"
    path.write_text(f"{before}{block.text}\n", encoding="utf-8")


def prepare(folder: Path) -> dict[str, str]:
    """Make a folder in which a page's commands run; the environment in which they do."""
    programs, site = folder / ".programs", folder / ".site"
    programs.mkdir()
    for name, module in (
        ("socklab", "socklab"),
        ("pytest", "pytest -p no:cacheprovider"),
        ("python", ""),
    ):
        script = programs / name
        arguments = f"-m {module}" if module else ""
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        script.chmod(0o755)
    pip = programs / "pip"
    pip.write_text(
        '#!/bin/sh\n[ "$1" = install ] || exit 2\nshift\n'
        f'exec "{sys.executable}" -m pip {OFFLINE} --target \'{site}\' "$@"\n'
    )
    pip.chmod(0o755)
    (folder / "socklab.sh").symlink_to(programs / "socklab")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTEST_") and name != "SOCKLAB_LABS"
    }
    return kept | {
        "PATH": f"{programs}:{os.environ.get('PATH', '')}",
        "PYTHONPATH": os.pathsep.join(
            filter(None, (str(ROOT), str(site), os.environ.get("PYTHONPATH")))
        ),
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "80",
        "LC_ALL": "C.UTF-8",
        "XDG_STATE_HOME": str(folder / ".state"),
        "NO_COLOR": "1",
    }


def run(command: str, folder: Path, environment: dict[str, str], before: int) -> tuple[str, int]:
    """What a command prints, on both streams, and its exit code; `$?` is the one before."""
    done = subprocess.run(
        ["sh", "-c", f"(exit {before}); {command}"],
        check=False,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=PATIENCE_S,
    )
    printed = re.sub(AS_ROOT, "", done.stdout, flags=re.MULTILINE)
    return printed.rstrip("\n").replace(str(ROOT), GAP), done.returncode


AS_ROOT = r'^Running as user "root" and group "root"\. This could be dangerous\.\n'
"""What tshark says to root, and to no reader of a page."""

VOLATILE = (
    (r"(?<=:)\d{4,5}\b", "PORT"),
    (r"\bport \d{4,5}\b", "port PORT"),
    (r'"(at_s|duration_s)": ?[\d.]+', r'"\1":TIME'),
    (r"\b\d+\.\d+ ?s\b", "TIME"),
    (r"\b[\d.]+ s left\b", "TIME left"),
    (r"timer:\(\w+,[^,]*,", "timer:(TIME,"),
    (r"\bLinux \d\S*", "Linux VERSION"),
    (r"\((tun|veth)\)", "(LINK)"),
    (r'"link": ?"(tun|veth)"', '"link":"LINK"'),
)
"""What no two runs or no two machines share, and what takes its place in a comparison."""


def settled(text: str) -> list[str]:
    """Lines without what may differ. A paragraph that the link's name may fold anew is one."""
    lines: list[str] = []
    for line in text.splitlines():
        plain = line.rstrip()
        verdict = bool(lines) and lines[-1].startswith(("Proved on", "Not proved"))
        if verdict and plain not in ("", GAP) and not plain.startswith(" "):
            lines[-1] += f" {plain}"
        else:
            lines.append(plain)
    for pattern, instead in VOLATILE:
        lines = [re.sub(pattern, instead, line) for line in lines]
    return lines


def differs(shown: str, real: str) -> str:
    """How what a page shows differs from what happens, as a diff; empty if it does not."""
    wanted, seen = settled(shown), settled(real)
    pattern = "".join(r"(?:.*\n)*?" if line == GAP else re.escape(line) + r"\n" for line in wanted)
    if re.fullmatch(pattern, "".join(f"{line}\n" for line in seen)):
        return ""
    return "\n".join(difflib.unified_diff(wanted, seen, "shown", "real", lineterm=""))


def anchors(text: str) -> set[str]:
    """The names by which the headings of a page can be linked to."""
    found = set()
    code = False
    for line in text.splitlines():
        code ^= line.startswith("```")
        if not code and (heading := re.match(r"#+ (.+)", line)):
            plain = re.sub(r"[^\w\s-]", "", heading[1].strip().lower())
            found.add(re.sub(r"[\s]+", "-", plain.strip()))
    return found
