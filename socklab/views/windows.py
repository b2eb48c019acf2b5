"""Which windows are worth telling: one that is closed, and the one that opens it again."""

from __future__ import annotations

from socklab.packet import Packet, PacketError, parse
from socklab.record import Event, Fate, Segment

GIVEN = (Fate.CARRIED, Fate.DUPLICATED)
"""The fates of a segment that reached its receiver."""


class Windows:
    """The windows of a run, learnt event by event.

    A window is closed until a segment with another one has arrived: where that is lost, the
    next one tells the news again.
    """

    def __init__(self) -> None:
        self._told: dict[tuple[str, str, str], int] = {}
        """The window of a segment, where it is worth telling."""
        self._closed: set[tuple[str, str]] = set()
        """The directions in which the last segment that arrived had a window of 0."""

    def add(self, event: Event) -> None:
        """Learn of the next event."""
        if not isinstance(event, Segment):
            return
        direction = event.source, event.destination
        if event.fate is Fate.SENT:
            window = _told_in(event)
            if window == 0 or (window and direction in self._closed):
                self._told[(*direction, event.raw)] = window
        elif event.fate in GIVEN and (*direction, event.raw) in self._told:
            if self._told[(*direction, event.raw)] == 0:
                self._closed.add(direction)
            else:
                self._closed.discard(direction)

    def worth_telling(self, segment: Segment) -> int | None:
        """The window as it stands in the segment's header; None if it tells no news."""
        return self._told.get((segment.source, segment.destination, segment.raw))


def window_of(segment: Segment) -> int | None:
    """The window as it stands in a segment's header; None if the Record does not have it."""
    try:
        packet = parse(bytes.fromhex(segment.raw))
    except (PacketError, ValueError):
        return None
    return packet.window if isinstance(packet, Packet) else None


def _told_in(segment: Segment) -> int | None:
    """The same, but a RST has a window field that means nothing."""
    return None if "R" in segment.flags else window_of(segment)
