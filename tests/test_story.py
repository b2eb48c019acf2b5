"""A story from a run: the lab goes the same way, and fails where it is to fail."""

from __future__ import annotations

import ast
import errno
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from socklab.errors import ExperimentError, LabError, MachineError
from socklab.lab import Control, Lab, load
from socklab.lint import lint
from socklab.moves import Move, Verb
from socklab.packs import catalogue
from socklab.record import Call, Event, Expect, Fate, Record, Segment, State, Trouble
from socklab.runner import new_record, run_lab
from socklab.script import parse
from socklab.steer.apart import write_lab_apart
from socklab.steer.draft import Written, write_lab
from socklab.steer.free import STARTS, free_lab
from socklab.steer.pilot import steer
from socklab.steer.scripted import play
from socklab.story import Draft
from socklab.story.layout import WIDTH, called, imported, keyword, string
from socklab.story.programs import Programs
from socklab.story.source import Source
from socklab.story.turns import turns
from socklab.weather import but
from tests.telling import SYN_ACK, Telling, change, in_fin_wait_1, row

LABS = [load(path) for path in catalogue().values()]

MINE = "mine"


def named(lab: Lab) -> str:
    return lab.name


async def walked(lab: Lab, seed: int, *, start: Sequence[str] = (), moves: int = 14) -> Record:
    """A run in which chance has chosen the moves, the first ones as a story would."""
    chance = random.Random(seed)
    record = new_record(lab)
    if lab.name == "free":
        record.source = ""
    dull = 0 if start else chance.randrange(3, 12)
    async with steer(lab, record=record) as pilot:
        for text in start:
            await pilot.make(Move.parse(text))
        for number in range(moves):
            choices = [each.move for each in pilot.position().choices]
            choices = [each for each in choices if each.verb is not Verb.WAIT]
            usual = [each for each in choices if each.verb in (Verb.CALL, Verb.CARRY)]
            if not choices:
                break
            among = usual if usual and chance.random() < 0.7 else choices
            move = choices[0] if number < dull else chance.choice(among)
            try:
                await pilot.make(move)
            except ExperimentError:  # a role has failed: what was before it is a run, too
                return await scripted(lab, record.moves()[:-1])
    return record


async def scripted(lab: Lab, moves: Sequence[str]) -> Record:
    """A run with these moves."""
    record = new_record(lab)
    if lab.name == "free":
        record.source = ""
    await play(lab, parse("\n".join(moves), "a test"), record)
    return record


def lab_in(text: str, folder: Path) -> Lab:
    path = folder / f"{MINE}.py"
    path.write_text(text, encoding="utf-8")
    return load(path)


def kinds_of(record: Record, *kinds: str) -> list[str]:
    return [
        line for line in record.essence(expectations=False) if json.loads(line)["kind"] in kinds
    ]


async def see(written: Written, played: Record, folder: Path) -> Lab:
    """The lab that was written, after it was linted and run, and its control failed."""
    lab = lab_in(written.text, folder)
    path = folder / f"{MINE}.py"
    assert {finding.rule for finding in lint(path, catalogue())} <= {"length"}
    again = await run_lab(lab)
    assert [event.text for event in again.of(Trouble)] == []
    assert again.passed
    assert all(event.passed for event in again.of(Expect))
    assert kinds_of(again, "segment", "state") == kinds_of(played, "segment", "state")
    assert written.has_control
    assert lab.control is not None
    failed = await run_lab(lab, control=lab.control)
    assert not failed.passed
    assert lab.control.fails in [event.text for event in failed.of(Trouble)][-1]
    return lab


# --- What a lab's programs are made of ---


@pytest.mark.parametrize("lab", LABS, ids=named)
def test_the_source_of_every_lab_gives_its_programs_and_no_story(lab: Lab) -> None:
    text = lab.path.read_text(encoding="utf-8")
    source = Source(text, lab.hosts)
    code = "\n".join([*source.imports, imported("socklab", source.of_socklab)])
    code += "\n\n" + "\n\n".join([*source.settings, *source.code])
    made: dict[str, object] = {}
    exec(compile(code, "made", "exec"), made)
    assert set(lab.roles) <= made.keys()
    assert made.keys().isdisjoint({"story", "control"})
    given = {
        node.name: node for node in ast.parse(code).body if isinstance(node, ast.AsyncFunctionDef)
    }
    for node in ast.parse(text).body:
        if isinstance(node, ast.AsyncFunctionDef) and node.name in lab.roles:
            assert ast.dump(node) == ast.dump(given[node.name])
    if "weather" in made:
        assert made["weather"] == lab.weather


