"""The same picture in pixels, for programs that take no SVG.

It is drawn by resvg, which needs no browser: `pip install 'socklab[png]'`. Like a browser it takes
the fonts of the machine; unlike one it leaves a text out, without a word, if it finds none of
those that the picture names. So this is tried first.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from typing import Any

from socklab.errors import LabError, MachineError
from socklab.record import Record
from socklab.views.picture.page import svg
from socklab.views.picture.typeset import MONO, SANS

WIDTH_PX = 1520
"""Twice the size of the SVG: 230 dots an inch where the picture is as wide as the text on A4."""

MOST_PIXELS = 64_000_000
"""Four bytes each are taken while it is drawn. resvg itself asks for as much as it needs, and where
that is not there it takes the whole process with it."""

SIZE = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


def png(record: Record, *, width_px: int = WIDTH_PX) -> bytes:
    """A run as a picture, as `svg` draws it, in pixels.

    Args:
        record: the run.
        width_px: how wide it is.

    Returns:
        A PNG file: opaque, on white.

    Raises:
        MachineError: resvg-py is not installed, or no font is.
        LabError: the picture would have more than 64 million pixels.
    """
    see_png()
    resvg: Any = import_module("resvg_py")
    drawing = svg(record)
    size = SIZE.search(drawing)
    assert size is not None
    height_px = round(width_px * float(size[2]) / float(size[1]))
    if width_px * height_px > MOST_PIXELS:
        raise LabError(
            f"a PNG of this run would have {width_px} × {height_px} pixels: that is more than "
            f"{MOST_PIXELS // 1_000_000} million; cure: --svg, which may be as tall as it is"
        )
    return bytes(resvg.svg_to_bytes(svg_string=drawing, width=width_px))


def see_png() -> None:
    """See that a PNG can be drawn here, before there is anything to draw.

    Raises:
        MachineError: resvg-py is not installed, or no font is.
    """
    try:
        import_module("resvg_py")
    except ImportError as missing:
        raise MachineError(
            "a PNG is drawn by resvg-py, which is not installed; "
            "cure: pip install 'socklab[png]', or --svg, which needs nothing"
        ) from missing
    wanted = {"proportional": SANS, "monospaced": MONO}
    if lacking := [kind for kind, fonts in wanted.items() if not _has_font(fonts)]:
        raise MachineError(
            f"there is no {' or '.join(lacking)} font here that a PNG could be drawn with; "
            "cure: install DejaVu or Liberation (Debian: fonts-dejavu-core), or --svg, which takes "
            "the fonts of its reader"
        )


@cache
def _has_font(fonts: str) -> bool:
    """Whether resvg finds one of these fonts: a letter is then more than an empty page."""
    resvg: Any = import_module("resvg_py")
    page = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">{}</svg>'
    letter = f"<text x='2' y='16' style='font-family:{fonts}'>M</text>"
    drawn = resvg.svg_to_bytes(svg_string=page.format(letter))
    return bytes(drawn) != bytes(resvg.svg_to_bytes(svg_string=page.format("")))
