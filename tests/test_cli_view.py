"""`socklab view`: Records shown and written as other things, anywhere; and what can't be read."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from socklab import cli
from socklab.cli import exports
from socklab.errors import MachineError
from socklab.record import Record, Trouble
from socklab.views.capture import pcapng
from socklab.views.ladder import ladder
from tests.commands import PATIENCE_S, environment, in_shell, socklab
from tests.records import KEPT, kept

HALF = KEPT / "half-close.json"
TWO = KEPT / "two-clients.json"
REFUSED = KEPT / "refused.json"
LOOPBACK = KEPT / "half-close-loopback.json"


def invoke(*arguments: str | Path, stdin: str | None = None) -> tuple[int, str, str]:
    """The command in this process: its exit code, and what it printed."""
    result = CliRunner(env={"COLUMNS": "80"}).invoke(
        cli.app, ["view", *map(str, arguments)], prog_name="socklab", input=stdin
    )
    return result.exit_code, result.stdout, result.stderr


def document(name: str = "half-close") -> dict[str, Any]:
    read: dict[str, Any] = json.loads((KEPT / f"{name}.json").read_text())
    return read


@pytest.fixture
def several(tmp_path: Path) -> Path:
    """A file with an array of three Records, two of them of one lab."""
    file = tmp_path / "all.json"
    file.write_text(json.dumps([document(), document("two-clients"), document()]))
    return file


# --- Shown ------------------------------------------------------------------------------------


def test_a_record_is_shown_as_its_ladder() -> None:
    code, out, err = invoke(HALF)
    assert (code, err) == (0, "")
    assert out == ladder(kept("half-close"), width=80, ascii=False)


def test_it_is_read_from_standard_input_too() -> None:
    assert invoke("-", stdin=HALF.read_text()) == invoke(HALF)


def test_verbose_shows_every_move() -> None:
    assert "── call server bind ──" in invoke(HALF, "--verbose")[1]


def test_json_is_the_record_as_this_release_writes_it() -> None:
    older = document()
    for field in ("header", "file", "source"):
        older.pop(field, None)
    code, out, _ = invoke("-", "--json", stdin=json.dumps(older))
    assert code == 0
    assert json.loads(out) == Record.from_json(older).to_json()


def test_of_an_array_all_are_shown(several: Path) -> None:
    _, out, _ = invoke(several)
    one, two = invoke(HALF)[1], invoke(TWO)[1]
    assert out == f"{one}\n{two}\n{one}"
    assert len(json.loads(invoke(several, "--json")[1])) == 3


def test_one_of_an_array_is_named_by_its_lab_or_its_number(several: Path) -> None:
    assert invoke(several, "--lab", "two-clients")[1] == invoke(TWO)[1]
    assert invoke(several, "--lab", "two_clients")[1] == invoke(TWO)[1]
    assert invoke(several, "--lab", "3")[1] == invoke(HALF)[1]
    assert json.loads(invoke(several, "--lab", "2", "--json")[1])["lab"] == "two-clients"


def test_quiet_calls_a_played_run_played(tmp_path: Path) -> None:
    record = Record.from_json(json.loads(HALF.read_text()))
    record.replay, record.passed = True, False
    (tmp_path / "played.json").write_text(json.dumps(record.to_json()))
    code, out, _ = invoke(tmp_path / "played.json", "--quiet")
    assert (code, out.split()[0]) == (0, "played")


def test_quiet_is_a_line_for_each(several: Path) -> None:
    code, out, _ = invoke(several, "--quiet")
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()] == [
        ["passed", "half-close"],
        ["passed", "two-clients"],
        ["passed", "half-close"],
    ]


def test_a_run_that_failed_is_shown_as_such_and_showing_it_is_no_failure() -> None:
    assert "\nNot proved: " in invoke(REFUSED)[1]
    code, out, _ = invoke(REFUSED, "-q")
    assert code == 0
    assert out.startswith("failed ")
    assert out.count("\n") == 1


@pytest.mark.parametrize("who", ["Ctrl-C", "SIGTERM"])
def test_a_run_that_was_interrupted_is_shown_as_such(who: str) -> None:
    record = kept("half-close")
    record.passed = False
    record.events[40:] = [Trouble(0.2, who, "the run was interrupted")]
    text = json.dumps(record.to_json())
    assert "Not proved: the run was interrupted" in invoke("-", stdin=text)[1]
    assert invoke("-", "-q", stdin=text)[1].split()[0] == "interrupted"


# --- Written ----------------------------------------------------------------------------------


def test_a_file_is_written_and_nothing_is_printed(tmp_path: Path) -> None:
    file = tmp_path / "half.pcapng"
    assert invoke(HALF, "--pcapng", file) == (0, "", "")
    assert file.read_bytes() == exports._pcapng(kept("half-close"))
    assert list(tmp_path.iterdir()) == [file]


def test_the_ladder_is_printed_as_well_if_asked_for(tmp_path: Path) -> None:
    asked = invoke(HALF, "--pcapng", tmp_path / "half.pcapng", "--ladder")
    assert asked == invoke(HALF)


def test_a_file_that_exists_stays_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    file = tmp_path / "half.pcapng"
    file.write_text("precious")
    code, out, err = invoke(HALF, "--pcapng", file)
    assert (code, out) == (2, "")
    assert err == f"socklab: --pcapng: {file} exists: --force replaces it\n"
    assert file.read_text() == "precious"
    assert invoke(HALF, "--pcapng", file, "--force") == (0, "", "")
    assert file.read_bytes().startswith(b"\n\r\r\n")  # of a section header


def test_a_capture_goes_into_a_pipe() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "socklab", "view", str(HALF), "--pcapng", "-"],
        check=True, capture_output=True, env=environment(), timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.stdout == exports._pcapng(kept("half-close"))
    assert done.stderr == b""


def test_a_reader_of_a_capture_who_goes_changes_nothing() -> None:
    done = in_shell(f"$S view {shlex.quote(str(HALF))} --pcapng - | true")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_capture_is_no_text_for_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    with pytest.raises(Exception, match="is no text: give it a file, or - and a pipe"):
        exports.Exports({each.name: Path("-") for each in exports.FORMATS}, force=False)


def test_the_capture_says_which_socklab_wrote_it() -> None:
    version = invoke_version().split()[1]
    assert f"socklab {version}".encode() in exports._pcapng(kept("half-close"))
    assert f"socklab {version}".encode() not in pcapng(kept("half-close"))


def invoke_version() -> str:
    return CliRunner().invoke(cli.app, ["--version"]).stdout


@pytest.mark.parametrize("target", ["/dev/full", "/proc/half.pcapng"])
def test_what_can_not_be_written_is_told(target: str) -> None:
    code, out, err = invoke(HALF, "--pcapng", target)
    assert (code, out) == (3, "")
    assert err.startswith(f"socklab: the file for --pcapng can't be written to {target}: ")
    assert "cure: --pcapng with a file elsewhere" in err


def test_no_space_for_what_is_printed_is_told() -> None:
    for arguments in ("", "--json", "--pcapng -", "--quiet"):
        done = in_shell(f"$S view {shlex.quote(str(HALF))} {arguments} > /dev/full")
        assert done.returncode == 3
        assert done.stderr == "socklab: the output can't be written: No space left on device\n"


@pytest.mark.parametrize("command", ["run", "view"])
def test_every_format_has_its_option_in_its_place(command: str) -> None:
    told = CliRunner().invoke(cli.app, [command, "--help"], prog_name="socklab").stdout
    places = [told.index(f"\n  --{each.name} FILE ") for each in exports.FORMATS]
    assert places == sorted(places)
    assert told.index("\n  --json ") < places[0] < places[-1] < told.index("\n  --force ")


@pytest.mark.parametrize("each", exports.FORMATS, ids=lambda each: each.name)
def test_a_format_is_text_or_not_as_the_table_says(each: exports.Format) -> None:
    try:
        made = each.make(kept("half-close"))
    except MachineError as lack:
        pytest.skip(str(lack))
    assert isinstance(made, bytes if each.binary else str)
    assert made


# --- What can't be ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.json"], "nowhere.json can't be read: No such file or directory"),
        (["."], ". can't be read: Is a directory"),
        ([HALF, "--json", "--quiet"], "only one of --json and --quiet can be printed"),
        ([HALF, "--json", "--pcapng", "-"], "only one of --json and --pcapng can be printed"),
        ([HALF, "--ladder", "--json", "-q"], "only one of --ladder, --json and --quiet can be"),
        ([HALF, "--pcapng", "."], "--pcapng wants a file, and . is a folder"),
        ([HALF, "--pcapng", "nowhere/x"], "--pcapng: there is no folder nowhere"),
        ([LOOPBACK, "--pcapng", "x.pcapng"], "half-close ran on loopback, where no packet is seen"),
        ([HALF, "--lab", "2"], f"{HALF} has no Record number 2; it has 1 Record"),
        ([HALF, "--lab", "0"], f"{HALF} has no Record number 0"),
        (
            [HALF, "--lab", "half-clsoe"],
            f"{HALF} has no Record of half-clsoe; did you mean half-cl",
        ),
        ([HALF, "--lab", "zzz"], f"{HALF} has no Record of zzz; it has half-close"),
    ],
)
def test_a_mistake_is_one_sentence(
    arguments: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = invoke(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"socklab: {sentence}")
    assert len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_of_several_records_one_has_to_be_named_for_a_file(several: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.pcapng"
    code, _, err = invoke(several, "--pcapng", target)
    assert (code, err) == (
        2,
        f"socklab: --pcapng shows one run, and {several} has 3: --lab says which\n",
    )
    code, _, err = invoke(several, "--lab", "half-close", "--pcapng", target)
    assert (code, err) == (
        2,
        f"socklab: {several} has 2 Records of half-close: say which by its number, of 1, 3\n",
    )
    assert invoke(several, "--lab", "3", "--pcapng", target)[0] == 0


def test_an_empty_array_has_no_record(tmp_path: Path) -> None:
    file = tmp_path / "none.json"
    file.write_text("[]")
    assert invoke(file)[::2] == (2, f"socklab: {file} has an empty array in it, and no Record\n")


NO_RECORD = "has no Record in it, as `socklab run --record` writes one: "
CUT_OFF = "as by a full disk or a copy that was broken off; copy it again, or record the run anew"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", f"{NO_RECORD}it is empty; record the run anew"),
        (b" \n", f"{NO_RECORD}it is empty; record the run anew"),
        (b"{}", f"{NO_RECORD}this is not a Record of schema socklab.record/1: it says of none"),
        (b'"text"', f'{NO_RECORD}this is not a Record of schema socklab.record/1: it is "text"'),
        (b'{"schema": "socklab.grid/1"}', f"{NO_RECORD}this is not a Record of schema socklab"),
        (b"Half-close\n\n  client", f"{NO_RECORD}line 1, column 1 is not JSON: Expecting value"),
        (b"\x89PNG\r\n\x1a\n", f"{NO_RECORD}it is not text"),
        (b"[" * 100_000, f"{NO_RECORD}it is nested deeper than any Record"),
        (b'{"schema": NaN}', f"{NO_RECORD}NaN is no number of JSON"),
        (b'{"schema": "socklab.record/1", "la', f"{NO_RECORD}it was cut off in line 1, {CUT_OFF}"),
        (b'{"schema": "socklab.record/1",\n', f"{NO_RECORD}it was cut off in line 2, {CUT_OFF}"),
        (b'{"a": 1}}', f"{NO_RECORD}line 1, column 9 is not JSON: Extra data"),
        (
            b'{"schema": "socklab.record/9"}',
            ": a newer socklab wrote it, as socklab.record/9, and this one reads socklab.record/1; "
            "cure: upgrade socklab, as `pip install --upgrade socklab` does",
        ),
    ],
)
def test_what_is_no_record_is_told_with_the_reason(data: bytes, told: str, tmp_path: Path) -> None:
    file = tmp_path / "some.json"
    file.write_bytes(data)
    code, out, err = invoke(file)
    assert (code, out) == (2, "")
    assert err.startswith(f"socklab: {file}{'' if told.startswith(':') else ' '}{told}")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("length", [0, 1, 10, 100, 1_000, 10_000, -2])
def test_a_record_that_was_cut_off_anywhere_is_never_taken_for_a_whole_one(
    length: int, tmp_path: Path
) -> None:
    file = tmp_path / "cut.json"
    data = HALF.read_bytes().rstrip()
    file.write_bytes(data[:length])
    code, out, err = invoke(file)
    assert (code, out) == (2, "")
    assert "cut off" in err or "is empty" in err


def test_what_was_changed_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "changed.json"
    changed = document()
    number = next(n for n, e in enumerate(changed["events"]) if e["kind"] == "segment")
    changed["events"][number]["fate"] = "eaten"
    file.write_text(json.dumps([document(), changed]))
    code, out, err = invoke(file)
    assert (code, out) == (2, "")
    assert err == (
        f'socklab: {file} is not as socklab wrote it: [1].events[{number}].fate: "eaten", where '
        "one of sent, carried, dropped, duplicated, injected belongs; mend it there, or record the "
        "run anew\n"
    )


def test_a_record_of_an_earlier_release_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "older.json"
    older = document()
    for event in older["events"]:
        event.pop("where", None)
    for name in ("header", "file", "source", "weather"):
        older.pop(name, None)
    file.write_text(json.dumps(older))
    assert invoke(file)[0] == 0


def test_a_record_is_read_in_the_encoding_that_powershell_gives_what_it_redirects(
    tmp_path: Path,
) -> None:
    file = tmp_path / "wide.json"
    file.write_bytes(HALF.read_text().encode("utf-16"))
    assert invoke(file) == invoke(HALF)


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    file = tmp_path / "secret.json"
    file.touch(mode=0)
    assert invoke(file)[::2] == (2, f"socklab: {file} can't be read: Permission denied\n")


# --- Anywhere ---------------------------------------------------------------------------------

ONLY_LINUX = (
    "trio", "fcntl", "resource", "termios", "tty", "pty", "pwd", "grp", "syslog",
    "socklab.host", "socklab.link", "socklab.namespaces", "socklab.wire", "socklab.bench",
    "socklab.runner", "socklab.doctor", "socklab.caretaker", "socklab.crew", "socklab.sockets",
)  # fmt: skip
"""What macOS or Windows has not, or what needs it."""

ONLY_LINUX_NAMES = {
    "os": ("fork", "geteuid", "getuid", "setns", "unshare", "sched_getaffinity", "pidfd_open"),
    "signal": ("SIGHUP", "SIGKILL", "SIGALRM", "SIGUSR1", "pidfd_send_signal", "pthread_sigmask"),
    "socket": ("AF_PACKET", "AF_NETLINK", "AF_UNIX", "recv_fds", "send_fds"),
}
"""The same within modules that are everywhere."""

BLOCKED = f"""
import sys
from importlib.abc import MetaPathFinder