def test_what_is_said_above_a_program_goes_with_it() -> None:
    source = Source(
        '"""A lab."""\n\nLIMIT = 3  # of descriptors\nUNUSED = 4\n\n\n'
        "# Greedy.\n@decorated\nasync def client(me):\n    use(LIMIT)\n\n\n"
        "def use(limit):  # a helper\n    print(limit)\n\n\ndef spare():\n    pass\n",
        ("client", "server"),
    )
    assert source.settings == ["LIMIT = 3  # of descriptors"]
    assert source.code[0].startswith("# Greedy.\n@decorated\nasync def client")
    assert source.code[1].startswith("def use(limit):  # a helper")
    assert len(source.code) == 2


def test_a_source_that_is_no_python_is_refused() -> None:
    with pytest.raises(LabError, match="the lab's source does not read as Python"):
        Source("async def client(me:", ("client",))


def test_a_call_whose_bytes_the_record_has_not_can_t_be_written() -> None:
    telling = Telling()
    telling.move("call client send")
    telling.call("send", "70 bytes", result=70)
    with pytest.raises(LabError, match="client sent 70 bytes, of which the Record has the length"):
        Programs(telling.record)


def test_a_program_that_was_in_two_calls_at_once_can_t_be_written() -> None:
    telling = Telling()
    telling.call("recv", "100", returns=False)
    telling.call("send", "b'x'", result=1)
    with pytest.raises(LabError, match=r"client made send\(\) while it was inside recv\(\)"):
        Programs(telling.record)


def test_a_call_without_a_place_in_c_can_t_be_written() -> None:
    telling = Telling()
    telling.call("fork", socket="", result="a child")
    with pytest.raises(LabError, match=r"client made fork\(\), which can't be written"):
        Programs(telling.record)


# --- Layout ---


def test_code_is_folded_where_it_has_no_room() -> None:
    assert called("f", ["a", "b"]) == "    f(a, b)"
    long = called("await bench.inject", ["x" * 50, "y" * 35])
    assert long.splitlines()[1] == f"        {'x' * 50}, {'y' * 35}"
    names = [f"NAME_{number}" for number in range(20)]
    assert all(len(line) <= WIDTH for line in imported("socklab", names).splitlines())
    assert imported("socklab", ["row", "Bench", "CLOSED", "CLOSE_WAIT"]) == (
        "from socklab import CLOSE_WAIT, CLOSED, Bench, row"
    )


def test_a_long_text_is_the_same_text_in_pieces() -> None:
    for words in range(1, 60):
        text = " ".join(f"word{number}" for number in range(words))
        told = keyword("fails", text)
        call = ast.parse(f"f(\n    {told}\n)").body[0]
        assert isinstance(call, ast.Expr)
        assert isinstance(call.value, ast.Call)
        assert ast.literal_eval(call.value.keywords[0].value) == text
        assert all(len(line) <= WIDTH for line in f"    {told}".splitlines())
    assert string("a \"b\" 'c'") == repr("a \"b\" 'c'")


# --- Turns ---


def test_what_a_timer_did_while_nobody_moved_is_a_turn_of_its_own() -> None:
    telling = Telling()
    telling.move("carry server 1 SYN+ACK")
    telling.segment(SYN_ACK, Fate.CARRIED)
    telling.look(client=[row("TIME-WAIT", timer="timewait,1sec,0")])
    telling.look(replace(change("TIME-WAIT", "CLOSED"), cause="timer"))
    carry, wait = turns(telling.record)
    assert str(wait.move) == "wait client timewait"
    assert (carry.assumed, wait.assumed) == (False, True)
    assert wait.rows is not None
    assert wait.rows["client"] == []


def test_a_record_in_which_nothing_changed_is_no_lab() -> None:
    telling = Telling()
    telling.move("call client bind")
    telling.call("bind", "client:80")
    telling.look()
    with pytest.raises(LabError, match="no socket has changed its state yet"):
        Draft(telling.record, MINE).text()


# --- Labs that were written ---


@pytest.mark.kernel
@pytest.mark.parametrize(
    "name", ["half-close", "simultaneous-close", "rst-abort", "connection-pool"]
)
@pytest.mark.parametrize("seed", range(3))
async def test_any_way_through_a_lab_is_a_lab(name: str, seed: int, tmp_path: Path) -> None:
    lab = load(catalogue()[name])
    played = await walked(lab, seed)
    written = await write_lab(played, MINE, leads_to=name)
    made = await see(written, played, tmp_path)
    again = await run_lab(made)
    assert again.essence(expectations=False) == played.essence(expectations=False)
    assert made.header["Next"] == name


