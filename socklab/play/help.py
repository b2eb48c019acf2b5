"""The help page of the game."""

from __future__ import annotations

from rich.text import Text

HELP = """\
A move lets one thing happen: a call, a segment, or a timer. Then everything
stands still, and `ss` looks at both hosts. Above is what it showed, below
what has happened.

*Choose*
  1 2 …          make what has that key: the segments on the wire,
  a b …, A B …   the calls of the host on the left, of that on the right
  arrows, Enter  go there, and make it; left and right change the column
  mouse          click a call to make it, a segment to select it, and once
                 more to carry it

*The selected segment*
  c  carry it to its receiver    d  drop it: it is lost
  u  carry it, and keep it       p  postpone it: all others overtake it

*Time*
  w    wait for the timer that fires first; this is real time
  Esc  stop waiting: what was before is made again, on fresh hosts
  Timers also run while you think. `on` is the retransmission timer.

*The game*
  Backspace, Ctrl-Z  take the last move back      r  begin again
  s  save the moves to a file                     l  save them as a lab
  v  tell every move and look, or not             h  a hint, for a goal
  f  the state diagrams of both ends              i  the rows of `ss`
  PgUp PgDn Home End  through the ladder          ?  this page
  q  leave                                        Ctrl-C  leave at once

*What you see*
  `inside recv()` is a call that has not returned. An arrow ╌╌► is a copy
  that the kernel has sent again, or what had waited on the wire. In the
  diagrams an end is where the brackets are; ✓ is where it has been, and
  heavy lines are its way.
"""

WIDTH = 76
"""Columns that are there for it on the smallest terminal."""


def help_text() -> Text:
    """The page; what is between stars is bold."""
    told = Text()
    for number, part in enumerate(HELP.split("*")):
        told.append(part, "bold" if number % 2 else "")
    told.rstrip()
    return told
