"""Every lab keeps its word on this kernel, and every lab's control shows that it can break it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from socklab.lab import REQUIRED, Lab, load
from socklab.link import LinkKind, tun_refused
from socklab.packs import catalogue
from socklab.record import Expect, Record, Segment, Trouble
from socklab.runner import replay, run_lab
from tests.commands import COMMAND, PATIENCE_S, environment, socklab

LABS = [load(path) for path in catalogue().values()]
QUICK = [lab for lab in LABS if not lab.slow]
SLOW = [lab for lab in LABS if lab.slow]
ON_LOOPBACK = [lab for lab in QUICK if lab.loopback]


def named(lab: Lab) -> str:
    return lab.name


every_lab = pytest.mark.parametrize("lab", LABS, ids=named)
every_quick_lab = pytest.mark.parametrize("lab", QUICK, ids=named)


FIRST_TOLD: dict[str, Record] = {}
"""The Records that there are already, of IPv4 and the first kind of link, by the lab's name."""


def troubles(record: Record) -> list[str]:
    return [event.text for event in record.of(Trouble)]


@every_quick_lab
@pytest.mark.kernel
async def test_lab_passes_and_gives_the_same_record_on_every_link(lab: Lab, ipv6: bool) -> None:
    kinds = [kind for kind in LinkKind if kind is LinkKind.VETH or tun_refused() is None]
    records = [await run_lab(lab, link=kind.value, ipv6=ipv6) for kind in kinds]
    if not ipv6:
        FIRST_TOLD[lab.name] = records[0]
    for kind, record in zip(kinds, records, strict=True):
        assert troubles(record) == []
        assert record.passed
        assert record.link == kind.value
        assert all(event.passed for event in record.of(Expect))
        assert record.essence() == records[0].essence()


@every_quick_lab
@pytest.mark.kernel
async def test_control_fails_for_its_own_reason(lab: Lab) -> None:
    assert lab.control is not None, f"{lab.name} has no control"
    record = await run_lab(lab, control=lab.control)
    assert not record.passed
    assert lab.control.fails in troubles(record)[-1]


@every_quick_lab
@pytest.mark.kernel
async def test_replayed_moves_give_the_same_record(lab: Lab) -> None:
    told = FIRST_TOLD.get(lab.name) or await run_lab(lab)
    again = await replay(lab, told.moves())
    assert troubles(again) == []
    assert again.essence(expectations=False) == told.essence(expectations=False)


# Slow labs spend their time waiting: side by side all of them take as long as the longest.


def side_by_side(*options: str) -> list[str]:
    """Run the slow labs; what became of each that was not as expected."""
    names = [lab.name for lab in SLOW]
    ran = socklab("run", "--jobs", str(len(names)), *options, *names)
    return [] if ran.returncode == 0 else [ran.stdout, ran.stderr]


@pytest.mark.kernel
@pytest.mark.parametrize("options", [(), ("--ipv6",), ("--control",)], ids=" ".join)
def test_slow_labs_pass_and_their_controls_fail(kind: LinkKind, options: tuple[str, ...]) -> None:
    assert side_by_side("--link", kind.value, *options) == []


@pytest.mark.kernel
def test_slow_labs_give_the_same_record_on_veth_and_replayed(tmp_path: Path) -> None:
    here, there = tmp_path / "here.json", tmp_path / "there.json"
    assert side_by_side("--record", str(here)) == []
    assert side_by_side("--record", str(there), "--link", "veth") == []
    documents = json.loads(here.read_text())
    for one, other in zip(documents, json.loads(there.read_text()), strict=True):
        assert Record.from_json(one).essence() == Record.from_json(other).essence()
    for document in documents:
        (tmp_path / f"{document['lab']}.json").write_text(json.dumps(document))
    again = [
        subprocess.Popen(
            [*COMMAND, "replay", tmp_path / f"{lab.name}.json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            env=environment(),
        )
        for lab in SLOW
    ]
    for process in again:
        out, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, out


@pytest.mark.parametrize("lab", ON_LOOPBACK, ids=named)
@pytest.mark.parametrize("ipv6", [False, True], ids=["IPv4", "IPv6"])
async def test_lab_for_loopback_passes_there(lab: Lab, ipv6: bool) -> None:
    record = await run_lab(lab, bench="loopback", ipv6=ipv6)
    assert troubles(record) == []
    assert record.passed
    assert record.link == "loopback"
    verdicts = {event.passed for event in record.of(Expect)}
    assert True in verdicts
    assert False not in verdicts
    assert not list(record.of(Segment))


@pytest.mark.parametrize("lab", ON_LOOPBACK, ids=named)
async def test_what_takes_a_held_wire_is_never_passed_on_loopback(lab: Lab) -> None:
    record = await run_lab(lab, bench="loopback")
    for event in record.of(Expect):
        in_flight = {"FIN-WAIT-1", "LAST-ACK", "CLOSING", "SYN-SENT", "SYN-RECEIVED"}
        if any(state in text for text in event.expected.values() for state in in_flight):
            assert event.passed is None
            assert event.note.startswith("not observable here")


@pytest.mark.parametrize("lab", ON_LOOPBACK, ids=named)
async def test_control_is_caught_on_loopback_too_where_a_program_is_the_cause(lab: Lab) -> None:
    assert lab.control is not None
    if not lab.control.roles:
        pytest.skip("the control loses a segment, and loopback holds none")
    record = await run_lab(lab, bench="loopback", control=lab.control)
    assert not record.passed


@every_lab
def test_lab_is_about_a_screen_and_its_header_leads_on(lab: Lab) -> None:
    names = catalogue().keys()
    assert all(lab.header[field] for field in REQUIRED)
    assert lab.header["Question"].endswith("?")
    assert lab.header["Next"] in names
    assert lab.header["Level"] in {"1", "2", "3"}
    story = lab.path.read_text(encoding="utf-8")
    assert len(story.splitlines()) <= 120
    assert "sleep" not in story


def test_reading_on_leads_through_all_labs() -> None:
    nexts = {lab.name: lab.header["Next"] for lab in LABS}
    seen, name = set(), "handshake"
    while name not in seen:
        seen.add(name)
        name = nexts[name]
    assert seen == nexts.keys()


def test_labs_import_nothing_deeper_than_socklab() -> None:
    for path in catalogue().values():
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            assert not line.startswith(("from socklab.", "import socklab."))
