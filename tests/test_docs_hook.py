"""The hook of mkdocs, with small books of labs that may say anything."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from socklab.errors import LabError
from socklab.packs import catalogue
from tests.commands import HEADER, ROLES
from tests.records import kept
from tests.sites import INDEX, Elements, mkdocs, needs_mkdocs, write_book, write_records
from tools.lab_pages import plain, told

HOSTILE = (
    "<script>alert(1)</script>",
    "</p><!-- player: half-close -->",
    '"><img src=x onerror=alert(1)>',
    "[here](javascript:alert(1)) ![](http://example.org/x.png) <http://example.org>",
    "**bold** _it_ `<b>code</b>` ~~~ ``` # heading {: onclick='alert(1)' }",
    "&lt;b&gt; &#60; \\< %24{x} {{ config }} $x$",
)


@needs_mkdocs
def test_hostile_text_in_a_lab_stays_text(tmp_path: Path) -> None:
    pages: dict[str, list[Elements]] = {}
    for name, texts in (("calm", ["calm"] * len(HOSTILE)), ("hostile", HOSTILE)):
        folder = tmp_path / name
        labs = {f"lab{number}": spoiled(text) for number, text in enumerate(texts)}
        before = write_book(folder, labs, INDEX)
        half = kept("half-close")
        records = write_records(folder / "it.json", *(replace(half, lab=lab) for lab in labs))
        built = mkdocs(folder, before=before, records=records)
        assert built.code == 0, built.said
        pages[name] = [built.read(f"labs/{lab}.html") for lab in labs]
    for text, calm, hostile in zip(HOSTILE, pages["calm"], pages["hostile"], strict=True):
        assert skeleton(hostile) == skeleton(calm)
        assert not [each for _, each in hostile.elements if "example.org" in str(each.values())]
        assert "\n<!-- player: lab0 -->\n" in hostile.text
        assert " ".join(hostile.text.split()).replace("`", "").count(text.replace("`", "")) >= 5


def spoiled(text: str) -> str:
    """A lab with a text wherever it may have one."""
    header = HEADER.replace('"""', "'''")
    for calm in ("A lab of a test", "is this a question", "what there is to see", "RFC 9293"):
        header = header.replace(calm, f"{calm} {text}")
    lines = "" if text == "calm" else "```\n<img src=x>\n````\n<!-- player: lab0 -->\n"
    return f"r{header}\nTEXT = r'''\n{text}\n{lines}'''{ROLES}"


def skeleton(page: Elements) -> list[tuple[str, list[str]]]:
    """The elements of a page with their attributes' names. A text may have `code` in it."""
    return [(name, sorted(each)) for name, each in page.elements if name != "code"]


@needs_mkdocs
def test_a_link_to_a_lab_s_file_leads_to_its_page_and_others_stay(tmp_path: Path) -> None:
    pages = {
        "index.md": "# A book\n\n[file](../labs/trials/it.py)\n",
        "catalogue.md": "# The catalogue\n",
        "deep/er.md": "# Deep\n\n[file](../../labs/trials/it.py)\n[none](../../labs/trials/no.py)",
    }
    before = write_book(tmp_path, {"it": HEADER + ROLES}, pages)
    records = write_records(tmp_path / "it.json", replace(kept("half-close"), lab="it"))
    built = mkdocs(tmp_path, before=before, records=records)
    assert {"href": "labs/it.html"} in built.read("index.html").of("a")
    links = built.read("deep/er.html").of("a")
    assert {"href": "../labs/it.html"} in links
    assert {"href": "../../labs/trials/no.py"} in links


@needs_mkdocs
def test_a_marker_that_names_no_lab_is_a_warning(tmp_path: Path) -> None:
    pages = INDEX | {"index.md": "# A book\n\n<!-- player: half-closed -->\n"}
    before = write_book(tmp_path, {"it": HEADER + ROLES}, pages)
    records = write_records(tmp_path / "it.json", replace(kept("half-close"), lab="it"))
    built = mkdocs(tmp_path, "--strict", before=before, records=records)
    assert built.code == 1
    assert "index.md has a player of a lab that is none: half-closed" in built.said


@needs_mkdocs
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "can't be read: No such file or directory"),
        ("[{", "it was cut off in line 1"),
        ('{"schema": "socklab.record/999"}', "newer"),
    ],
)
def test_a_file_without_records_is_told_and_nothing_built(
    content: str | None, why: str, tmp_path: Path
) -> None:
    before = write_book(tmp_path, {"it": HEADER + ROLES}, INDEX)
    file = tmp_path / "given.json"
    if content is not None:
        file.write_text(content)
    built = mkdocs(tmp_path, before=before, records=file)
    assert built.code == 1
    assert "the labs' players can't be made: " in built.said
    assert why in built.said
    assert "Traceback" not in built.said


@needs_mkdocs
def test_the_book_builds_where_there_is_no_linux(tmp_path: Path) -> None:
    before = write_book(tmp_path, {"it": HEADER + ROLES}, INDEX)
    before += (
        "import platform, types\n"
        "tools.runs.sys = types.SimpleNamespace(platform='darwin', version='3')\n"
        "platform.system = lambda: 'Darwin'\n"
        "for name in ('trio', 'socklab.host', 'socklab.runner', 'socklab.namespaces', 'fcntl'):\n"
        "    sys.modules[name] = None\n"
    )
    built = mkdocs(tmp_path, "--strict", before=before)
    assert built.code == 0, built.said
    assert (
        "There is no player here: the labs run on Linux's own TCP, and this book was built on "
        "Darwin."
    ) in built.read("labs/it.html").text


@needs_mkdocs
@pytest.mark.kernel
def test_the_book_builds_where_no_lab_can_run(tmp_path: Path) -> None:
    for tool in ("unshare", "setpriv"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    handshake = catalogue()["handshake"].read_text(encoding="utf-8")
    before = write_book(tmp_path, {"handshake": handshake}, INDEX)
    # Who is root in there has no capability but by entering one more user namespace, and may not.
    denied = (
        "echo 0 > /proc/sys/user/max_user_namespaces && "
        'exec setpriv --inh-caps=-all --bounding-set=-all "$@"'
    )
    inside = ("unshare", "--user", "--map-root-user", "sh", "-c", denied, "sh")
    built = mkdocs(tmp_path, "--strict", before=before, inside=inside)
    assert built.code == 0, built.said
    text = built.read("labs/handshake.html").text
    assert "There is no player here: handshake needs a held wire, but user namespaces" in text


# --- Text ---------------------------------------------------------------------------------------


def test_a_file_without_a_header_is_told(tmp_path: Path) -> None:
    (tmp_path / "bare.py").write_text("x = 1\n")
    with pytest.raises(LabError, match="has no Question"):
        told("bare", tmp_path / "bare.py")


def test_plain_text_has_no_markup_but_code() -> None:
    assert plain("a  b\nc") == "a b c"
    assert plain("*a* <b> _c_ & [d]") == "&#42;a&#42; &#60;b&#62; &#95;c&#95; &#38; &#91;d&#93;"
    assert plain("`ss -t` `") == "<code>ss -t</code> &#96;"
