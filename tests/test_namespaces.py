from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from socklab import namespaces
from socklab.errors import MachineError
from socklab.namespaces import (
    THREADS_NAMESPACE,
    NetworkNamespace,
    be_allowed,
    capabilities,
    may_make_namespaces,
    new_namespace,
    why_refused,
)
from tests.stand import is_root, open_descriptors


def here() -> int:
    """The inode of the namespace this thread is in."""
    return Path(THREADS_NAMESPACE).stat().st_ino


def inode(namespace: NetworkNamespace) -> int:
    return os.fstat(namespace.fd).st_ino


@contextmanager
def closing(namespace: NetworkNamespace) -> Iterator[NetworkNamespace]:
    try:
        yield namespace
    finally:
        namespace.close()


@pytest.mark.kernel
def test_a_new_namespace_is_another_one_and_the_thread_stays() -> None:
    stood = here()
    with closing(new_namespace()) as one, closing(new_namespace()) as other:
        assert len({stood, inode(one), inode(other)}) == 3
        assert here() == stood


@pytest.mark.kernel
def test_entered_is_inside_for_the_block_and_out_of_it_again_after_an_error() -> None:
    stood = here()
    with closing(new_namespace()) as namespace:
        with namespace.entered():
            assert here() == inode(namespace)
            assert Path("/proc/thread-self/net/dev").read_text().count(":") == 1  # only lo
        assert here() == stood
        with pytest.raises(ZeroDivisionError), namespace.entered():
            _ = 1 / 0
        assert here() == stood


@pytest.mark.kernel
def test_blocks_that_enter_can_be_nested() -> None:
    stood = here()
    with closing(new_namespace()) as outer, closing(new_namespace()) as inner:
        with outer.entered():
            with inner.entered():
                assert here() == inode(inner)
            assert here() == inode(outer)
        assert here() == stood


@pytest.mark.kernel
def test_a_child_inherits_the_size_of_its_connection_table() -> None:
    setting = Path("/proc/sys/net/ipv4/tcp_child_ehash_entries")
    size = Path("/proc/sys/net/ipv4/tcp_ehash_entries")
    if not setting.exists():
        pytest.skip("tcp_child_ehash_entries came with Linux 6.1")
    with closing(new_namespace()) as parent:
        with parent.entered():
            setting.write_text("512")
        with closing(parent.child()) as child:
            with child.entered():
                assert size.read_text().strip() == "512"
            assert inode(child) != inode(parent)


@pytest.mark.kernel
def test_making_and_closing_leaves_no_descriptor() -> None:
    before = open_descriptors()
    for _ in range(50):
        with closing(new_namespace()) as parent, closing(parent.child()):
            pass
    assert open_descriptors() == before


@pytest.mark.kernel
def test_who_is_allowed_already_stays_where_it_is() -> None:
    stood = here()
    assert may_make_namespaces()
    be_allowed()
    assert here() == stood


AS_NOBODY = """
import os, socket, sys, threading
from socklab import namespaces
from socklab.errors import MachineError
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
PR_SET_DUMPABLE = 4  # given up with the uid, and with it /proc/self
namespaces._libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
mine = os.memfd_create("mine")
assert not namespaces.may_make_namespaces()
if "thread" in sys.argv:
    threading.Thread(target=threading.Event().wait, daemon=True).start()
try:
    namespaces.be_allowed()
except MachineError as refused:
    sys.stdout.write(str(refused))
    sys.stdout.flush()
    os._exit(refused.exit_code)
namespaces.new_namespace().close()
print(os.geteuid(), os.fstat(mine).st_uid)
print(open("/proc/self/net/dev").read().count(":"), "interface")
with socket.socket() as listener, socket.socket() as connecting:
    listener.listen()
    connecting.connect(("127.0.0.1", listener.getsockname()[1]))
"""


