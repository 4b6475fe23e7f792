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
from nautilus.reports.tables import date_text, drawdown_rows, month_rows, percent, sentence

if TYPE_CHECKING:
    from nautilus.reports.tear_sheets import TearSheet

__all__ = ["contents"]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHADED = 5

Floats = NDArray[np.float64]


def contents(sheet: TearSheet) -> dict[str, Any]:
    """Values for `templates/tear_sheet.html`."""
    versus = sheet.comparison
    results = [r for r in (sheet.summary, versus) if r is not None]
    marks, causes = footnotes(results, (*OWN, *ACTIVE))
    own: dict[str, Any] = {
        "paths": sheet.path_summary,
        "other": sheet.benchmark_summary,
        "notes": marks,
    }
    headline = metric_rows(sheet.summary, HEADLINE, **own)
    more = (
        metric_rows(sheet.summary, HEADLINE_ALONE, **own)
        if versus is None
        else metric_rows(versus, HEADLINE_ACTIVE, notes=marks)
    )
    return {
        "title": sheet.title,
        "names": (*sheet.names, None)[:2],
        "span": _span(sheet),
        "caveats": sheet.caveats,
        "coverage": percent(sheet.summary.interval or 0.0, 0),
        "headline": (*headline, *more),
        "own": metric_rows(sheet.summary, OWN, **own),
        "active": () if versus is None else metric_rows(versus, ACTIVE, notes=marks),
        "footnotes": causes,
        "notes": _notes(sheet),
        "tail": tail_rows(sheet.risk),
        "tail_coverage": percent(sheet.risk.interval, 0),
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
        (percent(one.confidence, 0), -one.value_at_risk)
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
    yearly: dict[str, Any] = {
        "window": sheet.window,
        "periods_per_year": sheet.summary.periods_per_year,
    }
    rate = sheet.summary.risk_free_rate
    ratios = [_column(rolling(sharpe_ratio, s, risk_free_rate=rate, **yearly)) for s in series]
    spreads = [_column(rolling(annualized_volatility, s, **yearly)) for s in series]
    ratio, spread = "Rolling Sharpe ratio", "Rolling volatility per year"
    drawn = []
    if np.isfinite(ratios[0]).any():
        drawn.append((ratio, rolling_picture(times, ratios, label=ratio, reference=0.0)))
    if np.isfinite(spreads[0]).any():
        drawn.append((spread, rolling_picture(times, spreads, label=spread, percent=True)))
    return [(heading, trusted(picture)) for heading, picture in drawn]


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
    """Caveats of the results, then how the numbers were made."""
    found = [reason.message for reason in sheet.reasons]
    summary = sheet.summary
    found += [reason.message for reason in summary.reasons if not reason.fields]
    for one in sheet.risk.estimates:
        level = percent(one.confidence, 0)
        found += [f"Value at risk at {level}: {reason.message}" for reason in one.reasons]
    basis = (
        f"Simple returns, {summary.periods_per_year:g} periods per year, risk-free rate"
        f" {percent(summary.risk_free_rate)} per year."
    )
    intervals = (
        "Intervals hold under autocorrelation and changing volatility: Newey-West errors of"
        " influence functions, and for drawdown measures the stationary bootstrap"
        f" ({sheet.path_summary.replications:,} replications)."
    )
    tails = (
        "Value at risk and expected shortfall are historical and positive losses; the outermost"
        " bars of the distribution hold all that lies beyond."
    )
    return [sentence(text) for text in (*found, basis, intervals, tails)]
