"""A batch: many connections of one real host in the same situation, whose peer is our hand.

The host's kernel, its sockets and its program's calls are real. The other end of each
connection is crafted here: it shakes hands, says goodbye and remembers where both ends stand,
with no options, so that no timestamp and no window scale come between a number and its meaning.
Each connection has ports of its own, by which a reply finds the cell that it answers.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import trio

from socklab import look as looking
from socklab.errors import MachineError, ToolError
from socklab.forgery import Ends, Numbers, forge, told
from socklab.host import Host, addresses, make_hosts, unmake_hosts
from socklab.hostile import Cell, Outcome, Reply
from socklab.link import LinkKind
from socklab.packet import Flags, Packet, seq_add, seq_diff
from socklab.record import Record
from socklab.recorder import Recorder
from socklab.situations import WAYS, Situation, Step
from socklab.sockopt import linger
from socklab.ss import Row
from socklab.tcp import CLOSED, LISTEN, State
from socklab.weather import Pin, but
from socklab.wire import Wire

SERVICE = 80
FIRST_ACTIVE_PORT = 20_000
FIRST_PEER_PORT = 10_000

PEER_ISS = 1_000_000
"""Our initial sequence number; any would do, but the same in every run."""

NO_WINDOW = 65_535
"""Stands for RCV.WND where the socket has told none."""

NO_SND_NXT = 5_000_000
"""What we claim to acknowledge where the socket has sent nothing."""

BACKLOG = 512
"""More than a batch: a full queue would bring SYN cookies in."""

WEATHER: Mapping[str, Pin] = MappingProxyType(
    {
        **but(tcp_rfc1337=0, tcp_max_tw_buckets=4096),
        "net/ipv4/tcp_rto_min_us": Pin(
            "15000000",
            "freezes retransmission as well as a minute does, and what a program has closed "
            "still becomes a time-wait socket at once, as by default: tcp_fin_time() takes 3.5 "
            "times the RTO, and beyond a minute it would not",
            since="6.11",
        ),
        "net/ipv4/tcp_challenge_ack_limit": Pin(
            str(2**31 - 1), "no challenge ACK is withheld because of another", since="6.1"
        ),
    }
)
"""The calm one, and what else decides about hostile segments."""


@dataclass(slots=True)
class Connection:
    """One connection: its ends, where it stands, and the program's socket if it has one."""

    ends: Ends
    sent: int = PEER_ISS
    """The next sequence number of ours."""
    snd_nxt: int | None = None
    rcv_nxt: int = PEER_ISS
    rcv_wnd: int = NO_WINDOW
    socket: socket.socket | None = None

    @property
    def numbers(self) -> Numbers:
        """Where it stands, as far as the socket has told."""
        snd_nxt = NO_SND_NXT if self.snd_nxt is None else self.snd_nxt
        return Numbers(snd_nxt, self.rcv_nxt, self.rcv_wnd)

    def learn(self, packet: Packet) -> None:
        """Take note of what the socket has sent."""
        end = seq_add(packet.seq, packet.sequence_length)
        if self.snd_nxt is None or seq_diff(end, self.snd_nxt) > 0:
            self.snd_nxt = end
        if packet.flags & Flags.ACK:
            self.rcv_nxt, self.rcv_wnd = packet.ack, packet.window


