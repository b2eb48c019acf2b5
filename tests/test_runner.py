"""A run from its beginning to its end, however it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import trio

from socklab import namespaces, runner
from socklab.errors import LabError, MachineError, ToolError
from socklab.lab import Control, Lab, load
from socklab.packs import find
from socklab.record import SCHEMA, Expect, Record, Trouble
from socklab.runner import new_record, open_bench, replay, run_lab
from socklab.wire import Wire

LabWriter = Callable[[str], Lab]

HEADER = '''"""A lab made for a test.

Question: does it end as it should?
See:      it does
Source:   this test
Next:     handshake
"""

from socklab import *

'''

PROGRAMS = """
async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    await listener.accept()


async def client(me: Role) -> None:
    await me.socket().connect(("server", 80))

"""


@pytest.fixture
def lab(tmp_path: Path) -> LabWriter:
    """Writes a lab's file with this story, and loads it."""

    def write(story: str) -> Lab:
        path = tmp_path / "made_up.py"
        path.write_text(HEADER + PROGRAMS + story, encoding="utf-8")
        return load(path)

    return write


@pytest.mark.kernel
async def test_a_story_without_expectations_proves_nothing(lab: LabWriter) -> None:
    record = await run_lab(lab("async def story(bench): await bench.flow()\n"))
    assert not record.passed
    assert record.events


@pytest.mark.kernel
async def test_an_error_in_the_story_is_told_with_its_line(lab: LabWriter) -> None:
    record = await run_lab(lab("async def story(bench):\n    await bench.flow()\n    1 / 0\n"))
    assert not record.passed
    (trouble,) = record.of(Trouble)
    assert trouble.who == "story"
    assert "ZeroDivisionError: division by zero" in trouble.text
    assert trouble.text.endswith(": 1 / 0")


@pytest.mark.kernel
async def test_an_error_in_a_role_is_told_once_and_by_its_name(lab: LabWriter) -> None:
    made = lab(
        "async def client_2(me):\n    await me.socket().listen()\n    1 / 0\n\n"
        "async def story(bench):\n    await bench.call(client_2='listen')\n"
    )
    record = await run_lab(made)
    assert not record.passed
    (trouble,) = record.of(Trouble)
    assert trouble.who == "client_2"
    assert "ZeroDivisionError" in trouble.text


@pytest.mark.kernel
async def test_a_mistake_of_the_lab_is_one_in_a_role_too(lab: LabWriter) -> None:
    made = lab(
        "async def client_2(me):\n    await me.socket().connect(('sever', 80))\n\n"
        "async def story(bench):\n    await bench.call(client_2='connect')\n"
    )
    with pytest.raises(LabError, match="there is no host 'sever'"):
        await run_lab(made)


@pytest.mark.kernel
async def test_a_failed_expectation_ends_the_record_with_advice(lab: LabWriter) -> None:
    record = await run_lab(lab("async def story(bench):\n    bench.expect(client=ESTABLISHED)\n"))
    assert [event.passed for event in record.of(Expect)] == [False]
    (trouble,) = record.of(Trouble)
    assert "made_up.py:" in trouble.text
    assert trouble.text.endswith("expected client ESTABLISHED; observed client CLOSED")
    assert trouble.advice[0] == "What `ss -H -n -O -a -t -o -e -i` showed:"
    assert trouble.advice[-1] == (
        "Hint: client stands before connect(server:80); let it go first if it is to be done by now."
    )


@pytest.mark.kernel
async def test_a_mistake_in_the_lab_is_an_error_and_no_verdict(lab: LabWriter) -> None:
    with pytest.raises(LabError, match="there is no host 'clinet'"):
        await run_lab(lab("async def story(bench):\n    bench.expect(clinet=CLOSED)\n"))


