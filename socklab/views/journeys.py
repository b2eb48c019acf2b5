"""What belongs together in a Record: a segment and its fate, a call and its return."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from socklab.record import Call, Event, Fate, Move, Other, Phase, Segment, Trouble


class Returns:
    """Which call returned before the next move; events are told by their index."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._ends: dict[int, Call] = {}
        self._told: set[int] = set()
        begun: dict[tuple[str, int], int] = {}
        for index, event in enumerate(events):
            match event:
                case Move():
                    begun.clear()
                case Call(phase=Phase.BEGUN):
                    begun[event.role, event.number] = index
                case Call():
                    beginning = begun.pop((event.role, event.number), None)
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
        events: the Record's.
        telling_moves: the verbs of moves that a reader sees although nothing else comes of them.
    """

    def __init__(self, events: Sequence[Event], telling_moves: Collection[str]) -> None:
        self._events = events
        self._telling_moves = telling_moves
        self._ends: dict[int, int] = {}
        """Where it was sent, and where it first went on."""
        self._begins: dict[int, int] = {}
        """The other way, for every fate of it."""
        self._waited: set[int] = set()
        sent: dict[tuple[object, ...], list[int]] = {}
        for index, event in enumerate(events):
            if not isinstance(event, Segment) or event.fate is Fate.INJECTED:
                continue
            queue = sent.setdefault(_identity(event), [])
            if event.fate is Fate.SENT:
                queue.append(index)
            elif queue:
                self._begins[index] = queue[0]
                self._ends.setdefault(queue[0], index)
                if event.fate is not Fate.DUPLICATED:
                    queue.pop(0)
        # What was never decided was held all the same.
        unfinished = {index for queue in sent.values() for index in queue} - self._ends.keys()
        self._kept = unfinished
        self._waited = unfinished | {
            begin for begin, end in self._ends.items() if self._is_visible_between(begin, end)
        }

    def _is_visible_between(self, begin: int, end: int) -> bool:
        mine = self._events[begin]
        assert isinstance(mine, Segment)
        for index in range(begin + 1, end):
            match self._events[index]:
                case Call(phase=Phase.BEGUN):
                    return True
                case Move(text=text) if text.partition(" ")[0] in self._telling_moves:
                    return True
                case Segment(fate=Fate.SENT):
                    continue
                case Segment() as other:
                    # A burst goes in its order: waiting for one's turn in it is not telling.
                    before = self._begins.get(index, index) < begin
                    if not (before and other.from_ == mine.from_):
                        return True
                case Other() | Trouble():
                    return True
        return False

    def waited(self, begin: int) -> bool:
        """Whether something else happened before the segment that was sent here went on."""
        return begin in self._waited

    def kept(self, begin: int) -> bool:
        """Whether the segment that was sent here never went on."""
        return begin in self._kept

    def on_the_wire(self, end: int) -> bool:
        """Whether the reader has been shown already that this segment is on the wire."""
        begin = self._begins.get(end)
        return begin is not None and (begin in self._waited or self._ends[begin] != end)


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
