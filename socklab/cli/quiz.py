"""`socklab quiz`: what comes next, and what interviews ask; the kernel decides who is right."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from socklab.cli.ending import complain
from socklab.cli.names import LabFolders, complete
from socklab.cli.options import AsJson, Link
from socklab.errors import ExperimentError, LabError

if TYPE_CHECKING:
    from socklab.cli.quiz_questions import Item, Source

COUNT = 10
"""How many questions a quiz has by default: some minutes' worth."""

SEEDS = 10_000
"""One below this is picked where none is given: short enough to be told to somebody."""


def _kinds(incomplete: str) -> list[str]:
    from socklab.quiz import KINDS

    return [kind for kind in KINDS if kind.startswith(incomplete.lower())]


def _topics(ctx: typer.Context, incomplete: str) -> list[str]:
    from socklab.cli.names import complete_tag
    from socklab.questions import Topic

    begun = [str(topic) for topic in Topic if str(topic).startswith(incomplete.lower())]
    return list(dict.fromkeys([*begun, *complete_tag(ctx, incomplete)]))


def quiz(
    lab: Annotated[
        str | None,
        typer.Argument(
            metavar="[LAB]",
            help="Predict the moves of this lab. Without, the questions are of all kinds.",
            show_default=False,
            autocompletion=complete,
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Predict a move of every lab there is.")
    ] = False,
    topics: Annotated[
        list[str] | None,
        typer.Option(
            "--topic",
            metavar="TOPIC",
            help="Only about this: opening, data, closing, abort, limits, or a lab's tag or "
            "folder; may be given again.",
            autocompletion=_topics,
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="KIND",
            help="Only questions of this kind: states, segments or calls to predict, or words; "
            "may be given again.",
            autocompletion=_kinds,
        ),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(
            "--count",
            "-n",
            metavar="N",
            help="Ask so many questions.  [default: 10, and with --all one for each lab]",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="S", help="Ask what was asked with this number before."),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers",
            metavar="FILE",
            readable=False,  # one that is not is told as all other mistakes are
            help="Read the answers from a file, a line each; `-` is standard input.",
        ),
    ] = None,
    sheet: Annotated[
        bool, typer.Option("--sheet", help="Print the questions, and ask nothing.")
    ] = False,
    pass_: Annotated[
        int | None,
        typer.Option(
            "--pass", metavar="PERCENT", help="Fail if fewer than so many percent are right."
        ),
    ] = None,
    slow: Annotated[
        bool, typer.Option("--slow", help="Also ask what comes of timers that take real seconds.")
    ] = False,
    as_json: AsJson = False,
    folders: LabFolders = None,
    link: Link = "auto",
) -> None:
    """Ask what the next move will do, and what interviews ask."""
    _check(lab, everything=everything, topics=topics, count=count, pass_=pass_)
    if sheet and (answers is not None or pass_ is not None):
        raise LabError("--sheet asks nothing: leave out --answers and --pass")
    if seed is None:
        import secrets

        seed = secrets.randbelow(SEEDS)

    from socklab.cli.quiz_questions import Source
    from socklab.cli.quiz_runs import Runs
    from socklab.quiz import KINDS

    of_labs = bool(lab) or everything
    kinds = _wanted(only) or list(KINDS[:-1] if of_labs else KINDS)
    runs = Runs(slow=slow, link=link, folders=folders or (), notice=complain)
    source = Source(runs, seed, kinds, complain)
    chosen = {
        "--all": everything,
        "--topic": topics or [],
        "--only": _wanted(only),
        "--count": count,
        "--slow": slow,
        "--labs": folders or [],
        "--link": None if link == "auto" else link,
        "--seed": seed,
    }

    from socklab.cli.asking import open_answers
    from socklab.cli.attempt import Options
    from socklab.cli.quiz_holding import Terms, hold, put_sheet
    from socklab.cli.signals import Signals

    read_from = open_answers(answers)

    with Signals():
        items, wanted = _items(source, lab, everything, topics or [], count, folders or [])
        terms = Terms(wanted, seed, _command(lab, chosen), as_json)
        if sheet:
            put_sheet(items, terms)
            return
        name = _name(lab, folders or [])
        how = Options(slow=slow, link=link, folders=tuple(folders or ()))
        score = hold(
            items,
            terms,
            read_from,
            prompts=answers is None,
            command=lambda shown: how.command(lab if lab and shown == name else shown),
        )
    share = score.share_of_all
    if pass_ is not None and share.percent < pass_:
        complain(f"{share} ({share.percent} %), and {pass_} % are asked for")
        raise typer.Exit(ExperimentError.exit_code)


