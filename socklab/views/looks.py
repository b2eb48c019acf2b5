"""What a look showed, in few words: the rows of `ss` that are not as they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from socklab import ss
from socklab.record import Look

Name = Callable[[str, str], str]
"""What to call a socket by its two endpoints, local and peer; empty where there is but one."""


def tell_look(look: Look, before: Look | None, name: Name) -> Iterator[tuple[str, tuple[str, ...]]]:
    """A host and the words of a row, for every row of `ss` that changed since the look before.

    A timer that merely ran on is no change. A row that is gone is told as a state, CLOSED.
    """
    for host, texts in look.rows.items():
        old = [] if before is None else _read(before.rows.get(host, ()), name)
        known = [essence for essence, _ in old]
        for essence, words in _read(texts, name):
            if essence in known:
                known.remove(essence)
            else:
                yield host, words


def _read(texts: Sequence[str], name: Name) -> list[tuple[object, tuple[str, ...]]]:
    """Rows as what a change of counts, and as words; a row that does not read is its own text."""
    rows: list[tuple[object, tuple[str, ...]]] = []
    for text in texts:
        try:
            parsed = ss.parse(text)
        except ss.SsError:
            parsed = []
        rows += [_tell(row, name) for row in parsed] or [(text, (text,))]
    return rows


def _tell(row: ss.Row, name: Name) -> tuple[object, tuple[str, ...]]:
    words = [name(str(row.local), str(row.peer)), str(row.state)]
    words += [f"Recv-Q {row.recv_q}", f"Send-Q {row.send_q}"]
    if row.orphan:
        words.append("orphan")
    if row.unaccepted:
        words.append("not accepted")
    if row.info is not None and row.info.unacked and row.info.unacked != row.recv_q:
        words.append(f"unacked {row.info.unacked}")
    essence = (str(row.local), str(row.peer), *words)
    if row.timer is not None:
        words.append(f"timer {row.timer.name} {row.timer.left_s:g} s")
        if row.timer.retransmissions:
            words.append(f"retransmissions {row.timer.retransmissions}")
        essence = (*essence, row.timer.name, str(row.timer.retransmissions))
    return essence, tuple(filter(None, words))
