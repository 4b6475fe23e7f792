"""The tables of a report as text: numbers in the form a person reads, with why one is missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nautilus.core.statistics import quantile

__all__ = [
    "Cell",
    "DrawdownRow",
    "MonthRow",
    "date_text",
    "drawdown_rows",
    "month_rows",
    "number",
    "percent",
    "sentence",
]

MISSING = "–"
MINUS = "−"


@dataclass(frozen=True, slots=True)
class Cell:
    """One month of the heat-map.

    Parameters
    ----------
    text : str
        In percent, without the sign of percent.
    strength : int
        0 to 100: how strong its colour is.
    kind : {"gain", "loss", "empty"}
    """

    text: str
    strength: int
    kind: str


@dataclass(frozen=True, slots=True)
class MonthRow:
    """One year: twelve months and the whole."""

    year: str
    months: tuple[Cell, ...]
    total: Cell


@dataclass(frozen=True, slots=True)
class DrawdownRow:
    """One fall from the peak, as text; `recovery` says that it is open where it is."""

    rank: int
    depth: str
    start: str
    trough: str
    recovery: str
    periods: str
    to_trough: str
    to_recovery: str
    is_open: bool


def percent(value: float, digits: int = 2, *, sign: bool = False) -> str:
    r"""A fraction in percent; a dash where it is not a finite number.

    Examples
    --------
    >>> percent(-0.0512, 1)
    '−5.1\xa0%'
    """
    text = number(100.0 * value, digits, sign=sign)
    return text if text == MISSING else f"{text}\u00a0%"


def number(value: float, digits: int = 2, *, sign: bool = False) -> str:
    """A number with a real minus; a dash where it is not finite.

    Examples
    --------
    >>> number(-1234.5, 1), number(float("nan")), number(-0.0001, 2), number(0.5, 1, sign=True)
    ('−1,234.5', '–', '0.00', '+0.5')
    """
    if not math.isfinite(value):
        return MISSING
    rounded = round(float(value), digits) + 0.0  # so that -0.0 is 0
    return f"{rounded:{'+' if sign else ''},.{digits}f}".replace("-", MINUS)


def sentence(text: str) -> str:
    """With a capital at its beginning and a full stop at its end.

    Examples
    --------
    >>> sentence("needs 3 returns")
    'Needs 3 returns.'
    """
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}." if text else ""


def date_text(when: Any) -> str:
    """A time as a day, a position as a number.

    Examples
    --------
    >>> import numpy as np
    >>> date_text(np.datetime64("2024-01-02T00:00")), date_text(7), date_text(None)
    ('2024-01-02', '7', '')
    """
    if when is None:
        return ""
    if isinstance(when, (int, np.integer)):
        return str(int(when))
    return str(when)[:10]


def month_rows(years: Sequence[Any], months: Any, totals: Sequence[float]) -> tuple[MonthRow, ...]:
    """Years of monthly returns, the latest first, coloured by size.

    The strongest colour stands for the 95 % quantile of the sizes of all months, so that one
    extreme month does not bleach the others.

    Parameters
    ----------
    years : sequence
    months : array (year, 12)
        Fractions; NaN where there was no return.
    totals : sequence of float
        Of each year.

    Examples
    --------
    >>> import numpy as np
    >>> row = month_rows([2024], np.array([[0.021, -0.01] + [np.nan] * 10]), [0.011])[0]
    >>> [c.text for c in row.months[:3]], row.months[0].kind, row.total.text
    (['2.1', '−1.0', ''], 'gain', '1.1')
    """
    table = np.asarray(months, dtype=np.float64)
    scale = quantile(np.abs(table).ravel(), 0.95)
    yearly = quantile(np.abs(np.asarray(totals, dtype=np.float64)), 0.95)
    rows = [
        MonthRow(str(year), tuple(_cell(v, scale) for v in line), _cell(total, yearly))
        for year, line, total in zip(years, table, totals, strict=True)
    ]
    return tuple(reversed(rows))


def drawdown_rows(drawdowns: Sequence[Any]) -> tuple[DrawdownRow, ...]:
    r"""Drawdowns as text, in the order given.

    Examples
    --------
    >>> from nautilus.analytics import drawdown_table
    >>> row = drawdown_rows(drawdown_table([-0.1, 0.2, -0.5, 0.1]))[0]
    >>> row.depth, row.recovery, row.periods, row.is_open
    ('−50.00\xa0%', 'not yet', '2', True)
    """
    return tuple(
        DrawdownRow(
            rank=i + 1,
            depth=percent(fall.depth),
            start=date_text(fall.start),
            trough=date_text(fall.trough),
            recovery="not yet" if fall.recovery is None else date_text(fall.recovery),
            periods=f"{fall.periods:,}",
            to_trough=f"{fall.periods_to_trough:,}",
            to_recovery=_count(fall.periods_to_recovery),
            is_open=fall.recovery is None,
        )
        for i, fall in enumerate(drawdowns)
    )


def _count(value: int | None) -> str:
    return MISSING if value is None else f"{value:,}"


def _cell(value: float, scale: float) -> Cell:
    if not math.isfinite(value):
        return Cell("", 0, "empty")
    size = abs(value) / scale if scale > 0.0 else 0.0
    return Cell(number(100.0 * value, 1), round(100 * min(size, 1.0)), _kind(value))


def _kind(value: float) -> str:
    return "loss" if value < 0.0 else "gain"
