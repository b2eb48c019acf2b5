"""What a ladder prints of its hosts, notes and arrows: clean, and in the characters there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from socklab.views.arrows import fate_note, label
from socklab.views.columns import clean
from socklab.views.rung import Arrow, Note, Rung


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one ladder.

    Args:
        hosts: from left to right.
        addresses: theirs, as far as they are known.
        verbose: whether everything is told.
        ascii_only: whether with ASCII alone.
    """

    hosts: Sequence[str]
    addresses: Mapping[str, str]
    verbose: bool = False
    ascii_only: bool = False

    def clean(self, text: str) -> str:
        """A text as it may be printed."""
        return clean(text, ascii_only=self.ascii_only)

    def host(self, host: str) -> str:
        """A host's name and address."""
        return self.clean(f"{host} {self.addresses.get(host, '')}".strip())

    def note(self, note: Note) -> Note:
        """A note with clean pieces."""
        return tuple(replace(piece, text=self.clean(piece.text)) for piece in note)

    def rung(self, rung: Rung) -> Rung:
        """A rung with clean notes."""
        return replace(
            rung,
            connection=self.clean(rung.connection),
            notes={host: self.note(note) for host, note in rung.notes.items()},
            aside=self.note(rung.aside),
        )

    def label(self, arrow: Arrow, *, rich: bool = False) -> str:
        """What stands on an arrow; whence and whereto if that is no host of the ladder."""
        text = label(arrow, rich=rich)
        event = arrow.event
        if event.from_ not in self.hosts:
            text += f" from {event.from_}"
        if event.to not in self.hosts:
            text += f" to {event.to}"
        return self.clean(text)

    def fate(self, arrow: Arrow) -> str:
        """What became of a packet, where its arrow alone does not say it."""
        return self.clean(fate_note(arrow, verbose=self.verbose))
