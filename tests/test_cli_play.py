"""`socklab play --script` as its users have it, and what is refused before anything is played."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from socklab import cli
from socklab.cli import play, playing
from socklab.errors import MachineError
from socklab.link import LinkKind
from socklab.position import Position
from socklab.record import Record, State, Trouble
from tests.commands import COMMAND, HEADER, environment, hears_signals, in_shell, socklab
from tests.stand import must_have
from tests.telling import in_fin_wait_1

SCRIPT = """# The client's goodbye is lost.
flow client=ESTABLISHED,server=ESTABLISHED
call client shutdown
drop client 3 FIN
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where each test stands, with a script in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moves.txt").write_text(SCRIPT)
    return tmp_path


def invoke(*arguments: str) -> tuple[int, str, str]:
    """A command in this process: its exit code, and what it printed."""
    result = CliRunner().invoke(cli.app, ["play", *arguments], prog_name="socklab")
    return result.exit_code, result.stdout, result.stderr


# --- What is made ---


@pytest.mark.kernel
def test_a_script_makes_its_moves_and_shows_the_ladder() -> None:
    done = socklab("play", "half-close", "--script", "moves.txt")
    assert (done.returncode, done.stderr) == (0, "")
    assert "FIN seq 1 ack 1" in done.stdout
    assert "dropped" in done.stdout
    assert "of moves without a story nothing is expected." in done.stdout.replace("\n", " ")


@pytest.mark.kernel
@pytest.mark.parametrize("link", ["tun", "veth"])
def test_the_moves_of_a_run_are_a_script_as_text_and_as_its_record(link: str, here: Path) -> None:
    must_have(LinkKind(link))
    assert socklab("run", "simultaneous-close", "--record", "run.json").returncode == 0
    recorded = Record.from_json(json.loads((here / "run.json").read_text()))
    (here / "moves.txt").write_text("\n".join(recorded.moves()))
    for script in ("moves.txt", "run.json"):
        done = socklab("play", "simultaneous-close", "--script", script, "--json", "--link", link)
        assert (done.returncode, done.stderr) == (0, "")
        played = Record.from_json(json.loads(done.stdout))
        assert played.link == link
        assert played.essence() == recorded.essence(expectations=False)


@pytest.mark.kernel
def test_a_script_comes_from_standard_input_too() -> None:
    line = (
        "$S run half-close --quiet --record run.json && "
        '"$PYTHON" -c \'import json; print(*(e["text"] for e in '
        'json.load(open("run.json"))["events"] if e["kind"] == "move"), sep="\\n")\' '
        "| $S play half-close --script -"
    )
    done = in_shell(line)
    assert (done.returncode, done.stderr) == (0, "")
    assert "b'still here'" in done.stdout
    done = in_shell("$S play half-close --script - < run.json")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("start", "state"), [("nothing", "SYN-SENT"), ("listening", "SYN-SENT"), (None, "SYN-SENT")]
)
def test_free_play_begins_as_far_as_it_is_told(start: str | None, state: str, here: Path) -> None:
    (here / "moves.txt").write_text("call client connect\n")
    begun = ["--start", start] if start else []
    done = socklab("play", "--free", *begun, "--ipv6", "--script", "moves.txt", "--json")
    assert done.returncode == 0, done.stderr
    record = Record.from_json(json.loads(done.stdout))
    assert list(record.of(State))[-1].now == state
    assert any(event.now == "LISTEN" for event in record.of(State)) == (start == "listening")
    assert record.hosts["client"] == "fd00::1"


@pytest.mark.kernel
def test_what_was_played_is_written_as_every_format(here: Path) -> None:
    files = {"record": "r.json", "html": "r.html", "svg": "r.svg", "pcapng": "r.pcapng"}
    options = [word for name, file in files.items() for word in (f"--{name}", file)]
    done = socklab("play", "half-close", "--script", "moves.txt", *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert all((here / file).stat().st_size > 500 for file in files.values())
    done = socklab("play", "half-close", "--script", "moves.txt", "--mermaid", "-")
    assert done.stdout.startswith("sequenceDiagram")


# --- What can't be made ---


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("moves", "code", "complaint"),
    [
        (
            "call client connect\ncarry client 1 FIN\n",
            1,
            "moves.txt:2: `carry client 1 FIN` finds no such segment; the wire holds SYN seq 0 "
            "from client; what can be done is `carry client 1 SYN`, ",
        ),
        (
            "call client close\n",
            1,
            "moves.txt:1: client can't close(): client stands before connect(server:80); what can "
            "be done is `call client connect`, `call server bind`",
        ),
        ("wait client on\n", 1, "moves.txt:1: no timer 'on' runs on client; what can be done is "),
        ("destroy client LISTEN\n", 1, "moves.txt:1: no socket of client is in LISTEN; what can "),
        (
            "flow client=CLOSING\n",
            1,
            "moves.txt:1: nothing can move any more, and not yet client CLOSING: ",
        ),
        ("flow nobody=CLOSING\n", 2, "moves.txt:1: there is no host 'nobody'; the lab has client"),
        ("call nobody close\n", 2, "moves.txt:1: there is no role 'nobody'; the lab has server"),
    ],
)
def test_a_move_that_can_t_be_made_is_told_with_what_can(
    moves: str, code: int, complaint: str, here: Path
) -> None:
    (here / "moves.txt").write_text(moves)
    done = socklab(
        "play", "half-close", "--script", "moves.txt", "--save-lab", "x.py", env={"COLUMNS": "500"}
    )
    assert done.returncode == code
    assert complaint in done.stdout + done.stderr
    assert not (here / "x.py").exists()