class Batch:
    """Connections of one host that all stand in the same situation; made by `open_batch`."""

    def __init__(self, host: Host, wire: Wire, situation: Situation, cells: Sequence[Cell]) -> None:
        self._host = host
        self._wire = wire
        self._situation = situation
        self._cells = cells
        peer = addresses((host.name, "peer"), ipv6=":" in host.address.text)["peer"].text
        active = Step.CONNECT in WAYS[situation]
        self._connections = [
            Connection(
                Ends(
                    peer,
                    FIRST_PEER_PORT + number,
                    host.address.text,
                    FIRST_ACTIVE_PORT + number if active else SERVICE,
                )
            )
            for number in range(len(cells))
        ]
        self._by_ports = {
            (each.ends.host_port, each.ends.peer_port): each for each in self._connections
        }
        self._listener: socket.socket | None = None

    async def besiege(self) -> dict[Cell, Outcome] | None:
        """Inject the segment of each cell into a connection of its own, one after the other.

        Returns:
            What became of each; None if a timer of the kernel fired meanwhile, so that no one
            can tell what was a reply and what was sent again.

        Raises:
            MachineError: this machine lets no process have so many sockets.
            ToolError: the sockets do not stand where they should.
        """
        try:
            await self._stand()
        except OSError as refused:
            raise MachineError(
                f"{len(self._cells)} sockets can't be had at once: {refused.strerror}; "
                "cure: ulimit -n 256"
            ) from refused
        fired = self._timers_fired()
        await self._take()
        self._see_that_all_stand(self._look())
        forged: dict[tuple[int, int], Packet] = {}
        answers: dict[tuple[int, int], list[Packet]] = {}
        for cell, each in zip(self._cells, self._connections, strict=True):
            packet = forged[_ports(each)] = forge(cell, each.ends, each.numbers)
            self._wire.inject(packet)
            for answer in await self._take():
                answers.setdefault((answer.source_port, answer.destination_port), []).append(answer)
        after = self._look()
        if self._timers_fired() != fired:
            return None
        return {
            cell: Outcome(
                _in_words(answers.get(_ports(each), []), forged[_ports(each)], cell, each.numbers),
                self._state(after.get(_ports(each))),
            )
            for cell, each in zip(self._cells, self._connections, strict=True)
        }

    # --- Into the situation ---

    async def _stand(self) -> None:
        if self._situation is not Situation.CLOSED:
            self._listener = self._host.socket()
            self._listener.setblocking(False)
            self._listener.bind((self._host.address.text, SERVICE))
            self._listener.listen(BACKLOG)
        for step in WAYS[self._situation]:
            if step is Step.ACCEPT:
                self._accept()
            else:
                do = self._doing(step)
                for each in self._connections:
                    do(each)
            for packet in await self._take():
                self._by_ports[packet.source_port, packet.destination_port].learn(packet)

    def _doing(self, step: Step) -> Callable[[Connection], None]:
        """What a step does with one connection."""
        match step:
            case Step.CONNECT:
                return self._connect
            case Step.SYN:
                return lambda each: self._send(each, Flags.SYN)
            case Step.ACK:
                return lambda each: self._send(each, Flags.ACK)
            case Step.FIN:
                return lambda each: self._send(each, Flags.FIN | Flags.ACK)
            case Step.FIN_CROSSING:
                return lambda each: self._send(each, Flags.FIN | Flags.ACK, unseen=1)
            case Step.SHUTDOWN:
                return _shutdown
            case _:
                return _close

    def _connect(self, each: Connection) -> None:
        each.socket = self._host.socket()
        each.socket.setblocking(False)
        each.socket.bind((each.ends.host, each.ends.host_port))
        with suppress(BlockingIOError):  # Its SYN is on the wire.
            each.socket.connect((each.ends.peer, each.ends.peer_port))

    def _accept(self) -> None:
        assert self._listener is not None
        for number in range(len(self._connections)):
            try:
                accepted, (_, peer_port, *_) = self._listener.accept()
            except BlockingIOError as none:
                raise ToolError(
                    f"{number} of {len(self._connections)} connections reached accept()"
                ) from none
            self._by_ports[SERVICE, peer_port].socket = accepted

    def _send(self, each: Connection, flags: Flags, *, unseen: int = 0) -> None:
        """Send a segment of ours, which acknowledges all but the last `unseen` numbers."""
        ends, numbers = each.ends, each.numbers
        ack = seq_add(numbers.snd_nxt, -unseen) if flags & Flags.ACK else 0
        packet = Packet(ends.peer, ends.host, ends.peer_port, ends.host_port, flags, each.sent, ack)
        each.sent = seq_add(each.sent, packet.sequence_length)
        self._wire.inject(packet)

    def close(self) -> None:
        """Abort every socket."""
        for each in self._connections:
            if each.socket is not None:
                each.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger(0))
                _close(each)
        if self._listener is not None:
            self._listener.close()

    # --- What is to be seen ---

    async def _take(self) -> list[Packet]:
        """All that the host has sent up to now."""
        await self._wire.fence()
        taken = [segment.packet for segment in self._wire.held]
        self._wire.held.clear()
        return taken

    def _look(self) -> dict[tuple[int, int], Row]:
        rows = looking.take([self._host]).rows[self._host.name]
        return {(row.local.port or 0, row.peer.port or 0): row for row in rows}

    def _see_that_all_stand(self, rows: Mapping[tuple[int, int], Row]) -> None:
        wrong = [each for each in self._connections if not self._stands(rows.get(_ports(each)))]
        if wrong:
            row = rows.get(_ports(wrong[0]))
            raise ToolError(
                f"{len(wrong)} of {len(self._cells)} sockets are not in {self._situation}; "
                f"`ss` shows of the first: {row.text if row else 'nothing'}"
            )

    def _stands(self, row: Row | None) -> bool:
        """Whether a connection stands where it should, by its row of `ss`."""
        if self._situation.state in (CLOSED, LISTEN):
            return row is None
        return (
            row is not None
            and row.state is self._situation.state
            and (row.inode != 0) is self._situation.held
        )

    def _state(self, row: Row | None) -> State:
        if row is not None:
            return row.state
        return LISTEN if self._situation is Situation.LISTEN else CLOSED

    def _timers_fired(self) -> int:
        """How often a retransmission timer has fired on this host, by the kernel's own count.

        A SYN and a SYN+ACK are sent again after one second, which no setting changes. On a
        machine that stood still for so long, this tells.
        """
        with self._host.entered():
            lines = Path("/proc/thread-self/net/netstat").read_text().splitlines()
        names, values = (line.split() for line in lines[:2])  # both begin with "TcpExt:"
        return int(dict(zip(names, values, strict=True))["TCPTimeouts"])


