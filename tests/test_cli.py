"""The command line that needs no kernel: help, the labs' texts, completion, streams, bad input."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from socklab import cli
from socklab.cli import streams
from socklab.errors import LabError, MachineError, ToolError
from socklab.packs import catalogue
from tests.commands import HEADER, ROOT, SCRIPT, environment, in_shell, socklab

COMMANDS = (
    "list",
    "show",
    "run",
    "play",
    "replay",
    "view",
    "diff",
    "new",
    "lint",
    "grid",
    "coverage",
    "explore",
    "puzzle",
    "quiz",
    "doctor",
)


def invoke(*arguments: str) -> tuple[int, str, str]:
    """A command in this process: its exit code, and what it printed."""
    result = CliRunner().invoke(cli.app, list(arguments), prog_name="socklab")
    return result.exit_code, result.stdout, result.stderr


# --- Help ---


def test_help_names_every_command_and_every_exit_code() -> None:
    code, out, _ = invoke("--help")
    assert code == 0
    assert [word for word in COMMANDS if f"\n  {word} " not in out] == []
    told = " ".join(out.split())
    assert "0 as expected, 1 an expectation was not met, 2 usage, 3 this machine" in told


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    code, out, _ = invoke(command, "-h")
    assert code == 0
    assert out.startswith(f"Usage: socklab {command}")


@pytest.mark.parametrize("arguments", [("--help",), ("list",), ("show", "half-close")])
def test_what_runs_no_lab_imports_nothing_to_run_one(arguments: tuple[str, ...]) -> None:
    script = (
        "import sys\nfrom socklab.cli import main\n"
        f"sys.argv = ['socklab', *{arguments!r}]\n"
        "try:\n    main()\nfinally:\n    print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, env=environment()
    )
    loaded = set(done.stderr.decode().split())
    assert (
        loaded & {"trio", "rich", "pytest", "pydantic", "socklab.runner", "socklab.views"} == set()
    )


def test_no_argument_shows_the_help() -> None:
    done = socklab()
    assert done.returncode == 2
    assert "Commands:" in done.stdout + done.stderr


def test_the_version_is_the_one_of_pyproject() -> None:
    code, out, _ = invoke("--version")
    assert code == 0
    assert f'version = "{out.split()[1]}"' in (ROOT / "pyproject.toml").read_text()


# --- Labs ---


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for arguments in (("list",), ("show", "half-close")):
        _, out, _ = invoke(*arguments)
        # The file's path and the commands to copy stay whole.
        assert [
            line
            for line in out.splitlines()
            if len(line) > columns and "/" not in line and not line.startswith("socklab ")
        ] == []


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_a_state_is_one_word(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for arguments in (("list",), ("show", "four-way-close")):
        _, out, _ = invoke(*arguments)
        assert [line for line in out.splitlines() if line.endswith("-")] == []


def test_show_tells_the_header() -> None:
    code, out, _ = invoke("show", "half_close")
    assert code == 0
    assert "Question: can the server still send after the client's FIN?" in out
    assert "Source:   RFC 9293 §3.6.1; shutdown(2)" in out


def test_a_file_is_named_as_one_would_type_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert "File:     labs/close/half_close.py\n" in invoke("show", "half-close")[1]
    monkeypatch.chdir("/")
    assert str(catalogue()["half-close"]).removeprefix("/") in invoke("show", "half-close")[1]


def test_the_source_is_the_file_as_it_is() -> None:
    code, out, _ = invoke("show", "half-close", "--source")
    assert code == 0
    assert out == (ROOT / "labs/close/half_close.py").read_text(encoding="utf-8")


# --- Bad input: usage ---


@pytest.mark.parametrize("command", ["show", "run"])
def test_a_typo_gets_the_nearest_lab(command: str) -> None:
    code, out, err = invoke(command, "hafl-close")
    assert (code, out) == (2, "")
    assert err == "socklab: there is no lab hafl-close; did you mean half-close?\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("rnu", "half-close"),
        ("run",),
        ("run", "half-close", "--link", "cable"),
        ("run", "half-close", "--bench", "lo"),
        ("run", "half-close", "--nothing"),
        ("run", "half-close", "--pause"),  # standard input is no terminal here
        ("run", "half-close", "--control", "--bench", "loopback"),
        ("run", "half-close", "--record", "/nowhere/at/all/record.json"),
        ("run", "half-close", "--record", "/"),
        ("run", "half-close", "--record", "-"),
        ("run", "half-close", "--record", "x" * 300),
        ("run", "half-close", "--record", "x" * 300 + "/record.json"),
        ("run", "nowhere.py"),
    ],
)
def test_wrong_usage_is_2_and_says_so_on_stderr(arguments: tuple[str, ...]) -> None:
    code, out, err = invoke(*arguments)
    assert (code, out) == (2, "")
    assert err
    assert "Traceback" not in err


BROKEN = {
    "no_story": (HEADER, "has no story"),
    "no_import": (HEADER + "import nothing_of_that_name\n", "does not import: ModuleNotFoundError"),
    "exits": (HEADER + "exit(0)\n", "does not import: it calls exit()"),
    "syntax": ("def (\n", "does not read as Python"),
    "no_header": ('"""Nothing."""\n', "has no Question, See, Source, Next in its header"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_lab_that_is_none_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    source, complaint = BROKEN[name]
    (tmp_path / f"{name}.py").write_text(source)
    code, out, err = invoke("run", str(tmp_path / f"{name}.py"))
    assert (code, out) == (2, "")
    assert complaint in err
    assert err.count("\n") == 1


# --- How a command ends ---


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LabError("a sentence"), 2),
        (MachineError("a sentence"), 3),
        (ToolError("a sentence"), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_an_error_is_its_sentence_and_its_code(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr("socklab.cli.list.shelf", fail)
    monkeypatch.delenv("SOCKLAB_DEBUG", raising=False)
    told = str(error) or "interrupted by Ctrl-C"
    assert invoke("list") == (code, "", f"socklab: {told}\n")


def test_a_bug_says_that_it_is_one_and_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socklab.cli.list.shelf", lambda _: {}["missing"])  # type: ignore[index]
    monkeypatch.delenv("SOCKLAB_DEBUG", raising=False)
    code, out, err = invoke("list")
    assert (code, out) == (70, "")
    assert err.startswith("socklab: this is a bug in socklab: KeyError: 'missing', at ")
    assert "Traceback" not in err
    monkeypatch.setenv("SOCKLAB_DEBUG", "1")
    assert "Traceback" in invoke("list")[2]


# --- Streams ---


@pytest.mark.parametrize(
    "line",
    [
        "$S list | head -1",
        "$S list >&-",
        "$S list <&-",
        "$S list <&- >&- 2>&-",
        "$S show half-close | true",
    ],
)
def test_a_reader_who_goes_or_never_was_changes_nothing(line: str) -> None:
    done = in_shell(line)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("arguments", ["list", "--help", "show half-close --source"])
def test_a_full_disk_is_told_in_one_sentence(arguments: str) -> None:
    done = in_shell(f"$S {arguments} > /dev/full")
    assert done.returncode == 3
    assert done.stderr == "socklab: the output can't be written: No space left on device\n"


@pytest.mark.parametrize(
    "env",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_what_an_encoding_lacks_is_told_in_ascii(env: dict[str, str]) -> None:
    done = socklab("show", "half-close", env=env)
    assert done.returncode == 0
    assert "Source:   RFC 9293 S3.6.1; shutdown(2)" in done.stdout
    assert done.stdout.isascii()


@pytest.mark.parametrize(
    ("terminal", "env", "colored"),
    [
        (True, {"TERM": "xterm"}, True),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (True, {"TERM": "xterm", "NO_COLOR": ""}, True),  # set to nothing is not set: no-color.org
        (True, {"TERM": "dumb"}, False),
        (True, {}, False),
        (False, {"TERM": "xterm"}, False),
    ],
)
def test_color_is_for_terminals_whose_owner_wants_it(
    terminal: bool, env: dict[str, str], colored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    assert streams.color() is colored


@pytest.mark.parametrize(
    ("columns", "width"), [("40", 40), ("132", 132), ("1", 40), ("wide", 80), (None, 80)]
)
def test_the_width_is_that_of_COLUMNS_else_80(
    columns: str | None, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)

    def no_terminal(_: int) -> None:
        raise OSError

    monkeypatch.setattr("os.get_terminal_size", no_terminal)
    assert streams.width() == width


# --- Completion ---


def completed(shell: str, words: str) -> str:
    """What a shell's completion script gets for a line typed so far, by Typer's protocol."""
    env = {
        "_SOCKLAB_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
        "_TYPER_COMPLETE_ARGS": words,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    done = socklab(env=env)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_bash_completes_commands_labs_and_choices() -> None:
    assert completed("bash", "socklab ru").split() == ["run"]
    assert completed("bash", "socklab run half-c").split() == ["half-close"]
    assert completed("bash", "socklab show four").split() == ["four-way-close"]
    assert completed("bash", "socklab run ").split() == list(catalogue())
    assert completed("bash", "socklab run half-close rst-a").split() == ["rst-abort"]
    assert completed("bash", "socklab run half-close --link t").split() == ["tun"]
    assert completed("bash", "socklab run ./").split() == []  # files are the shell's
    assert completed("bash", "socklab list --tag FIN-WAIT-").split()[-1] == "FIN-WAIT-2"


def test_zsh_and_fish_show_the_titles_too() -> None:
    assert completed("fish", "socklab run hands").startswith("handshake\tThe three-way handshake:")
    assert '"handshake":"The three-way handshake' in completed("zsh", "socklab run hands")


def test_a_real_bash_completes_with_the_script_that_is_shown(tmp_path: Path) -> None:
    program = tmp_path / "socklab"
    program.write_text(SCRIPT)
    program.chmod(0o755)
    line = (
        f"PATH={tmp_path}:$PATH; source <(socklab --show-completion bash); "
        "COMP_WORDS=(socklab run half-c); COMP_CWORD=2; _socklab_completion socklab; "
        'echo "${COMPREPLY[@]}"'
    )
    done = in_shell(line, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert done.stdout == "half-close\n", done.stderr
