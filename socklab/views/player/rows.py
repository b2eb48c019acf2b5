"""The rows of `ss` through a run, each told once and by what is new in it.

A row has some four hundred characters, and from one look to the next it changes in a few words: a
queue, a timer, how long ago something was sent. So a row is kept as what to take over from an
earlier one and what to put between. Beside it stands what a reader asks first, as `ss` parsed it.
"""

from __future__ import annotations

from collections.abc import Sequence

from socklab import ss
from socklab.record import Look
from socklab.views.player.text import tidy
from socklab.views.rungs import TIMERS

Told = str | list[int | str]
"""A row: its text; or the index of an earlier one, then what becomes of its words in turn. A
number takes over so many of them, one below zero passes over so many; a text is put there."""

Facts = tuple[str, int, int, str, str, str, str]
"""State, Recv-Q, Send-Q, local and peer address, timer, and what else is to be said in words."""

AHEAD = 8
"""How many words are looked at to find where two rows go on alike."""


class Rows:
    """The rows of a Record, told as they come; `told` and `facts` grow."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.sockets: list[int] = []
        """For each row the index of its facts; -1 if it does not read."""
        self.facts: list[Facts] = []
        self._index: dict[str, int] = {}
        self._known: dict[Facts, int] = {}
        self._before: dict[tuple[str, str, str], int] = {}
        """The last row of a host's socket, which the next one is told by."""
        self._words: list[list[str]] = []

    def of(self, look: Look) -> dict[str, list[int]]:
        """The rows of a look by the host, as indexes of `told`."""
        return {
            host: [self._row(host, text) for text in texts] for host, texts in look.rows.items()
        }

    def _row(self, host: str, text: str) -> int:
        if text in self._index:
            index = self._index[text]
        else:
            index = self._index[text] = len(self.told)
            self._add(host, text)
        words = self._words[index]
        self._before[_key(host, words)] = index
        return index

    def _add(self, host: str, text: str) -> None:
        words = tidy(text.rstrip()).split(" ")
        base = self._before.get(_key(host, words))
        changes = None if base is None else [base, *changed(self._words[base], words)]
        self.told.append(" ".join(words) if changes is None else changes)
        self._words.append(words)
        facts = _read(text)
        if facts is None:
            self.sockets.append(-1)
        else:
            if facts not in self._known:
                self._known[facts] = len(self.facts)
                self.facts.append(facts)
            self.sockets.append(self._known[facts])


def changed(old: Sequence[str], new: Sequence[str]) -> list[int | str]:
    """What becomes of the old words to get the new ones: see `Told`."""
    told: list[int | str] = []
    i = j = kept = 0
    while i < len(old) or j < len(new):
        if i < len(old) and j < len(new) and old[i] == new[j]:
            kept, i, j = kept + 1, i + 1, j + 1
            continue
        if kept:
            told.append(kept)
            kept = 0
        gone, come = _meet(old[i : i + AHEAD], new[j : j + AHEAD])
        if gone:
            told.append(-gone)
        if come:
            told.append(" ".join(new[j : j + come]))
        i, j = i + gone, j + come
    return [*told, kept] if kept else told


def _meet(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many words go and how many come until both go on with the same word."""
    places = {word: at for at, word in reversed(list(enumerate(new)))}
    meetings = [(at, places[word]) for at, word in enumerate(old) if word in places]
    return min(meetings, key=sum, default=(len(old), len(new)))


def _key(host: str, words: Sequence[str]) -> tuple[str, str, str]:
    """What tells sockets apart: their addresses, the fourth and the fifth column."""
    columns = [word for word in words[:24] if word]
    return (host, columns[3], columns[4]) if len(columns) > 4 else (host, "", "")


def _read(text: str) -> Facts | None:
    try:
        rows = ss.parse(text)
    except ss.SsError:
        return None
    return _facts(rows[0]) if len(rows) == 1 else None


def _facts(row: ss.Row) -> Facts:
    timer = ""
    if row.timer is not None:
        timer = f"{TIMERS.get(row.timer.name, row.timer.name)} {row.timer.left_s:g} s"
        if row.timer.retransmissions:
            timer += f", {row.timer.retransmissions} sent again"
    also = ["orphan"] * bool(row.orphan) + ["not accepted"] * bool(row.unaccepted)
    addresses = tidy(str(row.local)), tidy(str(row.peer))
    return (str(row.state), row.recv_q, row.send_q, *addresses, timer, ", ".join(also))
