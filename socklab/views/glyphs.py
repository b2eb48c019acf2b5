"""The characters a ladder is drawn with: box drawing, or ASCII where that can't be printed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One character each, but for the three marks, which are equally wide among themselves."""

    life: str
    from_left: str
    """Where an arrow to the right leaves its host."""
    from_right: str
    stop: str
    """Where a segment is held on the wire."""
    line: str
    line_again: str
    """Of a copy, and of what has waited on the wire."""
    line_forged: str
    """Of what no kernel sent, or not so often."""
    head_right: str
    head_left: str
    lost: str
    source: str
    """Where a segment comes from that no host sent."""
    rule: str
    met: str
    not_met: str
    not_observed: str


# No emoji and nothing East Asian fonts draw wide: ▶ and ⚠ are both in some terminals.
BOX = Glyphs("│", "├", "┤", "┤", "─", "╌", "═", "►", "◄", "✗", "○", "─", "✓", "✗", "–")
ASCII = Glyphs("|", "|", "|", "|", "-", ".", "=", ">", "<", "X", "o", "-", "ok", "NO", "--")
