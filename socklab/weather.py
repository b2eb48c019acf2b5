"""The weather: every setting that socklab pins on a host, each with its reason.

The same lab must give the same Record on every machine, so what a distribution or an
administrator may have set is set again, in the host's own namespace, never on the machine.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from socklab.errors import LabError, MachineError

SYSCTLS = Path("/proc/sys")

FROZEN_RTO_US = 60_000_000
"""One minute in microseconds: far beyond what a lab holds a segment, and round in `ss`."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One pinned sysctl. `since` names the kernel that brought it, where some lack it."""

    value: str
    why: str
    since: str = ""


CALM: Mapping[str, Pin] = MappingProxyType(
    {
        "net/ipv4/tcp_rto_min_us": Pin(
            str(FROZEN_RTO_US),
            "freezes retransmission, so that a held segment is not sent again",
            since="6.11",
        ),
        "net/ipv4/tcp_early_retrans": Pin("0", "no tail-loss probe for a held segment"),
        "net/ipv4/tcp_recovery": Pin("0", "no RACK timer: loss is what the lab says it is"),
        "net/ipv4/tcp_congestion_control": Pin("reno", "the same everywhere, and never paced"),
        "net/ipv4/tcp_no_metrics_save": Pin("1", "no connection learns from one before it"),
        "net/ipv4/tcp_timestamps": Pin("1", "on, as by default: TIME-WAIT's rules need them"),
        "net/ipv4/tcp_tw_reuse": Pin("2", "the default: loopback only"),
        "net/ipv4/tcp_ecn": Pin("2", "the default: accepted, not asked for, so SYN is plain S"),
        "net/ipv4/tcp_syncookies": Pin("1", "the default"),
        "net/ipv4/tcp_fin_timeout": Pin("60", "the default"),
        "net/ipv4/tcp_abort_on_overflow": Pin("0", "the default"),
        "net/ipv4/tcp_invalid_ratelimit": Pin(
            "0", "every challenge ACK is sent, whatever came before"
        ),
        "net/ipv4/tcp_rmem": Pin("4096\t131072\t6291456", "the default; windows depend on it"),
        "net/ipv4/tcp_wmem": Pin("4096\t16384\t4194304", "the default; send() blocks by it"),
        "net/ipv4/ip_local_port_range": Pin("32768\t60999", "the default"),
        "net/ipv4/icmp_echo_ignore_all": Pin("0", "the wire pings a host to know it has settled"),
        "net/ipv6/icmp/echo_ignore_all": Pin("0", "the same"),
        "net/ipv4/conf/all/rp_filter": Pin("0", "a segment arrives, whoever it claims to be from"),
        "net/ipv4/conf/default/rp_filter": Pin("0", "the same"),
        "net/ipv6/conf/all/disable_ipv6": Pin("0", "IPv6 is there, also if the machine has it off"),
        "net/ipv6/conf/default/disable_ipv6": Pin("0", "the same"),
        "net/ipv6/conf/default/accept_ra": Pin("0", "hosts are silent: no router is sought"),
        "net/ipv6/conf/default/router_solicitations": Pin("0", "hosts are silent"),
        "net/ipv6/conf/default/accept_dad": Pin("0", "addresses are usable at once"),
        "net/ipv6/conf/default/addr_gen_mode": Pin("1", "no link-local address, so no MLD"),
    }
)
"""What holds on every host unless a lab says otherwise."""

PATIENT: Mapping[str, Pin] = MappingProxyType(
    {
        "net/ipv4/tcp_syn_retries": Pin("127", "a SYN waits for hours, as long as somebody thinks"),
        "net/ipv4/tcp_synack_retries": Pin("255", "the same for what answers it"),
    }
)
"""What holds, too, where a person makes the moves: the first timers of a connection are the only
short ones that no setting freezes, and a minute of them ends it."""

MIDDLE: Mapping[str, Pin] = MappingProxyType(
    {
        # `ss` walks all of a table, and the machine-wide one has a quarter of a million buckets
        # (0.35 ms a look instead of 0.02).
        "net/ipv4/tcp_child_ehash_entries": Pin("256", "each host has a small table", since="6.1"),
        "net/ipv6/conf/default/disable_ipv6": Pin("1", "the far ends of the cables are silent"),
    }
)
"""What holds in the namespace in which the hosts' are made, and from which they inherit."""


def but(weather: Mapping[str, Pin] = CALM, /, **changes: str | int) -> Mapping[str, Pin]:
    """This weather with some settings of net/ipv4 changed, as one lab may need.

    Args:
        weather: the weather to change; the calm one by default.
        changes: a sysctl's last name and its value, such as `tcp_fin_timeout=0`.
    """
    changed = dict(weather)
    for name, value in changes.items():
        key = f"net/ipv4/{name}"
        pin = changed.get(key, Pin("", ""))
        changed[key] = replace(pin, value=str(value), why="asked for by the lab")
    return MappingProxyType(changed)


def patient(weather: Mapping[str, Pin]) -> Mapping[str, Pin]:
    """This weather for a run in which a person makes the moves; what it pins stays as it is."""
    return MappingProxyType({**PATIENT, **weather})


def pin(weather: Mapping[str, Pin]) -> dict[str, str]:
    """Write the weather in the namespace this thread is in; give back what is in force.

    Returns:
        A map of sysctl names such as "net.ipv4.tcp_timestamps" to values; "absent" where this
        kernel does not have it.

    Raises:
        LabError: a setting can't have the value that it is to have.
        MachineError: this kernel lacks a setting, or none may be written here.
    """
    return {name.replace("/", "."): _pin(name, wanted) for name, wanted in weather.items()}


def _pin(name: str, wanted: Pin) -> str:
    told = name.replace("/", ".")
    try:
        setting = (SYSCTLS / name).open("r+b", buffering=0)
    except FileNotFoundError as missing:
        # A kernel may do without IPv6, and an older one without what `since` tells.
        if wanted.since or name.startswith("net/ipv6/"):
            return "absent"
        raise MachineError(
            f"this kernel has no setting {told}: its name is wrong, "
            f"or it is newer than Linux {os.uname().release}"
        ) from missing
    except OSError as refused:
        raise MachineError(
            f"cannot set {told} on a host ({refused.strerror}): /proc/sys is "
            "read-only here; in Docker add --security-opt systempaths=unconfined"
        ) from refused
    with setting:
        try:
            setting.write(wanted.value.encode())
        except OSError as refused:
            # EINVAL for what is no such value, ENOENT for an unknown congestion control.
            raise LabError(
                f"{told} can't be {wanted.value!r} on this kernel: {refused.strerror}"
            ) from refused
        setting.seek(0)
        return " ".join(setting.read().decode().split())


def rto_min_by_route(weather: Mapping[str, Pin], in_force: Mapping[str, str]) -> str:
    """What a host's route must say in place of `tcp_rto_min_us`, where that is absent."""
    wanted = weather.get("net/ipv4/tcp_rto_min_us")
    if wanted is None or in_force.get("net.ipv4.tcp_rto_min_us") != "absent":
        return ""
    return f" rto_min {max(1, int(wanted.value) // 1000)}ms"
