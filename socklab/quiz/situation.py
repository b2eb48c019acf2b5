"""What one has to know to answer: what there was before a move, and what the move is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from socklab.coverage.numbers import packet_of
from socklab.coverage.turns import Rows
from socklab.moves import ON_SEGMENTS, Move, Verb
from socklab.position import Held, tell
from socklab.quiz.shown import BLOCKS, outcome, states, tell_states
from socklab.record import Call, Event, Fate, Move as MoveEvent, Phase, Record, Segment

TOLD_CALLS = 8
"""How many of a program's calls are told; of more, the last."""

USUAL = frozenset({"window=65535", "connection=1"})
"""What a forged segment has unless a story says otherwise, and nobody needs to be told."""

OF_CONNECTIONS = frozenset({"connect", "send", "recv", "shutdown"})
"""Calls that are made on one end of a connection."""


def before(record: Record, step: int) -> list[Event]:
    """The events of a run before a move, counted from 1."""
    number = 0
    for index, event in enumerate(record.events):
        number += isinstance(event, MoveEvent)
        if number == step:
            return record.events[:index]
    return record.events


def situation(record: Record, step: int, rows: Rows) -> tuple[str, ...]:
    """Where a run stands before a move, a line each: states, the programs, the wire.

    Args:
        record: the run.
        step: the move's number, from 1.
        rows: what `ss` showed before it.
    """
    events = before(record, step)
    lines = [f"ss: {tell_states(states(rows, list(record.hosts)))}"]
    roles = dict.fromkeys(event.role for event in record.of(Call))
    lines += [line for role in roles if (line := _calls(record, role, events))]
    lines += _wire(events)
    return tuple(lines)


def tell_call(record: Record, call: Call) -> str:
    """A call in words; also on which socket, where its program has several that are connected."""
    told = f"{call.call}({', '.join(call.arguments)})"
    sockets = {
        each.socket
        for each in record.of(Call)
        if each.role == call.role and each.call in OF_CONNECTIONS
    }
    return f"{told} on {call.socket}" if call.socket in sockets and len(sockets) > 1 else told


def _calls(record: Record, role: str, events: Iterable[Event]) -> str:
    """The calls that a program has made, and what they came to."""
    told: dict[int, str] = {}
    for event in events:
        if isinstance(event, Call) and event.role == role:
            call = tell_call(record, event)
            if event.phase is Phase.BEGUN:
                told[event.number] = f"{call} {BLOCKS}"
            elif event.error is not None or event.result != 0:
                told[event.number] = f"{call} {outcome(event)}"
            else:
                told[event.number] = call
    if not told:
        return ""
    last = list(told.values())[-TOLD_CALLS:]
    return f"{role}: " + ", ".join([*["…"][: len(told) > TOLD_CALLS], *last])


def _wire(events: Sequence[Event]) -> Iterator[str]:
    on_it, lost, forged, cut = _fates(events)
    yield "on the wire: " + ("; ".join(map(str, on_it)) or "nothing")
    if lost:
        yield "lost: " + "; ".join(lost)
    if forged:
        yield "forged: " + "; ".join(forged)
    if cut:
        yield f"cut: what {' and '.join(cut)} {'send' if len(cut) > 1 else 'sends'} is lost"


def _fates(events: Sequence[Event]) -> tuple[list[Held], list[str], list[str], list[str]]:
    on_it: dict[tuple[str, int, bool], Held] = {}
    lost: list[str] = []
    forged: list[str] = []
    cut: list[str] = []
    for event in events:
        if isinstance(event, MoveEvent):
            match event.text.split():
                case ["cut", *hosts]:
                    cut += [host for host in hosts if host not in cut]
                case ["join", *hosts]:
                    cut = [host for host in cut if host not in hosts]
        elif isinstance(event, Segment):
            key = event.from_, event.number, event.copy
            if event.fate is Fate.SENT:
                if (segment := held(event)) is not None:
                    on_it[key] = segment
            elif event.fate is Fate.CARRIED:
                on_it.pop(key, None)
            elif event.fate is Fate.DROPPED and (gone := on_it.pop(key, None)):
                lost.append(str(gone))
            elif event.fate is Fate.INJECTED and (packet := packet_of(event)) is not None:
                forged.append(f"{packet.kind} as if from {event.from_}, seq={event.seq}")
    return list(on_it.values()), lost, forged, cut


def held(event: Segment) -> Held | None:
    """A segment on the wire, as a position has it; None if its bytes are none."""
    packet = packet_of(event)
    if packet is None:
        return None
    return Held(
        event.from_,
        event.to,
        event.number,
        event.copy,
        event.flags,
        str(packet.kind),
        event.seq,
        event.ack,
        event.payload_bytes,
    )


def next_move(record: Record, step: int, move: Move) -> str:
    """A move that has not been made, in words."""
    if move.verb is Verb.CALL:
        begun = next(_begun(record, step, move), None)
        call = move.what if "(" in move.what else f"{move.what}()"
        return f"{move.who} calls {tell_call(record, begun) if begun else call}"
    on_it = _fates(before(record, step))[0]
    segment = next((each for each in on_it if _is_on(move, each)), None)
    if move.verb is Verb.DELAY and segment is not None:
        return f"carry {segment} after {move.more} s"
    if move.verb is Verb.UNREACHABLE and segment is not None:
        return f"lose {segment}, and tell {segment.sender} so by ICMP ({move.more} unreachable)"
    if move.verb is Verb.INJECT:
        told = " ".join(word for word in move.more.split() if word not in USUAL)
        return f"forge a {move.what} as if from {move.who} ({told})"
    if move.verb is Verb.DESTROY:
        return f"`ss -K` destroys what of {move.who}'s is in {move.what}"
    return tell(move, segment)


def _begun(record: Record, step: int, move: Move) -> Iterator[Call]:
    """The call that a move lets go: the first that its role begins after it."""
    earlier = len(before(record, step))
    for event in record.events[earlier:]:
        if isinstance(event, Call) and event.role == move.who and event.phase is Phase.BEGUN:
            yield event


def _is_on(move: Move, segment: Held) -> bool:
    if move.verb not in ON_SEGMENTS:
        return False
    return (move.who, move.number, move.copy) == (segment.sender, segment.number, segment.copy)
