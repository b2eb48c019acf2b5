"""A quiz as text for a terminal or a pipe: questions, what became of an answer, the score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from socklab.quiz import WORDS, Answered, Posed, Score, Verdict
from socklab.views.columns import Style, clean, wrap

BESIDE = 13
"""The columns of what stands beside the lines: `on the wire` and two blanks."""

VERDICTS: Mapping[Verdict, tuple[str, Style]] = {
    Verdict.RIGHT: ("Right.", Style.GOOD),
    Verdict.WRONG: ("Wrong.", Style.BAD),
    Verdict.UNANSWERED: ("Not answered.", Style.ODD),
    Verdict.UNCOUNTED: ("Not counted.", Style.ODD),
}

WHAT = {
    "states": "predict the states",
    "segments": "predict the segments",
    "calls": "predict a call's result",
    WORDS: "in words",
}


@dataclass(frozen=True, slots=True)
class Paper:
    """What a quiz is written on.

    Args:
        width: in columns.
        color: whether to colour with SGR sequences; nothing is said by colour alone.
        ascii_only: whether it can't print more than ASCII.
        command: the command that runs a lab, by its name.
    """

    width: int = 80
    color: bool = False
    ascii_only: bool = False
    command: Callable[[str], str] = "socklab run {}".format

    def question(self, posed: Posed, number: int, of: int) -> str:
        """A question with its choices, numbered from 1."""
        # Not from which lab it is: `connection-refused` would be half the answer.
        told = f"Question {number} of {of}, {WHAT[posed.kind]} ({posed.topic})"
        lines = [*self._lines(told, Style.STRONG), ""]
        for line in posed.situation:
            name, _, rest = line.partition(": ")
            lines += self._beside(name, rest)
        lines += [""] if posed.situation else []
        lines += [*self._lines(posed.asks, indent=2), ""]
        for choice, text in enumerate(posed.choices, start=1):
            lines += self._lines(f"{choice}  {text}", indent=4, hang=3)
        return "\n".join(lines)

    def answered(self, answered: Answered) -> str:
        """What became of an answer, what `ss` showed, and why."""
        told, style = VERDICTS[answered.verdict]
        lines = list(self._lines(told, style))
        if answered.trouble:
            lines += self._beside("trouble", answered.trouble)
        if answered.because:
            lines += self._beside("not so", answered.because)
        if answered.shown and answered.verdict is not Verdict.RIGHT:
            lines += self._beside("it is", answered.shown)
        for index, why in enumerate(answered.why):
            lines += self._beside("why" if index == 0 else "", why)
        if answered.source:
            lines += self._beside("source", answered.source)
        for index, (host, row) in enumerate(_rows(answered)):
            lines += self._beside(
                "ss showed" if index == 0 else "", f"{host}  {row}", hang=len(host) + 2
            )
        lines += self._beside("look at it", self._look(answered))
        return "\n".join(lines)

    def score(self, score: Score, again: str) -> str:
        """How many were right, topic by topic, what to look at again, and how to repeat it."""
        share = score.share
        ended = ", and then it was ended" if score.ended_early else ""
        told = f"{share} ({share.percent} %)" if share.of else "No question was answered"
        lines = [*self._lines(f"{told}{ended}.", Style.STRONG)]
        topics = score.by_topic
        widest = max(map(len, topics), default=0)
        if len(topics) > 1:
            for topic, of_topic in topics.items():
                lines += self._lines(f"{topic:<{widest}}  {of_topic}", indent=2)
        if score.uncounted:
            lines += self._lines(f"Not counted: {score.uncounted}, for the runs did not agree.")
        if score.again:
            lines += self._lines(f"Look again at: {', '.join(score.again)}", hang=2)
        lines += self._lines(f"The same questions again: {again}", hang=2)
        return "\n".join(lines)

    def _look(self, answered: Answered) -> str:
        command = self.command(answered.posed.lab)
        if answered.step is None:
            return command
        return f"{command} --html page.html, then page.html#step-{answered.step}"

    def _beside(self, name: str, text: str, hang: int = 0) -> Iterator[str]:
        return self._lines(f"{name:<{BESIDE}}{text}", indent=2, hang=BESIDE + hang)

    def _lines(
        self, text: str, style: Style = Style.PLAIN, *, indent: int = 0, hang: int = 0
    ) -> Iterator[str]:
        told = clean(text, ascii_only=self.ascii_only)
        for line in wrap(told, self.width - indent, hang=hang):
            if style.value and self.color:
                yield f"{' ' * indent}\x1b[{style.value}m{line}\x1b[0m"
            else:
                yield " " * indent + line


def _rows(answered: Answered) -> Iterator[tuple[str, str]]:
    """The rows of `ss` without padding, and up to what only an expert reads."""
    for host, texts in answered.rows.items():
        for text in texts or ("no row: CLOSED",):
            yield host, " ".join(text.partition(" ino:")[0].split())
