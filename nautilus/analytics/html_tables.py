"""A small HTML table for a notebook: dark-theme safe, every text escaped."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

__all__ = ["html_table", "percent"]


def percent(value: float, digits: int = 3) -> str:
    """A fraction as percent for a person.

    Examples
    --------
    >>> percent(0.0125)
    '1.250 %'
    """
    return f"{100 * value:,.{digits}f} %" if math.isfinite(value) else "n/a"


def html_table(
    caption: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], notes: Sequence[str] = ()
) -> str:
    """Caption, header, rows (the first cell is the row's name) and notes below.

    Examples
    --------
    >>> "&lt;b&gt;" in html_table("<b>", ["name"], [["UK"]])
    True
    """
    head = "".join(f"<th style='text-align:right'>{_text(c)}</th>" for c in columns)
    body = "".join(_row(cells) for cells in rows)
    below = "".join(f"<li>{_text(n)}</li>" for n in notes)
    return (
        "<table style='color:inherit;background:transparent'>"
        f"<caption>{_text(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>" + (f"<ul>{below}</ul>" if below else "")
    )


def _row(cells: Sequence[Any]) -> str:
    name, *values = cells
    rest = "".join(f"<td style='text-align:right'>{_text(v)}</td>" for v in values)
    return f"<tr><th style='text-align:left'>{_text(name)}</th>{rest}</tr>"


def _text(value: Any) -> str:
    return html.escape(str(value))
