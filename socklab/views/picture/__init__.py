"""Pictures of a run, for slides and documents: `svg` as text, `png` as bytes."""

from socklab.views.picture.page import svg
from socklab.views.picture.raster import png, see_png

__all__ = ["png", "see_png", "svg"]