@pytest.mark.kernel
@pytest.mark.parametrize("seed", range(9))
async def test_any_game_of_free_play_is_a_lab(seed: int, tmp_path: Path) -> None:
    start = list(STARTS.values())[seed % len(STARTS)]
    played = await walked(free_lab(), seed, start=start, moves=18)
    written = await write_lab(played, MINE)
    made = await see(written, played, tmp_path)
    assert set(made.roles) == {call.role for call in played.of(Call) if call.call != "socket"}


@pytest.mark.kernel
@pytest.mark.parametrize(
    "name",
    [
        "cut-wire",  # a wire that is cut, and loses by itself
        "icmp-unreachable",  # an ICMP error, and a weather of its own
        "stale-segment",  # copies, duplicates and a segment that is injected
        "socket-destroy",  # `ss -K`
        "syn-cookies",  # segments that claim to come from elsewhere
        "time-wait-server-restart",  # two programs on a host
        "simultaneous-open",  # no listener
        "send-on-listener",  # a handshake and nothing after it
    ],
)
async def test_a_lab_s_own_run_is_a_lab_whatever_its_moves(name: str, tmp_path: Path) -> None:
    played = await run_lab(load(catalogue()[name]))
    await see(await write_lab(played, MINE), played, tmp_path)


@pytest.mark.kernel
async def test_a_lab_has_other_addresses_where_the_game_had() -> None:
    record = new_record(lab := free_lab())
    async with steer(lab, ipv6=True, link="veth", record=record) as pilot:
        for text in (*STARTS["established"], "call client close", "carry client 3 FIN"):
            await pilot.make(Move.parse(text))
    record.source = ""
    assert (await write_lab(record, MINE, link="veth")).has_control


CLOSING = (
    *STARTS["established"],
    "call client close",
    "call server shutdown(SHUT_RDWR)",
    "carry server 2 FIN",
    "carry client 3 FIN",
    "call server close",
    "carry client 4 ACK",
    "carry server 3 ACK",
)


@pytest.mark.kernel
async def test_without_any_move_that_changed_something_the_lab_fails(tmp_path: Path) -> None:
    played = await scripted(free_lab(), CLOSING)
    lab = lab_in((await write_lab(played, MINE)).text, tmp_path)
    changed = [turn.move for turn in turns(played) if turn.changes][-6:]
    assert len(changed) == 6
    for move in changed:
        without = str(replace(move, what=move.what.partition("(")[0]))
        record = await run_lab(lab, control=Control("", "", without=without))
        assert not record.passed, without
        assert [event.passed for event in record.of(Expect)][-1] is False


@pytest.mark.kernel
async def test_a_segment_is_pointed_at_by_what_only_it_has(tmp_path: Path) -> None:
    moves = [
        *STARTS["established"],
        "call client send",
        "carry client 3 data",
        "call client shutdown(SHUT_WR)",
        "carry client 4 FIN",
        "carry server 3 ACK",  # the younger one of two of a kind
        "duplicate server 2 ACK",
        "carry server 2 ACK",
        "call server recv",
    ]
    played = await scripted(free_lab(), moves)
    written = await write_lab(played, MINE)
    assert "bench.carry(server=lambda segment: segment.number == 3)" in written.text
    assert "bench.duplicate(server=ACK)" in written.text
    assert "bench.carry(server=ACK)" in written.text
    assert 'expect_call(server="recv", returns=b"data")' in written.text
    await see(written, played, tmp_path)


@pytest.mark.kernel
async def test_a_program_has_its_sockets_its_errors_and_its_options(tmp_path: Path) -> None:
    moves = [
        "call client connect",
        "carry client 1 SYN",
        "carry server 1 RST",
        "call client close",
        "call client socket",
        "call client setsockopt",
        *STARTS["listening"],
        "call client connect",
        "carry client 2 SYN",
        "carry server 2 SYN+ACK",
        "carry client 3 ACK",
        "call client setsockopt",
        "call client close",
        "carry client 4 RST",
        "call server recv",
        "call server shutdown(SHUT_WR)",
    ]
    played = await scripted(free_lab(), moves)
    written = await write_lab(played, MINE)
    client = written.text.partition("async def client")[2].partition("\n\n\n")[0]
    assert client.splitlines()[1:] == [
        "    connection = me.socket()",
        "    with suppress(ConnectionRefusedError):",
        '        await connection.connect(("server", 80))',
        "    await connection.close()",
        "    connection_2 = me.socket()",
        "    await connection_2.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)",
        '    await connection_2.connect(("server", 80))',
        "    await connection_2.setsockopt(SOL_SOCKET, SO_LINGER, linger(0))",
        "    await connection_2.close()",
    ]
    assert "    with suppress(ConnectionResetError):\n        await connection.recv(4096)" in (
        written.text
    )
    assert 'bench.expect_call(server="recv", fails="ECONNRESET")' in written.text
    await see(written, played, tmp_path)


