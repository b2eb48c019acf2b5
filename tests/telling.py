"""Records for tests, told turn by turn: what `ss` showed, and what happened between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from socklab.packet import Flags, Packet
from socklab.record import Call, Event, Fate, Look, Move, Phase, Record, Segment, State

CLIENT, SERVER = "10.0.0.1:40000", "10.0.0.2:80"
ANY = "0.0.0.0:*"
HOSTS = {"client": "10.0.0.1", "server": "10.0.0.2"}

Rows = dict[str, tuple[str, ...]]


def row(
    state: str,
    local: str = CLIENT,
    peer: str = SERVER,
    *,
    recv_q: int = 0,
    ino: int = 7,
    timer: str = "",
    sk: str = "1",
) -> str:
    timed = f" timer:({timer})" if timer else ""
    return f"{state} {recv_q} 0 {local} {peer}{timed} ino:{ino} sk:{sk} cgroup:/ <->"


class Telling:
    """Writes a Record, turn by turn."""

    def __init__(self, **rows: Sequence[str]) -> None:
        self.at_s = 0.0
        self.numbers = 0
        self.events: list[Event] = []
        self.look(**rows)

    def look(self, *changes: State, **rows: Sequence[str]) -> None:
        told_rows = {host: tuple(rows.get(host, ())) for host in HOSTS}
        self.at_s += 0.001
        self.events += [Look(self.at_s, told_rows), *changes]

    def move(self, text: str) -> None:
        self.at_s += 0.001
        self.events.append(Move(self.at_s, text))

    def call(
        self,
        name: str,
        *arguments: str,
        host: str = "client",
        socket: str = "client/1",
        result: str | int | None = 0,
        error: str | None = None,
        returns: bool = True,
    ) -> None:
        self.numbers += 1
        call = Call(self.at_s, host, host, socket, self.numbers, name, arguments, Phase.BEGUN)
        self.events.append(call)
        if returns:
            outcome = None if error else result
            self.events.append(replace(call, phase=Phase.RETURNED, result=outcome, error=error))

    def segment(self, packet: Packet, fate: Fate, *, copy: bool = False, raw: str = "") -> None:
        from_ = next(n for n, address in HOSTS.items() if address == packet.source)
        to = next(n for n, address in HOSTS.items() if address == packet.destination)
        self.events.append(
            Segment(
                self.at_s,
                from_,
                to,
                1,
                packet.flag_text,
                0,
                None,
                len(packet.payload),
                fate,
                copy,
                "",
                f"{packet.source}:{packet.source_port}",
                f"{packet.destination}:{packet.destination_port}",
                raw or packet.build().hex(),
            )
        )

    @property
    def record(self) -> Record:
        return Record("made", "wire", "tun", dict(HOSTS), events=self.events)


def change(
    was: str, now: str, host: str = "client", local: str = CLIENT, peer: str = SERVER
) -> State:
    return State(0.0, host, local, peer, was, now, "")


def from_client(flags: Flags, seq: int = 100, ack: int = 0, **more: Any) -> Packet:
    return Packet("10.0.0.1", "10.0.0.2", 40000, 80, flags, seq, ack, **more)


def from_server(flags: Flags, seq: int = 500, ack: int = 0, **more: Any) -> Packet:
    return Packet("10.0.0.2", "10.0.0.1", 80, 40000, flags, seq, ack, **more)


SYN = from_client(Flags.SYN)
SYN_ACK = from_server(Flags.SYN | Flags.ACK, ack=101)
FIN = from_client(Flags.FIN | Flags.ACK, 101, 501)
ACK_OF_FIN = from_server(Flags.ACK, 501, 102)


def in_fin_wait_1() -> Telling:
    """A client that has closed, and whose FIN is on the wire."""
    telling = Telling()
    telling.move("call client connect")
    telling.call("connect", "server:80")
    telling.segment(SYN, Fate.SENT)
    telling.look(change("CLOSED", "SYN-SENT"), client=[row("SYN-SENT")])
    telling.move("carry server 1 SYN+ACK")
    telling.segment(SYN_ACK, Fate.SENT)
    telling.segment(SYN_ACK, Fate.CARRIED)
    telling.look(change("SYN-SENT", "ESTABLISHED"), client=[row("ESTAB")])
    telling.move("call client shutdown")
    telling.call("shutdown", "SHUT_WR")
    telling.segment(FIN, Fate.SENT)
    telling.look(change("ESTABLISHED", "FIN-WAIT-1"), client=[row("FIN-WAIT-1")])
    return telling


def timed_out(seconds: float, timer: str = "on,2sec,3", **options: str) -> Record:
    """A client in FIN-WAIT-1 with a timer, that is gone after so many seconds."""
    telling = in_fin_wait_1()
    for option, value in options.items():
        telling.call("setsockopt", "IPPROTO_TCP", option, value)
    telling.look(client=[row("FIN-WAIT-1", timer=timer)])
    telling.move(f"wait client {timer.partition(',')[0]}")
    telling.at_s += seconds
    telling.look(change("FIN-WAIT-1", "CLOSED"))
    return telling.record
