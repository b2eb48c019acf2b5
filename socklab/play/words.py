"""What the panes say of a position: pieces of styled text, made of values alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from socklab import ss
from socklab.play.menu import Column, Item, arrow, column_of
from socklab.position import Position
from socklab.tcp import CLOSED, LISTEN, TIME_WAIT, State
from socklab.views.columns import clean, wrap
from socklab.views.figure import Ink, Line

ROWS = 3
"""How many sockets of a host are told one by one; of the rest it is told that they are there."""

FREE_CORNER = 16
"""Columns of the figure's first line that are empty."""

INKS = {Ink.FAINT: "dim", Ink.SEEN: "bold", Ink.HERE: "bold reverse"}


def seconds(left_s: float, since_s: float) -> str:
    """What is left of a time by now: `59 s`, and tenths only in the last seconds.

    Args:
        left_s: what was left once, in seconds.
        since_s: how long ago that was, in seconds.
    """
    now_s = max(0.0, left_s - since_s)
    return f"{now_s:.0f} s" if now_s >= 10 else f"{now_s:.1f} s"


def host(position: Position, name: str, since_s: float = 0.0) -> Text:
    """A host: its sockets with what `ss` says of them, and where its programs are.

    Args:
        position: where the run stands.
        name: the host's.
        since_s: how long ago that was, in seconds: so much has gone from what timers had left.
    """
    told = Text()
    told.append(name, "bold")
    told.append(f" {position.record.hosts.get(name, '')}", "dim")
    rows = position.sockets.get(name, [])
    connections = [row for row in rows if row.state is not LISTEN]
    for row in rows[:ROWS]:
        told.append("\n")
        told.append(_state(row, since_s, several=len(connections) > 1))
    if len(rows) > ROWS:
        told.append(f"\nand {len(rows) - ROWS} more", "dim")
    if not rows:
        told.append("\nCLOSED", "bold")
    for role, program in position.programs.items():
        if program.host != name:
            continue
        who = "" if role == name else f"{role}: "
        for call in program.inside:
            told.append(f"\n{who}inside {clean(call)}", "italic")
        if program.ended:
            told.append(f"\n{who}has ended", "dim")
    return told


def _state(row: ss.Row, since_s: float, *, several: bool) -> Text:
    told = Text()
    told.append(str(row.state), "bold")
    if several and row.state is not LISTEN:
        told.append(f" :{row.local.port}↔:{row.peer.port}", "dim")
    if row.orphan:
        told.append(" orphan", "dim")
    if row.unaccepted:
        told.append(" not accepted", "dim")
    if row.timer is not None:
        told.append(f" {row.timer.name} {seconds(row.timer.left_s, since_s)}")
    if row.state is LISTEN:
        told.append(f" {row.recv_q} of {row.send_q} waiting")
    elif row.state not in (CLOSED, TIME_WAIT):
        told.append(f"\nRecv-Q {row.recv_q} Send-Q {row.send_q}")
    return told


def hosts(position: Position, column: Column, since_s: float = 0.0) -> Text:
    """The hosts that stand in a column, one below the other."""
    names = [name for name in position.rows if column_of(position, name) is column]
    return Text("\n").join(host(position, name, since_s) for name in names)


def item(position: Position, item: Item, width: int, since_s: float = 0.0) -> Text:
    """A line of the menu.

    Args:
        position: where the run stands.
        item: what can be done.
        width: of the line, in columns.
        since_s: as in `host`.
    """
    told = Text()
    told.append(f"{item.key or ' '} ", "bold")
    room = width - 2
    if item.held is not None:
        rightwards = column_of(position, item.held.sender) is Column.LEFT
        told.append(arrow(item, room, rightwards=rightwards), "dim" if item.held.copy else "")
    elif item.left_s is not None:
        text = f"{seconds(item.left_s, since_s)}: {item.text}"
        told.append(f"wait {text}" if len(text) + len("wait ") <= room else short(text, room, 1))
    else:
        told.append(short(item.text, room, 1))
    return told


def rows(position: Position, *, whole: bool = True) -> Text:
    """The sockets of all hosts as `ss` printed them.

    Args:
        position: where the run stands.
        whole: whether with what the kernel knows of each (`-i`), which is most of the text.
    """
    told = Text()
    for name, texts in position.rows.items():
        told.append(f"{name}\n", "bold")
        for text in texts:
            shown = text if whole else text.partition(" cgroup:")[0]
            told.append(clean(" ".join(shown.split())) + "\n")
        if not texts:
            told.append("no socket\n", "dim")
    told.rstrip()
    return told


def figure(lines: Sequence[Line], name: str) -> Text:
    """Figure 5 with its inks, and the name of its host in the corner, where nothing stands."""
    told = Text("\n", no_wrap=True).join(
        Text.assemble(*((text, INKS[ink]) for text, ink in line)) for line in lines
    )
    name = name[: FREE_CORNER - 1]
    corner = Text.assemble((name, "bold"))
    return corner + told[len(name) :]


def here(position: Position, name: str) -> frozenset[State]:
    """The states of a host's sockets."""
    return frozenset(row.state for row in position.sockets.get(name, []))


def short(text: str, width: int, lines: int) -> str:
    """A sentence in so many lines at most: what is beyond them becomes `…`."""
    told = wrap(clean(" ".join(text.split())), width)
    if len(told) <= lines:
        return "\n".join(told)
    last = told[lines - 1][: width - 2] + " …"
    return "\n".join([*told[: lines - 1], last])


def shown_hosts(position: Position) -> Iterator[str]:
    """The hosts that have a figure: the first in each column."""
    seen = set()
    for name in position.rows:
        if (column := column_of(position, name)) not in seen:
            seen.add(column)
            yield name
