"""A story from a run: the text of a lab's file that makes the moves of a Record, and expects.

The programs are copied from the Record's source; where there is none, as of free play, they are
written from the calls they made. The story makes each move, and after each that changed something
it asks for what `ss` showed then. So the lab passes if all goes the same way again, and fails if
it does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from textwrap import fill

from socklab.errors import LabError
from socklab.moves import Verb
from socklab.record import Record
from socklab.story.layout import WIDTH, imported, keyword, one_a_line, string
from socklab.story.programs import Programs
from socklab.story.source import Source
from socklab.story.telling import Telling, Wire, opening
from socklab.story.turns import Turn, turns, waited_s
from socklab.tcp import CLOSED, LISTEN

LONG_S = 2.0
"""From how many seconds of waiting on a lab is a slow one; arbitrary, and felt."""

ADVICE = (
    "# Written from a run by `socklab play`. Say above what it asks and shows, and why it matters."
)

NO_CONTROL = (
    "# It has no control yet: nobody knows that it can fail. `socklab lint` says what one needs."
)


NOT_TRIED = (
    "# Its timers take long, so nobody has run it yet, and it has no control: `socklab run` will\n"
    "# say whether it goes the way it went, and `socklab lint` what a control needs."
)


@dataclass(frozen=True, slots=True)
class Without:
    """A control that leaves a move out.

    Args:
        move: how the text of the move begins.
        why: what is different then, in words.
        fails: what the failure must say.
    """

    move: str
    why: str
    fails: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A lab to be written.

    Args:
        record: the run that it tells. Its title, question and so on are those of another lab.
        name: what it will be called.
        leads_to: the lab to read next.
        weather: the settings of net/ipv4 that are not the usual ones, where no source says so.
        flows: whether the handshake is one line, where the run began with one.
        waits: whether it waits also for the copies that a timer has sent.
        wire: what it asks of the wire.
        control: its control, if there is one.
        tried: whether it was run, and went the same way.
    """

    record: Record
    name: str
    leads_to: str = "handshake"
    weather: Mapping[str, str] = field(default_factory=dict)
    flows: bool = True
    waits: bool = True
    wire: Wire = Wire.ALL
    control: Without | None = None
    tried: bool = True

    @property
    def waits_s(self) -> float:
        """What its timers take in all, in seconds."""
        return waited_s(self._turns())

    @property
    def assumes(self) -> bool:
        """Whether it waits for a timer for which nobody waited."""
        return any(turn.assumed for turn in self._turns())

    def ways(self) -> list[Draft]:
        """The ways to tell it, the best one first; which goes as it went, a run will say."""
        told = self._turns()
        begins = opening(told, list(self.record.hosts)) > 0
        copies = any(turn.assumed or any(each.copy for each in turn.held) for turn in told)
        asks = [(True, Wire.ALL), (True, Wire.NOTHING)]
        if copies:
            # Best as if nobody had thought for so long that the kernel sent anything again.
            asks = [(False, Wire.ORIGINALS), asks[0], (False, Wire.NOTHING), asks[1]]
        return [
            replace(self, flows=flows, waits=waits, wire=wire)
            for waits, wire in asks
            for flows in ((True, False) if begins else (False,))
        ]

    def controls(self) -> list[tuple[str, str]]:
        """The moves that might be left out, and what is different then; the last one first."""
        record = self.record
        told = self._turns()
        begun = opening(told, list(record.hosts)) if self.flows else 0
        telling = Telling(list(record.hosts), plain=not record.source)
        flown = [telling.text(turn.move) for turn in told[:begun]]
        found: dict[str, str] = {}
        # A state says most; what a call came to, or a queue, will do.
        last_first = told[begun:][::-1]
        for turn in sorted(last_first, key=lambda turn: not turn.changes):
            text = telling.text(turn.move)
            # What `flow` makes again and again until it has been made would never end.
            if not any(move.startswith(text) for move in flown):
                found.setdefault(text, _left_out(turn))
        return list(found.items())

    def text(self) -> str:
        """The file.

        Raises:
            LabError: nothing has happened that could be told, or it can't be told as code.
        """
        told = self._turns()
        if not any(turn.changes for turn in told):
            raise LabError(
                "no socket has changed its state yet, so there is nothing that a lab could expect"
            )
        hosts = list(self.record.hosts)
        telling = Telling(hosts, plain=not self.record.source, wire=self.wire)
        begun = opening(told, hosts) if self.flows else 0
        lines = [telling.flow()] if begun else []
        telling.pass_over(told[:begun])
        lines += telling.lines(told[begun:], told[begun - 1] if begun else None)
        story = "\n".join(["async def story(bench: Bench) -> None:", *lines])
        return self._file(told, story, telling.words)

    def _turns(self) -> list[Turn]:
        """The turns that the story tells. A program that is written makes its sockets itself."""
        made_itself = Verb.CALL, "socket"
        return [
            turn
            for turn in turns(self.record, waits=self.waits)
            if self.record.source or (turn.move.verb, turn.move.what) != made_itself
        ]

    def _file(self, told: Sequence[Turn], story: str, words: set[str]) -> str:
        of_socklab = words | {"Bench"} | ({"Control"} if self.control else set())
        imports, settings, roles = [], [], []
        if self.record.source:
            source = Source(self.record.source, list(self.record.hosts))
            of_socklab |= source.of_socklab
            imports, settings, roles = source.imports, source.settings, source.code
        else:
            programs = Programs(self.record)
            of_socklab |= programs.of_socklab
            if programs.suppresses:
                imports.append(imported("contextlib", ["suppress"]))
            if programs.of_socket:
                imports.append(imported("socket", programs.of_socket))
            if self.weather:
                of_socklab.add("but")
                pinned = ", ".join(f'{name}="{value}"' for name, value in self.weather.items())
                settings.append(f"weather = but({pinned})")
            roles = programs.code
        above = [self._header(told), ADVICE]
        if imports:
            above += ["", *imports]
        above += ["", imported("socklab", of_socklab)]
        if settings:
            above += ["", *settings]
        blocks = ["\n".join(above), *roles, story, self._control()]
        return "\n\n\n".join(blocks) + "\n"

    def _header(self, told: Sequence[Turn]) -> str:
        ends = " and ".join(_ends(told, list(self.record.hosts)))
        lines = {
            "Question": f"where do these {len(told)} moves leave both ends?",
            "See": f"they leave {ends}",
            "Source": "RFC 9293 §3.3.2",
            "Next": self.leads_to,
            "Level": self.record.header.get("Level", "1"),
            "Tags": ", ".join(["played", *_states(told)]),
        }
        if (seconds := waited_s(told)) >= LONG_S:
            lines["Slow"] = f"its timers take {seconds:.0f} seconds"
        played = f"{self.record.lab}, played" if self.record.source else "a game of free play"
        title = f"{self.name.replace('-', ' ').capitalize()}: {played}."
        return "\n".join([f'"""{title}', "", *_fields(lines), '"""'])

    def _control(self) -> str:
        control = self.control
        if control is None:
            return NO_CONTROL if self.tried else NOT_TRIED
        arguments = [
            string(control.why),
            keyword("fails", control.fails),
            keyword("without", control.move),
        ]
        return one_a_line("control = Control(", arguments)