def as_nobody(*how: str) -> subprocess.CompletedProcess[str]:
    """Run as a plain user, which only root can become; a plain user runs the whole suite so."""
    if not is_root():
        pytest.skip("only root can become another user")
    # Nobody can't write where coverage would keep what it counts.
    uncounted = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    return subprocess.run(
        [sys.executable, "-c", AS_NOBODY, *how],
        check=False,
        capture_output=True,
        encoding="utf-8",
        env=uncounted,
    )


@pytest.mark.kernel
def test_a_plain_user_gets_a_user_namespace_in_which_files_stay_theirs() -> None:
    done = as_nobody()
    if done.returncode == 3:
        pytest.skip(done.stdout)
    # uid 0 inside is the plain user's own, of process and file alike; lo is there, and up.
    assert (done.stdout, done.stderr) == ("0 0\n1 interface\n", "")


@pytest.mark.kernel
def test_a_process_with_threads_is_told_to_ask_earlier() -> None:
    if (plain := as_nobody()).returncode == 3:
        pytest.skip(plain.stdout)
    done = as_nobody("thread")
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout == (
        "a user namespace needs a process with a single thread: "
        "call socklab.namespaces.be_allowed() before anything starts threads"
    )


def test_capabilities_are_those_of_proc() -> None:
    text = Path("/proc/self/status").read_text()
    assert f"CapEff:\t{capabilities():016x}" in text


@pytest.mark.parametrize(
    ("number", "sysctls", "told"),
    [
        (errno.EINVAL, {}, "single thread"),
        (errno.ENOSPC, {}, "sudo sysctl -w user.max_user_namespaces=1000"),
        (errno.EPERM, {"user/max_user_namespaces": "0"}, "user.max_user_namespaces=1000"),
        (
            errno.EPERM,
            {"kernel/unprivileged_userns_clone": "0"},
            "sudo sysctl -w kernel.unprivileged_userns_clone=1",
        ),
        (
            errno.EACCES,
            {"kernel/apparmor_restrict_unprivileged_userns": "1"},
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        (
            errno.EPERM,
            {"kernel/apparmor_restrict_unprivileged_userns": "0"},
            "docker run --cap-add",
        ),
        (errno.EPERM, {}, "docker run --cap-add SYS_ADMIN --cap-add NET_ADMIN"),
    ],
)
def test_each_refusal_has_its_cure(
    monkeypatch: pytest.MonkeyPatch, number: int, sysctls: dict[str, str], told: str
) -> None:
    monkeypatch.setattr(namespaces, "_sysctl", sysctls.get)
    sentence = why_refused(OSError(number, os.strerror(number)))
    assert told in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.EPERM, "this process may not make a network namespace (Operation not permitted); "),
        (errno.ENOSPC, "no network namespace can be made: No space left on device; cure: sudo sys"),
        (errno.ENOMEM, "no network namespace can be made: Cannot allocate memory"),
    ],
)
def test_a_refused_network_namespace_is_one_sentence_and_no_descriptor(
    monkeypatch: pytest.MonkeyPatch, number: int, told: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(namespaces, "_call", refuse)
    before = open_descriptors()
    with pytest.raises(MachineError) as refused:
        new_namespace()
    assert str(refused.value).startswith(told)
    assert open_descriptors() == before


def test_a_refused_user_namespace_is_a_machine_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(namespaces, "_call", refuse)
    monkeypatch.setattr(namespaces, "may_make_namespaces", lambda: False)
    with pytest.raises(MachineError, match="cure"):
        be_allowed()


@pytest.mark.kernel
@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare of util-linux")
def test_who_has_the_privileges_but_not_the_network_takes_one() -> None:
    script = (
        "from socklab.namespaces import be_allowed, new_namespace\n"
        "be_allowed(); be_allowed(); new_namespace().close()\n"
        "print(open('/proc/self/net/dev').read().count(':'), 'interface')\n"
    )
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", sys.executable, "-c", script],
        check=False,
        capture_output=True,
        encoding="utf-8",
    )
    assert (done.stdout, done.stderr) == ("1 interface\n", "")
