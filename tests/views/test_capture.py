"""A capture opens in Wireshark as what it is: every packet once, right, and with its fate."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from pcapng import FileScanner
from pcapng.blocks import EnhancedPacket, InterfaceDescription, NameResolution, SectionHeader

from socklab.cli.reading import records_in
from socklab.errors import LabError
from socklab.packet import Packet, PacketError
from socklab.record import Fate, Record, Segment
from socklab.views.capture import MOST_CAPTURED, pcapng
from socklab.views.fates import fates
from tests.commands import socklab
from tests.records import HOSTS, kept, kept_names, records
from tests.runs import every_lab

TSHARK = shutil.which("tshark")
needs_tshark = pytest.mark.skipif(TSHARK is None, reason="tshark is not installed")

ON_A_WIRE = [name for name in kept_names() if not name.endswith("-loopback")]

SYN = Packet("10.0.0.1", "10.0.0.2", 40000, 80, Packet.parse(bytes.fromhex(
    next(kept("half-close").of(Segment)).raw)).flags)  # fmt: skip
SENT = Segment(
    0.25, "client", "server", 1, "S", 0, None, 0, Fate.SENT, False, "",
    "10.0.0.1:40000", "10.0.0.2:80", SYN.build().hex(),
)  # fmt: skip


def record_of(*events: Segment, **more: object) -> Record:
    record = Record("made", "wire", "tun", dict(HOSTS), events=list(events))
    return replace(record, **more)  # type: ignore[arg-type]


def blocks(data: bytes) -> list[Any]:
    """What is in a file, read by the library's other half."""
    return list(FileScanner(io.BytesIO(data)))


def packets(record: Record) -> list[Any]:
    return [block for block in blocks(pcapng(record)) if isinstance(block, EnhancedPacket)]


# --- What is written --------------------------------------------------------------------------


def test_the_section_says_which_lab_what_it_asks_and_what_wrote_it() -> None:
    record = kept("half-close")
    section, *_ = blocks(pcapng(record, application="socklab 9.9"))
    assert isinstance(section, SectionHeader)
    comments = section.options.get_all("opt_comment")
    assert comments[0] == "lab half-close"
    assert comments[2] == f"Question: {record.question}"
    assert comments[3].startswith("Proved on Linux")
    assert section.options["shb_os"] == f"Linux {record.machine['kernel']}"
    assert section.options["shb_userappl"] == "socklab 9.9"


def test_a_run_that_failed_says_so() -> None:
    section, *_ = blocks(pcapng(kept("refused")))
    assert section.options.get_all("opt_comment")[-1].startswith("Not proved: ")


def test_each_host_is_an_interface_and_a_name() -> None:
    written = blocks(pcapng(kept("two-clients")))
    interfaces = [b for b in written if isinstance(b, InterfaceDescription)]
    hosts = kept("two-clients").hosts
    assert [each.options["if_name"] for each in interfaces] == list(hosts)
    [names] = [b for b in written if isinstance(b, NameResolution)]
    assert {each["names"][0]: each["address"] for each in names.records} == hosts


def test_what_a_kernel_sent_is_outbound_on_its_host_when_it_was_sent_and_only_once() -> None:
    carried = replace(SENT, fate=Fate.CARRIED, at_s=0.5)
    [packet] = packets(record_of(SENT, carried))
    assert packet.packet_data == SYN.build()
    assert packet.interface.options["if_name"] == "client"
    assert packet.options["epb_flags"].inout == "outbound"
    assert packet.timestamp == 0.25


@pytest.mark.parametrize("fate", [Fate.INJECTED, Fate.DUPLICATED])
def test_what_the_wire_made_is_inbound_on_the_host_that_got_it(fate: Fate) -> None:
    [packet] = packets(record_of(replace(SENT, fate=fate)))
    assert packet.interface.options["if_name"] == "server"
    assert packet.options["epb_flags"].inout == "inbound"


def test_a_dropped_packet_is_there_and_says_so() -> None:
    [packet] = packets(record_of(SENT, replace(SENT, fate=Fate.DROPPED, at_s=0.5, by="a rule")))
    assert packet.options.get_all("opt_comment")[1].startswith("dropped at 0.500000 s (a rule)")


def test_what_is_seen_at_no_host_has_an_interface_all_the_same() -> None:
    [packet] = packets(record_of(replace(SENT, to="10.0.0.9", fate=Fate.INJECTED)))
    assert packet.interface.options["if_name"] == "10.0.0.9"


def test_the_same_record_is_the_same_file() -> None:
    assert pcapng(kept("mishaps")) == pcapng(kept("mishaps"))


def test_a_record_without_packets_is_refused_with_the_reason() -> None:
    with pytest.raises(LabError, match="half-close ran on loopback, where no packet is seen"):
        pcapng(kept("half-close-loopback"))
    with pytest.raises(LabError, match="the Record of made has no packet in it"):
        pcapng(record_of())


