"""The game: what its keys do, what it shows, and how it ends."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.pilot import Pilot
from textual.widgets import OptionList

from socklab.errors import MachineError, ToolError
from socklab.mover import MoveRefused
from socklab.moves import Move, Verb
from socklab.play.app import PlayApp
from socklab.play.goal import Goal
from socklab.play.help import HELP, WIDTH
from socklab.play.menu import WAIT
from socklab.play.panes import Ladder
from socklab.play.screens import AskFile, Paper
from socklab.position import Choice, Position
from tests.play.stage import (
    LARGE,
    SMALL,
    Clock,
    Rehearsal,
    Script,
    app_of,
    done,
    played,
    press,
    said,
    screen,
    text_of,
)
from tests.records import kept

OPEN = 7
"""How many moves of the rehearsal open the connection."""


def game(begun: int = OPEN, **how: object) -> tuple[Rehearsal, PlayApp]:
    run = Rehearsal(begun=begun)
    return run, app_of(run, **how)


def saver(into: list[tuple[Path, tuple[str, ...]]]) -> Callable[[Path, Position], None]:
    def save(path: Path, position: Position) -> None:
        into.append((path, position.made))

    return save


def by_keys(monkeypatch: pytest.MonkeyPatch, app: PlayApp, script: Script) -> None:
    """Let a game that is played on a terminal be played by a script."""

    def run() -> int | None:
        played(app, script)
        return app.return_value

    monkeypatch.setattr(app, "run", run)


# --- Making moves -------------------------------------------------------------------------------


def test_enter_makes_what_a_story_would_do_next_to_the_very_end() -> None:
    run, app = game(0)
    count = len(run.positions) - 1

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, *["enter"] * count)
        assert "TIME-WAIT timewait" in screen(app)

    played(app, script)
    assert run.asked == kept("half-close").moves()


def test_a_key_makes_what_it_stands_before() -> None:
    run, app = game()

    async def script(pilot: Pilot[int]) -> None:
        assert "a shutdown(SHUT_WR)" in screen(app)
        await press(pilot, "a")
        assert "1 FIN seq 1 ack 1 ────" in screen(app)
        assert said(app) == "✓ client calls shutdown(SHUT_WR)"

    played(app, script)
    assert run.asked == ["call client shutdown"]


def test_a_key_that_nothing_has_is_told() -> None:
    run, app = game()

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, "9")
        assert said(app) == "Nothing has the key 9 here."
        await press(pilot, "w")
        assert said(app) == "No timer runs: there is nothing to wait for."

    played(app, script)
    assert run.asked == []


@pytest.mark.parametrize(
    ("key", "asked"),
    [
        ("c", "carry client 3 FIN"),
        ("d", "drop client 3 FIN"),
        ("u", "duplicate client 3 FIN"),
        ("p", "postpone client 3 FIN"),
    ],
)
def test_a_segment_can_be_carried_dropped_doubled_and_postponed(key: str, asked: str) -> None:
    run, app = game(OPEN + 1)

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, key)

    played(app, script)
    assert run.asked == [asked]


def test_without_a_segment_it_is_said_that_there_is_none() -> None:
    run, app = game()

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, "d")
        assert said(app) == "Nothing is on the wire that you could drop."

    played(app, script)
    assert run.asked == []


def two_segments() -> Rehearsal:
    """A rehearsal that begins with a FIN and its twin from the other side on the wire."""
    run = Rehearsal(begun=OPEN + 1)
    there = run.position
    (fin,) = there.held
    other = replace(fin, sender="server", receiver="client")
    moves = [
        Move(verb, each.sender, each.kind, each.number)
        for verb in (Verb.CARRY, Verb.DROP)
        for each in (fin, other)
    ]
    # As in the end of the list, a timer.
    choices = (*(Choice(move, str(move)) for move in moves), there.choices[-1])
    run.positions[run.at] = replace(there, held=(fin, other), choices=choices)
    return run


def test_of_two_segments_the_selected_one_is_meant() -> None:
    run = two_segments()
    app = app_of(run)

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, "down", "d")
        assert run.asked == ["drop server 3 FIN"]
        await press(pilot, "down", "d")  # the timer is selected
        assert said(app) == "Which one? Select a segment on the wire, then drop it."

    played(app, script)
    assert run.asked == ["drop server 3 FIN"]


def test_a_move_that_is_refused_shows_its_sentence_and_changes_nothing() -> None:
    run, app = game()
    run.fails = MoveRefused("client can't shutdown(): it is inside of recv()")

    async def script(pilot: Pilot[int]) -> None:
        before = screen(app)
        await press(pilot, "a")
        assert said(app) == "client can't shutdown(): it is inside of recv()"
        assert screen(app).splitlines()[:-3] == before.splitlines()[:-3]
        await press(pilot, "a")
        assert said(app).startswith("✓")

    played(app, script)


def test_what_is_typed_ahead_means_what_was_seen_when_it_was_typed() -> None:
    run, app = game()

    async def script(pilot: Pilot[int]) -> None:
        run.holds.clear()
        await pilot.press("a", "a")
        run.holds.set()
        await done(pilot)
        assert said(app) == "call client shutdown is not in the play"

    played(app, script)
    assert run.asked == ["call client shutdown", "call client shutdown"]


def test_what_is_typed_ahead_is_forgotten_after_a_refusal() -> None:
    run, app = game()
    run.fails = MoveRefused("no")

    async def script(pilot: Pilot[int]) -> None:
        run.holds.clear()
        await pilot.press("a", "a", "a")
        run.holds.set()
        await done(pilot)

    played(app, script)
    assert run.asked == ["call client shutdown"]


def test_a_click_makes_a_call() -> None:
    run, app = game()

    async def script(pilot: Pilot[int]) -> None:
        await pilot.click("#left", offset=(3, 0))
        await done(pilot)

    played(app, script)
    assert run.asked == ["call client shutdown"]


def test_a_click_selects_a_segment_and_a_second_one_carries_it() -> None:
    run = two_segments()
    app = app_of(run)

    async def script(pilot: Pilot[int]) -> None:
        await pilot.click("#wire", offset=(5, 1))
        await done(pilot)
        assert run.asked == []
        assert app.query_one("#wire", OptionList).highlighted == 1
        await pilot.click("#wire", offset=(5, 1), times=2)
        await done(pilot)

    played(app, script)
    assert run.asked == ["carry server 3 FIN"]


def test_the_words_at_the_bottom_can_be_clicked() -> None:
    _, app = game()

    async def script(pilot: Pilot[int]) -> None:
        column = screen(app).splitlines()[-1].index("help")
        await pilot.click("#keys", offset=(column, 0))
        await pilot.pause()
        assert isinstance(app.screen, Paper)

    played(app, script)


def test_the_arrows_go_from_column_to_column() -> None:
    run, app = game(OPEN + 4)  # the server may send, and nothing is on the wire

    async def script(pilot: Pilot[int]) -> None:
        there = replace(run.position, choices=(*run.position.choices, ahead("client", "close")))
        run.positions[run.at] = there
        await press(pilot, "v")  # show it again
        assert app.focused is app.query_one("#right")
        await press(pilot, "left")
        assert app.focused is app.query_one("#left")
        await press(pilot, "left", "enter")
        assert run.asked == ["call client close"]

    played(app, script)


def ahead(who: str, what: str) -> Choice:
    return Choice(Move(Verb.CALL, who, what), "")


# --- Time ---------------------------------------------------------------------------------------


def test_a_wait_says_what_is_left_refuses_keys_and_ends_with_escape() -> None:
    clock = Clock()
    run, app = game(OPEN + 1, clock=clock)

    async def script(pilot: Pilot[int]) -> None:
        run.holds.clear()
        await pilot.press("w")
        clock.now_s += 12
        app.tick()
        assert said(app) == ("wait until client's timer `on` fires: 48 s left. Esc stops waiting.")
        await pilot.press("1")
        assert said(app).startswith("Not now: wait until")
        clock.now_s += 1
        app.tick()
        assert said(app).startswith("Not now: wait until"), "it can be read"
        clock.now_s += 1
        app.tick()
        assert said(app).endswith("46 s left. Esc stops waiting.")
        await pilot.press("escape")
        await done(pilot)
        assert said(app).startswith("Stopped: wait until client's timer `on` fires.")
        await press(pilot, "1")
        assert said(app).startswith("✓ carry")

    played(app, script)
    assert run.asked == ["wait client on", "carry client 3 FIN"]


def test_timers_count_down_while_nothing_happens() -> None:
    clock = Clock()
    run, app = game(OPEN + 1, clock=clock)

    async def script(pilot: Pilot[int]) -> None:
        assert "w wait 60 s: client on" in screen(app)
        clock.now_s += 51
        app.tick()
        await pilot.pause()
        assert "w wait 9.0 s: client on" in screen(app)
        assert "FIN-WAIT-1 on 9.0 s" in screen(app)

    played(app, script)
    assert run.asked == []


def test_when_a_timer_must_have_fired_it_is_looked_and_the_cursor_stays() -> None:
    clock = Clock()
    run = two_segments()
    app = app_of(run, clock=clock)

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, "down")
        clock.now_s += 60
        app.tick()
        await done(pilot)
        assert run.asked == ["refresh"]
        assert app.query_one("#wire", OptionList).highlighted == 1
        assert said(app) == ""
        app.tick()
        await done(pilot)

    played(app, script)
    assert run.asked == ["refresh"], "it looks once, and counts anew"


def test_what_a_timer_did_is_shown() -> None:
    clock = Clock()
    run, app = game(OPEN + 1, clock=clock)

    async def script(pilot: Pilot[int]) -> None:
        run.positions[run.at] = run.positions[run.at + 1]
        clock.now_s += 60
        app.tick()
        await done(pilot)
        assert "CLOSE-WAIT" in screen(app)

    played(app, script)


def test_what_takes_long_is_said_to_be_under_way() -> None:
    clock = Clock()
    run, app = game(OPEN + 1, clock=clock)

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, "1")
        run.holds.clear()
        await pilot.press("backspace")
        clock.now_s += 2
        app.tick()
        assert said(app) == "the last move is taken back … 2 s"
        run.holds.set()
        await done(pilot)
        assert said(app) == "✓ the last move is taken back"

    played(app, script)


# --- Undo, restart, trouble ---------------------------------------------------------------------


@pytest.mark.parametrize("key", ["backspace", "ctrl+z"])
def test_a_move_can_be_taken_back(key: str) -> None:
    run, app = game()

    async def script(pilot: Pilot[int]) -> None:
        before = screen(app)
        await press(pilot, "a", key)
        assert screen(app).splitlines()[:-3] == before.splitlines()[:-3]
        await press(pilot, key)
        assert said(app) == "Nothing to take back: this is how it begins."

    played(app, script)
    assert run.asked == ["call client shutdown", "undo 1"]


def test_to_begin_again_is_asked_about_where_moves_could_be_saved() -> None:
    run, app = game(save_moves=saver([]))

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, "a", "1", "r")
        assert said(app) == "Begin again? 2 moves are not saved: r again does it, s saves them."
        await press(pilot, "r")
        assert "0 moves" in screen(app)

    played(app, script)
    assert run.asked[-1] == "undo 2"


def test_another_key_takes_the_question_back() -> None:
    run, app = game(save_moves=saver([]))

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, "a", "r", "1", "r")
        assert said(app).startswith("Begin again?")

    played(app, script)
    assert run.asked == ["call client shutdown", "carry client 3 FIN"]


def test_a_run_that_failed_says_why_and_goes_on_with_undo() -> None:
    run, app = game()
    failed = run.positions[OPEN + 1]
    why = "client failed: ConnectionRefusedError: [Errno 111] Connection refused"
    run.positions[OPEN + 1] = replace(failed, trouble=why, choices=())

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, "a")
        assert said(app) == f"✗ {why}. Backspace takes the last move back."
        await press(pilot, "c")
        assert run.asked == ["call client shutdown"]
        await press(pilot, "backspace")
        assert "a shutdown(SHUT_WR)" in screen(app)

    played(app, script)


# --- Looking ------------------------------------------------------------------------------------


def test_verbose_tells_every_move_and_look() -> None:
    _, app = game()

    async def script(pilot: Pilot[int]) -> None:
        assert "ss client" not in screen(app)
        await press(pilot, "v")
        assert "ss client" in screen(app) and "verbose" in screen(app)
        await press(pilot, "v")
        assert "ss client" not in screen(app)

    played(app, script)


@pytest.mark.parametrize(
    ("key", "shows"),
    [
        ("question_mark", "Backspace, Ctrl-Z  take the last move back"),
        ("f", "[ESTABLISHED]"),
        ("i", "ESTAB 0 0 10.0.0.1:47350 10.0.0.2:80"),
    ],
)
def test_there_are_pages_to_look_at_on_a_small_terminal(key: str, shows: str) -> None:
    run, app = game()

    async def script(pilot: Pilot[int]) -> None:
        before = screen(app)
        await press(pilot, key)
        text = screen(app) if key != "question_mark" else all_of(app)
        assert shows in text
        await press(pilot, "a")
        assert run.asked == [], "a page is before the game"
        await press(pilot, "escape")
        assert screen(app) == before

    played(app, script)


def all_of(app: PlayApp) -> str:
    return str(app.screen.query_one(".body").content)  # type: ignore[attr-defined]


def test_the_help_page_is_no_wider_than_there_is_room() -> None:
    assert max(map(len, HELP.replace("*", "").splitlines())) <= WIDTH


def test_the_help_page_tells_every_key() -> None:
    called = {"pageup": "PgUp", "question_mark": "?", "ctrl+c": "Ctrl-C", "escape": "Esc"}
    told = HELP.replace(",", " ").split()
    for binding in PlayApp.BINDINGS:
        assert isinstance(binding, Binding)
        key = binding.key.partition(",")[0]
        if binding.action != f"choose('{key}')" or key == WAIT:
            assert {called.get(key, key), key.capitalize()} & set(told), key


def test_a_large_terminal_has_the_figures_and_the_rows_of_ss() -> None:
    _, app = game()

    async def script(pilot: Pilot[int]) -> None:
        shown = screen(app)
        assert shown.count("[ESTABLISHED]") == 4, "twice in figures, twice in the ladder"
        assert "ESTAB 0 0" in shown

    played(app, script, LARGE)


def test_the_ladder_follows_its_end_and_can_be_scrolled() -> None:
    run, app = game(0)

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, *["enter"] * (len(run.positions) - 1))
        ladder = app.query_one("#ladder", Ladder)
        assert "EPIPE" in screen(app) and "bind(server:80)" not in screen(app)
        assert ladder.scroll_y == ladder.max_scroll_y > 0
        await press(pilot, "home")
        assert "bind(server:80)" in screen(app)
        await press(pilot, "pagedown", "end")
        assert "EPIPE" in screen(app)

    played(app, script)


def test_the_end_of_the_ladder_stays_in_sight_when_its_room_gets_smaller() -> None:
    _, app = game()

    async def script(pilot: Pilot[int]) -> None:
        for _ in range(2):
            await press(pilot, "enter")
            ladder = app.query_one("#ladder", Ladder)
            assert ladder.scroll_y == ladder.max_scroll_y
        assert ladder.max_scroll_y > 0

    played(app, script, (120, 36))


def test_too_small_a_terminal_is_told_and_nothing_is_done_blindly() -> None:
    run, app = game()

    async def script(pilot: Pilot[int]) -> None:
        assert "This takes 80 columns and 24 lines; the terminal has 79 and 24." in " ".join(
            screen(app).split()
        )
        await press(pilot, "a", "enter", "w")
        assert run.asked == []
        await pilot.resize_terminal(*SMALL)
        await done(pilot)
        assert "a shutdown(SHUT_WR)" in screen(app)
        await press(pilot, "a")
        assert run.asked == ["call client shutdown"]

    played(app, script, (79, 24))


def test_nothing_is_said_by_colour_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    pictures: list[str] = []

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, "a", "9")
        assert isinstance(pilot.app, PlayApp)
        shown.append(screen(pilot.app))
        pictures.append(pilot.app.export_screenshot())

    played(game()[1], script, LARGE)
    monkeypatch.setenv("NO_COLOR", "1")
    played(game()[1], script, LARGE)
    assert shown[0] == shown[1]
    assert [colourful(picture) for picture in pictures] == [True, False]


def colourful(picture: str) -> bool:
    """Whether there is more than grey on a screen; the frame around it has colours of its own."""
    styles = re.findall(r"-r\d+ \{ fill: #(\w{6})", picture)
    assert styles
    spread = [max(value) - min(value) for value in map(bytes.fromhex, styles)]
    return max(spread) > 8  # what has no style at all is nearly grey


# --- Saving and leaving -------------------------------------------------------------------------


def test_the_moves_are_saved_to_a_file_that_is_asked_for(tmp_path: Path) -> None:
    saved: list[tuple[Path, tuple[str, ...]]] = []
    run, app = game(save_moves=saver(saved))

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, "s")
        assert said(app) == "No move is made yet: there is nothing to save."
        await press(pilot, "a", "s")
        assert isinstance(app.screen, AskFile)
        await type_in(pilot, str(tmp_path / "mine"))
        await press(pilot, "enter")
        assert "".join(said(app).split()).endswith("/minehasthemoves,with8inall.")
        await press(pilot, "q")

    played(app, script)
    assert saved == [(tmp_path / "mine", run.position.made)]
    assert app.return_value == 0


async def type_in(pilot: Pilot[int], text: str) -> None:
    """Replace what the line for an answer has."""
    await pilot.press("end", "ctrl+u")
    app = pilot.app
    app.screen.query_one("Input").value = text  # type: ignore[attr-defined]
    await pilot.pause()


def test_a_file_that_exists_is_replaced_only_after_a_question(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("precious")
    saved: list[tuple[Path, tuple[str, ...]]] = []
    _, app = game(save_moves=saver(saved))

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, "a", "s")
        await type_in(pilot, str(there))
        await press(pilot, "enter")
        assert "exists. Enter again replaces it, Esc does not." in asked(app)
        assert saved == []
        await press(pilot, "enter")
        assert len(saved) == 1

    played(app, script)


def asked(app: PlayApp) -> str:
    return " ".join(str(app.screen.query_one(".said").content).split())  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", "A file has a name."),
        (".", ". is a folder: say which file in it."),
        ("~nobody-has-this/x", "can't be a file"),
    ],
)
def test_what_can_be_no_file_is_told(name: str, told: str) -> None:
    saved: list[tuple[Path, tuple[str, ...]]] = []
    _, app = game(save_moves=saver(saved))

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, "a", "s")
        await type_in(pilot, name)
        await press(pilot, "enter")
        assert told in asked(app)
        await press(pilot, "escape")
        assert not isinstance(app.screen, AskFile)

    played(app, script)
    assert saved == []


def test_a_file_that_can_t_be_written_is_told_and_asked_for_again() -> None:
    def full(path: Path, position: Position) -> None:
        raise MachineError("it can't be written: No space left on device")

    _, app = game(save_moves=full)

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, "a", "s")
        await type_in(pilot, "x")
        await press(pilot, "enter")
        assert asked(app) == "it can't be written: No space left on device"
        assert isinstance(app.screen, AskFile)

    played(app, script)


def test_moves_are_saved_as_a_lab_where_it_was_said() -> None:
    saved: list[tuple[Path, tuple[str, ...]]] = []
    run, app = game(save_lab=saver(saved), lab_file=Path("closing.py"))

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, "a", "l", "enter")

    played(app, script)
    assert saved == [(Path("closing.py"), run.position.made)]


def test_what_can_t_be_saved_has_no_key_for_it() -> None:
    _, app = game()

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, "a", "s", "l", "h")
        assert screen(app).splitlines()[-1].count("save") == 0
        await press(pilot, "q")

    played(app, script, LARGE)
    assert app.return_value == 0, "nothing could be saved, so nothing is asked"


def test_to_leave_is_asked_about_if_moves_are_not_saved() -> None:
    _, app = game(save_moves=saver([]))

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, "a", "q")
        assert said(app) == "Leave? One move is not saved: q again does it, s saves them."
        assert app.is_running
        await press(pilot, "q")

    played(app, script)
    assert app.return_value == 0


def test_ctrl_c_leaves_at_once_also_while_it_waits() -> None:
    run, app = game(OPEN + 1, save_moves=saver([]))

    async def script(pilot: Pilot[int]) -> None:
        run.holds.clear()
        await pilot.press("w")
        await pilot.press("ctrl+c")

    played(app, script)
    assert app.return_value == 130
    assert run.killed


def test_a_run_that_died_ends_the_game_with_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    run, app = game()
    run.fails = ToolError("the run's process was killed by SIGKILL: without a word")

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, "a")

    by_keys(monkeypatch, app, script)
    with pytest.raises(ToolError, match="was killed by SIGKILL"):
        app.play()


def test_a_bug_in_a_run_ends_the_game_and_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    run, app = game()
    run.fails = ZeroDivisionError("a bug")

    async def script(pilot: Pilot[int]) -> None:
        await pilot.press("a")

    by_keys(monkeypatch, app, script)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        app.play()


@pytest.mark.parametrize(("keys", "files"), [(["a"], 1), ([], 0), (["a", "l", "enter"], 1)])
def test_the_lab_that_was_asked_for_is_written_at_the_end(
    keys: list[str], files: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[tuple[Path, tuple[str, ...]]] = []
    run, app = game(save_lab=saver(saved), lab_file=Path("closing.py"))

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, *keys, "q", "q")

    by_keys(monkeypatch, app, script)
    assert app.play() == 0
    assert saved == [(Path("closing.py"), run.position.made)] * files


# --- A goal -------------------------------------------------------------------------------------


def close_wait(position: Position) -> str | None:
    return (
        "The server is in CLOSE-WAIT."
        if "CLOSE-WAIT" in map(str, position.states.values())
        else None
    )


GOAL = Goal("the server in CLOSE-WAIT", close_wait, ("Who closes first?", "The client."), best=2)


def test_a_goal_stands_above_and_is_told_when_it_is_reached() -> None:
    run, app = game(goal=GOAL)

    async def script(pilot: Pilot[int]) -> None:
        assert "Goal: the server in CLOSE-WAIT" in screen(app)
        await press(pilot, "a")
        assert app.reached is None
        await press(pilot, "1")
        assert app.reached == "The server is in CLOSE-WAIT."
        assert "Reached in 2 moves; the fewest are 2." in all_of(app)
        await press(pilot, "enter", "1")
        assert not isinstance(app.screen, Paper), "one is not told twice"

    played(app, script)
    assert run.asked[-1] == "carry server 2 ACK"


def test_after_beginning_again_a_goal_can_be_reached_again() -> None:
    _, app = game(goal=GOAL)

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, "a", "1", "enter", "r")
        assert app.reached is None
        await press(pilot, "a", "1")
        assert isinstance(app.screen, Paper)

    played(app, script)


def test_hints_come_one_after_the_other() -> None:
    _, app = game(goal=GOAL)

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, "h")
        assert "Who closes first?" in all_of(app) and "The client." not in all_of(app)
        await press(pilot, "escape", "h")
        assert "1. Who closes first?\n2. The client." in all_of(app)
        await press(pilot, "escape", "h")
        assert app.hints_shown == 2

    played(app, script)


# --- Pictures of the whole screen ---------------------------------------------------------------

SHOWN = Path(__file__).parent / "data"


@pytest.mark.parametrize("size", [SMALL, LARGE, (200, 60)], ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize(("name", "moves"), [("opened", 0), ("closing", 2), ("over", 11)])
def test_the_screen_is_as_it_was_when_somebody_looked_at_it(
    name: str, moves: int, size: tuple[int, int]
) -> None:
    """After a meant change: SOCKLAB_WRITE_DOCS=1, and look at the difference."""
    _, app = game(save_moves=saver([]), save_lab=saver([]))
    shown = []

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, *["enter"] * moves)
        shown.append(screen(app))

    played(app, script, size)
    path = SHOWN / f"{name}.{size[0]}x{size[1]}.txt"
    if os.environ.get("SOCKLAB_WRITE_DOCS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(shown[0], encoding="utf-8")
    assert shown[0] == path.read_text(encoding="utf-8")


# --- The book -----------------------------------------------------------------------------------

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "play.svg"


def test_the_picture_in_the_book_shows_what_is_on_the_screen() -> None:
    """Its text is compared, not how Textual draws it, which may differ with each release."""
    _, app = game(save_moves=saver([]), save_lab=saver([]))
    drawn = []

    async def script(pilot: Pilot[int]) -> None:
        await press(pilot, "a", "1")
        drawn.append(app.export_screenshot())

    played(app, script, (120, 36))
    if os.environ.get("SOCKLAB_WRITE_DOCS"):
        # A picture fetches nothing: whoever has no such font has another one of equal width.
        plain = re.sub(r"\s*@font-face \{.*?\}|\s*<!--.*?-->", "", drawn[0], flags=re.DOTALL)
        PICTURE.write_text(plain, encoding="utf-8")
    kept = PICTURE.read_text(encoding="utf-8")
    assert text_of(kept) == text_of(drawn[0])
    assert "http" not in kept.replace("http://www.w3.org/2000/svg", "")
