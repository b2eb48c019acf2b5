"""The recorder: writes the Record while a run goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from socklab.record import Event, Record


class Recorder:
    """Adds events to a Record and counts them.

    `clock` gives seconds; only differences are used, and no verdict hangs on them.
    """

    def __init__(self, record: Record, clock: Callable[[], float] = time.perf_counter) -> None:
        self.record = record
        self._clock = clock
        self._began = clock()
        self.open = True
        """Closed when the story has ended: what is torn down afterwards is no part of it."""

    def now(self) -> float:
        """Seconds since the run began, to the microsecond."""
        return round(self._clock() - self._began, 6)

    def add(self, event: Event) -> None:
        """Write down one event."""
        if self.open:
            self.record.events.append(event)

    def arrange(self, since: int, order: Callable[[Event], tuple[int, ...]]) -> None:
        """Put the events of one settle in an order that no scheduler decides.

        Two tasks that were woken by one move write in either order, and no reader should see
        which. `order` says how; events that it does not tell apart stay as they came.
        """
        events = self.record.events[since:]
        times = sorted(event.at_s for event in events)
        self.record.events[since:] = [
            replace(event, at_s=at_s)
            for event, at_s in zip(sorted(events, key=order), times, strict=True)
        ]

    @property
    def activity(self) -> int:
        """How many events there are: two equal numbers mean that nothing happened between."""
        return len(self.record.events)
