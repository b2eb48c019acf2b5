"""What this machine allows: each thing that a held wire needs, tried rather than asked after.

A plain user's process that enters a user namespace never comes back, so everything is tried
in a child of its own. Root also learns what a plain user of this machine may do.
"""

from __future__ import annotations

import ctypes
import json
import os
import pwd
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass

from socklab import ss
from socklab.errors import MachineError, SocklabError, ToolError
from socklab.host import LOOK, make_hosts, unmake_hosts
from socklab.link import TUN_DEVICE, LinkKind, tun_refused
from socklab.namespaces import be_allowed, may_make_namespaces, new_namespace
from socklab.parent import end_with
from socklab.tools import HOW_TO_GET_IPROUTE2, Running, find
from socklab.weather import CALM, MIDDLE, pin

SCHEMA = "socklab.doctor/1"

NOBODY = 65_534
"""The uid and gid of nobody, on every Linux: a plain user for root to try things as."""

OLDEST_IPROUTE2 = "5.2"
"""The first whose `ss` keeps a socket on one line (-O); -H came with 4.7."""

PR_SET_DUMPABLE = 4  # linux/prctl.h


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried.

    `found` says what was seen, `cure` what would allow it where it failed. What is not
    `needed` has something that takes its place.
    """

    name: str
    ok: bool
    found: str
    cure: str = ""
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Examination:
    """What somebody may do on this machine, and what `socklab run` will therefore use.

    `bench` is "wire", "loopback" or "none", `link` is "tun", "veth" or "none".
    """

    user: str
    checks: tuple[Check, ...]
    bench: str
    link: str

    @property
    def ok(self) -> bool:
        """Whether the wire bench works, and with it every lab."""
        return self.bench == "wire"


def examine() -> Examination:
    """What the user of this process may do here.

    Raises:
        ToolError: the examination itself came to grief.
    """
    return _in_child(_examine)


def examine_plain_user() -> Examination | None:
    """What a plain user may do here, for root; None where this process can't become one."""
    if os.geteuid() != 0:
        return None
    try:
        return _in_child(_examine_as_nobody)
    except MachineError:
        return None


def to_json(examinations: list[Examination]) -> dict[str, object]:
    """The document that `socklab doctor --json` prints."""
    return {
        "schema": SCHEMA,
        "system": os.uname().sysname,
        "kernel": os.uname().release,
        "ok": examinations[0].ok,
        "users": [asdict(each) | {"ok": each.ok} for each in examinations],
    }


def ss_refused() -> str | None:
    """Why `ss` can't be used here, with its version and the cure; None if it can."""
    check = _ss()
    return None if check.ok else f"{check.found}; cure: {check.cure}"


# --- What is tried ---


def _examine() -> Examination:
    """Try everything. This process is not what it was before; see `_in_child`."""
    kernel = Check("kernel", True, f"Linux {os.uname().release}")
    tools = [_ss(), _ip()]
    allowed = _namespaces()
    links: list[Check] = []
    rest: list[Check] = []
    if allowed.ok and all(tool.ok for tool in tools):
        settings = _settings()
        rest = [settings]
        if settings.ok:
            links = [_tun(), _veth()]
            ipv6 = Check("IPv6", True, "a host can have an IPv6 address", needed=False)
            kind = next((kind for kind, link in zip(LinkKind, links, strict=True) if link.ok), None)
            if kind is not None:
                rest.append(
                    _tried(ipv6, lambda: _host(kind, ipv6=True), "boot without ipv6.disable=1")
                )
    link = next((link.name.lower() for link in links if link.ok), "none")
    if link != "none":
        bench = "wire"
    else:
        bench = "loopback" if tools[0].ok else "none"
        # Each link stands in for the other; without either both are missing.
        links = [Check(each.name, each.ok, each.found, each.cure) for each in links]
    checks = (kernel, *tools, allowed, *rest[:1], *links, *rest[1:])
    return Examination(_user(), checks, bench, link)


def _user() -> str:
    uid = os.getuid() if _was is None else _was
    if uid == 0:
        return "root"
    if uid == NOBODY:
        return "a plain user"
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


_was: int | None = None
"""Who this process was before it entered a user namespace, where everybody is 0."""


def _ss() -> Check:
    try:
        version = _version("ss")
    except MachineError as missing:
        return _failed("ss", missing)
    except ToolError as odd:
        return Check("ss", False, str(odd), HOW_TO_GET_IPROUTE2.partition("cure: ")[2])
    newer = f"iproute2 {OLDEST_IPROUTE2} or newer, ahead of it in PATH"
    try:
        ss.parse(Running(LOOK).output())
    except ToolError as refused:
        if _before(version, OLDEST_IPROUTE2):
            found = f"`{find('ss')}` is too old: it says {version}, and lacks -H or -O"
            return Check("ss", False, found, newer)
        return Check("ss", False, f"`{find('ss')}` ({version}) can't be read: {refused}", newer)
    return Check("ss", True, f"{version}, at {find('ss')}")


