"""Jobs side by side: what becomes of each, whatever it does to its process."""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import count, islice
from pathlib import Path

import pytest

from socklab.crew import Crew
from socklab.errors import MachineError
from socklab.worker import PRINTED_BYTES, End, Job, Result
from tests.commands import PATIENCE_S, ROOT
from tests.stand import open_descriptors

# pytest's faulthandler has a thread of its own in C, which holds no lock of Python's.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe between the test and its jobs: to read from, to write to."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def job(work: Callable[[], object], name: str = "job", **more: float) -> Job[object]:
    return Job(name, work, **{"patience_s": PATIENCE_S} | more)  # type: ignore[arg-type]


def done(*jobs: Job[object], at_once: int = 2, grace_s: float = PATIENCE_S) -> list[Result[object]]:
    """What became of these jobs, in the order in which they were given."""
    crew = Crew(jobs, at_once, grace_s=grace_s)
    results = [result for result in crew.results() if result is not None]
    assert crew.running == []
    return sorted(results, key=lambda result: jobs.index(result.job))


@pytest.fixture
def told_by() -> Iterator[int]:
    """The signal by which a crew tells of a hang, blocked: a job takes it when it comes to that."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    yield signal.SIGTERM
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def waits_for(signum: int) -> str:
    """A job that ends well when it is told to."""
    signal.sigwait({signum})
    return "told to end"


# --- What comes back ---


def test_what_a_job_returns_comes_back() -> None:
    results = done(*(job(partial(divmod, number, 3)) for number in range(5)))
    assert [(result.end, result.value, result.how) for result in results] == [
        (End.DONE, divmod(number, 3), "") for number in range(5)
    ]


def test_nothing_is_a_value_too() -> None:
    (result,) = done(job(lambda: None))
    assert (result.end, result.value) == (End.DONE, None)


def test_much_comes_back_whole() -> None:
    (result,) = done(job(lambda: "x" * 5_000_000))
    assert result.value == "x" * 5_000_000


def test_each_job_has_a_process_and_a_group_of_its_own() -> None:
    results = done(*(job(lambda: (os.getpid(), os.getpgid(0), os.getppid())) for _ in range(3)))
    assert len({result.value for result in results}) == 3
    for result in results:
        assert isinstance(result.value, tuple)
        pid, group, parent = result.value
        assert (pid, parent) == (group, os.getpid())


def test_what_is_printed_is_kept_in_its_order() -> None:
    def prints() -> None:
        sys.stdout.write("one\n")
        sys.stderr.write("two\n")
        os.write(1, b"three\n")
        subprocess.run(["echo", "four"], check=True)

    (result,) = done(job(prints))
    assert result.printed == "one\ntwo\nthree\nfour\n"


def test_of_much_that_is_printed_the_end_is_kept() -> None:
    (result,) = done(job(lambda: sys.stdout.write("a" * PRINTED_BYTES * 3 + "z\n")))
    assert len(result.printed) == PRINTED_BYTES
    assert result.printed.endswith("az\n")


def test_a_job_has_nothing_to_read() -> None:
    def reads() -> tuple[str, bytes]:
        return sys.stdin.read(), os.read(0, 1)

    (result,) = done(job(reads))
    assert result.value == ("", b"")


# --- What a job does to its process ---


def kill_oneself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("work", "how"),
    [
        (partial(os._exit, 9), "ended with exit code 9"),
        (partial(os._exit, 0), "ended with exit code 0"),
        (partial(sys.exit, 0), "ended with exit code 1"),
        (kill_oneself, "was killed by SIGKILL"),
        (partial(os.kill, 0, signal.SIGRTMIN + 3), f"was killed by signal {signal.SIGRTMIN + 3}"),
        (partial(int, "seven"), "ended with exit code 1"),
        (lambda: lambda: None, "ended with exit code 1"),
    ],
    ids=["exit", "exit well", "sys.exit", "SIGKILL", "real time", "exception", "no pickle"],
)
def test_a_crash_costs_one_job(work: Callable[[], object], how: str) -> None:
    before, crashed, after = done(job(lambda: 1), job(work), job(lambda: 2), at_once=1)
    assert (crashed.end, crashed.value, crashed.how) == (End.CRASHED, None, how)
    assert (before.value, after.value) == (1, 2)


def test_an_exception_tells_its_place() -> None:
    (result,) = done(job(partial(int, "seven")))
    assert "ValueError: invalid literal for int()" in result.printed


def test_a_segmentation_fault_tells_its_place() -> None:
    (result,) = done(job(lambda: ctypes.string_at(0)))
    assert result.how == "was killed by SIGSEGV"
    assert "Fatal Python error: Segmentation fault" in result.printed
    assert "test_crew.py" in result.printed


def test_a_hang_is_told_to_end_and_may_still_return_something(told_by: int) -> None:
    hung, other = done(job(partial(waits_for, told_by), patience_s=0.1), job(lambda: 1))
    assert (hung.end, hung.value) == (End.HUNG, "told to end")
    assert hung.took_s >= 0.1
    assert (other.end, other.value) == (End.DONE, 1)


@pytest.mark.usefixtures("told_by")
def test_who_does_not_listen_is_killed() -> None:
    (result,) = done(job(signal.pause, patience_s=0.1), grace_s=0.1)
    assert (result.end, result.value, result.how) == (End.HUNG, None, "was killed by SIGKILL")


def test_who_has_ended_has_not_hung_however_late_one_looks(pipe: tuple[int, int]) -> None:
    go, patience_s = os.pipe(), 0.5

    def ends() -> None:
        os.write(pipe[1], str(os.getpid()).encode())
        os.read(go[0], 1)

    crew = Crew([job(ends, "ends", patience_s=patience_s)], 1)
    with closing(crew.results(tick_s=0.01)) as results:
        assert next(results) is None
        # While nobody looks it ends, and its time does.
        os.write(go[1], b".")
        assert gone(int(os.read(pipe[0], 100)))
        while dict(crew.running)["ends"] <= patience_s:
            pass
        ended = next(result for result in results if result is not None)
    assert ended.end is End.DONE
    for end in go:
        os.close(end)


def test_what_a_job_leaves_behind_ends_with_it() -> None:
    def leaves() -> int:
        # Not a group of its own, as a program has that a lab starts.
        return subprocess.Popen(["sleep", "1000"], stdout=subprocess.DEVNULL).pid

    (result,) = done(job(leaves))
    assert isinstance(result.value, int)
    assert gone(result.value)


def gone(pid: int) -> bool:
    """Whether a process ends by itself, soon: pidfd_open(2)."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], PATIENCE_S)[0])
    finally:
        os.close(handle)