class Block(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in {ONLY_LINUX!r}:
            raise ModuleNotFoundError(f"there is no {{name}} here")

sys.meta_path.insert(0, Block())
for name in {ONLY_LINUX!r}:
    sys.modules.pop(name, None)
for module, names in {ONLY_LINUX_NAMES!r}.items():
    for name in names:
        vars(__import__(module)).pop(name, None)
from socklab.cli import main
main()
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["view", HALF],
        ["view", HALF, "--verbose"],
        ["view", HALF, "--json"],
        ["view", HALF, "--quiet"],
        *(["view", HALF, each.option, "-"] for each in exports.FORMATS),
        ["diff", HALF, HALF],
        ["--help"],
    ],
    ids=lambda arguments: " ".join(Path(str(a)).name for a in arguments),
)
def test_a_record_is_shown_where_there_is_no_linux(arguments: list[str | Path]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, *map(str, arguments)],
        check=False, capture_output=True, env=environment(), timeout=PATIENCE_S,
    )  # fmt: skip
    if done.returncode == 3 and b"cure: " in done.stderr:
        pytest.skip(done.stderr.decode())  # a PNG is drawn by what may not be installed
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout


def test_what_is_blocked_is_missed_by_what_needs_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, "run", "half-close"],
        check=False, capture_output=True, env=environment(), timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.returncode == 70
    assert b"there is no " in done.stderr


@pytest.mark.kernel
def test_what_run_recorded_view_shows_as_run_did(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    ran = socklab("run", "rst-abort", "--record", file)
    assert socklab("view", file).stdout == ran.stdout
