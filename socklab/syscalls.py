"""Calls of the kernel that Python's modules can't make, and what it says of our own process."""

from __future__ import annotations

import ctypes
import os
import resource
import socket
import struct
from contextlib import suppress
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)


def disconnect(descriptor: int) -> None:
    """Dissolve a socket's association: connect() to an address of the family AF_UNSPEC.

    Source: connect(2)
    """
    nowhere = struct.pack("H14x", socket.AF_UNSPEC)
    _raise_errno(_libc.connect(descriptor, nowhere, len(nowhere)))


def accept_without_room(descriptor: int) -> None:
    """An accept() on a table of descriptors that is full: RLIMIT_NOFILE, for as long as it lasts.

    Raises:
        OSError: EMFILE, or whatever else the kernel says.
    """
    free = os.dup(descriptor)
    os.close(free)  # the lowest that is free, so the one that accept() would give
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        accepted = _libc.accept4(descriptor, None, None, socket.SOCK_CLOEXEC)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    _raise_errno(accepted)
    os.close(accepted)
    raise AssertionError("accept() gave a descriptor beyond the limit")


def _raise_errno(result: int) -> None:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def descriptors() -> dict[int, int]:
    """This process's open sockets: descriptor to inode, the number `ss -e` shows as `ino:`."""
    found = {}
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # The descriptor with which the folder is read is gone by now.
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                found[int(descriptor.name)] = int(target[8:-1])
    return found


def counters() -> dict[str, int]:
    """What the kernel has counted where this thread stands, by the names of nstat(8)."""
    found: dict[str, int] = {}
    for table in ("snmp", "netstat"):
        lines = Path(f"/proc/thread-self/net/{table}").read_text().splitlines()
        for names, values in zip(lines[::2], lines[1::2], strict=True):
            group, _, rest = names.partition(":")
            numbers = values.split()[1:]
            found |= {
                f"{group}{name}": int(number)
                for name, number in zip(rest.split(), numbers, strict=True)
            }
    return found


def stands_in(thread: int, descriptor: int) -> bool:
    """Whether a thread of this process sleeps in a system call on this descriptor.

    Not while it runs, and not once the kernel has woken it. Source: proc_pid_syscall(5)
    """
    try:
        text = Path(f"/proc/self/task/{thread}/syscall").read_text()
    except OSError:  # It has ended.
        return False
    _number, *arguments = text.split()
    return bool(arguments) and int(arguments[0], 16) == descriptor
