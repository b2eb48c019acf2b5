"""A rung: what a reader of a ladder takes in at once, before anybody decides how it looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from socklab.record import Other, Segment


class Tone(Enum):
    """What a piece of text is."""

    PLAIN = auto()
    ASIDE = auto()
    STATE = auto()
    ERROR = auto()


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words that stay together if they can."""

    text: str
    tone: Tone = Tone.PLAIN


Note = tuple[Piece, ...]
"""What stands in a host's column."""


class Part(Enum):
    """How much of a segment's way an arrow shows."""

    WHOLE = auto()
    """From its sender to its end."""
    STUB = auto()
    """From its sender onto the wire, where it is held."""
    REST = auto()
    """From the wire, where it was held, to its end."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """A packet on its way."""

    event: Segment | Other
    part: Part
    kept: bool = False
    """Of a stub: whether it was held to the end of the run."""
    window: int | None = None
    """The window in its header, where that is news: it is closed, or open again."""


@dataclass(slots=True)
class Rung:
    """What is read at once, on one connection. `expect` counts expectations from 1."""

    at_s: float
    connection: str = ""
    """Its name, where there are several."""
    notes: dict[str, Note] = field(default_factory=dict)
    arrow: Arrow | None = None
    aside: Note = ()
    """What belongs to no host: a move in words, or a look."""
    is_move: bool = False
    expect: int = 0
    is_state: bool = False
    """Whether all that is told so far is a state."""
    about: str = ""
    """The name of its connection, though there may be only one; empty for no one in particular."""
