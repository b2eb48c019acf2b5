"""What a Record can be written as: one table of formats, and the options that ask for them.

A command that offers them is decorated with `with_files`, and finds what was asked for in `files`:

    @with_files(after="as_json")
    def view(file: Path, as_json: bool = False, force: Force = False, **files: Path | None) -> None:
        exports = Exports(files, force=force)
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from socklab.cli import folder, saving
from socklab.cli.ending import complain
from socklab.cli.streams import nowhere, put, unwritable
from socklab.errors import LabError, MachineError, SocklabError

if TYPE_CHECKING:
    from socklab.record import Record

Content = str | bytes


@dataclass(frozen=True, slots=True)
class Format:
    """Something that a Record can be written as.

    Args:
        name: of the option, without its dashes.
        help: what the option does, for its help.
        make: the view; it is imported when it is asked for.
        binary: whether it is anything but text: it is printed into a pipe only.
        see: sees, before anything is run, that it can be made here; a MachineError says why not.
    """

    name: str
    help: str
    make: Callable[[Record], Content]
    binary: bool = False
    see: Callable[[], None] | None = None

    @property
    def option(self) -> str:
        """The option that asks for it."""
        return f"--{self.name}"


def _html(record: Record) -> str:
    from socklab.views.player import player

    return player(record)


def _svg(record: Record) -> str:
    from socklab.views.picture import svg

    return svg(record)


def _png(record: Record) -> bytes:
    from socklab.views.picture import png

    return png(record)


def _see_png() -> None:
    from socklab.views.picture import see_png

    see_png()


def _mermaid(record: Record) -> str:
    from socklab.views.sequence import mermaid

    return mermaid(record)


def _dot(record: Record) -> str:
    from socklab.views.graph import observed

    return observed(record)


def _pcapng(record: Record) -> bytes:
    from socklab.cli.version import version
    from socklab.views.capture import pcapng

    return pcapng(record, application=f"socklab {version()}")


FORMATS = (
    Format("html", "Write a page that plays the run, step by step.", _html),
    Format("svg", "Draw the ladder, for slides and documents.", _svg),
    Format("png", "Draw the same in pixels.", _png, binary=True, see=_see_png),
    Format("mermaid", "Write a sequence diagram, which GitHub draws.", _mermaid),
    Format("dot", "Write the states that were seen as a graph for Graphviz.", _dot),
    Format("pcapng", "Write a capture of every packet, for Wireshark.", _pcapng, binary=True),
)

Force = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]
"""What a command that writes files calls `force`."""


def with_files(*, after: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command an option for each format; it gets them as keywords, by the format's name.

    Args:
        after: the parameter after which they stand in the help.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command, eval_str=True)
        parameters: list[inspect.Parameter] = []
        for parameter in signature.parameters.values():
            if parameter.kind is not inspect.Parameter.VAR_KEYWORD:
                parameters.append(parameter)
            if parameter.name == after:
                parameters += map(_parameter, FORMATS)
        # Typer reads a command's options from its signature.
        command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        return command

    return decorate


def _parameter(each: Format) -> inspect.Parameter:
    option = typer.Option(each.option, metavar="FILE", readable=False, help=each.help)
    return inspect.Parameter(
        each.name,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=None,
        annotation=Annotated[Path | None, option],
    )


class Exports:
    """What is to be written of a run, and where.

    Args:
        files: where, by the format's name; None where it was not asked for, `-` to print it.
        force: whether files that exist are replaced.
        record: where the Records go, as JSON; `--record` names it.
        junit: where the report for CI goes. That of the last time is replaced, as CI wants it.
        site: the folder in which all of them become a site; `--html-dir` names it.

    Raises:
        LabError: it can't be.
        MachineError: it can't be made here.
    """

    def __init__(
        self,
        files: Mapping[str, Path | None],
        *,
        force: bool,
        record: Path | None = None,
        junit: Path | None = None,
        site: Path | None = None,
    ) -> None:
        self.record = record
        self.junit = junit
        self.site = site
        asked = [(each, path) for each in FORMATS if (path := files[each.name]) is not None]
        self.options = [each.option for each, _ in asked]
        """The options that ask for a format."""
        self._printed = [each for each, path in asked if str(path) == "-"]
        self._saved = [(each, path) for each, path in asked if str(path) != "-"]
        self.printed = [each.option for each in self._printed]
        """Those whose content is printed."""
        self._check(asked, force=force)

    def _check(self, asked: Sequence[tuple[Format, Path]], *, force: bool) -> None:
        for each in self._printed:
            if each.binary and sys.stdout.isatty():
                raise LabError(f"{each.option} is no text: give it a file, or - and a pipe")
        named = [(each.option, path, force) for each, path in self._saved]
        named += [("--record", self.record, force)] if self.record is not None else []
        named += [("--junit", self.junit, True)] if self.junit is not None else []
        for option, path, may_replace in named:
            saving.check(path, option, force=may_replace)
        saving.apart((option, path) for option, path, _ in named)
        if self.site is not None:
            folder.check(self.site, "--html-dir", force=force)
        for each, _ in asked:
            if each.see is not None:
                each.see()

    def check_count(self, labs: int) -> None:
        """See that there is one run to write, if it is to be written as anything but JSON.

        Raises:
            LabError: there are more.
        """
        if self.options and labs > 1:
            option = self.options[0]
            all_of_them = (
                "--html-dir DIR has a page for each, and an index"
                if option == "--html"
                else "write them all with --record FILE, and then "
                f"`socklab view FILE --lab LAB {option} …`"
            )
            raise LabError(f"{option} shows one run, and this is {labs} labs; {all_of_them}")

    def put(self, record: Record) -> int:
        """Print what is to be printed; what is in the way is told, and its exit code given."""
        return self._do(record, [(each, _put) for each in self._printed])

    def save(self, record: Record) -> int:
        """Write the files; what is in the way of one is told, and its exit code given."""
        return self._do(
            record,
            [(each, partial(saving.save, path, option=each.option)) for each, path in self._saved],
        )

    def _do(
        self, record: Record, each_to: Sequence[tuple[Format, Callable[[Content], None]]]
    ) -> int:
        codes = [0]
        for each, take in each_to:
            try:
                take(each.make(record))
            except SocklabError as refused:  # the others are made all the same
                complain(refused)
                codes.append(refused.exit_code)
        return max(codes)


def only_one_printed(options: list[str]) -> None:
    """See that not more than one thing is to be printed.

    Raises:
        LabError: more are.
    """
    if len(options) > 1:
        *most, last = options
        raise LabError(
            f"only one of {', '.join(most)} and {last} can be printed: give a file for the others"
        )


def _put(content: Content) -> None:
    if isinstance(content, str):
        put(content.removesuffix("\n"))
        return
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        nowhere()
    except OSError as refused:
        nowhere()
        raise MachineError(unwritable(refused)) from refused
