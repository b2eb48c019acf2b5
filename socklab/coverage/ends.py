"""What happened to one end of a connection in a turn, gathered from all that a Record tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from socklab.coverage.evidence import GIVES_UP, Happened
from socklab.coverage.names import Names
from socklab.coverage.numbers import Numbers, packet_of
from socklab.coverage.turns import Pair, Turn, row_of, turns
from socklab.ip import ICMP, ICMPV6, Datagram
from socklab.packet import RST, SYN_ACK, Packet, PacketError, seq_add, seq_diff
from socklab.record import Call, Other, Record, State as StateEvent
from socklab.ss import Row
from socklab.tcp import CLOSE_WAIT, CLOSED, CLOSING, LAST_ACK, LISTEN, SYN_SENT, State

LINGER_0 = "{l_onoff=1, l_linger=0}"
"""How a Record tells the value of SO_LINGER that makes close() a reset."""

_CLOSES_OTHERWISE = ("SO_LINGER", "TCP_LINGER2", "TCP_REPAIR")
"""Options that make close() abrupt."""

_QUOTES_FROM = 8
"""The byte from which on an ICMP error quotes what could not be delivered: RFC 792, RFC 4443."""

_HAS_FIN = frozenset({CLOSE_WAIT, CLOSING, LAST_ACK})
"""States in which the peer's FIN is in; while it is unread, Recv-Q counts it as one byte."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A turn, and what was known of sockets and of sequence numbers when it began."""

    turn: Turn
    names: Names
    numbers: Numbers

    def happened(self, change: StateEvent) -> Happened | None:
        """What happened to the socket that changed; None if that was more than one thing."""
        turn, host, pair = self.turn, change.host, (change.local, change.peer)
        given, calls = turn.given(host, pair), turn.begun(host)
        unreachable = any(_quotes(message, pair) for message in turn.messages(host))
        destroyed = turn.move == f"destroy {host} {change.was}"
        touches = len(given) + len(calls) + unreachable + destroyed
        packet = packet_of(given[0]) if given else None
        if touches > 1 or (given and packet is None):
            return None
        row = row_of(turn.before, host, pair)
        sent = [packet for sender, packet in packets_sent(turn) if sender == pair]
        call = calls[0] if calls else None
        # A process that dies names no socket.
        socket = (call.socket if call else "") or self.names.socket_at(host, pair)
        return Happened(
            State.named(change.was),
            State.named(change.now),
            segment=packet,
            acks_syn=packet is not None and self.numbers.acknowledges_syn(pair, packet),
            acks_fin=packet is not None and self.numbers.acknowledges_fin(pair, packet),
            fast_opened=packet is not None and any(_takes_data(each, packet) for each in sent),
            sent_reset=any(each.kind is RST for each in sent),
            unreachable=unreachable,
            call=call.call if call else "",
            on_it=call is not None and self._is_on(call, change),
            argument=call.arguments[0] if call and len(call.arguments) == 1 else "",
            unread=row is not None and _unread(row),
            linger_0=self._option(socket, "SO_LINGER") == LINGER_0,
            linger2_below_0=self._option(socket, "TCP_LINGER2").startswith("-"),
            repair=self._option(socket, "TCP_REPAIR") == "1",
            options_plain=not any(self.names.is_set_on(host, each) for each in _CLOSES_OTHERWISE),
            fast_open_connect=self._option(socket, "TCP_FASTOPEN_CONNECT") == "1",
            to_itself=change.local == change.peer,
            listener_gone=call is not None
            and call.call in (*GIVES_UP, "shutdown")
            and _in_queue(row)
            and self._listener_went(change),
            destroyed=destroyed,
            timer="" if touches else _ran_out(row, turn.most_s),
            held=row is not None and row.inode != 0,
            user_timeout=self._user_timeout(host, socket, change.was),
        )

    def _option(self, socket: str | None, option: str) -> str:
        return (self.names.option(socket, option) or "") if socket is not None else ""

    def _user_timeout(self, host: str, socket: str | None, was: str) -> bool | None:
        if not self.names.is_set_on(host, "TCP_USER_TIMEOUT"):
            return False
        # Of two limits on a SYN, either may have been the first.
        counted = was == str(SYN_SENT) and self._option(socket, "TCP_SYNCNT")
        if socket is None or counted:
            return None
        return self._option(socket, "TCP_USER_TIMEOUT") not in ("", "0")

    def _is_on(self, call: Call, change: StateEvent) -> bool:
        """Whether a call was on the socket that changed: on the one held socket that did.

        What waits in an accept queue no program holds; so what goes with its listener is told
        apart from the listener. A process that dies gives up all that it holds.
        """
        known = self.names.pair(call.socket)
        if known is not None and change.was != str(CLOSED):
            return known == (change.local, change.peer)
        changed = [each for each in self.turn.changes if each.host == call.host]
        held = [each for each in changed if self._was_held(each)]
        return change in held and (len(held) == 1 or call.call == "kill")

    def _was_held(self, change: StateEvent) -> bool:
        pair = change.local, change.peer
        rows = (row_of(rows, change.host, pair) for rows in (self.turn.before, self.turn.after))
        return any(row is not None and row.inode != 0 for row in rows)

    def _listener_went(self, change: StateEvent) -> bool:
        port = change.local.rpartition(":")[2]
        return any(
            each.host == change.host
            and (each.was, each.now) == (str(LISTEN), str(CLOSED))
            and each.local.rpartition(":")[2] == port
            for each in self.turn.changes
        )