@pytest.mark.kernel
async def test_the_record_says_what_it_stood_on() -> None:
    record = await run_lab(load(find("handshake")), ipv6=True)
    document = record.to_json()
    assert document["schema"] == SCHEMA
    assert document["hosts"] == {"client": {"address": "fd00::1"}, "server": {"address": "fd00::2"}}
    assert document["machine"]["kernel"] == os.uname().release
    assert document["weather"]["net.ipv4.tcp_congestion_control"] == "reno"
    assert document["duration_s"] > 0
    assert document["question"].endswith("?")


@pytest.mark.kernel
async def test_a_caller_keeps_what_there_is_when_a_run_is_cut_short(lab: LabWriter) -> None:
    made = lab(
        "import trio\n\ntold = trio.Event()\n\n"
        "async def story(bench):\n    await bench.flow()\n"
        "    told.set()\n    await trio.sleep_forever()\n"
    )
    record = new_record(made)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(run_lab, made, record=record))
        await made.story.__globals__["told"].wait()
        nursery.cancel_scope.cancel()
    assert record.moves()[0] == "call server bind"
    assert not record.passed


@pytest.mark.kernel
async def test_two_hundred_benches_leave_no_descriptor() -> None:
    def descriptors() -> list[str]:
        return sorted(
            str(fd.readlink()) for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()
        )

    async def once() -> None:
        async with open_bench({}):
            pass

    await once()
    before = len(descriptors())
    for _ in range(200):
        await once()
    assert len(descriptors()) == before


@pytest.mark.kernel
async def test_a_replay_of_other_moves_says_which_one_can_not_be_made() -> None:
    record = await replay(load(find("handshake")), ["call server bind", "carry client 1 SYN"])
    assert not record.passed
    (trouble,) = record.of(Trouble)
    assert "`carry client 1 SYN` finds no such segment; the wire is empty" in trouble.text
    with pytest.raises(LabError, match="'dance' is not a move"):
        await replay(load(find("handshake")), ["dance"])


@pytest.mark.kernel
@pytest.mark.parametrize("name", ["cut-wire", "syn-cookies"])
async def test_a_replay_cuts_the_wire_and_loses_what_it_lost(name: str) -> None:
    lab = load(find(name))
    record = await run_lab(lab)
    assert any(text.startswith("cut ") for text in record.moves())
    again = await replay(lab, record.moves())
    assert again.replay and not list(again.of(Trouble))
    assert again.essence(expectations=False) == record.essence(expectations=False)
    assert again.moves() == record.moves()


@pytest.mark.kernel
async def test_a_replay_drops_by_hand_what_was_sent_before_the_cut(lab: LabWriter) -> None:
    made = lab(
        "async def story(bench):\n"
        "    await bench.flow(until=bench.stands_before(client='connect'))\n"
        "    await bench.call(client='connect')\n"
        "    with bench.cut('client'):\n"
        "        await bench.drop(client=SYN)\n"
        "    bench.expect(wire=[])\n"
    )
    record = await run_lab(made)
    assert record.passed
    again = await replay(made, record.moves())
    assert again.moves() == record.moves()


def refuse() -> None:
    raise MachineError("no namespaces here; cure: none")


async def test_without_namespaces_a_lab_for_loopback_runs_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runner, "be_allowed", refuse)
    record = await run_lab(load(find("half-close")))
    assert (record.bench, record.passed) == ("loopback", True)


async def test_without_namespaces_other_labs_say_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "be_allowed", refuse)
    with pytest.raises(MachineError, match="handshake needs a held wire, but no namespaces here"):
        await run_lab(load(find("handshake")))
    with pytest.raises(MachineError, match="half-close needs a held wire, but no namespaces here"):
        await run_lab(load(find("half-close")), bench="wire")
    with pytest.raises(MachineError, match="handshake needs a held wire; if something of it"):
        await run_lab(load(find("handshake")), bench="loopback")


