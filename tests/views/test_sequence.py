"""Mermaid's sequence diagram: it tells what the ladder does, and no text gets out of its place."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from socklab.record import Fate, Record, State
from socklab.views.columns import clean
from socklab.views.ending import verdict_of
from socklab.views.sequence import escaped, mermaid
from tests.browsing import chromium
from tests.pages import BACK, CALL, CARRIED, CARRY, DROPPED, RETURNED, SENT, STATE, record_of
from tests.records import NASTY, events, kept, kept_names, records, segments

HOSTILE = [
    *NASTY,
    *("<script>alert(1)</script>", "a<br/>b", "<!--x-->", "&lt;b&gt;", "a&amp;b", "&#35;", '"q"'),
    *("a;b", "a#b", "#59;", "#quot;", "%%{init: {}}%%", "%% c", "%", "$$x^2$$", "`code`", "{a}"),
    *("wrap: x", "nowrap:x", "WRAP:x", ": lead", "A->>B: x", "x-->>y", "end", "loop", "alt", "+"),
    *("**b** _i_", "a\\nb", "|x|", "[x]", "~~", "@{ a }", "javascript:alert(1)", "ﬂ°°59¶ß", "---"),
    *("participant x", "title x", "accTitle: x", "", " ", "  leads and trails  ", "//", "é → …"),
]
"""What means something to Mermaid, to a browser, or to a terminal."""

LINE = re.compile(
    r"""sequenceDiagram | [ ]{4}(?:
        accTitle:[ ].+ | accDescr:[ ].+ | participant[ ]\w+[ ]as[ ].+
        | (?:[ ]{4})?(?: Note[ ](?:left[ ]of|right[ ]of|over)[ ]\w+(?:,\w+)?:[ ].+
        | \w+(?:->>|-->>|-x|--x)\w+:[ ].+ )
        | loop[ ].+ | end
    )""",
    re.VERBOSE,
)
"""All the lines there are."""

any_records = st.one_of(
    records(),
    records(st.one_of(events, segments(st.sampled_from(["client", "server", "10.9.9.9"])))),
    records(hosts=()),
    records(hosts=("end", "wire", "h1", "H O S T")),
)


def read(text: str) -> str:
    """What an escaped text says."""
    return re.sub(r"#(\d+);", lambda match: chr(int(match[1])), text)


@given(any_records)
def test_every_line_is_one_that_mermaid_reads(record: Record) -> None:
    lines = mermaid(record).splitlines()
    assert not [line for line in lines if not LINE.fullmatch(line)]
    participants = [line.split()[1] for line in lines if line.startswith("    participant")]
    assert len(set(participants)) == len(participants) >= 1
    ends = [
        end
        for line in lines
        if (ends := re.match(r" +(\w+)--?(?:>>|x)(\w+): ", line))
        for end in ends.groups()
    ]
    assert set(ends) <= set(participants)
    assert [line.split()[0] for line in lines].count("loop") == lines.count("    end")


@given(st.one_of(st.text(), st.sampled_from(HOSTILE)))
def test_an_escaped_text_says_the_same_without_any_sign(text: str) -> None:
    told = escaped(text)
    assert read(told) == (clean(text).strip() or "\xa0")
    assert not re.search(r'[<>"%{}$\\`&\n]', told)
    assert not re.search(r"[#;]", re.sub(r"#\d+;", "", told))
    assert not re.match(r"(?i)(no)?wrap:|:", told)


@pytest.mark.parametrize("name", kept_names())
def test_all_that_the_ladder_tells_is_there(name: str) -> None:
    record = kept(name)
    text = read(mermaid(record)).replace("<br/>", " ")
    for state, count in Counter(state.now for state in record.of(State)).items():
        assert text.count(f"[{state}]") == count
    squeezed = re.sub(r"\s", "", text)
    assert re.sub(r"\s", "", verdict_of(record)) in squeezed


def test_a_handshake_reads_well() -> None:
    text = mermaid(kept("half-close"))
    assert text.startswith("sequenceDiagram\n    accTitle: Half-close")
    told = (
        "    Note left of client: connect(server:80) …<br/>[SYN-SENT]\n"
        "    client->>server: SYN seq 0\n"
        "    Note right of server: [SYN-RECEIVED]\n"
        "    server->>client: SYN+ACK seq 0 ack 1\n"
        "    Note left of client: [ESTABLISHED]<br/>…connect() = 0\n"
    )
    assert told in text


def arrows(record: Record) -> list[str]:
    return [line.strip() for line in mermaid(record).splitlines() if re.search(r"->>|-x", line)]


def test_an_arrow_tells_what_became_of_its_segment() -> None:
    label = "FIN seq 1 ack 1"
    assert arrows(record_of(CARRY, SENT, CARRIED)) == [f"client->>server: {label}"]
    lost = record_of(CARRY, SENT, DROPPED)
    assert arrows(lost) == [f"client-xserver: {label}, dropped"]
    copies = [replace(event, copy=True) for event in (SENT, CARRIED, SENT, DROPPED)]
    assert arrows(record_of(CARRY, *copies)) == [
        "client-->>server: FIN (copy) seq 1 ack 1",
        "client--xserver: FIN (copy) seq 1 ack 1, dropped",
    ]


def test_what_no_kernel_sent_comes_from_the_wire() -> None:
    record = record_of(CARRY, replace(SENT, fate=Fate.INJECTED))
    assert arrows(record) == ["wire->>server: FIN (injected) seq 1 ack 1"]
    participants = re.findall(r"participant (\w+) as (.+)", mermaid(record))
    assert [name for name, _ in participants] == ["client", "wire", "server"]
    assert dict(participants)["wire"] == "the wire"
    assert "the wire" not in mermaid(record_of(CARRY, SENT, CARRIED))


def test_what_was_held_is_a_note_until_it_goes_on() -> None:
    text = mermaid(record_of(SENT, CALL, RETURNED, CARRY, CARRIED))
    assert "    Note right of client: FIN seq 1 ack 1, held\n" in text
    assert "    client->>server: FIN seq 1 ack 1, held until now\n" in text
    # Between the two, whichever of them sent it.
    assert "    Note left of server: ACK seq 1 ack 2, held to the end\n" in mermaid(record_of(BACK))


def test_what_repeats_is_a_loop() -> None:
    several = [event for _ in range(6) for event in (CALL, RETURNED, CARRY, SENT, CARRIED)]
    lines = mermaid(record_of(*several)).splitlines()
    begin, end = lines.index("    loop 6 times#59; the first is drawn"), lines.index("    end")
    assert [line.strip() for line in lines[begin + 1 : end]] == [
        "Note left of client: shutdown(SHUT_WR)",
        "client->>server: FIN seq 1 ack 1",
    ]
    assert len(arrows(record_of(*several))) == 1


def test_a_connection_is_named_where_there_are_several() -> None:
    other = replace(CARRIED, source="10.0.0.1:40001")
    told = arrows(record_of(CARRY, CARRIED, other))
    assert told == [
        "client->>server: FIN seq 1 ack 1 (:40000)",
        "client->>server: FIN seq 1 ack 1 (:40001)",
    ]


def test_an_empty_record_is_a_note() -> None:
    assert mermaid(Record("", "wire", "tun", {})) == (
        "sequenceDiagram\n"
        "    participant socklab as socklab\n"
        "    Note over socklab: Not proved: nothing was expected<br/>of it.\n"
    )


# --- The real renderer --------------------------------------------------------------------------


DRAWN = """async texts => {
  mermaid.initialize({ startOnLoad: false });
  const found = [];
  for (const text of texts) {
    try {
      const page = document.createElement("div");
      page.innerHTML = (await mermaid.render("drawing", text)).svg;
      const words = kind => [...page.querySelectorAll(kind)].map(each => each.textContent);
      found.push({
        notes: words(".noteText"), arrows: words(".messageText"), hosts: words("text.actor"),
        title: words("title"), scripts: words("script"),
      });
    } catch (problem) { found.push(`${problem}`); }
  }
  return found;
}"""


def renderer() -> Path:
    """Mermaid itself, from npm; the test is skipped where it is not installed."""
    folders = [os.environ.get("SOCKLAB_NODE_MODULES", "")]
    if npm := shutil.which("npm"):
        asked = subprocess.run([npm, "root", "-g"], check=False, capture_output=True, text=True)
        folders.append(asked.stdout.strip())
    for folder in filter(None, folders):
        if (file := Path(folder) / "mermaid" / "dist" / "mermaid.min.js").is_file():
            return file
    pytest.skip(
        "mermaid is not installed: npm install -g mermaid, or name the node_modules that it is in "
        "by SOCKLAB_NODE_MODULES"
    )


def drawn(texts: Sequence[str]) -> list[Any]:
    """What Mermaid makes of texts: the words that it draws, or what it says against one."""
    script = renderer()
    with chromium() as browser:
        page = browser.new_page()
        page.set_content("<body></body>")
        page.add_script_tag(path=script)
        found = page.evaluate(DRAWN, texts)
    assert len(found) == len(texts)
    return list(found)


def test_mermaid_draws_every_kept_record() -> None:
    names = kept_names()
    for name, made in zip(names, drawn([mermaid(kept(n)) for n in names]), strict=True):
        assert isinstance(made, dict), made
        record = kept(name)
        told = "".join(made["notes"])
        for state, count in Counter(state.now for state in record.of(State)).items():
            assert told.count(f"[{state}]") == count
        assert len(made["arrows"]) == len(arrows(record))
        assert made["title"] == [record.title]


def test_mermaid_draws_a_hostile_text_as_it_is() -> None:
    diagrams = [
        mermaid(
            record_of(
                replace(CALL, call="", arguments=(), error=hostile, phase=RETURNED.phase),
                CARRY,
                replace(DROPPED, by=hostile),
                replace(STATE, now=hostile),
                title=hostile or "made",
                question=hostile,
                hosts={"client": hostile, "server": "10.0.0.2"},
            )
        )
        for hostile in HOSTILE
    ]
    for hostile, made in zip(HOSTILE, drawn(diagrams), strict=True):
        assert isinstance(made, dict), made
        words = re.sub(r"\s", "", clean(hostile))
        assert re.sub(r"\s", "", made["arrows"][0]).endswith(
            f"dropped:{words}" if hostile else "dropped"
        )
        assert f"[{words}]" in re.sub(r"\s", "", "".join(made["notes"]))
        assert made["title"] == [clean(hostile).strip() or ("\xa0" if hostile else "made")]
        assert made["scripts"] == []
        assert words in re.sub(r"\s", "", "".join(made["hosts"]))
