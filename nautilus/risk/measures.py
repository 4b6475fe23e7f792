"""Value at risk and expected shortfall: positive losses, per period, as fractions."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_choice, check_probability, check_window
from nautilus.core.errors import NotBuiltError
from nautilus.core.frames import Like, read
from nautilus.core.periods import check_returns
from nautilus.core.statistics import normal_density, normal_quantile, quantile, tail_mean

__all__ = ["expected_shortfall", "value_at_risk"]

Floats = NDArray[np.float64]

METHODS = (
    "historical",
    "normal",
    "student_t",
    "cornish_fisher",
    "ewma",
    "filtered",
    "age_weighted",
    "volatility_scaled",
    "evt",
    "conditional_evt",
)
BUILT = ("historical", "normal")
SCALINGS = ("sqrt_time",)


class Tail(NamedTuple):
    """Both measures of every column, and how many returns they used; all (asset,)."""

    value_at_risk: Floats
    expected_shortfall: Floats
    n_used: NDArray[np.int64]


def value_at_risk(
    returns: Any,
    *,
    confidence: float = 0.99,
    method: str = "historical",
    horizon: int = 1,
    horizon_scaling: str = "sqrt_time",
    window: int | None = None,
) -> Any:
    """Loss that is not exceeded with probability `confidence`, as a positive fraction.

    historical: minus the (1 - confidence) quantile of type 7 (Hyndman and Fan 1996, numpy's
    default). normal: -(mean + z * std) with z the standard normal quantile of 1 - confidence and
    ddof 1. Both times sqrt(horizon).

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    confidence : float
        In (0, 1): 0.99 for 99 %.
    method : {"historical", "normal"}
        student_t, cornish_fisher, ewma, filtered, age_weighted, volatility_scaled, evt and
        conditional_evt are documented and not built yet.
    horizon : int
        Periods ahead, at least 1.
    horizon_scaling : {"sqrt_time"}
        The one-period figure times sqrt(horizon): right for independent returns of mean zero.
    window : int, optional
        Only the last `window` periods.

    Returns
    -------
    float, or one value per asset
        Negative where even that quantile is a gain. NaN for fewer than 1 / (1 - confidence) returns
        (historical: the quantile would be the worst return whatever the confidence) or fewer than 2
        (normal). NaN returns are left out; `var_summary` gives the reasons.

    Raises
    ------
    ParameterError, UnitError, NotBuiltError

    References
    ----------
    Jorion (2007), Value at Risk, 3rd ed., ch. 5; Hyndman and Fan (1996), The American
    Statistician 50(4), definition 7.

    Examples
    --------
    >>> value_at_risk([-0.04, -0.02, 0.01, 0.02, 0.03], confidence=0.75)
    0.02
    """
    tail, like = _tail(returns, confidence, method, horizon, horizon_scaling, window)
    return like.metric(tail.value_at_risk)


def expected_shortfall(
    returns: Any,
    *,
    confidence: float = 0.99,
    method: str = "historical",
    horizon: int = 1,
    horizon_scaling: str = "sqrt_time",
    window: int | None = None,
) -> Any:
    """Mean loss over the worst 1 - confidence of outcomes, as a positive fraction.

    historical: the mean of the worst n * (1 - confidence) returns, the last of them in part, which
    is coherent and never below the value at risk. normal: -mean + std * phi(z) / (1 - confidence).
    Both times sqrt(horizon).

    Parameters
    ----------
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    confidence, method, horizon, horizon_scaling, window
        As in `value_at_risk`.

    Returns
    -------
    float, or one value per asset
        NaN where `value_at_risk` is NaN. NaN returns are left out.

    Raises
    ------
    ParameterError, UnitError, NotBuiltError

    References
    ----------
    Acerbi and Tasche (2002), Journal of Banking and Finance 26(7), proposition 4.1.

    Examples
    --------
    >>> expected_shortfall([-0.04, -0.02, 0.01, 0.02], confidence=0.5)
    0.03
    """
    tail, like = _tail(returns, confidence, method, horizon, horizon_scaling, window)
    return like.metric(tail.expected_shortfall)


def _tail(
    returns: Any,
    confidence: float,
    method: str,
    horizon: int,
    horizon_scaling: str,
    window: int | None,
) -> tuple[Tail, Like]:
    level = check_probability(confidence, "confidence")
    check_choice(horizon_scaling, "horizon_scaling", SCALINGS)
    scale = math.sqrt(check_window(horizon, "horizon"))
    built = check_method(method)
    values, like = read(returns)
    check_returns(values)
    if window is not None:
        values = values[-check_window(window, "window") :]
    tail = tail_of(values, level, built)
    return Tail(tail.value_at_risk * scale, tail.expected_shortfall * scale, tail.n_used), like


def check_method(method: str) -> str:
    """A method that is built, or an error that names those that are."""
    if check_choice(method, "method", METHODS) not in BUILT:
        raise NotBuiltError(
            f"`method` {method!r} is documented and not built yet. Available are"
            f" {', '.join(BUILT)}.",
            field="method",
        )
    return method


def needed(confidence: float, method: str) -> int:
    """Fewest returns for a figure: 1 / (1 - confidence) if historical, 2 if normal."""
    return math.ceil(1.0 / (1.0 - confidence) - 1e-9) if method == "historical" else 2


def tail_of(values: Floats, confidence: float, method: str) -> Tail:
    """One-period figures of a panel (time, asset); NaN where there are too few returns."""
    n = (~np.isnan(values)).sum(axis=0)
    enough = n >= needed(confidence, method)
    figures = np.full((2, values.shape[1]), np.nan)
    if enough.any():
        part = values[:, enough]
        kernel = _historical if method == "historical" else _normal
        figures[:, enough] = kernel(part, n[enough], 1.0 - confidence)
    return Tail(figures[0], figures[1], n)


def _historical(values: Floats, n: NDArray[np.int64], share: float) -> Floats:
    return -np.stack([quantile(values, share), tail_mean(values, share)])


def _normal(values: Floats, n: NDArray[np.int64], share: float) -> Floats:
    mean, deviation = mean_and_deviation(values, n)
    z = normal_quantile(share)
    return np.stack([-mean - z * deviation, -mean + deviation * normal_density(z) / share])


def mean_and_deviation(values: Floats, n: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Mean and standard deviation (ddof 1) of each column over what is not NaN; n at least 2."""
    known = ~np.isnan(values)
    mean = np.where(known, values, 0.0).sum(axis=0) / n
    spread = np.where(known, values - mean, 0.0)
    largest = np.abs(np.where(known, values, 0.0)).max(axis=0)
    # A column that does not move must not get the rounding of its mean as a spread.
    still = np.abs(spread).max(axis=0) <= 8.0 * np.finfo(np.float64).eps * largest
    return mean, np.where(still, 0.0, np.sqrt((spread * spread).sum(axis=0) / (n - 1)))