async def test_a_fate_that_takes_a_wire_is_refused_on_loopback(lab: LabWriter) -> None:
    made = lab("async def story(bench):\n    await bench.drop(client=SYN)\n")
    object.__setattr__(made, "header", dict(made.header) | {"Bench": "wire or loopback"})
    with pytest.raises(MachineError, match="to drop a segment needs a held wire"):
        await run_lab(made, bench="loopback")


@pytest.mark.parametrize(
    "asked",
    [
        "await bench.inject(client=RST, seq=1)",
        "bench.cut('client')",
        "from socklab.moves import Move; await bench.make(Move.parse('cut client'))",
        "bench.rule(lambda segment: None, 'a rule')",
    ],
)
async def test_what_takes_a_wire_is_refused_on_loopback(lab: LabWriter, asked: str) -> None:
    made = lab(f"async def story(bench):\n    {asked}\n")
    object.__setattr__(made, "header", dict(made.header) | {"Bench": "wire or loopback"})
    with pytest.raises(MachineError, match="needs a held wire; see `socklab doctor`"):
        await run_lab(made, bench="loopback")


async def test_an_empty_wire_alone_is_not_observable_on_loopback(lab: LabWriter) -> None:
    made = lab("async def story(bench):\n    bench.expect(wire=[])\n")
    object.__setattr__(made, "header", dict(made.header) | {"Bench": "wire or loopback"})
    record = await run_lab(made, bench="loopback")
    assert [event.passed for event in record.of(Expect)] == [None]
    assert not record.passed


@pytest.mark.kernel
async def test_a_role_without_a_host_is_a_mistake_in_the_lab(lab: LabWriter) -> None:
    made = lab("async def story(bench):\n    pass\n")
    control = Control("a slip", fails="", roles={"clinet": made.roles["client"]})
    with pytest.raises(LabError, match="the role 'clinet' has no host to run on"):
        await run_lab(made, control=control)


def test_a_record_of_no_lab_is_still_a_record() -> None:
    assert isinstance(new_record(), Record)
    assert namespaces.capabilities() >= 0


@pytest.mark.kernel
async def test_a_broken_wire_is_one_error_and_no_group(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(self: Wire) -> None:
        raise ToolError("the device is gone")

    monkeypatch.setattr(Wire, "run", run)
    with pytest.raises(ToolError, match="the device is gone"):
        await run_lab(load(find("handshake")))


def test_a_lab_that_leaves_python_is_a_broken_lab(tmp_path: Path) -> None:
    path = tmp_path / "leaver.py"
    path.write_text("\ufeff" + HEADER + "raise SystemExit(0)\n", encoding="utf-8")
    with pytest.raises(LabError, match=r"leaver\.py does not import: it calls exit"):
        load(path)


def test_a_lab_of_ones_own_leaves_nothing_beside_it(
    lab: LabWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    lab("async def story(bench): ...\n")
    assert [path.name for path in tmp_path.iterdir()] == ["made_up.py"]
    assert sys.dont_write_bytecode is False


BUSY = """
weather = but(tcp_syn_retries=3)


async def story(bench: Bench) -> None:
    settings = bench.record.weather
    bench.prove("the weather", expected="3", observed=settings["net.ipv4.tcp_syn_retries"])
    if bench.slow:
        await bench.call(server="bind")


control = Control("fewer retries", fails="expected the weather 3; observed the weather 2",
                  weather=but(tcp_syn_retries=2))
"""


@pytest.mark.kernel
async def test_a_control_may_have_a_weather_of_its_own(lab: LabWriter) -> None:
    made = lab(BUSY)
    assert (await run_lab(made)).passed
    assert made.control is not None
    record = await run_lab(made, control=made.control)
    assert not record.passed
    assert made.control.fails in next(record.of(Trouble)).text


@pytest.mark.kernel
async def test_a_story_waits_only_where_it_is_asked_to(lab: LabWriter) -> None:
    made = lab(BUSY)
    assert (await run_lab(made)).moves() == []
    assert (await run_lab(made, slow=True)).moves() == ["call server bind"]
