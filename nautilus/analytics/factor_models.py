"""Attribution to factors by regression, with the part that no factor explains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.effects import Attribution, summarised
from nautilus.analytics.factor_samples import SPECIFIC, FactorSample, factor_sample
from nautilus.analytics.regressions import least_squares, ratio, rolling_betas
from nautilus.core.checks import check_window
from nautilus.core.errors import MissingInputError, NotEnoughDataError, ParameterError
from nautilus.core.results import Reason

__all__ = ["FactorAttribution", "factor_attribution"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class FactorAttribution(Attribution):
    """Active return by factor, and the regression behind it.

    Parameters
    ----------
    factors : tuple
        Labels of `betas` and of the columns of `exposures`.
    exposures : array (period, factor)
        What multiplied the factor returns: the betas, those of the window before, or as given.
    n_used : int
        Complete periods.
    betas, standard_errors, t_statistics : array (factor,) or None
        Ordinary least squares over the whole sample, with Newey-West errors; None, like the rest
        below, when exposures were given.
    alpha, alpha_standard_error : float or None
        Intercept per period.
    r_squared : float or None
    lags : int or None
        Of the Newey-West errors.
    window : int or None

    Examples
    --------
    >>> known = factor_attribution([0.02, 0.01], [0.01, 0.02], exposures=[0.5])
    >>> known.to_frame()["contribution"].round(4).to_dict()
    {'factor': 0.015, 'specific': 0.015, 'total': 0.03}
    """

    factors: tuple[Any, ...]
    exposures: Floats
    n_used: int
    betas: Floats | None = None
    standard_errors: Floats | None = None
    t_statistics: Floats | None = None
    alpha: float | None = None
    alpha_standard_error: float | None = None
    r_squared: float | None = None
    lags: int | None = None
    window: int | None = None

    def regression_frame(self) -> Any:
        """One row for alpha and each factor: coefficient, standard error, t statistic."""
        from nautilus.core.frames import labelled_frame

        if self.betas is None or self.standard_errors is None:
            raise MissingInputError(
                "there is no regression: exposures were given. Leave exposures= out.",
                field="exposures",
            )
        errors = np.append(np.float64(self.alpha_standard_error), self.standard_errors)
        values = np.append(np.float64(self.alpha), self.betas)
        columns = {"coefficient": values, "standard_error": errors}
        columns["t_statistic"] = ratio(values, errors)
        return labelled_frame(["alpha", *self.factors], columns)


def factor_attribution(
    returns: Any,
    factor_returns: Any,
    *,
    benchmark_returns: Any = None,
    window: int | None = None,
    exposures: Any = None,
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
    exposures : mapping or Series (factor,), or array (time, factor), optional
        Known exposures instead of regression, active ones if there is a benchmark; a panel is
        joined on time, and its row holds the exposures at the start of that period.
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
    ParameterError
        Both `window` and `exposures`.
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
    if window is not None and exposures is not None:
        raise ParameterError(
            "`window` and `exposures` exclude each other: exposures are estimated or known.",
            field="exposures",
        )
    sample = factor_sample(
        returns, factor_returns, benchmark_returns, exposures, min_overlap=min_overlap
    )
    labels = sample.labels
    if window is not None:
        check_window(window, "window", len(labels) + 2)
    if sample.exposures is not None:
        _check_size(len(sample.factors), 1)
        return _result(sample, sample.exposures, window, {})
    _check_size(len(sample.factors), len(labels) + 2 if window is None else window + 1)
    active = sample.portfolio - sample.benchmark
    fit = least_squares(active, sample.factors, labels, lags)
    used = (
        np.broadcast_to(fit["betas"], sample.factors.shape)
        if window is None
        else rolling_betas(active, sample.factors, window, labels)
    )
    return _result(sample, used, window, fit)


def _result(
    sample: FactorSample,
    exposures: Floats,
    window: int | None,
    fit: dict[str, Any],
) -> FactorAttribution:
    first = window or 0
    portfolio, benchmark = sample.portfolio[first:], sample.benchmark[first:]
    explained = exposures * sample.factors[first:]
    specific = (portfolio - benchmark) - explained.sum(axis=1)
    times = sample.like.times
    result: FactorAttribution = summarised(
        kind=FactorAttribution,
        method="factor",
        effect_names=("contribution",),
        segments=(*sample.labels, SPECIFIC),
        levels=("factor",),
        period_effects=np.column_stack([explained, specific])[:, :, None],
        portfolio=portfolio,
        benchmark=benchmark,
        times=None if times is None else times[first:],
        factors=sample.labels,
        exposures=exposures,
        window=window,
        n_used=len(sample.portfolio),
        reasons=_caveats(first, fit),
        **fit,
    )
    return result


def _check_size(size: int, need: int) -> None:
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
    if fit and np.isnan(fit["t_statistics"]).any():
        message = "The factors explain the returns exactly: no error to divide by."
        found.append(Reason("ZERO_SPREAD", ("t_statistics",), message))
    if fit and math.isnan(fit["r_squared"]):
        message = "The returns do not vary: nothing to explain."
        found.append(Reason("ZERO_SPREAD", ("r_squared",), message))
    return tuple(found)