@pytest.mark.parametrize("text", ["\x00\x1b[31m\n", "\ud800", "日本", "x" * 100_000, ""])
def test_whatever_a_record_says_fits_into_the_file(text: str) -> None:
    record = record_of(
        replace(SENT, by=text, from_=text),
        lab=text, title=text, question=text, link=text, machine={"kernel": text},
        hosts={text: "10.0.0.1", "server": text},
    )  # fmt: skip
    section, *rest = blocks(pcapng(record, application=text))
    for comment in section.options.get_all("opt_comment"):
        assert comment.isprintable()
    assert isinstance(rest[-1], EnhancedPacket)


def test_no_packet_is_longer_than_wireshark_reads() -> None:
    [packet] = packets(record_of(replace(SENT, raw="45" * 300_000, at_s=1e300)))
    assert (len(packet.packet_data), packet.packet_len) == (MOST_CAPTURED, 300_000)


@given(records())
def test_any_record_with_packets_makes_a_file_that_reads(record: Record) -> None:
    told = [event for event, _ in fates(record) if event.raw]
    try:
        data = pcapng(record)
    except LabError:
        assert not any(event.raw for event in record.of(Segment))
        return
    written = [b.packet_data.hex() for b in blocks(data) if isinstance(b, EnhancedPacket)]
    assert written == [event.raw for event in told]


# --- What Wireshark makes of it ---------------------------------------------------------------

FIELDS = {
    "time": "frame.time_epoch",
    "interface": "frame.interface_name",
    "direction": "frame.packet_flags_direction",
    "comment": "frame.comment",
    "stream": "tcp.stream",
    "seq": "tcp.seq",
    "ack": "tcp.ack",
    "length": "tcp.len",
    "flags": "tcp.flags",
    "raw_seq": "tcp.seq_raw",
    "tcp_checksum": "tcp.checksum.status",
    "ip_checksum": "ip.checksum.status",
    "tcp_written": "tcp.checksum",
    "icmp_checksum": "icmp.checksum.status",
    "icmpv6_checksum": "icmpv6.checksum.status",
    "severity": "_ws.expert.severity",
    "expert": "_ws.expert.message",
    "malformed": "_ws.malformed",
}
CHECKSUMS = [name for name in FIELDS if name.endswith("_checksum")]
GOOD = "1"
MANGLED = "0xffff"
"""What Linux writes where a checksum comes to 0, as in one packet of 65,536. UDP asks for it, and
in TCP it is as right; Wireshark would have a 0. Source: skb_checksum_help() in net/core/dev.c
"""
ERROR = 0x0080_0000
"""The severity of an expert's error. Source: epan/proto.h of Wireshark."""


@dataclass(frozen=True)
class Shown:
    """A packet as tshark shows it, and the event of the Record that it is."""

    event: Any
    fields: dict[str, str]


