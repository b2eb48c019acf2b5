"""`socklab puzzle`: the list, scripts that are judged, the game with a goal, and what is kept."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from typer.testing import CliRunner

from socklab import cli, puzzles
from socklab.cli import puzzle_solving
from socklab.cli.kept import Kept, state_folder
from socklab.cli.puzzle_list import lines
from socklab.cli.puzzle_solving import BY_A_TIMER, Solving, rules
from socklab.errors import MachineError
from socklab.moves import Move
from socklab.play.app import PlayApp
from socklab.play.goal import Goal
from socklab.puzzles import Best, bests, find
from socklab.puzzles.progress import Progress
from socklab.record import Record
from socklab.steer.free import free_lab
from socklab.steer.session import Session
from tests.commands import COMMAND, PATIENCE_S, environment, socklab
from tests.play.stage import Rehearsal, app_of, played, press, said, screen
from tests.play.test_play_kernel import key_of, terminal
from tests.records import kept as kept_record

WAY = "call client connect\ncarry client 1 SYN\ncarry server 1 SYN+ACK\ndrop client 2 ACK\n"
"""Solves half-way."""

COUNT = len(puzzles.puzzles())


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder, where nothing is yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path / "state" / "socklab"


@pytest.fixture
def file(state: Path) -> Path:
    return state / "puzzles.json"


def invoke(*arguments: str | Path, stdin: str | None = None) -> tuple[int, str, str]:
    """The command in this process: its exit code, and what it printed."""
    result = CliRunner().invoke(
        cli.app, ["puzzle", *map(str, arguments)], prog_name="socklab", input=stdin
    )
    return result.exit_code, result.stdout, result.stderr


def solved(*names: str) -> None:
    """Let these be solved in their fewest moves."""
    for name in names:
        _ = Kept().change(lambda progress, n=name: progress.with_way(n, bests()[n].way))  # type: ignore[misc]


# --- The list ---------------------------------------------------------------------------------


def test_the_list_shows_all_puzzles_and_which_is_next() -> None:
    code, out, err = invoke()
    assert (code, err) == (0, "")
    shown = [line.split()[0] for line in out.replace("→", " ").splitlines()[1:-3] if line[1] == " "]
    assert [name for name in shown if name != "Level"] == [each.name for each in puzzles.puzzles()]
    assert out.endswith("is solved yet.\nNext: `socklab puzzle open`\n")


def test_what_is_solved_is_marked_and_counted() -> None:
    solved("open", "refused")
    _ = Kept().change(lambda progress: progress.with_way("half-way", tuple("abcde")))
    _, out, _ = invoke()
    assert " ✓ open                     6      6  Open a connection\n" in out
    assert " ✓ half-way                 4      5  One end thinks it is done\n" in out
    assert " → syn-sent-twice           2         Both call first\n" in out
    assert (
        f"3 of {COUNT} puzzles solved, 2 in the fewest moves.\nNext: `socklab puzzle syn-s" in out
    )


def test_when_all_are_solved_nothing_is_next() -> None:
    solved(*bests())
    _, out, _ = invoke()
    assert out.endswith(f"All {COUNT} puzzles are solved, {COUNT} in the fewest moves.\n")
    code, out, _ = invoke("--next")
    assert code == 0
    assert out.startswith("All puzzles are solved")


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_the_list_fits_its_columns(columns: int) -> None:
    progress = Progress({name: best.way for name, best in bests().items()})
    shown = list(lines(puzzles.puzzles(), bests(), progress, columns))
    assert max(map(len, shown)) <= columns
    assert (len(shown) > 2 * len(bests())) == (columns == 40)


def test_the_list_as_json() -> None:
    solved("open")
    code, out, _ = invoke("--json")
    document = json.loads(out)
    assert (code, document["solved"], document["next"]) == (0, 1, "refused")
    first, second, *_ = document["puzzles"]
    assert (first["name"], first["best"], first["yours"]) == ("open", 6, 6)
    assert (second["goal"], second["yours"]) == ("client.connect=ECONNREFUSED", None)


# --- What is asked for ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["both_closing"], "there is no puzzle 'both_closing'; did you mean both-closing?"),
        (["--hints"], "--hints of which puzzle? `socklab puzzle` shows their names"),
        (["--script", "x"], "--script of which puzzle?"),
        (["open", "--next"], "--next picks the puzzle"),
        (["open", "--hints", "--solution"], "--hints and --solution ask for different things"),
        (["open", "--reset-all"], "--reset-all forgets all puzzles"),
        (["--next", "--reset"], "there is nothing to reset"),
        (["open", "--json"], "--json prints the list of all puzzles, or what a script came to"),
        (["open", "--record", "x"], "--record writes the run of a script: give --script FILE"),
        (["open", "--script", "/nowhere/x"], "/nowhere/x can't be read: No such file"),
        (["open", "--script", "-", "--record", "/nowhere/x"], "there is no folder /nowhere"),
        (["open"], "and this is none; --script FILE judges the moves of a file"),
    ],
    ids=" ".join,
)
def test_what_does_not_go_together_is_told_in_a_sentence(arguments: list[str], why: str) -> None:
    code, out, err = invoke(*arguments, stdin=WAY)
    assert (code, out) == (2, "")
    assert err.startswith("socklab: ") and err.count("\n") == 1
    assert why in err


def test_hints_tell_what_is_asked_for_and_what_may_be_done() -> None:
    code, out, _ = invoke("address-in-use", "--hints")
    assert code == 0
    told = " ".join(out.split())
    assert "Make the server's bind() fail with EADDRINUSE." in told
    assert (
        "The calls are close(), server socket(), server setsockopt(), server bind(): each" in told
    )
    assert "each program may make each twice." in told
    for number, hint in enumerate(find("address-in-use").hints, 1):
        assert f"{number}. {hint}" in told


def test_the_rules_tell_of_faults_and_of_what_is_done_already() -> None:
    assert rules(find("forgotten-for-ever")).endswith("Beside carrying segments: drop, once.")
    assert "Then: call client shutdown(SHUT_WR), carry" in rules(find("talking-back"))


# --- What is kept -----------------------------------------------------------------------------


def test_what_was_solved_can_be_forgotten_one_or_all(file: Path) -> None:
    solved("open", "refused", "half-way")
    assert invoke("refused", "--reset") == (0, "refused is not solved any more.\n", "")
    assert set(Kept().read().ways) == {"open", "half-way"}
    assert invoke("--next", "--hints")[1].startswith("Nobody listens\n")
    assert invoke("--reset-all") == (0, "No puzzle is solved any more.\n", "")
    assert Kept().read() == Progress()
    assert json.loads(file.read_text())["schema"] == "socklab.puzzles/1"


BROKEN: dict[str, tuple[str | bytes, str]] = {
    "half": ('{"schema": "socklab.puzz', "it is no list of solved puzzles"),
    "newer": ('{"schema": "socklab.puzzles/2"}', "it is a socklab.puzzles/2, and this release"),
    "bytes": (b"\xff\xfe", "it is no text"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_can_t_be_read_is_told_and_kept_aside(name: str, file: Path) -> None:
    content, why = BROKEN[name]
    file.parent.mkdir(parents=True)
    data = content if isinstance(content, bytes) else content.encode()
    file.write_bytes(data)
    code, out, err = invoke()
    assert (code, err.count("\n")) == (0, 1)
    assert f"None of {COUNT} puzzles is solved yet." in out
    assert f"can't be read from {file}: {why}" in err
    assert "with the next change it is kept aside under another name" in err
    assert file.read_bytes() == data

    aside = file.with_name("puzzles.json.aside")
    code, _, err = invoke("open", "--reset")
    assert code == 0
    assert f"could not be read, and is now {aside}: {why}" in err
    assert aside.read_bytes() == data
    assert invoke()[2] == ""


def test_nothing_that_was_put_aside_is_lost_to_what_is_put_aside_later(file: Path) -> None:
    file.parent.mkdir(parents=True)
    for number in range(3):
        file.write_text(f"{number}")
        solved("open")
    names = ["puzzles.json.aside", "puzzles.json.aside-2", "puzzles.json.aside-3"]
    assert [file.with_name(name).read_text() for name in names] == ["0", "1", "2"]
    assert Kept().read().moves("open") == 6


def test_where_nothing_can_be_written_that_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")
    with pytest.raises(MachineError, match=r"Not a directory|File exists"):
        solved("open")
    code, _, err = invoke("--reset-all")
    assert code == 3
    assert err.startswith("socklab: what was solved is not forgotten: ")
    code, _, err = invoke()
    assert code == 0
    assert "progress in puzzles can't be read from" in err


def test_a_full_disk_leaves_what_was_there(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    solved("open")
    before = file.read_text()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("socklab.cli.kept.put_whole", full)
    with pytest.raises(MachineError, match="No space left on device"):
        solved("refused")
    assert file.read_text() == before


def test_a_user_without_a_home_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "")
    monkeypatch.setenv("HOME", "")
    monkeypatch.setattr("os.getuid", lambda: 54321)
    with pytest.raises(MachineError, match="XDG_STATE_HOME with a folder"):
        state_folder()
    code, out, err = invoke()
    assert (code, err.count("\n")) == (0, 1)
    assert "Next: `socklab puzzle open`" in out
    assert err.startswith("socklab: progress in puzzles is not kept: ")


def test_the_state_folder_is_where_xdg_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.setenv("XDG_STATE_HOME", "")
    assert state_folder() == Path("/somewhere/.local/state/socklab")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")  # "must be absolute", else it is ignored
    assert state_folder() == Path("/somewhere/.local/state/socklab")
    monkeypatch.setenv("XDG_STATE_HOME", "/elsewhere")
    assert state_folder() == Path("/elsewhere/socklab")


def test_the_folder_is_its_user_s_alone(state: Path) -> None:
    solved("open")
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


KEEP = """
import sys
from socklab.cli.kept import Kept
for number in range(40):
    Kept().change(lambda progress: progress.with_way(f"{sys.argv[1]}-{number}", ("x",)))