def _check(
    lab: str | None,
    *,
    everything: bool,
    topics: list[str] | None,
    count: int | None,
    pass_: int | None,
) -> None:
    if lab and (everything or topics):
        raise LabError("--all and --topic choose the labs: leave them out, or leave out the name")
    if count is not None and count < 1:
        raise LabError("--count wants a number above 0")
    if pass_ is not None and not 0 <= pass_ <= 100:
        raise LabError("--pass wants a number from 0 to 100")


def _wanted(only: list[str] | None) -> list[str]:
    """The kinds of questions that were asked for.

    Raises:
        LabError: there is no such kind, with those that there are.
    """
    from socklab.quiz import KINDS

    for kind in only or []:
        if kind.lower() not in KINDS:
            near = difflib.get_close_matches(kind.lower(), KINDS, n=1)
            advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(KINDS)}"
            raise LabError(f"no question is of the kind {kind!r}; {advice}")
    return list(dict.fromkeys(kind.lower() for kind in only or []))


def _items(
    source: Source,
    lab: str | None,
    everything: bool,
    topics: list[str],
    count: int | None,
    folders: list[Path],
) -> tuple[Iterator[Item], int]:
    """The questions, and how many are wanted."""
    from socklab.cli.quiz_questions import about, bank
    from socklab.packs import shelf
    from socklab.quiz import WORDS

    if lab is not None:
        return _of_one(source, lab, _name(lab, folders), count or COUNT)
    known = shelf(folders)
    for problem in known.problems:
        complain(problem)
    labs, questions = about(topics, known.labs, bank())
    if everything and WORDS not in source.kinds:
        return source.of_labs(labs), count or len(labs)
    return source.mixed(labs, questions), count or (len(labs) if everything else COUNT)


def _name(lab: str | None, folders: list[Path]) -> str:
    """The name of a lab, which may have been asked for by its path.

    Raises:
        LabError: there is no such lab, with the nearest name.
    """
    from socklab.packs import find, name_of

    return name_of(find(lab, folders)) if lab else ""


def _of_one(source: Source, asked: str, name: str, count: int) -> tuple[Iterator[Item], int]:
    """Questions about one lab: its moves, and what the bank has that it answers."""
    from socklab.cli.quiz_questions import bank
    from socklab.quiz import WORDS

    predicts = set(source.kinds) - {WORDS}
    told = list(source.in_words(bank(name))) if WORDS in source.kinds else []
    # Of both, half and half, as far as there are as many.
    half = min(len(told), count // 2 if predicts else count)
    items = source.of_lab(asked, count - half) if predicts else []
    items += told[: count - len(items)]
    if not items:
        kinds = ", ".join(source.kinds)
        raise LabError(f"there is nothing of the kind to ask of {name} ({kinds})")
    return iter(items), len(items)


def _command(lab: str | None, options: dict[str, object]) -> str:
    """The command that asks the same questions again."""
    words = ["socklab", "quiz", *([lab] if lab else [])]
    for option, value in options.items():
        if isinstance(value, bool):
            words += [option] if value else []
        elif isinstance(value, list):
            words += [word for each in value for word in (option, str(each))]
        elif value is not None:
            words += [option, str(value)]
    return shlex.join(words)