def shown(record: Record, folder: Path) -> list[Shown]:
    """All packets of a Record, by tshark, with every checksum checked."""
    file = folder / f"{record.lab}.pcapng"
    file.write_bytes(pcapng(record))
    fields = [part for name in FIELDS.values() for part in ("-e", name)]
    read = subprocess.run(
        [
            *(TSHARK or "tshark", "-n", "-r", file, "-T", "fields", "-E", "separator=\x1f"),
            *("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"),
            *fields,
        ],
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    # That root runs it is told by some; anything else would be about the file.
    complaints = [x for x in read.stderr.splitlines() if not x.startswith("Running as user")]
    assert complaints == []
    lines = [dict(zip(FIELDS, x.split("\x1f"), strict=True)) for x in read.stdout.splitlines()]
    events = [event for event, _ in fates(record) if event.raw]
    return [Shown(*pair) for pair in zip(events, lines, strict=True)]


def is_right(packet: Shown) -> bool:
    """Whether its checksums are right; both ways to write 0 are."""
    return Packet.parse(bytes.fromhex(packet.event.raw)).checksum_ok


def wrong(packets: list[Shown]) -> Iterator[str]:
    """What Wireshark has against packets."""
    for number, packet in enumerate(packets, start=1):
        fields = packet.fields
        for name in CHECKSUMS:
            if name == "tcp_checksum" and fields["tcp_written"] == MANGLED and is_right(packet):
                continue
            # An ICMP error quotes a packet, whose checksums are shown, too.
            if set(fields[name].split(",")) - {"", GOOD}:
                # The bytes, too: what comes once in a thousand runs is hardly seen again.
                yield f"{number}: {name} is {fields[name]} in {packet.event.raw}"
        if fields["malformed"]:
            yield f"{number}: malformed"
        if any(int(each, 0) >= ERROR for each in fields["severity"].split(",") if each):
            yield f"{number}: {fields['expert']}"


def numbered_otherwise(packets: list[Shown]) -> Iterator[str]:
    """The segments whose numbers are others in Wireshark than in the Record, and may not be.

    Wireshark takes an injected SYN for the beginning of another connection, and counts from it. It
    counts from a reset that answers a SYN, too, as if that came before the first byte.
    """
    elsewhere: set[tuple[str, str]] = set()
    for number, packet in enumerate(packets, start=1):
        event, fields = packet.event, packet.fields
        if not isinstance(event, Segment):
            continue
        pair = event.source, event.destination
        if event.fate is Fate.INJECTED and "S" in event.flags:
            elsewhere |= {pair, pair[::-1]}
        refuses = event.flags == "R." and event.seq == 0
        if pair in elsewhere or refuses:
            continue
        seq, ack = int(fields["seq"]), int(fields["ack"]) if event.ack is not None else None
        wanted = event.seq % 2**32, None if event.ack is None else event.ack % 2**32
        if (seq, ack) != wanted or int(fields["length"]) != event.payload_bytes:
            yield f"{number}: seq {seq} ack {ack}, and the Record has {wanted}"


def check(record: Record, folder: Path) -> list[str]:
    packets = shown(record, folder)
    return [f"{record.lab} {each}" for each in (*wrong(packets), *numbered_otherwise(packets))]


@needs_tshark
@pytest.mark.parametrize("name", ON_A_WIRE)
def test_wireshark_opens_a_kept_record_without_a_warning(name: str, tmp_path: Path) -> None:
    assert check(kept(name), tmp_path) == []


@needs_tshark
def test_wireshark_shows_times_interfaces_directions_flags_and_comments(tmp_path: Path) -> None:
    record = kept("mishaps")
    told = dict(enumerate(lines for _, lines in fates(record)))
    for number, packet in enumerate(shown(record, tmp_path)):
        event, fields = packet.event, packet.fields
        made = event.fate in (Fate.INJECTED, Fate.DUPLICATED)
        assert float(fields["time"]) == pytest.approx(event.at_s, abs=1e-9)
        assert fields["interface"] == (event.to if made else event.from_)
        assert int(fields["direction"], 0) == (1 if made else 2)
        assert int(fields["flags"], 0) == int(Packet.parse(bytes.fromhex(event.raw)).flags)
        assert fields["comment"] == ",".join(told[number])


@needs_tshark
def test_wireshark_finds_a_packet_that_was_changed(tmp_path: Path) -> None:
    record = kept("half-close")
    first = next(record.of(Segment))
    broken = replace(first, raw=first.raw[:-2] + "ff")
    found = check(replace(record, events=[broken]), tmp_path)
    assert found and "tcp_checksum is 0" in found[0]
    cut = replace(first, raw=first.raw[:60])
    assert any(
        "malformed" in each for each in wrong(shown(replace(record, events=[cut]), tmp_path))
    )


@needs_tshark
def test_a_checksum_of_zero_may_be_written_as_linux_does(tmp_path: Path) -> None:
    record = kept("half-close")
    first = next(record.of(Segment))
    window, checksum, end = (20 + at for at in (14, 16, 18))  # behind an IPv4 header
    sent = bytearray.fromhex(first.raw)
    # What was the checksum goes into the window, and 0 is left for the checksum.
    total = int.from_bytes(sent[window:checksum]) + int.from_bytes(sent[checksum:end])
    sent[window:end] = (total % 0xFFFF).to_bytes(2) + b"\xff\xff"
    assert check(replace(record, events=[replace(first, raw=sent.hex())]), tmp_path) == []
    sent[window + 1] ^= 1
    found = check(replace(record, events=[replace(first, raw=sent.hex())]), tmp_path)
    assert found and "tcp_checksum is 0" in found[0]


@needs_tshark
def test_wireshark_shows_the_names_of_the_hosts(tmp_path: Path) -> None:
    file = tmp_path / "half-close.pcapng"
    file.write_bytes(pcapng(kept("half-close")))
    read = subprocess.run(
        [TSHARK or "tshark", "-N", "n", "-r", file, "-T", "fields", "-e", "ip.src_host"],
        check=True, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert set(read.stdout.split()) == {"client", "server"}


def test_a_checksum_that_the_device_was_to_fill_in_would_be_found() -> None:
    # The kernel computes them all: offloading is off, or there is no device to offload to.
    for name in ON_A_WIRE:
        for segment in kept(name).of(Segment):
            try:
                assert Packet.parse(bytes.fromhex(segment.raw)).checksum_ok
            except PacketError:
                pytest.fail(f"{name}: {segment}")


SOME = (
    "half-close", "rst-abort", "simultaneous-open", "icmp-unreachable", "handshake-ack-lost",
    "zero-window-probe", "fast-open", "time-wait-reuse", "syn-into-established", "three-segment",
)  # fmt: skip
"""Labs that between them have every kind of packet; all of them would take long."""


@needs_tshark
@pytest.mark.kernel
@pytest.mark.parametrize("ip", ["IPv4", "IPv6"])
def test_wireshark_opens_what_every_lab_makes_without_an_error(ip: str, tmp_path: Path) -> None:
    if ip == "IPv4":
        records = list(every_lab().values())
    else:
        file = tmp_path / "some.json"
        done = socklab("run", "--ipv6", "--jobs", "2", *SOME, "--record", file)
        assert done.returncode == 0, done.stderr
        records = records_in(file)
    made = [record for record in records if any(record.of(Segment))]
    assert len(made) >= len(SOME)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda record: check(record, tmp_path), made))
    assert [each for lines in found for each in lines] == []