"""


def test_two_at_once_do_not_lose_each_other_s() -> None:
    both = [subprocess.Popen([COMMAND[0], "-c", KEEP, name], env=environment()) for name in "ab"]
    assert [each.wait(PATIENCE_S) for each in both] == [0, 0]
    assert set(Kept().read().ways) == {f"{name}-{n}" for name in "ab" for n in range(40)}


# --- Who says that it is solved ---------------------------------------------------------------


def rehearsal(monkeypatch: pytest.MonkeyPatch) -> tuple[Rehearsal, Solving]:
    """A recorded half-close, which solves half-closed with its fifth move after the start."""
    run = Rehearsal(kept_record("half-close"))
    while run.position.states["client"].value != "ESTABLISHED":
        run.at += 1
    run.begun = run.at
    start = [Move.parse(text) for text in run.position.made]
    monkeypatch.setattr(Solving, "start", property(lambda _: start))
    return run, Solving(find("half-closed"), Best(("",) * 3, 0, 0), Kept())


def test_the_game_says_when_it_is_solved_and_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    run, solving = rehearsal(monkeypatch)
    puzzle = solving.puzzle
    app = app_of(run, goal=Goal(puzzle.text, solving.check, puzzle.hints, 3))

    async def script(pilot: Pilot[int]) -> None:
        assert "Goal: Bring the client to FIN-WAIT-2" in screen(app)
        while app.reached is None:
            assert Kept().read() == Progress()
            await press(pilot, "enter")
        assert "`socklab run half-close` tells the story." in screen(app)

    played(app, script)
    assert solving.way is not None
    assert Kept().read().ways == {"half-closed": solving.way}
    assert solving.told == f"half-closed: solved in {len(solving.way)} moves; the best is 3"


def test_fewer_moves_than_the_explorer_has_found_are_a_bug_and_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, solving = rehearsal(monkeypatch)
    solving.best = Best(("",) * 99, 0, 0)
    while solving.check(run.position) is None:
        run.at += 1
    assert solving.warnings == [solving.bug]
    assert "BUG IN SOCKLAB: the explorer says that half-closed takes 99 moves" in solving.bug
    assert "call client shutdown" in solving.bug


def test_what_is_not_kept_is_solved_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "state").write_text("no folder")
    run, solving = rehearsal(monkeypatch)
    while (told := solving.check(run.position)) is None:
        run.at += 1
    assert solving.way is not None
    assert "that it is solved is not kept: " in told


@pytest.mark.kernel
def test_what_a_timer_has_done_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(puzzle_solving, "LONG_S", 0.0)
    run, solving = rehearsal(monkeypatch)
    while (told := solving.check(run.position)) is None:
        run.at += 1
    # The moves were recorded with other programs: in the puzzle they lead nowhere.
    assert told == BY_A_TIMER
    assert (solving.way, Kept().read()) == (None, Progress())


@pytest.mark.kernel
def test_who_thinks_for_long_has_solved_it_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(puzzle_solving, "LONG_S", 0.0)
    best = bests()["half-closed"]
    solving = Solving(find("half-closed"), best, Kept())
    with Session(free_lab(), start=solving.start, limit=solving.limit) as session:
        for text in best.way:
            assert solving.check(session.position) is None
            _ = session.make(Move.parse(text))
        assert solving.check(session.position) not in (None, BY_A_TIMER)
    assert solving.way == best.way


# --- A script ---------------------------------------------------------------------------------


@pytest.mark.kernel
def test_a_script_that_solves_it_is_told_and_kept() -> None:
    code, out, err = invoke("half-way", "--script", "-", stdin=WAY)
    assert (code, err) == (0, "")
    assert out.startswith("half-way: solved in 4 moves, and there is no shorter way.\n")
    assert "`socklab run handshake-ack-lost`" in out
    assert Kept().read().ways == {"half-way": bests()["half-way"].way}


@pytest.mark.kernel
def test_of_a_detour_the_best_is_told() -> None:
    way = ["call client close", "carry client 3 FIN", "carry server 2 ACK", "call server close"]
    way += ["carry server 3 FIN", "carry client 4 ACK"]
    code, out, _ = invoke("one-segment-less", "--script", "-", stdin="\n".join(way))
    assert (code, out.splitlines()[0]) == (0, "one-segment-less: solved in 6 moves; the best is 5.")


@pytest.mark.kernel
def test_a_script_that_does_not_is_told_where_it_led_to() -> None:
    code, out, err = invoke("half-way", "--script", "-", stdin="call client connect\n")
    assert (code, err) == (1, "")
    told = " ".join(out.split())
    assert told == (
        "half-way: not solved: after 1 move there is client SYN-SENT, server LISTEN; on the wire "
        "client's SYN; the goal is client=ESTABLISHED,server=SYN-RECEIVED,wire=empty"
    )
    assert Kept().read() == Progress()


@pytest.mark.kernel
def test_a_move_that_the_puzzle_does_not_have_is_told_with_those_it_has() -> None:
    script = "call client connect\n# and now?\ndrop client 1 FIN\n"
    code, out, _ = invoke("half-way", "--script", "-", stdin=script)
    assert code == 1
    told = " ".join(out.split())
    assert "standard input:3: `drop client 1 FIN` can't be done here; what can be done" in told
    assert "is `drop client 1 SYN`, `carry client 1 SYN`" in told


def test_what_is_no_move_is_a_mistake(tmp_path: Path) -> None:
    for text, why in {
        "sing client": "standard input:1: 'sing client' is not a move",
        "flow client=CLOSING": "standard input:1: in a puzzle nothing flows",
        "": "standard input has no move in it",
    }.items():
        code, out, err = invoke("half-way", "--script", "-", stdin=text)
        assert (code, out) == (2, "")
        assert why in err


@pytest.mark.kernel
def test_the_moves_after_the_last_one_needed_are_not_made(tmp_path: Path) -> None:
    document = judged("half-way", WAY + "call client connect\n")
    assert document == {
        "puzzle": "half-way",
        "goal": "client=ESTABLISHED,server=SYN-RECEIVED,wire=empty",
        "solved": True,
        "moves": 4,
        "best": 4,
        "way": WAY.splitlines(),
        "unmade": 1,
        "why": "",
        "kept": True,
    }
    code, out, _ = invoke("half-way", "--script", "-", stdin=WAY + "call client connect\n")
    assert code == 0
    assert out.startswith("1 move after the one that solved it was not made.\n")


def judged(name: str, script: str) -> dict[str, Any]:
    _, out, _ = invoke(name, "--script", "-", "--json", stdin=script)
    document: dict[str, Any] = json.loads(out)
    return document


@pytest.mark.kernel
def test_the_record_of_a_script_can_be_viewed_and_judged_again(tmp_path: Path) -> None:
    record = tmp_path / "run.json"
    code, out, _ = invoke("half-way", "--script", "-", "--record", record, stdin=WAY)
    assert code == 0
    assert Record.from_json(json.loads(record.read_text())).replay
    viewed = socklab("view", record)
    assert (viewed.returncode, viewed.stderr) == (0, "")
    assert "[SYN-RECEIVED]" in viewed.stdout
    # It begins with the moves with which the puzzle does, and they do not count.
    assert invoke("half-way", "--script", record) == (0, out, "")
    code, _, err = invoke("half-way", "--script", "-", "--record", record, stdin=WAY)
    assert code == 2 and "--force replaces it" in err


@pytest.mark.kernel
@pytest.mark.parametrize("name", ["forgotten-for-ever", "one-segment-less"])
def test_the_solution_is_a_script_that_solves_it(name: str) -> None:
    code, out, _ = invoke(name, "--solution")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    document = judged(name, out)
    assert (document["solved"], document["moves"]) == (True, bests()[name].moves)


@pytest.mark.kernel
def test_the_solution_says_what_each_move_does() -> None:
    _, out, _ = invoke("half-way", "--solution")
    assert "# client calls connect(): client SYN-SENT, server LISTEN\ncall client connect\n" in out
    assert out.startswith("# One end thinks it is done: 4 moves, and the explorer has tried all")


# --- On a terminal ----------------------------------------------------------------------------


@pytest.mark.kernel
@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids="{0[0]}x{0[1]}".format)
def test_a_puzzle_is_solved_by_keys_with_the_moves_it_has(size: tuple[int, int]) -> None:
    puzzle = find("both-closing")
    solving = Solving(puzzle, bests()[puzzle.name], Kept())
    with Session(free_lab(), start=solving.start, limit=solving.limit) as session:
        goal = Goal(puzzle.text, solving.check, puzzle.hints, 4, solving.verbs)
        app = PlayApp(session, title=puzzle.title, goal=goal)

        async def script(pilot: Pilot[int]) -> None:
            assert "send()" not in screen(app)
            keys = screen(app).splitlines()[-1]
            assert "c carry" in keys
            assert "drop" not in keys and "wait" not in keys
            await press(pilot, "d", "w")
            assert session.undoable == 0
            await press(pilot, key_of(app, "client", "close()"))
            await press(pilot, "backspace")
            for host in ("client", "server"):
                await press(pilot, key_of(app, host, "shutdown(SHUT_WR)"))
            await press(pilot, key_of(app, "wire", "FIN"))
            assert app.reached is None
            await press(pilot, key_of(app, "wire", "FIN"))
            assert app.reached is not None

        played(app, script, size)
    assert Kept().read().moves("both-closing") == 4


@pytest.mark.kernel
def test_where_nothing_more_can_be_done_that_is_told() -> None:
    puzzle = find("forgotten-for-ever")
    solving = Solving(puzzle, bests()[puzzle.name], Kept())
    with Session(free_lab(), start=solving.start, limit=solving.limit) as session:
        app = PlayApp(
            session, title="", goal=Goal(puzzle.text, solving.check, (), 6, solving.verbs)
        )

        async def script(pilot: Pilot[int]) -> None:
            assert "d drop" in screen(app).splitlines()[-1]
            await press(pilot, key_of(app, "client", "shutdown(SHUT_WR)"), "d")
            assert said(app) == "✓ drop client's FIN (seq=1 ack=1)"
            await press(pilot, key_of(app, "client", "close()"))
            assert said(app) == "Nothing more can be done. Backspace takes the last move back."
            await press(pilot, "backspace", "backspace")
            assert said(app) == "✓ the last move is taken back"

        played(app, script)


@pytest.mark.kernel
def test_it_is_told_on_the_terminal_what_it_came_to(file: Path) -> None:
    with terminal("--next", command="puzzle") as there:
        there.until("Open a connection")
        there.until("bind()")
        there.type("q")
        assert there.ends() == 0
        assert "solved in" not in there.shown
    assert not file.exists()
    with terminal("half-way", command="puzzle") as there:
        for move in ("connect()", "SYN seq 0", "SYN+ACK seq 0"):
            there.until(move)
            there.type("\r")
        there.until("ACK seq 1 ack 1")
        there.type("d")
        there.until("Reached in 4 moves; the fewest are 4.")
        there.type("qq")
        assert there.ends() == 0
        assert "half-way: solved in 4 moves, and there is no shorter way." in there.shown
        assert there.shown.rstrip().endswith("Next: `socklab puzzle open`")
    assert Kept().read().moves("half-way") == 4


@pytest.mark.kernel
def test_ctrl_c_leaves_a_puzzle_with_its_code() -> None:
    with terminal("open", command="puzzle") as there:
        there.until("bind()")
        there.type("\x03")
        assert there.ends() == 130
