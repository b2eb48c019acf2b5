from __future__ import annotations

import errno
import os
import resource
import socket
import threading
from pathlib import Path

import pytest

from socklab import syscalls
from tests.stand import open_descriptors


def test_accept_without_room_fails_and_leaves_the_limit_alone() -> None:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        before = open_descriptors()
        with pytest.raises(OSError, match="Too many open files") as refused:
            syscalls.accept_without_room(listener.fileno())
        assert refused.value.errno == errno.EMFILE
        assert open_descriptors() == before
        accepted, _ = listener.accept()
        accepted.close()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == limit


def test_a_socket_that_is_disconnected_may_connect_elsewhere() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
        socket.create_connection(one.getsockname()) as connection,
    ):
        syscalls.disconnect(connection.fileno())
        with pytest.raises(OSError, match="not connected"):
            connection.getpeername()
        connection.connect(other.getsockname())
        assert connection.getpeername() == other.getsockname()


def test_what_the_kernel_refuses_is_an_error() -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        syscalls.disconnect(-1)


def test_counters_have_the_names_of_nstat() -> None:
    before = syscalls.counters()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        socket.create_connection(listener.getsockname()).close()
    assert syscalls.counters()["TcpActiveOpens"] > before["TcpActiveOpens"]
    assert "TcpExtListenOverflows" in before


def test_a_thread_stands_in_a_call_until_the_kernel_lets_it_go() -> None:
    ours, theirs = os.pipe()
    thread = threading.Thread(target=os.read, args=(ours, 1))
    thread.start()
    assert thread.native_id is not None
    try:
        while not syscalls.stands_in(thread.native_id, ours):
            pass
        assert not syscalls.stands_in(thread.native_id, theirs)
        assert syscalls.stands_in(thread.native_id, ours)
    finally:
        os.write(theirs, b"x")
        thread.join()
        os.close(ours)
        os.close(theirs)
    assert not syscalls.stands_in(thread.native_id, ours)


def test_a_thread_that_runs_stands_nowhere() -> None:
    assert not syscalls.stands_in(threading.get_native_id(), 0)


def test_descriptors_are_those_that_hold_sockets() -> None:
    with socket.socket() as made:
        inode = syscalls.descriptors()[made.fileno()]
        assert str(Path(f"/proc/self/fd/{made.fileno()}").readlink()) == f"socket:[{inode}]"
    assert made.fileno() not in syscalls.descriptors()
