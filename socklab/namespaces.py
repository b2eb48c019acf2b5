"""Network namespaces: make them, step into them, and be allowed to.

A network namespace is a network stack of its own: interfaces, addresses, sysctls and
sockets. Three facts shape this module (namespaces(7), network_namespaces(7)):

- a socket belongs for ever to the namespace in which it was made; so do a TUN device and
  a process. socklab steps in, makes the thing, and steps out again;
- setns(2) moves one thread. While it is inside nothing else may run on that thread, so a
  block that steps in never awaits;
- making one takes CAP_SYS_ADMIN. Whoever lacks it gets it inside a *user* namespace of
  their own, which the whole process must enter while it has a single thread.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from socklab.errors import MachineError

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
NS_GET_USERNS = 0xB701
CAP_SYS_ADMIN = 21
CAP_NET_ADMIN = 12

THREADS_NAMESPACE = "/proc/thread-self/ns/net"
"""This thread's, not the process's: /proc/self/ns/net is the main thread's."""

# os.unshare and os.setns come with Python 3.12.
_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: int) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class NetworkNamespace:
    """One network namespace, alive for as long as this object holds its descriptor.

    Resource handling: `close()` lets go of it. The kernel ends it with the last descriptor,
    process and orphaned socket that it holds.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd

    @classmethod
    def current(cls) -> NetworkNamespace:
        """The namespace this thread is in."""
        return cls(os.open(THREADS_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC))

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Stand inside for the length of the block, which must not await."""
        back = os.open(THREADS_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _call("setns", self.fd, CLONE_NEWNET)
            try:
                yield
            finally:
                _call("setns", back, CLONE_NEWNET)
        finally:
            os.close(back)

    def child(self) -> NetworkNamespace:
        """A new namespace, made from inside this one: it inherits `tcp_child_ehash_entries`.

        Raises:
            MachineError: this process may not make one; see `be_allowed`.
        """
        with self.entered():
            return new_namespace()

    def close(self) -> None:
        """Let go of the namespace."""
        os.close(self.fd)


def new_namespace() -> NetworkNamespace:
    """A new, empty network namespace. The thread stays where it is.

    Raises:
        MachineError: this process may not make one; see `be_allowed`.
    """
    try:
        back = os.open(THREADS_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _call("unshare", CLONE_NEWNET)
            try:
                return NetworkNamespace.current()
            finally:
                _call("setns", back, CLONE_NEWNET)
        finally:
            os.close(back)
    except PermissionError as refused:
        raise MachineError(
            f"this process may not make a network namespace ({refused.strerror}); "
            "run it as root, or run `socklab doctor` to see what would allow it"
        ) from refused
    except OSError as refused:
        cure = "sudo sysctl -w user.max_net_namespaces=1000"
        told = f"; cure: {cure}" if refused.errno == errno.ENOSPC else ""
        raise MachineError(
            f"no network namespace can be made: {refused.strerror}{told}"
        ) from refused


def capabilities() -> int:
    """The effective capabilities of this process, a bit each. Source: proc(5), CapEff."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def may_make_namespaces() -> bool:
    """Whether this process can make and set up network namespaces where it stands."""
    wanted = 1 << CAP_SYS_ADMIN | 1 << CAP_NET_ADMIN
    return capabilities() & wanted == wanted


def be_allowed() -> None:
    """Make sure that this process may make network namespaces.

    As root it may. A plain user's process moves, for the rest of its life, into a user
    namespace of its own. The user's files stay the user's: uid 0 in there is the same uid
    outside. The process then has an empty network of its own, with nothing but loopback in it.

    Raises:
        MachineError: the kernel refuses, with what would allow it.

    Source: user_namespaces(7)
    """
    if may_make_namespaces():
        if not _owns_its_network():
            # As after `unshare -Ur`: once out of this network no way leads back into it, so the
            # process takes one of its own to come back to.
            try:
                _call("unshare", CLONE_NEWNET)
                _bring_up_loopback()
            except OSError as refused:
                raise MachineError(why_refused(refused)) from refused
        return
    uid, gid = os.geteuid(), os.getegid()
    try:
        _call("unshare", CLONE_NEWUSER)
        # setgroups must be given up before gid_map can be written without privilege.
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
        # Last, so that a refusal (AppArmor's comes here) leaves the machine's network to the
        # loopback fallback.
        _call("unshare", CLONE_NEWNET)
        _bring_up_loopback()
    except OSError as refused:
        raise MachineError(why_refused(refused)) from refused


def _owns_its_network() -> bool:
    """Whether the network namespace belongs to the user namespace of this process.

    Source: ioctl_ns(2), NS_GET_USERNS
    """
    network = os.open(THREADS_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        owner = fcntl.ioctl(network, NS_GET_USERNS)
    except PermissionError:
        return False  # An ancestor's, which we may not even be told of.
    finally:
        os.close(network)
    try:
        return os.fstat(owner).st_ino == Path("/proc/self/ns/user").stat().st_ino
    finally:
        os.close(owner)


def _bring_up_loopback() -> None:
    """What else the process does on 127.0.0.1 goes on as it would outside. See netdevice(7)."""
    get_flags, set_flags, up = 0x8913, 0x8914, 0x1  # SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = fcntl.ioctl(any_socket, get_flags, struct.pack("16sh14x", b"lo", 0))
        (flags,) = struct.unpack_from("h", request, 16)
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sh14x", b"lo", flags | up))


def why_refused(refused: OSError) -> str:
    """One sentence on why no user namespace could be made, with the cure.

    Each cause leaves a different trace: a sysctl that says so, ENOSPC for a limit of 0,
    EINVAL for a process with threads, and otherwise EPERM from a container's filter.
    """
    apparmor = _sysctl("kernel/apparmor_restrict_unprivileged_userns")
    if refused.errno == errno.EINVAL:
        return (
            "a user namespace needs a process with a single thread: "
            "call socklab.namespaces.be_allowed() before anything starts threads"
        )
    if refused.errno == errno.ENOSPC or _sysctl("user/max_user_namespaces") == "0":
        return (
            "user namespaces are limited to none here; "
            "cure: sudo sysctl -w user.max_user_namespaces=1000, or run as root"
        )
    if _sysctl("kernel/unprivileged_userns_clone") == "0":
        return (
            "user namespaces are switched off for plain users here; "
            "cure: sudo sysctl -w kernel.unprivileged_userns_clone=1, or run as root"
        )
    if apparmor == "1":
        return (
            "AppArmor restricts user namespaces for plain users here (as Ubuntu 24.04 does); "
            "cure: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or run as root"
        )
    return (
        f"no user namespace is allowed here ({refused.strerror}), as in most containers; cure for "
        "Docker: docker run --cap-add SYS_ADMIN --cap-add NET_ADMIN --device /dev/net/tun "
        "--security-opt apparmor=unconfined --security-opt systempaths=unconfined"
    )


def _sysctl(name: str) -> str | None:
    try:
        return Path("/proc/sys", name).read_text().strip()
    except OSError:
        return None
