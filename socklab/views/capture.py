"""A Record as a capture file in the pcapng format, which Wireshark and tshark open.

Each packet is in it once, where and when an engineer would have caught it:

- What a kernel sent stands on its host's interface, outbound, at the time at which it was sent,
  whatever became of it then. So the file is what two tcpdumps would have written, one beside each
  kernel, and a packet that was lost on the way is there, too.
- What no kernel sent, an injected segment or one that the wire doubled, stands on the interface of
  the host that got it, inbound, at that time.

What became of a packet, when, by which move, and the states of both its ends then, is its comment.
A packet that was held is not written a second time where it arrived: Wireshark would take that for
a retransmission, and number everything after it wrongly.

The link type is that of raw IP, since a Record has whole IP packets. Times count from 1970-01-01:
a Record has no date, and the same Record is the same file. So `frame.time_epoch` is `at_s`.

Source: draft-ietf-opsawg-pcapng, https://www.tcpdump.org/linktypes.html
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from pcapng import FileWriter
from pcapng.blocks import EnhancedPacket, InterfaceDescription, NameResolution, SectionHeader

from socklab.errors import LabError
from socklab.record import Fate, Other, Record, Segment
from socklab.views.columns import clean
from socklab.views.ending import verdict_of
from socklab.views.fates import fates

RAW_IP = 101
"""LINKTYPE_RAW: the packet begins with its IP header, whose first half byte says which IP."""

INBOUND, OUTBOUND = 1, 2
"""Directions of the option epb_flags."""

IPV4, IPV6 = 1, 2
"""Types of the records of a Name Resolution Block."""

MOST_BYTES = 60_000
"""How much of a text is written: an option's length has 16 bits. Arbitrary below 65535."""

MOST_CAPTURED = 262_144
"""How many bytes of a packet are written: Wireshark takes no file with more, and tcpdump writes
none. No IP packet is as long; what stands for one in a Record that was made by hand may be."""

LAST_US = 2**64 - 1
"""The last microsecond that a packet's time can be."""


def pcapng(record: Record, *, application: str = "socklab") -> bytes:
    """A run's packets as a capture file, each with what became of it as its comment.

    Args:
        record: the run.
        application: what writes the file, with its version.

    Raises:
        LabError: there is no packet in the Record.

    Source: draft-ietf-opsawg-pcapng
    """
    packets = [event for event in record.of(Segment, Other) if event.raw]
    if not packets:
        raise LabError(_why_none(record))
    section = _section(record, application)
    interfaces = _interfaces(section, record, packets)
    file = io.BytesIO()
    writer = FileWriter(file, section)
    if names := list(_names(record)):
        writer.write_block(section.new_member(NameResolution, records=names))
    for event, told in fates(record):
        if not event.raw:
            continue
        data = bytes.fromhex(event.raw)
        high, low = divmod(_microseconds(event.at_s), 2**32)
        flags = INBOUND if _is_made_by_the_wire(event) else OUTBOUND
        block = section.new_member(
            EnhancedPacket,
            interface_id=interfaces[_seen_at(event)],
            timestamp_high=high,
            timestamp_low=low,
            packet_len=len(data),
            packet_data=data[:MOST_CAPTURED],
            options={"opt_comment": list(map(_text, told)), "epb_flags": flags},
        )
        writer.write_block(block)
    return file.getvalue()


def _why_none(record: Record) -> str:
    name = clean(record.lab) or "this run"
    if record.bench == "loopback":
        return (
            f"{name} ran on loopback, where no packet is seen: there is nothing to capture; "
            "`socklab doctor` shows what would allow a wire"
        )
    return f"the Record of {name} has no packet in it: there is nothing to capture"


def _section(record: Record, application: str) -> Any:
    kernel = record.machine.get("kernel", "")
    comments = [f"lab {record.lab}", record.title]
    comments += [f"Question: {record.question}"] if record.question else []
    comments.append(verdict_of(record))
    return SectionHeader(
        options={
            "opt_comment": [_text(comment) for comment in comments if comment],
            "shb_hardware": _text(f"network namespaces, a wire held by socklab ({record.link})"),
            "shb_os": _text(f"Linux {kernel}".rstrip()),
            "shb_userappl": _text(application),
        }
    )


def _interfaces(
    section: Any, record: Record, packets: Iterable[Segment | Other]
) -> Mapping[str, int]:
    """The numbers of the interfaces: one for each host, and for whatever else a Record has."""
    numbers: dict[str, int] = {}
    for name in dict.fromkeys([*record.hosts, *map(_seen_at, packets)]):
        address = record.hosts.get(name, "")
        options: dict[str, Any] = {
            "if_name": _text(name),
            "if_description": _text(f"host {name} {address}".rstrip()),
        }
        block = section.new_member(
            InterfaceDescription, link_type=RAW_IP, snaplen=MOST_CAPTURED, options=options
        )
        numbers[name] = block.interface_id
    return numbers


def _names(record: Record) -> Iterator[dict[str, Any]]:
    """The hosts' names, which Wireshark shows instead of their addresses if asked to."""
    for name, address in record.hosts.items():
        try:
            version = ip_address(address).version
        except ValueError:
            continue
        if shown := _text(name):
            kind = IPV4 if version == 4 else IPV6
            yield {"type": kind, "address": address, "names": [shown]}


def _is_made_by_the_wire(event: Segment | Other) -> bool:
    return event.fate in (Fate.INJECTED, Fate.DUPLICATED)


def _seen_at(event: Segment | Other) -> str:
    """The host on whose interface a packet is seen."""
    return event.to if _is_made_by_the_wire(event) else event.from_


def _microseconds(at_s: float) -> int:
    return min(round(at_s * 1_000_000), LAST_US)


def _text(text: str) -> str:
    """A text with nothing in it that could not be seen, no longer than an option can be."""
    whole = clean(text).encode()
    if len(whole) <= MOST_BYTES:
        return whole.decode()
    return whole[:MOST_BYTES].decode(errors="ignore") + " …"