@asynccontextmanager
async def open_batch(
    cells: Sequence[Cell], kind: LinkKind, *, ipv6: bool = False
) -> AsyncIterator[Batch]:
    """A new host, and on it a connection for each of these cells of one situation.

    Resource handling: the host and its sockets are unmade at the end of the block.
    """
    hosts, link = make_hosts(("host",), kind, ipv6=ipv6, weather=WEATHER)
    try:
        recorder = Recorder(Record("", "wire", kind.value, {}))
        recorder.open = False  # What matters here is told by the outcomes.
        wire = Wire(hosts, link, recorder)
        batch = Batch(hosts[0], wire, cells[0].situation, cells)
        failure: Exception | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wire.run)
            # Kept out of the nursery, which would wrap it in a group.
            try:
                await wire.ready()
                yield batch
            except Exception as error:
                failure = error
            finally:
                batch.close()
            nursery.cancel_scope.cancel()
        if failure is not None:
            raise failure
    finally:
        unmake_hosts(hosts, link)


def _ports(connection: Connection) -> tuple[int, int]:
    return connection.ends.host_port, connection.ends.peer_port


def _shutdown(each: Connection) -> None:
    assert each.socket is not None
    each.socket.shutdown(socket.SHUT_WR)


def _close(each: Connection) -> None:
    assert each.socket is not None
    each.socket.close()
    each.socket = None


def _in_words(
    answers: Sequence[Packet], forged: Packet, cell: Cell, numbers: Numbers
) -> tuple[Reply, ...]:
    return tuple(told(answer, forged, cell, numbers) for answer in answers)
