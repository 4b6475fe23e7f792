"""Pictures as inline SVG: no address in it, small, the same bytes each time, colours from CSS."""

from __future__ import annotations

import html
import re
from typing import Any

from nautilus.core.plot import COLOURS, GAIN, INK, LOSS, require_matplotlib

__all__ = ["VARIABLES", "as_svg"]

# What stands in the picture, and the CSS variable that a theme may set instead.
VARIABLES = {
    **{colour: f"--series-{i}" for i, colour in enumerate(COLOURS)},
    GAIN: "--gain",
    LOSS: "--loss",
    INK: "--muted",
}
_UNSAVED = dict.fromkeys(("Date", "Creator", "Format", "Type"))
# Coordinates only: the text of a tick label has digits of its own.
_PLACES = re.compile(r' (?:d|x|y|transform|width|height)="[^"]*"')
_DIGITS = re.compile(r"(\.\d)\d+")
_COLOUR = re.compile("|".join(re.escape(c) for c in VARIABLES))
_REMOVED = (
    re.compile(r'\sxmlns(:\w+)?="[^"]*"'),
    re.compile(r"<style.*?</style>", re.DOTALL),
    re.compile(r"<metadata>.*?</metadata>", re.DOTALL),
    re.compile(r" font-family:[^;\"]*;"),
    re.compile(r' transform="rotate\(-?0 [^"]*\)"'),
    re.compile(r' version="1\.1"'),
)


def as_svg(figure: Any, *, label: str, salt: str) -> str:
    """A figure as an `<svg>` element for a page of HTML.

    Parameters
    ----------
    figure : matplotlib Figure
        Its unit is one pixel where it is 1/72 inch: 13.3 inches are 960 pixels.
    label : str
        What the picture shows, for those who cannot see it.
    salt : str
        Keeps the names inside apart from those of other pictures on the page.

    Returns
    -------
    str
        Without namespace, metadata, fonts and size: it takes those of the page.

    Examples
    --------
    >>> from nautilus.core.plot import line
    >>> picture = as_svg(line(None, None, [1.0, 2.0]).figure, label="Equity", salt="a")
    >>> picture[:48], "http" in picture
    ('<svg role="img" aria-label="Equity" viewBox="0 0', False)
    """
    from io import StringIO

    matplotlib = require_matplotlib()
    stream = StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        figure.savefig(stream, format="svg", metadata=_UNSAVED)
    return _inlined(stream.getvalue(), label)


def _inlined(document: str, label: str) -> str:
    picture = document[document.index("<svg") :]
    for pattern in _REMOVED:
        picture = pattern.sub("", picture)
    picture = re.sub(r'(<svg)[^>]*?( viewBox="[^"]*")[^>]*>', _opening(label), picture, count=1)
    picture = _without_unused_ids(picture)
    picture = _COLOUR.sub(lambda m: f"var({VARIABLES[m[0]]}, {m[0]})", picture)
    picture = _PLACES.sub(_shortened, picture)
    return re.sub(r"\s*\n\s*", "\n", picture)


def _shortened(attribute: re.Match[str]) -> str:
    """Coordinates to a tenth of a pixel."""
    text = _DIGITS.sub(r"\1", re.sub(r"\s+", " ", attribute[0]))
    return text.replace(".0 ", " ").replace(" L ", "L").replace("M ", "M")


def _opening(label: str) -> Any:
    text = html.escape(label, quote=True)
    return lambda m: f'{m[1]} role="img" aria-label="{text}"{m[2]}>'


def _without_unused_ids(picture: str) -> str:
    used = set(re.findall(r'(?:url\(#|href="#)([^")]*)', picture))
    picture = re.sub(r' id="([^"]*)"', lambda m: m[0] if m[1] in used else "", picture)
    return re.sub(r"<g\s*/>|<defs>\s*</defs>", "", picture)