@pytest.mark.kernel
async def test_a_timer_that_fired_while_nobody_moved_is_waited_for(tmp_path: Path) -> None:
    lab = free_lab(but(tcp_fin_timeout=0, tcp_rto_min_us=20_000))
    record = new_record(lab)
    record.source = ""
    async with steer(lab, record=record) as pilot:
        closing = ("call client close", "carry client 3 FIN", "carry server 2 ACK")
        for text in (*STARTS["established"], *closing):
            await pilot.make(Move.parse(text))
        while list(record.of(State))[-1].now != "CLOSED":
            await pilot.notice()
        await pilot.make(Move.parse("call server send"))
    written = await write_lab(record, MINE)
    assert 'weather = but(tcp_rto_min_us="20000", tcp_fin_timeout="0")' in written.text
    assert (
        "    bench.expect(client=FIN_WAIT_2, server=CLOSE_WAIT, wire=[])\n"
        '    await bench.wait(client="timewait")\n'
        "    bench.expect(client=CLOSED, server=CLOSE_WAIT, wire=[])\n"
    ) in written.text
    await see(written, record, tmp_path)


@pytest.mark.kernel
@pytest.mark.parametrize("about_the_copy", [(), ("drop client 1 SYN copy",)])
async def test_a_copy_that_came_while_nobody_moved_is_told_if_it_was_moved(
    about_the_copy: Sequence[str], tmp_path: Path
) -> None:
    record = new_record(lab := free_lab())
    record.source = ""
    async with steer(lab, record=record) as pilot:
        for text in (*STARTS["listening"], "call client connect", "carry client 1 SYN"):
            await pilot.make(Move.parse(text))
        while not any(each.copy and each.from_ == "client" for each in record.of(Segment)):
            await pilot.notice()  # the kernel sends a SYN again after a second
        for text in (*about_the_copy, "carry server 1 SYN+ACK"):
            await pilot.make(Move.parse(text))
    written = await write_lab(record, MINE)
    assert ('    await bench.wait(client="on")\n' in written.text) == bool(about_the_copy)
    assert ("    await bench.drop(client=SYN, copy=True)\n" in written.text) == bool(about_the_copy)
    assert "bench.expect(client=SYN_SENT, server=SYN_RECEIVED" in written.text
    await see(written, record, tmp_path)


async def test_a_lab_that_would_wait_for_long_is_written_and_says_that_nobody_ran_it() -> None:
    telling = in_fin_wait_1()
    telling.look(client=[row("TIME-WAIT", timer="timewait,59sec,0")])
    telling.move("wait client timewait")
    telling.look(replace(change("TIME-WAIT", "CLOSED"), cause="timer"))
    written = await write_lab(telling.record, MINE, patience_s=2)
    assert not written.has_control
    assert "\nSlow:     its timers take 59 seconds\n" in written.text
    assert "nobody has run it yet" in written.text
    ast.parse(written.text)


@pytest.mark.kernel
async def test_where_nothing_can_be_tried_the_cure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    played = await scripted(free_lab(), CLOSING)
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(MachineError, match="can't be tried: No space left on device; cure: TMPDIR"):
        await write_lab(played, MINE)


@pytest.mark.kernel
async def test_a_run_that_failed_is_no_lab() -> None:
    played = await scripted(free_lab(), CLOSING)
    played.events.append(Trouble(1.0, "client", "it failed"))
    with pytest.raises(LabError, match="the run has failed: take its last move back"):
        await write_lab(played, MINE)


@pytest.mark.kernel
async def test_a_run_that_can_t_be_made_again_is_no_lab() -> None:
    played = await scripted(free_lab(), CLOSING)
    last: State = list(played.of(State))[-1]
    events: list[Event] = [
        replace(last, now="CLOSING") if each is last else each for each in played.events
    ]
    with pytest.raises(ExperimentError, match="so no lab: they part after `carry server 3"):
        await write_lab(replace(played, events=events), MINE)


@pytest.mark.kernel
async def test_another_process_writes_the_same_lab_and_raises_the_same() -> None:
    played = await scripted(free_lab(), CLOSING)
    here = await write_lab(played, MINE)
    assert write_lab_apart(played, MINE, leads_to="handshake", link="auto") == here
    nothing = await scripted(free_lab(), ["call server bind"])
    with pytest.raises(LabError, match="no socket has changed its state yet"):
        write_lab_apart(nothing, MINE, leads_to="handshake", link="auto")
