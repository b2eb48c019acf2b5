"""`socklab doctor`: what this machine allows, and the cure for what it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from socklab.cli.options import AsJson
from socklab.cli.streams import put, width
from socklab.errors import MachineError

if TYPE_CHECKING:
    from socklab.doctor import Examination


def doctor(
    as_json: AsJson = False,
) -> None:
    """Show what this machine allows, and how to get what is missing."""
    from socklab import doctor as examiner

    mine = examiner.examine()
    everybody = [mine]
    if (plain := examiner.examine_plain_user()) is not None:
        everybody.append(plain)
    if as_json:
        import json

        put(json.dumps(examiner.to_json(everybody), indent=2))
    else:
        lines = _told(mine, width())
        if plain is not None:
            lines += ["", *_told(plain, width(), than=mine)]
        put("\n".join(lines))
    if not mine.ok:
        raise typer.Exit(MachineError.exit_code)


def _told(one: Examination, columns: int, than: Examination | None = None) -> list[str]:
    """An examination as lines; only what differs from another one's, if there is one."""
    import textwrap

    lines = textwrap.wrap(f"For {one.user}, `socklab run` uses {_choice(one)}.", columns)
    for check in one.checks:
        if than is not None and check in than.checks:
            continue
        mark = "✓" if check.ok else "✗" if check.needed else "–"
        hang = " " * 15
        lines += textwrap.wrap(
            check.found,
            columns,
            initial_indent=f"{mark} {check.name:<12} ",
            subsequent_indent=hang,
            break_on_hyphens=False,
        )
        if check.cure and not check.ok:
            lines += textwrap.wrap(
                f"cure: {check.cure}",
                columns,
                initial_indent=hang,
                subsequent_indent=hang + "  ",
                break_on_hyphens=False,
                break_long_words=False,
            )
    return lines


def _choice(one: Examination) -> str:
    if one.bench == "wire":
        return f"a held wire ({one.link}), which every lab can do with"
    if one.bench == "loopback":
        return "loopback, which has something to show for some labs only"
    return "nothing: it can't run here"
