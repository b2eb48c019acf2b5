"""What belongs together in a Record: a segment and its fate, a call and its return.

Both are learnt event by event. Of a segment that was sent nobody can say at first whether it
goes on at once or is held: it is undecided until one or the other is seen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from socklab.record import Call, Event, Fate, Move, Other, Phase, Segment, Trouble


class Returns:
    """Which call returned before the next move; events are told by their index."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._count = 0
        self._ends: dict[int, Call] = {}
        self._told: set[int] = set()
        self._begun: dict[tuple[str, int], int] = {}
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """Learn of the next event."""
        index, self._count = self._count, self._count + 1
        match event:
            case Move():
                self._begun.clear()
            case Call(phase=Phase.BEGUN):
                self._begun[event.role, event.number] = index
            case Call():
                beginning = self._begun.pop((event.role, event.number), None)
                if beginning is not None:
                    self._ends[beginning] = event
                    self._told.add(index)

    def returned_at_once(self, beginning: int) -> Call | None:
        """The return of the call that begins here; None if it was blocked, or is still."""
        return self._ends.get(beginning)

    def told_with_its_beginning(self, end: int) -> bool:
        """Whether this return is one that `returned_at_once` gives."""
        return end in self._told


class Journeys:
    """From where each segment was sent to what became of it, and whether it waited between.

    Events are told by their index in the Record.

    Args:
        events: the Record's; more may be added.
        telling_moves: the verbs of moves that a reader sees although nothing else comes of them.
    """

    def __init__(self, events: Iterable[Event], telling_moves: Collection[str]) -> None:
        self._count = 0
        self._telling_moves = telling_moves
        self._sent: dict[tuple[object, ...], list[int]] = {}
        """What was sent, and where; what went on is taken out again."""
        self._held: set[int] = set()
        """What is on the wire, by where it was sent."""
        self._undecided: dict[int, Segment] = {}
        """What of that has neither gone on nor waited, in its order."""
        self._ends: dict[int, int] = {}
        """Where it was sent, and where it first went on."""
        self._begins: dict[int, int] = {}
        """The other way, for every fate of it."""
        self._waited: set[int] = set()
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """Learn of the next event."""
        index, self._count = self._count, self._count + 1
        match event:
            case Segment(fate=Fate.SENT):
                self._sent.setdefault(_identity(event), []).append(index)
                self._held.add(index)
                self._undecided[index] = event
            case Segment():
                begin = None if event.fate is Fate.INJECTED else self._went_on(index, event)
                self._others_waited(event, index if begin is None else begin)
            case Call(phase=Phase.BEGUN) | Other() | Trouble():
                self._wait(list(self._undecided))
            case Move(text=text) if text.partition(" ")[0] in self._telling_moves:
                self._wait(list(self._undecided))

    def _went_on(self, index: int, event: Segment) -> int | None:
        """Note what became of a segment; where it was sent."""
        queue = self._sent.get(_identity(event))
        if not queue:
            return None
        begin = self._begins[index] = queue[0]
        self._ends.setdefault(begin, index)
        self._undecided.pop(begin, None)
        if event.fate is not Fate.DUPLICATED:
            self._held.discard(queue.pop(0))
        return begin

    def _others_waited(self, event: Segment, begin: int) -> None:
        """See whose turn it was not when this one, which was sent here, went on."""
        # A burst goes in its order: waiting for one's turn in it is not telling.
        self._wait(
            [
                waiting
                for waiting, segment in self._undecided.items()
                if not (begin < waiting and event.from_ == segment.from_)
            ]
        )

    def _wait(self, begins: Iterable[int]) -> None:
        for begin in begins:
            del self._undecided[begin]
            self._waited.add(begin)

    @property
    def decided(self) -> int:
        """Up to which event it is known of all that was sent whether it waited."""
        return next(iter(self._undecided), self._count)

    def waited(self, begin: int) -> bool:
        """Whether something else happened before the segment that was sent here went on.

        What never went on was held, whatever happened.
        """
        return begin in self._waited or begin in self._undecided

    def kept(self, begin: int) -> bool:
        """Whether the segment that was sent here never went on."""
        return begin in self._held and begin not in self._ends

    def held(self, begin: int) -> bool:
        """Whether it was on the wire to the end of the run; it may have been doubled before."""
        return begin in self._held

    def sent_at(self, end: int) -> int | None:
        """Where a segment was sent whose fate this is; None if no Record tells."""
        return self._begins.get(end)

    def on_the_wire(self, end: int) -> bool:
        """Whether the reader has been shown already that this segment is on the wire."""
        begin = self._begins.get(end)
        return begin is not None and (self.waited(begin) or self._ends[begin] != end)


def _identity(segment: Segment) -> tuple[object, ...]:
    return (
        segment.from_,
        segment.source,
        segment.destination,
        segment.number,
        segment.copy,
        segment.flags,
        segment.seq,
        segment.ack,
        segment.payload_bytes,
        segment.raw,
    )
