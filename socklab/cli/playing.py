"""What `socklab play` reads and writes: scripts, and the moves and labs that a player keeps."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from socklab.cli import saving
from socklab.cli.reading import bytes_in, chosen, parsed, told_as
from socklab.errors import LabError, MachineError

if TYPE_CHECKING:
    from socklab.position import Position
    from socklab.script import Step
    from socklab.steer.draft import Written

FILE = re.compile(r"[a-z][a-z0-9_]*\.py")
"""What a lab's file is called, so that its name is one."""

PATIENCE_S = 2.0
"""For how long the timers of a lab may make its player wait while it is tried. Arbitrary."""

AFTER = "handshake"
"""The lab to read next where the one that was played is in no catalogue."""


def steps_in(file: Path) -> list[Step]:
    """The steps of a script: lines of text, or the moves of a Record; for `-` on standard input.

    Raises:
        LabError: it can't be read, has no move in it, or a line that is none.
    """
    from socklab.script import parse

    name = told_as(file)
    data = bytes_in(file)
    if data.lstrip()[:1] in (b"{", b"["):
        return [*_steps_of(data, file, name)]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise LabError(f"{name} is no text; a script has a move in each line")
    steps = parse(text, name)
    if not steps:
        raise LabError(
            f"{name} has no move in it; a script has one in each line, such as `call client close`"
        )
    return steps


def _steps_of(data: bytes, file: Path, name: str) -> list[Step]:
    """The moves of a Record, each with its number in place of a line's."""
    from socklab.moves import Move
    from socklab.script import Step

    records = chosen(parsed(data, name)[0], None, file)
    if len(records) > 1:
        raise LabError(
            f"{name} has {len(records)} Records, and a script makes the moves of one: "
            "`socklab view FILE --lab LAB --json` has one of them alone"
        )
    steps = [
        Step(f"move {number} of {name}", text, Move.parse(text))
        for number, text in enumerate(records[0].moves(), 1)
    ]
    if not steps:
        raise LabError(f"the Record in {name} has no move in it")
    return steps


@dataclass(frozen=True, slots=True)
class LabFile:
    """The file of a lab that is to be written.

    Args:
        path: where.
        force: whether one that is there is replaced.
    """

    path: Path
    force: bool = False

    @property
    def name(self) -> str:
        """The lab's name."""
        return self.path.stem.replace("_", "-")

    def check(self) -> None:
        """See, before anything is run, that it can be written, and would be found as a lab.

        Raises:
            LabError: it can't, or another lab has its name.
        """
        from socklab.packs import shelf

        if not FILE.fullmatch(self.path.name):
            near = re.sub(r"\W+|_+", "_", self.path.stem.lower()).strip("_")
            near = f"; did you mean {near}.py?" if FILE.fullmatch(f"{near}.py") else ""
            raise LabError(
                f"--save-lab: {self.path.name} is no name for a lab's file: it is words of a to z "
                f"and 0 to 9, joined by _, and ends in .py{near}"
            )
        saving.check(self.path, "--save-lab", force=self.force)
        other = shelf().labs.get(self.name)
        if other is not None and other.resolve() != self.path.resolve():
            raise LabError(
                f"--save-lab: there is a lab {self.name} already, {other}; take another name"
            )

    def leads_to(self, lab: str) -> str:
        """The lab to read next: the one that was played, if readers have it."""
        from socklab.packs import shelf

        return lab if lab in shelf().labs and lab != self.name else AFTER

    def save(self, written: Written) -> None:
        """Write it.

        Raises:
            MachineError: it can't be written.
        """
        saving.save(self.path, written.text, "--save-lab")

    def told(self, written: Written) -> str:
        """What there is now, and what to do with it."""
        file = shlex.quote(str(self.path) if self.path.is_absolute() else f"./{self.path}")
        commands = [f"socklab run {file}"]
        if written.has_control:
            commands.append(f"socklab run {file} --control")
        commands.append(f"socklab lint {file}")
        return "\n  ".join(
            [f"{self.path} is a lab, and goes the same way. Say in it what it shows:", *commands]
        )


def save_moves(asked: Sequence[str], path: Path, position: Position) -> None:
    """Write the moves of a game as a script.

    Args:
        asked: the words after `play` that such a game begins with.
        path: where.
        position: where the game stands.

    Raises:
        MachineError: it can't be written.
    """
    again = shlex.join(["socklab", "play", *asked, "--script", str(path)])
    _put(path, "\n".join([f"# {again}", *position.made, ""]), "the moves")


def save_lab(link: str, path: Path, position: Position) -> None:
    """Write the moves of a game as a lab. The game goes on, so it is written by another process.

    Args:
        link: "tun", "veth" or "auto".
        path: where.
        position: where the game stands.

    Raises:
        SocklabError: there is no lab in it, or it can't be written.
    """
    from socklab.steer.apart import write_lab_apart
    from socklab.steer.free import NAME as FREE

    file = LabFile(path, force=True)
    file.check()
    record = position.record
    if record.lab == FREE:
        record = replace(record, source="")  # whatever lies here under that name
    leads_to = file.leads_to(record.lab)
    written = write_lab_apart(
        record, file.name, leads_to=leads_to, link=link, patience_s=PATIENCE_S
    )
    _put(path, written.text, "the lab")


def _put(path: Path, text: str, what: str) -> None:
    """Write a file that a player has named on the screen.

    Raises:
        MachineError: it can't be written.
    """
    try:
        saving.put_whole(path, text.encode())
    except OSError as refused:
        raise MachineError(
            f"{what} can't be written to {path}: {refused.strerror}; cure: a file elsewhere"
        ) from refused
