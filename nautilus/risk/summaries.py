"""Value at risk with its uncertainty: every method and confidence beside each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_choice, check_probability, check_window
from nautilus.core.errors import ParameterError
from nautilus.core.frames import labelled_frame, read
from nautilus.core.periods import check_returns
from nautilus.core.results import Reason, Result
from nautilus.core.statistics import normal_density, normal_quantile
from nautilus.risk.measures import (
    SCALINGS,
    check_method,
    mean_and_deviation,
    needed,
    tail_of,
)

__all__ = ["VarEstimate", "VarSummary", "var_summary"]

INTERVAL = 0.95
FEW_TAIL_RETURNS = 10


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class VarEstimate(Result):
    """One value at risk with its expected shortfall and their uncertainty.

    Parameters
    ----------
    asset : object
        Label of the column; None for a single series without a name.
    method : str
    confidence : float
    value_at_risk, expected_shortfall : float
        Positive losses over the horizon, fractions.
    standard_error, expected_shortfall_error : float
        For independent returns; clustering makes the truth larger.
    lower, upper : float
        95 % interval of the value at risk.
    n_used : int
        Returns that were not NaN.
    n_tail : float
        n_used * (1 - confidence): how many returns speak about the tail.
    """

    asset: Any
    method: str
    confidence: float
    value_at_risk: float
    expected_shortfall: float
    standard_error: float
    expected_shortfall_error: float
    lower: float
    upper: float
    n_used: int
    n_tail: float


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class VarSummary(Result):
    """Value at risk and expected shortfall by asset, method and confidence.

    Parameters
    ----------
    estimates : tuple of VarEstimate
    horizon : int
        Periods.
    horizon_scaling : str
    quantile_type : int
        Of the historical method, after Hyndman and Fan (1996).
    interval : float
        Coverage of `lower`..`upper`.
    """

    estimates: tuple[VarEstimate, ...]
    horizon: int
    horizon_scaling: str = "sqrt_time"
    quantile_type: int = 7
    interval: float = INTERVAL

    def to_frame(self) -> Any:
        """One row for each asset, method and confidence."""
        names = [n for n in VarEstimate.__dataclass_fields__ if n not in ("reasons", "asset")]
        assets = ["" if e.asset is None else e.asset for e in self.estimates]
        columns = {n: [getattr(e, n) for e in self.estimates] for n in names}
        return labelled_frame(assets, columns, "asset")


def var_summary(
    returns: Any,
    *,
    confidence: float | Sequence[float] = (0.95, 0.99),
    methods: str | Sequence[str] = ("historical", "normal"),
    horizon: int = 1,
    horizon_scaling: str = "sqrt_time",
) -> VarSummary:
    """Value at risk and expected shortfall with n, standard error and 95 % interval.

    Standard errors. historical: Maritz and Jarrett for the quantile, Manistre and Hancock for the
    shortfall; the interval is the distribution-free one between two order statistics. normal: delta
    method, s * sqrt(1/n + k^2 / (2 (n - 1))) with k = z, or phi(z) / (1 - confidence).

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    confidence : float or sequence of float
    methods : str or sequence of str
        Among those that `value_at_risk` has built.
    horizon : int
        Periods; every figure is scaled by its square root.
    horizon_scaling : {"sqrt_time"}

    Returns
    -------
    VarSummary
        NaN figures carry reason INSUFFICIENT_DATA; with fewer than 10 returns in the tail the
        estimate carries FEW_TAIL_RETURNS.

    Raises
    ------
    ParameterError, UnitError, NotBuiltError

    References
    ----------
    Maritz and Jarrett (1978), JASA 73, 194-196; Manistre and Hancock (2005), North American
    Actuarial Journal 9(2), eq. 2.2; David and Nagaraja (2003), Order Statistics, sec. 7.1.

    Examples
    --------
    >>> import numpy as np
    >>> returns = np.random.default_rng(0).normal(0, 0.01, 1000)
    >>> summary = var_summary(returns, confidence=0.95)
    >>> [e.method for e in summary.estimates], summary.estimates[0].n_used
    (['historical', 'normal'], 1000)
    """
    levels = _listed(confidence, "confidence")
    names = tuple(check_method(m) for m in _listed(methods, "methods"))
    for level in levels:
        check_probability(level, "confidence")
    check_choice(horizon_scaling, "horizon_scaling", SCALINGS)
    periods = check_window(horizon, "horizon")
    values, like = read(returns)
    check_returns(values)
    labels = like.columns if like.ndim == 2 else (like.name,)
    estimates = tuple(
        _estimate(values[:, [i]], label, method, float(level), math.sqrt(periods))
        for i, label in enumerate(labels)
        for method in names
        for level in levels
    )
    return VarSummary(estimates=estimates, horizon=periods, horizon_scaling=horizon_scaling)


def _estimate(
    column: NDArray[np.float64], asset: Any, method: str, confidence: float, scale: float
) -> VarEstimate:
    tail = tail_of(column, confidence, method)
    n = int(tail.n_used[0])
    var, shortfall = float(tail.value_at_risk[0]), float(tail.expected_shortfall[0])
    known = np.sort(column[~np.isnan(column)])
    missing: tuple[str, ...] = ("standard_error", "expected_shortfall_error", "lower", "upper")
    need = needed(confidence, method)
    if n >= need:
        errors = _historical_errors if method == "historical" else _normal_errors
        figures = errors(known, confidence, var, shortfall)
    else:
        missing = ("value_at_risk", "expected_shortfall", *missing)
        figures = (math.nan,) * 4
    return VarEstimate(
        asset=asset,
        method=method,
        confidence=confidence,
        value_at_risk=var * scale,
        expected_shortfall=shortfall * scale,
        standard_error=figures[0] * scale,
        expected_shortfall_error=figures[1] * scale,
        lower=figures[2] * scale,
        upper=figures[3] * scale,
        n_used=n,
        n_tail=n * (1.0 - confidence),
        reasons=_reasons(n, need, confidence, missing, figures),
    )


def _reasons(
    n: int, need: int, confidence: float, missing: tuple[str, ...], figures: tuple[float, ...]
) -> tuple[Reason, ...]:
    if n < need:
        text = f"{n} returns, need {need} at confidence {confidence:g}"
        return (Reason("INSUFFICIENT_DATA", missing, text, n, need),)
    tail = n * (1.0 - confidence)
    found = []
    if tail < FEW_TAIL_RETURNS:
        text = f"only {tail:.3g} returns lie in the tail; 10 are a usual minimum"
        found.append(Reason("FEW_TAIL_RETURNS", (), text, tail, FEW_TAIL_RETURNS))
    unbounded = tuple(f for f, x in zip(missing, figures, strict=True) if not math.isfinite(x))
    if unbounded:
        text = f"{n} returns are too few for the worse end of a 95 % interval"
        found.append(Reason("INSUFFICIENT_DATA", unbounded, text, n))
    return tuple(found)


def _historical_errors(
    ordered: NDArray[np.float64], confidence: float, var: float, shortfall: float
) -> tuple[float, float, float, float]:
    from scipy.special import betainc
    from scipy.stats import binom

    n, share = len(ordered), 1.0 - confidence
    a, b = (n + 1) * share, (n + 1) * confidence
    weights = np.diff(betainc(a, b, np.arange(n + 1) / n))
    first, second = float(weights @ ordered), float(weights @ (ordered * ordered))
    error = math.sqrt(max(second - first * first, 0.0))
    tail = ordered[: max(math.ceil(n * share), 1)]
    spread = float(tail.var(ddof=1)) if len(tail) > 1 else 0.0
    gap = shortfall - var
    shortfall_error = math.sqrt((spread + confidence * gap * gap) / (n * share))
    low, high = binom.ppf([(1 - INTERVAL) / 2, (1 + INTERVAL) / 2], n, share).astype(int)
    # Below the smallest return there is no order statistic: no finite upper end.
    upper = -ordered[low - 1] if low >= 1 else math.nan
    return error, shortfall_error, -float(ordered[min(high, n - 1)]), float(upper)


def _normal_errors(
    ordered: NDArray[np.float64], confidence: float, var: float, shortfall: float
) -> tuple[float, float, float, float]:
    n, share = len(ordered), 1.0 - confidence
    deviation = float(mean_and_deviation(ordered[:, None], np.array([n]))[1][0])
    z = normal_quantile(share)
    both = [
        deviation * math.sqrt(1.0 / n + k * k / (2.0 * (n - 1)))
        for k in (z, normal_density(z) / share)
    ]
    reach = normal_quantile((1 + INTERVAL) / 2) * both[0]
    return both[0], both[1], var - reach, var + reach


def _listed(value: Any, name: str) -> tuple[Any, ...]:
    found = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    if not found:
        raise ParameterError(f"`{name}` must name at least one.", field=name)
    return found