def _ip() -> Check:
    try:
        return Check("ip", True, f"{_version('ip')}, at {find('ip')}")
    except SocklabError as refused:
        return _failed("ip", refused)


def _version(tool: str) -> str:
    """What a tool says it is: `iproute2-6.1.0`."""
    lines = Running((tool, "-V")).output().splitlines()
    return lines[0].partition(",")[2].strip(" ,") or lines[0] if lines else "no version"


def _before(version: str, oldest: str) -> bool:
    """Whether `iproute2-4.9.0` or `iproute2-ss170501` is older than 5.2."""
    digits = version.partition("-")[2].partition(",")[0].split(".")
    if not digits[0].isdigit():
        return digits[0].startswith("ss")  # dates were versions until 5.6; -O came in between
    numbers = tuple(int(part) for part in digits if part.isdigit())
    return numbers < tuple(int(part) for part in oldest.split("."))


def _namespaces() -> Check:
    global _was  # noqa: PLW0603 - a fact about this process
    root = may_make_namespaces()
    _was = os.geteuid()
    how = "made as root" if root else "made in a user namespace of one's own"

    def make() -> None:
        be_allowed()
        new_namespace().close()

    return _tried(Check("namespaces", True, how), make)


def _settings() -> Check:
    def write() -> None:
        namespace = new_namespace()
        try:
            with namespace.entered():
                pin(MIDDLE)
                pin(CALM)
        finally:
            namespace.close()

    told = f"{len(CALM)} sysctls can be pinned on a host, and on the host only"
    return _tried(Check("settings", True, told), write)


def _tun() -> Check:
    if (refused := tun_refused()) is not None:
        cure = f"sudo chmod 0666 {TUN_DEVICE} (Docker: --device {TUN_DEVICE}); veth does as well"
        return Check("TUN", False, refused, cure, needed=False)
    told = f"a host was made with a device of {TUN_DEVICE}"
    return _tried(Check("TUN", True, told, needed=False), lambda: _host(LinkKind.TUN))


def _veth() -> Check:
    told = "a host was made with a pair and a packet socket"
    cure = f"sudo modprobe veth af_packet; or TUN: sudo chmod 0666 {TUN_DEVICE}"
    return _tried(Check("veth", True, told, needed=False), lambda: _host(LinkKind.VETH), cure)


def _host(kind: LinkKind, *, ipv6: bool = False) -> None:
    """Make a host, look at it, and take it away."""
    hosts, link = make_hosts(("client",), kind, ipv6=ipv6)
    try:
        ss.parse(hosts[0].look().output())
    finally:
        unmake_hosts(hosts, link)


def _tried(check: Check, act: Callable[[], None], cure: str = "") -> Check:
    """The check, if the act goes well; what it raised, otherwise."""
    try:
        act()
    except SocklabError as refused:
        return _failed(check.name, refused, cure, needed=check.needed)
    except OSError as refused:
        return Check(check.name, False, str(refused.strerror), cure, check.needed)
    return check


def _failed(name: str, refused: SocklabError, cure: str = "", *, needed: bool = True) -> Check:
    """An error's sentence, taken apart where its cure begins."""
    found, _, told = str(refused).partition("; ")
    # "cure: sudo …" or "cure for Docker: docker …"
    told = told.removeprefix("cure").lstrip(": ")
    return Check(name, False, found, told or cure, needed)


# --- In a child of its own ---


def _examine_as_nobody() -> Examination:
    """Give up root for good, then try everything.

    Raises:
        MachineError: this root is not allowed to, as in some containers.
    """
    parent = os.getppid()
    try:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    except OSError as refused:
        raise MachineError(f"root can't become a plain user here: {refused.strerror}") from refused
    # Who changes their uid loses their own /proc/self to root, until they say otherwise: prctl(2).
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1)
    end_with(parent)  # their new uid undid this, too
    return _examine()


def _in_child(act: Callable[[], Examination]) -> Examination:
    """What an act gave in a child process, which then is gone.

    Raises:
        MachineError: what the act raised of that kind.
        ToolError: the child ended otherwise than with a result.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reading)
            end_with(parent)
            with os.fdopen(writing, "w", encoding="ascii") as pipe:
                try:
                    json.dump(asdict(act()), pipe)
                except MachineError as refused:
                    json.dump({"refused": str(refused)}, pipe)
                except BaseException as bug:
                    json.dump({"bug": "".join(traceback.format_exception(bug))}, pipe)
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    try:
        with os.fdopen(reading, encoding="ascii") as pipe:
            text = pipe.read()
    finally:
        with suppress(ChildProcessError):
            os.waitpid(child, 0)
    try:
        told = json.loads(text)
    except ValueError as cut:
        raise ToolError("the examination ended before it had a result") from cut
    if "refused" in told:
        raise MachineError(told["refused"])
    if "bug" in told:
        raise RuntimeError(told["bug"])
    return Examination(
        told["user"],
        tuple(Check(**check) for check in told["checks"]),
        told["bench"],
        told["link"],
    )
