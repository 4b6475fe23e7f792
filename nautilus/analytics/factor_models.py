"""Attribution to factors by regression, with the part that no factor explains."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from nautilus.analytics.effects import Attribution, summarised
from nautilus.core.checks import check_window
from nautilus.core.errors import DataError, LabelError, NotEnoughDataError, ShapeError
from nautilus.core.frames import Like, aligned, read
from nautilus.core.results import Reason

__all__ = ["FactorAttribution", "factor_attribution"]

Floats = NDArray[np.float64]
SPECIFIC = "specific"
# Columns this near to dependent leave no digits in their betas.
RANK_TOLERANCE = 1e-10
WINDOWS_AT_ONCE = 256


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
        ratio = np.append(_ratio(values[:1], errors[:1]), self.t_statistics)
        return labelled_frame(["alpha", *self.factors], {**columns, "t_statistic": ratio})


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
    fit = _fit(active, factors, labels, lags)
    first = 0 if window is None else window
    exposures = (
        np.broadcast_to(fit["betas"], factors.shape)
        if window is None
        else _rolling_betas(active, factors, window, labels)
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
    labels = _factor_labels(factor_returns)
    table, benchmark = np.column_stack([portfolio, factors]), np.zeros((len(portfolio), 1))
    if benchmark_returns is not None:
        columns = {f"column_{i}": table[:, i] for i in range(table.shape[1])}
        table, benchmark, like = aligned(
            like.table(columns), benchmark_returns, min_overlap=min_overlap
        )
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


def _fit(
    active: Floats, factors: Floats, labels: Sequence[Any], lags: int | None
) -> dict[str, Any]:
    """Least squares over the whole sample, with Newey-West errors, as fields of the result."""
    size = len(active)
    used = default_lags(size) if lags is None else check_window(lags, "lags", 0)
    design = np.column_stack([np.ones(size), factors])
    q, r = np.linalg.qr(design)
    _check_rank(r[None], labels, "the sample")
    coefficients = np.linalg.solve(r, q.T @ active)
    left = _without_rounding(active - design @ coefficients, active)
    errors = _hac_errors(design, left, r, used)
    centred = active - active.mean()
    spread = float(_without_rounding(centred, active) @ centred)
    return {
        "betas": coefficients[1:],
        "standard_errors": errors[1:],
        "t_statistics": _ratio(coefficients[1:], errors[1:]),
        "alpha": float(coefficients[0]),
        "alpha_standard_error": float(errors[0]),
        "r_squared": 1.0 - float(left @ left) / spread if spread > 0.0 else math.nan,
        "lags": used,
    }


def default_lags(size: int) -> int:
    """Newey-West lags for a sample of this size.

    Examples
    --------
    >>> default_lags(100), default_lags(2520)
    (4, 8)
    """
    return math.floor(4.0 * math.pow(size / 100.0, 2.0 / 9.0))


def _hac_errors(design: Floats, left: Floats, r: Floats, lags: int) -> Floats:
    """Bartlett-weighted sandwich, with the small-sample factor n / (n - k)."""
    size, width = design.shape
    scores = design * left[:, None]
    middle = scores.T @ scores
    for lag in range(1, min(lags, size - 1) + 1):
        crossed = scores[lag:].T @ scores[:-lag]
        middle = middle + (1.0 - lag / (lags + 1.0)) * (crossed + crossed.T)
    inverse = np.linalg.inv(r)
    bread = inverse @ inverse.T
    variances = np.diag(bread @ middle @ bread) * size / (size - width)
    errors: Floats = np.sqrt(np.maximum(variances, 0.0))
    return errors


def _rolling_betas(active: Floats, factors: Floats, window: int, labels: Sequence[Any]) -> Floats:
    """Betas of each period from the `window` periods before it."""
    design = np.column_stack([np.ones(len(active)), factors])
    windows = sliding_window_view(design, window, axis=0)[:-1].transpose(0, 2, 1)
    targets = sliding_window_view(active, window)[:-1]
    betas = np.empty((len(targets), factors.shape[1]))
    for start in range(0, len(targets), WINDOWS_AT_ONCE):
        part = slice(start, start + WINDOWS_AT_ONCE)
        q, r = np.linalg.qr(windows[part])
        _check_rank(r, labels, f"a window of {window} periods")
        projected = np.einsum("twk,tw->tk", q, targets[part])
        betas[part] = np.linalg.solve(r, projected[:, :, None])[:, 1:, 0]
    return betas


def _check_rank(r: Floats, labels: Sequence[Any], where: str) -> None:
    """A column of R with nothing left on its diagonal depends on the columns before it."""
    diagonal = np.abs(np.diagonal(r, axis1=1, axis2=2))
    norms = np.sqrt((r**2).sum(axis=1))
    dependent = (diagonal <= RANK_TOLERANCE * norms).any(axis=0)
    if dependent.any():
        label = labels[int(np.argmax(dependent)) - 1]
        raise DataError(
            f"`factor_returns` must be independent, but {label} is constant or a combination of"
            f" the others in {where}. Drop it.",
            field="factor_returns",
        )


def _without_rounding(left: Floats, scale: Floats) -> Floats:
    """Zero where nothing but rounding is left."""
    noise = 64.0 * np.finfo(np.float64).eps * float(np.abs(scale).max())
    return left if float(np.abs(left).max()) > noise else np.zeros_like(left)


def _ratio(values: Floats, errors: Floats) -> Floats:
    safe = np.where(errors > 0.0, errors, 1.0)
    ratio: Floats = np.where(errors > 0.0, values / safe, np.nan)
    return ratio


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
