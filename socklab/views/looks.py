"""What a look showed, in few words: the rows of `ss` that are not as they were.

Of each such row the state, the queues and the timer are told, and of what the kernel knows of
the connection (`ss -i`) what is not as it was. What changes with every moment is no reason to
tell a row, such as the time that a timer has left, or the measured round trip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from socklab import ss
from socklab.record import Look
from socklab.tcp import LISTEN

Name = Callable[[str, str], str]
"""What to call a socket by its two endpoints, local and peer; empty where there is but one."""

PASSING = frozenset({"rto", "rtt", "mss"})
"""Words of `ss -i` that are told with a row, but are no reason to tell it."""

OF_ZERO = frozenset({"backoff", "unacked", "retrans", "lost", "sacked", "notsent", "snd_wnd"})
"""Words of `ss -i` that are not printed when they are 0, which is news where they were not."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One row: which socket, its words, and whether it is as it was."""

    ends: tuple[str, str] = ("", "")
    words: tuple[str, ...] = ()
    essence: object = None
    info: Mapping[str, str] = field(default_factory=dict)


def tell_look(look: Look, before: Look | None, name: Name) -> Iterator[tuple[str, tuple[str, ...]]]:
    """A host and the words of a row, for every row of `ss` that changed since the look before.

    A row that is gone is told as a state, CLOSED.
    """
    for host, texts in look.rows.items():
        old = [] if before is None else _read(before.rows.get(host, ()), name)
        known = [row.essence for row in old]
        for row in _read(texts, name):
            if row.essence in known:
                known.remove(row.essence)
                continue
            was = next((each for each in old if each.ends == row.ends), _Row())
            yield host, (*row.words, *_news(row.info, was.info))


def timer_left(texts: Sequence[str], timer: str) -> str:
    """How long a timer of a host has left, the first of them to fire: `0.98 s`.

    Args:
        texts: the rows of the host.
        timer: as `ss -o` names it.

    Returns:
        Nothing if there is none.
    """
    left_s = [
        row.timer.left_s
        for text in texts
        for row in _parsed(text)
        if row.timer is not None and row.timer.name == timer
    ]
    return f"{min(left_s):g} s" if left_s else ""


def _parsed(text: str) -> Sequence[ss.Row]:
    try:
        return ss.parse(text)
    except ss.SsError:
        return ()


def _read(texts: Sequence[str], name: Name) -> list[_Row]:
    """Rows; one that does not read is its own text."""
    rows: list[_Row] = []
    for text in texts:
        rows += [_tell(row, name) for row in _parsed(text)] or [_Row(words=(text,), essence=text)]
    return rows


def _tell(row: ss.Row, name: Name) -> _Row:
    ends = str(row.local), str(row.peer)
    words = [name(*ends), str(row.state)]
    words += [f"Recv-Q {row.recv_q}", f"Send-Q {row.send_q}"]
    if row.orphan:
        words.append("orphan")
    if row.unaccepted:
        words.append("not accepted")
    # Of a listener `ss -i` prints what its connections will begin with.
    info = _words_of(row.info) if row.info is not None and row.state is not LISTEN else {}
    counted = tuple(each for each in info.items() if each[0] not in PASSING)
    essence: tuple[object, ...] = (*ends, *words, counted)
    if row.timer is not None:
        words.append(f"timer {row.timer.name} {row.timer.left_s:g} s")
        if row.timer.retransmissions:
            words.append(f"retransmissions {row.timer.retransmissions}")
        essence = (*essence, row.timer.name, row.timer.retransmissions)
    return _Row(ends, tuple(filter(None, words)), essence, info)


def _words_of(info: ss.Info) -> dict[str, str]:
    """What the kernel knows of a connection, by the names of `ss -i`; times in seconds."""
    retrans = info.retrans or info.retrans_total
    known = {
        "cwnd": info.cwnd,
        "ssthresh": info.ssthresh,
        "rto": None if info.rto_s is None else f"{info.rto_s:g} s",
        "backoff": info.backoff,
        "rtt": None if info.rtt_s is None else f"{info.rtt_s:.3g} s",
        "mss": info.mss_bytes,
        "unacked": info.unacked,
        "retrans": f"{info.retrans or 0}/{info.retrans_total or 0}" if retrans else None,
        "lost": info.lost,
        "sacked": info.sacked,
        "notsent": info.notsent_bytes,
        "snd_wnd": info.snd_wnd_bytes,
    }
    return {name: str(value) for name, value in known.items() if value is not None}


def _news(now: Mapping[str, str], was: Mapping[str, str]) -> Iterator[str]:
    """The words that are not as they were, those that have become 0 at the end."""
    yield from (f"{name} {text}" for name, text in now.items() if was.get(name) != text)
    if now:
        yield from (f"{name} 0" for name in was if name in OF_ZERO and name not in now)
