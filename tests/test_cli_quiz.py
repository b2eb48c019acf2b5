"""`socklab quiz`: what it asks, who decides, how it is answered, and how it ends."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from socklab import cli
from socklab.cli import quiz_runs
from socklab.cli.asking import choice_of
from socklab.cli.quiz_questions import Source, about, bank
from socklab.cli.quiz_runs import Chosen, Runs
from socklab.doctor import Examination
from socklab.errors import ExperimentError, LabError, MachineError
from socklab.packs import catalogue
from socklab.questions import Topic
from socklab.quiz import KINDS, Verdict
from socklab.record import Move, Record
from tests.commands import COMMAND, LAB, PATIENCE_S, ROOT, environment, hears_signals, is_gone

SCHEMA = json.loads((ROOT / "socklab" / "quiz.schema.json").read_text(encoding="utf-8"))
REFUSED = MachineError("no namespaces for you; cure: none")
PREDICTIONS = KINDS[:-1]


def invoke(*arguments: str | Path, answers: str = "") -> tuple[int, str, str]:
    """The command in this process: its exit code, and what it printed."""
    result = CliRunner().invoke(
        cli.app, ["quiz", *map(str, arguments)], prog_name="socklab", input=answers
    )
    return result.exit_code, result.stdout, result.stderr


def quiz(*arguments: str | Path, answers: str = "", **env: str) -> tuple[int, str, str]:
    """The command in a process of its own."""
    ended = subprocess.run(
        [*COMMAND, "quiz", *map(str, arguments)],
        check=False,
        input=answers,
        capture_output=True,
        encoding="utf-8",
        env=environment(**env),
        timeout=PATIENCE_S,
    )
    return ended.returncode, ended.stdout, ended.stderr


def document(text: str) -> Any:
    """A document that the command printed, which is as its schema says."""
    read = json.loads(text)
    Draft202012Validator(SCHEMA).validate(read)
    return read


@pytest.fixture
def no_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which no lab runs."""

    def refuse(self: Runs, name: str) -> Chosen:
        raise REFUSED

    monkeypatch.setattr(Runs, "choose", refuse)