# --- How many at once ---


def names_at_work(crew: Crew[object], results: Iterator[Result[object] | None]) -> list[str]:
    """Who is under way once a tick is over in which nothing ended."""
    assert next(results) is None
    return [name for name, _ in crew.running]


def test_so_many_run_at_once_and_the_next_begins_when_one_has_ended(pipe: tuple[int, int]) -> None:
    reads = partial(os.read, pipe[0], 1)
    crew = Crew([job(reads, name) for name in "abcd"], 2)
    with closing(crew.results(tick_s=0.01)) as results:
        assert names_at_work(crew, results) == ["a", "b"]
        os.write(pipe[1], b".")
        first = next(result for result in results if result is not None)
        names = names_at_work(crew, results)
        assert len(names) == 2
        assert set(names) == {"a", "b", "c"} - {first.job.name}
        os.write(pipe[1], b"...")
        assert sum(result is not None for result in results) == 3


def test_who_sleeps_takes_nobodys_place(pipe: tuple[int, int]) -> None:
    reads = partial(os.read, pipe[0], 1)
    jobs = [job(reads, "a"), job(reads, "b"), job(reads, "s", sleeps=True)]
    crew = Crew([*jobs, job(reads, "t", sleeps=True)], 1)
    with closing(crew.results(tick_s=0.01)) as results:
        assert names_at_work(crew, results) == ["s", "t", "a"]
        os.write(pipe[1], b"....")
        assert sum(result is not None for result in results) == 4


