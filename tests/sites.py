"""Books that tests build with mkdocs, and what is in their pages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pytest

from socklab.record import Record
from tests.commands import PATIENCE_S
from tools.runs import VARIABLE

ROOT = Path(__file__).resolve().parents[1]

needs_mkdocs = pytest.mark.skipif(find_spec("mkdocs") is None, reason="mkdocs is not installed")


class Elements(HTMLParser):
    """The elements of a page, each as its name and attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@dataclass(frozen=True, slots=True)
class Site:
    """A book that was built."""

    folder: Path
    code: int
    said: str

    def read(self, name: str) -> Elements:
        return Elements((self.folder / name).read_text(encoding="utf-8"))


def write_records(file: Path, *records: Record) -> Path:
    file.write_text(json.dumps([record.to_json() for record in records]), encoding="utf-8")
    return file


def mkdocs(
    folder: Path,
    *options: str,
    site: Path | None = None,
    records: Path | None = None,
    before: str = "",
    inside: Sequence[str] = (),
) -> Site:
    """Build the book of a folder.

    Args:
        folder: where its mkdocs.yml is.
        options: of `mkdocs build`.
        site: where to; beside it, if nothing is said.
        records: a file with the runs that it shows; None: it makes them.
        before: Python that is executed before.
        inside: a command that starts it.
    """
    code = f"import sys\nfrom pathlib import Path\n{before}\nfrom mkdocs.__main__ import cli\ncli()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), VARIABLE: str(records or "")}
    site = site or folder / "site"
    built = subprocess.run(
        [*inside, sys.executable, "-c", code, "build", "--site-dir", str(site), *options],
        check=False,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=PATIENCE_S * 2,
    )
    return Site(site, built.returncode, built.stdout)


def write_book(folder: Path, labs: Mapping[str, str], pages: Mapping[str, str]) -> str:
    """Write a book; what Python must be told before it is built."""
    for name, source in labs.items():
        file = folder / "labs" / "trials" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8")
    for name, text in pages.items():
        page = folder / "docs" / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
    (folder / "mkdocs.yml").write_text(
        f"site_name: small\nhooks: ['{ROOT}/tools/players.py']\n"
        "theme: readthedocs\nuse_directory_urls: false\n"
        "plugins: []\nmarkdown_extensions: [md_in_html, tables]\n"
        "nav:\n- index.md\n- Labs:\n  - catalogue.md\n"
    )
    return (
        "import socklab.packs, tools.runs\n"
        f"socklab.packs.labs_folder = lambda: Path({str(folder / 'labs')!r})\n"
        f"tools.runs.KEPT = Path({str(folder / 'kept')!r})\n"
    )


INDEX = {"index.md": "# A book\n", "catalogue.md": "# The catalogue\n"}
