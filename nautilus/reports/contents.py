"""What a tear sheet's template names: every number as text, every picture as SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.drawdowns import drawdown_series
from nautilus.analytics.performance import annualized_volatility, sharpe_ratio
from nautilus.analytics.returns import wealth_index
from nautilus.analytics.windows import rolling
from nautilus.core.frames import read
from nautilus.reports.figures import equity_picture, histogram_picture, rolling_picture
from nautilus.reports.html import trusted
from nautilus.reports.metric_tables import (
    ACTIVE,
    HEADLINE,
    HEADLINE_ACTIVE,
    HEADLINE_ALONE,
    OWN,
    footnotes,
    metric_rows,
    tail_rows,
)
from nautilus.reports.tables import date_text, drawdown_rows, month_rows, percent

if TYPE_CHECKING:
    from nautilus.reports.tear_sheets import TearSheet

__all__ = ["contents"]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHADED = 5

Floats = NDArray[np.float64]


def contents(sheet: TearSheet) -> dict[str, Any]:
    """Values for `templates/tear_sheet.html`."""
    against = len(sheet.names) == 2
    headline = (*HEADLINE, *(HEADLINE_ACTIVE if against else HEADLINE_ALONE))
    marks, causes = footnotes(sheet.summary, (*OWN, *ACTIVE))
    return {
        "title": sheet.title,
        "names": (*sheet.names, None)[:2],
        "span": _span(sheet),
        "caveats": sheet.caveats,
        "coverage": percent(sheet.summary.interval or 0.0, 0),
        "headline": metric_rows(sheet.summary, headline, notes=marks),
        "own": metric_rows(sheet.summary, OWN, other=sheet.benchmark_summary, notes=marks),
        "active": metric_rows(sheet.summary, ACTIVE, notes=marks) if against else (),
        "footnotes": causes,
        "notes": _notes(sheet),
        "tail": tail_rows(sheet.risk),
        "drawdowns": drawdown_rows(sheet.drawdowns.drawdowns),
        "drawdown_note": f"{len(sheet.drawdowns)} of {sheet.drawdowns.count:,}",
        "window": sheet.window,
        "month_names": MONTHS,
        "months": _months(sheet.months),
        **_pictures(sheet),
    }


def _pictures(sheet: TearSheet) -> dict[str, Any]:
    series = [s for s in (sheet.returns, sheet.benchmark_returns) if s is not None]
    values, like = read(sheet.returns)
    times = np.arange(like.size) if like.times is None else like.times
    marks = [
        (f"VaR {percent(one.confidence, 0)}", -one.value_at_risk)
        for one in sheet.risk.estimates
        if np.isfinite(one.value_at_risk)
    ]
    return {
        "equity": trusted(
            equity_picture(
                times,
                [_column(wealth_index(s)) for s in series],
                [_column(drawdown_series(s)) for s in series],
                episodes=_episodes(sheet, times),
            )
        ),
        "rolling": _rolling(sheet, times, series),
        "histogram": trusted(histogram_picture(values[:, 0], marks=marks)),
    }


def _rolling(sheet: TearSheet, times: NDArray[Any], series: list[Any]) -> list[tuple[str, Any]]:
    if sheet.window is None:
        return []
    yearly = {"window": sheet.window, "periods_per_year": sheet.summary.periods_per_year}
    rate = sheet.summary.risk_free_rate
    ratios = [_column(rolling(sharpe_ratio, s, risk_free_rate=rate, **yearly)) for s in series]
    spreads = [_column(rolling(annualized_volatility, s, **yearly)) for s in series]
    ratio = rolling_picture(times, ratios, label="Rolling Sharpe ratio", reference=0.0)
    spread = rolling_picture(times, spreads, label="Rolling volatility", percent=True)
    return [("Sharpe ratio", trusted(ratio)), ("Volatility per year", trusted(spread))]


def _column(series: Any) -> Floats:
    return read(series)[0][:, 0]


def _episodes(sheet: TearSheet, times: NDArray[Any]) -> list[tuple[Any, Any]]:
    """First and last time of the deepest drawdowns."""
    positions = np.arange(len(times))
    found = []
    for fall in sheet.drawdowns.drawdowns[:_SHADED]:
        first, last = (
            times[-1] if when is None else times[when] if when in positions else np.datetime64(when)
            for when in (fall.start, fall.recovery)
        )
        found.append((first, last))
    return found


def _months(table: Any) -> tuple[Any, ...]:
    if table is None:
        return ()
    values = table.to_numpy()
    return month_rows(table.index.tolist(), values[:, :12], values[:, 12].tolist())


def _span(sheet: TearSheet) -> str:
    n = f"{len(sheet.returns):,} returns"
    start, end = sheet.summary.start, sheet.summary.end
    return n if start is None else f"{date_text(start)} to {date_text(end)} · {n}"


def _notes(sheet: TearSheet) -> list[str]:
    summary = sheet.summary
    method = "heteroskedasticity- and autocorrelation-consistent standard errors"
    texts = [
        f"Intervals: {percent(summary.interval or 0.0, 0)}, from {method}. Value at risk and"
        " expected shortfall: historical, as positive losses.",
        f"Risk-free rate {percent(summary.risk_free_rate)} per year;"
        f" {summary.periods_per_year:g} periods per year; simple returns.",
    ]
    general = [r.message for r in summary.reasons if not r.fields]
    tail = [
        f"{percent(e.confidence, 0)}: {r.message}." for e in sheet.risk.estimates for r in e.reasons
    ]
    return [*(r.message for r in sheet.reasons), *general, *tail, *texts]
