from __future__ import annotations

from socklab.record import Event, Fate, Move, Other, Record
from socklab.recorder import Recorder


def recorder(*ticks: float) -> Recorder:
    """Whose clock says these, one after the other; the first is when the run begins."""
    return Recorder(Record("", "wire", "", {}), clock=iter(ticks).__next__)


def other(at_s: float, from_: str, summary: str) -> Other:
    return Other(at_s, from_, "server", "ICMP", summary, Fate.CARRIED)


def test_time_is_counted_from_the_beginning_to_the_microsecond() -> None:
    each = recorder(1000.0, 1000.0, 1000.25, 1001.0000004)
    assert [each.now() for _ in range(3)] == [0.0, 0.25, 1.0]


def test_activity_counts_what_is_written() -> None:
    each = recorder(0.0)
    before = each.activity
    each.add(Move(0.0, "call client connect"))
    assert each.activity == before + 1
    assert each.record.events == [Move(0.0, "call client connect")]


def test_what_happens_after_the_story_is_not_written() -> None:
    each = recorder(0.0)
    each.open = False
    each.add(Move(0.0, "call client connect"))
    assert each.record.events == []
    assert each.activity == 0


def test_arranged_events_keep_their_times_in_order_and_what_was_before_stays() -> None:
    each = recorder(0.0)
    first = other(0.5, "server", "before")
    for event in (
        first,
        other(1.0, "server", "b1"),
        other(2.0, "client", "a"),
        other(3.0, "server", "b2"),
    ):
        each.add(event)

    def by_host(event: Event) -> tuple[int, ...]:
        assert isinstance(event, Other)
        return (["client", "server"].index(event.from_),)

    each.arrange(1, by_host)
    assert each.record.events == [
        first,
        other(1.0, "client", "a"),
        other(2.0, "server", "b1"),
        other(3.0, "server", "b2"),
    ]
