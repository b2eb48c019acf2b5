"""What a look showed, in few words: the rows of `ss` that are not as they were."""

from __future__ import annotations

from collections.abc import Sequence

from socklab import ss
from socklab.record import Look


def tell_look(look: Look, before: Look | None) -> dict[str, list[str]]:
    """Per host, its rows of `ss` that changed since the look before, and how many are gone.

    A timer that merely ran on is no change.
    """
    told = {}
    for host, texts in look.rows.items():
        rows = _read(texts)
        old = _read(before.rows.get(host, ())) if before is not None else []
        known = [essence for essence, _ in old]
        changed = [text for essence, text in rows if essence not in known]
        if changed:
            told[host] = changed
    return told


def _read(texts: Sequence[str]) -> list[tuple[tuple[object, ...], str]]:
    """Rows as what a change of counts, and as text; a row that does not read is its own text."""
    rows = []
    for text in texts:
        try:
            parsed = ss.parse(text)
        except ss.SsError:
            parsed = []
        rows += [_tell(row) for row in parsed] or [((text,), text)]
    return rows


def _tell(row: ss.Row) -> tuple[tuple[object, ...], str]:
    words = [
        str(row.state),
        f":{row.local.port} → :{row.peer.port}",
        f"Recv-Q {row.recv_q} Send-Q {row.send_q}",
    ]
    timer: tuple[object, ...] = ()
    if row.timer is not None:
        timer = (row.timer.name, row.timer.retransmissions)
        words.append(f"timer {row.timer.name} {row.timer.left_s:g} s")
        if row.timer.retransmissions:
            words.append(f"retransmissions {row.timer.retransmissions}")
    if row.orphan:
        words.append("orphan")
    if row.unaccepted:
        words.append("not accepted")
    info = row.info
    unacked = getattr(info, "unacked", None)
    if unacked:
        words.append(f"unacked {unacked}")
    essence = (row.state, str(row.local), str(row.peer), row.recv_q, row.send_q, timer)
    return (*essence, row.orphan, row.unaccepted, unacked), " ".join(words)
