"""Attribution to factors by regression, with the part that no factor explains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.effects import Attribution, summarised
from nautilus.analytics.regressions import least_squares, ratio, rolling_betas
from nautilus.core.checks import check_window
from nautilus.core.errors import LabelError, NotEnoughDataError, ShapeError
from nautilus.core.frames import Like, aligned, read
from nautilus.core.periods import check_returns
from nautilus.core.results import Reason

__all__ = ["FactorAttribution", "factor_attribution"]

Floats = NDArray[np.float64]
SPECIFIC = "specific"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class FactorAttribution(Attribution):
    """Active return by factor, and the regression behind it.

    Parameters
    ----------
    factors : tuple
        Labels of `betas` and of the columns of `exposures`.
    betas, standard_errors, t_statistics : array (factor,)
        Ordinary least squares over the whole sample, with Newey-West errors.
    alpha, alpha_standard_error : float
        Intercept per period.
    r_squared : float
    exposures : array (period, factor)
        What multiplied the factor returns: the betas, or those of the window before.
    window : int or None
    lags : int
        Of the Newey-West errors.
    n_used : int
        Periods in the regression.
    """

    factors: tuple[Any, ...]
    betas: Floats
    standard_errors: Floats
    t_statistics: Floats
    alpha: float
    alpha_standard_error: float
    r_squared: float
    exposures: Floats
    window: int | None
    lags: int
    n_used: int

    def regression_frame(self) -> Any:
        """One row for alpha and each factor: coefficient, standard error, t statistic."""
        from nautilus.core.frames import labelled_frame

        errors = np.append(self.alpha_standard_error, self.standard_errors)
        values = np.append(self.alpha, self.betas)
        columns = {"coefficient": values, "standard_error": errors}
        columns["t_statistic"] = np.append(ratio(values[:1], errors[:1]), self.t_statistics)
        return labelled_frame(["alpha", *self.factors], columns)


def factor_attribution(
    returns: Any,
    factor_returns: Any,
    *,
    benchmark_returns: Any = None,
    window: int | None = None,
    lags: int | None = None,
    min_overlap: float = 0.9,
) -> FactorAttribution:
    """Active return by factor: exposure times factor return, the rest is specific; fractions.

    y = r - b (or r) is regressed on the factors with an intercept. A factor's effect in period t
    is beta(t) f(t); the specific part, alpha included, is y(t) less all of them.

    Parameters
    ----------
    returns : array (time,)
        Simple returns of the portfolio.
    factor_returns : array (time, factor)
        Joined with `returns` on time.
    benchmark_returns : array (time,), optional
        Without it the whole return is attributed.
    window : int, optional
        None: one beta over the whole sample, which describes the past and knows its end. A number:
        betas of period t come from that many periods before it (causal); the first `window`
        periods only serve to estimate and are not attributed.
    lags : int, optional
        Newey-West lags of the standard errors; floor(4 (n/100)^(2/9)) by default.
    min_overlap : float
        Share of the times of `returns` that the others must have.

    Returns
    -------
    FactorAttribution
        Segments are the factors and "specific". NaN rows are left out (`n_used`). Effects of
        several periods are summed: `link_effects` makes them sum to the compounded active return.

    Raises
    ------
    NotEnoughDataError
        Fewer periods than factors + 2, or than the window + 1.
    DataError
        Factors that are linear combinations of each other, or constant.
    OverlapError, LabelError, ShapeError

    References
    ----------
    Sharpe (1992), Asset allocation: management style and performance measurement; Newey and West
    (1987); lags by Newey and West (1994).

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, -0.01, 0.02]
    >>> fund = [0.5 * m + 0.001 for m in market]
    >>> result = factor_attribution(fund, market)
    >>> round(result.betas.item(), 6), round(result.alpha, 6), result.segments
    (0.5, 0.001, ('factor', 'specific'))
    """
    portfolio, benchmark, factors, labels, like = _joined(
        returns, factor_returns, benchmark_returns, min_overlap
    )
    active = portfolio - benchmark
    if window is not None:
        check_window(window, "window", factors.shape[1] + 2)
    _check_size(len(active), factors.shape[1], window)
    fit = least_squares(active, factors, labels, lags)
    first = 0 if window is None else window
    exposures = (
        np.broadcast_to(fit["betas"], factors.shape)
        if window is None
        else rolling_betas(active, factors, window, labels)
    )
    explained = exposures * factors[first:]
    specific = active[first:] - explained.sum(axis=1)
    result: FactorAttribution = summarised(
        kind=FactorAttribution,
        method="factor",
        effect_names=("contribution",),
        segments=(*labels, SPECIFIC),
        levels=("factor",),
        period_effects=np.column_stack([explained, specific])[:, :, None],
        portfolio=portfolio[first:],
        benchmark=benchmark[first:],
        times=None if like.times is None else like.times[first:],
        factors=labels,
        exposures=exposures,
        window=window,
        n_used=len(active),
        reasons=_caveats(first, fit),
        **fit,
    )
    return result


def _joined(
    returns: Any, factor_returns: Any, benchmark_returns: Any, min_overlap: float
) -> tuple[Floats, Floats, Floats, tuple[Any, ...], Like]:
    """Portfolio, benchmark (0 without one), factors, their labels and the times, NaN left out."""
    names = ("returns", "factor_returns")
    portfolio, factors, like = aligned(
        returns, factor_returns, names=names, min_overlap=min_overlap
    )
    if portfolio.shape[1] != 1:
        raise ShapeError(
            f"`returns` must be one series, got {portfolio.shape[1]} columns. Choose one of them.",
            field="returns",
        )
    check_returns(portfolio, "returns")
    labels = _factor_labels(factor_returns)
    table, benchmark = np.column_stack([portfolio, factors]), np.zeros((len(portfolio), 1))
    if benchmark_returns is not None:
        columns = {f"column_{i}": table[:, i] for i in range(table.shape[1])}
        table, benchmark, like = aligned(
            like.table(columns), benchmark_returns, min_overlap=min_overlap
        )
        check_returns(benchmark, "benchmark_returns")
        if benchmark.shape[1] != 1:
            raise ShapeError(
                f"`benchmark_returns` must be one series, got {benchmark.shape[1]} columns.",
                field="benchmark_returns",
            )
    whole = np.isfinite(table).all(axis=1) & np.isfinite(benchmark[:, 0])
    table, like = table[whole], like.at(np.flatnonzero(whole))
    return table[:, 0], benchmark[whole, 0], table[:, 1:], labels, like


def _factor_labels(factor_returns: Any) -> tuple[Any, ...]:
    _, like = read(factor_returns, "factor_returns")
    if like.ndim == 1:
        labels: tuple[Any, ...] = ("factor" if like.name in (None, "") else like.name,)
    elif like.kind == "numpy":
        labels = tuple(f"factor_{i}" for i in like.columns)
    else:
        labels = like.columns
    if SPECIFIC in labels:
        raise LabelError(
            f"`factor_returns` must not have a column {SPECIFIC!r}, which is the part that no"
            " factor explains. Rename it.",
            field="factor_returns",
        )
    return labels


def _check_size(size: int, n_factors: int, window: int | None) -> None:
    need = n_factors + 2 if window is None else window + 1
    if size < need:
        raise NotEnoughDataError(
            f"`returns` and `factor_returns` share {size} complete periods, need {need}.",
            field="returns",
        )


def _caveats(first: int, fit: dict[str, Any]) -> tuple[Reason, ...]:
    found = []
    if first:
        message = f"The first {first} periods only serve to estimate the betas."
        found.append(Reason("WARM_UP", ("period_effects",), message, float(first)))
    if np.isnan(fit["t_statistics"]).any():
        message = "The factors explain the returns exactly: no error to divide by."
        found.append(Reason("ZERO_SPREAD", ("t_statistics",), message))
    if math.isnan(fit["r_squared"]):
        message = "The returns do not vary: nothing to explain."
        found.append(Reason("ZERO_SPREAD", ("r_squared",), message))
    return tuple(found)