def scenes(record: Record) -> Iterator[Scene]:
    """The turns of a Record, each with what was known before.

    Raises:
        SsError: a row of a look does not read.
    """
    names, numbers = Names(record), Numbers()
    for turn in turns(record):
        yield Scene(turn, names, numbers)
        numbers.learn(packets_sent(turn))
        names.learn(turn)


def packets_sent(turn: Turn) -> list[tuple[Pair, Packet]]:
    """What the kernels put on the wire, each with the addresses of the end that sent it."""
    return [
        ((segment.source, segment.destination), packet)
        for host in turn.after
        for segment in turn.sent(host)
        if (packet := packet_of(segment)) is not None
    ]


def _takes_data(answer: Packet, syn: Packet) -> bool:
    """Whether a SYN+ACK acknowledges the data that came with a SYN, as only Fast Open does."""
    end = seq_add(syn.seq, syn.sequence_length)
    return answer.kind is SYN_ACK and bool(syn.payload) and seq_diff(answer.ack, end) >= 0


def _unread(row: Row) -> bool:
    """Whether data waits to be read; a listener's Recv-Q counts connections."""
    return row.state is not LISTEN and row.recv_q > (row.state in _HAS_FIN)


def _in_queue(row: Row | None) -> bool:
    """Whether a connection has no program: it waits to be accepted, or has yet to be complete."""
    return row is not None and row.inode == 0


def _ran_out(row: Row | None, most_s: float) -> str:
    """The timer of a row that is over after so many seconds; empty if it had more time."""
    if row is None or row.timer is None or row.timer.left_s > most_s:
        return ""
    return row.timer.name


def _quotes(message: Other, pair: Pair) -> bool:
    """Whether an ICMP error tells that what this end had sent could not be delivered."""
    try:
        datagram = Datagram.parse(bytes.fromhex(message.raw))
        error = (datagram.protocol, datagram.body[:1]) in ((ICMP, b"\3"), (ICMPV6, b"\1"))
        quoted = Packet.parse(datagram.body[_QUOTES_FROM:]) if error else None
    except (PacketError, ValueError):
        return False
    return quoted is not None and _pair_of(quoted) == pair


def _pair_of(packet: Packet) -> Pair:
    def told(address: str, port: int) -> str:
        return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"

    return (
        told(packet.source, packet.source_port),
        told(packet.destination, packet.destination_port),
    )