@pytest.mark.kernel
def test_what_was_made_before_is_shown_and_saved(here: Path) -> None:
    (here / "moves.txt").write_text(SCRIPT + "carry client 3 FIN\n")
    done = socklab(
        "play", "half-close", "--script", "moves.txt", "--record", "r.json", "--save-lab", "x.py"
    )
    assert done.returncode == 1
    assert "✗ dropped" in done.stdout
    assert "and it failed: moves.txt:5: `carry client 3" in done.stdout
    assert done.stderr == (
        "socklab: x.py is not written: a lab is made of a run that went to its end\n"
    )
    record = Record.from_json(json.loads((here / "r.json").read_text()))
    assert record.moves()[-1] == "drop client 3 FIN"
    assert [event.who for event in record.of(Trouble)] == ["story"]


@pytest.mark.kernel
def test_beside_a_document_it_is_told_what_ended_it(here: Path) -> None:
    (here / "moves.txt").write_text("call client close\n")
    done = socklab("play", "--free", "--script", "moves.txt", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    (here / "moves.txt").write_text("call client send\n")
    done = socklab("play", "--free", "--start", "listening", "--script", "moves.txt", "--json")
    assert done.returncode == 1
    assert done.stderr.startswith("socklab: moves.txt:1: client can't send(): client stands before")
    assert json.loads(done.stdout)["events"][-1]["kind"] == "trouble"


@pytest.mark.kernel
def test_a_program_that_fails_ends_the_run_and_is_told_once(here: Path) -> None:
    (here / "moves.txt").write_text("call client connect\ncarry client 1 SYN\ncarry server 1 RST\n")
    done = socklab("play", "half-close", "--script", "moves.txt", env={"COLUMNS": "300"})
    assert done.returncode == 1
    assert done.stdout.count("Connection refused") == 1
    assert "and it failed: ConnectionRefusedError" in done.stdout


@pytest.mark.kernel
def test_nothing_flows_in_free_play() -> None:
    done = socklab("play", "--free", "--script", "moves.txt")
    assert done.returncode == 2
    assert done.stderr.startswith("socklab: moves.txt:2: nothing flows in free play")


WAITS = (
    HEADER
    + """

async def server(me: Role) -> None:
    listener = me.socket()
    await listener.bind(("server", 80))
    await listener.listen()
    connection, _ = await listener.accept()
    await connection.recv(100)
    await connection.close()


async def client(me: Role) -> None:
    connection = me.socket()
    await connection.connect(("server", 80))
    await connection.close()
    await me.socket().bind(("client", 0))
    print("in TIME-WAIT", flush=True)


async def story(bench: Bench) -> None:
    bench.expect(wire=[])
"""
)


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("signum", "who"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")]
)
def test_a_signal_ends_a_wait_and_nothing_is_lost(
    signum: signal.Signals, who: str, here: Path
) -> None:
    (here / "waits.py").write_text(WAITS)
    (here / "moves.txt").write_text(
        "flow client=TIME_WAIT,server=CLOSED\ncall client bind\nwait client timewait\n"
    )
    with subprocess.Popen(
        [
            *(*COMMAND, "play", "./waits.py", "--script", "moves.txt"),
            *("--record", "r.json", "--save-lab", "x.py"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
        preexec_fn=hears_signals,  # noqa: PLW1509
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in TIME-WAIT\n"
        process.send_signal(signum)
        out, err = process.communicate()
    assert process.returncode == 128 + signum
    assert err.endswith(f"socklab: interrupted by {who}\n")
    assert "[TIME-WAIT]" in out
    record = Record.from_json(json.loads((here / "r.json").read_text()))
    assert [event.who for event in record.of(Trouble)] == [who]
    assert record.moves()[-1] in ("call client bind", "wait client timewait")
    assert not (here / "x.py").exists()


# --- Labs ---


@pytest.mark.kernel
def test_what_was_played_is_a_lab_that_can_be_run_at_once(here: Path) -> None:
    done = socklab("play", "half-close", "--script", "moves.txt", "--save-lab", "lost_goodbye.py")
    assert (done.returncode, done.stderr) == (0, "")
    told = done.stdout.partition("lost_goodbye.py is a lab, and goes the same way.")[2]
    commands = [line.strip() for line in told.splitlines() if line.startswith("  socklab ")]
    assert [line.split()[1] for line in commands] == ["run", "run", "lint"]
    for command in commands:
        again = in_shell(command.replace("socklab", "$S", 1))
        assert (again.returncode, again.stderr) == (0, ""), command
    written = (here / "lost_goodbye.py").read_text()
    assert written.startswith('"""Lost goodbye: half-close, played.\n')
    assert "Next:     half-close\n" in written


@pytest.mark.kernel
def test_a_lab_is_written_beside_what_is_printed(here: Path) -> None:
    done = socklab(
        "play", "half-close", "--script", "moves.txt", "--save-lab", "x.py", "--json", "--force"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["lab"] == "half-close"
    assert (here / "x.py").exists()


@pytest.mark.kernel
def test_what_programs_print_is_printed_once_and_in_no_document(here: Path) -> None:
    (here / "waits.py").write_text(WAITS)
    (here / "moves.txt").write_text("flow client=TIME_WAIT,server=CLOSED\ncall client bind\n")
    options = ("./waits.py", "--script", "moves.txt", "--save-lab", "x.py", "--force")
    done = socklab("play", *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("in TIME-WAIT\nA lab of a test")
    assert done.stdout.count("in TIME-WAIT\n") == 1
    done = socklab("play", *options, "--json")
    assert (done.returncode, done.stderr) == (0, "in TIME-WAIT\n")
    record = Record.from_json(json.loads(done.stdout))
    playing.save_lab("auto", here / "y.py", Position((), (), {}, (), {}, record))
    assert (here / "y.py").read_text() == (here / "x.py").read_text().replace("X: ", "Y: ")


@pytest.mark.kernel
def test_a_game_without_a_change_is_no_lab(here: Path) -> None:
    (here / "moves.txt").write_text("call client bind\n")
    done = socklab("play", "--free", "--script", "moves.txt", "--save-lab", "x.py")
    assert done.returncode == 2
    assert "no socket has changed its state yet" in done.stderr
    assert not (here / "x.py").exists()


@pytest.mark.kernel
def test_on_a_full_disk_the_game_is_shown_and_the_rest_is_told(here: Path) -> None:
    (here / "x.py").symlink_to("/dev/full")
    done = socklab(
        *("play", "half-close", "--script", "moves.txt"),
        *("--save-lab", "x.py", "--record", "/dev/full"),
    )
    assert done.returncode == 3
    assert "FIN seq 1 ack 1" in done.stdout
    assert done.stderr == (
        "socklab: the Record can't be written to /dev/full: No space left on device; cure: "
        "--record with a file elsewhere\n"
        "socklab: the file for --save-lab can't be written to x.py: No space left on device; cure: "
        "--save-lab with a file elsewhere\n"
    )
    with Path("/dev/full").open("w") as full:
        done = socklab("play", "half-close", "--script", "moves.txt", stdout=full.fileno())
    assert done.returncode == 3
    assert done.stderr == "socklab: the output can't be written: No space left on device\n"


# --- What is refused ---


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "which lab? `socklab list` shows them, and --free plays without one"),
        (("half-close", "--free"), "--free plays without a lab: leave it out, or the lab's name"),
        (("half-close", "--start", "established"), "--start is how --free begins; a lab begins"),
        (("half-clos", "--script", "moves.txt"), "there is no lab half-clos; did you mean"),
        (("half-close",), "play needs a terminal, and this is none; --script FILE makes the moves"),
        (("half-close", "--json"), "--json shows what a script did: give --script FILE"),
        (("half-close", "--record", "r.json"), "--record shows what a script did: give --script"),
        (("half-close", "--svg", "r.svg"), "--svg shows what a script did: give --script FILE"),
        (
            ("half-close", "--script", "moves.txt", "--json", "--svg", "-"),
            "--json and --svg ask for different things: leave one of them out",
        ),
        (("half-close", "--script", "none.txt"), "none.txt can't be read: No such file"),
        (("half-close", "--script", "."), ". can't be read: Is a directory"),
        (("half-close", "--script", "binary"), "binary is no text; a script has a move in each"),
        (("half-close", "--script", "latin"), "latin is no text; a script has a move in each"),
        (("half-close", "--script", "empty"), "empty has no move in it; a script has one in each"),
        (("half-close", "--script", "bad"), "bad:2: 'cary client 1 SYN' is not a move: "),
        (("half-close", "--script", "{}"), "{} has no Record in it"),
        (("half-close", "--script", "two.json"), "two.json has 2 Records, and a script makes the"),
        (("half-close", "--script", "no.json"), "the Record in no.json has no move in it"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(
    arguments: tuple[str, ...], complaint: str, here: Path
) -> None:
    (here / "binary").write_bytes(b"call client close\n\0")
    (here / "latin").write_bytes(b"call client g\xe4hn\n")
    (here / "empty").write_text("# nothing\n\n")
    (here / "bad").write_text("call client connect\ncary client 1 SYN\n")
    (here / "{}").write_text("{}")
    told = in_fin_wait_1().record.to_json()
    (here / "two.json").write_text(json.dumps([told, told]))
    (here / "no.json").write_text(json.dumps(told | {"events": []}))
    code, out, err = invoke(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"socklab: {complaint}"), err
    assert err.count("\n") == 1


def test_a_start_that_is_none_is_told_with_those_there_are() -> None:
    code, _, err = invoke("--free", "--start", "listning")
    assert code == 2
    assert "'listning' is not one of 'nothing', 'listening', 'established'" in err


@pytest.mark.parametrize(
    ("file", "complaint"),
    [
        ("there.py", "--save-lab: there.py exists: --force replaces it"),
        ("no/where.py", "--save-lab: there is no folder no"),
        ("Lost Goodbye.py", "and ends in .py; did you mean lost_goodbye.py?"),
        ("lost-goodbye", "and ends in .py; did you mean lost_goodbye.py?"),
        ("-", "--save-lab: - is no name for a lab's file"),
        ("half_close.py", "--save-lab: there is a lab half-close already, "),
        ("moves.py", "--save-lab and --svg name one and the same file"),
    ],
)
def test_a_file_that_can_be_no_lab_is_refused_before_anything_is_played(
    file: str, complaint: str, here: Path
) -> None:
    (here / "there.py").write_text("precious")
    code, out, err = invoke(
        "half-close", "--script", "moves.txt", "--svg", "moves.py", "--save-lab", file
    )
    assert (code, out) == (2, "")
    assert complaint in err
    assert (here / "there.py").read_text() == "precious"


def test_where_nothing_can_be_played_the_cure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise MachineError("no namespaces here; cure: allow them")

    monkeypatch.setattr("socklab.runner.be_allowed", refuse)
    code, out, err = invoke("half-close", "--script", "moves.txt", "--record", "r.json")
    assert (code, out, err) == (3, "", "socklab: no namespaces here; cure: allow them\n")
    assert not Path("r.json").exists()


# --- The screen ---


def test_the_screen_gets_what_was_asked_for(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    asked: dict[str, object] = {}

    def run_app(lab: object, **options: object) -> int:
        asked.update(options, lab=lab)
        return 130

    monkeypatch.setattr("socklab.play.run_app", run_app)
    monkeypatch.setattr(play, "_see_screen", lambda _: None)
    code, out, err = invoke(
        *("--free", "--start", "listening", "--ipv6", "--link", "veth", "--save-lab", "x.py")
    )
    assert (code, out, err) == (130, "", "")
    assert [str(move) for move in asked["start"]] == [  # type: ignore[attr-defined]
        "call server bind",
        "call server listen",
        "call server accept",
    ]
    assert (asked["ipv6"], asked["link"], asked["lab_file"]) == (True, "veth", Path("x.py"))

    position = Position(
        ("call client connect", "carry client 1 SYN"), (), {}, (), {}, Record("", "", "", {})
    )
    asked["save_moves"](here / "mine.txt", position)  # type: ignore[operator]
    assert (here / "mine.txt").read_text() == (
        f"# socklab play --free --ipv6 --script {here}/mine.txt\n"
        "call client connect\ncarry client 1 SYN\n"
    )
    assert [step.text for step in playing.steps_in(here / "mine.txt")] == list(position.made)
    with pytest.raises(MachineError, match="the moves can't be written to /dev/full: No space"):
        asked["save_moves"](Path("/dev/full"), position)  # type: ignore[operator]


@pytest.mark.kernel
def test_the_screen_saves_a_lab_that_goes_the_same_way(here: Path) -> None:
    record = Record.from_json(
        json.loads(socklab("play", "half-close", "--script", "moves.txt", "--json").stdout)
    )
    position = Position(tuple(record.moves()), (), {}, (), {}, record)
    playing.save_lab("auto", here / "mine.py", position)
    done = socklab("run", "./mine.py", "--control")
    assert done.returncode == 0, done.stdout


def test_textual_that_is_missing_is_told_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "socklab.play", None)
    monkeypatch.setattr(play, "_see_screen", lambda _: None)
    code, out, err = invoke("half-close")
    assert (code, out) == (3, "")
    assert "which is not installed: `pip install" in err


def test_a_terminal_has_all_three_streams() -> None:
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [*COMMAND, "play", "half-close"],
            check=False,
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
            env=environment(),
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 2
    assert b"play needs a terminal" in done.stderr