def _fields(lines: Mapping[str, str]) -> Iterator[str]:
    for word, text in lines.items():
        yield fill(f"{word + ':':<10}{text}", WIDTH, subsequent_indent=" " * 10)


def _ends(told: Sequence[Turn], hosts: Sequence[str]) -> Iterator[str]:
    last = next((turn.rows for turn in reversed(told) if turn.rows is not None), {})
    for host in hosts:
        states = [row.state for row in last.get(host, ()) if row.state is not CLOSED]
        connected = [state for state in states if state is not LISTEN]
        yield f"the {host} {_in(list(map(str, connected or states)))}"


def _in(states: Sequence[str]) -> str:
    if not states:
        return "without a socket"
    return "in " + " + ".join(
        state if (count := states.count(state)) == 1 else f"{count} × {state}"
        for state in dict.fromkeys(states)
    )


def _states(told: Sequence[Turn]) -> list[str]:
    """The states that there were, but for those that nearly every run has."""
    usual = {"CLOSED", "LISTEN", "ESTABLISHED"}
    seen = dict.fromkeys(change.now for turn in told for change in turn.changes)
    return [state for state in seen if state not in usual]


def _left_out(turn: Turn) -> str:
    """What is different where a move is not made."""
    move = turn.move
    match move.verb:
        case Verb.CALL:
            return f"the {move.who} does not call {move.what.partition('(')[0]}()"
        case Verb.WAIT:
            return f"nobody waits for the {move.who}'s timer {move.what}"
        case Verb.CARRY | Verb.DUPLICATE | Verb.DELAY:
            return f"the {move.who}'s {move.what} does not arrive"
        case Verb.CUT:
            return "the wire is not cut"
        case Verb.JOIN:
            return "the wire stays cut"
        case Verb.INJECT:
            return f"nobody injects the {move.what}"
        case Verb.DESTROY:
            return f"nobody destroys the {move.who}'s socket"
    return f"`{move}` is left out"