def test_closed_early_nobody_is_left(pipe: tuple[int, int]) -> None:
    def tells_and_waits() -> None:
        os.write(pipe[1], f"{os.getpid()} ".encode())
        signal.pause()

    crew = Crew([job(tells_and_waits), job(tells_and_waits)], 2)
    results = crew.results(tick_s=0.01)
    told = ""
    while told.count(" ") < 2:
        next(results)
        if select.select([pipe[0]], [], [], 0)[0]:
            told += os.read(pipe[0], 100).decode()
    results.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(int(told.split()[0]), 0)
    assert all(gone(int(pid)) for pid in told.split())
    assert crew.running == []


# --- Signals ---


def test_a_signal_stops_the_crew_and_what_each_has_comes_back(pipe: tuple[int, int]) -> None:
    def tells_and_waits() -> str:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        os.write(pipe[1], b".")
        return waits_for(signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    try:
        crew = Crew([job(tells_and_waits)] * 2 + [job(lambda: 1)], 2, stop_on=[signal.SIGUSR1])
        with closing(crew.results(tick_s=0.01)) as results:
            ready = b""
            while len(ready) < 2:
                assert next(results) is None
                if select.select([pipe[0]], [], [], 0)[0]:
                    ready += os.read(pipe[0], 2)
            os.kill(os.getpid(), signal.SIGUSR1)
            ended = [result for result in results if result is not None]
        assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert [(result.end, result.value) for result in ended] == [(End.STOPPED, "told to end")] * 2
    assert crew.stopped_by == signal.SIGUSR1


def test_a_job_has_the_handlers_from_before(pipe: tuple[int, int]) -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: os.write(pipe[1], b"heard"))

    def raises() -> bytes:
        os.kill(os.getpid(), signal.SIGUSR1)
        return os.read(pipe[0], 5)

    try:
        crew = Crew([job(raises)], 1, stop_on=[signal.SIGUSR1])
        (result,) = crew.results()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert result is not None
    assert (result.value, crew.stopped_by) == (b"heard", None)


def test_an_ignored_signal_stops_nothing(pipe: tuple[int, int]) -> None:
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        crew = Crew([job(partial(os.read, pipe[0], 1))], 1, stop_on=[signal.SIGUSR1])
        with closing(crew.results(tick_s=0.01)) as results:
            assert next(results) is None
            os.kill(os.getpid(), signal.SIGUSR1)
            assert next(results) is None
            os.write(pipe[1], b".")
            (result,) = (result for result in results if result is not None)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert (result.value, crew.stopped_by) == (b".", None)


ORPHANS = """
import os, signal
from socklab.crew import Crew
from socklab.errors import MachineError
from socklab.worker import Job

def tells_and_waits():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.write(3, f"{os.getpid()} ".encode())
    while True:
        signal.pause()

for _ in Crew([Job("one", tells_and_waits, 100), Job("two", tells_and_waits, 100)], 2).results():
    pass
"""


def test_the_crew_ends_with_its_parent_however_that_ends() -> None:
    reading, writing = os.pipe()
    script = ORPHANS.replace("write(3,", f"write({writing},")
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, pass_fds=[writing]) as parent:
        os.close(writing)
        with os.fdopen(reading, "rb") as told:
            pids = b""
            while pids.count(b" ") < 2:
                pids += told.read(1)
            parent.kill()
            assert told.read() == b"", "the end of file: nobody holds the other end any more"
    assert all(gone(int(pid)) for pid in pids.split())


# --- Descriptors ---


def test_no_descriptor_is_left() -> None:
    before = open_descriptors()
    done(*(job(lambda: 1) for _ in range(5)), job(partial(os._exit, 1)))
    assert open_descriptors() == before


@pytest.mark.parametrize("more", range(6))
def test_where_no_more_can_be_had_nobody_is_left_and_there_is_a_cure(more: int) -> None:
    before = open_descriptors()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = {int(path.name) for path in Path("/proc/self/fd").iterdir()}
    free = (number for number in count() if number not in taken)
    crew = Crew([job(signal.pause) for _ in range(50)], 50)
    # A limit is one on their numbers.
    resource.setrlimit(resource.RLIMIT_NOFILE, (next(islice(free, 30 + more, None)), hard))
    try:
        with pytest.raises(MachineError, match=r"Too many open files; cure: a smaller --jobs"):
            list(crew.results())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert open_descriptors() == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
