"""How did we do against the benchmark: one answer, for the period and per annum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.html_tables import html_table, percent
from nautilus.analytics.measures import paired
from nautilus.analytics.options import rated
from nautilus.analytics.summary_values import Options, counts_of, estimated, values_of
from nautilus.core.checks import check_probability
from nautilus.core.frames import Like, labelled_frame, read
from nautilus.core.results import Reason, Result

__all__ = ["BenchmarkComparison", "compare_to_benchmark"]

Floats = NDArray[np.float64]
NEED = 3
LOW_SAMPLE = 30
# Names of this answer, and those of the metrics they are.
ANNUAL = {
    "alpha_annualized": "alpha",
    "tracking_error_annualized": "tracking_error",
    "information_ratio_annualized": "information_ratio",
}
METRICS = (
    "total_return",
    "annualized_return",
    "annualized_volatility",
    "sharpe_ratio",
    "alpha",
    "beta",
    "up_beta",
    "down_beta",
    "correlation",
    "r_squared",
    "tracking_error",
    "information_ratio",
    "up_capture",
    "down_capture",
    "treynor_ratio",
    "m_squared",
    "batting_average",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BenchmarkComparison(Result):
    """Returns and their benchmark over the periods in which both are known.

    Figures without a suffix are for the period that was compared; `_annualized` ones are per annum.

    Parameters
    ----------
    portfolio_return, benchmark_return : float or vector
        Compounded over the period, fractions.
    excess_return : float or vector
        Their difference (arithmetic).
    excess_return_geometric : float or vector
        (1 + portfolio) / (1 + benchmark) - 1.
    tracking_error : float or vector
        std(r - b, ddof=1) * sqrt(n_used): for the period.
    tracking_error_annualized : float or vector
    information_ratio : float or vector
        excess_return / tracking_error, for the period.
    information_ratio_annualized : float or vector
        Annualised mean active return over annualised tracking error.
    alpha : float or vector
        Jensen's alpha per period times n_used, a fraction.
    alpha_annualized : float or vector
        Times periods_per_year.
    beta, up_beta, down_beta, correlation, r_squared : float or vector
    up_capture, down_capture, treynor_ratio, m_squared, batting_average : float or vector
    n_used : float or vector
        Periods in which both returns are known.
    overlap : float
        Share of the times of the returns that the benchmark has.
    start, end : time or None
        Of the common window.
    standard_errors : mapping of field to float or vector
        HAC, for the metrics that have an influence function.

    Examples
    --------
    >>> result = compare_to_benchmark([0.02, -0.01, 0.03], [0.01, -0.01, 0.02], periods_per_year=12)
    >>> result.to_frame()["value"].round(4)[["alpha", "alpha_annualized"]].tolist()
    [0.0129, 0.0514]
    """

    portfolio_return: Any
    benchmark_return: Any
    excess_return: Any
    excess_return_geometric: Any
    tracking_error: Any
    tracking_error_annualized: Any
    information_ratio: Any
    information_ratio_annualized: Any
    alpha: Any
    alpha_annualized: Any
    beta: Any
    up_beta: Any
    down_beta: Any
    correlation: Any
    r_squared: Any
    up_capture: Any
    down_capture: Any
    treynor_ratio: Any
    m_squared: Any
    batting_average: Any
    n_used: Any
    overlap: float
    start: Any
    end: Any
    labels: tuple[Any, ...]
    risk_free_rate: float
    periods_per_year: float
    interval: float
    standard_errors: Mapping[str, Any]
    lower: Mapping[str, Any]
    upper: Mapping[str, Any]

    def to_frame(self) -> Any:
        """Pandas frame by figure: value, standard_error, lower, upper; for a panel one column per
        asset with the values.
        """
        if self.labels:
            table = {n: np.asarray(getattr(self, n), dtype=float).reshape(-1) for n in FIGURES}
            columns: dict[Any, Any] = {
                label: [table[n][j] for n in FIGURES] for j, label in enumerate(self.labels)
            }
            return labelled_frame(FIGURES, columns, "figure")
        missing = float("nan")
        return labelled_frame(
            FIGURES,
            {
                "value": [getattr(self, n) for n in FIGURES],
                "standard_error": [self.standard_errors.get(n, missing) for n in FIGURES],
                "lower": [self.lower.get(n, missing) for n in FIGURES],
                "upper": [self.upper.get(n, missing) for n in FIGURES],
            },
            "figure",
        )

    def _repr_html_(self) -> str:
        if self.labels:
            return str(self.to_frame().to_html(border=0))
        rows = [[n.replace("_", " "), _shown(n, getattr(self, n)), self._range(n)] for n in FIGURES]
        caption = f"Against the benchmark, {self.n_used:,.0f} periods"
        notes = [r.message for r in self.reasons]
        return html_table(caption, ["", "value", f"{self.interval:.0%} interval"], rows, notes)

    def _range(self, name: str) -> str:
        low, high = self.lower.get(name), self.upper.get(name)
        if low is None or high is None or not np.isfinite([low, high]).all():
            return ""
        return f"{_shown(name, low)} to {_shown(name, high)}"


FIGURES = tuple(BenchmarkComparison.__dataclass_fields__)[1:21]
IN_PERCENT = ("return", "error", "alpha", "squared", "average", "capture")


def compare_to_benchmark(
    returns: Any,
    benchmark_returns: Any,
    *,
    risk_free_rate: float = 0.0,
    periods_per_year: float = 252.0,
    interval: float = 0.95,
    min_overlap: float = 0.9,
) -> BenchmarkComparison:
    """Returns against a benchmark over their common periods, for the period and per annum.

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    benchmark_returns : array (time,)
        Joined with `returns` on time.
    risk_free_rate : float
        Per annum, a fraction; converted geometrically.
    periods_per_year : float
    interval : float
        Coverage of the intervals.
    min_overlap : float
        Share of the times of `returns` that the benchmark must have.

    Returns
    -------
    BenchmarkComparison
        Each NaN has a reason; fewer than 30 shared returns are reported as a caveat.

    Raises
    ------
    OverlapError
        Fewer shared times than `min_overlap`; the message gives both ranges.
    UnitError
        Prices instead of returns, or an index of another frequency than `periods_per_year`.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 2 to 4.

    Examples
    --------
    >>> result = compare_to_benchmark([0.02, -0.01, 0.03], [0.01, -0.01, 0.02], periods_per_year=12)
    >>> round(result.excess_return, 4), round(result.information_ratio, 4), result.n_used
    (0.0202, 2.0196, 3.0)
    """
    coverage = check_probability(interval, "interval")
    rate, ppy = rated(risk_free_rate, periods_per_year)
    values, benchmark, like = paired(returns, benchmark_returns, ppy, min_overlap)
    size = read(returns)[1].size
    values = np.where(np.isnan(benchmark), np.nan, values)
    options = Options(risk_free_rate, ppy, 0.99)
    with np.errstate(all="ignore"):
        found = values_of(METRICS, values, benchmark, options)
        bounds = estimated(found, values, benchmark, options, rate, coverage)
        n = counts_of(values)
        theirs = values_of(["total_return"], _matched(values, benchmark), None, options)
        figures = _figures(found, theirs["total_return"], n, ppy)
    parts = [_renamed(part, n, ppy, like) for part in bounds]
    return BenchmarkComparison(
        **like.metrics(figures),
        n_used=like.metric(n),
        overlap=like.size / size if size else 1.0,
        start=None if like.index is None or not like.size else like.index[0],
        end=None if like.index is None or not like.size else like.index[-1],
        labels=like.columns if like.ndim == 2 else (),
        risk_free_rate=float(risk_free_rate),
        periods_per_year=ppy,
        interval=coverage,
        standard_errors=parts[0],
        lower=parts[1],
        upper=parts[2],
        reasons=_reasons(figures, bounds, n),
    )


def _matched(values: Floats, benchmark: Floats) -> Floats:
    """The benchmark of each column, over the periods of that column."""
    return np.where(np.isnan(values), np.nan, benchmark)


def _figures(found: Mapping[str, Floats], theirs: Floats, n: Floats, ppy: float) -> Any:
    mine = found["total_return"]
    years = n / ppy
    error = found["tracking_error"] * np.sqrt(years)
    figures = {
        "portfolio_return": mine,
        "benchmark_return": theirs,
        "excess_return": mine - theirs,
        "excess_return_geometric": np.where(
            theirs > -1.0, (1.0 + mine) / (1.0 + theirs) - 1.0, np.nan
        ),
        "tracking_error": error,
        "information_ratio": np.where(error > 0.0, (mine - theirs) / error, np.nan),
        "alpha": found["alpha"] * years,
        **{name: found[metric] for name, metric in ANNUAL.items()},
    }
    return {f: figures[f] if f in figures else found[f] for f in FIGURES}


def _renamed(part: Mapping[str, Floats], n: Floats, ppy: float, like: Like) -> dict[str, Any]:
    """Errors and bounds by the names of the figures; alpha for the period is scaled."""
    names = {metric: name for name, metric in ANNUAL.items()}
    names["total_return"] = "portfolio_return"
    kept = {names.get(m, m): v for m, v in part.items() if names.get(m, m) in FIGURES}
    kept["alpha"] = part["alpha"] * n / ppy
    return like.metrics(kept)


def _reasons(figures: Mapping[str, Floats], bounds: Any, n: Floats) -> tuple[Reason, ...]:
    least = float(n.min(initial=np.inf))
    lost = tuple(k for k, v in figures.items() if not np.isfinite(v).all())
    reasons = []
    if lost and least < NEED:
        message = f"needs {NEED} periods in which both returns are known."
        reasons.append(Reason("INSUFFICIENT_DATA", lost, message, least, float(NEED)))
    elif lost:
        message = (
            f"{', '.join(lost)}: undefined, since a series is constant, the benchmark never"
            " rises or falls, or a return is below -100 %."
        )
        reasons.append(Reason("UNDEFINED_RATIO", lost, message))
    if any(not np.isfinite(v).all() for part in bounds for v in part.values()):
        fields = ("standard_errors", "lower", "upper")
        message = "no standard error or bound where the figure or its spread is undefined."
        reasons.append(Reason("UNDEFINED_ERROR", fields, message))
    if least < LOW_SAMPLE:
        message = f"fewer than {LOW_SAMPLE} shared returns: every ratio is mostly chance."
        reasons.append(Reason("LOW_SAMPLE", (), message, least, float(LOW_SAMPLE)))
    return tuple(reasons)


def _shown(name: str, value: float) -> str:
    return percent(value, 2) if any(w in name for w in IN_PERCENT) else f"{value:,.3f}"
