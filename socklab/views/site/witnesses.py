"""Where in a site something is to be seen: which step of which lab's page witnesses it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from socklab.coverage import Column, Coverage
from socklab.coverage.ends import scenes
from socklab.coverage.events import reached
from socklab.coverage.witness import refused, witnessed
from socklab.record import Move
from socklab.ss import SsError
from socklab.tcp import State, Step
from socklab.views.site.labs import Lab


@dataclass(frozen=True, slots=True)
class Place:
    """A step of a lab's page.

    Args:
        lab: which.
        step: its number, as the player has it.
        host: on which it is to be seen there.
        instead: what is to be seen instead of what Linux does not do.
    """

    lab: Lab
    step: int
    host: str = ""
    instead: str = ""

    @property
    def address(self) -> str:
        """What leads there."""
        return self.lab.step(self.step)


class Witnesses:
    """What the runs of a site have witnessed, and where.

    Of what a lab shows more than once, it is the first time on each host.
    """

    def __init__(self, labs: Iterable[Lab]) -> None:
        self.counted = Coverage()
        self.unread: list[str] = []
        """Labs whose rows of `ss` do not read, and which therefore witness nothing."""
        self._steps: dict[Step, dict[tuple[str, str], Place]] = {}
        self._cells: dict[tuple[State, Column], dict[str, Place]] = {}
        for lab in labs:
            if lab.record is not None:
                try:
                    self._add(lab)
                except SsError:
                    self.unread.append(lab.entry.name)

    def of(self, step: Step) -> list[Place]:
        """Where an end took a step; where it is not there on Linux, where that is to be seen."""
        return list(self._steps.get(step, {}).values())

    def cell(self, state: State, column: Column) -> list[Place]:
        """Where an event found a socket in a state."""
        return list(self._cells.get((state, column), {}).values())

    def _add(self, lab: Lab) -> None:
        assert lab.record is not None
        if lab.record.bench != "wire":
            self.counted.add(lab.record)  # it notes that nobody saw the segments
            return
        for _ in scenes(lab.record):
            pass  # all of its rows read, or it does not count
        self.counted.add(lab.record)
        number = 0
        # A scene knows what was known when it began: it is asked before the next one comes.
        for scene in scenes(lab.record):
            number += sum(isinstance(event, Move) for event in scene.turn.events)
            for witness in witnessed(scene):
                if witness.step.on_linux:
                    self._note(witness.step, Place(lab, number, witness.host))
            for refusal in refused(scene):
                self._note(refusal.step, Place(lab, number, refusal.host, refusal.instead))
            for each in reached(scene):
                for column in each.columns:
                    seen = self._cells.setdefault((each.state, column), {})
                    seen.setdefault(lab.file, Place(lab, number))

    def _note(self, step: Step, place: Place) -> None:
        self._steps.setdefault(step, {}).setdefault((place.lab.file, place.host), place)
