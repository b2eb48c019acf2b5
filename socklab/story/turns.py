"""Turns: a run move by move, with what each move was made on and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from socklab import ss
from socklab.moves import ON_SEGMENTS, Move, Verb
from socklab.packet import Kind
from socklab.record import Call, Event, Fate, Look, Move as MoveEvent, Record, Segment, State

TIMER = "timer"
"""What the Record says made a change that no move made."""

BY_THE_CUT = "the wire is cut"
"""Who the Record says lost what was sent into a cut wire."""

RETRANSMISSION = "on"
"""The timer that sends again, as `ss` names it."""

PASSES_TIME = frozenset({Verb.WAIT, Verb.DELAY})


@dataclass(frozen=True, slots=True)
class OnTheWire:
    """A segment that the wire holds, as a story points at it."""

    sender: str
    number: int
    copy: bool
    kind: Kind


@dataclass(slots=True)
class Turn:
    """A move, and what was so when the next one came.

    Args:
        move: the move.
        before: what the wire held when it was made.
        assumed: that nobody made it: a timer fired while whoever steers was thinking.
        by_the_cut: whether a cut wire made the move.
        calls: the phases of calls, in order.
        changes: of states.
        touched: the hosts that made a call or were given a segment.
        rows: each host's sockets at the end; None if nobody looked.
        held: what the wire held then.
    """

    move: Move
    before: tuple[OnTheWire, ...]
    assumed: bool = False
    by_the_cut: bool = False
    calls: list[Call] = field(default_factory=list)
    changes: list[State] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    rows: Mapping[str, Sequence[ss.Row]] | None = None
    held: tuple[OnTheWire, ...] = ()


def turns(record: Record, *, waits: bool = True) -> list[Turn]:
    """The turns of a run.

    What a cut wire loses of itself is part of the turn in which it was sent. A timer that fired
    while nobody waited for it is a turn of its own: in a story nobody thinks, so a move has to wait
    for what may have come of that.

    Args:
        record: the run.
        waits: whether to wait also for the copies that a timer has sent.
    """
    found: list[Turn] = []
    held: list[OnTheWire] = []
    for index, event in enumerate(record.events):
        if isinstance(event, MoveEvent):
            move = Move.parse(event.text)
            found.append(Turn(move, tuple(held)))
            if move.verb is Verb.POSTPONE:
                _postpone(held, move)
        if not found:
            continue
        if isinstance(event, Look) and (wait := _unasked(record.events, index, found[-1])):
            found.append(Turn(wait, tuple(held), assumed=True))
        if waits and (wait := _sent_again(record.events, index, found)):
            if found[-1].rows is None:  # it came while the move was made, so it was on its way
                found.insert(-1, Turn(wait, found[-1].before, assumed=True))
            else:
                found.append(Turn(wait, tuple(held), assumed=True))
        _take_in(found[-1], event, held)
    return _without_cuts(found)


def _without_cuts(found: Sequence[Turn]) -> list[Turn]:
    """The turns that somebody made, each with what a cut wire did of itself."""
    kept: list[Turn] = []
    for turn in found:
        if turn.by_the_cut and kept:
            before = kept[-1]
            before.calls += turn.calls
            before.changes += turn.changes
            before.rows, before.held = turn.rows, turn.held
        else:
            kept.append(turn)
    return kept


def waited_s(told: Sequence[Turn]) -> float:
    """What these turns wait in all, in seconds, as the timers said before."""
    waits = 0.0
    for before, turn in zip([None, *told], told, strict=False):
        if turn.move.verb is Verb.DELAY:
            waits += float(turn.move.more)
        elif turn.move.verb is Verb.WAIT and before is not None and before.rows is not None:
            rows = before.rows.get(turn.move.who, ())
            timers = [row.timer for row in rows if row.timer]
            waits += min((t.left_s for t in timers if t.name == turn.move.what), default=0.0)
    return waits


def _take_in(turn: Turn, event: Event, held: list[OnTheWire]) -> None:
    match event:
        case Call():
            turn.calls.append(event)
            turn.touched.add(event.host)
        case State():
            turn.changes.append(event)
        case Look(rows=rows):
            turn.rows = {host: ss.parse("\n".join(texts)) for host, texts in rows.items()}
        case Segment():
            turn.by_the_cut |= event.fate is Fate.DROPPED and event.by == BY_THE_CUT
            if event.fate not in (Fate.SENT, Fate.DROPPED):
                turn.touched.add(event.to)
            _follow(held, event)
    turn.held = tuple(held)


def _follow(held: list[OnTheWire], event: Segment) -> None:
    """What a segment's fate makes of what the wire holds."""
    segment = OnTheWire(event.from_, event.number, event.copy, kind_of(event))
    if event.fate is Fate.SENT:
        held.append(segment)
    elif event.fate in (Fate.CARRIED, Fate.DROPPED) and segment in held:
        held.remove(segment)


def _postpone(held: list[OnTheWire], move: Move) -> None:
    for segment in held:
        if names(move, segment):
            held.remove(segment)
            held.append(segment)
            return


def names(move: Move, segment: OnTheWire) -> bool:
    """Whether a move on a segment means this one."""
    return (
        move.verb in ON_SEGMENTS
        and (move.who, move.number, move.copy) == (segment.sender, segment.number, segment.copy)
        and move.what == str(segment.kind)
    )


def kind_of(event: Segment) -> Kind:
    """The kind of a segment, from its flags as tcpdump writes them."""
    if "R" in event.flags:
        return Kind.RST
    if "S" in event.flags:
        return Kind.SYN_ACK if "." in event.flags else Kind.SYN
    if "F" in event.flags:
        return Kind.FIN
    return Kind.DATA if event.payload_bytes else Kind.ACK


def _unasked(events: Sequence[Event], index: int, turn: Turn) -> Move | None:
    """The wait that this look asks for: it shows what a timer did, and no move waited for it."""
    if turn.move.verb in PASSES_TIME or turn.rows is None:
        return None
    for event in islice(events, index + 1, None):
        if not isinstance(event, State):
            return None
        if event.cause != TIMER:
            continue
        for row in turn.rows.get(event.host, ()):
            if (str(row.local), str(row.peer)) == (event.local, event.peer) and row.timer:
                return Move(Verb.WAIT, event.host, row.timer.name)
    return None


def _sent_again(events: Sequence[Event], index: int, found: Sequence[Turn]) -> Move | None:
    """The wait that a copy asks for: a timer sent it, and it is on the wire."""
    event, turn = events[index], found[-1]
    if not (isinstance(event, Segment) and event.copy and event.fate is Fate.SENT):
        return None
    if turn.move.verb in PASSES_TIME or event.from_ in turn.touched:
        return None
    wait = Move(Verb.WAIT, event.from_, RETRANSMISSION)
    if _is_gone_at_once(events, index) or any(
        each.assumed and each.move == wait for each in found[-2:]
    ):
        return None
    seen = next((each.rows for each in reversed(found) if each.rows is not None), {})
    timers = {row.timer.name for row in seen.get(event.from_, ()) if row.timer}
    return wait if RETRANSMISSION in timers else None


def _is_gone_at_once(events: Sequence[Event], index: int) -> bool:
    """Whether the wire took a copy for nothing, since it holds the original."""
    copy = events[index]
    assert isinstance(copy, Segment)
    for each in islice(events, index + 1, None):
        if isinstance(each, MoveEvent):
            return False
        if isinstance(each, Segment) and (each.from_, each.number) == (copy.from_, copy.number):
            return each.copy and each.fate is Fate.DROPPED
    return False