# --- What it does not understand --------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["halfclose"], "there is no lab halfclose; did you mean half-close?"),
        (["--topic", "handshak"], "no question is about 'handshak'; did you mean handshake?"),
        (["--topic", "xyzzy"], "such as abort, closing, data, limits, opening"),
        (["--only", "state"], "no question is of the kind 'state'; did you mean states?"),
        (["--only", "xyzzy"], "there are states, segments, calls, words"),
        (["--count", "0"], "--count wants a number above 0"),
        (["--pass", "101"], "--pass wants a number from 0 to 100"),
        (["half-close", "--all"], "leave them out, or leave out the name"),
        (["half-close", "--topic", "abort"], "leave them out, or leave out the name"),
        (["--answers", "/none/such"], "--answers: /none/such can't be read: No such file"),
        (["--sheet", "--pass", "50"], "--sheet asks nothing"),
        (["--labs", "/none"], "--labs: there is no folder of labs at /none"),
    ],
)
def test_what_is_wrong_is_one_sentence(arguments: list[str], told: str) -> None:
    code, out, err = invoke(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("socklab: ")
    assert told in err
    assert err.count("\n") == 1


# --- In words ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_machine")
def test_answers_come_line_by_line_and_the_end_of_them_is_no_error() -> None:
    code, out, err = invoke("--only", "words", "--seed", "3", answers="1\n\n")
    assert (code, err) == (0, "")
    assert re.findall(r"^Question (\d+) of 10", out, re.MULTILINE) == ["1", "2", "3"]
    assert "Not answered.\n" in out
    assert "of 2 right (" in out
    assert ", and then it was ended.\n" in out
    assert out.endswith("The same questions again: socklab quiz --only words --seed 3\n")


@pytest.mark.usefixtures("no_machine")
def test_nobody_answers_and_nothing_breaks() -> None:
    code, out, _ = invoke("--only", "words", "--seed", "3")
    assert code == 0
    assert "No question was answered, and then it was ended.\n" in out


@pytest.mark.usefixtures("no_machine")
def test_a_line_that_is_no_answer_counts_as_none_and_is_told() -> None:
    code, out, err = invoke("--only", "words", "-n", "3", "--seed", "3", answers="9\nmaybe\n0\n")
    assert code == 0
    assert out.count("Not answered.\n") == 3
    assert err.splitlines()[0] == (
        "socklab: question 1: '9' is none of the choices, which are numbered from 1 to 4; "
        "it counts as not answered"
    )
    assert len(err.splitlines()) == 3


@pytest.mark.usefixtures("no_machine")
def test_who_knows_everything_has_a_hundred_percent_and_who_knows_nothing_none() -> None:
    chosen = ("--only", "words", "--seed", "11", "--json")
    _, out, _ = invoke(*chosen, answers="\n" * 10)
    questions = document(out)["questions"]
    right = "".join(f"{each['shown']}\n" for each in questions)
    code, out, _ = invoke(*chosen, "--pass", "100", answers=right)
    assert (code, document(out)["score"]["percent"]) == (0, 100)
    wrong = "".join(
        f"{1 + next(n for n, c in enumerate(each['choices']) if c != each['shown'])}\n"
        for each in questions
    )
    code, out, err = invoke(*chosen, "--pass", "1", answers=wrong)
    assert (code, document(out)["score"]["percent"]) == (1, 0)
    assert err.endswith("socklab: 0 of 10 right (0 %), and 1 % are asked for\n")
    assert all(each["because"] for each in document(out)["questions"])


@pytest.mark.usefixtures("no_machine")
def test_who_ends_early_does_not_pass() -> None:
    chosen = ("--only", "words", "--seed", "11", "--json")
    _, out, _ = invoke(*chosen, answers="\n")
    first = document(out)["questions"][0]["shown"]
    code, out, _ = invoke(*chosen, "--pass", "50", answers=f"{first}\nq\n")
    assert code == 1
    told = document(out)
    assert (told["ended_early"], told["score"]["percent"], told["score"]["wanted"]) == (
        True,
        100,
        10,
    )


@pytest.mark.parametrize(
    ("line", "choice"),
    [("1", "11"), ("4.", "7"), ("4)", "7"), ("11", "11"), ("7", "7"), ("NOTHING", "nothing")]
    + [(line, None) for line in ("0", "5", "01", "9" * 5000, "-1", "1 2", "\u0663", "eleven")],
)
def test_an_answer_is_a_number_of_a_choice_or_its_own_words(line: str, choice: str | None) -> None:
    assert choice_of(line, ("11", "nothing", "6", "7")) == choice


@pytest.mark.usefixtures("no_machine")
def test_answers_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "answers.txt"
    file.write_bytes(b"1\n2.\n3)\n\xff\n")
    chosen = ("--only", "words", "-n", "4", "--seed", "3")
    code, out, err = invoke(*chosen, "--answers", file)
    assert code == 0
    assert err.count("is none of the choices") == 1
    assert out == invoke(*chosen, answers="1\n2\n3\nx\n")[1]


def test_answers_that_are_no_text_or_endless_are_no_answers() -> None:
    ended = subprocess.run(
        [*COMMAND, "quiz", "--only", "words", "--seed", "3", "-n", "2"],
        check=False,
        input=b"\xff\xfe\x1b[2J\n" + b"9" * 100_000 + b"\n",
        capture_output=True,
        env=environment(),
        timeout=PATIENCE_S,
    )
    assert ended.returncode == 0
    assert ended.stdout.count(b"Not answered.") == 2
    assert b"\x1b" not in ended.stderr
    assert max(map(len, ended.stderr.splitlines())) < 250


def test_a_folder_has_no_answers(tmp_path: Path) -> None:
    assert invoke("--answers", tmp_path) == (
        2,
        "",
        f"socklab: --answers: {tmp_path} can't be read: Is a directory\n",
    )


@pytest.mark.usefixtures("no_machine")
def test_a_seed_repeats_the_questions_and_another_asks_others() -> None:
    def asked(seed: int) -> list[Any]:
        _, out, _ = invoke("--only", "words", "--sheet", "--json", "--seed", str(seed))
        questions: list[Any] = document(out)["questions"]
        return questions

    assert asked(5) == asked(5)
    assert asked(5) != asked(6)
    _, out, _ = invoke("--only", "words", "--sheet", "--json")
    told = document(out)
    assert told["questions"] == asked(told["seed"])


@pytest.mark.usefixtures("no_machine")
def test_a_sheet_has_the_questions_and_no_answer() -> None:
    code, out, _ = invoke("--only", "words", "--sheet", "--seed", "5", "-n", "2")
    assert code == 0
    assert out.count("Question ") == 2
    assert "Right" not in out
    assert out.endswith(
        "To be asked these questions: socklab quiz --only words --count 2 --seed 5\n"
    )
    _, out, _ = invoke("--only", "words", "--sheet", "--seed", "5", "-n", "2", "--json")
    assert {"given", "shown", "verdict"}.isdisjoint(document(out)["questions"][0])


@pytest.mark.usefixtures("no_machine")
def test_with_json_the_questions_go_to_standard_error() -> None:
    _, out, err = invoke("--only", "words", "-n", "1", "--json", answers="1\n")
    assert len(document(out)["questions"]) == 1
    assert err.startswith("Question 1 of 1, in words")


@pytest.mark.parametrize("columns", ["40", "80"])
@pytest.mark.usefixtures("no_machine")
def test_no_line_is_wider_than_the_terminal(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    _, out, _ = invoke("--only", "words", "-n", "83", "--seed", "1", answers="1\n" * 83)
    assert out.count("Question ") == 83
    assert max(map(len, out.splitlines())) <= int(columns)


# --- A machine on which no lab runs -----------------------------------------------------------


@pytest.mark.usefixtures("no_machine")
def test_where_no_lab_runs_words_are_left_and_that_is_told_once() -> None:
    code, out, err = invoke("--seed", "1", answers="1\n" * 10)
    assert code == 0
    assert err == (
        "socklab: no lab can be run here, so all questions are in words: no namespaces for you; "
        "cure: none\n"
    )
    assert out.count(", in words (") == 10
    assert "look at it   socklab run " in out
    assert "#step-" not in out


@pytest.mark.parametrize(
    "arguments", [["half-close"], ["--all"], ["--only", "states"], ["--only", "calls", "--all"]]
)
@pytest.mark.usefixtures("no_machine")
def test_where_no_lab_runs_there_is_nothing_to_predict(arguments: list[str]) -> None:
    assert invoke(*arguments) == (3, "", f"socklab: {REFUSED}\n")


# --- Topics -----------------------------------------------------------------------------------


def test_a_topic_is_the_bank_s_a_lab_s_tag_or_its_folder() -> None:
    labs, questions = about(["TIME-WAIT"], catalogue(), bank())
    assert "time-wait-length" in labs
    assert {each.lab for each in questions} <= set(labs)
    labs, questions = about(["opening"], catalogue(), bank())
    assert {each.topic for each in questions} == {Topic.OPENING}
    assert {each.lab for each in questions} <= set(labs)
    assert set(about(["establish"], catalogue(), [])[0]) == {
        path.stem.replace("_", "-") for path in (ROOT / "labs" / "establish").glob("*.py")
    }
    assert about([], catalogue(), bank()) == (list(catalogue()), bank())
    with pytest.raises(LabError, match="did you mean closing"):
        about(["closin"], catalogue(), bank())


# --- On the kernel ----------------------------------------------------------------------------


MOODY = """
    await bench.carry(server=socklab.FIN)
    bench.expect(client=socklab.CLOSE_WAIT)
    await bench.call(client="recv")


import os

import socklab


async def moody(connection, flag):
    await connection.recv(100)
    assert not os.path.exists(flag), "not in the mood"
"""


def nobody(told: object) -> None:
    raise AssertionError(told)


@pytest.mark.kernel
def test_who_predicts_all_has_a_hundred_percent_and_who_predicts_nothing_none() -> None:
    chosen = ("half-close", "--seed", "3", "--count", "5", "--json")
    _, out, _ = quiz(*chosen, answers="\n" * 5)
    questions = document(out)["questions"]
    assert [each["step"] for each in questions] == sorted(each["step"] for each in questions)
    right = "".join(f"{each['choices'].index(each['shown']) + 1}\n" for each in questions)
    code, out, _ = quiz(*chosen, "--pass", "100", answers=right)
    told = document(out)
    assert (code, told["score"]["right"], told["look_again"]) == (0, 5, [])
    assert [each["choices"] for each in told["questions"]] == [
        each["choices"] for each in questions
    ]
    wrong = "".join(
        f"{(each['choices'].index(each['shown']) + 1) % len(each['choices']) + 1}\n"
        for each in questions
    )
    code, out, _ = quiz(*chosen, "--pass", "1", answers=wrong)
    told = document(out)
    assert (code, told["score"]["right"], told["look_again"]) == (1, 0, ["half-close"])


@pytest.mark.kernel
def test_a_mix_has_both_and_no_line_is_too_wide() -> None:
    code, out, err = quiz("--seed", "5", "--topic", "close", answers="1\n" * 10, COLUMNS="80")
    assert (code, err) == (0, "")
    assert ", in words (" in out
    assert ", predict " in out
    assert "#step-" in out
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out


@pytest.mark.kernel
def test_of_one_lab_both_kinds_are_asked_where_both_are_wanted() -> None:
    chosen = ("half-close", "--only", "calls", "--only", "words", "-n", "4", "--sheet", "--json")
    _, out, _ = quiz(*chosen, "--seed", "1")
    questions = document(out)["questions"]
    in_words = len(bank("half-close"))
    assert [each["kind"] for each in questions] == ["calls"] * (4 - min(2, in_words)) + [
        "words"
    ] * min(2, in_words)
    assert {each["lab"] for each in questions} == {"half-close"}


@pytest.mark.kernel
def test_a_sheet_s_questions_are_those_that_are_asked() -> None:
    chosen = ("--seed", "8", "-n", "4", "--topic", "abort", "--json")
    _, sheet, _ = quiz(*chosen, "--sheet")
    _, out, _ = quiz(*chosen, answers="\n" * 4)
    asked = ("name", "kind", "topic", "lab", "situation", "asks", "choices")
    assert document(sheet)["questions"] == [
        {key: each[key] for key in asked} for each in document(out)["questions"]
    ]


@pytest.mark.kernel
def test_what_cannot_be_printed_is_told_in_ascii() -> None:
    code, out, _ = quiz("half-close", "--seed", "5", answers="1\n" * 10, PYTHONIOENCODING="ascii")
    assert code == 0
    assert out.isascii()
    assert "->" in out


@pytest.mark.kernel
def test_a_lab_by_its_path_is_named_by_its_path(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(LAB + "    bench.expect(client=ESTABLISHED)\n")
    code, out, _ = quiz(file, "--seed", "1", answers="1\n" * 9)
    assert code == 0
    assert f"socklabrun{file}" in "".join(out.split())


@pytest.mark.kernel
def test_a_lab_that_fails_is_asked_nothing_about(tmp_path: Path) -> None:
    file = tmp_path / "fails.py"
    file.write_text(LAB + "    bench.expect(client=FIN_WAIT_1)\n")
    code, out, err = quiz(file)
    assert (code, out) == (1, "")
    assert "fails does not go here as it expects" in err


@pytest.mark.kernel
def test_in_a_mix_such_a_lab_is_left_out_and_told(tmp_path: Path) -> None:
    (tmp_path / "fails.py").write_text(LAB + "    bench.expect(client=FIN_WAIT_1)\n")
    told: list[object] = []
    runs = Runs(folders=[tmp_path])
    items = list(Source(runs, 1, PREDICTIONS, told.append).of_labs(["fails", "handshake"]))
    assert {item.posed.lab for item in items} == {"handshake"}
    assert len({item.posed.name for item in items}) == len(items)
    (why,) = told
    assert str(why).startswith("fails is left out: fails does not go here as it expects")


@pytest.mark.kernel
def test_a_program_that_fails_the_second_time_is_told(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    (tmp_path / "moody.py").write_text(
        LAB.replace("connection.recv(100)", f"moody(connection, {str(flag)!r})") + MOODY
    )
    items = Source(Runs(folders=[tmp_path]), 1, PREDICTIONS, nobody).of_lab("moody", 9)
    flag.touch()
    answered = items[-1].settle("")
    assert answered.verdict is Verdict.UNCOUNTED
    assert "not in the mood" in answered.trouble


@pytest.mark.kernel
def test_what_one_lab_lacks_is_no_reason_to_give_up_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiz_runs, "_in_a_process", lambda work, slow: REFUSED)
    with pytest.raises(ExperimentError, match="no namespaces for you"):
        Runs().choose("half-close")
    monkeypatch.setattr("socklab.doctor.examine", lambda: Examination("me", (), "none", "none"))
    with pytest.raises(MachineError, match="no namespaces for you"):
        Runs().choose("half-close")


@pytest.mark.kernel
def test_a_story_ends_before_it_waits_for_long(tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text(
        LAB
        + "    await bench.flow(server=FIN_WAIT_2)\n"
        + "    bench.expect(server=FIN_WAIT_2)\n"
        + "    await bench.carry(client=lambda s: False)\n"
    )
    chosen = Runs().choose("time-wait-length")
    assert not any(text.startswith("wait ") for text in chosen.record.moves())
    with pytest.raises(ExperimentError, match="no such segment"):
        Runs(folders=[tmp_path]).choose("waits")


@pytest.mark.kernel
def test_two_runs_that_part_are_told_and_nobody_is_wrong() -> None:
    runs = Runs()
    source = Source(runs, 1, PREDICTIONS, nobody)
    item = source.of_lab("half-close", 99)[0]
    chosen = runs.choose("half-close")
    assert item.posed.step is not None
    # As if the first run had begun otherwise than this kernel has it.
    moves = list(chosen.record.of(Move))
    object.__setattr__(moves[1], "text", "call server accept")
    answered = item.settle(item.posed.choices[0])
    assert answered.verdict is Verdict.UNCOUNTED
    assert answered.trouble.startswith("this run went another way: ")


@pytest.mark.kernel
def test_a_run_that_decides_is_another_than_the_one_that_chose() -> None:
    runs = Runs()
    chosen = runs.choose("half-close")
    decided = runs.decide(chosen, 9)
    assert isinstance(decided, Record)
    assert decided.moves() == chosen.record.moves()[:9]
    # A story's moves tell its lines; this run has none.
    assert {event.where for event in decided.of(Move)} == {""}
    assert all(event.where for event in chosen.record.of(Move))


# --- Ended from outside, and in a terminal ----------------------------------------------------


def children(pid: int) -> list[str]:
    """The processes that a process has started, and that are there."""
    told = Path(f"/proc/{pid}/task/{pid}/children")
    return told.read_text().split() if told.exists() else []


@pytest.mark.kernel
@pytest.mark.parametrize("at_work", [False, True], ids=["at a question", "while it judges"])
def test_ctrl_c_tells_the_score_and_leaves_nothing_behind(at_work: bool) -> None:
    with subprocess.Popen(
        [*COMMAND, "quiz", "half-close", "--seed", "3"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
        preexec_fn=hears_signals,  # noqa: PLW1509
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        while not process.stdout.readline().startswith("    4  "):
            pass
        left: list[str] = []
        if at_work:
            process.stdin.write("1\n")
            process.stdin.flush()
            deadline = time.monotonic() + PATIENCE_S
            while not left and time.monotonic() < deadline:
                left = children(process.pid)
            assert left
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert err == "socklab: interrupted by Ctrl-C\n"
    assert "No question was answered, and then it was ended.\n" in out
    # One that was being forked just then ends with its parent, a moment later.
    assert all(is_gone(int(pid)) for pid in left)


@pytest.mark.kernel
def test_in_a_terminal_one_is_asked_again_and_may_see_the_ladder() -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.clear()
        os.environ.update(environment(COLUMNS="80", TERM="xterm"))
        os.execv(COMMAND[0], [*COMMAND, "quiz", "rst-abort", "--seed", "3", "-n", "2"])

    def read_to(text: str) -> str:
        told = b""
        while text.encode() not in told:
            assert select.select([terminal], [], [], PATIENCE_S)[0], told.decode()
            told += os.read(terminal, 65536)
        return told.decode()

    prompt = "q: end)> "
    assert "\x1b[1mQuestion 1 of 2" in read_to(prompt)
    os.write(terminal, b"l\n")
    assert "listen(128)" in read_to(prompt)
    os.write(terminal, b"9\n")
    assert "A number from 1 to 4, please." in read_to(prompt)
    os.write(terminal, b"1\n")
    assert "ss showed" in read_to(prompt)
    os.write(terminal, b"\x04")
    assert "of 1 right" in read_to("--seed 3\r\n")
    assert os.waitpid(pid, 0)[1] == 0
    os.close(terminal)
